"""gzip data to bytes, never more of them than was allowed: a few kilobytes can hold gigabytes of zeros."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

_PIECE = 65_536  # bytes inflated at a time, so that a limit is overrun by no more than this
_MAGIC = b"\x1f\x8b"


class TooMuch(ValueError):
    """There is more in it than the limit."""


def is_gzip(content: bytes) -> bool:
    """Whether `content` begins as gzip data does."""
    return content.startswith(_MAGIC)


def inflated(parts: Iterable[bytes], *, limit: int) -> Iterator[bytes]:
    """The bytes inside gzip data that comes in `parts`, in pieces; members that follow one another are joined.

    Raises TooMuch as soon as more than `limit` bytes come out, ValueError where the data is damaged or cut.
    """
    inflater, size, empty = zlib.decompressobj(wbits=31), 0, True
    try:
        for part in parts:
            rest = part
            while rest:
                if inflater.eof:
                    if not rest.startswith(_MAGIC[: len(rest)]):
                        return  # padding after the last member, as tape archives have it
                    inflater = zlib.decompressobj(wbits=31)
                piece = inflater.decompress(rest, _PIECE)
                rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
                size, empty = size + len(piece), False
                if size > limit:
                    raise TooMuch(f"more than {limit} bytes are in it")
                yield piece
        piece = inflater.flush()
    except zlib.error as error:
        raise ValueError(f"damaged gzip data: {error}") from error
    if not empty and not inflater.eof:
        raise ValueError("gzip data that ends in the middle")
    if size + len(piece) > limit:
        raise TooMuch(f"more than {limit} bytes are in it")
    yield piece
