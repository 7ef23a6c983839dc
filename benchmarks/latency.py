"""Milliseconds of each stage of an answer, at 1,000 and 10,000 passages: part of answers.py, with --latency.

The functions of STAGES are timed where they stand, from outside, while `Library.ask` is called; what a stage spends
inside another one counts for the inner one only. Passages are those of the sets' articles. Where these are too few,
copies of them are added in which the words of every sentence are shuffled: as many words, as rare, but no text
twice, which would be folded.
"""

from __future__ import annotations

import importlib
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any
from unittest import mock

from sets import SEED, QuestionSet, table

from qa import Article, Library
from qa.questions import Question
from qa.split import split

SIZES = (1_000, 10_000)
QUESTIONS = 200
# What is timed: its name in the table, the module or class, the function.
STAGES: tuple[tuple[str, str, str], ...] = (
    ("encode the question", "embeddings.encoder:Encoder", "embed_question"),
    ("dense search", "embeddings.index:VectorIndex", "search"),
    ("lexical search", "qa.sqlite:SqliteStore", "search_terms"),
    ("load passages", "qa.sqlite:SqliteStore", "stored_passages"),
    ("MaxSim", "qa.retriever", "maxsim"),
    ("fusion and folding", "qa.retriever", "find"),
    ("load articles", "qa.sqlite:SqliteStore", "articles_by_id"),
    ("read the passages", "embeddings.reader:Reader", "read"),
    ("sentence scores", "qa.answer", "score_sentences"),
    ("composing", "qa.answer", "compose"),
)
REST, WHOLE = "the rest of ask", "ask"
# Words between which the others are shuffled: they end a sentence or part of one.
_FIXED = re.compile(r"\W$|^\W")


class Stopwatch:
    """Seconds that each stage took itself, without the stages inside it, added up until `lap`."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}
        self._inside: list[float] = []

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, timed under `name`."""

        @wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            self._inside.append(0.0)
            began = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                took = time.perf_counter() - began
                self._spent[name] = self._spent.get(name, 0.0) + took - self._inside.pop()
                if self._inside:
                    self._inside[-1] += took

        return call

    def lap(self) -> dict[str, float]:
        """What was spent since the last one."""
        spent, self._spent = self._spent, {}
        return spent


def report(sets: Sequence[QuestionSet], keep: Path, limit: int) -> str:
    """The table, as Markdown; libraries are kept in `keep`."""
    for _ in _stages():  # a stage that has gone is said before the encoding, not after it
        pass
    questions = [question for each in sets for question in each.questions if not question.history]
    random.Random(SEED).shuffle(questions)
    questions = questions[: min(limit, QUESTIONS)]
    columns: dict[str, list[dict[str, float]]] = {}
    for size in SIZES:
        with Library.open(keep / f"latency-{size}-{'+'.join(each.name for each in sets)}") as library:
            articles, copied = pool(sets, size)
            library.add(articles)
            label = f"{library.passage_count:,} passages" + (f", {copied:,} of them shuffled" if copied else "")
            columns[label] = laps(library, questions)
    names = [name for name, _, _ in STAGES]
    rows = [
        [name, *(_cell([lap.get(name, 0.0) for lap in laps]) for laps in columns.values())]
        for name in [*names, REST, WHOLE]
    ]
    return f"{len(questions)} questions, one after the other; p50 / p95 in milliseconds.\n\n" + table(
        ["stage", *columns], rows
    )


def laps(library: Library, questions: Sequence[Question]) -> list[dict[str, float]]:
    """What each question spent in each stage, in seconds."""
    watch = Stopwatch()
    with ExitStack() as stack:
        for name, owner, function in _stages():
            timed = watch.timed(name, getattr(owner, function))
            stack.enter_context(mock.patch.object(owner, function, timed))
        for question in questions[:3]:
            library.ask(question.question)
        found = []
        for question in questions:
            watch.lap()
            began = time.perf_counter()
            library.ask(question.question)
            whole = time.perf_counter() - began
            spent = watch.lap()
            found.append({**spent, REST: whole - sum(spent.values()), WHOLE: whole})
    return found


def _stages() -> Iterator[tuple[str, Any, str]]:
    """STAGES with the module or class itself. AttributeError where one has gone."""
    for name, owner, function in STAGES:
        module, _, inner = owner.partition(":")
        there = importlib.import_module(module)
        there = getattr(there, inner) if inner else there
        getattr(there, function)
        yield name, there, function


def pool(sets: Sequence[QuestionSet], size: int) -> tuple[list[Article], int]:
    """Articles of about `size` passages together, at most 5 % more, and how many of these are of shuffled copies."""
    originals = [replace(article, id=f"{each.name}/{article.id}") for each in sets for article in each.articles]
    draw = random.Random(SEED)
    draw.shuffle(originals)  # large sets mixed with small ones
    articles: list[Article] = []
    total = copied = turn = 0
    while total < size:
        before = total
        for article in originals:
            one = article
            if turn:
                title, text = _shuffled(article.title, draw), _shuffled(article.text, draw)
                one = replace(article, id=f"{article.id}/{turn}", title=title, text=text)
            passages = len(split(one))
            if total < size and total + passages <= 1.05 * size:
                articles.append(one)
                total += passages
                copied += passages if turn else 0
        if total == before:
            break  # what is left is too long
        turn += 1
    return articles, copied


def _shuffled(text: str, draw: random.Random) -> str:
    """`text` with the words between two marks of punctuation in another order; lines and marks stay."""
    lines = []
    for line in text.split("\n"):
        words = line.split(" ")
        moved = [at for at, word in enumerate(words) if word and not _FIXED.search(word)]
        order = draw.sample(moved, len(moved))
        new = list(words)
        for at, other in zip(moved, order, strict=True):
            new[at] = words[other]
        lines.append(" ".join(new))
    return "\n".join(lines)


def _cell(seconds: Sequence[float]) -> str:
    milliseconds = sorted(1000 * value for value in seconds)
    return f"{statistics.median(milliseconds):.1f} / {milliseconds[int(0.95 * (len(milliseconds) - 1))]:.1f}"
