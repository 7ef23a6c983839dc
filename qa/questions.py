"""Questions whose answers are known, and where in the articles these stand.

A question is a line of JSON: `{"id", "question", "article_ids", "answers", "answerable", "gold_paragraph"?,
"gold_paragraphs"?, "answer_offsets"?, "history"?, "filters"?}`. Lines of feedback (qa/feedback.py) are such questions
with a "verdict": of several on one question the last counts, and "rejected" are first quotes that were judged wrong.
`article_ids` are ids of the library's articles, or the names of the files or pages they came from, without the ending.
An answer counts in a gold article and, where a gold paragraph is named, in that paragraph; `answer_offsets`,
[start, end] pairs in the text of the only gold article, say the places themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa import checked
from qa.checked import shown
from qa.errors import InvalidInput
from qa.feedback import counting
from qa.types import Article, Filters, Turn, turns

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Question:
    """One question with what is known of its answer; `answerable` False: the articles hold none.

    `answers` is empty where only the articles are known that hold the answer.
    """

    id: str
    question: str
    article_ids: tuple[str, ...]
    answers: tuple[str, ...]
    answerable: bool
    paragraphs: tuple[str, ...] = ()  # each holds the answer, in one of the gold articles
    offsets: tuple[tuple[int, int], ...] = ()  # where the answers stand in the text of the only gold article
    history: tuple[Turn, ...] = ()
    rejected: tuple[str, ...] = ()  # quotes that do not answer; whether anything does is not known then
    filters: Filters = field(default_factory=Filters)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a gold answer stands: `article.text[start:end]`."""

    article_id: str
    start: int
    end: int


def read_questions(path: str | Path) -> list[Question]:
    """The questions of a JSON Lines file; InvalidInput names the line that is not one."""
    try:
        lines = checked.path(path, "questions").read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"questions {str(path)!r} cannot be read: {error}") from error
    records: list[tuple[int, Any]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            records.append((number, json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"questions {str(path)!r}, line {number}: {error}") from error
    verdicts = [(number, record) for number, record in records if isinstance(record, dict) and "verdict" in record]
    count = [id(record) for record in counting([record for _, record in verdicts])]
    questions = []
    for number, record in records:
        if isinstance(record, dict) and "verdict" in record and id(record) not in count:
            continue  # taken back, or judged anew
        try:
            questions.append(question_of(record, number))
        except ValueError as error:  # InvalidInput is one
            raise InvalidInput(f"questions {str(path)!r}, line {number}: {error}") from error
    if not questions:
        raise InvalidInput(f"questions {str(path)!r} holds no question; give one JSON object a line")
    return questions


def question_of(record: Any, number: int = 0) -> Question:
    """The question in one record of a question file, called by its `number` where it has no id. Raises InvalidInput."""
    if not isinstance(record, dict):
        raise InvalidInput(f"a JSON object is needed, not {type(record).__name__}")
    text, answerable = record.get("question"), record.get("answerable", True)
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput(f"'question' is {shown(text)}; it must be a text")
    if not isinstance(answerable, bool):
        raise InvalidInput(f"'answerable' is {shown(answerable)}; it must be true or false")
    answers, article_ids = _texts(record, "answers"), _texts(record, "article_ids")
    judged = record.get("verdict") in ("right", "wrong")
    if answerable and not article_ids and not judged:
        raise InvalidInput("an answerable question needs 'article_ids', or \"answerable\": false")
    paragraphs = record.get("gold_paragraphs") or record.get("gold_paragraph") or []
    if isinstance(paragraphs, dict):
        paragraphs = list(paragraphs.values())
    paragraphs = _texts({"gold_paragraph": paragraphs}, "gold_paragraph")
    said = record.get("history") or []
    if not isinstance(said, list):
        raise InvalidInput(f"'history' is {shown(said)}; it must be a list of turns")
    history = [_turn(turn) if isinstance(turn, dict) else turn for turn in said]
    return Question(
        id=str(record.get("id", number)),
        question=text,
        article_ids=article_ids,
        answers=answers,
        answerable=answerable,
        paragraphs=paragraphs,
        offsets=_offsets(record),
        history=turns(history),
        rejected=_texts(record, "rejected"),
        filters=Filters.of(record.get("filters")),
    )


def _turn(record: dict[str, Any]) -> dict[str, Any]:
    role = "assistant" if record.get("role") == "agent" else record.get("role")
    return {**record, "role": role, "content": record.get("content", record.get("text"))}


def _offsets(record: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    value = record.get("answer_offsets") or []
    try:
        pairs = tuple((start, end) for start, end in value)
    except (TypeError, ValueError):
        pairs = ((None, None),)
    if not all(type(at) is int for pair in pairs for at in pair):
        raise InvalidInput(f"'answer_offsets' is {shown(value)}; it must be a list of [start, end]")
    return pairs


def _texts(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = record.get(name) or []
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise InvalidInput(f"{name!r} is {shown(value)}; it must be a list of texts")
    return tuple(each for each in values if each.strip())


def gold_spans(question: Question, article: Article) -> list[Span]:
    """Every place in `article` where a gold answer of `question` stands; [] for unanswerable questions.

    Offsets count where the article holds an answer at each of them, as it does when it was given as the text they
    were made for. Else the answers are searched: white space may differ, and where no answer is found to the
    letter, punctuation may too, as a page's table row may be written with other separators than the question file's.
    """
    if not question.answerable:
        return []
    if question.offsets and len(question.article_ids) == 1:
        wanted = {tuple(answer.split()) for answer in question.answers}
        if all(tuple(article.text[start:end].split()) in wanted for start, end in question.offsets):
            return [Span(article.id, start, end) for start, end in sorted(set(question.offsets))]
    regions = [region for paragraph in question.paragraphs for region in _occurrences(paragraph, article.text)]
    spans = []
    for start, end in regions or [(0, len(article.text))]:
        for answer in question.answers:
            for first, last in _occurrences(answer, article.text, start, end):
                spans.append(Span(article.id, first, last))
    return sorted(set(spans), key=lambda span: (span.start, span.end))


def _occurrences(needle: str, text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    end = len(text) if end is None else end
    words = needle.split()
    exact = re.compile(r"\s+".join(re.escape(word) for word in words))
    places = [match.span() for match in exact.finditer(text, start, end)] if words else []
    runs = _WORD.findall(needle)
    if places or not runs:
        return places
    loose = re.compile(r"(?<!\w)" + r"[\W_]+".join(map(re.escape, runs)) + r"(?!\w)", re.IGNORECASE)
    return [match.span() for match in loose.finditer(text, start, end)]
