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
    from embeddings.encoder import Encoder, PackedEmbedding


def encode(
    pairs: Sequence[tuple[Article, Passage]], store: Store, encoder: Callable[[], Encoder], *, pending: bool = False
) -> list[EncodedPassage]:
    """The passages with their vectors; texts that the store already has vectors of are not encoded again."""
    texts = [embedded_text(article, passage) for article, passage in pairs]
    hashes = [hash_of(text) for text, _ in texts]
    known = store.known_vectors(hashes, pending=pending)
    missing = {key: i for i, key in enumerate(hashes) if key not in known}
    if missing:
        embedded = encoder().pack_passages([texts[i][0] for i in missing.values()])
        for (key, i), one in zip(missing.items(), embedded, strict=True):
            known[key] = vectors_of(one, texts[i][1])
    return [EncodedPassage(passage, key, known[key]) for (_, passage), key in zip(pairs, hashes, strict=True)]


def hash_of(text: str) -> bytes:
    """What the vectors of a text are known by, 16 bytes."""
    return hashlib.sha256(text.encode()).digest()[:16]


def vectors_of(embedding: PackedEmbedding, context: int) -> Vectors:
    """What is stored of a passage in front of which `context` characters were embedded."""
    from embeddings.late import compress

    return Vectors(embedding.vector.astype(np.float16), compress(embedding, context=context).to_bytes())
