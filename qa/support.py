"""Support: how probable it is that the first quote answers, from what speaks for it; and what that means in words.

A logistic curve over two numbers: the best sentence's score (qa/scoring.py), and how far it is ahead of the best
sentence of any other passage. Where the articles hold no answer, several passages answer equally little.
training/calibrate.py fits it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qa.scoring import Sentence


@dataclass(frozen=True, slots=True)
class Curve:
    """log-odds = bias + score × the best sentence's score + ahead × its distance to other passages."""

    score: float
    ahead: float
    bias: float

    def support(self, sentences: Sequence[Sentence]) -> float:
        """0..1, for the first of `sentences`, which are in order of their scores."""
        score, ahead = evidence(sentences)
        return 1 / (1 + math.exp(-(self.bias + self.score * score + self.ahead * ahead)))


def evidence(sentences: Sequence[Sentence]) -> tuple[float, float]:
    """The first sentence's score, and how much lower that of the best sentence of another passage is; 0 without one."""
    best = sentences[0]
    other = next((one for one in sentences if one.candidate.stored.id != best.candidate.stored.id), best)
    return best.score, best.score - other.score


# Where the reader has read, and where it has not: 600 questions each of squad2-dev-half and clapnq-dev, half of which
# have no answer in the articles, near misses in the first set and other subjects in the second.
CURVE = Curve(score=3.21, ahead=0.95, bias=-4.96)
UNREAD = Curve(score=4.38, ahead=1.30, bias=-5.78)

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
