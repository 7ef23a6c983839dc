"""Questions about the articles themselves, known by their form: who wrote one, when, which there are.

"Who wrote the piece on the Swat operation?" asks about an article; "Who wrote Hamlet?" asks what the articles say.
`parse` tells them apart as far as their form does; whether the library has what is named, qa/about.py looks. The forms
are English.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Literal

from qa.mentions import Period, period

Wanted = Literal["author", "date", "site", "list", "count", "newest", "oldest"]
Cue = Literal["by", "from", "in", "on", "mention"]

# Whoever says "article" means one of the library; a report or a review may as well be one that the articles are about.
_SURELY = r"(?:articles?|pieces?|(?:blog )?posts?|op-?eds?|editorials?|write-?ups?)"
_MAYBE = rf"(?:{_SURELY}|(?:news )?stor(?:y|ies)|pages?|texts?|documents?|papers?|reports?|columns?|essays?|reviews?)"
_I_HAVE = r"(?:do (?:i|we) have|have (?:i|we)(?: got| saved)?|(?:i|we) have)"
_WHO = re.compile(
    r"(?:who(?: wrote| authored| penned|(?: is| was| are|['’]s) the (?:authors?|writers?) of) (?P<a>.+)"
    r"|who (?:is|was) (?P<b>.+?) (?:written )?by|by whom (?:is|was) (?P<c>.+?)(?: written)?)",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"(?:when (?:was|were) (?P<a>.+?) (?:first )?(?:published|posted|written)"
    r"|what is the (?:publication )?date of (?P<b>.+))",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r"(?:(?:where|(?:on|in|by) (?:what|which) (?:web ?site|site|paper|newspaper|magazine|blog)) was (?P<a>.+?)"
    r" (?:first )?(?:published|posted)"
    r"|(?:who|(?:what|which) (?:web ?site|site|paper|newspaper|magazine|blog)) published (?P<b>.+))",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“„«‘']\s*(?P<title>[^\"“”„«»]{2,}?)\s*[\"”“»’'](?!\w)")
_NOUN_FIRST = re.compile(
    rf"(?:the|that|this|my|an?) (?P<before>(?:\S+ ){{0,3}}?)?{_SURELY},? "
    r"(?:about|on|regarding|titled|entitled|called|named|headlined|with the (?:title|headline)|from|in|(?=[\"“„«‘']))"
    r" ?(?P<rest>.+)",
    re.IGNORECASE,
)
_NOUN_LAST = re.compile(rf"(?:the|that|this|my) (?P<rest>.+?) {_SURELY}", re.IGNORECASE)

_LISTS: tuple[tuple[Wanted, bool, str], ...] = (
    ("count", True, rf"how many (?:of my )?{_MAYBE} {_I_HAVE}(?P<rest>.*)"),
    ("count", True, rf"how many of my {_MAYBE}\b(?P<rest>.*)"),
    ("count", False, rf"how many {_SURELY}\b(?P<rest>.*)"),
    ("newest", True, rf"(?:what|which)(?: is|['’]s|) my (?:newest|latest|most recent) {_MAYBE}\b(?P<rest>.*)"),
    ("newest", False, rf"(?:what|which)(?: is|['’]s|) the (?:newest|latest|most recent) {_SURELY}\b(?P<rest>.*)"),
    ("oldest", True, rf"(?:what|which)(?: is|['’]s|) my (?:oldest|earliest) {_MAYBE}\b(?P<rest>.*)"),
    ("oldest", False, rf"(?:what|which)(?: is|['’]s|) the (?:oldest|earliest) {_SURELY}\b(?P<rest>.*)"),
    ("list", True, rf"what(?: else)? {_I_HAVE}(?P<rest> .+)"),
    ("list", True, rf"(?:what|which) {_MAYBE} {_I_HAVE}(?P<rest> .+)"),
    ("list", True, r"(?:do (?:i|we) have|have (?:i|we) got) (?:any|some)(?:thing)?(?P<rest> .+)"),
    ("list", False, rf"(?:is|are) there (?:any|some|an) {_SURELY}(?P<rest> .+)"),
    ("list", True, rf"(?:what|which) of my {_MAYBE}\b(?P<rest> .+)"),
    ("list", False, rf"(?:what|which) {_SURELY}(?P<rest> .+)"),
    ("list", True, rf"(?:list|show|find|give)(?: me)?(?: all)?(?: of)? my {_MAYBE}\b(?P<rest> .+)"),
    ("list", False, rf"(?:list|show|find|give)(?: me)?(?: all)?(?: of)?(?: the)? {_SURELY}(?P<rest> .+)"),
    ("list", False, r"(?:all )?(?:the )?(?:articles|posts|everything)(?P<rest> .+)"),
)
_LIST_FORMS = tuple((wanted, mine, re.compile(form, re.IGNORECASE)) for wanted, mine, form in _LISTS)
_WRITTEN_BY = re.compile(r"what (?:has|have|did) (?P<name>.+?) (?:written|write|published|publish)", re.IGNORECASE)
_CUES: tuple[tuple[Cue, str], ...] = (
    ("by", r"(?:written |authored )?by"),
    ("from", r"published (?:by|in|on)|from"),
    ("in", r"in"),
    ("mention", r"mention(?:s|ing|ed)?|refer(?:s|ring)? to|contain(?:s|ing)?|with the words?"),
    (
        "on",
        r"about|on|regarding|concerning|cover(?:s|ing)?|discuss(?:es|ing)?|deal(?:s|ing)? with|talk(?:s|ing)? about",
    ),
)
_CUE = re.compile("|".join(rf"(?P<{cue}>(?<!\S)(?:{pattern})(?!\S))" for cue, pattern in _CUES), re.IGNORECASE)
# What may stand between the words that say which articles, and says nothing.
_PLAIN = (
    rf"{_I_HAVE}|are there|(?:in|are in) (?:my|the|this) library|in here|here|please|at all|that|which|who|"
    r"were|was|are|is|published|posted|dated|written|and"
)
_NOISE = re.compile(rf"(?<!\S)(?:{_PLAIN}|{_MAYBE})(?!\S)", re.IGNORECASE)
_NOISE_AFTER = re.compile(rf"\s(?:{_PLAIN})$", re.IGNORECASE)
_POLITE = re.compile(r"(?:please|(?:can|could) you(?: please)?(?= (?:list|show|find|give)))\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: by whom, from where, on what or mentioning what the articles are."""

    cue: Cue
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a question asks of the articles.

    For "author", "date" and "site" `title` is what names the article; `sure`: the question calls it an article, or
    quotes it. For the others `clauses` and `period` say which articles, `mine` that they can only be the library's,
    and `when` is the time in the question's words.
    """

    wanted: Wanted
    title: str = ""
    sure: Literal["", "noun", "quoted"] = ""
    clauses: tuple[Clause, ...] = ()
    period: Period | None = None
    when: str = ""
    mine: bool = False


def parse(question: str, today: datetime.date) -> Request | None:
    """What the question asks about articles; None where it asks what they say. "Last year" is that before `today`'s."""
    plain = _POLITE.sub("", " ".join(question.split())).rstrip("?.! ")
    for wanted, pattern in (("author", _WHO), ("date", _WHEN), ("site", _WHERE)):
        if match := pattern.fullmatch(plain):
            return _of_one(wanted, next(text for text in match.groups() if text))  # type: ignore[arg-type]
    if match := _WRITTEN_BY.fullmatch(plain):
        return Request("list", clauses=(Clause("by", match["name"]),))
    for wanted, mine, pattern in _LIST_FORMS:
        if match := pattern.fullmatch(plain):
            request = _of_many(wanted, match["rest"], mine, today)
            if request is not None:
                return request
    return None


def _of_one(wanted: Wanted, phrase: str) -> Request:
    if match := _QUOTED.search(phrase):
        called = _NOUN_FIRST.match(phrase) or _NOUN_LAST.match(phrase)
        return Request(wanted, match["title"], "noun" if called else "quoted")
    if match := _NOUN_FIRST.fullmatch(phrase):
        return Request(wanted, f"{match['before'] or ''}{match['rest']}", "noun")
    if match := _NOUN_LAST.fullmatch(phrase):
        return Request(wanted, match["rest"], "noun")
    return Request(wanted, phrase)


def _of_many(wanted: Wanted, rest: str, mine: bool, today: datetime.date) -> Request | None:
    when = period(rest, today)
    said = rest[when.start : when.end].strip() if when else ""
    if when:
        rest = f"{rest[: when.start]} {rest[when.end :]}"
    clauses: list[Clause] = []
    matches = [match for match in _CUE.finditer(rest) if not _NOISE.match(rest, match.start())]
    kept: list[tuple[Cue, int, int]] = []
    for match in matches:
        cue: Cue = match.lastgroup  # type: ignore[assignment]
        inside = any(earlier in ("on", "mention") for earlier, _, _ in kept)
        if not (inside and cue in ("on", "mention")):
            kept.append((cue, match.start(), match.end()))
    before = rest[: kept[0][1]] if kept else rest
    if _NOISE.sub("", before).strip():
        return None  # words whose part is not known
    for number, (cue, _, end) in enumerate(kept):
        text = rest[end : kept[number + 1][1] if number + 1 < len(kept) else len(rest)]
        text = _trimmed(text)
        if text:
            clauses.append(Clause(cue, text))
    if not clauses and not when and not (mine or wanted == "count"):
        return None
    if not clauses and not when and kept:
        return None
    return Request(wanted, clauses=tuple(clauses), period=when, when=said, mine=mine)


def _trimmed(text: str) -> str:
    """Without the words at its end that say nothing of which articles."""
    text = text.strip(" ,;")
    while match := _NOISE_AFTER.search(text):
        text = text[: match.start()].rstrip(" ,;")
    return text
