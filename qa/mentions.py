"""What a question names of the articles themselves: words of their titles, who wrote them, where and when.

"What did Ahmed say about the dam last year?" names an author, a subject and a time. None of them need stand in the
passage that answers, so an article that goes by them gets a boost. The rules for names and times are English ones;
years, and the words of titles, count in every language.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa import lexical
from qa.function_words import ENGLISH
from qa.store import Names, Store

# No title, author or site is known by these.
_NAMING_NOTHING = ENGLISH | {"say", "says", "said", "according"}
# A boost is the sum of these shares, so that nothing lifts an article more than all three together.
_TITLE_SHARE = 0.4
_BY_SHARE = 0.4
_DATE_SHARE = 0.2
# A heading speaks of a part of its article only.
_HEADING_WORTH = 0.5
# Where a question has no capitals, an author or site that goes by one word is known by the words around it.
_BEFORE_A_NAME = frozenset("by did does has to".split())
_AFTER_A_NAME = frozenset("say says said write writes wrote written argue argues argued claim claims claimed".split())
# What a site's name is known without: "the BBC" is "BBC News".
PLAIN_IN_SITES = frozenset("the news online magazine www com org net".split())
_MOST_NAMED = 100  # articles of the authors and sites that a question names

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join(rf"{month[:3]}(?:{month[3:]})?" for month in _MONTHS) + "|sept"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[89]|20)\d\d"


def _date(name: str) -> str:
    """A pattern for a day, month or year; its groups begin with `name`."""
    return (
        rf"(?:(?P<{name}iso>{_YEAR}-\d\d(?:-\d\d)?)"
        rf"|(?:(?:(?P<{name}day>{_DAY}) (?:of )?)?(?P<{name}month>{_MONTH})\.?"
        rf"(?: (?P<{name}day2>{_DAY})(?!\d))?,? (?:of )?)?(?P<{name}year>{_YEAR})"
        rf"|(?P<{name}only>{'|'.join(month for month in _MONTHS)}))\b(?![-/%]?\d)"
    )


_FORMS = tuple(
    (kind, re.compile(rf"\b{pattern}", re.IGNORECASE))
    for kind, pattern in (
        ("between", rf"(?:between|from) {_date('a')} (?:and|to|until|till|through) {_date('b')}"),
        ("since", rf"since {_date('a')}|from {_date('c')} on(?:wards?)?\b"),
        ("after", rf"(?:later than|after) {_date('a')}"),
        ("before", rf"(?:earlier than|before) {_date('a')}"),
        ("until", rf"(?:until|till|up to|by) {_date('a')}"),
        ("within", rf"(?:in|during|of|from|for|on|at|dated|this|last) {_date('a')}"),
        ("within", rf"{_date('a')}(?=['’]s\b)"),
        (
            "past",
            r"(?:in |from |during |over |since )?(?:the )?(?:past|last) (?P<n>\d+) (?P<unit>day|week|month|year)s\b",
        ),
        ("relative", r"(?:in |from |during |of |since )?(?P<which>this|last|past) (?P<unit>week|month|year)\b"),
        ("relative", r"(?P<which>today|yesterday)\b"),
    )
)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `since` to `until`, ISO 8601, both inclusive, None: open. It is `question[start:end]` that says so."""

    since: str | None
    until: str | None
    start: int
    end: int

    def holds(self, published: str | None) -> bool:
        """Whether a day, month or year lies in it, as far as it is known."""
        if published is None:
            return False
        known = len(published)
        begun = self.since is None or published >= self.since[:known]
        return begun and (self.until is None or published <= self.until[:known])


def period(question: str, today: datetime.date) -> Period | None:
    """The first time that an English question names: a year after a preposition, "since May 2021", "last week" …

    A month without a year is the last one that has begun by `today`.
    """
    for kind, form in _FORMS:
        for match in form.finditer(question):
            days = _days(kind, match, today)
            if days is not None:
                since, until = (day.isoformat() if day else None for day in days)
                return Period(since, until, *match.span())
    return None


def _days(kind: str, match: re.Match[str], today: datetime.date) -> tuple[datetime.date | None, ...] | None:
    groups = match.groupdict()
    one_day = datetime.timedelta(days=1)
    if kind in ("past", "relative"):
        first, last = _relative(groups, today)
        return (first, today) if match[0].lower().startswith("since") else (first, last)
    named = [_span(groups, name, today) for name in "acb" if any(groups.get(f"{name}{k}") for k in _DATE_GROUPS)]
    if None in named:
        return None
    (first, last), *further = (span for span in named if span)
    if kind == "between":
        return (first, further[0][1]) if further[0][1] >= first else None
    return {
        "since": (first, None),
        "after": (last + one_day, None),
        "before": (None, first - one_day),
        "until": (None, last),
        "within": (first, last),
    }[kind]


_DATE_GROUPS = ("iso", "year", "only")


def _span(
    groups: Mapping[str, str | None], name: str, today: datetime.date
) -> tuple[datetime.date, datetime.date] | None:
    """First and last day of the date in the groups that begin with `name`; None where there is no such date."""
    if iso := groups[f"{name}iso"]:
        year, month, day = (*map(int, iso.split("-")), 0)[:3]
    elif only := groups[f"{name}only"]:
        month, day = _month(only), 0
        year = today.year - (month > today.month)
    else:
        year = int(groups[f"{name}year"] or 0)
        month = _month(groups[f"{name}month"]) if groups[f"{name}month"] else 0
        written = groups[f"{name}day"] or groups[f"{name}day2"]
        day = int(re.sub(r"\D", "", written)) if written else 0
    try:
        first = datetime.date(year, month or 1, day or 1)
    except ValueError:
        return None
    return first, first if day else _last_day(first, "month" if month else "year")


def _relative(groups: Mapping[str, str | None], today: datetime.date) -> tuple[datetime.date, datetime.date]:
    which, unit = (groups.get("which") or "past").lower(), (groups.get("unit") or "day").lower()
    one_day = datetime.timedelta(days=1)
    if which in ("today", "yesterday"):
        day = today if which == "today" else today - one_day
        return day, day
    if which == "past":
        count = min(int(groups.get("n") or 1), 10_000)
        days = {"day": 1, "week": 7, "month": 30.44, "year": 365.25}[unit]
        return today - datetime.timedelta(days=min(round(count * days), today.toordinal() - 1)), today
    first = today - datetime.timedelta(days=today.weekday())
    if unit != "week":
        first = today.replace(day=1) if unit == "month" else today.replace(month=1, day=1)
    if which == "last":
        before = first - one_day
        first = first - 7 * one_day if unit == "week" else before.replace(day=1)
        first = first.replace(month=1) if unit == "year" else first
    return first, first + 6 * one_day if unit == "week" else _last_day(first, unit)


def _last_day(first: datetime.date, unit: str) -> datetime.date:
    """Of the month or year that begins with `first`."""
    if unit == "year" or first.month == 12:
        return datetime.date(first.year, 12, 31)
    return first.replace(month=first.month + 1) - datetime.timedelta(days=1)


def _month(name: str | None) -> int:
    return [month[:3] for month in _MONTHS].index((name or "")[:3].lower()) + 1


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question: its search terms, one for each language of the library; how much it says; can it name.

    `weight` is the inverse document frequency, as in BM25; 0 for words that only ask or join. `may_name`: it could be
    the name of an author or a site by itself.
    """

    terms: frozenset[str]
    weight: float
    may_name: bool


@dataclass(frozen=True, slots=True)
class Mentions:
    """What may name an article in a question: its words in order, and the time."""

    words: tuple[Word, ...]
    period: Period | None


def mentions(question: str, store: Store, *, today: datetime.date) -> Mentions:
    """What `question` names; "last year" is the one before `today`'s."""
    languages = store.languages()
    found = [match[0] for match in _WORD.finditer(question)]
    plain = [word.casefold() for word in found]
    small = not any(word[0].isupper() for word in found[1:])
    terms = [frozenset(lexical.question_terms(word, languages)) for word in found]
    counts, passages = store.passages_with_term(sorted(frozenset().union(*terms))), store.passage_count
    words = []
    for at, word in enumerate(plain):
        said = word not in _NAMING_NOTHING and bool(terms[at])
        held = max((counts.get(term, 0) for term in terms[at]), default=0)
        around = plain[max(0, at - 1)] in _BEFORE_A_NAME or plain[min(at + 1, len(plain) - 1)] in _AFTER_A_NAME
        may_name = said and (around if small else found[at][0].isupper() or not found[at].isascii())
        weight = math.log(1 + (passages - held + 0.5) / (held + 0.5)) if said else 0.0
        words.append(Word(terms[at], weight, may_name))
    return Mentions(tuple(words), period(question, today))


def boosts(asked: Mentions, names: Mapping[str, Names]) -> dict[str, float]:
    """For each article, by its id, how much of what the question names it goes by: 0..1, higher is better.

    Two fifths are the share of the question's words, by weight, in the title (and, counting half, in headings); two
    fifths an author or the site; one fifth that it was published in the time named.
    """
    total = sum(word.weight for word in asked.words) or 1.0
    result = {}
    for article_id, each in names.items():
        title = set(each.title)
        headings = {term for heading in each.headings for term in heading} - title
        shared = 0.0
        for word in asked.words:
            if word.weight:
                held = 1.0 if word.terms & title else _HEADING_WORTH if word.terms & headings else 0.0
                shared += held * word.weight
        boost = _TITLE_SHARE * shared / total
        boost += _BY_SHARE * is_by(asked.words, each)
        boost += _DATE_SHARE * bool(asked.period and asked.period.holds(each.published))
        result[article_id] = boost
    return result


def is_by(words: Sequence[Word], names: Names) -> bool:
    """Whether the words name one of the authors, in full or by the last name, or the site."""
    site = [term for term in names.site if term not in PLAIN_IN_SITES]
    return any(_stands(words, author) or _stands(words, author[-1:]) for author in names.authors) or _stands(
        words, site
    )


def _stands(words: Sequence[Word], name: Sequence[str]) -> bool:
    """Whether `name` stands in the words in a row; a name of one word only where the word may be one."""
    if len(name) < 2:
        return any(word.may_name and name[0] in word.terms for word in words) if name else False
    starts = range(len(words) - len(name) + 1)
    return any(all(term in words[at + i].terms for i, term in enumerate(name)) for at in starts)


def named_articles(asked: Mentions, store: Store) -> list[str]:
    """Ids of articles by an author or from a site that the question names, at most 100."""
    wanted = sorted({term for word in asked.words if word.may_name for term in word.terms})
    known = store.names(store.search_names(wanted, ("authors", "site"), _MOST_NAMED))
    return [article_id for article_id, each in known.items() if is_by(asked.words, each)]
