"""A package imported without the packages it takes a few functions from; those are imported when one is called."""

from __future__ import annotations

import builtins
import contextlib
import importlib
from collections.abc import Callable, Collection, Iterator
from typing import Any


@contextlib.contextmanager
def deferred(modules: Collection[str], importer: str) -> Iterator[None]:
    """Within the block `from MODULE import function` in the package `importer` does not import MODULE yet.

    The name stands for the function all the same, and whoever else imports MODULE, in whatever thread, has it whole.
    For functions only: the package must not use what it takes as a class, a value or a decorator while it is imported.
    """
    whole = builtins.__import__

    def lazy(
        name: str,
        globals: Any = None,  # noqa: A002 - named as those of __import__
        locals: Any = None,  # noqa: A002
        fromlist: Collection[str] | None = (),
        level: int = 0,
    ) -> Any:
        asked_by = (globals or {}).get("__name__", "")
        if level == 0 and fromlist and name in modules and asked_by.partition(".")[0] == importer:
            return _Functions(name)
        return whole(name, globals, locals, fromlist or (), level)

    builtins.__import__ = lazy
    try:
        yield
    finally:
        builtins.__import__ = whole


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
