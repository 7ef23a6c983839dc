"""Questions of many clients at once: answers a second, and how long each waits.

    python benchmarks/clients.py SET [SET ...] --keep FOLDER [--clients 1 2 5 20] [--out benchmarks/RESULTS.md]

The library holds the sets' articles, with shuffled copies up to 10,000 passages as in latency.py. Each client is a
thread that asks its next question as soon as the last one is answered, as in a server with so many people at it.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from answers import processor, put
from latency import pool
from sets import SEED, read_set, table

from qa import Library

PASSAGES = 10_000
SECONDS = 8.0


def crowd(call: Callable[[str], object], questions: Sequence[str], clients: int, seconds: float) -> list[float]:
    """How long each answer took."""
    took: list[float] = []
    until = time.perf_counter() + seconds

    def ask(number: int) -> None:
        at = number * 7
        while time.perf_counter() < until:
            began = time.perf_counter()
            call(questions[at % len(questions)])
            took.append(time.perf_counter() - began)
            at += clients

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 5, 20])
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    sets = [read_set(folder, 200) for folder in options.sets]
    questions = [one.question for each in sets for one in each.questions if not one.history]
    random.Random(SEED).shuffle(questions)
    folder = options.keep / f"latency-{PASSAGES}-{'+'.join(each.name for each in sets)}"
    rows = []
    with Library.open(folder) as library:
        library.add(pool(sets, PASSAGES)[0])
    with Library.open(folder) as full, Library.open(folder, ranking="unread") as unread:
        calls = {"retrieve": unread.retrieve, "ask, without the reader": unread.ask, "ask": full.ask}
        for name, call in calls.items():
            crowd(call, questions, 1, 2.0)
            for clients in options.clients:
                began = time.perf_counter()
                took = sorted(crowd(call, questions, clients, options.seconds))
                rate = len(took) / (time.perf_counter() - began)
                p50, p95 = 1000 * statistics.median(took), 1000 * took[int(0.95 * (len(took) - 1))]
                rows.append([name, str(clients), f"{rate:.1f}", f"{p50:.0f}", f"{p95:.0f}"])
        passages = full.passage_count
    when = (
        f"{time.strftime('%d %B %Y').lstrip('0')}, {os.cpu_count()} cores of {processor()}, {passages:,} passages, "
        f"{options.seconds:.0f} s each."
    )
    text = f"{when}\n\n{table(['call', 'clients', 'answers a second', 'p50 ms', 'p95 ms'], rows)}"
    if options.out:
        put(options.out, "clients", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
