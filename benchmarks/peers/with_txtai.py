"""txtai's hybrid index: dense vectors and BM25, with the texts in its database."""

from __future__ import annotations

from collections.abc import Sequence

from peer import WORDS, Found, Settings, Text
from txtai import Embeddings
from txtai.pipeline import Segmentation

NEEDS = "The network once, for the weights; no key. Splitting takes one more package (chonkie); saving is one call."
MOST = round(1.2 * WORDS)  # its splitter stays below the number on the mean


class System:
    def __init__(self, settings: Settings) -> None:
        options = {"encodebatch": settings.batch} if settings.batch else {}
        loading = {} if settings.dtype == "auto" else {"dtype": settings.dtype}
        self._index = Embeddings(path=settings.model, hybrid=True, content=True, vectors=loading, **options)
        self._segments = Segmentation(chunker="sentence", tokenizer="word", chunk_size=MOST) if settings.split else None

    def add(self, texts: Sequence[Text]) -> int:
        rows = []
        for text in texts:
            parts = self._segments(text.text) if self._segments else [text.text]
            rows += [(f"{text.id}#{number}", part) for number, part in enumerate(parts)]
        self._index.index(rows)
        return int(self._index.count())

    def search(self, question: str, k: int) -> list[Found]:
        return [Found(hit["id"].rpartition("#")[0], hit["text"]) for hit in self._index.search(question, k)]
