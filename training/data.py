"""Question sets to training examples: questions, the passages that may answer them, and where they do.

A set is a folder with `articles.jsonl` ({"id", "title", "text"}) and `questions.jsonl` ({"question", "article_ids",
"answers", "answerable", "gold_paragraph"}). Passages are cut and given their context as the product does it, so that
what is learnt fits what is asked later.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import Encoder
from qa.split import embedded_text, split
from qa.types import Article, Passage

# Titles that say nothing of the article, as all have the same.
_MOST_ARTICLES_A_TITLE = 20
# Words that mean something only to who has the passage.
_KNOWS_THE_PASSAGE = re.compile(
    r"\b(author|product|reviewer|poster|writer|customer|item|op|user|person|speaker|redditor|narrator|he|she|they|his|"
    r"her|their|it|its|i|my|this|commenter|buyer|review|book|movie|comment|post)\b",
    re.I,
)
_BEFORE_PUNCTUATION = re.compile(r" (?=[.,;:!?)\]%]|['’](?:s|re|ve|ll|d|m|t)\b|n['’]t\b)")
_AFTER_BRACKET = re.compile(r"(?<=[(\[$£€]) ")


@dataclass(frozen=True, slots=True)
class Text:
    """A passage as it is embedded: `text[context:]` is the passage itself, `sentences` are spans of `text`."""

    text: str
    context: int
    sentences: tuple[tuple[int, int], ...]
    article: str


@dataclass(frozen=True, slots=True)
class Example:
    """A question and its passage; `answers` are spans of `texts[text].text`, empty where the passage has none."""

    question: str
    text: int  # index into the texts
    answers: tuple[tuple[int, int], ...]
    article: str
    places: tuple[tuple[int, int], ...] = ()  # the same, as spans of the article's text


def read_articles(folder: Path, *, as_written: bool = False) -> list[Article]:
    """The set's articles; unless `as_written` without spaces before punctuation, and titles that many of them have."""
    records = list(_read(folder / "articles.jsonl"))
    titles = Counter(str(record["title"]) for record in records)
    return [
        Article(
            id=str(record["id"]),
            title=str(record["title"]) if as_written or titles[str(record["title"])] <= _MOST_ARTICLES_A_TITLE else "",
            text=str(record["text"]) if as_written else untokenized(str(record["text"])),
            language="en",
        )
        for record in records
    ]


def held_out(article_id: str) -> bool:
    """Whether the article, one in twenty, is kept from training, to measure and to fit on."""
    return zlib.crc32(article_id.encode()) % 20 == 0


def knows_the_passage(question: str) -> bool:
    """Whether only somebody who has the passage knows what is meant: nothing tells which passage is asked about."""
    return _KNOWS_THE_PASSAGE.search(question) is not None


def read_set(folder: Path) -> tuple[list[Text], list[Example]]:
    """Every passage of the set's articles, and the questions whose answer stands in one of them."""
    texts: list[Text] = []
    passages: dict[str, list[tuple[int, Passage]]] = {}
    bodies: dict[str, str] = {}
    for article in read_articles(folder):
        bodies[article.id] = article.text
        for passage in split(article):
            text, context = embedded_text(article, passage)
            shift = context - passage.start
            spans = tuple((start + shift, end + shift) for start, end in passage.sentences)
            passages.setdefault(article.id, []).append((len(texts), passage))
            texts.append(Text(text, context, spans, article.id))
    examples = []
    for question in _read(folder / "questions.jsonl"):
        if not question["answerable"]:
            continue
        for article_id in question["article_ids"]:
            examples += _placed(question, article_id, bodies.get(article_id, ""), passages.get(article_id, []), texts)
    return texts, examples


def read_sets(
    folders: Sequence[Path], most: Sequence[int] | None = None, draw: int = 0
) -> tuple[list[Text], list[Example], list[Example]]:
    """The passages of all sets, the questions to train on, and those of the articles held out.

    `most`: how many questions of each set to train on at most; of more so many are drawn, for one `draw` the same ones
    every time.
    """
    texts: list[Text] = []
    train: list[Example] = []
    held: list[Example] = []
    for folder, limit in zip(folders, most or [10**6] * len(folders), strict=True):
        own, examples = read_set(folder)
        moved = [replace(one, text=one.text + len(texts)) for one in examples]
        held += [one for one in moved if held_out(one.article)]
        drawn = [one for one in moved if not held_out(one.article)]
        train += random.Random(draw).sample(drawn, limit) if len(drawn) > limit else drawn
        texts += own
    return texts, train, held


def untokenized(text: str) -> str:
    """Text that was written with spaces around its punctuation, without them."""
    return _AFTER_BRACKET.sub("", _BEFORE_PUNCTUATION.sub("", text))


def _placed(
    question: dict[str, object], article_id: str, body: str, passages: list[tuple[int, Passage]], texts: list[Text]
) -> Iterator[Example]:
    """The passages of the gold paragraph that hold an answer whole."""
    paragraph = untokenized(str(question.get("gold_paragraph") or ""))
    low = body.find(paragraph) if paragraph else 0
    if low < 0:
        return
    high = low + len(paragraph) if paragraph else len(body)
    places = []
    for answer in question["answers"]:  # type: ignore[attr-defined]
        wanted = untokenized(str(answer))
        at = body.find(wanted, low, high)
        while at >= 0 and wanted:
            places.append((at, at + len(wanted)))
            at = body.find(wanted, at + 1, high)
    for number, passage in passages:
        inside = [(a, b) for a, b in places if passage.start <= a and b <= passage.end]
        if inside:
            shift = texts[number].context - passage.start
            spans = tuple(sorted({(a + shift, b + shift) for a, b in inside}))
            yield Example(str(question["question"]), number, spans, article_id, tuple(sorted(set(inside))))


def _read(path: Path) -> Iterator[dict[str, object]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def unanswerable(folder: Path) -> list[tuple[str, str, str]]:
    """(question, article id, paragraph) of the questions that the set's articles do not answer.

    The paragraph is the one that the question seems to be about; "" where the set names none.
    """
    return [
        (str(question["question"]), str(article_id), untokenized(str(question.get("gold_paragraph") or "")))
        for question in _read(folder / "questions.jsonl")
        if not question["answerable"]
        for article_id in question["article_ids"]  # type: ignore[attr-defined]
    ]


def passage_vectors(texts: list[Text], encoder: Encoder, cache: Path | None = None) -> NDArray[np.float32]:
    """float32 (len(texts), dim); kept in the file `cache` for the next time."""
    if cache is not None and cache.exists():
        return np.load(cache)
    parts = [encoder.encode_passages([one.text for one in texts[at : at + 512]]) for at in range(0, len(texts), 512)]
    vectors = np.concatenate(parts)
    if cache is not None:
        np.save(cache, vectors)
    return vectors
