"""The map of passages: near are those that mean alike, always the same, stopped when it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from embeddings.projection import grouped, project
from qa import Article, Library, Progress
from qa.atlas import FEWEST, draw_atlas


@pytest.fixture(scope="module")
def clusters() -> np.ndarray:
    """Three heaps of forty unit vectors, float32 (120, 64)."""
    random = np.random.default_rng(3)
    centres = np.repeat(random.normal(size=(3, 64)), 40, axis=0)
    vectors = centres + 0.3 * random.normal(size=(120, 64))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_heaps_stay_heaps(clusters: np.ndarray) -> None:
    seen: list[tuple[int, int]] = []
    points = project(clusters, on_progress=lambda done, rounds: seen.append((done, rounds)))
    assert points is not None
    assert (points.shape, points.dtype) == ((120, 2), np.float32)
    assert (points.min(axis=0).tolist(), points.max(axis=0).tolist()) == ([0, 0], [1, 1])
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    heap = np.arange(120) // 40
    assert (heap[distance.argmin(axis=1)] == heap).all()
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    again = project(clusters)
    assert again is not None
    np.testing.assert_array_equal(points, again)
    groups = grouped(points, 3)
    assert [len(set(groups[heap == each].tolist())) for each in range(3)] == [1, 1, 1]


def test_it_is_stopped_between_rounds(clusters: np.ndarray) -> None:
    seen: list[int] = []

    def stop_after_two(done: int, rounds: int) -> bool:
        seen.append(done)
        return done < 2

    assert project(clusters, on_progress=stop_after_two) is None
    assert seen == [1, 2]
    with pytest.raises(ValueError, match="3 vectors are too few"):
        project(clusters[:3])


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as library:
        yield library


def test_places_regions_and_questions(example_library: Library) -> None:
    steps: list[Progress] = []
    atlas = draw_atlas(example_library, on_progress=steps.append)
    assert atlas is not None
    assert (len(atlas.places), atlas.total, atlas.stamp) == (129, 129, example_library.stamp)
    assert [(step.done, step.total) for step in steps] == [(n, 4) for n in range(1, 5)]
    for place in atlas.places:
        assert 0 <= place.x <= 1
        assert 0 <= place.y <= 1
        assert example_library.article(place.article_id).title == place.title
    assert sum(region.passages for region in atlas.regions) == 129
    assert any({"tonga", "cable"} & set(region.label.split(" · ")) for region in atlas.regions)
    hits = example_library.retrieve("How are undersea cables repaired?", k=3)
    found = atlas.of_hits(hits)
    assert [place.start for place in found if place] == [hit.passage.start for hit in hits]
    x, y = atlas.of_vector(example_library.encoder.encode_questions(["How are undersea cables repaired?"])[0])
    assert 0 < x < 1
    assert 0 < y < 1


def test_few_passages_have_no_map_and_it_can_be_stopped(library: Library, example_library: Library) -> None:
    library.add(Article("a", "A", "There is one passage here, and no more."))
    assert draw_atlas(library) is None
    assert FEWEST == 12
    assert draw_atlas(example_library, on_progress=lambda step: False) is None


def test_a_large_library_is_sampled_evenly(example_library: Library) -> None:
    total, passages, vectors = example_library.sample(10)
    assert (total, len(passages), vectors.shape) == (129, 10, (10, 384))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert len({passage.article_id for passage in passages}) > 5
