"""What callers pass, looked at before anything is done: its type, its range, and whether it is text.

Each function returns the value, or raises an InvalidInput that names it, shows it and says what to give instead.
"""

from __future__ import annotations

import math
import os
import re
import reprlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from qa.errors import InvalidInput

T = TypeVar("T")

_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_NUMBER = 64  # bits; a longer one is not shown
_LONGEST_PATH, _LONGEST_NAME = 4_096, 255  # bytes, as Linux has them; others take as much or less
_short = reprlib.Repr()
_short.maxstring = _short.maxother = 120


def shown(value: object) -> str:
    """`value` as a message shows it: as Python writes it, on one line, the middle of a long one left out."""
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER:
        return f"an int of {value.bit_length()} bits"
    try:
        return " ".join(_short.repr(value[:200] if isinstance(value, bytes) else value).split())
    except ValueError:  # a number inside it that is too long to be written
        return f"a {type(value).__name__}"


def is_text(value: str) -> bool:
    """Whether `value` can be stored: no lone surrogates in it."""
    return value.isascii() or not _SURROGATE.search(value)


def whole_characters(text: str) -> str:
    """`text` without lone surrogates: pairs become the character they mean, single halves U+FFFD."""
    if is_text(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text(value: Any, name: str) -> str:
    """A str that can be stored."""
    if not isinstance(value, str):
        raise wrong_type(value, name, "a str")
    if not value.isascii() and (half := _SURROGATE.search(value)):
        raise InvalidInput(
            f"{name} is {shown(value)}, which holds a lone surrogate at character {half.start()} and so is no text; "
            "decode its source with errors='replace'"
        )
    return value


def cleaned(value: Any, name: str) -> str:
    """A str of which nothing is kept but for people to read: lone surrogates in it are replaced."""
    if not isinstance(value, str):
        raise wrong_type(value, name, "a str")
    return whole_characters(value)


def text_or_none(value: Any, name: str) -> str | None:
    return None if value is None else text(value, name)


def names(value: Any, name: str, *, most: int | None = None) -> tuple[str, ...]:
    """One name or several, stripped, without empty ones; None is none."""
    if value is None:
        return ()
    if isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
        raise InvalidInput(f"{name} is {shown(value)}; give a name or a list of names")
    given = (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(each, str) for each in given):
        raise InvalidInput(f"{name} is {shown(value if isinstance(value, list) else given)}; give a list of names")
    kept = tuple(text(each, name).strip() for each in given if each.strip())
    if most is not None and len(kept) > most:
        raise InvalidInput(f"{name} has {len(kept)} names, {shown(kept[0])} the first; give at most {most}")
    return kept


def whole_number(value: Any, name: str, *, least: int = 1, most: int | None = None) -> int:
    """An int, not a bool, from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        wanted = f"of {least} or more" if most is None else f"from {least} to {most}"
        raise InvalidInput(f"{name} is {shown(value)}; give a whole number {wanted}")
    return value


def number(value: Any, name: str, wanted: str, *, least: float = -math.inf, most: float = math.inf) -> float:
    """An int or float, not a bool and not NaN, from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise InvalidInput(f"{name} is {shown(value)}; give {wanted}")
    return value


def one_of(value: Any, name: str, known: Iterable[str]) -> str:
    """One of the `known` words."""
    known = list(known)
    if not isinstance(value, str) or value not in known:
        raise InvalidInput(f"{name} is {shown(value)}; use one of {', '.join(known)}")
    return value


def path(value: Any, name: str) -> Path:
    """A path that the system can be asked for, "~" replaced by the user's folder. It need not be there."""
    if not isinstance(value, (str, Path)):
        raise wrong_type(value, name, "a path, as a str or a Path")
    if not str(value):
        raise InvalidInput(f"{name} is an empty str; give a path")
    try:
        written = os.fsencode(value)
        if b"\0" in written:
            raise InvalidInput(f"{name} is {shown(str(value))}, with a NUL character; give a path without")
        if len(written) > _LONGEST_PATH or max(map(len, re.split(rb"[/\\]", written))) > _LONGEST_NAME:
            raise InvalidInput(f"{name} is {shown(str(value))}, of {len(written)} bytes; give a shorter path")
        return Path(value).expanduser()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{name} is {shown(str(value))}, which no path can be; give another") from error
    except RuntimeError as error:  # "~" of nobody
        raise InvalidInput(f"{name} is {shown(str(value))}: {error}; give the whole path") from error


def callback(value: Any, name: str = "on_progress") -> None:
    """A function to call, or None."""
    if value is not None and not callable(value):
        raise wrong_type(value, name, "a function, or None")


def instance(value: Any, kind: type, name: str) -> None:
    """A value of this class."""
    if not isinstance(value, kind):
        raise wrong_type(value, name, f"a qa.{kind.__name__}")


def fields(value: object, kinds: Mapping[str, type | UnionType]) -> None:
    """The fields of a dataclass are of these types; a bool is no number here."""
    for name, kind in kinds.items():
        given = getattr(value, name)
        if not isinstance(given, kind) or (given.__class__ is bool and kind is not bool):
            wanted = str(kind) if isinstance(kind, UnionType) else kind.__name__
            raise wrong_type(given, f"{type(value).__name__}.{name}", wanted.replace(" | ", " or "))


def tuple_of(value: Any, kind: type[T], name: str) -> tuple[T, ...]:
    """A tuple or list of values of one class, as a tuple."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise wrong_type(value, name, f"a tuple of {kind.__name__}")
    given = tuple(value)
    for each in given:
        if not isinstance(each, kind) or (each.__class__ is bool and kind is not bool):
            raise InvalidInput(f"{name} holds {shown(each)}, which is {type(each).__name__}; give only {kind.__name__}")
    return given


def span(value: Any, name: str) -> tuple[int, int]:
    """(start, end) of two ints."""
    if not (isinstance(value, tuple) and len(value) == 2 and all(type(at) is int for at in value)):
        raise wrong_type(value, name, "(start, end) of two ints")
    return value


def wrong_type(value: object, name: str, wanted: str) -> InvalidInput:
    """The error for a value of a class that `name` cannot be of."""
    given = type(value).__name__
    return InvalidInput(f"{name} is {given if value is None else f'{given}, {shown(value)}'}; it must be {wanted}")
