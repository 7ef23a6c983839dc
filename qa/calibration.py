"""How well a number tells right from wrong, and whether it is the probability that it claims to be."""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BINS = 10  # of equal width


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose support lies in one stretch: how many, their mean support, and the share that is right."""

    count: int
    support: float
    right: float


def calibration_bins(answers: Iterable[tuple[float, bool]], bins: int = BINS) -> list[Bin | None]:
    """`bins` stretches of equal width over 0..1, each with the (support, right) in it; None where it has none."""
    borders = [border / bins for border in range(1, bins)]
    inside: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for support, right in answers:
        inside[bisect.bisect_right(borders, support)].append((support, right))
    return [
        Bin(len(some), statistics.fmean(support for support, _ in some), statistics.fmean(right for _, right in some))
        if some
        else None
        for some in inside
    ]


def calibration_error(answers: Sequence[tuple[float, bool]], bins: int = BINS) -> float | None:
    """Expected calibration error (Naeini et al., 2015), 0..1: mean |support - share right| over bins, by their size."""
    filled = [each for each in calibration_bins(answers, bins) if each is not None]
    return sum(each.count * abs(each.support - each.right) for each in filled) / len(answers) if answers else None


def auroc(right: Iterable[float], wrong: Iterable[float]) -> float | None:
    """P(a score of `right` > a score of `wrong`), ties counted as half; None where either is empty."""
    right, wrong = list(right), sorted(wrong)
    if not right or not wrong:
        return None
    wins = sum((bisect.bisect_left(wrong, each) + bisect.bisect_right(wrong, each)) / 2 for each in right)
    return wins / (len(right) * len(wrong))
