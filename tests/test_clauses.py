"""Long sentences in part: whole clauses around what answers, as many as may be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.clauses import clauses_around
from qa.split import word_count


def part(text: str, answering: str, most: float = 20) -> str:
    at = text.index(answering)
    start, end = clauses_around(text, (at, at + len(answering)), most)
    return text[start:end]


STATUTE = (
    "The town may raise a levy on every barge that passes the lower lock between March and October; "
    "the lock keeper enters each barge in a book, which the council examines once a year, and pays what was raised to "
    "the treasurer; barges that carry grain, salt or timber for the town itself are free of it."
)


def test_a_part_is_made_of_whole_clauses() -> None:
    assert part(STATUTE, "March") == STATUTE[: STATUTE.index(";")]
    assert part(STATUTE, "grain") == STATUTE[STATUTE.index("barges that carry") :]


def test_of_a_long_clause_those_between_lesser_marks_are_taken_and_those_before_come_first() -> None:
    assert part(STATUTE, "once a year") == (
        "the lock keeper enters each barge in a book, which the council examines once a year"
    )
    assert part(STATUTE, "once a year", 12) == "which the council examines once a year"
    assert part(STATUTE, "in a book, which the council") == (
        "the lock keeper enters each barge in a book, which the council examines once a year"
    ), "words that answer are not cut"


def test_a_list_is_cut_at_its_commas_where_it_has_to_be() -> None:
    towns = "They called at Varde, Ribe, Tønder, Husum, Heide and Itzehoe, Glückstadt, Stade, Cuxhaven, Emden, Leer."
    assert part(towns, "Ribe", 7) == "They called at Varde, Ribe, Tønder, Husum"
    assert part(towns, "Leer", 4) == "Stade, Cuxhaven, Emden, Leer."


def test_brackets_are_not_cut() -> None:
    text = "The mill (built in oak, stone, brick; rebuilt, twice, in iron) ground rye, barley, oats and, later, maize."
    assert part(text, "rye", 13) == "The mill (built in oak, stone, brick; rebuilt, twice, in iron) ground rye"


def test_full_stops_that_ended_no_sentence_end_a_part() -> None:
    text = (
        "the harbour fees rose by a third in the second year of the new contract. the pilots were paid $4.5 million "
        "for the season, of which inc. means incorporated. no further payments were made to anybody in the harbour."
    )
    assert part(text, "$4.5 million") == (
        "the pilots were paid $4.5 million for the season, of which inc. means incorporated."
    )


def test_other_scripts_have_their_own_marks() -> None:
    text = "港口去年收入增加了三分之一，领航员得到四百五十万元，其中一半用于修理码头；今年没有再付任何款项。"
    assert part(text, "四百五十万元", 12) == "领航员得到四百五十万元"
    assert part(text, "任何款项", 12) == "今年没有再付任何款项。"


def test_a_clause_that_is_too_long_leaves_the_sentence_whole() -> None:
    text = f"It {'rained ' * 30}again, and stopped."
    assert part(text, "again") == text


@given(
    words=st.lists(st.sampled_from(["a", "b,", "c;", "and", "(d,", "e)", "–", "f.", "which", "g:"]), min_size=1),
    places=st.tuples(st.integers(0), st.integers(0)),
    most=st.integers(1, 20),
)
def test_what_answers_is_inside_and_the_words_are_few_or_all(
    words: list[str], places: tuple[int, int], most: int
) -> None:
    text = " ".join(words)
    first, last = sorted(place % len(text) for place in places)
    start, end = clauses_around(text, (first, last + 1), most)
    assert 0 <= start <= first < last + 1 <= end <= len(text)
    assert (start, end) == (0, len(text)) or word_count(text[start:end]) <= most


@pytest.mark.parametrize("answering", ["The town", "of it."])
def test_the_ends_of_a_sentence_are_ends_of_a_part(answering: str) -> None:
    assert answering in part(STATUTE, answering)
