"""The words within a sentence that answer a who, when, where or how-many question, and whether two such differ.

English patterns, for where no trained reader says it: numbers with their unit, dates whole, names whole. There is a
span only where the sentence holds one thing of the kind that was asked for and that the question does not name, or
for numbers and dates where its words stand clearly nearer to one than to the others: wrong bold print is worse
than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from qa import function_words, lexical
from qa.kinds import UNITS, asked_for, asks_yes_or_no, units_of

Span = tuple[int, int]
SpanKind = Literal["number", "time", "person", "place"]

# Of two numbers or dates, the one that stands so near to the question's words, and so much nearer than the other, in
# characters. Of names the nearest is right in one half of the cases only, so that there must be one.
_NEAR = 20
_NEARER_BY = 10
# Numbers that differ by less than this share may be one number, rounded; where one is "about", by less than that.
_ROUNDED = 0.02
_ABOUT = 0.06

# Asked for a number or a person, but answered by "twice a year", "late" or a name that is not the thing asked for.
_NO_SPAN = re.compile(r"\bhow (?:often|low|few|late)\b|\bwhose\b", re.IGNORECASE)

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = (
    rf"(?:{'|'.join(month.capitalize() for month in _MONTHS)}"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:1\d{3}|20\d{2})"
_WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_TIME = re.compile(
    rf"""(?<![\w.,$€£])(?:
      (?:{_WEEKDAY},?\s)?(?:the\s)?{_DAY}(?:\sof)?\s{_MONTH}(?:,?\s{_YEAR})?
    | (?:{_WEEKDAY},?\s)?{_MONTH}\s{_DAY}(?:,?\s{_YEAR})?
    | {_MONTH}\s(?:of\s)?{_YEAR}
    | {_YEAR}-\d\d-\d\d
    | (?:[Ss]pring|[Ss]ummer|[Aa]utumn|[Ww]inter)\s(?:of\s)?{_YEAR}
    | (?:the\s)?(?:(?:early|mid|late)[-\s])?{_YEAR}s
    | {_YEAR}\s?[–-]\s?(?:{_YEAR}|\d\d)
    | \d{{1,4}}\s(?:BC|BCE|AD|CE)
    | \d{{1,2}}(?:st|nd|rd|th)\scentury
    | \d{{1,2}}[:.]\d{{2}}(?:\s?[ap]\.?m\b\.?)?
    | \d{{1,2}}\s?[ap]\.?m\b\.?
    | {_YEAR} | {_WEEKDAY} | {_MONTH}
    )(?![\w%])(?![.,:]\d)""",
    re.VERBOSE,
)

_ONES = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_ONES += "seventeen eighteen nineteen".split()
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_VALUES = {"a": 1, "an": 1, **{word: value for value, word in enumerate(_ONES, 1)}, **_TENS}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SUFFIXES = {"k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "tn": 10**12}  # "12.9bn"
_SCALE = rf"(?:{'|'.join(_SCALES)})"
# "one" and "a" count only before "hundred", "million": "one of the ships" is no number.
_COUNT = (
    rf"(?:(?:\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:(?:{'|'.join(_SUFFIXES)})\b)?|\b(?:a|an|one)(?=\s{_SCALE}\b)"
    rf"|\b(?:(?:{'|'.join(_TENS)})(?:-(?:{'|'.join(_ONES[:9])}))?|{'|'.join(_ONES[1:])})\b)(?:\s{_SCALE}\b)*"
)
_APPROXIMATELY = (
    r"(?:about|around|nearly|almost|over|under|(?:more|less|fewer)\sthan|at\sleast|at\smost|up\sto|some|roughly|"
    r"approximately)"
)
_NO_UNIT = rf"(?!(?:{'|'.join(sorted(function_words.ENGLISH))})\b)"
_NUMBER = re.compile(
    rf"""(?<![\w.,:/#–-])(?:{_APPROXIMATELY}\s)?(?P<money>(?:US|AU|CA|NZ)?[$€£¥]\s?)?
    (?P<count>{_COUNT})(?:\s?(?:–|-|\bto\b)\s?[$€£¥]?{_COUNT})?
    (?P<unit>\s?%|\s?°\s?[CF]?|[-\s](?:per\scent|percent)\b
      |[-\s](?:(?:cubic|square|nautical|metric|different|more|other|new|separate|local)\s)?{_NO_UNIT}[a-z]+(?:-old)?
       (?:\s(?:per|an?)\s[a-z]+)?)?(?![\w%]|[.,]\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_IS_YEAR = re.compile(rf"{_YEAR}$")
_IS_PLURAL = re.compile(r"s$|^(?:people|men|women|children)$")
_COUNTED = re.compile(
    r"\b(?:how many|number of|amount of) (?:of )?(?:(?:the|these|those) )?(?:\d+ )?((?:[\w’'-]+ ?){1,3})"
)

_PARTICLE = r"(?:of\sthe|of|de\sla|de|del|della|di|da|du|van\sder|van|von|der|den|bin|ibn|la|le)"
_CAPITAL = r"[A-ZÀ-ÖØ-Þ](?:[\w’'&]|-(?=\w)|\.(?=\s?[A-ZÀ-ÖØ-Þ]))*"
_NAME = re.compile(rf"(?<!\w)(?:al-)?{_CAPITAL}(?:\s(?:{_PARTICLE}\s)?(?:al-)?{_CAPITAL})*")
_POSSESSIVE = re.compile(r"['’]s?$")
_BEFORE_PLACE = re.compile(r"\b(?:in|at|near|from|off|outside|inside|to|into|around|on)\s(?:the\s)?$")
_ARTICLE = re.compile(r"\b[Aa]n?\s$")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_WRITTEN_TOGETHER = re.compile(r"[$€£¥]?\w+(?:[.,:'’&/-]\w+)*%?")


def span_kind(question: str) -> SpanKind | None:
    """The kind of span that the question asks for: None for yes-or-no questions, reasons, manners and whatever else."""
    kind = asked_for(question)
    if kind is None or kind == "reason" or kind == "manner" or asks_yes_or_no(question) or _NO_SPAN.search(question):
        return None
    return kind


def find_span(question: str, text: str) -> Span | None:
    """(start, end) in `text`, a sentence, of what answers the question; None where that cannot be told."""
    kind = span_kind(question)
    if kind is None:
        return None
    found = [span for span in _things(kind, question, text) if not _named(text[slice(*span)], question)]
    if kind == "number":
        found = _of_the_right_unit(question, text, found)
    if kind in ("number", "time"):
        nearest = _nearest(question, text, found)
        return _with_unit(question, text, nearest) if nearest and kind == "number" else nearest
    if len(found) != 1 or _may_be_a_word(text, found[0]):
        return None
    placed = bool(_BEFORE_PLACE.search(text[: found[0][0]]))
    wanted = kind == "place" if placed else kind == "person" or "where" not in question.lower()
    return found[0] if wanted else None


def whole_words(text: str, span: Span) -> Span:
    """The span with all of the words that it cuts: "£71" of "£71.6million" is no answer."""
    start, end = span
    for match in _WRITTEN_TOGETHER.finditer(text):
        if match.start() < end and start < match.end():
            start, end = min(start, match.start()), max(end, match.end())
    return start, end


def contradict(kind: SpanKind, one: str, other: str) -> bool:
    """Whether two spans of a kind cannot both be the answer: another number of the same unit, another date or name.

    Rounded numbers, a year and a day in it, a name and a part of it do not contradict each other.
    """
    if kind == "number":
        return _numbers_differ(one, other)
    if kind == "time":
        first, second = _date(one), _date(other)
        shared = first.keys() & second.keys()
        return bool(shared) and any(first[part] != second[part] for part in shared)
    first_words, second_words = (set(_WORD.findall(_plain(name))) - function_words.ENGLISH for name in (one, other))
    return bool(first_words and second_words) and not _share(first_words, second_words)


def same(kind: SpanKind, one: str, other: str) -> bool:
    """Whether two spans of a kind say the same, one perhaps more closely."""
    if kind == "number":
        first, second = _value(one), _value(other)
        return first is not None and second is not None and first[1] == second[1] and not _numbers_differ(one, other)
    if kind == "time":
        return bool(_date(one).keys() & _date(other).keys()) and not contradict(kind, one, other)
    return not contradict(kind, one, other)


def names(text: str) -> frozenset[str]:
    """The words of all names and numbers in a text, stemmed; dates and what merely opens the text left out."""
    found = [span for span in _things("person", "", text) if not _may_be_a_word(text, span)]
    words = _stems(" ".join(text[slice(*span)] for span in found))
    return frozenset(words | {text[slice(*span)].lower() for span in _things("number", "", text)})


def _things(kind: SpanKind, question: str, text: str) -> Iterator[Span]:
    """Everything of a kind in a text, in order."""
    times = [match.span() for match in _TIME.finditer(text)]
    if kind == "time":
        clock = "what time" in question.lower()
        yield from (span for span in times if not clock or ":" in text[slice(*span)] or "." in text[slice(*span)])
        return
    for match in (_NUMBER if kind == "number" else _NAME).finditer(text):
        start, end = match.span()
        if kind == "number":
            year = _IS_YEAR.match(match["count"]) and not match["money"] and not _counted(question, match["unit"] or "")
            inside = any(s <= match.start("count") < e and e - s > 4 for s, e in times)
            follows_name = re.search(r"[^.!?\s]\s[A-Z][\w-]*\s$", text[:start]) if match["count"][0].isdigit() else None
            if year or inside or follows_name:
                continue
            yield start, end
            continue
        first = match[0].split()[0]
        if first.lower() in function_words.ENGLISH and first != match[0]:  # "The Ever Given", "In Geneva"
            start += len(first) + 1
        name = _POSSESSIVE.sub("", text[start:end])
        end = start + len(name)
        likely = len(name) > 1 and name.lower() not in function_words.ENGLISH
        common = _ARTICLE.search(text[:start])  # "A HUNTER", "an American"
        if likely and not common and not any(s <= start < e for s, e in times):
            yield start, end


def _named(thing: str, question: str) -> bool:
    """Whether the question says it already: all its words but those that approximate."""
    asked = _stems(question)
    own = [word for word in _WORD.findall(_plain(thing)) if word not in function_words.ENGLISH]
    numbers = [word for word in own if word[0].isdigit() or word in _VALUES]
    return {_stem(word) for word in numbers or own} <= asked


def _of_the_right_unit(question: str, text: str, found: Sequence[Span]) -> list[Span]:
    """Those numbers that count what the question names, or are in a unit of what it measures."""
    asked = question.lower()
    if _COUNTED.search(asked):
        counting = [span for span in found if _counted(question, text[span[0] : span[1] + 25])]
        if counting or _counted(question, text):
            return counting
        return [span for span in found if not any(units.search(text[slice(*span)]) for _, units in UNITS)]
    units = units_of(question)
    return [span for span in found if units.search(text[slice(*span)])] if units else list(found)


def _with_unit(question: str, text: str, span: Span) -> Span:
    """The number with what it counts, where the question names that, or with the unit of a measure; else alone."""
    match = _NUMBER.match(text, span[0])
    if match is None or match["unit"] is None:
        return span
    alone = match.start("unit")
    if _COUNTED.search(question.lower()):
        end = alone
        for word in list(_WORD.finditer(text, alone))[:5]:
            if _counted(question, word[0]) and _IS_PLURAL.search(word[0]):
                end = word.end()
                break  # what follows is what they did: "12 boats sank"
        return span[0], end
    return span if any(units.search(match["unit"]) for _, units in UNITS) else (span[0], alone)


def _counted(question: str, text: str) -> bool:
    """Whether the words after a number hold the thing that the question counts."""
    match = _COUNTED.search(question.lower())
    if match is None:
        return False
    nouns = {_stem(word) for word in match[1].split() if word not in function_words.ENGLISH}
    return any(_stem(word) in nouns for word in _WORD.findall(text.lower()))


def _nearest(question: str, text: str, found: Sequence[Span]) -> Span | None:
    """The only one, or the one that the question's words stand clearly nearest to."""
    if len(found) < 2:
        return found[0] if found else None
    asked = _stems(question)
    places = [match.span() for match in _WORD.finditer(text) if _stem(_plain(match[0])) in asked]
    if not places:
        return None

    def distance(span: Span) -> int:
        return min(max(start - span[1], span[0] - end, 0) for start, end in places)

    first, second = sorted(found, key=distance)[:2]
    return first if distance(first) <= _NEAR and distance(second) - distance(first) >= _NEARER_BY else None


def _may_be_a_word(text: str, span: Span) -> bool:
    """A single capital word that opens the text: "Bread is cheap" names nobody."""
    return not text[: span[0]].strip(" \"'“‘([") and " " not in text[slice(*span)]


def _numbers_differ(one: str, other: str) -> bool:
    first, second = _value(one), _value(other)
    if first is None or second is None or first[1] != second[1] or first[0] == second[0]:
        return False
    loose = any(re.match(rf"{_APPROXIMATELY}\b", text, re.IGNORECASE) for text in (one, other))
    return abs(first[0] - second[0]) > (_ABOUT if loose else _ROUNDED) * max(first[0], second[0])


def _value(text: str) -> tuple[float, str] | None:
    """A number and its unit; None for a range, which contradicts nothing that we can tell."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None or len(re.findall(_COUNT, text, re.IGNORECASE)) != 1:
        return None
    count, *scales = match["count"].lower().split()
    suffix = count.lstrip("0123456789,.") if count[0].isdigit() else ""
    parts = count.removesuffix(suffix).replace(",", "").split("-")
    value = float(parts[0]) if count[0].isdigit() else float(sum(_VALUES[part] for part in parts))
    value *= _SUFFIXES.get(suffix, 1)
    for scale in scales:
        value *= _SCALES[scale]
    unit = " ".join(_stem(word) or word for word in re.findall(r"[a-z]+|[%°]", (match["unit"] or "").lower()))
    return value, (match["money"] or "").strip() + unit.replace("per cent", "%").replace("percent", "%")


def _date(text: str) -> dict[str, str]:
    """The year, month, day, clock time of a date, those that it names; {} for spans of years and the like."""
    found: dict[str, str] = {}
    lowered = text.lower()
    if re.search(rf"{_YEAR}s\b|century|bc|{_YEAR}\s?[–-]\s?\d", text):
        return (
            found
            if not (iso := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text))
            else {"year": iso[1], "month": str(int(iso[2])), "day": str(int(iso[3]))}
        )
    if year := re.search(rf"\b{_YEAR}\b", text):
        found["year"] = year[0]
    if month := next((str(at) for at, name in enumerate(_MONTHS, 1) if re.search(rf"\b{name[:3]}", lowered)), ""):
        found["month"] = month
    if month and (day := re.search(rf"\b{_DAY}\b", text.replace(found.get("year", " "), " "))):
        found["day"] = str(int(re.sub(r"\D", "", day[0])))
    if clock := re.search(r"\b(\d{1,2})[:.](\d\d)\b", text):
        found["clock"] = f"{int(clock[1])}:{clock[2]}"
    return found


def _share(one: set[str], other: set[str]) -> bool:
    """Whether two names have a word in common, or one is the other's initials."""
    if {word[:4] for word in one} & {word[:4] for word in other}:
        return True
    initials = {"".join(word[0] for word in words) for words in (sorted(one), sorted(other))}
    return any("".join(sorted(word)) in initials for word in one | other)


def _plain(text: str) -> str:
    return _POSSESSIVE.sub("", text.lower().replace("’", "'")).replace("'s ", " ")


def _stems(question: str) -> set[str]:
    """Those of its words that name something."""
    return {_stem(word) for word in _WORD.findall(_plain(question)) if word not in function_words.ENGLISH}


def _stem(word: str) -> str:
    return " ".join(lexical.terms(word, "en"))
