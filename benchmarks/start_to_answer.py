"""Seconds from the start of a process to its first answer, by what they are spent on.

    python benchmarks/start_to_answer.py LIBRARY [--question "…"] [--runs 3]

LIBRARY is a folder that `article-qa add` has filled. Every run is a process of its own; the first warms the
file cache and is not counted. Prints the median of each stage and of the whole, in seconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

_ONE_RUN = """
import json, sys, time
marks = [("start", time.perf_counter())]
def mark(name): marks.append((name, time.perf_counter()))
import qa; mark("import qa")
library = qa.Library.open(sys.argv[1], create=False); mark("open the library")
library.encoder; mark("import torch and sentence-transformers, load")
answer = library.ask(sys.argv[2]); mark("first answer")
library.ask(sys.argv[2]); mark("second answer")
library.close()
stages = {name: after - before for (_, before), (name, after) in zip(marks, marks[1:])}
print(json.dumps({"stages": stages, "text": answer.text}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("--question", default="How long was the Suez Canal blocked by the Ever Given?")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    stages: list[dict[str, float]] = []
    wholes: list[float] = []
    for number in range(options.runs + 1):
        began = time.perf_counter()
        command = [sys.executable, "-c", _ONE_RUN, options.library, options.question]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        if number:
            wholes.append(time.perf_counter() - began)
            stages.append(json.loads(output)["stages"])
    for name in stages[0]:
        print(f"{name:46}{statistics.median(run[name] for run in stages):7.2f} s")
    print(f"{'the whole process':46}{statistics.median(wholes):7.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
