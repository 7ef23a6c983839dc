"""FAISS index over unit vectors: ids in, cosines out, higher is better. The only module that knows FAISS.

Exact (flat) below `EXACT_BELOW` vectors; from there an inverted file over half-precision vectors, which
loses about one neighbour in a hundred and answers a million vectors in a millisecond or two.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

EXACT_BELOW = 200_000
# At this share of lists scanned, recall@10 against the exact index was .99 on a million 384-d vectors.
_PROBED_LISTS = 32
# FAISS asks for at least 39 training vectors a list.
_TRAINING_VECTORS_A_LIST = 64


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`ids` int64 (n,) and `scores` float32 (n,): cosines, -1..1, highest first."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]


class VectorIndex:
    """Unit vectors by id. Not safe for use by several threads while one of them adds or removes."""

    def __init__(self, dimension: int, *, exact_below: int = EXACT_BELOW) -> None:
        self.dimension = dimension
        self.exact_below = exact_below
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._exact = True

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def exact(self) -> bool:
        """Whether every search compares with every vector."""
        return self._exact

    @property
    def ids(self) -> NDArray[np.int64]:
        """int64 (len(self),), in no particular order."""
        if self._exact:
            return np.array(faiss.vector_to_array(self._index.id_map), dtype=np.int64)
        lists = self._index.invlists
        parts = [
            faiss.rev_swig_ptr(lists.get_ids(i), lists.list_size(i)).astype(np.int64)
            for i in range(lists.nlist)
            if lists.list_size(i)
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add `vectors[i]`, float32 (n, dimension) with rows of length 1, under `ids[i]`; ids must be new."""
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        ids = np.ascontiguousarray(ids, dtype=np.int64)
        if vectors.shape != (len(ids), self.dimension):
            raise ValueError(f"vectors have shape {vectors.shape}; expected ({len(ids)}, {self.dimension})")
        if not len(ids):
            return
        self._index.add_with_ids(vectors, ids)
        if self._exact and len(self) >= self.exact_below:
            self._become_inverted()

    def remove(self, ids: Iterable[int]) -> None:
        """Remove these ids; ids that are not there are passed over."""
        wanted = np.fromiter(ids, dtype=np.int64)
        if len(wanted):
            self._index.remove_ids(wanted)

    def search(self, vector: NDArray[np.float32], k: int, *, among: NDArray[np.int64] | None = None) -> Neighbours:
        """The at most `k` nearest of all, or of the ids in `among`, to `vector`, float32 (dimension,)."""
        k = min(k, len(self) if among is None else len(among))
        if k <= 0:
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        selector = None if among is None else faiss.IDSelectorBatch(np.ascontiguousarray(among, dtype=np.int64))
        if self._exact:
            parameters = faiss.SearchParameters(sel=selector) if selector is not None else None
        else:
            # A filter can leave the probed lists empty: then every list is scanned.
            probed = _PROBED_LISTS if among is None else self._index.nlist
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=probed)
        # One vector: threads would only wait for each other (embeddings/threads.py).
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            scores, ids = self._index.search(np.ascontiguousarray(vector, np.float32)[None], k, params=parameters)
        finally:
            faiss.omp_set_num_threads(threads)
        found = ids[0] >= 0
        return Neighbours(ids[0][found], scores[0][found])

    def save(self, path: Path, stamp: str) -> None:
        """Write to `path`, whole or not at all, with a note of `stamp` and checksum beside it. Raises OSError."""
        part = path.with_name(path.name + ".part")
        try:
            faiss.write_index(self._index, str(part))
        except RuntimeError as error:  # FAISS's word for every failure, a full disk among them
            part.unlink(missing_ok=True)
            raise OSError(f"{path} could not be written: {error}") from error
        note = {"stamp": stamp, "sha256": _sha256(part), "dimension": self.dimension}
        note_part = _note(path).with_name(_note(path).name + ".part")
        note_part.write_text(json.dumps(note), encoding="utf-8")
        os.replace(part, path)
        os.replace(note_part, _note(path))

    @classmethod
    def load(cls, path: Path, stamp: str, dimension: int, *, exact_below: int = EXACT_BELOW) -> VectorIndex | None:
        """The index saved at `path` with this `stamp`; None where it is missing, stale or damaged."""
        try:
            note = json.loads(_note(path).read_text(encoding="utf-8"))
            if note["stamp"] != stamp or note["dimension"] != dimension or note["sha256"] != _sha256(path):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        self = cls(dimension, exact_below=exact_below)
        self._index = faiss.read_index(str(path))
        self._exact = not isinstance(self._index, faiss.IndexIVF)
        return self

    def _become_inverted(self) -> None:
        flat = self._index
        ids = self.ids
        vectors = flat.index.reconstruct_n(0, flat.ntotal)
        lists = max(1, int(4 * np.sqrt(len(ids))))
        quantizer = faiss.IndexFlatIP(self.dimension)
        inverted = faiss.IndexIVFScalarQuantizer(
            quantizer, self.dimension, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        sample = np.random.default_rng(0).permutation(len(ids))[: _TRAINING_VECTORS_A_LIST * lists]
        inverted.train(vectors[np.sort(sample)])
        inverted.add_with_ids(vectors, ids)
        quantizer.this.disown()
        inverted.own_fields = True  # the quantizer lives as long as the index
        self._index, self._exact = inverted, False


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
