"""The FAISS index against brute force in NumPy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from embeddings.index import VectorIndex

DIMENSION = 24


def _unit(count: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _clustered(count: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors in groups, as sentence vectors lie; in pure noise no inverted file finds neighbours."""
    rng = np.random.default_rng(seed)
    rows = _unit(60, seed)[rng.integers(60, size=count)] + 0.15 * rng.normal(size=(count, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _brute_force(
    ids: NDArray[np.int64], vectors: NDArray[np.float32], question: NDArray[np.float32], k: int
) -> tuple[list[int], NDArray[np.float32]]:
    scores = vectors @ question
    best = np.argsort(-scores, kind="stable")[:k]
    return ids[best].tolist(), scores[best]


def _same(index: VectorIndex, ids: NDArray[np.int64], vectors: NDArray[np.float32], k: int = 10) -> None:
    for question in _unit(20, 99):
        found = index.search(question, k)
        expected, scores = _brute_force(ids, vectors, question, k)
        assert found.ids.tolist() == expected
        np.testing.assert_allclose(found.scores, scores, atol=1e-5)


@pytest.fixture
def filled() -> tuple[VectorIndex, NDArray[np.int64], NDArray[np.float32]]:
    ids = np.random.default_rng(3).permutation(5000)[:700].astype(np.int64)
    vectors = _unit(700, 1)
    index = VectorIndex(DIMENSION)
    index.add(ids[:300], vectors[:300])
    index.add(ids[300:], vectors[300:])
    return index, ids, vectors


Filled = tuple[VectorIndex, NDArray[np.int64], NDArray[np.float32]]


def test_neighbours_are_those_of_brute_force(filled: Filled) -> None:
    index, ids, vectors = filled
    assert index.exact
    assert len(index) == 700
    _same(index, ids, vectors)


def test_removed_vectors_are_found_no_more(filled: Filled) -> None:
    index, ids, vectors = filled
    index.remove([*ids[::3].tolist(), 999_999])
    keep = np.arange(700) % 3 != 0
    assert sorted(index.ids.tolist()) == sorted(ids[keep].tolist())
    _same(index, ids[keep], vectors[keep])
    index.add(ids[::3], -vectors[::3])
    _same(index, np.concatenate([ids[keep], ids[::3]]), np.concatenate([vectors[keep], -vectors[::3]]))


def test_a_search_among_some_ids_finds_only_them(filled: Filled) -> None:
    index, ids, vectors = filled
    some = np.arange(0, 700, 7)
    for question in _unit(10, 5):
        found = index.search(question, 8, among=ids[some])
        expected, scores = _brute_force(ids[some], vectors[some], question, 8)
        assert found.ids.tolist() == expected
        np.testing.assert_allclose(found.scores, scores, atol=1e-5)
    assert index.search(vectors[0], 5, among=np.empty(0, np.int64)).ids.tolist() == []
    assert index.search(vectors[0], 5, among=np.array([10**9])).ids.tolist() == []


def test_k_beyond_the_end_gives_what_there_is(filled: Filled) -> None:
    index, ids, vectors = filled
    assert sorted(index.search(vectors[0], 10_000).ids.tolist()) == sorted(ids.tolist())
    assert index.search(vectors[0], 0).ids.shape == (0,)
    assert VectorIndex(DIMENSION).search(vectors[0], 3).scores.shape == (0,)


def test_many_vectors_go_into_an_inverted_file_that_finds_nearly_all_neighbours() -> None:
    vectors = _clustered(6000, 2)
    ids = np.arange(6000, dtype=np.int64) * 3 + 1
    index = VectorIndex(DIMENSION, exact_below=5000)
    index.add(ids[:4999], vectors[:4999])
    assert index.exact
    index.add(ids[4999:], vectors[4999:])
    assert not index.exact
    assert len(index) == 6000
    index.remove(ids[::10])
    keep = np.arange(6000) % 10 != 0
    assert sorted(index.ids.tolist()) == ids[keep].tolist()

    hits = 0
    among = np.flatnonzero(keep)[::50]
    for question in _clustered(50, 7):
        found = index.search(question, 10)
        expected, scores = _brute_force(ids[keep], vectors[keep], question, 10)
        hits += len(set(found.ids.tolist()) & set(expected))
        assert (np.diff(found.scores) <= 0).all()
        assert not set(found.ids.tolist()) & set(ids[::10].tolist())
        np.testing.assert_allclose(found.scores[0], scores[0], atol=2e-3)  # half precision
        inside = index.search(question, 5, among=ids[among])
        assert len(set(inside.ids.tolist()) & set(_brute_force(ids[among], vectors[among], question, 5)[0])) >= 4
        assert set(inside.ids.tolist()) <= set(ids[among].tolist())
    assert hits >= 0.95 * 500


@pytest.mark.parametrize("exact_below", [10_000, 500])
def test_a_saved_index_answers_the_same(tmp_path: Path, exact_below: int) -> None:
    vectors = _clustered(600, 4)
    index = VectorIndex(DIMENSION, exact_below=exact_below)
    index.add(np.arange(600, dtype=np.int64), vectors)
    path = tmp_path / "vectors.faiss"
    index.save(path, "stamp")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["vectors.faiss", "vectors.faiss.json"]
    again = VectorIndex.load(path, "stamp", DIMENSION, exact_below=exact_below)
    assert again is not None
    assert again.exact == index.exact == (exact_below > 600)
    assert sorted(again.ids.tolist()) == list(range(600))
    for question in _clustered(10, 6):
        assert again.search(question, 10).ids.tolist() == index.search(question, 10).ids.tolist()
    again.remove([5])
    again.add(np.array([1000]), vectors[5:6])
    assert again.search(vectors[5], 1).ids.tolist() == [1000]


def _saved(folder: Path) -> Path:
    index = VectorIndex(DIMENSION)
    index.add(np.arange(50, dtype=np.int64), _unit(50, 8))
    index.save(folder / "v", "now")
    return folder / "v"


def test_a_stale_or_damaged_file_is_not_loaded(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    note = tmp_path / "v.json"
    assert VectorIndex.load(path, "now", DIMENSION) is not None
    assert VectorIndex.load(path, "later", DIMENSION) is None
    assert VectorIndex.load(path, "now", DIMENSION + 8) is None
    assert VectorIndex.load(tmp_path / "none", "now", DIMENSION) is None

    good, good_note = path.read_bytes(), note.read_text()
    damaged = bytearray(good)
    damaged[len(good) // 2] ^= 1
    path.write_bytes(damaged)
    assert VectorIndex.load(path, "now", DIMENSION) is None
    path.write_bytes(good[:-10])
    assert VectorIndex.load(path, "now", DIMENSION) is None
    path.write_bytes(good)
    for text in ("", "[]", "{}", "null", json.dumps({**json.loads(good_note), "sha256": "0"})):
        note.write_text(text)
        assert VectorIndex.load(path, "now", DIMENSION) is None
    note.unlink()
    assert VectorIndex.load(path, "now", DIMENSION) is None
    note.write_text(good_note)
    assert VectorIndex.load(path, "now", DIMENSION) is not None


def test_an_index_that_cannot_be_written_raises_oserror(tmp_path: Path) -> None:
    index = VectorIndex(DIMENSION)
    index.add(np.arange(5, dtype=np.int64), _unit(5, 8))
    with pytest.raises(OSError, match="nowhere"):
        index.save(tmp_path / "nowhere" / "v", "now")


def test_vectors_of_another_shape_are_refused() -> None:
    index = VectorIndex(DIMENSION)
    with pytest.raises(ValueError, match=r"\(3, 8\); expected \(3, 24\)"):
        index.add(np.arange(3), np.zeros((3, 8), np.float32))
    with pytest.raises(ValueError, match=r"expected \(2, 24\)"):
        index.add(np.arange(2), _unit(3, 1))
    assert len(index) == 0
