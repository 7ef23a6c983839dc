"""Pages and passages per second into an empty library: by one process, and by a Ray cluster with n encoders.

    python benchmarks/bulk.py FILES OR FOLDERS… [--workers 1 2] [--address HEAD:6379] [--dtype float32]

Without an address the cluster is this machine alone, started for each run. A cluster takes a while before it has
loaded everything: the table says when the first article was stored, the pace of the whole call, and that of what came
after the first article. Every run starts with an empty library, and all libraries are compared in the end.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qa import AddReport, Library, Progress
from qa.bulk import bulk_add


@dataclass(frozen=True, slots=True)
class Run:
    """How many articles and passages went in, and the seconds after which the first and the last were there."""

    articles: int
    passages: int
    first: float
    whole: float
    ids: tuple[str, ...]

    def row(self, name: str) -> str:
        later = (self.articles - 1) / (self.whole - self.first)
        return (
            f"{name:<16}{self.articles:8}{self.passages:9}{self.first:8.1f}{self.whole:8.1f}"
            f"{self.articles / self.whole:9.1f}{self.passages / self.whole:12.0f}{later:15.1f}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--address")
    parser.add_argument("--dtype", default="auto")
    options = parser.parse_args()

    def alone(folder: Path, on_progress: Callable[[Progress], None]) -> AddReport:
        with Library.open(folder, dtype=options.dtype) as library:
            return library.add(options.paths, on_progress=on_progress)

    def with_ray(workers: int) -> Callable[[Path, Callable[[Progress], None]], AddReport]:
        return lambda folder, on_progress: bulk_add(
            folder,
            options.paths,
            address=options.address,
            workers=workers,
            dtype=options.dtype,
            on_progress=on_progress,
        )

    ways = {"one process": alone} | {f"Ray, {workers} workers": with_ray(workers) for workers in options.workers}
    print("                articles passages first s whole s  pages/s  passages/s  pages/s later")
    runs = []
    for name, add in ways.items():
        runs.append(_run(add))
        print(runs[-1].row(name), flush=True)
    if len({run.ids for run in runs}) > 1:
        print("the libraries differ", file=sys.stderr)
        return 1
    return 0


def _run(add: Callable[[Path, Callable[[Progress], None]], AddReport]) -> Run:
    first: list[float] = []

    def on_progress(_: Progress) -> None:
        if not first:
            first.append(time.perf_counter() - began)

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        add(Path(folder), on_progress)
        whole = time.perf_counter() - began
        with Library.open(folder, create=False) as library:
            ids = tuple(article.id for article in library.articles())
            return Run(len(library), library.passage_count, first[0], whole, ids)


if __name__ == "__main__":
    sys.exit(main())
