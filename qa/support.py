"""Support: how probable it is that the first quote answers, from what speaks for it; and what that means in words.

A logistic curve over three numbers: the best sentence's score (qa/scoring.py), how far it is ahead of the best sentence
of any other passage, and what the reader makes of it in three readings. Where the articles hold no answer, several
passages answer equally little; where they hold something like one, the same people and another fact, only reading
tells. training/calibrate.py fits it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from qa.scoring import Sentence


class Evidence(NamedTuple):
    """What speaks for the first sentence.

    `score`: its own; `ahead`: how much lower that of the best sentence of another passage is, 0 without one;
    `relevance`: the reader's of the passage, of the sentence with those beside it, and of the sentence alone, on the
    mean, log-odds divided by ten; 0 where it has not read.
    """

    score: float
    ahead: float
    relevance: float


@dataclass(frozen=True, slots=True)
class Curve:
    """log-odds = bias + the evidence, each number times its weight."""

    score: float
    ahead: float
    relevance: float
    bias: float

    def support(self, sentences: Sequence[Sentence]) -> float:
        """0..1, for the first of `sentences`, which are in order of their scores."""
        found = evidence(sentences)
        weighed = self.score * found.score + self.ahead * found.ahead + self.relevance * found.relevance
        return 1 / (1 + math.exp(-(self.bias + weighed)))


def evidence(sentences: Sequence[Sentence]) -> Evidence:
    """What speaks for the first of `sentences`, which are in order of their scores."""
    best = sentences[0]
    other = next((one for one in sentences if one.candidate.stored.id != best.candidate.stored.id), best)
    return Evidence(best.score, best.score - other.score, best.parts.close)


# Fitted, where the reader has read, on 599 questions of clapnq-dev and on 2,400 of squad2-dev-half that are not among
# those which benchmarks/answers.py asks; about half have no answer in the articles, other subjects in the first set and
# near misses in the second. What the numbers weigh against each other comes from both sets, which count alike; how much
# they weigh in all, and the bias, from the second alone: at a level for both, support is too high for near misses, too
# low for other subjects. Fitted on articles held out from the reader's training instead, it was too high for near
# misses that others wrote: perhaps as the same people wrote those that it was trained on. Where it has not read, fitted
# on 754 questions of those articles and the ones of clapnq-dev. embeddings/weights/README.md has the commands.
CURVE = Curve(score=1.44, ahead=1.14, relevance=5.21, bias=-2.71)
UNREAD = Curve(score=4.48, ahead=1.65, relevance=0.0, bias=-5.85)

# Below this support the articles are said not to answer. A wrong answer is taken to be three times as bad as an unjust
# refusal: where half of the questions have no answer, that would put the border at two in three. People ask mostly what
# they have read; where nineteen in twenty questions have an answer, the odds of 2 become 2 / 19.
FOUND_FROM = 0.1
LIKELY_FROM = 0.35
STRONG_FROM = 0.6


def support_word(support: float) -> str:
    """A support, 0..1, in a word: strong, likely, weak, or none where it is too low for an answer."""
    if support < FOUND_FROM:
        return "none"
    return "strong" if support >= STRONG_FROM else "likely" if support >= LIKELY_FROM else "weak"
