"""Verdicts on answers: the file, and what `article-qa eval` makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa import Filters, InvalidInput, Library, feedback
from qa.evaluate import evaluate, misses
from qa.questions import read_questions

SHARE = "How much of the electricity of Snorre and Gullfaks comes from floating turbines?"
TSUNAMI = "Why did so few Tongans die in the 2022 tsunami?"
NOTHING = "What is the boiling point of tungsten in a vacuum chamber on Mars?"


def test_verdicts_are_questions_that_eval_asks_again(example_copy: Path) -> None:
    with Library.open(example_copy) as library:
        right, wrong, none = (library.ask(question) for question in (SHARE, TSUNAMI, NOTHING))
        assert not none.found
        narrowed = Filters(sites=("Tidemark",), since="2020")
        feedback.keep(library.folder, SHARE, right, "right", filters=narrowed)
        feedback.keep(library.folder, TSUNAMI, wrong, "wrong")
        feedback.keep(library.folder, NOTHING, none, "right")
        feedback.keep(library.folder, f"{NOTHING} Really?", none, "wrong")
        given = feedback.read(library.folder)
        assert [(each.question, each.verdict, each.found) for each in given] == [
            (f"{NOTHING} Really?", "wrong", False),
            (NOTHING, "right", False),
            (TSUNAMI, "wrong", True),
            (SHARE, "right", True),
        ]
        assert given[2].quote == wrong.citations[0].quote
        questions = read_questions(library.folder / feedback.FILE)
        assert questions[0].answers == ("about 35 per cent",)  # the words that answer, in their sentence
        assert questions[0].paragraphs == (right.citations[0].quote,)
        assert questions[0].filters == narrowed
        assert (questions[1].rejected, questions[2].answerable) == ((wrong.citations[0].quote,), False)
        evaluation = evaluate(library, questions)
        scores = evaluation.scores
        assert (scores.placed, scores.quote_first, scores.declined, scores.mended) == (1, 1.0, 1.0, 0.0)
        assert scores.answered == 0.5  # the share question is; the one of which somebody says so is not
        said = misses(evaluation)
        assert [line.partition(": ")[2].split(",")[0] for line in said] == ["the rejected quote again", "not answered"]


def test_the_last_verdict_counts_and_can_be_taken_back(example_copy: Path) -> None:
    with Library.open(example_copy) as library:
        answer, folder = library.ask(SHARE), library.folder
        feedback.keep(folder, SHARE, answer, "right")
        feedback.keep(folder, TSUNAMI, library.ask(TSUNAMI), "right")
        feedback.keep(folder, f" {SHARE}\n", answer, "wrong")  # the same question
        assert [each.verdict for each in feedback.read(folder)] == ["wrong", "right"]
        history = [{"role": "user", "content": TSUNAMI}]
        feedback.keep(folder, SHARE, answer, "right", history=history)  # after another question: another
        assert len(feedback.read(folder)) == 3
        feedback.keep(folder, SHARE, answer, None)
        assert [each.question for each in feedback.read(folder)] == [SHARE, TSUNAMI]
        assert [question.question for question in read_questions(folder / feedback.FILE)] == [TSUNAMI, SHARE]
        feedback.take_back(folder, feedback.read(folder)[1].id)
        assert [each.question for each in feedback.read(folder)] == [SHARE]
        with pytest.raises(InvalidInput, match="a verdict is 'good'"):
            feedback.keep(folder, SHARE, answer, "good")  # type: ignore[arg-type]


def test_a_line_cut_short_loses_only_itself(example_copy: Path) -> None:
    with Library.open(example_copy) as library:
        feedback.keep(library.folder, SHARE, library.ask(SHARE), "right")
        with (library.folder / feedback.FILE).open("a", encoding="utf-8") as file:
            file.write('[1]\n{"id": "x", "question": 3, "verdict": "right"}\n{"id": "y", "ques')
        assert [each.question for each in feedback.read(library.folder)] == [SHARE]
    assert feedback.read(example_copy / "elsewhere") == []
