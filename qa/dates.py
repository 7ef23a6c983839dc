"""Dates as people and pages write them, read only where they can mean one day."""

from __future__ import annotations

import datetime
import re

_MONTHS = {
    1: "january jan januar januari enero ene janvier janv gennaio gen janeiro",
    2: "february feb febr februar februari febrero février fevrier févr febbraio fevereiro fev",
    3: "march mar märz maerz mrz maart mrt marzo mars março marco",
    4: "april apr abril abr avril avr aprile",
    5: "may mai mei mayo maggio mag maio",
    6: "june jun juni junio juin giugno giu junho",
    7: "july jul juli julio juillet juil luglio lug julho",
    8: "august aug augustus agosto ago août aout",
    9: "september sep sept septiembre setiembre septembre settembre set setembro",
    10: "october oct oktober okt octubre octobre ottobre ott outubro out",
    11: "november nov noviembre novembre novembro",
    12: "december dec dezember dez diciembre dic décembre decembre déc dicembre dezembro",
}
_MONTH_NUMBER = {name: number for number, names in _MONTHS.items() for name in names.split()}
_MONTH = "(" + "|".join(sorted(_MONTH_NUMBER, key=len, reverse=True)) + r")\b\.?"
_YEAR = r"((?:19|20)\d\d)"
_DAY = r"(\d{1,2})"

_ISO = re.compile(rf"(?<!\d){_YEAR}([-/.])(\d{{1,2}})\2(\d{{1,2}})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:T\d{4,6}|\b)")
_DAY_MONTH = re.compile(
    rf"(?<![\w.]){_DAY}(?:st|nd|rd|th|er|\.|º|°)?\s*(?:of\s+|de\s+|del\s+|-|/)?{_MONTH},?\s*(?:de\s+|del\s+|-|/)?{_YEAR}(?!\d)",
    re.I,
)
_MONTH_DAY = re.compile(rf"\b{_MONTH}\s*{_DAY}(?:st|nd|rd|th)?,?\s+{_YEAR}(?!\d)", re.I)
_NUMERIC = re.compile(rf"(?<![\d/.-])(\d{{1,2}})([./-])(\d{{1,2}})\2{_YEAR}(?!\d)")
_EAST_ASIAN = re.compile(r"((?:19|20)\d\d)\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")

# What may stand beside a date on a line that says only when: labels, weekdays, times of day, zones.
_CLOCK = re.compile(r"\b\d{1,2}[:.h]\d{2}(?::\d{2})?\b|\b\d{1,2}\s*[ap]\.?m\b\.?|[ap]\.?m\b\.?", re.I)
_LABEL = re.compile(
    r"\b(?:first|last|originally|published|publication|updated?|posted|modified|created|revised|date|issued|added|"
    r"on|at|in|of|the|and|"
    r"time|uhr|um|am|vom|veröffentlicht|aktualisiert|stand|publicado|actualizado|el|a las|publié|mis à jour|le|à|"
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
