"""Which texts are another text once more, nearly word for word: the same wire story in ten papers.

Near-duplicates share most word triples of the shorter one. Among thousands of texts that share a phrase ("was opened
in") nearly all pairs would have to be compared; the prefix filter of set-similarity joins (Chaudhuri, Ganti and
Kaushik 2006, "A Primitive Operator for Similarity Joins in Data Cleaning", ICDE) leaves a few: of a set that shares n
elements with another, any size - n + 1 hold one that is shared, and so the rarest do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

# Share of the shorter text's word triples that stand in the other: from here on they are one text twice.
_OVERLAP = 0.7
_WORD = re.compile(r"\w+")

_Triple = tuple[str, ...]


def originals(texts: Sequence[str], most: int) -> list[int | None]:
    """For each text the place of the one it is a copy of, its own where it is no copy, None where there is no room.

    At most `most` texts are no copies; a copy belongs to the first of those that it is near to.
    """
    kept: dict[int, frozenset[_Triple]] = {}
    holding: dict[_Triple, list[int]] = {}  # the kept ones, by each of their triples
    holding_rare: dict[_Triple, list[int]] = {}  # by the rarest of their triples, as many as the filter needs
    belongs: list[int | None] = []
    for place, text in enumerate(texts):
        own = _triples(text)
        enough = len(own) - _least(len(own)) + 1
        rare = [triple for triple in own if triple not in holding][:enough]
        if len(rare) < enough:
            rare = sorted(own, key=lambda triple: len(holding.get(triple, ())))[:enough]
        # A longer text of which this is a copy holds one of these; of a shorter one, one of its rarest stands here.
        near = {at for triple in rare for at in holding.get(triple, ())}
        near.update(at for triple in own if triple in holding_rare for at in holding_rare[triple])
        same = min((at for at in near if _is_copy(own, kept[at])), default=None)
        if same is None and len(kept) < most:
            same = place
            kept[place] = own
            for triple in own:
                holding.setdefault(triple, []).append(place)
            for triple in rare:
                holding_rare.setdefault(triple, []).append(place)
        belongs.append(same)
    return belongs


def _is_copy(one: frozenset[_Triple], other: frozenset[_Triple]) -> bool:
    return len(one & other) >= _least(min(len(one), len(other)))


def _least(size: int) -> int:
    """How many of so many triples a copy shares."""
    return math.ceil(_OVERLAP * size)


def _triples(text: str) -> frozenset[_Triple]:
    words = _WORD.findall(text.casefold())
    return frozenset(zip(words, words[1:], words[2:], strict=False)) or frozenset([tuple(words)])
