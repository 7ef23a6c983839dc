"""The filters of the page: as chosen, as chips, as words, as part of a link, and as the library's Filters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from qa.errors import InvalidInput
from qa.periods import first_day, last_day
from qa.types import Filters
from qa.ui.draw import exact, text
from qa.ui.words import Words

_LISTS = ("authors", "sites", "languages")
# Of the fields: their names in a link, and of their labels in the words.
_NAMES = {
    "authors": "author",
    "sites": "site",
    "languages": "language",
    "since": "since",
    "until": "until",
    "articles": "article",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the search is narrowed to, as typed: dates may be words ("last month"). `articles` are (id, title)."""

    authors: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    articles: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    @classmethod
    def of(
        cls,
        authors: Iterable[str] | None,
        sites: Iterable[str] | None,
        languages: Iterable[str] | None,
        since: str | None,
        until: str | None,
        articles: str | None = None,
    ) -> Chosen:
        """From the fields of the page, which may be empty in several ways; `articles` as `articles_field` gives it."""

        def named(values: Iterable[str] | None) -> tuple[str, ...]:
            return tuple(each.strip() for each in values or () if each.strip())

        try:
            kept = cls.restored({"articles": json.loads(articles or "[]")}).articles
        except ValueError:  # InvalidInput is one: somebody played with the page
            kept = ()
        return cls(named(authors), named(sites), named(languages), (since or "").strip(), (until or "").strip(), kept)

    @property
    def articles_field(self) -> str:
        """The articles as one field of the page holds them."""
        return json.dumps(self.articles, ensure_ascii=False) if self.articles else ""

    def filters(self, words: Words) -> Filters:
        """Raises InvalidInput for a date that is none."""
        return Filters(
            authors=self.authors,
            sites=self.sites,
            languages=self.languages,
            article_ids=tuple(article_id for article_id, _ in self.articles),
            since=first_day(self.since, f"“{words('filters.since')}”") if self.since else None,
            until=last_day(self.until, f"“{words('filters.until')}”") if self.until else None,
        )

    def without(self, field: str, value: str) -> Chosen:
        """The same without one filter; unknown ones change nothing."""
        if field == "articles":
            return replace(self, articles=tuple(each for each in self.articles if each[0] != value))
        if field in _LISTS:
            kept = tuple(each for each in getattr(self, field) if each != value)
            return replace(self, **{field: kept})  # type: ignore[arg-type]
        return replace(self, **{field: ""}) if field in ("since", "until") else self  # type: ignore[arg-type]

    def each(self) -> list[tuple[str, str, str]]:
        """(field, value, what a person reads) of every filter."""
        found = [(name, value, value) for name in _LISTS for value in getattr(self, name)]
        found += [(name, value, value) for name in ("since", "until") if (value := getattr(self, name))]
        return found + [("articles", article_id, title) for article_id, title in self.articles]

    def said(self, words: Words) -> str:
        """In words: "Author: Abiodun · From: 2021"."""
        return " · ".join(f"{words(f'filters.{_NAMES[field]}')}: {shown}" for field, _, shown in self.each())

    def record(self) -> dict[str, Any]:
        """As JSON can hold it; empty ones left out."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def restored(cls, kept: Any) -> Chosen:
        """From a `record`. Raises InvalidInput."""
        try:
            return cls(
                **{name: tuple(map(str, kept.get(name, ()))) for name in _LISTS},
                since=str(kept.get("since", "")),
                until=str(kept.get("until", "")),
                articles=tuple((str(article_id), str(title)) for article_id, title in kept.get("articles", ())),
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise InvalidInput(f"kept filters cannot be read: {error}") from error


def chips(chosen: Chosen, words: Words) -> str:
    """The filters in force, as HTML: each with a button that removes it; "" where there are none."""
    if not chosen:
        return ""
    items = []
    for field, value, shown in chosen.each():
        said = f"{words(f'filters.{_NAMES[field]}')}: {shown}"
        remove = text(words("filters.remove", what=said))
        items.append(
            f'<li><span dir="auto">{text(said)}</span><button type="button" data-do="unfilter" data-field="{field}" '
            f'data-value="{exact(value)}" aria-label="{remove}" title="{remove}">×</button></li>'
        )
    clear = text(words("filters.clear"))
    last = f'<li><button type="button" data-do="unfilter-all">{clear}</button></li>' if len(items) > 1 else ""
    return f'<ul class="qa-chips" aria-label="{text(words("filters.active"))}">{"".join(items)}{last}</ul>'


def link(question: str, chosen: Chosen) -> str:
    """What follows the page's address in a link that asks `question` with these filters again."""
    pairs = [("q", question), *((_NAMES[field], value) for field, value, _ in chosen.each())]
    return f"?{urlencode(pairs)}"


def from_link(pairs: Iterable[tuple[str, str]], titles: Mapping[str, str]) -> tuple[str, Chosen]:
    """The question ("" for none) and filters of a link; `titles` are those of the articles that it may name."""
    question = ""
    found: dict[str, list[str]] = {name: [] for name in _NAMES.values()}
    for name, value in pairs:
        if name == "q":
            question = value
        elif name in found:
            found[name].append(value)
    articles = tuple((each, titles[each]) for each in found["article"] if each in titles)
    since, until = ("".join(found[name][-1:]) for name in ("since", "until"))
    return question, replace(
        Chosen.of(found["author"], found["site"], found["language"], since, until), articles=articles
    )
