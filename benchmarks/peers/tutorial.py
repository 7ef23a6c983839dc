"""The stack of the usual tutorial: windows of words, SentenceTransformer.encode, a flat FAISS index."""

from __future__ import annotations

from collections.abc import Sequence

import faiss
from peer import WORDS, Found, Settings, Text
from sentence_transformers import SentenceTransformer

NEEDS = (
    "The network once, for the weights; no key. Vectors only, in memory: saving, removing and adding later are left to "
    "whoever writes it."
)


class System:
    def __init__(self, settings: Settings) -> None:
        loading = {} if settings.dtype == "auto" else {"dtype": settings.dtype}
        self._model = SentenceTransformer(settings.model, model_kwargs=loading)
        self._batch, self._split = settings.batch or 32, settings.split
        self._passages: list[Found] = []

    def add(self, texts: Sequence[Text]) -> int:
        for text in texts:
            words = text.text.split()
            windows = [" ".join(words[at : at + WORDS]) for at in range(0, len(words), WORDS)]
            self._passages += [Found(text.id, part) for part in (windows if self._split else [text.text])]
        vectors = self._model.encode(
            [passage.text for passage in self._passages], batch_size=self._batch, normalize_embeddings=True
        )
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)
        return len(self._passages)

    def search(self, question: str, k: int) -> list[Found]:
        _, rows = self._index.search(self._model.encode([question], normalize_embeddings=True), k)
        return [self._passages[row] for row in rows[0] if row >= 0]
