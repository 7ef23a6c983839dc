"""What is searched of a library on this machine: the vectors and the search terms of its passages.

A row is a passage; rows are in the order of the passages' ids. Most of them lie in files that were made at a
checkpoint and are mapped, so that processes share them (`index/<name>/`); what was added since is in memory; what was
removed is masked. All of it can be made anew from the database, which says which files are the ones:

    files written, flushed to disk, renamed  ->  their names and digests committed  ->  older files deleted

A process that dies in between leaves the older files, which still count, and the passages since, which are read again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa import postings, records
from qa.database import Database
from qa.postings import Collected, Postings
from qa.types import Filters

if TYPE_CHECKING:
    from embeddings.index import VectorIndex

logger = logging.getLogger(__name__)

FOLDER = "index"
_VECTORS = "vectors.faiss"
_IDS = "ids.npy"
RECORD = "index"  # the key in `meta`
# A checkpoint is written when more than this share of the rows in files has changed since: between so many rows.
_CHANGED_SHARE, _CHANGED_LEAST, _CHANGED_MOST = 0.1, 256, 20_000
# Terms that more passages hold are looked up only where a question has no other. Recall@10 of `retrieve` at a million
# passages, of 40 questions: .93 at a tenth, .975 at a fifth, .993 at two fifths, which takes a fifth longer.
_COMMON_SHARE, _COMMON_PASSAGES = 0.25, 5_000
_MOST_PARTS = 8  # lists of postings in memory before they are joined
_MOST_MASKS = 16
_READ_AT_ONCE = 8_192
_ABANDONED_SECONDS = 3_600.0


@dataclass(slots=True)
class _Rows:
    """The index at one state of the database: `parts` are the postings of consecutive rows, the first those in files.

    `alive`: bool (rows,), None where every row is; `last_id` and `last_removal` say how far it has followed.
    """

    dimension: int
    name: str
    vectors: VectorIndex  # in files
    recent: VectorIndex  # since
    parts: list[Postings]
    ids: NDArray[np.int64]
    lengths: NDArray[np.float32]  # in terms
    alive: NDArray[np.bool_] | None = None
    last_id: int = 0
    last_removal: int = 0
    masks: dict[Filters, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        """Rows that are otherwise than in the files."""
        gone = 0 if self.alive is None else int(np.count_nonzero(~self.alive[: len(self.vectors)]))
        return len(self.recent) + gone


class Index:
    """Follows a database and the files made of it in `folder`. Safe for several threads."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
        self._lock = threading.RLock()
        self._writing = threading.Lock()  # files
        self._rows: _Rows | None = None
        self._stamp: str | None = None

    # -- searching

    def near(self, vector: NDArray[np.float32], limit: int, filters: Filters) -> list[tuple[int, float]]:
        """(passage id, cosine) of the `limit` passages nearest to `vector`, best first."""
        with self._lock:
            rows = self._followed()
            if rows is None:
                return []
            mask = self._mask(rows, filters)
            first = len(rows.vectors)
            found = rows.vectors.search(vector, limit, among=None if mask is None else mask[:first])
            since = rows.recent.search(vector, limit, among=None if mask is None else mask[first:])
            places = np.concatenate([found.rows, since.rows + first])
            scores = np.concatenate([found.scores, since.scores])
            best = np.argsort(-scores, kind="stable")[:limit]
            return list(zip(rows.ids[places[best]].tolist(), scores[best].tolist(), strict=True))

    def best(self, terms: Sequence[str], limit: int, filters: Filters) -> list[tuple[int, float]]:
        """(passage id, BM25) of the `limit` best passages that hold any of the terms, best first.

        Terms that very many passages hold count only where there is no other.
        """
        with self._lock:
            rows = self._followed()
            if rows is None:
                return []
            mask = self._mask(rows, filters)
            holding = {term: _holding(rows, term) for term in terms}
            holding = {term: held for term, held in holding.items() if held.count}
            common = max(_COMMON_PASSAGES, _COMMON_SHARE * len(rows.ids))
            rare = [held for held in holding.values() if held.count <= common]
            if not rare and holding:
                rare = [min(holding.values(), key=lambda held: held.count)]
            places, scores = _scored(rows, rare, mask, limit)
            return list(zip(rows.ids[places].tolist(), scores.tolist(), strict=True))

    def holding(self, wordings: Iterable[Sequence[str]]) -> list[tuple[Sequence[str], list[int]]]:
        """Each wording with the ids of the passages that hold all its terms, in order."""
        with self._lock:
            rows = self._followed()
            found: list[tuple[Sequence[str], list[int]]] = []
            for wording in wordings:
                if rows is None or not wording:
                    found.append((wording, []))
                    continue
                held = sorted((_holding(rows, term).rows for term in dict.fromkeys(wording)), key=len)
                common = held[0]
                for other in held[1:]:
                    common = np.intersect1d(common, other, assume_unique=True)
                found.append((wording, rows.ids[_alive(rows, common)].tolist()))
            return found

    def counts(self, terms: Iterable[str]) -> dict[str, int]:
        """In how many passages each term stands; those that stand in none are left out."""
        with self._lock:
            rows = self._followed()
            counts = {} if rows is None else {term: _holding(rows, term).count for term in terms}
        return {term: count for term, count in counts.items() if count}

    def terms_from(self, beginning: str, shortest: int, longest: int) -> list[str]:
        """The terms that begin so, of `shortest` to `longest` characters."""
        with self._lock:
            rows = self._followed()
            found = dict.fromkeys(
                term
                for part in (rows.parts if rows else ())
                for term in part.terms_from(beginning)
                if shortest <= len(term) <= longest
            )
            return [term for term in found if rows and (rows.alive is None or _holding(rows, term).count)]

    # -- files

    def checkpoint(self, *, always: bool = False) -> None:
        """Write new files where much has changed since the last ones. What cannot be written is logged.

        Searching goes on meanwhile.
        """
        with self._writing:
            with self._lock:
                rows = self._followed()
                if rows is None:
                    return
                limit = max(_CHANGED_LEAST, min(_CHANGED_SHARE * len(rows.vectors), _CHANGED_MOST))
                if not rows.changed or not (always or rows.changed > limit or not rows.name):
                    return
                rows = replace(rows, recent=rows.recent.copy(), parts=list(rows.parts), masks={})
            try:
                written = self._written(rows)
            except (OSError, ValueError) as error:
                logger.warning("the index could not be written, it will be rebuilt when needed: %s", error)
                return
            with self._lock:
                self._rows, self._stamp = written, None

    def problems(self) -> Iterator[str]:
        """What is wrong with the files, and with what is searched: it must be the passages that there are."""
        record = self._record()
        if record:
            try:
                self._opened(self._folder / record["name"], record)
            except (OSError, ValueError, KeyError, TypeError) as error:
                yield f"the index is damaged, which loses nothing: it is made anew when it is needed ({error})"
        with self._lock:
            rows = self._followed()
            searched = [] if rows is None else rows.ids[slice(None) if rows.alive is None else rows.alive].tolist()
        stored = [row[0] for row in self._database.all("SELECT id FROM indexed ORDER BY id")]
        if searched != stored:
            yield f"the index has {len(searched)} passages, and not the {len(stored)} that are stored"

    def _written(self, rows: _Rows) -> _Rows:
        """New files of these rows, mapped. Raises OSError."""
        from embeddings.index import VectorIndex

        name = uuid.uuid4().hex[:12]
        whole = self._folder / name
        part = self._folder / f"{name}.part"
        part.mkdir(parents=True)
        try:
            ids = rows.ids if rows.alive is None else rows.ids[rows.alive]
            if rows.vectors.suits(len(ids)):
                vectors = rows.vectors.extended(rows.recent, keep=rows.alive)
            else:
                vectors = VectorIndex(rows.dimension).extended(self._all_vectors(rows.dimension, ids))
            if len(vectors) != len(ids):
                raise OSError("passages were removed while it was made; the next checkpoint writes it")
            vectors.save(part / _VECTORS)
            del vectors
            postings.joined(rows.parts, rows.alive).save(part)
            np.save(part / _IDS, ids)
            for path in part.iterdir():
                flush(path)
            record = {
                "name": name,
                "dimension": rows.dimension,
                "last_id": rows.last_id,
                "last_removal": rows.last_removal,
                "files": _digests(part),
            }
            with self._database.write():  # renamed inside it, so that no other process takes them for older files
                os.replace(part, whole)
                flush(self._folder)
                others = _older(self._folder, name)
                self._database.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (RECORD, json.dumps(record)))
                self._database.run("DELETE FROM removals WHERE number <= ?", (rows.last_removal,))
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        for other in others:  # whoever has them mapped keeps them
            shutil.rmtree(other, ignore_errors=True)
        return self._opened(whole, record)

    def _opened(self, folder: Path, record: dict[str, Any]) -> _Rows:
        """Raises OSError or ValueError where the files are not those that were written."""
        from embeddings.index import VectorIndex

        if _digests(folder) != record["files"]:
            raise ValueError(f"the files in {folder} are damaged")
        dimension = record["dimension"]
        vectors = VectorIndex.load(folder / _VECTORS, dimension)
        ids = np.load(folder / _IDS, mmap_mode="r").view(np.ndarray)
        words = Postings.load(folder)
        if not len(vectors) == len(ids) == len(words):
            raise ValueError(f"the files in {folder} do not belong together")
        return _Rows(
            dimension,
            record["name"],
            vectors,
            VectorIndex(dimension, exact_below=np.iinfo(np.int64).max),
            [words],
            ids,
            words.lengths,
            last_id=record["last_id"],
            last_removal=record["last_removal"],
        )

    # -- following the database

    def _followed(self) -> _Rows | None:
        """The rows of exactly the passages that there are now; None where there is none."""
        if (self._meta("stamp") or "") == self._stamp:
            return self._rows
        one = self._database.one("SELECT length(vector) FROM indexed LIMIT 1")
        if one is None:
            return None
        dimension = one[0] // np.dtype(np.float16).itemsize
        rows = self._rows
        if rows is None or not self._can_follow(rows, dimension):
            rows = self._from_files(dimension)
        self._rows, self._stamp = rows, None  # before it changes: what cannot be read to its end is read again
        with self._database.snapshot():
            self._take_out(rows)
            self._bring_in(rows)
            self._stamp = self._meta("stamp") or ""
        return rows

    def _can_follow(self, rows: _Rows, dimension: int) -> bool:
        """Whether the database still tells all that has changed since, and there are no files that save the work."""
        record = self._record()
        first = self._database.one("SELECT min(number) FROM removals")[0]
        return (
            rows.dimension == dimension
            and bool(record or not rows.name)
            and record.get("last_removal", 0) <= rows.last_removal
            and (first is None or first <= rows.last_removal + 1)
            and (record.get("name", "") == rows.name or rows.changed <= _CHANGED_MOST)
        )

    def _from_files(self, dimension: int) -> _Rows:
        """The rows in the files that the database names; none where there are no such files."""
        from embeddings.index import VectorIndex

        record = self._record()
        while record.get("dimension") == dimension:
            try:
                return self._opened(self._folder / record["name"], record)
            except (OSError, ValueError, KeyError, TypeError) as error:
                before, record = record, self._record()
                if record == before:  # else another process has just written newer ones
                    logger.warning("the index is made anew from the library's database: %s", error)
                    break
        # What went before is not among the passages that there are.
        last = self._database.one("SELECT max(number) FROM removals")[0] or record.get("last_removal", 0)
        return _Rows(
            dimension,
            "",
            VectorIndex(dimension),
            VectorIndex(dimension, exact_below=np.iinfo(np.int64).max),
            [Collected().postings()],
            np.empty(0, np.int64),
            np.empty(0, np.float32),
            last_removal=last,
        )

    def _record(self) -> dict[str, Any]:
        """What is known of the files: see `_written`; {} where there are none."""
        return dict(json.loads(self._meta(RECORD) or "{}"))

    def _bring_in(self, rows: _Rows) -> None:
        ids: list[NDArray[np.int64]] = []
        collected = Collected()
        for found, vectors, terms in self._stored(rows.dimension, rows.last_id):
            rows.recent.add(vectors)
            collected.add(terms)
            ids.append(found)
        if not ids:
            return
        new = np.concatenate(ids)
        rows.parts.append(collected.postings())
        rows.ids = np.concatenate([rows.ids, new])
        rows.lengths = np.concatenate([rows.lengths, rows.parts[-1].lengths])
        if rows.alive is not None:
            rows.alive = np.concatenate([rows.alive, np.ones(len(new), np.bool_)])
        if len(rows.parts) > _MOST_PARTS:
            rows.parts[1:] = [postings.joined(rows.parts[1:])]
        rows.last_id = int(new[-1])
        rows.masks.clear()

    def _take_out(self, rows: _Rows) -> None:
        gone = self._database.all(
            "SELECT number, passage_id FROM removals WHERE number > ? ORDER BY number", (rows.last_removal,)
        )
        if not gone:
            return
        rows.last_removal = gone[-1][0]
        wanted = np.array([row[1] for row in gone], np.int64)
        places = np.searchsorted(rows.ids, wanted)
        there = places < len(rows.ids)
        there[there] = rows.ids[places[there]] == wanted[there]
        if there.any():
            alive = np.ones(len(rows.ids), np.bool_) if rows.alive is None else rows.alive.copy()
            alive[places[there]] = False
            rows.alive = alive
        rows.masks.clear()

    def _stored(self, dimension: int, after: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], list[str]]]:
        """(ids, vectors, terms) of the passages with higher ids, some thousands at a time."""
        query = "SELECT id, vector, terms FROM indexed WHERE id > ? ORDER BY id LIMIT ?"
        while found := self._database.all(query, (after, _READ_AT_ONCE)):
            matrix = np.frombuffer(b"".join(row[1] for row in found), np.float16).reshape(len(found), dimension)
            yield np.array([row[0] for row in found], np.int64), matrix.astype(np.float32), [row[2] for row in found]
            after = found[-1][0]

    def _all_vectors(self, dimension: int, ids: NDArray[np.int64]) -> VectorIndex:
        """The vectors of these passages, from the database, in order; of those that went meanwhile there are none."""
        from embeddings.index import VectorIndex

        vectors = VectorIndex(dimension, exact_below=np.iinfo(np.int64).max)
        for found, some, _ in self._stored(dimension, 0):
            vectors.add(some[np.isin(found, ids, assume_unique=True)])
        return vectors

    # -- filters

    def _mask(self, rows: _Rows, filters: Filters) -> NDArray[np.bool_] | None:
        """bool (rows,): what may be found; None where every row may."""
        if not filters:
            return rows.alive
        if filters not in rows.masks:
            if len(rows.masks) >= _MOST_MASKS:
                del rows.masks[next(iter(rows.masks))]
            condition, values = records.condition(filters)
            spans = self._database.all(
                f"SELECT first_passage, passages FROM articles WHERE passages > 0 AND {condition}", values
            )
            firsts = np.array([span[0] for span in spans], np.int64)
            lasts = firsts + np.array([span[1] for span in spans], np.int64)
            steps = np.zeros(len(rows.ids) + 1, np.int32)
            np.add.at(steps, np.searchsorted(rows.ids, firsts), 1)
            np.add.at(steps, np.searchsorted(rows.ids, lasts), -1)
            mask = np.cumsum(steps[:-1]) > 0
            rows.masks[filters] = mask if rows.alive is None else mask & rows.alive
        return rows.masks[filters]

    def _meta(self, key: str) -> str | None:
        row = self._database.one("SELECT value FROM meta WHERE key = ?", (key,))
        return None if row is None else str(row[0])


@dataclass(frozen=True, slots=True)
class _Held:
    """Where a term stands: rows, in order, how often in each, and in how many of the rows that are alive."""

    rows: NDArray[np.int32]
    counts: NDArray[np.uint8]
    count: int


def _holding(rows: _Rows, term: str) -> _Held:
    found, counts, first = [], [], 0
    for part in rows.parts:
        some, often = part.holding(term)
        if len(some):
            found.append(some if first == 0 else some + np.int32(first))
            counts.append(often)
        first += len(part)
    where = found[0] if len(found) == 1 else np.concatenate([np.empty(0, np.int32), *found])
    often = counts[0] if len(counts) == 1 else np.concatenate([np.empty(0, np.uint8), *counts])
    return _Held(where, often, len(_alive(rows, where)))


def _alive(rows: _Rows, where: NDArray[np.int32]) -> NDArray[np.int32]:
    return where if rows.alive is None else where[rows.alive[where]]


def _scored(
    rows: _Rows, terms: Sequence[_Held], mask: NDArray[np.bool_] | None, limit: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The `limit` best rows by BM25 over these terms, best first, with their scores."""
    lengths = rows.lengths
    passages = len(rows.ids) if rows.alive is None else int(np.count_nonzero(rows.alive))
    mean = float(lengths.mean(where=True if rows.alive is None else rows.alive)) if passages else 0.0
    scores = np.zeros(len(rows.ids), np.float32)
    touched = [np.empty(0, np.int32)]
    for held in terms:
        where, often = held.rows, held.counts
        if mask is not None:
            let = mask[where]
            where, often = where[let], often[let]
        part = postings.saturated(often.astype(np.float32), lengths[where], mean)
        scores[where] += np.float32(postings.weight(passages, held.count)) * part
        touched.append(where)
    places = np.concatenate(touched)
    reached = scores[places]
    most = limit * max(1, len(terms))  # each row stands in it at most once for each term
    if len(places) > most:
        places = places[reached >= np.partition(reached, -most)[-most]]
    places = np.unique(places)
    best = np.argsort(-scores[places], kind="stable")[:limit]
    return places[best], scores[places[best]]


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file, by name."""

    def digest(path: Path) -> str:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    paths = sorted(folder.iterdir())
    with ThreadPoolExecutor(2) as pool:  # hashing lets other threads run
        return dict(zip([path.name for path in paths], pool.map(digest, paths), strict=True))


def flush(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _older(folder: Path, name: str) -> list[Path]:
    """All but `name`, and but what another process is writing."""

    def abandoned(path: Path) -> bool:
        try:
            return time.time() - path.stat().st_mtime > _ABANDONED_SECONDS
        except OSError:
            return False

    return [path for path in folder.iterdir() if path.name != name and (path.suffix != ".part" or abandoned(path))]
