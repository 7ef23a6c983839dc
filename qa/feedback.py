"""What people say of answers: a file of JSON lines in the library's folder, which `article-qa eval` reads.

Each line is a question as qa/questions.py takes it, with the verdict and when it was given. The file only grows; of
several lines on one question the last counts, and one without a verdict takes it back.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from qa import checked
from qa.errors import LibraryError
from qa.types import Answer, Filters, Turn, turns

FILE = "feedback.jsonl"
Verdict = Literal["right", "wrong"]
_writing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Feedback:
    """One verdict that counts. `quote` and `title` are of the answer's first citation; "" where nothing was found.

    "right" of an answer without a quote says that there is none, "wrong" that there is one.
    """

    id: str
    question: str
    verdict: Verdict
    found: bool
    quote: str
    title: str
    article_id: str
    time: str  # ISO 8601, to the second, of the machine's zone


def keep(
    folder: Path,
    question: str,
    answer: Answer,
    verdict: Verdict | None,
    *,
    history: Sequence[Turn | Mapping[str, Any]] = (),
    filters: Filters | None = None,
) -> None:
    """Note a verdict on `answer` to `question`; None takes it back. Raises LibraryError where it cannot be written."""
    if verdict is not None:
        checked.one_of(verdict, "a verdict", ("right", "wrong"))
    question = checked.cleaned(question, "question")
    checked.instance(answer, Answer, "answer")
    said = [{"role": turn.role, "content": turn.content} for turn in turns(history)]
    narrowed = {name: value for name, value in asdict(Filters.of(filters)).items() if value}
    first = answer.citations[0] if answer.found and answer.citations else None
    line: dict[str, Any] = {
        "id": _id_of(question, said, narrowed),
        "question": question,
        "verdict": verdict,
        "time": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "found": first is not None,
        "title": first.title if first else "",
        "quote": first.quote if first else "",
        "article_ids": [first.article_id] if first else [],
        "answerable": first is not None or verdict != "right",
    }
    if said:
        line["history"] = said
    if narrowed:
        line["filters"] = narrowed
    if first is not None and verdict == "right":
        start, end = first.span or (first.start, first.end)
        line["answers"] = [first.quote[start - first.start : end - first.start]]
        line["gold_paragraph"] = first.quote
    elif first is not None:
        line["rejected"] = [first.quote]
    _append(folder, line)


def take_back(folder: Path, feedback_id: str) -> None:
    """Take back the verdict of that id."""
    _append(folder, {"id": checked.text(feedback_id, "feedback_id"), "verdict": None})


def read(folder: Path) -> list[Feedback]:
    """The verdicts that count, newest first; [] where none were given. Lines that are none are passed over."""
    return [
        Feedback(
            id=line["id"],
            question=line["question"],
            verdict=line["verdict"],
            found=bool(line.get("found")),
            quote=str(line.get("quote", "")),
            title=str(line.get("title", "")),
            article_id=_first(line.get("article_ids")),
            time=str(line.get("time", "")),
        )
        for line in reversed(counting(_lines(checked.path(folder, "folder") / FILE)))
    ]


def counting(lines: Sequence[Any]) -> list[Any]:
    """Of the lines of a file of feedback, those that count, in the order in which they were given."""
    last: dict[str, Any] = {}
    for line in lines:
        if isinstance(line, dict) and isinstance(line.get("id"), str):
            last.pop(line["id"], None)
            if line.get("verdict") in ("right", "wrong") and isinstance(line.get("question"), str):
                last[line["id"]] = line
    return list(last.values())


def _lines(path: Path) -> list[Any]:
    try:
        written = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryError(f"the feedback in {path} cannot be read: {error}") from error
    lines = []
    for line in written:
        try:
            lines.append(json.loads(line))
        except (ValueError, RecursionError):
            continue  # cut short when the machine went down: the rest is as good as ever
    return lines


def _first(ids: Any) -> str:
    return str(ids[0]) if isinstance(ids, list) and ids else ""


def _append(folder: Path, line: Mapping[str, Any]) -> None:
    path = checked.path(folder, "folder") / FILE
    try:
        with _writing, path.open("a+b") as file:
            written = json.dumps(line, ensure_ascii=False).encode() + b"\n"
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # cut short when the machine went down: this is a line of its own
                    written = b"\n" + written
            file.write(written)
    except OSError as error:
        raise LibraryError(f"the feedback could not be written to {path}: {error}") from error


def _id_of(question: str, history: Sequence[Mapping[str, str]], filters: Mapping[str, Any]) -> str:
    asked = [" ".join(question.split()), history, filters]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
