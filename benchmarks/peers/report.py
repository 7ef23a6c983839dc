"""What was measured of each system, and the tables of it."""

from __future__ import annotations

import ast
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from answers import processor
from corpus import Corpus
from environment import pins
from sets import fraction, milliseconds, per_cent, table
from systems import ADAPTERS, HERE, Variant

import qa


@dataclass(slots=True)
class Measured:
    """A variant in one way of cutting: seconds of each round, and what it found after the last."""

    variant: Variant
    passages: int = 0
    seconds: list[float] = field(default_factory=list)
    ranks: list[int | None] = field(default_factory=list)
    asking: list[float] = field(default_factory=list)
    peak: float = 0.0

    def recall(self, cut: int) -> float | None:
        return statistics.fmean(rank is not None and rank <= cut for rank in self.ranks) if self.ranks else None

    def reciprocal_rank(self) -> float | None:
        return statistics.fmean(1 / rank if rank else 0.0 for rank in self.ranks) if self.ranks else None


def spread(values: Sequence[float], digits: int = 1) -> str:
    """The median, and from where to where."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def times(one: Measured, ours: Measured) -> list[float]:
    """How many times as fast `ours` was, round by round: the same articles, so seconds compare."""
    return [theirs / own for theirs, own in zip(one.seconds, ours.seconds, strict=True)]


def references(row: Sequence[Measured]) -> list[Measured]:
    """article-qa with the weights that the peers use."""
    return [one for one in row if one.variant.is_ours and one.variant.plain]


def comparison(row: Sequence[Measured], words: int) -> str:
    ours = references(row)
    head = ["system", "setting", "passages", "seconds", "passages/s", "words/s"]
    head += [f"article-qa {one.variant.dtype} is × as fast" for one in ours]
    head += ["recall@5", "MRR@10", "query p50 ms", "peak MiB"]
    rows = []
    for one in row:
        seconds = statistics.median(one.seconds)
        cells = [one.variant.system, one.variant.setting, str(one.passages), spread(one.seconds)]
        cells += [f"{one.passages / seconds:.0f}", f"{words / seconds:,.0f}"]
        cells += ["" if one.variant.is_ours else spread(times(one, own), 2) for own in ours]
        cells += [per_cent(one.recall(5)), fraction(one.reciprocal_rank())]
        cells += [milliseconds(statistics.median(one.asking) if one.asking else None), f"{one.peak:.0f}"]
        rows.append(cells)
    return table(head, rows)


def claims(row: Sequence[Measured]) -> str:
    """article-qa beside the fastest peer: of those as documented, and in any setting; float32 beside float32."""
    peers = [one for one in row if not one.variant.is_ours]
    lines = []
    for own in references(row):
        for name, dtypes in (("as documented", {"auto"}), ("in any setting", {"auto", "float32", own.variant.dtype})):
            some = [one for one in peers if one.variant.dtype in dtypes]
            fastest = min(some, key=lambda one: statistics.median(one.seconds))
            lines.append(
                f"- article-qa in {own.variant.dtype} against the fastest peer {name} ({fastest.variant.system}, "
                f"{fastest.variant.setting}): {spread(times(fastest, own), 2)} times as many passages a second."
            )
    return "\n".join(lines)


def needs(row: Sequence[Measured]) -> str:
    rows = []
    for system in dict.fromkeys(one.variant.system for one in row):
        path = HERE / f"{ADAPTERS[system]}.py"
        rows.append([system, str(lines_of_code(path)), _constant(path, "NEEDS")])
    return table(["system", "lines of code", "needs"], rows)


def lines_of_code(path: Path) -> int:
    """Lines of the adapter's class and imports, without blank ones and this benchmark's own types."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    count = 0
    for node in ast.parse(text).body:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.ClassDef)) and getattr(node, "module", "") not in (
            "__future__",
            "collections.abc",
            "peer",
        ):
            count += sum(bool(line.strip()) for line in lines[node.lineno - 1 : node.end_lineno])
    return count


def _constant(path: Path, name: str) -> str:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return str(ast.literal_eval(node.value))
    raise SystemExit(f"{path} does not say {name}")


def report(measured: dict[bool, list[Measured]], corpus: Corpus, dtype: str) -> str:
    words = corpus.words
    when = (
        f"{time.strftime('%d %B %Y').lstrip('0')}, {len(corpus.articles)} articles of {words:,} words, "
        f"{len(corpus.passages)} passages of ours, {len(corpus.asked)} questions; "
        f"{len(measured[True][0].seconds)} rounds, median (least–most); article-qa {qa.__version__} in {dtype}, "
        f"torch {torch.__version__}, "
        f"{', '.join(pin.replace('==', ' ') for pin in pins())}; {os.cpu_count()} cores of {processor()}."
    )
    return "\n\n".join(
        [
            when,
            claims(measured[False]),
            "Ready passages, the same for all:",
            comparison(measured[False], words),
            "Each with its own splitter:",
            comparison(measured[True], words),
            needs(measured[True]),
        ]
    )
