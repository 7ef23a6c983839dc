"""Slips of spelling against a real store, and in the whole of a library."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qa import Article, Library
from qa.spelling import distance, repaired
from qa.split import split
from qa.sqlite import SqliteStore
from qa.store import EncodedPassage, Store, Vectors

ARTICLES = (
    Article("en", "Cables", "The Eruption of Hunga severed both undersea cables near Tongatapu.", language="en"),
    Article("de", "Kabel", "Die Schifffahrt meldete zerrissene Leitungen vor Neuseeland.", language="de"),
    Article("ru", "Кабель", "Корабли чинили оборванный кабель возле острова.", language="ru"),
    Article("zh", "海缆", "海底电缆在火山爆发后中断。", language="zh"),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = SqliteStore(tmp_path / "library.sqlite")
    for article in ARTICLES:
        encoded = [
            EncodedPassage(passage, passage.text.encode()[:16], Vectors(np.zeros(4, np.float16), b""))
            for passage in split(article)
        ]
        text_hash = hashlib.sha256(article.text.encode()).hexdigest()
        opened.put(article, fingerprint=text_hash, text_hash=text_hash, passages=encoded)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("cable", "cable", 0),
        ("calbe", "cable", 1),
        ("cabl", "cable", 1),
        ("cablle", "cable", 1),
        ("cadle", "cable", 1),
        ("abcd", "badc", 2),
        ("kitten", "sitting", 3),
        ("", "ab", 2),
    ],
)
def test_distance_counts_slips(one: str, other: str, expected: int) -> None:
    assert distance(one, other) == distance(other, one) == expected


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("What did the eruptoin sever?", "What did the Eruption sever?"),  # swapped, and as the passage writes it
        ("Who mended the undrsea line?", "Who mended the undersea line?"),  # left out
        ("Who mended the underrsea line?", "Who mended the undersea line?"),  # doubled
        ("Where is Tongatspu?", "Where is Tongatapu?"),  # another letter
        ("Where is Tongaatapv?", "Where is Tongatapu?"),  # two slips in a long word
        ("Where is Otngatapu?", "Where is Tongatapu?"),  # the first two swapped
    ],
)
def test_a_slip_becomes_the_word_of_the_passages(store: Store, slip: str, meant: str) -> None:
    assert repaired(slip, set(), store) == meant


@pytest.mark.parametrize(
    "question",
    [
        "Where are the undersea cables?",
        "Where are the cable?",  # another form of a word that is there
        "Who lives in Reykjavik?",  # near to nothing
        "Was it a sables?",  # the first letter is kept
        "Who ate the cakles?",  # in a short word another letter is mostly another word
        "Is it hung?",  # four letters are too few
        "Was meldete die Schiffahrt?",  # a language whose right words nobody knows here
        "Что чинили карабли?",
        "海底电览在哪里?",
        "CVE-2022 = 1.5?",
        "",
    ],
)
def test_other_questions_stay_as_they_are(store: Store, question: str) -> None:
    assert repaired(question, set(), store) == question


def test_a_word_that_the_model_knows_is_no_slip(store: Store) -> None:
    assert repaired("Who saw the cabels?", set(), store) == "Who saw the cables?"
    assert repaired("Who saw the cabels?", {(12, 18)}, store) == "Who saw the cabels?"


def test_a_word_read_as_two_pieces_is_not_guessed_at_over_two_slips(store: Store) -> None:
    slip, start = "Where is Tongaatapv?", 9
    assert repaired(slip, {(start, start + 5), (start + 5, start + 10)}, store) == slip
    three = {(start, start + 2), (start + 2, start + 5), (start + 5, start + 10)}
    assert repaired(slip, three, store) == "Where is Tongatapu?"
    once = {(start, start + 5), (start + 5, start + 9)}
    assert repaired("Where is Tongatapv?", once, store) == "Where is Tongatapu?"


def test_an_empty_store_repairs_nothing(tmp_path: Path) -> None:
    opened = SqliteStore(tmp_path / "library.sqlite")
    assert repaired("What did the eruptoin sever?", set(), opened) == "What did the eruptoin sever?"
    opened.close()


def test_a_library_answers_a_misspelt_question_like_the_right_one(example_library: Library) -> None:
    right = example_library.ask("Who found the ozone hole at Halley?")
    wrong = example_library.ask("Who found the ozoen hole at Hallley?")
    assert wrong.question == "Who found the ozone hole at Halley?"
    assert wrong.text == right.text
    assert [hit.passage for hit in wrong.hits] == [hit.passage for hit in right.hits]


def test_a_right_word_that_the_articles_lack_stays(example_library: Library) -> None:
    question = "What did the stoppage of the Suez canal cost?"
    answer = example_library.ask(question)
    assert answer.question == question
    assert "14 to 15 million dollars a day" in answer.text


def test_a_library_answers_a_spoken_question_like_the_plain_one(example_library: Library) -> None:
    spoken = example_library.ask("Who um discovered the cable no wait the ozone hole?")
    assert spoken.question == "Who discovered the ozone hole?"
    assert spoken.text == example_library.ask("Who discovered the ozone hole?").text
