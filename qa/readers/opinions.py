"""Second opinions on what a page's main text is, asked only where the first one looks doubtful.

Three readings of a page seldom err in the same place: trafilatura's usual one, its strict one, and
readability's (https://github.com/buriy/python-readability). The usual one is the best of them alone. What
neither of the others has is left out, as long as it is the smaller part; and where the usual one took
little of a page full of prose, readability's longer text stands in.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence

from qa.blocks import Piece
from qa.readers.chrome import ends_a_sentence

logger = logging.getLogger(__name__)
# It prints a traceback for a page that it cannot read, and raises the same; once is enough.
logging.getLogger("readability").addHandler(logging.NullHandler())

_WORD = re.compile(r"[぀-ヿ㐀-鿿฀-๿]|[^\W぀-ヿ㐀-鿿฀-๿]+")  # scripts without spaces count by character
_HELD = 0.5  # the share of a piece's word triples that a reading has to hold
_MINORITY = 0.3  # the share of the text that may be left out; if more is in doubt, the others have failed instead
_LONGER = 1.8  # how much longer readability's text has to be to stand in
_PROSE = 0.85  # the share of it that has to stand in long paragraphs that end like sentences
_LOOKED_AT = 400_000  # characters; longer texts are books, and cost more to read three times than they gain


class _Reading:
    """Pieces as the set of their word triples."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        words = _WORD.findall("\n".join(piece.text for piece in pieces).casefold())
        self._triples = set(zip(words, words[1:], words[2:], strict=False))
        self._words = set(words)

    def holds(self, text: str) -> bool:
        words = _WORD.findall(text.casefold())
        if len(words) < 3:
            return self._words.issuperset(words)
        triples = list(zip(words, words[1:], words[2:], strict=False))
        return sum(triple in self._triples for triple in triples) >= _HELD * len(triples)


def agreed(
    pieces: Sequence[Piece], *, strict: Callable[[], Sequence[Piece]], readability: Callable[[], Sequence[Piece]]
) -> list[Piece]:
    """`pieces` without those that neither of two other readings has.

    `strict` and `readability` read the page when they are called; the second one only where the first one
    lacks something.
    """
    size = sum(len(piece.text) for piece in pieces)
    if not 0 < size <= _LOOKED_AT:
        return list(pieces)
    first = _Reading(strict())
    # The strict reading has no quotations at all, and readability none that are embedded posts.
    doubtful = [piece for piece in pieces if piece.kind != "quote" and not first.holds(piece.text)]
    if not doubtful or sum(len(piece.text) for piece in doubtful) == size:
        return list(pieces)
    second = _Reading(readability())
    alone = {id(piece) for piece in doubtful if not second.holds(piece.text)}
    if sum(len(piece.text) for piece in pieces if id(piece) in alone) >= _MINORITY * size:
        return list(pieces)
    return [piece for piece in pieces if id(piece) not in alone]


def rescued(pieces: Sequence[Piece], *, prose: int, readability: Callable[[], Sequence[Piece]]) -> list[Piece]:
    """`pieces`, or readability's where those are much longer, hold the same and more, and are prose.

    `prose` is how many characters the paragraphs of the whole page have: readability reads only where most
    of them were left out.
    """
    size = sum(len(piece.text) for piece in pieces)
    if not _LONGER * size < prose <= _LOOKED_AT:
        return list(pieces)
    other = list(readability())
    length = sum(len(piece.text) for piece in other)
    written = sum(len(piece.text) for piece in other if len(piece.text) > 80 and ends_a_sentence(piece.text))
    if length > _LONGER * size and written >= _PROSE * length:
        reading = _Reading(other)
        if all(reading.holds(piece.text) for piece in pieces if piece.kind == "paragraph"):
            return other
    return list(pieces)


def readability_html(html: str) -> str:
    """readability's main text as HTML; "" where it finds none."""
    from readability import Document

    try:
        return str(Document(html).summary(html_partial=True))
    except Exception as error:  # noqa: BLE001 - a third-party reader of arbitrary markup: its opinion is then missing
        logger.info("readability read nothing (%s: %s)", type(error).__name__, error)
        return ""
