"""BM25 over search terms, from lists of the passages that hold each term.

A matrix of terms by passages, sparse, with how often each term stands in each passage; the terms in order. It lies in
plain NumPy files that are mapped, not read. SQLite's full-text search scores a passage in a microsecond or more; here
it takes some nanoseconds (benchmarks/RESULTS.md, "Index types"), and a filter is a mask over passages.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# As SQLite's FTS5 has them; the weights of the ranking were fitted to these.
SATURATION, LENGTH_SHARE = 1.2, 0.75
_LEAST_WEIGHT = 1e-6
_MOST_COUNTED = 255  # a term that stands more often in one passage counts as this often
_FILES = ("starts", "rows", "counts", "lengths", "offsets")


@dataclass(frozen=True, slots=True)
class Postings:
    """Which of n passages hold each of t terms; passages are rows 0..n-1.

    `vocabulary`: the terms in the order of their UTF-8. Term i stands in `rows[starts[i]:starts[i + 1]]`, int32, in
    order, `counts` times each, uint8. `lengths`: float32 (n,), how many terms each passage has.
    """

    vocabulary: Sequence[bytes]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    counts: NDArray[np.uint8]
    lengths: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.lengths)

    def holding(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """The rows that hold `term`, and how often each."""
        wanted = term.encode()
        at = bisect.bisect_left(self.vocabulary, wanted)
        if at == len(self.vocabulary) or self.vocabulary[at] != wanted:
            return self.rows[:0], self.counts[:0]
        return self.rows[self.starts[at] : self.starts[at + 1]], self.counts[self.starts[at] : self.starts[at + 1]]

    def terms_from(self, beginning: str) -> Iterator[str]:
        """The terms that begin so, in order."""
        prefix = beginning.encode()
        for at in range(bisect.bisect_left(self.vocabulary, prefix), len(self.vocabulary)):
            term = self.vocabulary[at]
            if not term.startswith(prefix):
                return
            yield term.decode()

    def save(self, folder: Path) -> None:
        """Write into `folder`, which is there. Raises OSError."""
        for name in _FILES[:-1]:
            np.save(folder / f"{name}.npy", getattr(self, name))
        lengths = np.fromiter(map(len, self.vocabulary), np.int64, len(self.vocabulary))
        np.save(folder / "offsets.npy", np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
        (folder / "terms").write_bytes(b"".join(self.vocabulary))

    @classmethod
    def load(cls, folder: Path) -> Postings:
        """Those saved in `folder`, mapped. Raises OSError or ValueError where they cannot be read."""
        # As plain arrays: a memmap is a class in Python, of which each slice takes a microsecond.
        starts, rows, counts, lengths, offsets = (
            np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray) for name in _FILES
        )
        terms = (
            np.memmap(folder / "terms", np.uint8, "r").view(np.ndarray) if len(offsets) > 1 else np.empty(0, np.uint8)
        )
        if (len(starts), starts[-1], offsets[-1], len(rows)) != (len(offsets), len(rows), len(terms), len(counts)):
            raise ValueError(f"the files in {folder} do not belong together")
        return cls(_Mapped(terms, offsets), starts, rows, counts, lengths)


@dataclass(frozen=True, slots=True)
class _Mapped(Sequence[bytes]):
    """The terms in a file: term i is `terms[offsets[i]:offsets[i + 1]]`."""

    terms: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, at):  # type: ignore[no-untyped-def]  # one term, never a slice
        return self.terms[self.offsets[at] : self.offsets[at + 1]].tobytes()


@dataclass(slots=True)
class Collected:
    """Postings of passages that come one by one."""

    _numbers: dict[str, int] = field(default_factory=dict)
    _terms: list[NDArray[np.int32]] = field(default_factory=list)
    _counts: list[NDArray[np.uint8]] = field(default_factory=list)
    _distinct: list[int] = field(default_factory=list)
    _lengths: list[int] = field(default_factory=list)

    def add(self, passages: Iterable[str]) -> None:
        """Passages as their terms, joined by spaces."""
        numbers = self._numbers
        terms: list[int] = []
        counts: list[int] = []
        for passage in passages:
            held = Counter(passage.split())
            terms += [numbers.setdefault(term, len(numbers)) for term in held]
            counts += held.values()
            self._distinct.append(len(held))
            self._lengths.append(held.total())
        self._terms.append(np.array(terms, np.int32))
        self._counts.append(np.minimum(np.array(counts, np.int64), _MOST_COUNTED).astype(np.uint8))

    def postings(self) -> Postings:
        from scipy.sparse import csr_matrix

        count, starts = len(self._lengths), np.concatenate([[0], np.cumsum(self._distinct, dtype=np.int64)])
        terms = np.concatenate([np.empty(0, np.int32), *self._terms])
        counts = np.concatenate([np.empty(0, np.uint8), *self._counts])
        encoded = [term.encode() for term in self._numbers]
        order = sorted(range(len(encoded)), key=encoded.__getitem__)
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        by_term = csr_matrix((counts, place[terms], starts), shape=(count, len(order))).tocsc()
        return Postings(
            [encoded[i] for i in order],
            by_term.indptr.astype(np.int64),
            by_term.indices.astype(np.int32),
            by_term.data.astype(np.uint8),
            np.array(self._lengths, np.float32),
        )


def joined(parts: Sequence[Postings], keep: NDArray[np.bool_] | None = None) -> Postings:
    """The passages of one after those of the other; of them all only those that `keep`, bool (sum,), keeps."""
    from scipy.sparse import csr_matrix, hstack

    vocabulary = sorted(set().union(*map(list, (part.vocabulary for part in parts))))
    number = {term: i for i, term in enumerate(vocabulary)}
    matrices = []
    for part in parts:
        places = np.fromiter((number[term] for term in part.vocabulary), np.int64, len(part.vocabulary))
        spread = np.zeros(len(vocabulary), np.int64)
        spread[places] = np.diff(part.starts)
        starts = np.concatenate([[0], np.cumsum(spread)])  # the terms are in the same order in both
        matrices.append(csr_matrix((part.counts, part.rows, starts), shape=(len(vocabulary), len(part))))
    matrix = matrices[0] if len(matrices) == 1 else hstack(matrices, format="csr")
    lengths = np.concatenate([part.lengths for part in parts])
    if keep is not None and not keep.all():
        matrix, lengths = matrix[:, np.flatnonzero(keep)], lengths[keep]
        held = np.diff(matrix.indptr) > 0
        matrix, vocabulary = matrix[np.flatnonzero(held)], [vocabulary[i] for i in np.flatnonzero(held)]
    matrix.sort_indices()
    return Postings(
        vocabulary,
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        matrix.data.astype(np.uint8),
        lengths.astype(np.float32),
    )


def weight(passages: int, holding: int) -> float:
    """Inverse document frequency of a term that `holding` of so many passages hold, as in BM25."""
    return max(float(np.log((passages - holding + 0.5) / (holding + 0.5))), _LEAST_WEIGHT)


def saturated(counts: NDArray[np.float32], lengths: NDArray[np.float32], mean_length: float) -> NDArray[np.float32]:
    """What a term counts that stands `counts` times in passages of so many terms, before its weight: 0..2.2."""
    room = np.float32(SATURATION) * (
        np.float32(1 - LENGTH_SHARE) + np.float32(LENGTH_SHARE / max(mean_length, 1e-9)) * lengths
    )
    return np.asarray(counts * np.float32(SATURATION + 1) / (counts + room), np.float32)
