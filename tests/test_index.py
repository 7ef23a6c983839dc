"""The FAISS index against brute force in NumPy."""

from __future__ import annotations

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
    vectors: NDArray[np.float32], question: NDArray[np.float32], k: int, among: NDArray[np.bool_] | None = None
) -> tuple[list[int], NDArray[np.float32]]:
    scores = vectors @ question
    if among is not None:
        scores = np.where(among, scores, -np.inf)
    best = np.argsort(-scores, kind="stable")[:k]
    return best.tolist(), scores[best]


def _same(index: VectorIndex, vectors: NDArray[np.float32], k: int = 10) -> None:
    for question in _unit(20, 99):
        found = index.search(question, k)
        expected, scores = _brute_force(vectors, question, k)
        assert found.rows.tolist() == expected
        np.testing.assert_allclose(found.scores, scores, atol=1e-3)  # half precision


Filled = tuple[VectorIndex, NDArray[np.float32]]


@pytest.fixture
def filled() -> Filled:
    """Vectors that half precision holds, so that they compare as in single precision."""
    vectors = _unit(700, 1).astype(np.float16).astype(np.float32)
    index = VectorIndex(DIMENSION)
    index.add(vectors[:300])
    index.add(vectors[300:])
    return index, vectors


def test_neighbours_are_those_of_brute_force(filled: Filled) -> None:
    index, vectors = filled
    assert index.exact
    assert len(index) == 700
    _same(index, vectors)


def test_a_search_among_some_rows_finds_only_them(filled: Filled) -> None:
    index, vectors = filled
    some = np.arange(700) % 7 == 0
    for question in _unit(10, 5):
        found = index.search(question, 8, among=some)
        expected, scores = _brute_force(vectors, question, 8, some)
        assert found.rows.tolist() == expected
        np.testing.assert_allclose(found.scores, scores, atol=1e-3)
    assert index.search(vectors[0], 5, among=np.zeros(700, np.bool_)).rows.tolist() == []
    with pytest.raises(ValueError, match=r"among has shape \(3,\); expected \(700,\)"):
        index.search(vectors[0], 5, among=np.ones(3, np.bool_))


def test_k_beyond_the_end_gives_what_there_is(filled: Filled) -> None:
    index, vectors = filled
    assert sorted(index.search(vectors[0], 10_000).rows.tolist()) == list(range(700))
    assert index.search(vectors[0], 0).rows.shape == (0,)
    assert VectorIndex(DIMENSION).search(vectors[0], 3).scores.shape == (0,)


def test_many_vectors_go_into_an_inverted_file_that_finds_nearly_all_neighbours() -> None:
    vectors = _clustered(6000, 2)
    index = VectorIndex(DIMENSION, exact_below=5000)
    index.add(vectors[:4999])
    assert index.exact
    index.add(vectors[4999:])
    assert not index.exact
    assert len(index) == 6000
    few, most = np.arange(6000) % 50 == 1, np.arange(6000) % 10 != 0
    hits = [0, 0, 0]
    for question in _clustered(50, 7):
        for number, among in enumerate((None, few, most)):
            found = index.search(question, 10, among=among)
            expected, scores = _brute_force(vectors, question, 10, among)
            hits[number] += len(set(found.rows.tolist()) & set(expected))
            assert (np.diff(found.scores) <= 0).all()
            np.testing.assert_allclose(found.scores[0], scores[0], atol=2e-3)  # half precision
            assert among is None or among[found.rows].all()
    assert hits[0] >= 0.95 * 500
    assert hits[1] >= 0.99 * 500, "so few are compared with one by one"
    assert hits[2] >= 0.95 * 500


@pytest.mark.parametrize("exact_below", [10_000, 500])
def test_a_saved_index_is_mapped_and_answers_the_same(tmp_path: Path, exact_below: int) -> None:
    vectors = _clustered(600, 4)
    index = VectorIndex(DIMENSION, exact_below=exact_below)
    index.add(vectors)
    path = tmp_path / "vectors.faiss"
    index.save(path)
    again = VectorIndex.load(path, DIMENSION, exact_below=exact_below)
    assert again.exact == index.exact == (exact_below > 600)
    path.unlink()  # as the next checkpoint does: what is mapped stays
    for question in _clustered(10, 6):
        assert again.search(question, 10).rows.tolist() == index.search(question, 10).rows.tolist()
    with pytest.raises(ValueError, match="is for searching only"):
        again.add(vectors[:1])


@pytest.mark.parametrize("exact_below", [10_000, 500])
def test_an_extended_index_has_the_rows_that_were_kept_and_the_new_ones(tmp_path: Path, exact_below: int) -> None:
    vectors, more = _clustered(600, 4), _clustered(90, 5)
    index = VectorIndex(DIMENSION, exact_below=exact_below)
    index.add(vectors)
    index.save(tmp_path / "v")
    recent = VectorIndex(DIMENSION)
    recent.add(more)
    keep = np.arange(690) % 4 != 2
    left = np.concatenate([vectors, more])[keep]
    for one in (index, VectorIndex.load(tmp_path / "v", DIMENSION, exact_below=exact_below)):
        assert len(one.extended(recent)) == 690
        new = one.extended(recent, keep=keep)
        assert len(new) == len(left)
        assert new.exact == one.exact
        hits = 0
        for question in left[::20]:
            found = new.search(question, 5)
            assert found.rows[0] == _brute_force(left, question, 1)[0][0]
            hits += len(set(found.rows.tolist()) & set(_brute_force(left, question, 5)[0]))
        assert hits >= 0.95 * 5 * len(left[::20])


def test_an_index_becomes_inverted_when_it_is_extended_past_the_limit() -> None:
    index, recent = VectorIndex(DIMENSION, exact_below=500), VectorIndex(DIMENSION)
    index.add(_clustered(400, 4))
    recent.add(_clustered(150, 5))
    assert index.exact
    new = index.extended(recent)
    assert (new.exact, len(new), new.suits(550)) == (False, 550, True)
    assert not new.suits(1600), "its lists were made for 550 vectors"
    assert index.suits(10**9), "it has none yet"


def test_a_file_that_is_no_index_of_this_dimension_is_refused(tmp_path: Path) -> None:
    index = VectorIndex(DIMENSION)
    index.add(_unit(5, 8))
    index.save(tmp_path / "v")
    with pytest.raises(OSError, match="24 dimensions; expected 32"):
        VectorIndex.load(tmp_path / "v", DIMENSION + 8)
    with pytest.raises(OSError, match="none could not be read"):
        VectorIndex.load(tmp_path / "none", DIMENSION)
    with pytest.raises(OSError, match="nowhere"):
        index.save(tmp_path / "nowhere" / "v")


def test_vectors_of_another_shape_are_refused() -> None:
    index = VectorIndex(DIMENSION)
    with pytest.raises(ValueError, match=r"\(3, 8\); expected \(n, 24\)"):
        index.add(np.zeros((3, 8), np.float32))
    assert len(index) == 0
