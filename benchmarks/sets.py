"""Question sets, as answers.py and its parts read them, and tables as they print them.

A set is a folder with `articles.jsonl` (id, title, text; or a folder `articles` of pages) and `questions.jsonl` (see
qa/questions.py). Three things beside them are asked as blocks of their own: `questions_disfluent.jsonl`, the questions
as people speak them; the questions of a conversation without it; and those with a `rewrite` in a person's words that
stand alone.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from passages import read_articles

from qa import Article
from qa.questions import Question, question_of

SEED = 7


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """`blocks`: "" for the questions as they are, and what else is asked; each a seeded sample."""

    name: str
    articles: tuple[Article, ...]
    blocks: dict[str, tuple[Question, ...]]

    @property
    def questions(self) -> tuple[Question, ...]:
        return self.blocks[""]


def read_set(folder: Path, limit: int, *, seed: int = SEED) -> QuestionSet:
    """The set with at most `limit` questions a block, drawn as question-set scorers draw them: shuffled, then cut."""
    records = _sample(folder / "questions.jsonl", limit, seed)
    questions = tuple(question_of(record) for record in records)
    blocks = {"": questions}
    if (spoken := folder / "questions_disfluent.jsonl").is_file():
        blocks["spoken"] = tuple(question_of(record) for record in _sample(spoken, limit, seed))
    if any(question.history for question in questions):
        blocks["no history"] = tuple(replace(question, history=()) for question in questions)
    if all(record.get("rewrite") for record in records):
        blocks["rewritten"] = tuple(
            replace(question, question=record["rewrite"], history=())
            for question, record in zip(questions, records, strict=True)
        )
    return QuestionSet(folder.resolve().name, tuple(read_articles(folder)), blocks)


def _sample(path: Path, limit: int, seed: int) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    random.Random(seed).shuffle(records)
    return [record for record in records if record.get("answerable", True) is not None][:limit]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; what is in the cells is ours, or names of sets without a bar."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def per_cent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def fraction(value: float | None) -> str:
    """0.913 as .913, 1 as 1.000."""
    return "–" if value is None else f"{value:.3f}".removeprefix("0")


def milliseconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{1000 * seconds:.0f}" if seconds >= 0.0095 else f"{1000 * seconds:.1f}"
