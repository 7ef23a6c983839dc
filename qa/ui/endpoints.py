"""`ask` and `retrieve` for other programs, as JSON over the app's API."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import gradio as gr

from qa.errors import ArticleQAError
from qa.saved import answer_dict, hit_dict
from qa.ui.line import Line
from qa.ui.roles import reads

if TYPE_CHECKING:
    from qa.library import Library
    from qa.types import Hit

T = TypeVar("T")


class Endpoints:
    """The two functions that the API exposes; the library's own errors reach the caller with their message.

    They wait in the same `line` as questions in the page; a call that is cancelled ends with the step under way.
    """

    def __init__(self, library: Library, line: Line) -> None:
        self._library = library
        self._line = line

    @reads
    async def ask(
        self,
        question: str,
        k: int = 5,
        history: list[dict[str, Any]] | None = None,
        filters: dict[str, Any] | None = None,
        quotes: int = 3,
    ) -> dict[str, Any]:
        """Answer a question from the articles, with numbered citations; see qa.saved.answer_dict."""
        before = () if history is None else history
        step = await self._last(
            self._library.ask_in_steps(question, k=k, history=before, filters=filters, quotes=quotes),
            goes_on=lambda step: step.answer is None,
        )
        assert step.answer is not None
        return answer_dict(step.answer)

    @reads
    async def retrieve(
        self,
        question: str,
        k: int = 5,
        history: list[dict[str, Any]] | None = None,
        filters: dict[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """The k passages nearest to a question, best first; see qa.saved.hit_dict."""

        before = () if history is None else history

        def found() -> Iterator[list[Hit]]:
            yield self._library.retrieve(question, k=k, history=before, filters=filters)

        return [hit_dict(hit) for hit in await self._last(found(), goes_on=lambda _: False)]

    async def _last(self, work: Iterator[T], *, goes_on: Callable[[T], bool]) -> T:
        try:
            async with contextlib.aclosing(self._line.steps(work, goes_on=goes_on)) as steps:
                async for step in steps:
                    last = step
        except ArticleQAError as error:
            raise _told(error) from error
        return last


def _told(error: ArticleQAError) -> gr.Error:
    return gr.Error(str(error), print_exception=False)
