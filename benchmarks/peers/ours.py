"""article-qa, in the Python that it is installed in. Articles are kept on disk, token vectors beside the vectors."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

from peer import Found, Settings, Text

from qa import Article, Library

NEEDS = "No network, no key. Keeps everything on disk and reads pages, feeds and PDF files by itself."


class System:
    def __init__(self, settings: Settings) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="article-qa-peers-")
        self._library = Library.open(self._folder.name, model=settings.model or None, dtype=settings.dtype)
        assert self._library.encoder is not None  # loaded here, as the others load theirs

    def add(self, texts: Sequence[Text]) -> int:
        self._library.add(Article(text.id, text.title, text.text) for text in texts)
        return self._library.passage_count

    def search(self, question: str, k: int) -> list[Found]:
        hits = self._library.retrieve(question, k=k)
        return [Found(hit.passage.article_id, hit.passage.text) for hit in hits]
