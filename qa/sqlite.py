"""The library on this machine: one SQLite file that is the truth of articles, passages and vectors.

Every change is one transaction. Readers see whole states only; a second writer waits for the first, and
is told so when it takes too long. The index beside it (qa/index.py) can be rebuilt from this file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qa import backup, lexical, records, schema
from qa.backup import OnPages
from qa.database import Database, no_library
from qa.errors import LibraryError
from qa.index import FOLDER, RECORD, Index
from qa.language import language_of
from qa.store import EncodedPassage, NameColumn, Names, StoredPassage, Vectors, unknown_article
from qa.types import Article, ArticleSummary, Filters, Passage, Removed, Validators

_DIGEST = 16  # bytes
# All that is stored of an article: what was read, and what was made of it.
_OWN_FACTS = f"{records.FACT_COLUMNS}, fingerprint, text_hash, position, corrected"
_READ = (f"SELECT {_OWN_FACTS} FROM articles WHERE id = ?", "SELECT text, blocks FROM texts WHERE id = ?")
_WITH_VECTORS = "passages JOIN indexed USING (id) JOIN tokens USING (id)"
_OWN_PASSAGES = f"id, {records.PASSAGE_COLUMNS}, hash, vector, terms, tokens"
_MADE = (
    "SELECT first_passage, passages FROM articles WHERE id = ?",
    f"SELECT {_OWN_PASSAGES} FROM {_WITH_VECTORS} WHERE article_id = ? ORDER BY id",
)


class SqliteStore:
    """An open library file, as qa/store.py has it."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self._database = Database(path, create=create, dress=_dress)
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise
        self._index = Index(path.parent / FOLDER, self._database)
        self._languages: tuple[str, frozenset[str | None]] | None = None

    @property
    def folder(self) -> Path:
        return self.path.parent

    def close(self) -> None:
        self._database.close()

    def snapshot(self) -> AbstractContextManager[None]:
        return self._database.snapshot()

    def checkpoint(self) -> None:
        self._index.checkpoint()

    def problems(self) -> Iterator[str]:
        """See qa/check.py."""
        from qa import check  # it reads articles as they are read from pages, which lists and answers need not

        return check.problems(self._database, self._index, self)

    def back_up(self, file: Path, on_pages: OnPages) -> bool:
        """See qa/backup.py."""
        self._database.check_open()
        return backup.copy(self.path, file, on_pages)

    # -- what the library knows of itself

    def meta(self, key: str) -> str | None:
        row = self._one("SELECT value FROM meta WHERE key = ?", (key,))
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Inside `write()` or alone."""
        self._run("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))

    @property
    def stamp(self) -> str:
        """Changes with every transaction that wrote: two equal stamps are the same state of the same library."""
        return self.meta("stamp") or ""

    # -- articles

    def __len__(self) -> int:
        return int(self._one("SELECT count(*) FROM articles")[0])

    @property
    def passage_count(self) -> int:
        return int(self._one("SELECT passages FROM totals")[0])

    @property
    def mean_terms(self) -> float:
        passages, terms = self._one("SELECT passages, terms FROM totals")
        return terms / passages if passages else 0.0

    def article(self, article_id: str) -> Article:
        row = self._one(f"SELECT {records.ARTICLE_COLUMNS} FROM {records.ARTICLES} WHERE id = ?", (article_id,))
        if row is None:
            raise unknown_article(article_id)
        return records.article(row)

    def articles_by_id(self, ids: Iterable[str]) -> dict[str, Article]:
        rows = self._in(f"SELECT {records.ARTICLE_COLUMNS} FROM {records.ARTICLES} WHERE id IN", ids)
        return {row[0]: records.article(row) for row in rows}

    def articles(self) -> Iterator[Article]:
        """In the order in which they were first added. Holds no lock between articles."""
        position = -1
        while rows := self._all(
            f"SELECT {records.ARTICLE_COLUMNS}, position FROM {records.ARTICLES}"
            " WHERE position > ? ORDER BY position LIMIT 100",
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
        rows = self._in(f"SELECT {records.SUMMARY_COLUMNS} FROM articles WHERE id IN", ids)
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
        stamp = self.stamp
        if self._languages is None or self._languages[0] != stamp:
            found = frozenset(row[0] for row in self._all("SELECT DISTINCT language FROM articles"))
            self._languages = stamp, found
        return set(self._languages[1])

    def languages_of(self, article_ids: Iterable[str]) -> dict[str, str | None]:
        return dict(self._in("SELECT id, language FROM articles WHERE id IN", article_ids))

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

    def digest(self, article_id: str) -> bytes:
        """16 bytes of what was read of an article, 16 of its passages; `articles.digest` has them as it was written."""
        return self._digest(article_id, _READ) + self._digest(article_id, _MADE)

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
        with self._database.write() as outermost:
            yield
            if outermost:
                self.set_meta("stamp", uuid.uuid4().hex)

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
            self._run(
                f"INSERT INTO articles ({records.FACT_COLUMNS}, fingerprint, text_hash, corrected, position)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?, coalesce("
                "(SELECT ?15 WHERE NOT EXISTS (SELECT 1 FROM articles WHERE position = ?15)),"
                " (SELECT coalesce(max(position), 0) + 1 FROM articles)))"
                " ON CONFLICT (id) DO UPDATE SET title=excluded.title, url=excluded.url,"
                " authors=excluded.authors, published=excluded.published, site=excluded.site,"
                " language=excluded.language, source=excluded.source,"
                " date_source=excluded.date_source, pages=excluded.pages, flags=excluded.flags,"
                " fingerprint=excluded.fingerprint, text_hash=excluded.text_hash, corrected=excluded.corrected",
                (*records.facts_row(article), fingerprint, text_hash, json.dumps(corrected or {}), position),
            )
            self._run(
                "INSERT INTO texts (id, text, blocks) VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET text=excluded.text, blocks=excluded.blocks",
                (article.id, article.text, records.blocks_text(article)),
            )
            self._put_passages(passages, article)
            self._finish(article, anew=True)

    def place(self, location: str, article_id: str, validators: Validators | None = None) -> None:
        """Note that `article_id` is what was read at `location`, and that it is wanted there."""
        etag, modified = (validators.etag, validators.modified) if validators else (None, None)
        with self.write():
            self._run(
                "INSERT INTO locations (location, article_id, etag, modified) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (location) DO UPDATE"
                " SET article_id = excluded.article_id, etag = excluded.etag, modified = excluded.modified",
                (location, article_id, etag, modified),
            )
            self._run("DELETE FROM removed WHERE location = ?", (location,))

    def place_alias(self, address: str, location: str) -> None:
        """Note that `address` redirects to `location`."""
        with self.write():
            self._run(
                "INSERT INTO aliases VALUES (?, ?) ON CONFLICT (address) DO UPDATE SET location = excluded.location",
                (address, location),
            )

    def move(self, location: str, to: str) -> None:
        """Note that what stood at `location` is now at `to`, where nothing was known to be."""
        with self.write():
            self._run(
                "UPDATE locations SET location = ?, etag = NULL, modified = NULL WHERE location = ?", (to, location)
            )
            self._run("UPDATE aliases SET location = ? WHERE location = ?", (to, location))
            self.place_alias(location, to)

    def forget_location(self, location: str) -> None:
        with self.write():
            self._run("DELETE FROM locations WHERE location = ?", (location,))

    def forget_removal(self, location: str) -> None:
        with self.write():
            self._run("DELETE FROM removed WHERE location = ?", (location,))

    def remove(self, article_id: str, *, for_good: bool = False) -> None:
        """`for_good`: the user does not want it; its locations are remembered as removed."""
        with self.write():
            self.article(article_id)
            if for_good:
                self._run(
                    "INSERT OR IGNORE INTO removed SELECT location FROM locations WHERE article_id = ?", (article_id,)
                )
            self._drop_passages(article_id)
            self._run("DELETE FROM articles WHERE id = ?", (article_id,))

    def remember(self, location: str, kind: str, *, given: bool) -> None:
        """Note a collection; one that was given once stays given."""
        row = self._one("SELECT kind, given FROM collections WHERE location = ?", (location,))
        if row is not None and (row[0], bool(row[1])) in ((kind, given), (kind, True)):
            return
        with self.write():
            self._run(
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
                self._run(
                    "UPDATE collections SET found_at = ?, etag = ?, modified = ? WHERE location = ?", (*new, location)
                )

    def forget_collection(self, location: str) -> bool:
        """Whether there was one."""
        with self.write():
            return bool(self._run("DELETE FROM collections WHERE location = ? RETURNING 1", (location,)))

    def replace_passages(self, article_id: str, passages: Sequence[EncodedPassage]) -> None:
        with self.write():
            article = self.article(article_id)
            self._put_passages(passages, article)
            self._finish(article, anew=False)

    def known_vectors(self, hashes: Iterable[bytes], *, pending: bool = False) -> dict[bytes, Vectors]:
        """Vectors already made for texts with these hashes; `pending`: those of an unfinished reindex."""
        table = "pending" if pending else _WITH_VECTORS
        rows = self._in(f"SELECT hash, vector, tokens FROM {table} WHERE hash IN", hashes)
        return {row[0]: Vectors(np.frombuffer(row[1], np.float16), row[2]) for row in rows}

    def put_pending(self, vectors: dict[bytes, Vectors]) -> None:
        with self.write():
            self._database.run_for_each(
                "INSERT OR REPLACE INTO pending VALUES (?, ?, ?)",
                ((key, value.vector.tobytes(), value.tokens) for key, value in vectors.items()),
            )

    def clear_pending(self) -> None:
        with self.write():
            self._run("DELETE FROM pending")

    # -- passages

    def recount(self) -> None:
        with self.write():
            self._run(schema.TOTALS)

    def passages(self, article_id: str) -> list[Passage]:
        rows = self._all(
            f"SELECT {records.PASSAGE_COLUMNS} FROM passages WHERE article_id = ? ORDER BY start", (article_id,)
        )
        return [records.passage(row) for row in rows]

    def sample_ids(self, most: int) -> list[int]:
        first, last = self._one("SELECT min(id), max(id) FROM passages")
        count = self.passage_count
        if first is None:
            return []
        if count <= most:
            return [row[0] for row in self._all("SELECT id FROM passages ORDER BY id")]
        # Ids are nearly in a row: evenly among them is evenly among the passages.
        wanted = np.unique(np.linspace(first, last, most, dtype=np.int64))
        return [row[0] for row in self._in("SELECT id FROM passages WHERE id IN", wanted.tolist())]

    def stored_passages(self, ids: Sequence[int]) -> dict[int, StoredPassage]:
        rows = self._in(
            f"SELECT {records.PASSAGE_COLUMNS}, id, vector, tokens, terms FROM {_WITH_VECTORS} WHERE id IN",
            map(int, ids),
        )
        return {
            row[7]: StoredPassage(
                row[7], records.passage(row), Vectors(np.frombuffer(row[8], np.float16), row[9]), row[10]
            )
            for row in rows
        }

    def near(self, vector: NDArray[np.float32], limit: int, filters: Filters) -> list[tuple[int, float]]:
        return self._index.near(vector, limit, filters)

    def search_terms(self, wanted: Sequence[str], limit: int, filters: Filters) -> list[tuple[int, float]]:
        return self._index.best(wanted, limit, filters)

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
        ids: set[int] = set()
        for wording, found in self._index.holding(wordings):
            if in_a_row and len(wording) > 1:
                said = f" {' '.join(wording)} "
                rows = self._in("SELECT id, terms FROM indexed WHERE id IN", found)
                found = [row[0] for row in rows if said in f" {row[1]} "]
            ids.update(found)
        held: dict[str, list[int]] = {}
        for article_id, _, passage_id in sorted(
            self._in("SELECT article_id, start, id FROM passages WHERE id IN", ids)
        ):
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
        return self._index.counts(wanted)

    def terms_from(self, beginning: str, shortest: int, longest: int) -> list[str]:
        return self._index.terms_from(beginning, shortest, longest)

    # -- inside

    def _prepare(self) -> None:
        try:
            if not self._database.read_only:
                self._database.keep_a_log()
            if not self._one("SELECT 1 FROM sqlite_master WHERE name = 'meta'"):
                self._create()
            version = self.meta("format")
            if version is not None and version.isdecimal() and int(version) in schema.MIGRATIONS:
                version = self._migrate()
            if version != str(schema.FORMAT):
                raise LibraryError(
                    f"the library {self.path.parent} has format {version}; this version of article-qa reads "
                    f"{schema.FORMAT}: update article-qa"
                )
            if self.meta("lexical") != lexical.VERSION:
                self._rebuild_terms()
        except LibraryError as error:
            cause = error.__cause__
            if isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode == sqlite3.SQLITE_ERROR:
                raise no_library(self.path, cause) from error  # tables that are not there
            raise

    def _create(self) -> None:
        with self.write():
            if self._one("SELECT 1 FROM sqlite_master WHERE name = 'meta'"):
                return  # another process made it while this one waited
            for statement in schema.statements(schema.SCHEMA):
                self._run(statement)
            self.set_meta("format", str(schema.FORMAT))
            self.set_meta("lexical", lexical.VERSION)
            self.set_meta("created", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))

    def _migrate(self) -> str:
        """Bring an older library to the present format in one transaction; the format it has then."""
        with self.write():
            version = int(self.meta("format") or 0)  # asked again: another process may have been first
            while version in schema.MIGRATIONS:
                for statement in schema.statements(schema.MIGRATIONS[version]):
                    self._run(statement)
                version += 1
            self.set_meta("format", str(version))
        return str(version)

    def _rebuild_terms(self) -> None:
        with self.write():
            self._run("DELETE FROM names")
            self._run("DELETE FROM meta WHERE key = ?", (RECORD,))  # the index is of the terms as they were
            for article in self.articles():
                unknown = article.language is None
                if unknown and (language := language_of(article.text)):
                    article = replace(article, language=language)
                    self._run("UPDATE articles SET language = ? WHERE id = ?", (language, article.id))
                found = self._all(
                    f"SELECT {records.PASSAGE_COLUMNS}, id FROM passages WHERE article_id = ?", (article.id,)
                )
                self._database.run_for_each(
                    "UPDATE indexed SET terms = ? WHERE id = ?",
                    ((records.terms_of(records.passage(row), article), row[7]) for row in found),
                )
                self._finish(article, anew=unknown)
            self.recount()
            self.set_meta("lexical", lexical.VERSION)

    def _put_passages(self, passages: Sequence[EncodedPassage], article: Article) -> None:
        """Store these passages in place of those that the article has; their ids are in a row."""
        self._drop_passages(article.id)
        last = self._one("SELECT seq FROM sqlite_sequence WHERE name = 'passages'")
        ids = range((last[0] if last else 0) + 1, (last[0] if last else 0) + 1 + len(passages))
        terms = [records.terms_of(encoded.passage, article) for encoded in passages]
        put = self._database.run_for_each
        put(
            f"INSERT INTO passages (id, {records.PASSAGE_COLUMNS}, hash) VALUES (?,?,?,?,?,?,?,?,?)",
            (
                (passage_id, *records.passage_row(encoded.passage), encoded.hash)
                for passage_id, encoded in zip(ids, passages, strict=True)
            ),
        )
        put(
            "INSERT INTO indexed VALUES (?, ?, ?)",
            (
                (passage_id, encoded.vectors.vector.tobytes(), words)
                for passage_id, encoded, words in zip(ids, passages, terms, strict=True)
            ),
        )
        put(
            "INSERT INTO tokens VALUES (?, ?)",
            ((passage_id, encoded.vectors.tokens) for passage_id, encoded in zip(ids, passages, strict=True)),
        )
        self._run(
            "UPDATE articles SET first_passage = ?, passages = ? WHERE id = ?", (ids.start, len(passages), article.id)
        )
        self._count(len(passages), terms)

    def _drop_passages(self, article_id: str) -> None:
        held = self._all("SELECT terms FROM passages JOIN indexed USING (id) WHERE article_id = ?", (article_id,))
        if held:
            self._run("DELETE FROM passages WHERE article_id = ?", (article_id,))
            self._count(-len(held), [row[0] for row in held])

    def _count(self, passages: int, terms: Sequence[str]) -> None:
        """Add to the totals, or take off where `passages` is negative."""
        words = sum(len(each.split()) for each in terms) * (1 if passages > 0 else -1)
        self._run("UPDATE totals SET passages = passages + ?, terms = terms + ?", (passages, words))

    def _finish(self, article: Article, *, anew: bool) -> None:
        """Note what an article goes by, and the digest of all that is stored of it, which is there already.

        `anew`: what was read of it has just been written too.
        """
        paths = self._all("SELECT DISTINCT heading FROM passages WHERE article_id = ? ORDER BY start", (article.id,))
        position = self._one("SELECT position FROM articles WHERE id = ?", (article.id,))[0]
        self._run("DELETE FROM names WHERE rowid = ?", (position,))
        self._run(
            "INSERT INTO names (rowid, title, headings, authors, site) VALUES (?, ?, ?, ?, ?)",
            (position, *records.names_of(article, (row[0] for row in paths))),
        )
        (sealed,) = self._one("SELECT digest FROM articles WHERE id = ?", (article.id,))
        # What was not written now keeps its digest: damage to it must not become right.
        read = self._digest(article.id, _READ) if anew or sealed is None else sealed[:_DIGEST]
        made = self._digest(article.id, _MADE)
        self._run("UPDATE articles SET digest = ? WHERE id = ?", (read + made, article.id))

    def _digest(self, article_id: str, queries: Iterable[str]) -> bytes:
        found = hashlib.blake2b(digest_size=_DIGEST)
        for query in queries:
            for row in self._all(query, (article_id,)):
                for value in row:
                    part = value if isinstance(value, bytes) else repr(value).encode()
                    found.update(b"%d:" % len(part))
                    found.update(part)
        return found.digest()

    def _in(self, query: str, values: Iterable[Any]) -> list[Any]:
        return self._database.among(query, values)

    def _one(self, query: str, values: Sequence[Any] = ()) -> Any:
        return self._database.one(query, values)

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._database.all(query, values)

    def _run(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._database.run(statement, values)


def _dress(connection: sqlite3.Connection) -> None:
    connection.create_function("fold", 1, lexical.fold, deterministic=True)
    connection.create_function("authors_text", 1, lambda names: " ".join(json.loads(names)), deterministic=True)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
