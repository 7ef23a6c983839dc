"""Spoken questions: fillers and what was taken back go; ordinary questions stay to the character."""

from __future__ import annotations

import pytest

from qa.speech import repaired


@pytest.mark.parametrize(
    ("spoken", "meant"),
    [
        # a word of the same kind instead: a name, a number, the same small word, the last word
        ("Which ship left Tonga no wait Fiji in May?", "Which ship left Fiji in May?"),
        ("How many cables broke in 2019, no, 2022?", "How many cables broke in 2022?"),
        ("How deep is the ocean or rather the trench?", "How deep is the trench?"),
        ("How many miles, sorry, kilometres of cable were laid?", "How many kilometres of cable were laid?"),
        ("Who repaired the harbour no the cable?", "Who repaired the cable?"),
        ("Which storm hit New Haven I mean Port Vila last?", "Which storm hit Port Vila last?"),
        # a new beginning
        ("Where did no wait when did the volcano erupt?", "when did the volcano erupt?"),
        ("How did or no make that why did the cable break?", "why did the cable break?"),
        ("What is the um who owns the vault?", "who owns the vault?"),
        ("What was the cost scratch that who paid for the repair?", "who paid for the repair?"),
        ("The ash came from in where no sorry in which year?", "The ash came from in which year?"),
        # what was meant, and what not
        ("In what country is Bergen found no wait Aarhus not Bergen?", "In what country is Aarhus found?"),
        # twice
        ("Who built no wait who sank the ferry, sorry, the tanker?", "who sank the tanker?"),
        # fillers alone
        ("Who, um, repaired the uh cable?", "Who repaired the cable?"),
        ("Well, who repaired the cable?", "who repaired the cable?"),
        ("What is, you know, a break?", "What is a break?"),
    ],
)
def test_what_was_taken_back_goes(spoken: str, meant: str) -> None:
    assert repaired(spoken) == meant


@pytest.mark.parametrize(
    "question",
    [
        "What did the minister actually say?",
        "Is there little or no oxygen at that depth?",
        "Why is there no cable to the island?",
        "Who voted no on the treaty?",
        "How do you say sorry in Tongan?",
        "Who felt sorry for the crew?",
        "What does the author mean when they say I mean it?",
        "What do I mean by bandwidth?",
        "Did the crew wait for the storm to pass?",
        "Should a ship go or wait?",
        "Would a diver rather use a robot?",
        "What tools did they make that cut steel?",
        "Do you know who laid the cable?",
        "Did it go well, or not at all?",
        "Which role did he play in ER?",
        "Who wrote Hana no Uta?",
        "Warum hat er um Hilfe gebeten?",
        "¿Qué país no tiene mar?",
        "no",
        "Wait, sorry",
        "",
        "  What   about spaces ?",
    ],
)
def test_an_ordinary_question_stays_as_it_is(question: str) -> None:
    assert repaired(question) == question


def test_what_leans_on_the_part_before_keeps_it() -> None:
    assert repaired("When was the vault built no I guess when was it opened?") == (
        "When was the vault built when was it opened?"
    )


def test_nothing_is_left_of_too_little() -> None:
    assert repaired("Who no wait what?") == "Who no wait what?"
