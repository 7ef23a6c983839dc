"""Where the article stands in a text saved from a browser, among menus, teasers and notices.

Every line gets the log-odds that it is part of the article, from what it looks like and what stands around
it; the stretch of lines with the best sum, each weighed by its length, is the article. The weights are those
of a logistic regression over 2,050 dumps of the 1,033 pages in trafilatura's own tests (Apache 2.0), made by
`benchmarks/fit_dumps.py`; what counted as article there is what `qa.extract` finds in the pages' markup.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import accumulate

from qa.readers.bylines import byline_part
from qa.readers.chrome import byline_names, ends_a_sentence, is_afterword, is_counter, is_disclaimer, is_promotion
from qa.readers.dates import says_only_when
from qa.readers.outline import Line

BULLET = re.compile(r"[ \t\u00a0]*[-*+•‣◦▪●·»][ \t\u00a0]+(?P<text>\S.*)$")
NOTICE = re.compile(
    r"©|\(c\)\s*(?:19|20)\d\d|\bcopyright\b|all rights reserved|\bcookies?\b|privacy policy|terms of (?:use|service)",
    re.I,
)

WEIGHTS = {
    "long": -0.28,
    "short": -1.37,
    "lower case": 0.30,
    "long and lower case": 1.51,
    "ends a sentence": 0.66,
    "stops inside": 0.75,
    "commas": 0.82,
    "digits": 1.98,
    "afterword": -1.19,
    "counter": -0.70,
    "notice": -1.78,
    "promotion": -1.68,
    "at both ends": -0.31,
    "date": -2.24,
    "byline": -0.89,
    "cut off": -0.71,
    "address": 0.39,
    "colon": 1.40,
    "separators": -0.47,
    "prose 2 above": 0.38,
    "prose above": 0.65,
    "prose below": 0.60,
    "prose 2 below": 0.18,
    "prose within 5": 0.28,
    "prose within 10": 1.40,
    "length within 5": 2.33,
    "bullets within 5": -0.56,
    "cut off within 6": -1.66,
    "labels within 5": -0.97,
    "prose in 15 above": 0.74,
    "prose so far": -1.42,
    "under an afterword": -0.46,
    "afterwords so far": -1.04,
    "below a date": -0.52,
    "short amid prose": 1.15,
    "near the top": -0.10,
    "near the end": -0.64,
    "lines above": -0.39,
    "share above": 0.25,
}
INTERCEPT = -2.07

_BIAS = 0.75  # added to the log-odds: missing a line of the article costs more than one line of a menu
_CERTAIN = 4.0  # log-odds count up to here: no single line decides
_RUN = 12.0  # what a run of lines in doubt costs at most: long lists and tables between prose live
_PROSE = 50  # characters; with a full stop, a line of this length is prose
_WORD = re.compile(r"[^\W\d_]+")
_INNER_STOP = re.compile(r"[.!?؟][\"'”’»)\]]*\s|[。！？]")
_COMMA = re.compile("[,、，،]")
_ADDRESS = re.compile(r"https?://|www\.|@\w")
_SEPARATOR = re.compile(r"\s[|•·»/]\s")
_CUT_OFF = ("…", "...", "[…]", "[...]")


def body(lines: Sequence[Line]) -> tuple[int, int]:
    """The article's lines: `first` inclusive, `last` exclusive; all of them where none stands out."""
    filled = [number for number, line in enumerate(lines) if line.raw]
    best = (0.0, 0, len(lines))
    total, first, run = 0.0, 0, 0.0
    for number, row in zip(filled, features([lines[number] for number in filled]), strict=True):
        odds = INTERCEPT + _BIAS + sum(WEIGHTS[name] * value for name, value in row.items())
        worth = max(-_CERTAIN, min(_CERTAIN, odds)) * (0.3 + min(len(lines[number].text), 400) / 100)
        if worth >= 0:
            run = 0.0
        else:
            worth = -min(-worth, _RUN - run)
            run -= worth
        if total <= 0:
            total, first = 0.0, number
        total += worth
        if total > best[0]:
            best = (total, first, number + 1)
    return best[1], best[2]


def features(lines: Sequence[Line]) -> list[dict[str, float]]:
    """What each of these lines, none of them blank, looks like and stands among: values from 0 to 1 by name."""
    ends = at_both_ends(lines)
    looks = [_look(bare(line), repeated=line.text in ends) for line in lines]
    prose = [
        float(_reads_like_prose(bare(line)) and not look["cut off"]) for line, look in zip(lines, looks, strict=True)
    ]
    return [own | around for own, around in zip(looks, _surroundings(lines, looks, prose), strict=True)]


def _look(text: str, *, repeated: bool) -> dict[str, float]:
    words = _WORD.findall(text)
    lower = sum(not word[0].isupper() for word in words) / max(1, len(words))
    length = _length(text)
    kind = label(text)
    return {
        "long": min(length, 600) / 600,
        "short": float(length < 25),
        "lower case": lower,
        "long and lower case": lower * min(length, 200) / 200,
        "ends a sentence": float(ends_a_sentence(text)),
        "stops inside": min(len(_INNER_STOP.findall(text)), 5) / 5,
        "commas": min(len(_COMMA.findall(text)), 5) / 5,
        "digits": sum(character.isdigit() for character in text) / len(text),
        "afterword": float(kind == "afterword"),
        "counter": float(kind == "counter"),
        "notice": float(kind == "notice"),
        "promotion": float(kind == "promotion"),
        "at both ends": float(repeated),
        "date": float(says_only_when(text)),
        "byline": float(bool(byline_names(text) or (len(text) < 160 and byline_part(text)))),
        "cut off": float(text.endswith(_CUT_OFF)),
        "address": float(bool(_ADDRESS.search(text))),
        "colon": float(text.endswith(":")),
        "separators": float(bool(_SEPARATOR.search(text))),
    }


_LABELS = ("afterword", "counter", "notice", "promotion")


def _surroundings(
    lines: Sequence[Line], looks: Sequence[dict[str, float]], prose: Sequence[float]
) -> list[dict[str, float]]:
    count = len(lines)

    def window(values: Sequence[float]) -> list[float]:
        return [0.0, *accumulate(values)]

    sums = {
        "prose": window(prose),
        "long": window([look["long"] for look in looks]),
        "bullet": window([float(bool(BULLET.match(line.raw))) for line in lines]),
        "cut off": window([look["cut off"] for look in looks]),
        "label": window(
            [sum(look[kind] for kind in ("afterword", "counter", "notice", "promotion")) for look in looks]
        ),
        "afterword": window([look["afterword"] for look in looks]),
    }

    def share(name: str, number: int, reach: int) -> float:
        total = sums[name]
        return (total[min(count, number + reach + 1)] - total[max(0, number - reach)]) / (2 * reach + 1)

    def at(number: int) -> float:
        return prose[number] if 0 <= number < count else 0.0

    rows = []
    under, below, since = 0.0, 99, 0  # an afterword's shadow, lines since a date or byline, prose since the afterword
    for number, look in enumerate(looks):
        if look["afterword"]:
            under, since = 1.0, 0
        elif prose[number]:
            since += 1
            under *= 0.7 if since < 3 else 0.4
        below = 0 if look["date"] or look["byline"] else below + 1
        rows.append(
            {
                "prose 2 above": at(number - 2),
                "prose above": at(number - 1),
                "prose below": at(number + 1),
                "prose 2 below": at(number + 2),
                "prose within 5": share("prose", number, 5),
                "prose within 10": share("prose", number, 10),
                "length within 5": share("long", number, 5),
                "bullets within 5": share("bullet", number, 5),
                "cut off within 6": share("cut off", number, 6),
                "labels within 5": share("label", number, 5),
                "prose in 15 above": min(sums["prose"][number] - sums["prose"][max(0, number - 15)], 3) / 3,
                "prose so far": min(sums["prose"][number + 1], 10) / 10,
                "under an afterword": under,
                "afterwords so far": min(sums["afterword"][number + 1], 5) / 5,
                "below a date": math.exp(-below / 8) if below < 90 else 0.0,
                "short amid prose": look["short"] * at(number - 1) * at(number + 1),
                "near the top": math.exp(-number / 20),
                "near the end": math.exp(-(count - 1 - number) / 20),
                "lines above": min(number, 200) / 200,
                "share above": number / count,
            }
        )
    return rows


def bare(line: Line) -> str:
    """A line's text without its bullet."""
    match = BULLET.match(line.raw)
    return match["text"] if match else line.text


def _length(text: str) -> int:
    """Characters, where one Chinese or Japanese character says about as much as two letters."""
    return len(text) + sum("\u3040" <= character <= "\u9fff" for character in text[:400])


def is_prose(text: str) -> bool:
    """Whether a line is as long as a sentence and ends like one, or is longer than any headline."""
    length = _length(text)
    return (length >= _PROSE and ends_a_sentence(text)) or length >= 160


def _reads_like_prose(text: str) -> bool:
    """Whether a line is prose by its words too: menus run together are long, but have no stops and many capitals."""
    words = _WORD.findall(text)
    return (
        is_prose(text)
        and sum(not word[0].isupper() for word in words) > 0.4 * len(words)
        and (ends_a_sentence(text) or bool(_INNER_STOP.search(text)) or bool(_COMMA.search(text)))
    )


def at_both_ends(lines: Sequence[Line]) -> set[str]:
    """Short lines that stand in the first and again in the last quarter: menus are printed twice."""
    filled = [line.text for line in lines if line.raw]
    quarter = len(filled) // 4
    if quarter < 3:
        return set()
    return {text for text in set(filled[:quarter]) & set(filled[-quarter:]) if len(text) < 100}


def signs(lines: Sequence[Line], first: int, last: int) -> int:
    """How many kinds of surroundings there are outside the body; two and more make the text a dump of a page."""
    above, below = ([line for line in part if line.raw] for part in (lines[:first], lines[last:]))
    outside = [*above, *below]
    bulleted = sum(bool(BULLET.match(line.raw)) and len(line.text) < 60 for line in outside)
    repeated = {line.text for line in above} & {line.text for line in below}
    kinds = {label(line.text) for line in outside} - {None}
    return (
        len(kinds)
        + (bulleted >= _MENU)
        + (len(repeated) >= 3)
        + (max(_run_of_short(above), _run_of_short(below)) >= _MENU)
    )


_MENU = 10  # short lines or bullets; lists of facts outside the prose are seldom as long


def label(text: str) -> str | None:
    """Which kind of a page's furniture a line is by its words; None: none."""
    if is_afterword(text):
        return "afterword"
    if is_counter(text):
        return "counter"
    if len(text) < 300 and NOTICE.search(text):
        return "notice"
    if is_promotion(text):
        return "promotion"
    return "disclaimer" if is_disclaimer(text) else None


def _run_of_short(lines: Sequence[Line]) -> int:
    """The longest run of lines that are no prose."""
    longest = run = 0
    for line in lines:
        if line.raw:
            run = 0 if is_prose(line.text) else run + 1
            longest = max(longest, run)
    return longest
