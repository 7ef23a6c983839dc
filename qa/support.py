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


# Fitted, where the reader has read, on 2,400 questions of squad2-dev-half that are not among those which
# benchmarks/answers.py asks, and on 599 of clapnq-dev; about half have no answer in the articles, near misses in the
# first set and other subjects in the second. The more of the first, the less the score weighs: with 800 it has 1.43,
# and AUROC is higher for clapnq-dev (.829 instead of .812), ECE higher for squad2-dev-half (.063 instead of .050).
# Fitted on articles held out from the reader's training instead, support was too high for others' near misses: perhaps
# as the same people wrote those that it was trained on. Where it has not read, on 754 questions of those articles and
# the ones of clapnq-dev. embeddings/weights/README.md has the commands.
CURVE = Curve(score=0.43, ahead=0.90, relevance=7.01, bias=-1.17)
UNREAD = Curve(score=4.48, ahead=1.65, relevance=0.0, bias=-5.85)

# Below this support the articles are said not to answer. A wrong answer is taken to be three times as bad as an unjust
# refusal: where half of the questions have no answer, that would put the border at two in three. People ask mostly what
# they have read; where fifteen in sixteen questions have an answer, the odds of 2 become 2 / 15.
FOUND_FROM = 0.12
LIKELY_FROM = 0.35
STRONG_FROM = 0.6


def support_word(support: float) -> str:
    """A support, 0..1, in a word: strong, likely, weak, or none where it is too low for an answer."""
    if support < FOUND_FROM:
        return "none"
    return "strong" if support >= STRONG_FROM else "likely" if support >= LIKELY_FROM else "weak"
