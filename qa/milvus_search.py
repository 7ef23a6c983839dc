"""Search over the passages of a library on Milvus: by vector and by terms.

Servers from 2.5 find the best by terms themselves (BM25 over a sparse index); on older ones all passages that hold a
rare enough term are fetched. In both cases the scores are computed here, as on one machine, from the counts of the
whole library: so the same passages are found in the same order.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa import milvus_rows, postings
from qa.milvus_engine import MOST_FOUND, Engine, View, both, quoted
from qa.milvus_schema import Kind, passages_name, records_name

# As in qa/index.py: terms that more passages hold are looked up only where a question has no other.
_COMMON_SHARE, _COMMON_PASSAGES = 0.1, 5_000
_LEAST_WIDTH = 128  # HNSW's ef: 0.99 of the nearest 10 among 100,000 and more
_MANY_TERMS = 24  # of more, those that stand nowhere are told by the vocabulary first
_READ_AT_ONCE = 2_000  # rows with words to a message
_NOT_PLAIN = re.compile(r"[%_\\]")


class Search:
    """Safe for several threads. `where` is a condition on passages, "" for none; `spaces` are their dimensions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._counted: tuple[object, dict[str, int]] = (None, {})
        self._vocabulary: set[str] = set()  # terms known to be in it; none leaves it

    # -- by vector

    def near(
        self, vector: NDArray[np.float32], limit: int, where: str, spaces: Iterable[int], view: View
    ) -> list[tuple[int, float]]:
        """(passage id, cosine), best first."""
        if len(vector) not in spaces:
            return []
        collection = passages_name(self._engine, len(vector))
        limit = min(limit, MOST_FOUND)
        params: dict[str, Any] = {"metric_type": "COSINE"}
        if not self._engine.is_double:  # only the graph looks at it
            params["params"] = {"ef": max(_LEAST_WIDTH, 2 * limit)}
        data = vector.astype(np.float16) if self._halves else vector.tolist()
        hits = self._engine.search(collection, "vector", data, limit, where, view, params=params)
        found = [(passage_id, score) for passage_id, score, _ in hits]
        if len(found) < limit and len(found) < self._engine.count(collection, where or "id > 0", view):
            return self._nearest(vector, limit, where or "id > 0", collection, view)
        return found

    @property
    def _halves(self) -> bool:
        from qa.milvus_schema import has_halves

        return has_halves(self._engine)

    def _nearest(
        self, vector: NDArray[np.float32], limit: int, where: str, collection: str, view: View
    ) -> list[tuple[int, float]]:
        """One by one: neither a graph with most points left out nor a segment's first index leads to all of them."""
        ids, scores = [], []
        for row in self._engine.scan(collection, "id", where, ["id", "vector"], view):
            other = milvus_rows.half(row["vector"]).astype(np.float32)
            ids.append(row["id"])
            scores.append(float(other @ vector) / max(float(np.linalg.norm(other)), 1e-9))
        best = np.argsort(-np.array(scores), kind="stable")[:limit]
        return [(ids[i], scores[i]) for i in best]

    # -- by terms

    def best(
        self,
        terms: Sequence[str],
        limit: int,
        where: str,
        spaces: Iterable[int],
        view: View,
        *,
        counts: dict[str, int],
        passages: int,
        mean_terms: float,
    ) -> list[tuple[int, float]]:
        """(passage id, BM25), best first. `counts` are those of the whole library."""
        held = [term for term in dict.fromkeys(terms) if term in counts]
        common = max(_COMMON_PASSAGES, _COMMON_SHARE * passages)
        rare = [term for term in held if counts[term] <= common] or sorted(held, key=counts.__getitem__)[:1]
        if not rare:
            return []
        ids: list[int] = []
        words: list[str] = []
        for dimension in spaces:
            collection = passages_name(self._engine, dimension)
            for passage_id, text in self._candidates(collection, rare, limit, where, view):
                ids.append(passage_id)
                words.append(text)
        if not ids:
            return []
        split = [Counter(text.split()) for text in words]
        often = np.array([[one[term] for term in rare] for one in split], np.float32)
        lengths = np.array([one.total() for one in split], np.float32)[:, None]
        weights = np.array([postings.weight(passages, counts[term]) for term in rare], np.float32)
        scores = postings.saturated(often, lengths, mean_terms) @ weights
        best = sorted(range(len(ids)), key=lambda i: (-float(scores[i]), ids[i]))[:limit]
        return [(ids[i], float(scores[i])) for i in best if scores[i] > 0]

    def _candidates(
        self, collection: str, terms: Sequence[str], limit: int, where: str, view: View
    ) -> Iterable[tuple[int, str]]:
        """(passage id, its terms): the best `limit` are among them."""
        if self._engine.has_bm25:
            # More than are wanted: the engine's weights are of what it has in one place, and so a little others.
            hits = self._engine.search(
                collection,
                "sparse",
                " ".join(terms),
                2 * limit + 50,
                where,
                view,
                fields=["words"],
                params={"metric_type": "BM25"},
            )
            return [(passage_id, row["words"]) for passage_id, _, row in hits]
        holding = f"array_contains_any(terms, {_list(terms)})"
        rows = self._engine.scan(collection, "id", both(holding, where), ["id", "words"], view, at_once=_READ_AT_ONCE)
        return [(row["id"], row["words"]) for row in rows]

    def holding(
        self, terms: Sequence[str], where: str, spaces: Iterable[int], view: View, *, in_a_row: bool
    ) -> list[dict[str, Any]]:
        """Rows, with id, article, version and start, of the passages that hold all these terms."""
        if not terms:
            return []
        condition = both(f"array_contains_all(terms, {_list(dict.fromkeys(terms))})", where)
        fields, said = ["id", "article", "version", "start"], f" {' '.join(terms)} "
        look = in_a_row and len(terms) > 1
        found = []
        for dimension in spaces:
            collection = passages_name(self._engine, dimension)
            rows = self._engine.scan(
                collection, "id", condition, [*fields, "words"] if look else fields, view, at_once=_READ_AT_ONCE
            )
            found += [row for row in rows if not look or said in f" {row['words']} "]
        return found

    def counts(
        self, terms: Iterable[str], where: str, spaces: Sequence[int], view: View, key: object
    ) -> dict[str, int]:
        """In how many passages each term stands; those that stand in none are left out. `key`: see Listing.followed."""
        wanted = list(dict.fromkeys(terms))
        with self._lock:
            if self._counted[0] != key:
                self._counted = key, {}
            counted = self._counted[1]
        missing = [term for term in wanted if term not in counted]
        if len(missing) > _MANY_TERMS:
            known = self.in_vocabulary(missing, view)
            counted.update((term, 0) for term in missing if term not in known)
            missing = [term for term in missing if term in known]

        def count(term: str) -> int:
            condition = both(f"array_contains(terms, {quoted(milvus_rows.term_key(term))})", where)
            return sum(
                self._engine.count(passages_name(self._engine, dimension), condition, view) for dimension in spaces
            )

        counted.update(zip(missing, self._engine.each(count, missing), strict=True))
        return {term: counted[term] for term in wanted if counted[term]}

    # -- the vocabulary

    def in_vocabulary(self, terms: Iterable[str], view: View) -> set[str]:
        wanted = {milvus_rows.term_key(term): term for term in terms}
        with self._lock:
            unknown = [term for term in wanted if term not in self._vocabulary]
        keys = [vocabulary_key(term) for term in unknown]
        rows = self._engine.rows(records_name(self._engine), "key", keys, ["key"], view)
        self.note({row["key"].partition(":")[2] for row in rows})
        with self._lock:
            return {term for cut, term in wanted.items() if cut in self._vocabulary}

    def note(self, terms: set[str]) -> None:
        """These are in the vocabulary."""
        with self._lock:
            self._vocabulary |= terms

    def new(self, terms: Iterable[str]) -> set[str]:
        """Those that are not known to be in the vocabulary."""
        with self._lock:
            return set(terms) - self._vocabulary

    def terms_from(
        self, beginning: str, shortest: int, longest: int, view: View, counts: Callable[[list[str]], dict[str, int]]
    ) -> list[str]:
        """The terms that begin so, in order, of those that `counts` finds in passages."""
        first = vocabulary_key(beginning)
        plain = _NOT_PLAIN.split(first)[0]  # what stands for other letters in a pattern cannot stand for itself there
        condition = f"kind == {Kind.TERM:d} and key like {quoted(plain + '%')}"
        rows = self._engine.scan(records_name(self._engine), "spread", condition, ["key"], view)
        alike = (row["key"].partition(":")[2] for row in rows if row["key"].startswith(first))
        return list(counts(sorted(term for term in alike if shortest <= len(term) <= longest)))


def vocabulary_key(term: str) -> str:
    """The key of a term's record, which says it."""
    return f"{Kind.TERM:d}:{term}"


def in_any(columns: Iterable[str], terms: Iterable[str]) -> str:
    """The condition that one of these columns holds any of the terms."""
    wanted = _list(milvus_rows.term_key(term) for term in terms)
    return " or ".join(f"array_contains_any({column}, {wanted})" for column in columns)


def _list(terms: Iterable[str]) -> str:
    return f"[{', '.join(quoted(milvus_rows.term_key(term)) for term in terms)}]"
