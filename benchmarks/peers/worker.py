"""One system in a process of its own: reads a JSON object a line, answers with one a line.

    python worker.py ADAPTER

    {"do": "start", "settings": {...}, "texts": [...]}      imports, loads and warms up with a few texts
    {"do": "add", "settings": {...}, "texts": [...]}        a new, empty system; {"passages": n, "seconds": s}
    {"do": "search", "questions": [...], "k": 10}           {"found": [[[id, text], ...], ...], "seconds": [...]}
    {"do": "memory"}                                        {"peak": MiB}

Loading the model is not part of the seconds of "add".
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import sys
import time
from typing import Any

from peer import Settings, System, Text


class Worker:
    """Holds the system that was filled last."""

    def __init__(self, adapter: str) -> None:
        self.adapter = adapter
        self.system: System | None = None

    def start(self, settings: dict[str, Any], texts: list[list[str]]) -> dict[str, Any]:
        self.add(settings, texts)
        self.search(["What is this about?"], 1)
        return {}

    def add(self, settings: dict[str, Any], texts: list[list[str]]) -> dict[str, Any]:
        self.system = None
        gc.collect()
        system: System = importlib.import_module(self.adapter).System(Settings(**settings))
        given = [Text(*text) for text in texts]
        began = time.perf_counter()
        passages = system.add(given)
        seconds = time.perf_counter() - began
        self.system = system
        return {"passages": passages, "seconds": seconds}

    def search(self, questions: list[str], k: int) -> dict[str, Any]:
        assert self.system is not None
        self.system.search(questions[0], k)  # loads what the first question would wait for
        found, seconds = [], []
        for question in questions:
            began = time.perf_counter()
            hits = self.system.search(question, k)
            seconds.append(time.perf_counter() - began)
            found.append([[hit.id, hit.text] for hit in hits])
        return {"found": found, "seconds": seconds}

    def memory(self) -> dict[str, Any]:
        return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(worker, request.pop("do"))(**request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
