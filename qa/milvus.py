"""A library on a Milvus server: the same calls as on this machine, for many writers and readers at once.

Everything is in the engine (qa/milvus_schema.py). Each article is whole or not there (qa/milvus_writing.py); who is in
the library is followed here (qa/milvus_listing.py); vectors and terms are searched there (qa/milvus_search.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa import lexical, milvus_rows, milvus_schema, records
from qa.errors import InvalidInput, LibraryError
from qa.milvus_articles import Articles
from qa.milvus_engine import HASH_END, TEXT_BYTES, Address, Engine, among, batches, both
from qa.milvus_opened import FULL_AT_ONCE
from qa.milvus_rows import Kept
from qa.milvus_schema import Kind, key, passages_name
from qa.milvus_writing import number_of, put_of
from qa.store import EncodedPassage, StoredPassage, Vectors, unknown_article
from qa.types import Article, Filters, Passage

_BATCH_PASSAGES = 1_000  # of a `write` are kept before they are sent


def open_milvus(url: str, *, create: bool = True) -> MilvusStore:
    """The library at `milvus://[user:password@]host[:port]/name`; made on first use, unless `create` is False.

    `?index=hnsw&shards=n&replicas=n` after the name say how its collections are made and loaded where it is large.
    Raises InvalidInput for another address, LibraryError where the server cannot be reached or has no such library.
    """
    return MilvusStore(Engine(Address.of(url)), create=create)


class MilvusStore(Articles):
    """An open library on a server, as qa/store.py has it."""

    def __init__(self, engine: Engine, *, create: bool = True) -> None:
        super().__init__(engine)
        try:
            self._prepare(create)
        except BaseException:
            engine.close()
            raise

    # -- writing

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
        """Store `article` in place of what had its id; a new one at `position` if that is free, else as the last."""
        names = records.names_of(article, (one.passage.heading for one in passages))
        kept = Kept(fingerprint, text_hash, dict(corrected or {}), names)
        if len(article.id.encode()) > TEXT_BYTES:
            raise InvalidInput(
                f"the article's id {article.id[:80]!r}… is too long; give it one of under 16,000 letters"
            )
        with self.write():
            batch = self._writing()
            if number_of(article.id) in batch.removals:
                self._flush()
            for dimension in {len(one.vectors.vector) for one in passages}:
                self._have_space(dimension)
            put = put_of(article, kept, passages, position=position)
            batch.puts[put.number] = put
            if batch.passages >= _BATCH_PASSAGES:
                self._flush()

    def remove(self, article_id: str, *, for_good: bool = False) -> None:
        """`for_good`: the user does not want it; its locations are remembered as removed. Raises UnknownArticle."""
        number = number_of(article_id)
        with self.write():
            view = self._view()
            rows = self._engine.rows(self._articles, "number", [number], ["version"], view)
            if not any(row["version"] for row in rows):
                raise unknown_article(article_id)
            for location, *_ in self._placed(number):
                self._writing().records[key(Kind.LOCATION, location)] = None
                if for_good:
                    self._put_record(Kind.REMOVED, location, [location])
            self._writing().removals.add(number)

    def replace_passages(self, article_id: str, passages: Sequence[EncodedPassage]) -> None:
        """Raises UnknownArticle."""
        with self.write():
            stored = self.as_removed(article_id)
            self.put(
                stored.article,
                fingerprint=stored.fingerprint,
                text_hash=stored.text_hash,
                passages=passages,
                corrected=stored.corrected,
            )

    def known_vectors(self, hashes: Iterable[bytes], *, pending: bool = False) -> dict[bytes, Vectors]:
        """Vectors already made for texts with these hashes; `pending`: those of an unfinished reindex."""
        wanted = {each.hex(): each for each in hashes}
        view = self._view()
        if pending:
            texts = self._texts([_pending_key(each) for each in wanted], view)
            return {wanted[each.rpartition(":")[2]]: milvus_rows.pending_of(text) for each, text in texts.items()}
        found: dict[bytes, Vectors] = {}
        for dimension in self._spaces(view):
            collection = passages_name(self._engine, dimension)
            ids: dict[int, str] = {}
            for some in batches((each for each in wanted if wanted[each] not in found), FULL_AT_ONCE):
                # A text may stand in very many passages: one of them is enough.
                rows = self._engine.scan(collection, "id", among("hash", some), ["id", "hash"], view)
                ids |= {passage_id: each for each, passage_id in {row["hash"]: row["id"] for row in rows}.items()}
            for row in self._full_rows(collection, ids, view):
                found[wanted[ids[row["id"]]]] = milvus_rows.vectors_of(row)
        return found

    def put_pending(self, vectors: dict[bytes, Vectors]) -> None:
        with self.write():
            for each, value in vectors.items():
                text = milvus_rows.pending_text(value)
                for record in milvus_rows.long_records(_pending_key(each.hex()), Kind.PENDING, text):
                    self._writing().records[record["key"]] = record

    def clear_pending(self) -> None:
        with self.write():
            condition = f"kind == {Kind.PENDING:d}"
            rows = self._engine.scan(self._records, "spread", condition, ["key"], self._view())
            self._writing().records.update((row["key"], None) for row in rows)

    # -- passages

    @property
    def passage_count(self) -> int:
        return self._listed(self._view()).passages

    @property
    def mean_terms(self) -> float:
        """How many search terms a passage has, on average; 0 where there is none."""
        listed = self._listed(self._view())
        return listed.words / listed.passages if listed.passages else 0.0

    def recount(self) -> None:
        """Nothing: they are counted from what the articles' records say."""

    def passages(self, article_id: str) -> list[Passage]:
        """In order."""
        view = self._view()
        found = []
        for collection, rows in self._of_article(article_id, ["id"], view):
            ids = [row["id"] for row in rows]
            found += self._filled(collection, milvus_rows.PASSAGE_FIELDS, ids, view)
        return [milvus_rows.passage_of(row) for row in sorted(found, key=lambda row: int(row["start"]))]

    def passage_ids_of(self, article_id: str) -> list[int]:
        """In order."""
        found = [row for _, rows in self._of_article(article_id, ["id", "start"], self._view()) for row in rows]
        return [row["id"] for row in sorted(found, key=lambda row: int(row["start"]))]

    def sample_ids(self, most: int) -> list[int]:
        """Ids of at most `most` passages, spread evenly."""
        view = self._view()
        # Ids are hashes: those below a bound are a sample, and the next call draws the same.
        share = most / max(1, self._listed(view).passages)
        within = f"id < {int(HASH_END * share)}" if share < 1 else "id > 0"
        condition, ids = both(within, self._scope(view)), []
        for dimension in self._spaces(view):
            rows = self._engine.scan(passages_name(self._engine, dimension), "id", condition, ["id"], view)
            ids += [row["id"] for row in rows]
        return sorted(ids)[:most]

    def stored_passages(self, ids: Sequence[int]) -> dict[int, StoredPassage]:
        view = self._view()
        found: dict[int, dict[str, Any]] = {}
        for dimension in self._spaces(view):
            left = [int(each) for each in ids if int(each) not in found]
            found |= {row["id"]: row for row in self._full_rows(passages_name(self._engine, dimension), left, view)}
        counting = self._counting({row["article"] for row in found.values()}, view)
        return {
            passage_id: StoredPassage(
                passage_id, milvus_rows.passage_of(row), milvus_rows.vectors_of(row), row["words"]
            )
            for passage_id, row in ((each, found[each]) for each in map(int, ids) if each in found)
            if counting.get(row["article"]) == row["version"]
        }

    def near(self, vector: NDArray[np.float32], limit: int, filters: Filters) -> list[tuple[int, float]]:
        """(passage id, cosine) of the `limit` passages nearest to a unit vector, best first."""
        view = self._view()
        spaces = self._spaces(view)
        found = [
            each
            for where in self._conditions(filters, view)
            for each in self._search.near(np.asarray(vector, np.float32), limit, where, spaces, view)
        ]
        return sorted(found, key=lambda pair: -pair[1])[:limit]

    def search_terms(self, wanted: Sequence[str], limit: int, filters: Filters) -> list[tuple[int, float]]:
        """(passage id, BM25) of the `limit` best passages that hold any of the terms, best first."""
        view = self._view()
        listed, counts = self._listed(view), self._counts(wanted, view)
        mean_terms = listed.words / max(1, listed.passages)
        found = [
            each
            for where in self._conditions(filters, view)
            for each in self._search.best(
                wanted,
                limit,
                where,
                self._spaces(view),
                view,
                counts=counts,
                passages=listed.passages,
                mean_terms=mean_terms,
            )
        ]
        return sorted(found, key=lambda pair: -pair[1])[:limit]

    def passages_holding(self, wordings: Iterable[Sequence[str]], *, in_a_row: bool) -> dict[str, list[int]]:
        """Article id -> ids of its passages, in order, that hold the terms of any wording, in a row or anywhere."""
        view = self._view()
        scope, spaces = self._scope(view), self._spaces(view)
        rows = {
            row["id"]: row
            for wording in wordings
            for row in self._search.holding(wording, scope, spaces, view, in_a_row=in_a_row)
        }
        numbers = {row["article"] for row in rows.values()}
        fields = ["number", "id", "version"]
        owners = {row["number"]: row for row in self._engine.rows(self._articles, "number", numbers, fields, view)}
        held: dict[str, list[int]] = {}
        counting = [row for row in rows.values() if owners.get(row["article"], {}).get("version") == row["version"]]
        for row in sorted(counting, key=lambda row: int(row["start"])):
            held.setdefault(owners[row["article"]]["id"], []).append(row["id"])
        return dict(sorted(held.items()))

    def passages_with_term(self, wanted: Sequence[str]) -> dict[str, int]:
        """In how many passages each term stands; terms that stand in none are left out."""
        return self._counts(wanted, self._view())

    def terms_from(self, beginning: str, shortest: int, longest: int) -> list[str]:
        """The terms of the passages that begin so, of `shortest` to `longest` characters."""
        view = self._view()
        return self._search.terms_from(beginning, shortest, longest, view, lambda terms: self._counts(terms, view))

    # -- inside

    def _prepare(self, create: bool) -> None:
        engine = self._engine
        if not create and not (engine.has(self._articles) and engine.has(self._records)):
            raise LibraryError(
                f"{engine.address.place} holds no library; open it without create=False to make one there"
            )
        milvus_schema.make_articles(engine)
        milvus_schema.make_records(engine)
        found = self.meta("format")
        if found is None:
            with self.write():
                self.set_meta("format", milvus_schema.FORMAT)
                self.set_meta("lexical", lexical.VERSION)
                self.set_meta("created", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        elif found != milvus_schema.FORMAT:
            raise LibraryError(
                f"the library {engine.address.place} has format {found}; this version of article-qa reads "
                f"{milvus_schema.FORMAT}: update article-qa"
            )
        elif self.meta("lexical") != lexical.VERSION:
            self._rebuild_terms()
        elif self._state(self._view()).marked:
            self._writer.sweep()

    def _rebuild_terms(self) -> None:
        """Store every article anew, with its vectors as they are: what its words are is made out anew."""
        for article in self.articles():
            stored = self.stored_passages(self.passage_ids_of(article.id))
            view, hashes = self._view(), dict[int, str]()
            for dimension in self._spaces(view):
                rows = self._engine.rows(passages_name(self._engine, dimension), "id", stored, ["id", "hash"], view)
                hashes |= {row["id"]: row["hash"] for row in rows}
            encoded = [
                EncodedPassage(one.passage, bytes.fromhex(hashes[one.id]), one.vectors) for one in stored.values()
            ]
            self.replace_passages(article.id, encoded)
        self.set_meta("lexical", lexical.VERSION)


def _pending_key(text_hash: str) -> str:
    return f"{Kind.PENDING:d}:{text_hash}"
