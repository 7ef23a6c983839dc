"""What a support, the probability that the first quote answers, means in words."""

from __future__ import annotations

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
