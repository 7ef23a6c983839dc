"""gzip data inflated piece by piece, and no further than was allowed."""

from __future__ import annotations

import gzip

import pytest

from qa.inflate import TooMuch, inflated, is_gzip


def test_it_comes_out_as_it_went_in_however_it_is_cut() -> None:
    data = bytes(range(256)) * 2000
    packed = gzip.compress(data[:100_000]) + gzip.compress(data[100_000:]) + bytes(512)
    assert is_gzip(packed)
    for step in (1, 7, 1000, len(packed)):
        parts = [packed[at : at + step] for at in range(0, len(packed), step)]
        assert b"".join(inflated(parts, limit=len(data))) == data
    assert b"".join(inflated([], limit=0)) == b""


def test_it_stops_at_the_limit() -> None:
    given: list[bytes] = []
    with pytest.raises(TooMuch, match="more than 1000000 bytes"):
        given.extend(inflated([gzip.compress(bytes(50_000_000))], limit=1_000_000))
    assert 900_000 < sum(map(len, given)) <= 1_000_000


@pytest.mark.parametrize("damage", [slice(0, -1), slice(0, 20)])
def test_what_is_cut_says_so(damage: slice) -> None:
    with pytest.raises(ValueError, match="ends in the middle"):
        list(inflated([gzip.compress(b"words" * 100)[damage]], limit=10_000))


def test_what_is_damaged_says_so() -> None:
    with pytest.raises(ValueError, match="damaged gzip data"):
        list(inflated([gzip.compress(b"words" * 100)[:-8] + bytes(8)], limit=10_000))
