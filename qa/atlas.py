"""A map of the library's passages: where each lies, what the parts of the map are about, where a question falls."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa.function_words import ENGLISH
from qa.types import Hit, Progress

if TYPE_CHECKING:
    from qa.library import Library

MOST = 4_000  # passages: some seconds to place, and as many dots as a browser draws at once
FEWEST = 12
_NEAR = 8  # passages of the map between which a question or a passage outside it falls
_WORD = re.compile(r"[^\W\d_]{4,}")
_TO_A_REGION, _MOST_REGIONS = 14, 12


@dataclass(frozen=True, slots=True)
class Place:
    """A passage on the map; x and y are 0..1."""

    x: float
    y: float
    article_id: str
    title: str
    site: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the map, by its middle, the words that tell it from the others, and how many passages it has."""

    x: float
    y: float
    label: str
    passages: int


@dataclass(frozen=True, slots=True)
class Atlas:
    """The map of a library as it was at `stamp`: `places` of `total` passages; row i of `vectors` is of places[i]."""

    stamp: str
    places: tuple[Place, ...]
    regions: tuple[Region, ...]
    total: int
    vectors: NDArray[np.float32]

    def of_hits(self, hits: Sequence[Hit]) -> list[Place | None]:
        """Where these passages lie; None for one that is not on the map."""
        known = {(place.article_id, place.start): place for place in self.places}
        return [known.get((hit.passage.article_id, hit.passage.start)) for hit in hits]

    def of_vector(self, vector: NDArray[np.float32]) -> tuple[float, float]:
        """Where a unit vector float32 (dim,), as that of a question, falls: among the passages nearest to it."""
        near = self.vectors @ vector
        best = np.argsort(-near)[:_NEAR]
        weights = np.maximum(near[best], 0) ** 4 + 1e-9  # the nearest count most
        points = np.array([(self.places[i].x, self.places[i].y) for i in best])
        x, y = (points * weights[:, None]).sum(axis=0) / weights.sum()
        return float(x), float(y)


def draw_atlas(library: Library, *, on_progress: Callable[[Progress], bool | None] | None = None) -> Atlas | None:
    """The map of the library's passages, of MOST of them spread evenly where there are more.

    None where there are fewer than FEWEST, or where `on_progress`, called after each part of the work, returned False.
    """
    from embeddings.projection import project

    stamp = library.stamp
    total, passages, vectors = library.sample(MOST)
    if len(passages) < FEWEST:
        return None

    def tell(done: int, rounds: int) -> bool | None:
        return on_progress(Progress(done, rounds)) if on_progress is not None else None

    points = project(vectors, on_progress=tell)
    if points is None:
        return None
    articles = {summary.id: summary for summary in library.summaries()}
    places = tuple(
        Place(
            float(x), float(y), passage.article_id,
            articles[passage.article_id].title if passage.article_id in articles else passage.article_id,
            (articles[passage.article_id].site or "") if passage.article_id in articles else "",
            passage.start, passage.end,
        )
        for (x, y), passage in zip(points, passages, strict=True)
    )  # fmt: skip
    regions = _regions(
        points, [f"{place.title} {passage.text}" for place, passage in zip(places, passages, strict=True)]
    )
    return Atlas(stamp, places, regions, total, vectors)


def _regions(points: NDArray[np.float32], texts: Sequence[str]) -> tuple[Region, ...]:
    from embeddings.projection import grouped

    group = grouped(points, max(3, min(_MOST_REGIONS, len(points) // _TO_A_REGION)))
    counts: list[Counter[str]] = [Counter() for _ in range(int(group.max()) + 1)]
    for number, text in zip(group.tolist(), texts, strict=True):
        words = {word.lower() for word in _WORD.findall(text)}
        counts[number].update(words - ENGLISH)
    everywhere = sum(counts, Counter[str]())
    regions = []
    for number, count in enumerate(counts):
        inside = group == number
        size = int(inside.sum())

        def telling(word: str, count: Counter[str] = count, size: int = size) -> float:
            share, outside = count[word] / size, (everywhere[word] - count[word] + 1) / (len(points) - size + 1)
            return share * math.log(share / outside)

        best = sorted(count, key=lambda word: (-telling(word), word))
        x, y = points[inside].mean(axis=0)
        regions.append(Region(float(x), float(y), " · ".join(itertools.islice(best, 2)), size))
    return tuple(regions)
