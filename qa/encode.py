"""Passages to what is stored of them: their vectors, made once for each text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qa.split import embedded_text
from qa.store import EncodedPassage, Store, Vectors
from qa.types import Article, Passage

if TYPE_CHECKING:
    from embeddings.encoder import Encoder


def encode(
    pairs: Sequence[tuple[Article, Passage]], store: Store, encoder: Callable[[], Encoder], *, pending: bool = False
) -> list[EncodedPassage]:
    """The passages with their vectors; texts that the store already has vectors of are not encoded again."""
    from embeddings.late import compress

    texts = [embedded_text(article, passage) for article, passage in pairs]
    hashes = [hashlib.sha256(text.encode()).digest()[:16] for text, _ in texts]
    known = store.known_vectors(hashes, pending=pending)
    missing = {key: i for i, key in enumerate(hashes) if key not in known}
    if missing:
        embedded = encoder().pack_passages([texts[i][0] for i in missing.values()])
        for (key, i), one in zip(missing.items(), embedded, strict=True):
            known[key] = Vectors(one.vector.astype(np.float16), compress(one, context=texts[i][1]).to_bytes())
    return [EncodedPassage(passage, key, known[key]) for (_, passage), key in zip(pairs, hashes, strict=True)]
