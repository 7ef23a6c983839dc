"""A part of a sentence that is too long to be quoted whole: the clauses around the words that answer.

Clauses are told by their marks alone, so that it works in any language: semicolons, and full stops that end no sentence
elsewhere (in text without capitals, say); then colons, dashes and commas before words that join or relate clauses; then
any comma or lone hyphen. None inside brackets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.split import word_count

Span = tuple[int, int]

_JOINING = """and but or nor yet so which who whom whose where when while whereas although though because since as after
    before until unless if with without including according despite for""".split()
_BORDER = re.compile(
    r"(?:(?P<stop>;(?=\s)|；|(?<=[^\W\d_]{4})[.!?](?=\s)|(?<=[\d)\]%])[.](?=\s))"
    r"|:(?=\s)|：|(?<=\s)(?:[–—]|--)(?=\s)|(?<=\w)—(?=\w)|(?P<comma>,(?=\s)|[，،、]|(?<=\s)-(?=\s)))\s*"
)
_JOINED = re.compile(rf"(?:{'|'.join(_JOINING)})\b")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）")
_MARKS = " \t\n\xa0,;:–—-，،、；："
# A part of fewer words says too little by itself: lesser borders are tried then.
_FEWEST_WORDS = 15


def clauses_around(text: str, span: Span, most: float) -> Span:
    """(start, end) in the sentence `text` of the clauses that hold `span`, as many as `most` words allow.

    `span` is (start, end) in `text` too, in characters, and is not cut. What stands before comes first: it says what
    the sentence is about. The whole sentence where the one clause is too long.
    """
    start, end = 0, len(text)
    inside = [match.span() for match in _BRACKETS.finditer(text)]
    borders = [
        match
        for match in _BORDER.finditer(text)
        if not any(first < match.end() < last for first, last in (*inside, span)) and match.end() < len(text)
    ]
    stops = [match.end() for match in borders if match["stop"]]
    strong = [match.end() for match in borders if not match["comma"] or _JOINED.match(text, match.end())]
    for cuts in (stops, strong, [match.end() for match in borders]):
        first, last = _grown(text, span, [0, *cuts, len(text)], most)
        words = word_count(text[first:last])
        if words <= most:
            start, end = first, last
            if words >= _FEWEST_WORDS:
                break
    return start, end if end == len(text) else max(span[1], start + len(text[start:end].rstrip(_MARKS)))


def _grown(text: str, span: Span, cuts: Sequence[int], most: float) -> Span:
    """The clause that holds `span`, or the several, and those before and then behind while they fit."""
    low = max(number for number, cut in enumerate(cuts) if cut <= span[0])
    high = min(number for number, cut in enumerate(cuts) if cut >= span[1])
    while low > 0 and word_count(text[cuts[low - 1] : cuts[high]]) <= most:
        low -= 1
    while high + 1 < len(cuts) and word_count(text[cuts[low] : cuts[high + 1]]) <= most:
        high += 1
    return cuts[low], cuts[high]
