"""Support: how probable it is that the first quote answers, from what speaks for it; and what that means in words.

A logistic curve over the parts of the best sentence's score (qa/scoring.py) and how far it is ahead of the next.
training/scores.py fits it on questions that other training has not seen, half of them asked without their article or
without the sentence that answers, and then its height and steepness on clapnq-dev, where half of the questions have no
answer in the articles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qa.scoring import Parts, Sentence


@dataclass(frozen=True, slots=True)
class Curve:
    """log-odds = bias + what the parts weigh + ahead × the distance to the next sentence's score."""

    parts: Parts
    ahead: float
    bias: float

    def support(self, sentences: Sequence[Sentence]) -> float:
        """0..1, for the first of `sentences`, which are in order of their scores."""
        ahead = sentences[0].score - sentences[1].score if len(sentences) > 1 else 0.0
        log_odds = self.bias + sentences[0].parts.weighed(self.parts) + self.ahead * ahead
        return 1 / (1 + math.exp(-log_odds))


CURVE = Curve(
    Parts(met=1.98, passage=2.74, held=0.63, length=0.08, news=0.46, kind=-0.18, span=1.47, relevance=-0.3),
    ahead=4.11,
    bias=-5.62,
)
# Where no reader has read
UNREAD = Curve(Parts(met=5.49, passage=3.73, held=1.15, length=-0.27, news=0.49, kind=0.49), ahead=0.0, bias=-7.0)

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
