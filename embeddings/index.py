"""FAISS index over unit vectors: rows in, cosines out, higher is better. The only module that knows FAISS.

A row is a vector's number in the order of adding, from 0. Every vector is compared (half precision, flat) below
`EXACT_BELOW` vectors; from there an inverted file over the same half-precision vectors finds nearly all neighbours
in a fraction of the time. Figures: benchmarks/RESULTS.md, "Index types".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

EXACT_BELOW = 250_000
# At this number of lists scanned, recall@10 against the exact index was .99 on a million 384-d vectors.
_PROBED_LISTS = 32
_LISTS_PER_ROOT = 4  # lists: four times the square root of the number of vectors
# FAISS asks for at least 39 training vectors a list.
_TRAINING_VECTORS_A_LIST = 64
# The lists were trained for fewer vectors: trained anew when there are this many times as many.
_OUTGROWN = 2.5
# Where fewer rows than this share are let through, all of them are compared: a probed search would find too few.
_SCANNED_WHOLE = 0.05
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`rows` int64 (n,) and `scores` float32 (n,): cosines, -1..1, highest first."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]


class VectorIndex:
    """Unit vectors by row. Not safe for use by several threads while one of them adds.

    An index that was loaded is mapped from its file and shared with whatever process has it open; it is for searching
    only (`add` raises ValueError), and `extended` makes a new one of it.
    """

    def __init__(self, dimension: int, *, exact_below: int = EXACT_BELOW) -> None:
        self.dimension = dimension
        self.exact_below = exact_below
        self._index = _flat(dimension)
        self._path: Path | None = None

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def exact(self) -> bool:
        """Whether every search compares with every vector."""
        return not isinstance(self._index, faiss.IndexIVF)

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Add `vectors`, float32 (n, dimension) with rows of length 1, as the next n rows."""
        if self._path is not None:
            raise ValueError(f"the index mapped from {self._path} is for searching only; `extended` makes a new one")
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.dimension:
            raise ValueError(f"vectors have shape {vectors.shape}; expected (n, {self.dimension})")
        if not len(vectors):
            return
        if self.exact:
            self._index.add(vectors)
            if len(self) >= self.exact_below:
                self._become_inverted()
        else:
            self._index.add_with_ids(vectors, np.arange(len(self), len(self) + len(vectors), dtype=np.int64))

    def search(self, vector: NDArray[np.float32], k: int, *, among: NDArray[np.bool_] | None = None) -> Neighbours:
        """The at most `k` rows nearest to `vector`, float32 (dimension,).

        Of all, or of those that `among`, bool (len(self),), lets through.
        """
        share = 1.0
        selector = None
        if among is not None:
            if among.shape != (len(self),):
                raise ValueError(f"among has shape {among.shape}; expected ({len(self)},)")
            count = int(np.count_nonzero(among))
            share = count / max(1, len(self))
            k = min(k, count)
            selector = faiss.IDSelectorBitmap(np.packbits(among, bitorder="little"))
        k = min(k, len(self))
        if k <= 0:
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        if self.exact:
            parameters = faiss.SearchParameters(sel=selector) if selector is not None else None
        else:
            lists = int(self._index.nlist)
            probed = max(_PROBED_LISTS, lists * k // max(1, len(self)))
            probed = lists if share < _SCANNED_WHOLE else min(lists, int(probed / share))
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=probed)
        # One vector: threads would only wait for each other (embeddings/threads.py).
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            scores, rows = self._index.search(np.ascontiguousarray(vector, np.float32)[None], k, params=parameters)
        finally:
            faiss.omp_set_num_threads(threads)
        found = rows[0] >= 0
        return Neighbours(rows[0][found], scores[0][found])

    def copy(self) -> VectorIndex:
        """Another index in memory with the same vectors."""
        return self.extended(VectorIndex(self.dimension))

    def extended(self, more: VectorIndex, *, keep: NDArray[np.bool_] | None = None) -> VectorIndex:
        """A new index in memory: its rows, then those of `more`, which is exact.

        Of both together only the rows that `keep`, bool (len(self) + len(more),), keeps, numbered anew.
        """
        own = keep[: len(self)] if keep is not None else None
        new = VectorIndex(self.dimension, exact_below=self.exact_below)
        if self.exact:
            new.exact_below = np.iinfo(np.int64).max  # once, at the end
            new._add_from(self, own)
        else:
            new._index = faiss.read_index(str(self._path)) if self._path else faiss.clone_index(self._index)
            if own is not None and not own.all():
                _keep_in_lists(new._index, own)
        new._add_from(more, keep[len(self) :] if keep is not None else None)
        new.exact_below = self.exact_below
        if new.exact and len(new) >= new.exact_below:
            new._become_inverted()
        return new

    def suits(self, count: int) -> bool:
        """Whether it can be extended to `count` vectors; False where its lists were made for far fewer."""
        return self.exact or count <= _OUTGROWN * (self._index.nlist / _LISTS_PER_ROOT) ** 2

    def save(self, path: Path) -> None:
        """Write to `path`. Raises OSError."""
        try:
            faiss.write_index(self._index, str(path))
        except RuntimeError as error:  # FAISS's word for every failure, a full disk among them
            raise OSError(f"{path} could not be written: {error}") from error

    @classmethod
    def load(cls, path: Path, dimension: int, *, exact_below: int = EXACT_BELOW) -> VectorIndex:
        """The index saved at `path`, mapped. Raises OSError where it cannot be read or is none of this dimension."""
        self = cls(dimension, exact_below=exact_below)
        try:
            self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise OSError(f"{path} could not be read: {error}") from error
        if self._index.d != dimension:
            raise OSError(f"{path} holds vectors of {self._index.d} dimensions; expected {dimension}")
        self._path = path
        return self

    # -- inside

    def _add_from(self, other: VectorIndex, keep: NDArray[np.bool_] | None) -> None:
        for start, vectors in other._chunks():
            self.add(vectors if keep is None else vectors[keep[start : start + len(vectors)]])

    def _chunks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(first row, vectors) of a flat index."""
        for start in range(0, len(self), _CHUNK):
            yield start, self._index.reconstruct_n(start, min(_CHUNK, len(self) - start))

    def _become_inverted(self) -> None:
        count = len(self)
        lists = max(1, int(_LISTS_PER_ROOT * np.sqrt(count)))
        quantizer = faiss.IndexFlatIP(self.dimension)
        # Not the residuals: half precision is enough for the vectors themselves, and scanning is simpler.
        inverted = faiss.IndexIVFScalarQuantizer(
            quantizer, self.dimension, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT, False
        )
        chosen = np.sort(np.random.default_rng(0).permutation(count)[: _TRAINING_VECTORS_A_LIST * lists])
        inverted.train(self._index.reconstruct_batch(chosen))
        for start, vectors in self._chunks():
            inverted.add_with_ids(vectors, np.arange(start, start + len(vectors), dtype=np.int64))
        quantizer.this.disown()
        inverted.own_fields = True  # the quantizer lives as long as the index
        self._index = inverted


def _flat(dimension: int) -> faiss.IndexScalarQuantizer:
    return faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def _keep_in_lists(index: faiss.IndexIVF, keep: NDArray[np.bool_]) -> None:
    """Take the other rows out of an inverted file in memory, and number those that stay anew."""
    index.remove_ids(faiss.IDSelectorBitmap(np.packbits(~keep, bitorder="little")))
    numbers = np.cumsum(keep) - 1
    lists = index.invlists
    for each in range(lists.nlist):
        if size := lists.list_size(each):
            rows = faiss.rev_swig_ptr(lists.get_ids(each), size)
            rows[:] = numbers[rows]
