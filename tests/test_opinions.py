"""Second opinions: what two other readings of a page do not have goes, and a text they found longer stands in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from qa import read_page
from qa.blocks import Piece
from qa.readers.opinions import agreed, readability_html, rescued

BODY = [
    "The lighthouse at Skerry Point was lit for the first time in March 1871, after four winters of work on the rock.",
    "Its keepers rowed out every second Tuesday, and in bad weather they stayed for seven weeks on dried fish.",
    "In 1923 the lamp was changed from oil to electric light, which the islanders paid for with a lottery.",
    "The last keeper, Maud Ferris, left in 1988 and took the logbooks of a hundred years with her to the mainland.",
    "Today the tower is a station for counting seabirds, and its stairs are repainted by volunteers each May.",
]
OFFER = "Readers of this magazine save a third on their first order of binoculars from our partner shop."
PIECES = [Piece("paragraph", text) for text in BODY]


def page(end: str) -> bytes:
    body = "".join(f"<p>{text}</p>" for text in BODY)
    return (
        f"<html><head><title>Skerry Point</title></head><body><article><h1>Skerry Point</h1>{body}{end}</article>"
        "</body></html>"
    ).encode()


def reading(*texts: str) -> Callable[[], list[Piece]]:
    return lambda: [Piece("paragraph", text) for text in texts]


def never() -> list[Piece]:
    raise AssertionError("this reading was not needed")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("bottom extra", False),  # the strict reading and readability both leave it out
        ("bottom", True),  # readability has it
        ("plain", True),
    ],
)
def test_what_no_other_reading_has_is_left_out(name: str, kept: bool) -> None:
    text = read_page(page(f'<div class="{name}"><p>{OFFER}</p></div>')).text
    assert text == "\n\n".join([*BODY, OFFER] if kept else BODY)


def test_the_second_reading_is_asked_only_about_what_the_first_one_lacks() -> None:
    assert agreed(PIECES, strict=reading(*BODY), readability=never) == PIECES
    asked = [*PIECES, Piece("paragraph", OFFER)]
    assert agreed(asked, strict=reading(*BODY), readability=reading(*BODY)) == PIECES
    assert agreed(asked, strict=reading(*BODY), readability=reading(OFFER)) == asked


def test_readings_that_lack_a_third_of_the_text_have_failed_themselves() -> None:
    assert agreed(PIECES, strict=reading(*BODY[:2]), readability=reading(*BODY[:2])) == PIECES
    assert agreed(PIECES, strict=reading(), readability=never) == PIECES
    assert agreed([], strict=never, readability=never) == []


def test_a_few_other_words_are_no_other_text() -> None:
    other = BODY[4].replace("Today", "Now").replace("each May", "in May")
    assert agreed(PIECES, strict=reading(*BODY[:4], other), readability=never) == PIECES


def test_scripts_without_spaces_are_compared_by_character() -> None:
    first, second, junk = (
        "灯台は一八七一年の三月に初めて灯された。",
        "灯台守は火曜日ごとに島へ渡った。",
        "双眼鏡の割引券は店頭で。",
    )
    pieces = [Piece("paragraph", text) for text in (first, second * 3, junk)]
    spaced = first.replace("三月", " 三月 ")
    kept = agreed(pieces, strict=reading(spaced, second * 3), readability=reading(first))
    assert [piece.text for piece in kept] == [first, second * 3]


def test_a_much_longer_text_that_is_prose_and_holds_the_short_one_stands_in() -> None:
    short = PIECES[:2]
    prose = sum(map(len, BODY))
    assert rescued(short, prose=prose, readability=reading(*BODY)) == PIECES
    assert rescued(short, prose=prose // 2, readability=never) == short  # nothing much was left out
    assert rescued(short, prose=prose, readability=reading(*BODY[1:], OFFER)) == short  # another text
    menu = [word for text in BODY for word in text.split()]
    assert rescued(short, prose=prose, readability=reading(*BODY[:2], *menu)) == short  # no prose
    assert rescued(PIECES, prose=prose, readability=never) == PIECES


def test_readability_reads_nothing_from_what_is_no_page() -> None:
    assert readability_html("") == ""
    assert BODY[0] in readability_html(page("").decode())


def test_readability_prints_no_traceback_where_nobody_set_up_logging() -> None:
    script = "from qa.readers.opinions import readability_html; print(repr(readability_html('')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("''\n", "")
