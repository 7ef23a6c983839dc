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


# Where the reader has read, and where it has not.
CURVE = Curve(score=5.49, ahead=2.0, bias=-7.0)
UNREAD = Curve(score=5.49, ahead=2.0, bias=-7.0)

# Below this support the articles are said not to answer. It declines two fifths of the search queries without
# an answer (clapnq-dev), a tenth of the near misses (squad2-dev-half), and one or two of 100 right answers.
FOUND_FROM = 0.12
# Support is fitted where half of the questions have no answer, so it is careful: of the example questions' answers all
# 7 from 0.5 are right, two thirds of those from 0.3, half of those below.
LIKELY_FROM = 0.3
STRONG_FROM = 0.5


def support_word(support: float) -> str:
    """A support, 0..1, in a word: strong, likely, weak, or none where it is too low for an answer."""
    if support < FOUND_FROM:
        return "none"
    return "strong" if support >= STRONG_FROM else "likely" if support >= LIKELY_FROM else "weak"
