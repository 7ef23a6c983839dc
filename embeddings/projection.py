"""Vectors to places on a map: t-SNE in rounds, so that it can show how far it is and be stopped.

t-SNE: van der Maaten and Hinton, "Visualizing Data using t-SNE", 2008; scikit-learn's, with the Barnes-Hut tree.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FEWEST = 12  # vectors that can be projected
_DIMENSIONS = 50  # that principal components leave; the usual number before t-SNE
_ROUND = 250  # iterations, scikit-learn's fewest
_ROUNDS = 4
_SEED = 7


def project(
    vectors: NDArray[np.float32], *, on_progress: Callable[[int, int], bool | None] | None = None
) -> NDArray[np.float32] | None:
    """float32 (n, 2), 0..1 on both axes, of unit vectors float32 (n, dim): near are those that mean alike.

    Always the same for the same vectors. `on_progress(rounds done, rounds)` is called after each round; where it
    returns False the work ends there, and the result is None. n is FEWEST or more, else ValueError.
    """
    if len(vectors) < FEWEST:
        raise ValueError(f"{len(vectors)} vectors are too few to be projected; give {FEWEST} or more")
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    reduced = vectors.astype(np.float32)
    if min(reduced.shape) > _DIMENSIONS:
        reduced = PCA(_DIMENSIONS, random_state=_SEED).fit_transform(reduced)
    perplexity = float(min(30, (len(vectors) - 1) / 3))
    points: NDArray[np.float32] | str = "pca"
    for done in range(1, _ROUNDS + 1):
        # Only the first round draws the clusters together; later ones go on from where it ended.
        exaggeration = 12.0 if done == 1 else 1.0
        tsne = TSNE(
            init=points,
            perplexity=perplexity,
            early_exaggeration=exaggeration,
            max_iter=_ROUND,
            random_state=_SEED,
        )
        points = tsne.fit_transform(reduced)
        if on_progress is not None and on_progress(done, _ROUNDS) is False:
            return None
    placed = np.asarray(points, np.float32)
    low, high = placed.min(axis=0), placed.max(axis=0)
    scaled: NDArray[np.float32] = (placed - low) / np.maximum(high - low, 1e-9)
    return scaled


def grouped(points: NDArray[np.float32], groups: int) -> NDArray[np.int64]:
    """int64 (n,), the group 0..groups-1 of each of `points` float32 (n, 2): k-means, always the same for the same."""
    from sklearn.cluster import KMeans

    found: NDArray[np.int64] = KMeans(groups, n_init=4, random_state=_SEED).fit_predict(points).astype(np.int64)
    return found
