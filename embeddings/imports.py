"""Importing large packages in less time: sentence-transformers and transformers take seconds otherwise."""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

_one_at_a_time = threading.RLock()  # each block takes back what it put in place


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No search for garbage within the block, and afterwards what it made counts as long-lived.

    Imports make next to no garbage, and hundreds of thousands of objects that are searched again and again as they go.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # what others froze stays frozen
            gc.freeze()
            gc.unfreeze()  # into the oldest generation, without a search
        if was_on:
            gc.enable()


@contextlib.contextmanager
def deferred(modules: Collection[str], importers: Collection[str]) -> Iterator[None]:
    """Within the block `from MODULE import function` in the packages `importers` does not import MODULE yet.

    The name stands for the function all the same, and whoever else imports MODULE, in whatever thread, has it whole.
    For functions only: the packages must not take classes or values, nor call a function while they are imported.
    """
    with _one_at_a_time:
        whole = builtins.__import__
        builtins.__import__ = _lazy(whole, modules, importers)
        try:
            yield
        finally:
            builtins.__import__ = whole


def _lazy(whole: Callable[..., Any], modules: Collection[str], importers: Collection[str]) -> Callable[..., Any]:
    """What stands for `__import__`, and leaves everything else to `whole`."""

    def imported(
        name: str,
        globals: Any = None,  # noqa: A002 - named as those of __import__
        locals: Any = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        asked_by = (globals or {}).get("__name__", "")
        if level == 0 and fromlist and name in modules and asked_by.partition(".")[0] in importers:
            return _Functions(name)
        return whole(name, globals, locals, fromlist or (), level)

    return imported


class _Functions:
    """Has every function of a module that is imported with the first call."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def function(*arguments: Any, **named: Any) -> Any:
            return getattr(importlib.import_module(self._module), name)(*arguments, **named)

        function.__name__ = name
        return function
