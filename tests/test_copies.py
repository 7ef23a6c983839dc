"""Near-duplicate texts, found as comparing every pair would find them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from qa.copies import originals

_TEXT = st.lists(st.sampled_from(["ship", "cable", "floor", "sea"]), max_size=12).map(" ".join)


def _triples(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}


def _compared_with_all(texts: list[str], most: int) -> list[int | None]:
    kept: list[int] = []
    belongs: list[int | None] = []
    for place, text in enumerate(texts):
        own = _triples(text)
        near = [at for at in kept if 10 * len(own & _triples(texts[at])) >= 7 * min(len(own), len(_triples(texts[at])))]
        if not near and len(kept) < most:
            kept.append(place)
            near = [place]
        belongs.append(near[0] if near else None)
    return belongs


@given(st.lists(_TEXT, max_size=20), st.integers(0, 10))
def test_the_filter_misses_no_copy(texts: list[str], most: int) -> None:
    assert originals(texts, most) == _compared_with_all(texts, most)


def test_a_copy_cut_short_or_longer_belongs_to_the_first() -> None:
    story = "The repair ship lifted the broken cable from the floor of the sea."
    texts = [story, "Nobody knew how it was to be paid for.", f"{story} So it was told.", story[:40].upper(), ""]
    assert originals(texts, 10) == [0, 1, 0, 0, 4]
    assert originals(texts, 1) == [0, None, 0, 0, None]


def test_twenty_thousand_texts_that_share_their_phrases() -> None:
    """Each used to be compared with all that share a triple: minutes, for these."""
    texts = [f"The canal of town {number} was opened in {1700 + number % 300}." for number in range(20_000)]
    assert originals([*texts, texts[5]], 10_000) == [*range(10_000), *[None] * 10_000, 5]
