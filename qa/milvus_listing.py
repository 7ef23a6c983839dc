"""Who is in a library on Milvus: every article without its text, kept here and brought up to date.

Filters, lists and counts need what an engine's conditions cannot say (names as part of a name, dates to the precision
that both sides have). So the articles are read once, some 200 bytes each, and after that only those that changed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qa import lexical, milvus_rows
from qa.milvus_engine import Engine, View, seconds_before
from qa.milvus_schema import LIGHT, articles_name
from qa.types import ArticleSummary, Filters

# Between the time that an article's row names as that of its change, and the row being there, at most half of this.
CHANGE_SECONDS = 60.0
TOMBSTONE_SECONDS = 86_400.0  # who has not looked for longer reads everything anew
_MOST_FILTERS = 32
_FACTS_AT_ONCE = 1_000  # rows to a message


@dataclass(frozen=True, slots=True)
class Entry:
    """An article: `number` is the hash of its id, `words` how many terms its passages have, `changed` when."""

    number: int
    id: str
    version: int
    position: int
    changed: int
    passages: int
    words: int
    name_words: int
    language: str | None
    published: str | None


@dataclass(slots=True)
class Listed:
    """The articles at one state of the library. Not to be changed."""

    key: object
    at: int
    entries: Mapping[int, Entry] = field(default_factory=dict)  # by number
    order: list[Entry] = field(default_factory=list)  # as they were first added
    passages: int = 0
    words: int = 0
    name_words: int = 0
    filtered: dict[Filters, list[int]] = field(default_factory=dict)


class Listing:
    """Follows the articles of a library. Safe for several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._listed: Listed | None = None
        self._summaries: dict[int, tuple[int, ArticleSummary]] = {}  # with the `changed` that they are of

    def followed(self, view: View, key: object) -> Listed:
        """The articles at `view`; `key` is the same where nothing has changed."""
        with self._lock:
            listed = self._listed
            if listed is None or listed.key != key:
                listed = self._listed = self._read(view, key, listed)
            return listed

    def summaries(self, view: View, listed: Listed) -> Iterator[tuple[Entry, ArticleSummary]]:
        """Of every article, in order."""
        with self._lock:
            known = self._summaries
            missing = [one.number for one in listed.order if known.get(one.number, (0,))[0] != one.changed]
            if missing:
                known = {number: known[number] for number in listed.entries if number in known}
                for row in facts_of(self._engine, missing, view):
                    entry = listed.entries[row["number"]]
                    known[entry.number] = entry.changed, milvus_rows.summary_of(row["facts"], entry.passages)
                self._summaries = known
        for entry in listed.order:
            if entry.number in known:
                yield entry, known[entry.number][1]

    def numbers(self, view: View, listed: Listed, filters: Filters) -> list[int]:
        """Of the articles that `filters` let through, in order."""
        found = listed.filtered.get(filters)
        if found is None:
            ids = frozenset(filters.article_ids)
            if filters.authors or filters.sites:
                pairs = self.summaries(view, listed)
                found = [entry.number for entry, facts in pairs if _passes(filters, ids, entry) and _by(filters, facts)]
            else:
                found = [entry.number for entry in listed.order if _passes(filters, ids, entry)]
            if len(listed.filtered) < _MOST_FILTERS:
                listed.filtered[filters] = found
        return found

    def _read(self, view: View, key: object, before: Listed | None) -> Listed:
        since = 0
        if before is not None and before.at > seconds_before(view.at, TOMBSTONE_SECONDS / 2):
            since = seconds_before(before.at, CHANGE_SECONDS)
        where = f"changed > {since}" if since else "version > 0"
        entries = dict(before.entries) if before is not None and since else {}
        for row in self._engine.scan(articles_name(self._engine), "number", where, LIGHT, view):
            if row["version"]:
                row["language"], row["published"] = map(milvus_rows.optional, (row["language"], row["published"]))
                entries[row["number"]] = Entry(**{name: row[name] for name in LIGHT})
            else:
                entries.pop(row["number"], None)
        order = sorted(entries.values(), key=lambda one: (one.position, one.number))
        return Listed(
            key,
            view.at,
            entries,
            order,
            sum(one.passages for one in order),
            sum(one.words for one in order),
            sum(one.name_words for one in order),
        )


def facts_of(engine: Engine, numbers: list[int], view: View) -> list[dict[str, Any]]:
    """Rows with `number`, `version`, `passages`, `facts` and `data` of the articles that are there."""
    fields = ["number", "version", "position", "passages", "facts", "data"]
    rows = engine.rows(articles_name(engine), "number", numbers, fields, view, at_once=_FACTS_AT_ONCE)
    return [row for row in rows if row["version"]]


def _passes(filters: Filters, ids: frozenset[str], entry: Entry) -> bool:
    if filters.languages and (entry.language or "").lower() not in {each.lower() for each in filters.languages}:
        return False
    if ids and entry.id not in ids:
        return False
    # Dates may be a year or a month: they are compared to the precision that both sides have.
    date = entry.published
    if filters.since and not (date and date >= filters.since[: len(date)]):
        return False
    return not filters.until or bool(date and date[: len(filters.until)] <= filters.until)


def _by(filters: Filters, facts: ArticleSummary) -> bool:
    authors, site = lexical.fold(" ".join(facts.authors)), lexical.fold(facts.site or "")
    return (not filters.authors or any(lexical.fold(each) in authors for each in filters.authors)) and (
        not filters.sites or any(lexical.fold(each) in site for each in filters.sites)
    )
