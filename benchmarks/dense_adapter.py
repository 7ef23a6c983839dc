"""The same library with dense retrieval alone, for question-set scorers that take an adapter.

    PYTHONPATH=. python SCORER SET --adapter benchmarks/dense_adapter.py

`open_system(folder)` gives an object with `add`, `retrieve` and `ask`; articles are mappings with id, title, text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qa import Article, Library

Place = tuple[str, int, int, str]


class DenseSystem:
    """Passages ranked by cosine alone; answers are composed from them as always."""

    def __init__(self, folder: str) -> None:
        self.library = Library.open(folder, ranking="dense")

    def add(self, articles: Sequence[Mapping[str, Any]]) -> None:
        self.library.add([Article(id=a["id"], title=a["title"], text=a["text"], url=a.get("url")) for a in articles])

    def retrieve(self, question: str, k: int, history: Sequence[Mapping[str, Any]]) -> list[Place]:
        hits = self.library.retrieve(question, k=k, history=history)
        return [(hit.passage.article_id, hit.passage.start, hit.passage.end, hit.passage.text) for hit in hits]

    def ask(self, question: str, history: Sequence[Mapping[str, Any]]) -> tuple[bool, float, list[Place]]:
        answer = self.library.ask(question, history=history)
        return answer.found, answer.support, [(c.article_id, c.start, c.end, c.quote) for c in answer.citations]


def open_system(folder: str) -> DenseSystem:
    return DenseSystem(folder)
