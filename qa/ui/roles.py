"""Which events of the page readers may call: those marked with `reads`, and no other."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr

from qa.ui.words import Words

Handler = TypeVar("Handler", bound=Callable[..., Any])
_MARK = "_qa_reads"


def reads(handler: Handler) -> Handler:
    """Marks a handler that changes nothing that others see: whoever may open the page may call it."""
    setattr(handler, _MARK, True)
    return handler


def restrict(page: gr.Blocks, may_edit: Callable[[str | None], bool], words: Words) -> None:
    """Keeps every other event of the page for those that `may_edit`, by the name they signed in with.

    It is asked when the event runs, whichever way it was called.
    """
    for event in page.fns.values():
        if event.fn is not None and not hasattr(event.fn, _MARK):
            event.fn = _kept(event.fn, may_edit, words("account.readers_only"))


def _kept(handler: Callable[..., Any], may_edit: Callable[[str | None], bool], refusal: str) -> Callable[..., Any]:
    @functools.wraps(handler)
    def kept(request: gr.Request, *given: Any) -> Any:
        if not may_edit(request.username):
            raise gr.Error(refusal, print_exception=False)
        return handler(*given)

    # Gradio fills parameters by the types that a handler's signature gives.
    asked = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)
    signature = inspect.signature(handler)
    kept.__signature__ = signature.replace(parameters=[asked, *signature.parameters.values()])  # type: ignore[attr-defined]
    kept.__annotations__ = {**typing.get_type_hints(handler), "request": gr.Request}
    return kept
