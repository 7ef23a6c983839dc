"""Whether support is what it says, and where to stop answering: part of answers.py, with --reliability.

Both look at every answer, also those that are refused as things stand: `results` are of a library that answers
whatever the support.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from sets import fraction, per_cent, table

from qa.calibration import BINS, calibration_bins, calibration_error
from qa.evaluate import Result, judged

WRONG_COST, UNJUST_REFUSAL_COST = 3.0, 1.0
_STEPS = 100  # thresholds that are tried for the least cost
_COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#117a8b", "#7f8c8d", "#5d4037")
_WIDTH, _HEIGHT, _LEFT, _TOP = 460, 360, 56, 28


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a threshold does: shares of all judged questions, and the cost a question."""

    right: float
    wrong: float
    refused: float
    cost: float


def outcome(results: Sequence[Result], threshold: float) -> Outcome:
    """What comes of answering from `threshold` on.

    An answer is wrong where its first quote is, and where the articles hold none; that costs 3. A refusal is unjust
    where the articles hold the answer, and costs 1.
    """
    counted = [result for result in results if result.spans or not result.question.answerable]
    answered = [result for result in counted if result.support >= threshold]
    right = sum(result.quote_first and bool(result.spans) for result in answered)
    wrong = len(answered) - right
    unjust = sum(bool(result.spans) and result.support < threshold for result in counted)
    total = len(counted) or 1
    cost = (WRONG_COST * wrong + UNJUST_REFUSAL_COST * unjust) / total
    return Outcome(right / total, wrong / total, 1 - len(answered) / total, cost)


def least_cost(results: Sequence[Result]) -> tuple[float, float]:
    """(threshold, cost) where the cost is least; the lowest of equal ones."""
    return min(
        ((step / _STEPS, outcome(results, step / _STEPS).cost) for step in range(_STEPS + 1)), key=lambda one: one[1]
    )


def report(results: Mapping[str, Sequence[Result]], folder: Path) -> str:
    """The tables, as Markdown; `reliability.svg` and `threshold.svg` are written to `folder`."""
    names = [name for name, own in results.items() if judged(own)]
    if not names:
        return "None of these sets says where its answers stand."
    bins = {name: calibration_bins(judged(results[name])) for name in names}
    rows = [
        [f"{number / BINS:.1f} – {(number + 1) / BINS:.1f}"]
        + [
            f"{fraction(one.support)} → {fraction(one.right)} ({one.count})" if one else "–"
            for one in (bins[name][number] for name in names)
        ]
        for number in range(BINS)
    ]
    rows.append(["ECE", *(fraction(calibration_error(judged(results[name]))) for name in names)])
    thresholds = [step / 10 for step in range(10)]
    curve = []
    for threshold in thresholds:
        found = [outcome(results[name], threshold) for name in names]
        mean = sum(one.cost for one in found) / len(found)
        cells = [
            f"{per_cent(one.right)} / {per_cent(one.wrong)} / {per_cent(one.refused)}, {one.cost:.2f}" for one in found
        ]
        curve.append([f"{threshold:.1f}", *cells, f"{mean:.2f}"])
    least = [least_cost(results[name]) for name in names]
    everywhere = [
        (step / _STEPS, sum(outcome(results[name], step / _STEPS).cost for name in names) / len(names))
        for step in range(_STEPS + 1)
    ]
    best = min(everywhere, key=lambda one: one[1])
    curve.append(["least", *(f"{cost:.2f} at {at:.2f}" for at, cost in least), f"{best[1]:.2f} at {best[0]:.2f}"])
    (folder / "reliability.svg").write_text(
        chart(
            {name: [(one.support, one.right) for one in bins[name] if one] for name in names},
            x="support",
            y="share of first quotes right",
            diagonal=True,
        ),
        encoding="utf-8",
    )
    steps = [step / 50 for step in range(51)]
    (folder / "threshold.svg").write_text(
        chart(
            {name: [(at, outcome(results[name], at).cost) for at in steps] for name in names},
            x="support from which an answer is given",
            y="cost a question",
        ),
        encoding="utf-8",
    )
    return "\n\n".join(
        [
            "Mean support → share right (answers), by support:",
            table(["support", *names], rows),
            "Answered right / answered wrong / refused, in per cent of the questions, and the cost a question:",
            table(["answered from", *names, "mean cost"], curve),
            "![support against the share that is right](reliability.svg) ![cost by threshold](threshold.svg)",
        ]
    )


def chart(series: Mapping[str, Sequence[tuple[float, float]]], *, x: str, y: str, diagonal: bool = False) -> str:
    """Lines over 0..1 as SVG; the y axis ends at 1, or at the next whole number above the highest value."""
    highest = max((value for points in series.values() for _, value in points), default=1.0)
    top = 1.0 if highest <= 1 else float(int(highest) + (highest > int(highest)))

    def at(across: float, up: float) -> str:
        return f"{_LEFT + across * _WIDTH:.1f},{_TOP + (1 - up / top) * _HEIGHT:.1f}"

    size = f'width="{_LEFT + _WIDTH + 200}" height="{_TOP + _HEIGHT + 56}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12" fill="#333">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for tick in range(6):
        share = tick / 5
        across, up = at(share, 0).split(","), at(0, share * top).split(",")
        lines += [
            f'<path d="M{at(share, 0)} L{at(share, top)} M{at(0, share * top)} L{at(1, share * top)}" stroke="#ddd"/>',
            f'<text x="{across[0]}" y="{float(across[1]) + 18:.1f}" text-anchor="middle">{share:.1f}</text>',
            f'<text x="{float(up[0]) - 8:.1f}" y="{float(up[1]) + 4:.1f}" text-anchor="end">{share * top:.1f}</text>',
        ]
    lines += [
        f'<text x="{_LEFT + _WIDTH / 2}" y="{_TOP + _HEIGHT + 42}" text-anchor="middle">{escape(x)}</text>',
        f'<text transform="translate(14 {_TOP + _HEIGHT / 2}) rotate(-90)" text-anchor="middle">{escape(y)}</text>',
    ]
    if diagonal:
        lines.append(f'<path d="M{at(0, 0)} L{at(1, 1)}" stroke="#999" stroke-dasharray="4 4"/>')
    for number, (name, points) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " L".join(at(*point) for point in points)
        low = _TOP + 8 + 20 * number
        lines += [
            f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<path d="M{_LEFT + _WIDTH + 16},{low} h20" stroke="{colour}" stroke-width="2"/>',
            f'<text x="{_LEFT + _WIDTH + 42}" y="{low + 4}">{escape(name)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
