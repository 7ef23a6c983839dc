"""Pairs of a question and a passage that does not answer it.

Of five kinds: a passage that retrieval takes for the right one; the right one without the sentences that answer; the
right one asked for something else, with a name, a number, a comparison or another word changed; a passage of the right
article that tells of other things; and, where a set has them, questions that people wrote so that a passage seems to
answer them and does not (SQuAD 2.0, Rajpurkar et al., 2018).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embeddings.encoder import Encoder
from qa import function_words
from training.data import Example, Text, knows_the_passage

_OPPOSITES = (
    "before after|most least|highest lowest|largest smallest|best worst|more less|increase decrease|"
    "like dislike|liked disliked|good bad|buy sell|bought sold|win lose|old new|easy hard|early late|north south|"
    "east west|above below|inside outside|always never|right wrong|biggest smallest|cheap expensive|recommend avoid|"
    "join leave|joined left|born died|father mother|brother sister|husband wife|man woman|morning evening|"
    "positive negative|love hate|loved hated|longest shortest|big small|open close|enter leave|former current"
)
_OPPOSITE = {a: b for pair in _OPPOSITES.split("|") for a, b in (pair.split(), reversed(pair.split()))}
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w-]{2,}(?: [A-Z][\w-]+)*")
_NUMBER = re.compile(r"\b\d+\b")
_WORD = re.compile(r"\b[a-z]+\b")
# Cosine of the word vectors, less their mean: above are synonyms and other forms of a word (film 0.72 from movie),
# below words of other things.
_NEIGHBOUR = (0.30, 0.45)
_ENDING = re.compile(r"ing$|ed$|ly$|s$|$")


@dataclass(frozen=True, slots=True)
class Pair:
    question: str
    text: str
    answers: tuple[tuple[int, int], ...]  # spans of `text`; empty: it holds none


def pairs_of(
    examples: list[Example], texts: list[Text], found: list[list[int]], neighbours: Mapping[str, list[str]],
    rng: random.Random, negatives: float,
) -> list[Pair]:  # fmt: skip
    """One pair with the answer for each example, and `negatives` as many without.

    `found`: see alike_without; `neighbours`: see near_words.
    """
    names = [name for one in examples for name in _NAME.findall(one.question)]
    pairs = []
    for one, others in zip(examples, found, strict=True):
        own = texts[one.text]
        pairs.append(Pair(one.question, own.text, one.answers))
        if rng.random() >= negatives:
            continue
        kind = rng.random()
        other = ""
        if kind < 0.2:
            other = with_other_word(one.question, own.text, neighbours, rng)
        if kind < 0.35:
            other = other or asked_for_other(one.question, own.text, names, rng)
        if other:
            pairs.append(Pair(other, own.text, ()))
        elif kind < 0.55 and (cut := without_answer(own, one.answers)):
            pairs.append(Pair(one.question, cut, ()))
        elif others:
            pairs.append(Pair(one.question, texts[rng.choice(others)].text, ()))
    return pairs


def unanswered_pairs(
    questions: Sequence[tuple[str, str, str]], texts: list[Text], vectors: np.ndarray, encoder: Encoder
) -> list[Pair]:
    """For each (question, article id, paragraph) without an answer the passage of the paragraph most like it.

    Where no paragraph is named, the two most alike of the article.
    """
    if not questions:
        return []
    by_article: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        by_article.setdefault(text.article, []).append(number)
    pairs = []
    asked = encoder.encode_questions([question for question, _, _ in questions])
    for (question, article, paragraph), vector in zip(questions, asked, strict=True):
        own = [i for i in by_article.get(article, ()) if not paragraph or _is_of(texts[i], paragraph)]
        best = sorted(own, key=lambda i: -float(vectors[i] @ vector))[: 1 if paragraph else 2]
        pairs += [Pair(question, texts[i].text, ()) for i in best]
    return pairs


def _is_of(text: Text, paragraph: str) -> bool:
    return any(text.text[start:end] in paragraph for start, end in text.sentences)


def without_answer(text: Text, answers: tuple[tuple[int, int], ...]) -> str:
    """The passage without the sentences that touch an answer; "" where little is left."""
    kept = [(a, b) for a, b in text.sentences if not any(s < b and a < e for s, e in answers)]
    if len(kept) < 2 or len(kept) == len(text.sentences):
        return ""
    return text.text[: text.context] + " ".join(text.text[a:b] for a, b in kept)


def asked_for_other(question: str, text: str, names: list[str], rng: random.Random) -> str:
    """The question with one of its names, numbers or comparisons made another; "" where it has none.

    Another name is one that `text` has too, where it has one: that the passage speaks of it is no answer yet.
    """
    changes: list[tuple[int, int, str]] = []
    for match in _NAME.finditer(question):
        here = [name for name in _NAME.findall(text) if name not in question]
        changes.append((*match.span(), rng.choice(here or names)))
    for match in _NUMBER.finditer(question):
        value = int(match[0])
        step = rng.randint(15, 60) if 1500 < value < 2100 else rng.randint(1, 5)  # a year near by may be right too
        changes.append((*match.span(), str(abs(value + rng.choice((-step, step))))))
    changes += [(*match.span(), _OPPOSITE[match[0]]) for match in _WORD.finditer(question) if match[0] in _OPPOSITE]
    changes = [one for one in changes if one[2] != question[one[0] : one[1]]]
    if not changes:
        return ""
    start, end, other = rng.choice(changes)
    return question[:start] + other + question[end:]


def with_other_word(question: str, text: str, neighbours: Mapping[str, list[str]], rng: random.Random) -> str:
    """The question with a word that the passage has made a related one that it has not; "" where there is none."""
    told = text.casefold()
    known = (match for match in _WORD.finditer(question) if not knows_the_passage(match[0]))
    words = [match for match in known if match[0] in neighbours and match[0][:5] in told]
    rng.shuffle(words)
    for match in words:
        others = [word for word in neighbours[match[0]] if word[:5] not in told and word not in question]
        if others:
            return question[: match.start()] + rng.choice(others) + question[match.end() :]
    return ""


def near_words(questions: Iterable[str], folder: Path) -> dict[str, list[str]]:
    """For the words of `questions` those of related things, by the word vectors of the model in `folder`.

    Words with the same ending, so that the question stays one: green for blue, sold for bought.
    """
    from safetensors.torch import load_file
    from transformers import AutoTokenizer

    vocabulary = AutoTokenizer.from_pretrained(folder).get_vocab()
    rows = {word: row for word, row in vocabulary.items() if len(word) > 3 and word.isascii() and word.isalpha()}
    rows = {word: row for word, row in rows.items() if word not in function_words.ENGLISH}
    words = list(rows)
    tensors = load_file(folder / "model.safetensors")
    embeddings = next(tensor for name, tensor in tensors.items() if name.endswith("word_embeddings.weight"))
    vectors = embeddings.float().numpy()[list(rows.values())]
    vectors -= vectors.mean(0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ending = np.array([_ENDING.search(word)[0] for word in words])  # type: ignore[index]
    asked = {word for question in questions for word in _WORD.findall(question)}
    near = {}
    for at in (at for at, word in enumerate(words) if word in asked):
        alike = vectors @ vectors[at]
        inside = (alike > _NEIGHBOUR[0]) & (alike < _NEIGHBOUR[1]) & (ending == ending[at])
        others = [words[i] for i in np.flatnonzero(inside) if words[i][:4] != words[at][:4]]
        if others:
            near[words[at]] = others
    return near


def alike_without(
    examples: list[Example], texts: list[Text], vectors: np.ndarray, encoder: Encoder, each: int
) -> list[list[int]]:
    """For each example the passages without its answer that the plain model ranks highest."""
    golds: dict[tuple[str, str], set[int]] = {}
    by_article: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        by_article.setdefault(text.article, []).append(number)
    for one in examples:
        golds.setdefault((one.question, one.article), set()).add(one.text)
    found = []
    for at in range(0, len(examples), 512):
        part = examples[at : at + 512]
        scores = encoder.encode_questions([one.question for one in part]) @ vectors.T
        for one, row in zip(part, scores, strict=True):
            gold = golds[one.question, one.article]
            answers = {texts[one.text].text[a:b].casefold() for a, b in one.answers}
            if knows_the_passage(one.question):
                wide = np.array(by_article[one.article])
                order = wide[np.argsort(-row[wide])]
            else:
                order = np.argsort(-row)[:40]
            others = [
                int(i)
                for i in order
                if int(i) not in gold and not any(answer in texts[i].text.casefold() for answer in answers)
            ]
            found.append(others[:each])
    return found
