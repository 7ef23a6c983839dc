"""An open library on Milvus: looks at the engine, reading rows whole, and gathering what one thread writes."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa import milvus_rows, milvus_schema
from qa.errors import InvalidInput, LibraryBusy, LibraryError
from qa.milvus_engine import TEXT_BYTES, Engine, View, among, batches, both
from qa.milvus_listing import Listed, Listing, facts_of
from qa.milvus_schema import Kind, articles_name, key, passages_name, records_name
from qa.milvus_search import Search
from qa.milvus_writing import Batch, Writer, body_key, more_key, number_of
from qa.types import Filters

FULL_AT_ONCE = 200  # passages with vectors to a message: 3 MB as a rule, 40 MB at most
BODIES_AT_ONCE = 50
_AMONG_MOST = 20_000  # articles to a condition; a filter that lets more through is asked in parts
_MANY_UNINDEXED = 10_000
_TRIES = 5  # to read an article whose versions change meanwhile


@dataclass(frozen=True, slots=True)
class _State:
    """`stamp` as in Store; `marked`: articles that are being written, with the version that counts (0: none)."""

    stamp: str
    marked: Mapping[int, int]
    spaces: tuple[int, ...]


class Opened:
    """What the calls of qa/milvus.py are made of."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._articles, self._records = articles_name(engine), records_name(engine)
        self._listing, self._search = Listing(engine), Search(engine)
        self._writer = Writer(engine, self._search, self._spaces)
        self._local = threading.local()
        self._unindexed = 0  # passages that this store has put since it told the engine to index them
        self._written = 0  # batches of this store: what was read before one is read again after it
        self._ready: set[int] = set()  # dimensions whose collection is loaded
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        address = self._engine.address
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        return state / "article-qa" / "milvus" / f"{address.host.replace(':', '-')}-{address.port}" / address.name

    def close(self) -> None:
        """Closing twice is allowed."""
        self._engine.close()

    # -- what the library knows of itself

    def meta(self, key: str) -> str | None:
        """What was noted under `key`."""
        row = self._record(milvus_schema.key(Kind.META, key))
        return None if row is None else str(row[1])

    def set_meta(self, key: str, value: str) -> None:
        """Inside `write()` or alone."""
        with self.write():
            self._put_record(Kind.META, key, [key, value])

    @property
    def stamp(self) -> str:
        """Changes with every `write` that is over."""
        return self._state(self._view()).stamp

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """What this thread reads inside is of the same time or later; it waits for the engine once."""
        if getattr(self._local, "view", None) is not None or self._batch is not None:
            yield
            return
        self._local.view = self._view()
        try:
            yield
        finally:
            self._local.view = None

    def checkpoint(self) -> None:
        """Take away what writers left that died; where much is new, have the engine index it now."""
        self._writer.sweep()
        if self._unindexed >= _MANY_UNINDEXED:
            self._unindexed = 0
            with contextlib.suppress(LibraryBusy):  # the engine does so itself after some minutes
                for dimension in self._spaces(self._view()):
                    self._engine.call(self._engine.client.flush, passages_name(self._engine, dimension))

    @contextlib.contextmanager
    def write(self) -> Iterator[None]:
        """What is done inside is sent together; each article is whole or not there, and what was done stays done."""
        self._engine.check_open()
        if self._batch is not None:
            yield
            return
        self._local.batch = Batch()
        try:
            yield
            if not self._flush():
                self._writer.stamp()
        except BaseException:
            with contextlib.suppress(LibraryError):  # the first error is the one to tell
                self._flush()
            raise
        finally:
            self._local.batch = None

    # -- one look at the engine

    def _view(self) -> View:
        """The thread's snapshot, or a new view; what this thread has not sent yet is sent first."""
        self._engine.check_open()
        if self._batch:
            self._flush()
        view: View | None = getattr(self._local, "view", None)
        return view if view is not None else self._engine.view()

    def _state(self, view: View) -> _State:
        state: _State | None = view.known.get("state")
        if state is None:
            condition = f"kind in [{Kind.STAMP:d}, {Kind.SPACE:d}, {Kind.MARK:d}]"
            rows = self._engine.query(self._records, condition, ["kind", "owner", "version", "data"], view)
            stamp = next((json.loads(row["data"]) for row in rows if row["kind"] == Kind.STAMP), "")
            spaces = tuple(sorted(row["version"] for row in rows if row["kind"] == Kind.SPACE))
            owners = {row["owner"] for row in rows if row["kind"] == Kind.MARK}
            state = _State(stamp, {**dict.fromkeys(owners, 0), **self._counting(owners, view)}, spaces)
            view.known["state"] = state
        return state

    def _spaces(self, view: View) -> tuple[int, ...]:
        spaces = self._state(view).spaces
        for dimension in spaces:
            if dimension not in self._ready:
                milvus_schema.have_ready(self._engine, passages_name(self._engine, dimension))
                self._ready.add(dimension)
        return spaces

    def _listed(self, view: View) -> Listed:
        return self._listing.followed(view, self._key(view))

    def _key(self, view: View) -> object:
        """The same for two views between which nothing was written."""
        state = self._state(view)
        return state.stamp, tuple(sorted(state.marked.items())), self._written

    def _scope(self, view: View) -> str:
        """The condition on passages that they are of the version that counts; "" where no other is there."""
        marked = self._state(view).marked
        if not marked:
            return ""
        versions = [version for version in marked.values() if version]
        others = among("article not", marked)
        return f"{others} or {among('version', versions)}" if versions else others

    def _conditions(self, filters: Filters, view: View) -> list[str]:
        """The conditions on passages that together let through what `filters` do; none where nothing passes."""
        scope = self._scope(view)
        if not filters:
            return [scope]
        numbers = self._listing.numbers(view, self._listed(view), filters)
        return [both(among("article", some), scope) for some in batches(numbers, _AMONG_MOST)]

    def _counts(self, wanted: Iterable[str], view: View) -> dict[str, int]:
        counts = self._search.counts(wanted, self._scope(view), self._spaces(view), view, self._key(view))
        # An article that came between the two is counted in one and not in the other.
        most = self._listed(view).passages
        return {term: min(count, most) for term, count in counts.items() if most}

    # -- rows

    def _counting(self, numbers: Iterable[int], view: View) -> dict[int, int]:
        """The version that counts of these articles; those that are not there are left out."""
        rows = self._engine.rows(self._articles, "number", numbers, ["number", "version"], view)
        return {row["number"]: row["version"] for row in rows if row["version"]}

    def _bodies(self, numbers: Sequence[int]) -> dict[int, tuple[str, dict[str, Any]]]:
        """The bodies of the articles that are there, with their rows."""
        found: dict[int, tuple[str, dict[str, Any]]] = {}
        view, left = self._view(), list(numbers)
        for _ in range(_TRIES):
            fields = ["number", "version", "position", "passages"]
            rows = self._engine.rows(self._articles, "number", left, fields, view)
            there = {body_key(row["version"]): row for row in rows if row["version"]}
            texts = self._texts(there, view)
            found |= {row["number"]: (texts[each], row) for each, row in there.items() if each in texts}
            left = [row["number"] for row in there.values() if row["number"] not in found]
            if not left:
                break
            view = self._engine.view()  # another version has come meanwhile
        if left:
            place = self._engine.address.place
            raise LibraryError(f"the texts of {len(left)} articles of {place} are missing; add these articles again")
        return {number: found[number] for number in numbers if number in found}

    def _facts(self, numbers: list[int]) -> dict[int, dict[str, Any]]:
        """Rows of articles that are there, as `facts_of` gives them, whole."""
        rows = {row["number"]: row for row in facts_of(self._engine, numbers, self._view())}
        return self._whole(rows)

    def _whole(self, rows: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
        """The rows with facts and data, also where they are too long for a row."""
        cut = [number for number, row in rows.items() if not row["facts"] or not row["data"]]
        for number, (body, row) in self._bodies(cut).items() if cut else ():
            facts, data, _, _ = json.loads(body)
            rows[number] = {**rows[number], **row, "facts": facts, "data": data}
        return {number: row for number, row in rows.items() if row["facts"] and row["data"]}

    def _texts(self, keys: Iterable[str], view: View) -> dict[str, str]:
        """The longer texts of which every piece is there."""
        firsts = {f"{each}.0": each for each in keys}
        get = self._engine.rows
        rows = get(self._records, "key", firsts, ["key", "data"], view, at_once=BODIES_AT_ONCE)
        pieces: dict[str, str] = {row["key"]: row["data"] for row in rows}
        parts = {
            firsts[first]: [f"{firsts[first]}.{i}" for i in range(milvus_rows.pieces_of(data))]
            for first, data in pieces.items()
        }
        more = [piece for some in parts.values() for piece in some[1:]]
        rows = get(self._records, "key", more, ["key", "data"], view, at_once=BODIES_AT_ONCE)
        pieces |= {row["key"]: row["data"] for row in rows}
        return {
            each: milvus_rows.joined([pieces[piece] for piece in some])
            for each, some in parts.items()
            if all(piece in pieces for piece in some)
        }

    def _of_article(self, article_id: str, fields: Sequence[str], view: View) -> Iterator[tuple[str, list[Any]]]:
        """Rows of its passages, by collection."""
        number = number_of(article_id)
        version = self._counting([number], view).get(number)
        if version is not None:
            condition = f"article == {number} and version == {version}"
            for dimension in self._spaces(view):
                collection = passages_name(self._engine, dimension)
                yield collection, list(self._engine.scan(collection, "id", condition, fields, view))

    def _full_rows(self, collection: str, ids: Iterable[int], view: View) -> list[dict[str, Any]]:
        return self._filled(collection, milvus_rows.FULL_FIELDS, ids, view)

    def _filled(self, collection: str, fields: Sequence[str], ids: Iterable[int], view: View) -> list[dict[str, Any]]:
        """Rows of passages, with what did not fit into them."""
        rows = self._engine.rows(collection, "id", ids, fields, view, at_once=FULL_AT_ONCE)
        cut = [more_key(row["id"]) for row in rows if not row["data"]]
        texts = self._texts(cut, view) if cut else {}
        whole = []
        for row in rows:
            if row["data"]:
                whole.append(row)
            elif more_key(row["id"]) in texts:  # else it went meanwhile
                whole.append(milvus_rows.with_more(row, texts[more_key(row["id"])]))
        return whole

    # -- records

    def _record(self, record_key: str) -> list[Any] | None:
        rows = self._engine.rows(self._records, "key", [record_key], ["data"], self._view())
        return list(json.loads(rows[0]["data"])) if rows else None

    def _all(self, kind: Kind, where: str = "") -> list[list[Any]]:
        condition = both(f"kind == {kind:d}", where)
        rows = self._engine.scan(self._records, "spread", condition, ["version", "data"], self._view())
        return [json.loads(row["data"]) for row in sorted(rows, key=lambda row: (row["version"], row["data"]))]

    def _put_record(self, kind: Kind, name: str, value: Any, *, owner: int = 0, version: int = 0) -> None:
        record = milvus_rows.record(key(kind, name), kind, value, owner=owner, version=version)
        if len(record["data"].encode()) > TEXT_BYTES:
            raise InvalidInput(f"{name[:80]!r}… is too long to be kept on a server: at most 65,535 bytes")
        self._writing().records[record["key"]] = record

    # -- writing

    @property
    def _batch(self) -> Batch | None:
        """What this thread is writing."""
        return getattr(self._local, "batch", None)

    def _writing(self) -> Batch:
        batch = self._batch
        assert batch is not None
        return batch

    def _flush(self) -> bool:
        """Send what this thread is writing; whether there was anything."""
        batch = self._writing()
        if not batch:
            return False
        passages = batch.passages
        self._writer.write(batch)
        with self._lock:
            self._written += 1
            self._unindexed += passages
        return True

    def _have_space(self, dimension: int) -> None:
        """Have a collection for passages of so many dimensions."""
        if dimension in self._ready:
            return
        with self._lock:
            milvus_schema.make_passages(self._engine, dimension)
            record = milvus_rows.record(f"{Kind.SPACE:d}:{dimension}", Kind.SPACE, version=dimension)
            self._engine.upsert(self._records, [record])
            self._ready.add(dimension)
