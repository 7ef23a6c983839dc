"""Writing to a library on Milvus, which knows no transactions: each article is whole or not there, whoever writes.

    marks: these articles are being written   ->  passages and texts of the new version  ->  the articles' rows, which
    name the version  ->  marks: written  ->  passages and texts of other versions go  ->  the marks go

Readers leave out what belongs to a marked article and not to the version that its row names. A writer that dies leaves
its marks, and so nothing of it is found; `sweep` takes away what it left. Of several that write one article at once the
last row counts; each takes its own away where that is not the one.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qa import milvus_rows, records
from qa.errors import LibraryBusy
from qa.milvus_engine import Engine, View, among, batches, both, seconds_before
from qa.milvus_listing import CHANGE_SECONDS, TOMBSTONE_SECONDS
from qa.milvus_rows import Kept
from qa.milvus_schema import Kind, articles_name, has_halves, hashed, key, passages_name, records_name
from qa.milvus_search import Search, vocabulary_key
from qa.store import EncodedPassage
from qa.types import Article

_LEASE_SECONDS = 600.0  # for what a mark is set for
_ABANDONED_SECONDS = 3_600.0  # clocks may differ by what lies between
_ARTICLES_AT_ONCE = 200
_WRITING, _WRITTEN = "writing", "written"


@dataclass(slots=True)
class Put:
    """A version of an article on its way. `row` is without `position` and `changed`."""

    row: dict[str, Any]
    body: str
    passages: Sequence[EncodedPassage]
    words: list[str]
    position: int | None

    @property
    def number(self) -> int:
        return int(self.row["number"])

    @property
    def version(self) -> int:
        return int(self.row["version"])


@dataclass(slots=True)
class Batch:
    """What waits to be written, by one thread. Of two changes to one thing the later counts."""

    puts: dict[int, Put] = field(default_factory=dict)
    removals: set[int] = field(default_factory=set)
    records: dict[str, dict[str, Any] | None] = field(default_factory=dict)  # None: to be deleted

    def __bool__(self) -> bool:
        return bool(self.puts or self.removals or self.records)

    @property
    def passages(self) -> int:
        return sum(len(put.passages) for put in self.puts.values())


def put_of(
    article: Article,
    kept: Kept,
    passages: Sequence[EncodedPassage],
    *,
    position: int | None = None,
) -> Put:
    words = [records.terms_of(one.passage, article) for one in passages]
    version = secrets.randbits(62) + 1
    row, body = milvus_rows.article_row(article, kept, passages, words, version=version)
    return Put(row, body, passages, words, position)


class Writer:
    """Writes batches. Safe for several threads."""

    def __init__(self, engine: Engine, search: Search, spaces: Callable[[View], Sequence[int]]) -> None:
        """`spaces`: the dimensions that there are passages of."""
        self._engine = engine
        self._spaces = spaces
        self._search = search
        self._articles, self._records = articles_name(engine), records_name(engine)

    def write(self, batch: Batch) -> None:
        """Write it, empty it, and say that something has changed."""
        began = time.monotonic()
        puts, removals, records = batch.puts, batch.removals - set(batch.puts), batch.records
        batch.puts, batch.removals, batch.records = {}, set(), {}
        marks = self._marked({**{put.number: put.version for put in puts.values()}, **dict.fromkeys(removals, 0)})
        if puts:
            self._store_parts(list(puts.values()))
        if time.monotonic() - began > _LEASE_SECONDS:
            raise LibraryBusy(
                f"writing {len(puts)} articles took more than {_LEASE_SECONDS:.0f} s and was given up; add them again"
            )
        self._publish(puts, removals)
        self._engine.upsert(self._records, (record for record in records.values() if record is not None))
        self._engine.delete(self._records, (each for each, record in records.items() if record is None))
        # With the marks: who sees that they are gone sees that something has changed.
        written = ({**mark, "data": _mark_data(_WRITTEN)} for mark in marks)
        self._engine.upsert(self._records, [_stamp(), *written])
        if marks:
            self._settle([mark["owner"] for mark in marks])
            self._engine.delete(self._records, (mark["key"] for mark in marks))

    def stamp(self) -> None:
        """Say that something has changed."""
        self._engine.upsert(self._records, [_stamp()])

    def sweep(self) -> None:
        """Take away what writers left that died, and the traces of articles that went long ago."""
        view = self._engine.view()
        marks = self._engine.query(self._records, f"kind == {Kind.MARK:d}", ["key", "owner", "version", "data"], view)
        left = [mark for mark in marks if time.time() - json.loads(mark["data"])[1] > _ABANDONED_SECONDS]
        if left:
            numbers = {mark["owner"] for mark in left}
            rows = [
                {**row, "changed": self._engine.now()} for row in self._rows(numbers, ["*"], view) if row["version"]
            ]
            # Written anew, so that who follows the articles learns of what was published last.
            self._engine.upsert(self._articles, rows)
            ours = {mark["key"] for mark in left}
            self._settle(numbers, but=ours)
            self._engine.delete(self._records, ours)
            self.stamp()
        before = seconds_before(view.at, TOMBSTONE_SECONDS)
        old = self._engine.scan(self._articles, "number", f"version == 0 and changed < {before}", ["number"], view)
        self._engine.delete(self._articles, [row["number"] for row in old])

    # -- inside

    def _marked(self, versions: Mapping[int, int]) -> list[dict[str, Any]]:
        marks = [
            milvus_rows.record(
                f"{Kind.MARK:d}:{uuid.uuid4().hex}",
                Kind.MARK,
                owner=number,
                version=version,
                data=_mark_data(_WRITING),
            )
            for number, version in versions.items()
        ]
        self._engine.upsert(self._records, marks)
        return marks

    def _store_parts(self, puts: Sequence[Put]) -> None:
        """Everything of these articles but the rows that say that they are there."""
        terms = {milvus_rows.term_key(term) for put in puts for words in put.words for term in words.split()}
        new = self._search.new(terms)
        vocabulary = (milvus_rows.record(vocabulary_key(term), Kind.TERM, data="") for term in sorted(new))
        self._engine.upsert(self._records, vocabulary)
        self._search.note(new)
        rows: dict[int, list[dict[str, Any]]] = {}
        texts: list[dict[str, Any]] = []
        for put in puts:
            mine = {"owner": put.number, "version": put.version}
            texts += milvus_rows.long_records(body_key(put.version), Kind.BODY, put.body, **mine)
            for place, (one, words) in enumerate(zip(put.passages, put.words, strict=True)):
                row, more = milvus_rows.passage_row(
                    one,
                    words,
                    number=put.number,
                    version=put.version,
                    place=place,
                    halves=has_halves(self._engine),
                )
                rows.setdefault(len(one.vectors.vector), []).append(row)
                if more:
                    texts += milvus_rows.long_records(more_key(row["id"]), Kind.PASSAGE, more, **mine)
        self._engine.upsert(self._records, texts)
        for dimension, some in rows.items():
            self._engine.upsert(passages_name(self._engine, dimension), some)

    def _publish(self, puts: Mapping[int, Put], removals: Iterable[int]) -> None:
        """Have the articles' rows name what counts from now on."""
        numbers = [*puts, *removals]
        if not numbers:
            return
        view = self._engine.view()
        there = {row["number"]: row for row in self._rows(puts, ["number", "version", "position"], view)}
        rows = [milvus_rows.gone_row(number) for number in removals]
        for put in puts.values():
            known = there.get(put.number)
            if known is not None and known["version"]:
                position = known["position"]
            elif put.position is not None and not self._taken(put.position, view):
                position = put.position
            else:
                position = self._engine.now()
            rows.append({**put.row, "position": position})
        until = 0.0
        while not until or time.monotonic() > until:  # who follows the articles looks back no further
            until = time.monotonic() + CHANGE_SECONDS / 2
            at = self._engine.now()
            self._engine.upsert(self._articles, ({**row, "changed": at} for row in rows))

    def _taken(self, position: int, view: View) -> bool:
        return self._engine.count(self._articles, f"position == {int(position)} and version > 0", view) > 0

    def _settle(self, articles: Iterable[int], *, but: Iterable[str] = ()) -> None:
        """Take away the passages and texts of these articles that are of no version that counts or is on its way.

        `but`: keys of marks that protect nothing.
        """
        for numbers in batches(articles, _ARTICLES_AT_ONCE):
            view = self._engine.view()
            held: list[tuple[str, int | str, int, int]] = [
                (passages_name(self._engine, dimension), row["id"], row["article"], row["version"])
                for dimension in self._spaces(view)
                for row in self._engine.scan(
                    passages_name(self._engine, dimension),
                    "id",
                    among("article", numbers),
                    ["id", "article", "version"],
                    view,
                )
            ]
            texts = both(f"kind in [{Kind.BODY:d}, {Kind.PASSAGE:d}]", among("owner", numbers))
            held += [
                (self._records, row["key"], row["owner"], row["version"])
                for row in self._engine.scan(self._records, "spread", texts, ["key", "owner", "version"], view)
            ]
            counting = self._counting(numbers, view)
            others = {(number, version) for _, _, number, version in held} - counting
            if not others:
                continue
            # In this order: a version that was there and is on its way no longer has been published by now.
            protected = self._on_their_way(numbers, but)
            stale = others - protected - self._counting(numbers, self._engine.view())
            gone: dict[str, list[int | str]] = {}
            for collection, row_key, number, version in held:
                if (number, version) in stale:
                    gone.setdefault(collection, []).append(row_key)
            for collection, keys in gone.items():
                self._engine.delete(collection, keys)

    def _counting(self, numbers: Iterable[int], view: View) -> set[tuple[int, int]]:
        """(article, version) of what the articles' rows name."""
        return {(row["number"], row["version"]) for row in self._rows(numbers, ["number", "version"], view)}

    def _on_their_way(self, numbers: Sequence[int], but: Iterable[str]) -> set[tuple[int, int]]:
        condition = both(f"kind == {Kind.MARK:d}", among("owner", numbers))
        marks = self._engine.query(self._records, condition, ["key", "owner", "version", "data"], self._engine.view())
        return {
            (mark["owner"], mark["version"])
            for mark in marks
            if mark["key"] not in but and json.loads(mark["data"])[0] == _WRITING
        }

    def _rows(self, numbers: Iterable[int], fields: Sequence[str], view: View) -> list[dict[str, Any]]:
        return self._engine.rows(self._articles, "number", numbers, fields, view, at_once=_ARTICLES_AT_ONCE)


def body_key(version: int) -> str:
    return f"{Kind.BODY:d}:{version:x}"


def more_key(passage_id: int) -> str:
    return f"{Kind.PASSAGE:d}:{passage_id:x}"


def number_of(article_id: str) -> int:
    return hashed(article_id)


def _stamp() -> dict[str, Any]:
    return milvus_rows.record(key(Kind.STAMP, ""), Kind.STAMP, uuid.uuid4().hex)


def _mark_data(state: str) -> str:
    return milvus_rows.encoded([state, int(time.time())])
