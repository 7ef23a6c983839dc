"""Dates as people and pages write them, read only where they can mean one day."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

_MONTHS = {
    1: "january jan januar januari enero ene janvier janv gennaio gen janeiro января",
    2: "february feb febr februar februari febrero février fevrier févr febbraio fevereiro fev февраля",
    3: "march mar märz maerz mrz maart mrt marzo mars março marco марта",
    4: "april apr abril abr avril avr aprile апреля",
    5: "may mai mei mayo maggio mag maio мая",
    6: "june jun juni junio juin giugno giu junho июня",
    7: "july jul juli julio juillet juil luglio lug julho июля",
    8: "august aug augustus agosto ago août aout августа",
    9: "september sep sept septiembre setiembre septembre settembre set setembro сентября",
    10: "october oct oktober okt octubre octobre ottobre ott outubro out октября",
    11: "november nov noviembre novembre novembro ноября",
    12: "december dec dezember dez diciembre dic décembre decembre déc dicembre dezembro декабря",
}
_MONTH_NUMBER = {name: number for number, names in _MONTHS.items() for name in names.split()}
MONTH = "(" + "|".join(sorted(_MONTH_NUMBER, key=len, reverse=True)) + r")\b\.?"
_YEAR = r"((?:19|20)\d\d)"
_DAY = r"(\d{1,2})"

_ISO = re.compile(rf"(?<!\d){_YEAR}([-/.])(\d{{1,2}})\2(\d{{1,2}})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:T\d{4,6}|\b)")
_DAY_MONTH = re.compile(
    rf"(?<![\w.]){_DAY}(?:st|nd|rd|th|er|\.|º|°)?\s*(?:of\s+|de\s+|del\s+|-|/)?{MONTH},?\s*(?:de\s+|del\s+|-|/)?{_YEAR}(?!\d)",
    re.I,
)
_MONTH_DAY = re.compile(rf"\b{MONTH}\s*{_DAY}(?:st|nd|rd|th)?,?\s+{_YEAR}(?!\d)", re.I)
_NUMERIC = re.compile(rf"(?<![\d/.-])(\d{{1,2}})([./-])(\d{{1,2}})\2{_YEAR}(?!\d)")
_EAST_ASIAN = re.compile(r"((?:19|20)\d\d)\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")

# What may stand beside a date on a line that says only when: labels, weekdays, times of day, zones.
_CLOCK = re.compile(r"\b\d{1,2}[:.h]\d{2}(?::\d{2})?\b|\b\d{1,2}\s*[ap]\.?m\b\.?|[ap]\.?m\b\.?", re.I)
_LABEL = re.compile(
    r"\b(?:first|last|originally|published|publication|updated?|posted|modified|created|revised|date|issued|added|"
    r"on|at|in|of|the|and|datum|fecha|data|дата|"
    r"time|uhr|um|am|vom|written|first|veröffentlicht|erstellt|geschrieben|опубликовано|обновлено|"
    r"aktualisiert|stand|publicado|actualizado|el|a las|publié|mis à jour|le|à|"
    r"pubblicato|aggiornato|il|alle|publicado em|atualizado|às|gepubliceerd|bijgewerkt|op|om|"
    r"mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun|(?:mon|tues|wednes|thurs|fri|satur|sun)day|"
    r"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lunes|martes|miércoles|jueves|viernes|sábado|domingo|"
    r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|"
    r"domenica|(?:segunda|terça|quarta|quinta|sexta)-feira|domingo|"
    r"gmt|utc|bst|ist|est|edt|cst|cdt|mst|mdt|pst|pdt|cet|cest|et|pt|ct|hrs?|hours?|ago|\d{1,2}\s+(?:minutes?|"
    r"mins?|hours?|days?))\b",
    re.I,
)
_WORD = re.compile(r"\w")
_UPDATED = re.compile(
    r"\b(?:updated?|modified|revised|edited|reviewed|changed|aktualisiert|aktualisierung|geändert|stand|actualizado|"
    r"mis à jour|modifié|aggiornato|modificato|atualizado|bijgewerkt|обновлено|изменено)\b",
    re.I,
)
_PUBLISHED = re.compile(
    r"\b(?:publish(?:ed)?(?: date)?|posted|written|created|issued|released?|first|originally|veröffentlicht|"
    r"erstellt|erschienen|publicado|publié|pubblicato|gepubliceerd|geplaatst|опубликовано|размещено)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class DateSaid:
    """A date in a line and what the words before it say of it: "published", "updated" or nothing, ""."""

    day: str
    label: str = ""


def dates_said(text: str, *, day_first: bool | None = None, before: str = "") -> list[DateSaid]:
    """The dates in `text` in order, each with what is said of it; `before` is the line above.

    "Updated 4 May 2020" and "Published 3 May 2020" are told apart by the words between a date and the one before it.
    """
    said: list[DateSaid] = []
    words, position = before, 0
    while found := _first(text[position:], day_first=day_first):
        day, start, end = found
        words = f"{words} {text[position : position + start]}"
        label = "updated" if _UPDATED.search(words) else "published" if _PUBLISHED.search(words) else ""
        said.append(DateSaid(day, label))
        words, position = "", position + end
    return said


def iso_day(text: str, *, day_first: bool | None = None) -> str | None:
    """The first date in `text` as YYYY-MM-DD; None where there is none that exists.

    03/04/2021 can mean two days: it counts only where the caller knows the order (`day_first`) or one
    of the numbers is above 12. With dots (3.4.2021) the day comes first everywhere.
    """
    found = _first(text, day_first=day_first)
    return found[0] if found else None


def says_only_when(text: str) -> bool:
    """Whether a line holds a date and nothing beside it but "Published", a weekday, a time of day."""
    if len(text) > 120:
        return False
    found = _first(text, day_first=True)
    if not found:
        return False
    rest = text
    while found:  # "Published 3 May 2020, updated 4 May 2020"
        rest = rest[: found[1]] + " " + rest[found[2] :]
        found = _first(rest, day_first=True)
    rest = _LABEL.sub(" ", _CLOCK.sub(" ", rest))
    return len(_WORD.findall(rest)) <= 2


_BEFORE = re.compile(r"(?:^|[,;|•·/(\[–—-])\s*(?:\w{2,9}day,?\s*)?$")
_AFTER = re.compile(r"\s*(?:$|[,;|•·/)\]–—-])")


def set_off(text: str, *, day_first: bool | None = None) -> bool:
    """Whether a line is a few words and a date set off from them: "Jane Doe, 3 May 2020", "3 May 2020 // News"."""
    found = _first(text, day_first=day_first)
    if not found or text.endswith((".", "!", "?")):
        return False
    before, after = text[: found[1]], _CLOCK.sub("", text[found[2] :])
    return len(f"{before} {after}".split()) <= 6 and bool(_BEFORE.search(before)) and bool(_AFTER.match(after))


def _first(text: str, *, day_first: bool | None) -> tuple[str, int, int] | None:
    """The earliest date in `text` and its span."""
    best: tuple[str, int, int] | None = None
    for pattern, order in (
        (_ISO, "y_md"),
        (_COMPACT, "ymd"),
        (_EAST_ASIAN, "ymd"),
        (_DAY_MONTH, "dmy"),
        (_MONTH_DAY, "mdy"),
        (_NUMERIC, "?"),
    ):
        for match in pattern.finditer(text):
            if best and match.start() >= best[1]:
                break
            day = _day(match, order, day_first)
            if day:
                best = (day, match.start(), match.end())
                break
    return best


def _day(match: re.Match[str], order: str, day_first: bool | None) -> str | None:
    groups = [group for group in match.groups() if group not in ("-", "/", ".")]
    if order == "?":
        first, second = int(groups[0]), int(groups[1])
        if match.group(2) == "." or first > 12:
            order = "dmy"
        elif second > 12:
            order = "mdy"
        elif first == second:
            order = "dmy"
        elif day_first is None:
            return None
        else:
            order = "dmy" if day_first else "mdy"
    letters = order.replace("_", "")
    value = dict(zip(letters, groups, strict=True))
    month = _MONTH_NUMBER.get(value["m"].lower()) or (int(value["m"]) if value["m"].isdecimal() else 0)
    try:
        return datetime.date(int(value["y"]), month, int(value["d"])).isoformat()
    except ValueError:
        return None
