"""Follow-ups are completed from the conversation; questions that stand alone are left as they are."""

from __future__ import annotations

import pytest

from qa import Turn
from qa.dialogue import stand_alone
from qa.types import turns


def _asked(*questions: str) -> list[Turn]:
    return [
        turn for question in questions for turn in (Turn("user", question), Turn("assistant", "An answer of 1999."))
    ]


@pytest.mark.parametrize(
    ("earlier", "question", "completed"),
    [
        (["How many people lived in Fiji in 2020?"], "And in 2022?", "And in 2022? people lived Fiji 2020"),
        (["Which physicist won the Nobel Prize in 1921?"], "who is he?", "who is he? physicist won Nobel Prize 1921"),
        (
            ["How large is the solar power of Germany?"],
            "What about Spain?",
            "What about Spain? large solar power Germany",
        ),
        (
            ["When did the Ever Given run aground?"],
            "And when was it refloated?",
            "And when was it refloated? Ever Given run aground",
        ),
        (["When was Hywind Scotland opened?"], "By whom?", "By whom? Hywind Scotland opened"),
        (["Where is Mount Fuji?"], "How tall is it?", "How tall is it? Mount Fuji"),
        (["Where is Mount Fuji?"], "When?", "When? Mount Fuji"),
        (["Where is Mount Fuji?"], "Tell me more", "Tell me more Mount Fuji"),
        (["¿Quién construyó el canal de Suez?"], "¿Y cuándo?", "¿Y cuándo? construyó canal Suez"),
        (["Wer baute den Suezkanal?"], "Und wann?", "Und wann? baute Suezkanal"),
        # back to the last question that stood alone, newest words first
        (
            ["Who discovered the ozone hole?", "And in Italy?"],
            "And in Spain?",
            "And in Spain? Italy discovered ozone hole",
        ),
        (["Where is Mount Fuji?", "Who discovered the ozone hole?"], "When?", "When? discovered ozone hole"),
        # a word the follow-up has already is not said twice
        (["How many TEU does the Ever Ace carry?"], "And the Ever Given?", "And the Ever Given? TEU Ace carry"),
    ],
)
def test_a_follow_up_gets_the_subject_of_the_conversation(earlier: list[str], question: str, completed: str) -> None:
    assert stand_alone(question, _asked(*earlier)) == completed


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "Which chemical firm gave up CFCs in 1988?",
        "How many turbines does Hornsea Two have?",
        "When was Vavilov arrested?",
        "¿Quién obtuvo la concesión del canal de Suez?",
        "Eyjafjallajökull eruption ash cloud flights",
    ],
)
def test_a_question_that_stands_alone_is_left_as_it_is(question: str) -> None:
    assert stand_alone(question, _asked("Where is Mount Fuji?")) == question


@pytest.mark.parametrize("question", ["And in 2022?", "who is he?", "Why?"])
def test_without_a_conversation_nothing_is_added(question: str) -> None:
    assert stand_alone(question, []) == question
    assert stand_alone(question, [Turn("assistant", "Hello! Ask me about Mount Fuji."), Turn("user", "  ")]) == question


def test_the_answers_are_not_searched_for() -> None:
    history = [Turn("user", "Where is Mount Fuji?"), Turn("assistant", "On Honshu, west of Tokyo.")]
    assert stand_alone("How tall is it?", history) == "How tall is it? Mount Fuji"


def test_a_long_conversation_adds_few_words() -> None:
    earlier = ["Which Norwegian archipelago keeps frozen seeds from hundreds of countries below mountains?"] + [
        "And then?"
    ] * 6
    completed = stand_alone("And now?", _asked(*earlier[:3]))
    assert completed.startswith("And now? Norwegian archipelago")
    assert len(completed.split()) <= 10
    assert stand_alone("And now?", _asked(*earlier)) == "And now?"  # too far back


def test_histories_of_chat_apis_and_gradio_are_read() -> None:
    history = turns(
        [
            {"role": "system", "content": "Be brief about London."},
            {
                "role": "user",
                "metadata": None,
                "options": None,
                "content": [{"type": "text", "text": "Where is Mount Fuji?"}],
            },
            {"role": "assistant", "content": "On Honshu. [1]"},
            {"role": "user", "content": {"path": "picture.png"}},
        ]
    )
    assert stand_alone("How tall is it?", history) == "How tall is it? Mount Fuji"
