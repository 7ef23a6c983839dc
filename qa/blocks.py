"""Pieces of a page put together as an article's text, each one a Block with its exact place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from qa.checked import whole_characters
from qa.types import Block, BlockKind

# Invisible characters that only break words in two or steer a screen: soft hyphen, zero-width space, word joiner,
# byte order mark, Mongolian vowel separator, and the marks of writing direction. The zero-width (non-)joiners stay:
# Persian, the Indic scripts and emoji are spelt with them.
_INVISIBLE = r"\u00ad\u180e\u200b\u200e\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069"
_CONTROL = r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
_DROPPED = re.compile(f"[{_INVISIBLE}{_CONTROL}]")
_CONTROLS = re.compile(f"[{_CONTROL}]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A block before it has a place: what it is and says.

    `linked` is the share of its characters that are link text, 0..1. Pieces of one list or table have
    the same `group`, which is not 0.
    """

    kind: BlockKind
    text: str
    level: int = 0
    linked: float = 0.0
    group: int = 0


def printable(text: str) -> str:
    """`text` without lone surrogates and without control characters that are not white space."""
    return _CONTROLS.sub("", whole_characters(text))


def one_line(text: str) -> str:
    """`text` on one line: white space of any kind and length is one space, invisible characters are gone."""
    return " ".join(_DROPPED.sub("", whole_characters(text)).split())


_LONGEST_TITLE = 400  # characters; papers and decrees have titles of 300


def shortened(title: str) -> str:
    """A title or name as it is, or its first words where a page names itself with more than any title has."""
    if len(title) <= _LONGEST_TITLE:
        return title
    return (title[:_LONGEST_TITLE].rsplit(" ", 1)[0] or title[:_LONGEST_TITLE]) + " …"


def code_lines(text: str) -> str:
    """Code with its lines and indentation, without blank lines at both ends."""
    lines = [_DROPPED.sub("", line).rstrip() for line in whole_characters(text).expandtabs(4).splitlines()]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines)


_POWER = re.compile(r"(?:\d|\b[A-Za-zµ]|\b(?:km|cm|mm|nm|kg|µm|CO|sec?))$")
_AS_RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")


def with_raised(text: str, raised: str) -> str:
    """`text` and the raised characters after it: powers are kept (10⁶, km²), the marks of notes go."""
    raised = raised.strip()
    stripped = text.rstrip()
    if not raised:
        return text
    if not stripped:
        return f"{text}{raised} "  # the number of a note, before it
    if re.fullmatch(r"[-+−]?[\dn]{1,3}", raised) and _POWER.search(stripped):
        return stripped + raised.translate(_AS_RAISED)
    if re.fullmatch(r"[\d\s,;–*†‡§¶‖#()\[\]-]+|[a-z](?:,[a-z])*", raised) and raised not in "ao":
        return text
    return stripped + raised  # 19th, 1er, nº


def lay_out(pieces: Iterable[Piece]) -> tuple[str, tuple[Block, ...]]:
    """The text made of `pieces`, and where each of them is in it.

    Pieces stand a blank line apart, those of one list or table a line break. Empty pieces are passed over.
    """
    parts: list[str] = []
    blocks: list[Block] = []
    position, group = 0, 0
    for piece in pieces:
        if not piece.text:
            continue
        if parts:
            gap = "\n" if piece.group and piece.group == group else "\n\n"
            parts.append(gap)
            position += len(gap)
        parts.append(piece.text)
        blocks.append(Block(piece.kind, position, position + len(piece.text), piece.level))
        position += len(piece.text)
        group = piece.group
    return "".join(parts), tuple(blocks)
