"""One kind of work over and over, for a profiler to look at.

    py-spy record --output benchmarks/flames/retrieve.svg -- python benchmarks/workload.py retrieve LIBRARY SET
    py-spy record --output benchmarks/flames/ask.svg -- python benchmarks/workload.py ask LIBRARY SET
    py-spy record --output benchmarks/flames/add.svg -- python benchmarks/workload.py add FOLDER

LIBRARY is one that clients.py or growth.py keeps, SET the set whose questions are asked, FOLDER one of saved pages,
which go into a new library each time. py-spy is not among the development tools: pip install py-spy.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from pathlib import Path

from sets import read_set

from qa import Library


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=["retrieve", "ask", "add"])
    parser.add_argument("place", type=Path, metavar="LIBRARY | FOLDER")
    parser.add_argument("questions", type=Path, nargs="?", metavar="SET")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    if options.work == "add":
        _add(options.place, options.seconds)
    elif options.questions is None:
        parser.error("retrieve and ask take a SET, whose questions are asked")
    else:
        _ask(options.work, options.place, options.questions, options.seconds)


def _ask(work: str, folder: Path, questions: Path, seconds: float) -> None:
    texts = [one.question for one in read_set(questions, 200).questions if not one.history]
    with Library.open(folder, create=False) as library:
        call = library.retrieve if work == "retrieve" else library.ask
        call(texts[0])
        until = time.perf_counter() + seconds
        for text in itertools.cycle(texts):
            if time.perf_counter() > until:
                break
            call(text)


def _add(pages: Path, seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        with tempfile.TemporaryDirectory() as folder, Library.open(folder) as library:
            library.add(pages)


if __name__ == "__main__":
    main()
