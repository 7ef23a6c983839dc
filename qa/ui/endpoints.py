"""`ask` and `retrieve` for other programs, as JSON over the app's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from qa.errors import ArticleQAError
from qa.saved import answer_dict, hit_dict

if TYPE_CHECKING:
    from qa.library import Library


class Endpoints:
    """The two functions that the API exposes; the library's own errors reach the caller with their message."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def ask(
        self,
        question: str,
        k: int = 5,
        history: list[dict[str, Any]] | None = None,
        filters: dict[str, Any] | None = None,
        quotes: int = 3,
    ) -> dict[str, Any]:
        """Answer a question from the articles, with numbered citations; see qa.saved.answer_dict."""
        try:
            answer = self._library.ask(
                question, k=k, history=() if history is None else history, filters=filters, quotes=quotes
            )
            return answer_dict(answer)
        except ArticleQAError as error:
            raise _told(error) from error

    def retrieve(
        self,
        question: str,
        k: int = 5,
        history: list[dict[str, Any]] | None = None,
        filters: dict[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """The k passages nearest to a question, best first; see qa.saved.hit_dict."""
        try:
            hits = self._library.retrieve(question, k=k, history=() if history is None else history, filters=filters)
        except ArticleQAError as error:
            raise _told(error) from error
        return [hit_dict(hit) for hit in hits]


def _told(error: ArticleQAError) -> gr.Error:
    return gr.Error(str(error), print_exception=False)
