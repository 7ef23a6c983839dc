"""The library on disk: one SQLite file in WAL mode that is the truth of articles, passages and vectors.

Every change is one transaction. Readers see whole states only; a second writer waits for the first, and
is told so when it takes too long. Whatever else lies in the folder can be rebuilt from this file.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qa import lexical, records, schema
from qa.errors import LibraryBusy, LibraryClosed, LibraryError, UnknownArticle
from qa.language import language_of
from qa.split import HEADING_JOIN
from qa.types import Article, ArticleSummary, Filters, Passage, Removed, Validators

_BUSY_SECONDS = 30.0
_MOST_PARAMETERS = 900  # SQLite's lowest default limit is 999 to a statement


@dataclass(frozen=True, slots=True)
class Vectors:
    """A passage's vector, float16 (dim,), and its token vectors as bytes (see embeddings/late.py)."""

    vector: NDArray[np.float16]
    tokens: bytes


@dataclass(frozen=True, slots=True)
class EncodedPassage:
    """A passage ready to be stored; `hash` is of the text that was embedded."""

    passage: Passage
    hash: bytes
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage as found in the store."""

    id: int
    passage: Passage
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Names:
    """What an article goes by, as search terms (qa/lexical.py) in order: its title, each of its headings, each author.

    `published` is its date, ISO 8601, as in Article.
    """

    title: tuple[str, ...]
    headings: tuple[tuple[str, ...], ...]
    authors: tuple[tuple[str, ...], ...]
    site: tuple[str, ...]
    published: str | None


NameColumn = Literal["title", "headings", "authors", "site"]


class Store:
    """An open library file. Safe for several threads."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._closed = False
        if not path.exists() and not create:
            raise LibraryError(f"there is no library at {path.parent}; add articles to it first")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise LibraryError(f"the library {path.parent} could not be opened: {error}") from error
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._connection.close()

    # -- what the library knows of itself

    def meta(self, key: str) -> str | None:
        row = self._one("SELECT value FROM meta WHERE key = ?", (key,))
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Inside `write()` or alone."""
        self._all("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))

    @property
    def stamp(self) -> str:
        """Changes with every transaction that wrote: two equal stamps are the same state of the same library."""
        return self.meta("stamp") or ""

    # -- articles

    def __len__(self) -> int:
        return int(self._one("SELECT count(*) FROM articles")[0])

    @property
    def passage_count(self) -> int:
        return int(self._one("SELECT count(*) FROM passages")[0])

    def article(self, article_id: str) -> Article:
        row = self._one(f"SELECT {records.ARTICLE_COLUMNS} FROM articles WHERE id = ?", (article_id,))
        if row is None:
            raise UnknownArticle(f"no article has the id {article_id!r}; `article-qa list` shows the ids there are")
        return records.article(row)

    def articles_by_id(self, ids: Iterable[str]) -> dict[str, Article]:
        rows = self._in(f"SELECT {records.ARTICLE_COLUMNS} FROM articles WHERE id IN ", list(dict.fromkeys(ids)))
        return {row[0]: records.article(row) for row in rows}

    def articles(self) -> Iterator[Article]:
        """In the order in which they were first added. Holds no lock between articles."""
        position = -1
        while rows := self._all(
            f"SELECT {records.ARTICLE_COLUMNS}, position FROM articles WHERE position > ? ORDER BY position LIMIT 100",
            (position,),
        ):
            position = rows[-1][-1]
            yield from (records.article(row[:-1]) for row in rows)

    def summaries(self, search: str = "") -> list[ArticleSummary]:
        rows = self._all(
            f"SELECT {records.SUMMARY_COLUMNS} FROM articles WHERE instr({records.SEARCHED}, ?) ORDER BY position",
            (lexical.fold(search.strip()),),
        )
        return [records.summary(row) for row in rows]

    def browse(
        self, search: str, *, order: str, descending: bool, offset: int, limit: int
    ) -> tuple[int, list[ArticleSummary]]:
        """How many articles match, and those of one page in this order (a key of records.ORDERS)."""
        found = self._all(
            f"SELECT id FROM articles WHERE ?1 = '' OR instr({records.SEARCHED}, ?1)"
            f" ORDER BY {records.order_by(order, descending)}",
            (lexical.fold(search.strip()),),
        )
        ids = [row[0] for row in found[offset : offset + limit]]
        summaries = self.summaries_of(ids)
        return len(found), [summaries[each] for each in ids if each in summaries]

    def counted(self, what: Literal["years", "sites", "languages", "authors"]) -> dict[str, int]:
        """In how many articles each stands: years in order, the others the most frequent first."""
        return {row[0]: row[1] for row in self._all(records.COUNTS[what])}

    def summaries_of(self, ids: Iterable[str]) -> dict[str, ArticleSummary]:
        rows = self._in(f"SELECT {records.SUMMARY_COLUMNS} FROM articles WHERE id IN ", list(dict.fromkeys(ids)))
        return {row[0]: records.summary(row) for row in rows}

    def article_ids(self, filters: Filters) -> list[str]:
        """The articles that `filters` let through, in the order in which they were first added."""
        condition, values = records.condition(filters)
        return [row[0] for row in self._all(f"SELECT id FROM articles WHERE {condition} ORDER BY position", values)]

    def articles_at(self, host: str) -> list[str]:
        """The articles of a web site, by its host's name or the end of it: "example.org" for "www.example.org"."""
        rows = self._all(
            "SELECT id FROM articles WHERE instr(lower(url) || '/', '//' || ?1 || '/')"
            " OR instr(lower(url) || '/', '.' || ?1 || '/')",
            (host.lower(),),
        )
        return [row[0] for row in rows]

    def languages(self) -> set[str | None]:
        return {row[0] for row in self._all("SELECT DISTINCT language FROM articles")}

    def languages_of(self, article_ids: Iterable[str]) -> dict[str, str | None]:
        return dict(self._in("SELECT id, language FROM articles WHERE id IN ", list(dict.fromkeys(article_ids))))

    def fingerprint(self, article_id: str) -> str | None:
        row = self._one("SELECT fingerprint FROM articles WHERE id = ?", (article_id,))
        return None if row is None else str(row[0])

    def corrected(self, article_id: str) -> dict[str, Any]:
        """Which facts of an article were corrected by hand, each with what its page says."""
        row = self._one("SELECT corrected FROM articles WHERE id = ?", (article_id,))
        return {} if row is None else dict(json.loads(row[0]))

    def as_removed(self, article_id: str) -> Removed:
        """All that is needed to put an article back."""
        article = self.article(article_id)
        query = "SELECT position, fingerprint, text_hash FROM articles WHERE id = ?"
        position, fingerprint, text_hash = self._one(query, (article_id,))
        places = self._all("SELECT location, etag, modified FROM locations WHERE article_id = ?", (article_id,))
        locations = tuple((row[0], Validators(row[1], row[2])) for row in places)
        return Removed(article, position, fingerprint, text_hash, self.corrected(article_id), locations)

    def article_at(self, location: str) -> str | None:
        row = self._one("SELECT article_id FROM locations WHERE location = ?", (location,))
        return None if row is None else str(row[0])

    def article_with_text(self, text_hash: str) -> str | None:
        """The first article read from a page (not given by code) that has this text."""
        row = self._one(
            "SELECT id FROM articles WHERE text_hash = ? AND source IS NOT NULL ORDER BY position LIMIT 1", (text_hash,)
        )
        return None if row is None else str(row[0])

    def locations(self, article_id: str | None = None) -> list[tuple[str, str]]:
        """(location, article id), of one article or of all."""
        query = "SELECT location, article_id FROM locations"
        if article_id is None:
            return [(row[0], row[1]) for row in self._all(f"{query} ORDER BY rowid")]
        return [(row[0], row[1]) for row in self._all(f"{query} WHERE article_id = ?", (article_id,))]

    def alias(self, address: str) -> str | None:
        """The location that `address` was found to lead to."""
        row = self._one("SELECT location FROM aliases WHERE address = ?", (address,))
        return None if row is None else str(row[0])

    def validators(self, location: str, *, collections: bool = False) -> Validators | None:
        """What the server said of the version of a page that is stored; with `collections`, also of a collection."""
        query = "SELECT etag, modified FROM locations WHERE location = ?"
        row = self._one(query, (location,))
        if row is None and collections:
            row = self._one("SELECT etag, modified FROM collections WHERE found_at = ?", (location,))
        return Validators(*row) if row else None

    def collections(self) -> list[tuple[str, str]]:
        """(location, kind) of the collections that the user gave, folders among them."""
        return [tuple(row) for row in self._all("SELECT location, kind FROM collections WHERE given ORDER BY location")]

    def is_removed(self, location: str) -> bool:
        """Whether the user removed the article that was read there."""
        return self._one("SELECT 1 FROM removed WHERE location = ?", (location,)) is not None

    def removed_locations(self) -> list[str]:
        return [str(row[0]) for row in self._all("SELECT location FROM removed ORDER BY location")]

    # -- writing

    @contextlib.contextmanager
    def write(self) -> Iterator[None]:
        """One transaction: all of what is done inside, or nothing. Waits for another process that writes."""
        with self._lock:
            self._check_open()
            if self._connection.in_transaction:  # already inside: the outer one commits
                yield
                return
            self._all("BEGIN IMMEDIATE")
            try:
                yield
                self.set_meta("stamp", uuid.uuid4().hex)
                self._all("COMMIT")
            except BaseException:
                if not self._closed and self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise

    def put(
        self,
        article: Article,
        *,
        fingerprint: str,
        text_hash: str,
        passages: Sequence[EncodedPassage],
        corrected: Mapping[str, Any] | None = None,
        position: int | None = None,
    ) -> None:
        """Store `article` in place of what had its id; a new one at `position` if that is free, else as the last.

        `fingerprint` and `text_hash` are of what was read, `corrected` says which facts of it were corrected since.
        """
        with self.write():
            self._all("DELETE FROM passages WHERE article_id = ?", (article.id,))
            self._all(
                f"INSERT INTO articles ({records.ARTICLE_COLUMNS}, fingerprint, text_hash, corrected, position)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?, coalesce("
                "(SELECT ?17 WHERE NOT EXISTS (SELECT 1 FROM articles WHERE position = ?17)),"
                " (SELECT coalesce(max(position), 0) + 1 FROM articles)))"
                " ON CONFLICT (id) DO UPDATE SET title=excluded.title, text=excluded.text, url=excluded.url,"
                " authors=excluded.authors, published=excluded.published, site=excluded.site,"
                " language=excluded.language, blocks=excluded.blocks, source=excluded.source,"
                " date_source=excluded.date_source, pages=excluded.pages, flags=excluded.flags,"
                " fingerprint=excluded.fingerprint, text_hash=excluded.text_hash, corrected=excluded.corrected",
                (*records.article_row(article), fingerprint, text_hash, json.dumps(corrected or {}), position),
            )
            for encoded in passages:
                self._put_passage(encoded, article)
            self._put_names(article)

    def place(self, location: str, article_id: str, validators: Validators | None = None) -> None:
        """Note that `article_id` is what was read at `location`, and that it is wanted there."""
        etag, modified = (validators.etag, validators.modified) if validators else (None, None)
        with self.write():
            self._all(
                "INSERT INTO locations (location, article_id, etag, modified) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (location) DO UPDATE"
                " SET article_id = excluded.article_id, etag = excluded.etag, modified = excluded.modified",
                (location, article_id, etag, modified),
            )
            self._all("DELETE FROM removed WHERE location = ?", (location,))

    def place_alias(self, address: str, location: str) -> None:
        """Note that `address` redirects to `location`."""
        with self.write():
            self._all(
                "INSERT INTO aliases VALUES (?, ?) ON CONFLICT (address) DO UPDATE SET location = excluded.location",
                (address, location),
            )

    def move(self, location: str, to: str) -> None:
        """Note that what stood at `location` is now at `to`, where nothing was known to be."""
        with self.write():
            self._all(
                "UPDATE locations SET location = ?, etag = NULL, modified = NULL WHERE location = ?", (to, location)
            )
            self._all("UPDATE aliases SET location = ? WHERE location = ?", (to, location))
            self.place_alias(location, to)

    def forget_location(self, location: str) -> None:
        with self.write():
            self._all("DELETE FROM locations WHERE location = ?", (location,))

    def forget_removal(self, location: str) -> None:
        with self.write():
            self._all("DELETE FROM removed WHERE location = ?", (location,))

    def remove(self, article_id: str, *, for_good: bool = False) -> None:
        """`for_good`: the user does not want it; its locations are remembered as removed."""
        with self.write():
            self.article(article_id)
            if for_good:
                self._all(
                    "INSERT OR IGNORE INTO removed SELECT location FROM locations WHERE article_id = ?", (article_id,)
                )
            self._all("DELETE FROM articles WHERE id = ?", (article_id,))

    def remember(self, location: str, kind: str, *, given: bool) -> None:
        """Note a collection; one that was given once stays given."""
        row = self._one("SELECT kind, given FROM collections WHERE location = ?", (location,))
        if row is not None and (row[0], bool(row[1])) in ((kind, given), (kind, True)):
            return
        with self.write():
            self._all(
                "INSERT INTO collections (location, kind, given) VALUES (?, ?, ?) ON CONFLICT (location)"
                " DO UPDATE SET kind = excluded.kind, given = max(given, excluded.given)",
                (location, kind, int(given)),
            )

    def set_version(self, location: str, found_at: str, validators: Validators) -> None:
        """Note the version of a collection of which every entry has been read."""
        new = (found_at, validators.etag, validators.modified)
        old = self._one("SELECT found_at, etag, modified FROM collections WHERE location = ?", (location,))
        if old is not None and tuple(old) != new:
            with self.write():
                self._all(
                    "UPDATE collections SET found_at = ?, etag = ?, modified = ? WHERE location = ?", (*new, location)
                )

    def forget_collection(self, location: str) -> bool:
        """Whether there was one."""
        with self.write():
            return bool(self._all("DELETE FROM collections WHERE location = ? RETURNING 1", (location,)))

    def replace_passages(self, article_id: str, passages: Sequence[EncodedPassage]) -> None:
        with self.write():
            article = self.article(article_id)
            self._all("DELETE FROM passages WHERE article_id = ?", (article_id,))
            for encoded in passages:
                self._put_passage(encoded, article)
            self._put_names(article)

    def known_vectors(self, hashes: Iterable[bytes], *, pending: bool = False) -> dict[bytes, Vectors]:
        """Vectors already made for texts with these hashes; `pending`: those of an unfinished reindex."""
        table = "pending" if pending else "passages"
        rows = self._in(f"SELECT hash, vector, tokens FROM {table} WHERE hash IN ", list(dict.fromkeys(hashes)))
        return {row[0]: Vectors(np.frombuffer(row[1], np.float16), row[2]) for row in rows}

    def put_pending(self, vectors: dict[bytes, Vectors]) -> None:
        with self.write():
            for key, value in vectors.items():
                row = (key, value.vector.tobytes(), value.tokens)
                self._all("INSERT OR REPLACE INTO pending VALUES (?, ?, ?)", row)

    def clear_pending(self) -> None:
        with self.write():
            self._all("DELETE FROM pending")

    # -- passages

    def passages(self, article_id: str) -> list[Passage]:
        rows = self._all(
            f"SELECT {records.PASSAGE_COLUMNS} FROM passages WHERE article_id = ? ORDER BY start", (article_id,)
        )
        return [records.passage(row) for row in rows]

    def passage_ids(self) -> NDArray[np.int64]:
        return self._ids("SELECT id FROM passages ORDER BY id", ())

    def stored_passages(self, ids: Sequence[int]) -> dict[int, StoredPassage]:
        rows = self._in(
            f"SELECT {records.PASSAGE_COLUMNS}, id, vector, tokens FROM passages WHERE id IN ",
            [int(i) for i in ids],
        )
        return {
            row[7]: StoredPassage(row[7], records.passage(row), Vectors(np.frombuffer(row[8], np.float16), row[9]))
            for row in rows
        }

    def vectors(self, ids: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """(ids, vectors float32 (n, dim)) of these passages, some thousands at a time."""
        for at in range(0, len(ids), 8192):
            rows = self._in("SELECT id, vector FROM passages WHERE id IN ", [int(i) for i in ids[at : at + 8192]])
            if rows:
                matrix = np.frombuffer(b"".join(row[1] for row in rows), np.float16).reshape(len(rows), -1)
                yield np.array([row[0] for row in rows], np.int64), matrix.astype(np.float32)

    def allowed(self, filters: Filters) -> NDArray[np.int64]:
        """Ids of the passages of the articles that `filters` let through."""
        condition, values = records.condition(filters)
        articles = f"SELECT id FROM articles WHERE {condition}"
        return self._ids(f"SELECT id FROM passages WHERE article_id IN ({articles})", values)

    def search_terms(self, wanted: Sequence[str], limit: int, filters: Filters) -> list[tuple[int, float]]:
        """(passage id, BM25) of the `limit` best passages that hold any of the terms, best first, higher is better."""
        if not wanted:
            return []
        # Terms are letters and digits only (lexical.terms), and quoted: nothing of the question is query syntax.
        match = " OR ".join(f'"{term}"' for term in wanted)
        inner = ""
        values: list[Any] = []
        if filters:
            condition, values = records.condition(filters)
            # "+": the words are looked up first, then the rows looked at. Else each passage let through is looked up by
            # itself: 1.5 s instead of 0.1 s for a year's of 10,000 articles.
            inner = (
                " AND +rowid IN (SELECT id FROM passages WHERE article_id IN"
                f" (SELECT id FROM articles WHERE {condition}))"
            )
        rows = self._all(
            f"SELECT rowid, -rank FROM terms WHERE terms MATCH ?{inner} ORDER BY rank LIMIT ?", (match, *values, limit)
        )
        return [(row[0], row[1]) for row in rows]

    def search_names(self, wanted: Iterable[str], among: Sequence[NameColumn], limit: int) -> list[str]:
        """Ids of the `limit` articles that best go by any of the terms in one of these ways, best first."""
        match = " OR ".join(f'"{term}"' for term in wanted)
        if not match:
            return []
        rows = self._all(
            "SELECT id FROM names JOIN articles ON position = names.rowid WHERE names MATCH ? ORDER BY rank LIMIT ?",
            (f"{{{' '.join(among)}}} : ({match})", limit),
        )
        return [row[0] for row in rows]

    def passages_holding(self, wordings: Iterable[Sequence[str]], *, in_a_row: bool) -> dict[str, list[int]]:
        """Article id -> ids of its passages, in order, that hold the terms of any wording, in a row or anywhere."""
        held: dict[str, list[int]] = {}
        if match := records.match_query(wordings, in_a_row):
            query = "SELECT article_id, id FROM terms JOIN passages ON id = terms.rowid WHERE terms MATCH ?"
            for article_id, passage_id in self._all(f"{query} ORDER BY article_id, start", (match,)):
                held.setdefault(article_id, []).append(passage_id)
        return held

    def articles_named(self, wordings: Iterable[Sequence[str]], *, in_a_row: bool) -> set[str]:
        """Ids of the articles whose title or headings hold the terms of any wording, in a row or anywhere."""
        match = records.match_query(wordings, in_a_row)
        query = "SELECT id FROM names JOIN articles ON position = names.rowid WHERE names MATCH ?"
        return {row[0] for row in self._all(query, (f"{{title headings}} : ({match})",))} if match else set()

    def passage_ids_of(self, article_id: str) -> list[int]:
        """In order."""
        return [
            row[0] for row in self._all("SELECT id FROM passages WHERE article_id = ? ORDER BY start", (article_id,))
        ]

    def names(self, ids: Iterable[str]) -> dict[str, Names]:
        """What these articles go by."""
        rows = self._in(
            "SELECT id, names.title, names.headings, names.authors, names.site, published"
            " FROM articles JOIN names ON names.rowid = position WHERE id IN ",
            list(dict.fromkeys(ids)),
        )
        return {
            row[0]: Names(
                tuple(row[1].split()),
                records.split_names(row[2]),
                records.split_names(row[3]),
                tuple(row[4].split()),
                row[5],
            )
            for row in rows
        }

    def passages_with_term(self, wanted: Sequence[str]) -> dict[str, int]:
        """In how many passages each term stands."""
        rows = self._in("SELECT term, doc FROM term_counts WHERE term IN ", list(dict.fromkeys(wanted)))
        return {row[0]: row[1] for row in rows}

    def terms_from(self, beginning: str, shortest: int, longest: int) -> list[str]:
        """The terms of the passages that begin so, of `shortest` to `longest` characters."""
        rows = self._all(
            "SELECT term FROM term_counts WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?",
            (beginning, f"{beginning}\U0010ffff", shortest, longest),
        )
        return [row[0] for row in rows]

    # -- inside

    def _prepare(self) -> None:
        connection = self._connection
        connection.create_function("fold", 1, lexical.fold, deterministic=True)
        connection.create_function("authors_text", 1, lambda names: " ".join(json.loads(names)), deterministic=True)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                self._create()
            version = self.meta("format")
            if version is not None and version.isdecimal() and int(version) in schema.MIGRATIONS:
                version = self._migrate()
            if version != str(schema.FORMAT):
                raise LibraryError(
                    f"the library {self.path.parent} has format {version}; this version of article-qa reads "
                    f"{schema.FORMAT}: update article-qa"
                )
            connection.execute("CREATE VIRTUAL TABLE temp.term_counts USING fts5vocab('main', 'terms', 'row')")
            if self.meta("lexical") != lexical.VERSION:
                self._rebuild_terms()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise LibraryBusy(f"another process is writing to the library {self.path.parent}; try again") from error
            raise LibraryError(
                f"{self.path} is damaged or no library ({error}); restore it from a backup, "
                "or move it away and add the articles anew"
            ) from error

    def _create(self) -> None:
        with self.write():
            if self._one("SELECT 1 FROM sqlite_master WHERE name = 'meta'"):
                return  # another process made it while this one waited
            for statement in schema.statements(schema.SCHEMA):
                self._all(statement)
            self.set_meta("format", str(schema.FORMAT))
            self.set_meta("lexical", lexical.VERSION)
            self.set_meta("created", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))

    def _migrate(self) -> str:
        """Bring an older library to the present format in one transaction; the format it has then."""
        with self.write():
            version = int(self.meta("format") or 0)  # asked again: another process may have been first
            while version in schema.MIGRATIONS:
                for statement in schema.statements(schema.MIGRATIONS[version]):
                    self._all(statement)
                version += 1
            self.set_meta("format", str(version))
        return str(version)

    def _rebuild_terms(self) -> None:
        with self.write():
            self._all("DELETE FROM terms")
            self._all("DELETE FROM names")
            for article in self.articles():
                if article.language is None and (language := language_of(article.text)):
                    article = replace(article, language=language)
                    self._all("UPDATE articles SET language = ? WHERE id = ?", (language, article.id))
                for row in self._all(
                    f"SELECT {records.PASSAGE_COLUMNS}, id FROM passages WHERE article_id = ?", (article.id,)
                ):
                    self._put_terms(row[7], records.passage(row), article)
                self._put_names(article)
            self.set_meta("lexical", lexical.VERSION)

    def _put_passage(self, encoded: EncodedPassage, article: Article) -> None:
        passage, vectors = encoded.passage, encoded.vectors
        row = self._one(
            f"INSERT INTO passages ({records.PASSAGE_COLUMNS}, hash, vector, tokens)"
            " VALUES (?,?,?,?,?,?,?,?,?,?) RETURNING id",
            (
                passage.article_id, passage.start, passage.end, passage.text, passage.heading,
                np.array(passage.sentences, np.int64).tobytes(),
                np.array([lead or (0, 0) for lead in passage.leads], np.int64).tobytes(),
                encoded.hash, vectors.vector.tobytes(), vectors.tokens,
            ),
        )  # fmt: skip
        self._put_terms(int(row[0]), passage, article)

    def _put_terms(self, passage_id: int, passage: Passage, article: Article) -> None:
        lead = f"{article.text[slice(*passage.outside)]}\n" if passage.outside else ""
        joined = " ".join(lexical.terms(lead + passage.text, article.language))
        self._all("INSERT INTO terms (rowid, body) VALUES (?, ?)", (passage_id, joined))

    def _put_names(self, article: Article) -> None:
        """Note what an article goes by, whose passages are there already."""
        paths = self._all("SELECT DISTINCT heading FROM passages WHERE article_id = ? ORDER BY start", (article.id,))
        headings = dict.fromkeys(heading for path in paths for heading in path[0].split(HEADING_JOIN) if heading)

        def joined(texts: Iterable[str]) -> str:
            return records.NAMES_SEPARATOR.join(" ".join(lexical.terms(text, article.language)) for text in texts)

        position = self._one("SELECT position FROM articles WHERE id = ?", (article.id,))[0]
        self._all("DELETE FROM names WHERE rowid = ?", (position,))
        self._all(
            "INSERT INTO names (rowid, title, headings, authors, site) VALUES (?, ?, ?, ?, ?)",
            (
                position,
                joined([article.title]),
                joined(headings),
                joined(article.authors),
                joined([article.site or ""]),
            ),
        )

    def _ids(self, query: str, values: Sequence[Any]) -> NDArray[np.int64]:
        rows = self._all(query, values)
        return np.fromiter((row[0] for row in rows), np.int64, len(rows))

    def _in(self, query: str, values: list[Any]) -> list[Any]:
        rows: list[Any] = []
        with self._lock:
            for at in range(0, len(values), _MOST_PARAMETERS):
                part = values[at : at + _MOST_PARAMETERS]
                rows += self._all(f"{query} ({','.join('?' * len(part))})", part)
        return rows

    def _one(self, query: str, values: Sequence[Any] = ()) -> Any:
        rows = self._all(query, values)
        return rows[0] if rows else None

    def _check_open(self) -> None:
        if self._closed:
            raise LibraryClosed(f"the library {self.path.parent} is closed; open it again with Library.open")

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """The one place where statements run; sqlite's errors become ours here."""
        with self._lock:
            self._check_open()
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                if "locked" in str(error) or "busy" in str(error):
                    raise LibraryBusy(
                        f"another process has been writing to the library {self.path.parent} "
                        f"for {_BUSY_SECONDS:.0f} s; try again"
                    ) from error
                raise LibraryError(f"the library {self.path.parent} could not be read or written: {error}") from error
            except sqlite3.DatabaseError as error:
                raise LibraryError(f"{self.path} is damaged ({error}); restore it from a backup") from error
