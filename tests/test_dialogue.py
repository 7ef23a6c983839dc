"""Follow-ups are completed from the conversation; questions that stand alone are left as they are."""

from __future__ import annotations

import numpy as np
import pytest

from embeddings.encoder import Encoder
from qa import Library, Turn
from qa.answer import NOT_FOUND
from qa.dialogue import FollowUp, leans_on_history, stand_alone, weigh_own
from qa.types import turns


def _asked(*questions: str, answer: str = "It was so, as far as anybody knows. [1]") -> list[Turn]:
    return [turn for question in questions for turn in (Turn("user", question), Turn("assistant", answer))]


@pytest.mark.parametrize(
    ("earlier", "question", "completed"),
    [
        # a name takes the pronoun's place
        (["Where is Mount Fuji?"], "How tall is it?", "How tall is Mount Fuji?"),
        (["Who supplied the turbines at Vindeby?"], "When was it dismantled?", "When was Vindeby dismantled?"),
        (["Who was Nikolai Vavilov?"], "When was he arrested?", "When was Nikolai Vavilov arrested?"),
        (["Who was Nikolai Vavilov?"], "What did his institute keep?", "What did Nikolai Vavilov’s institute keep?"),
        (["When did the Ever Given run aground?"], "How much did it cost?", "How much did the Ever Given cost?"),
        (
            ["When did the Ever Given run aground?"],
            "And when was it refloated?",
            "And when was the Ever Given refloated?",
        ),
        (
            ["Where is Mount Fuji?"],
            "Great. It must be cold! Who climbs it?",
            "Great. Mount Fuji must be cold! Who climbs it?",
        ),
        # other words follow in brackets, and a prize is not a person
        (["who was nikolai vavilov"], "when was he arrested", "when was he arrested (nikolai vavilov)"),
        (
            ["Which physicist won the Nobel Prize in 1921?"],
            "who is he?",
            "who is he? (physicist won, Nobel Prize, 1921)",
        ),
        # what an elliptic question leaves out
        (["Where is Mount Fuji?"], "Tell me more", "Tell me more (Mount Fuji)"),
        (["When did the Ever Given run aground?"], "Why?", "Why? (Ever Given run aground)"),
        (["When was Hywind Scotland opened?"], "By whom?", "By whom? (Hywind Scotland opened)"),
        (["¿Quién construyó el canal de Suez?"], "¿Y cuándo?", "¿Y cuándo? (construyó, canal, Suez)"),
        (["Wer baute den Suezkanal?"], "Und wann?", "Und wann? (baute, Suezkanal)"),
        (["Qui a construit le canal de Suez ?"], "Et quand ?", "Et quand ? (construit, canal, Suez)"),
        # and not what its own words stand in place of
        (["How many people lived in Fiji in 2020?"], "And in 2022?", "And in 2022? (people lived, Fiji)"),
        (["How large is the solar power of Germany?"], "What about Spain?", "What about Spain? (large, solar power)"),
        (["How many TEU does the Ever Ace carry?"], "And the Ever Given?", "And the Ever Given? (TEU, carry)"),
        (
            ["Who discovered the ozone hole?", "And in Italy?"],
            "And in Spain?",
            "And in Spain? (discovered, ozone hole)",
        ),
        # only the last subject counts
        (["Where is Mount Fuji?", "Who discovered the ozone hole?"], "When?", "When? (discovered, ozone hole)"),
        (["Who discovered the ozone hole?", "Where is Mount Fuji?"], "How old is it?", "How old is Mount Fuji?"),
    ],
)
def test_a_follow_up_gets_the_subject_of_the_conversation(earlier: list[str], question: str, completed: str) -> None:
    found = stand_alone(question, _asked(*earlier))
    assert (found.asked, found.text) == (question, completed)


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "And what is the capital of France?",
        "Which chemical firm gave up CFCs in 1988?",
        "How many turbines does Hornsea Two have?",
        "When was Vavilov arrested?",
        "How do I bake bread?",
        "Is there a cure for gout?",
        "¿Quién obtuvo la concesión del canal de Suez?",
        "Eyjafjallajökull eruption ash cloud flights",
    ],
)
def test_a_new_subject_is_searched_bare(question: str) -> None:
    earlier = _asked("Where is Mount Fuji?", "How tall is it?", "Who climbed it first?", "And in winter?", "Why?")
    assert stand_alone(question, earlier) == FollowUp(question, question)


@pytest.mark.parametrize("question", ["And in 2022?", "who is he?", "Why?"])
def test_without_a_conversation_nothing_is_added(question: str) -> None:
    assert stand_alone(question, []).text == question
    greeted = [Turn("assistant", "Hello! Ask me about Mount Fuji."), Turn("user", "  ")]
    assert stand_alone(question, greeted).text == question


@pytest.mark.parametrize(
    ("question", "completed"),
    [
        ("Where was she born?", "Where was Ann Lund born? (Malmö)"),
        ("How long is it?", "How long is it? (designed, bridge, Malmö)"),
        ("Why?", "Why? (designed, bridge, Malmö)"),
    ],
)
def test_an_answer_can_name_the_subject(question: str, completed: str) -> None:
    history = [
        Turn("user", "Who designed the bridge of Malmö?"),
        Turn("assistant", "Ann Lund designed it in 1925, with two pupils of Strauss. [1]"),
    ]
    assert stand_alone(question, history).text == completed


def test_an_answer_to_another_question_adds_nothing() -> None:
    history = [Turn("user", "Where is Mount Fuji?"), Turn("assistant", "Honshu Island, west of Tokyo. [1]")]
    assert stand_alone("How tall is it?", history).text == "How tall is Mount Fuji?"


def test_a_refusal_says_nothing_of_the_subject() -> None:
    drawn = "Who drew the harbour bridge of which many articles speak?"
    completed = stand_alone("When was it built?", _asked(drawn, answer=NOT_FOUND)).text
    assert completed == stand_alone("When was it built?", _asked(drawn)).text
    assert completed == "When was it built? (drew, harbour bridge)"


def test_a_long_conversation_adds_few_words() -> None:
    answer = " ".join(f"Word{n} and thing{n} of Place{n}." for n in range(300))
    question = "Which Norwegian archipelago keeps frozen seeds from hundreds of countries below mountains?"
    completed = stand_alone("And now?", _asked(question, *["And then?"] * 5, answer=answer))
    assert "Norwegian archipelago" in completed.text
    assert len(completed.text.split()) <= 9
    # too far back
    assert stand_alone("And now?", [Turn("user", question), *[Turn("user", "And then?")] * 12]).text == "And now?"


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
            {"role": "assistant", "content": "On an island. [1]"},
            {"role": "user", "content": {"path": "picture.png"}},
        ]
    )
    assert stand_alone("How tall is it?", history).text == "How tall is Mount Fuji?"


@pytest.mark.parametrize(
    ("question", "leans"),
    [
        ("That's interesting. How is it measured?", True),
        ("Why is that?", True),
        ("Which ones?", True),
        ("What is the ship that blocked the canal called?", False),
        ("Why did the crew leave the ship after it struck the bank?", False),
        ("Is there a map of the cable route?", False),
        ("What was the seat of the former mayor of the island?", False),
        ("How deep is the first one?", True),
    ],
)
def test_what_points_back(question: str, leans: bool) -> None:
    assert leans_on_history(question) == leans


def test_the_articles_tell_whether_a_question_without_a_name_goes_on(example_library: Library) -> None:
    history = [
        {"role": "user", "content": "Who supplied the turbines at Vindeby?"},
        {"role": "assistant", "content": "Bonus Energy. [1]"},
    ]
    same = example_library.ask("How many machines stood in the bay?", history=history)
    assert same.question == "How many machines stood in the bay? (Vindeby)"
    other = example_library.ask("Which chemicals thin the ozone layer?", history=history)
    assert other.question == "Which chemicals thin the ozone layer?"


def test_the_words_asked_count_more_than_those_carried(encoder: Encoder) -> None:
    own, whole = encoder.embed_question("How tall is it?"), encoder.embed_question("How tall is Mount Fuji?")
    both = weigh_own(own, whole)
    assert np.linalg.norm(both.vector) == pytest.approx(1)
    assert both.vector @ own.vector > whole.vector @ own.vector
    assert both.vector @ whole.vector > own.vector @ whole.vector
    assert both.tokens.tolist() == [*own.tokens.tolist(), *whole.tokens.tolist()]
    assert len(both.offsets) == len(both.tokens)
