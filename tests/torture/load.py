"""Fifty clients that ask the running app, while another process adds, changes and removes articles.

    python tests/torture/load.py [--scale 1] [--seed 0] [--clients 50]

Half an hour at scale 1. Each client asks its next question when the last is answered; one in twenty goes away before
the answer comes. Every quote of every answer must stand at its place in the article that it cites, in a version that
was begun when the answer came and not older than the last one that had been stored when the question was asked. Prints
how long the answers took, and how the memory of the server grew, fitted over the last two thirds of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from pages import PAGES, QUESTIONS, ROOT, row, versions, write
from resume import page

from qa import Library
from qa.errors import UnknownArticle

SMALL = 300  # pages beside the examples
FIRST_VERSION = 100_000  # all have six digits, so that places stay what they are
_VERSION = re.compile(r"This is version (\d{6}) of page (\d+)\.")
_MORE = (
    "What did the district council say about the lighthouse?",
    "When was the canal of district 17 opened?",
    "Which articles mention Svalbard?",
    "Who wrote about the container ship?",
    "What is the boiling point of tungsten on Mars?",
    "How much of the electricity of Snorre and Gullfaks comes from floating turbines?",
    "¿Cuándo se abrió el canal de Suez?",
    "floating wind",
)


class Crowd:
    """The clients, and what they have seen."""

    def __init__(self, url: str, folder: Path, pages: Path, seed: int) -> None:
        self.url, self.pages, self.seed = url, pages, seed
        self.until = threading.Event()
        self.lock = threading.Lock()
        self.took: list[float] = []
        self.calls, self.wrong = Counter[str](), list[str]()
        self.begun, self.done = [FIRST_VERSION] * PAGES, [FIRST_VERSION] * PAGES
        self.library = Library.open(folder, dtype="float32")
        self.texts = {article.id: _plain(article.text) for article in self.library.articles()}

    def ask(self, number: int) -> None:
        draw = random.Random(self.seed * 1_000 + number)
        with httpx.Client(timeout=300) as client:
            while not self.until.is_set():
                question, oldest, began = draw.choice([*QUESTIONS, *_MORE]), list(self.done), time.monotonic()
                try:
                    begun = client.post(f"{self.url}gradio_api/call/ask", json={"data": [question, 5, None, None, 3]})
                    begun.raise_for_status()
                    event = begun.json()["event_id"]
                    if draw.random() < 0.05:
                        time.sleep(draw.uniform(0, 2))
                        self._count("left before the answer")
                        continue
                    kind, said = self._told(client, event)
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    self._wrong(f"{question}: {type(error).__name__}: {error}")
                    continue
                if kind != "complete":
                    self._wrong(f"{question}: {kind} {said!r}")
                    continue
                answer = said[0]
                with self.lock:
                    self.took.append(time.monotonic() - began)
                self._count("answered" if answer["found"] else "declined")
                self._check(answer, oldest, list(self.begun))

    def _told(self, client: httpx.Client, event: str) -> tuple[str, Any]:
        kind = ""
        with client.stream("GET", f"{self.url}gradio_api/call/ask/{event}") as stream:
            for line in stream.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind in ("complete", "error"):
                    return kind, json.loads(value)
        return "ended without an answer", None

    def _check(self, answer: dict[str, Any], oldest: list[int], newest: list[int]) -> None:
        for one in answer["citations"]:
            text, quote = self._text_of(one["article_id"]), one["quote"]
            found = _VERSION.search(quote)
            if text[one["start"] : one["end"]] != _plain(quote):
                self._wrong(f"{answer['question']}: {quote!r} does not stand at {one['start']} in {one['title']}")
            self._count("quotes checked")
            if found and not oldest[int(found[2])] <= int(found[1]) <= newest[int(found[2])]:
                self._wrong(
                    f"page {found[2]} in version {found[1]}, not {oldest[int(found[2])]} to {newest[int(found[2])]}"
                )

    def _text_of(self, article_id: str) -> str:
        if article_id not in self.texts:
            try:
                self.texts[article_id] = _plain(self.library.article(article_id).text)
            except UnknownArticle:
                return ""
        return self.texts[article_id]

    def write(self) -> None:
        """Adds, changes and removes the pages that have versions."""
        draw = random.Random(self.seed)
        number = FIRST_VERSION
        while not self.until.wait(1.0):
            which = draw.randrange(PAGES)
            path = self.pages / f"{which}.html"
            there = self.library._store.article_at(str(path))
            if there and draw.random() < 0.3:
                self.done[which] = 0
                self.library.remove(there)
                self._count("removed")
            else:
                number += 1
                self.begun[which] = number
                write(path, which, number)
                self.library.add(path)
                if there := self.library._store.article_at(str(path)):
                    self.texts.setdefault(there, _plain(self.library.article(there).text))
                self.done[which] = number
                self._count("added or changed")

    def _count(self, what: str) -> None:
        with self.lock:
            self.calls[what] += 1

    def _wrong(self, what: str) -> None:
        with self.lock:
            self.wrong.append(what)


def _plain(text: str) -> str:
    """Text of a page as it is in every version, which all have so many characters."""
    return _VERSION.sub(lambda found: f"This is version {'0' * len(found[1])} of page {found[2]}.", text)


def memory(process: int) -> float:
    """Megabytes of its own and shared ones, in parts, of the process."""
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError("no Pss")


def serve(folder: Path, log: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "qa", "serve", "--library", str(folder), "--port", str(port)]
    with log.open("wb") as complaints:
        server = subprocess.Popen(command, cwd=ROOT, stderr=complaints)
    url = f"http://127.0.0.1:{port}/"
    for _ in range(600):
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return server, url
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError("the app did not start")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clients", type=int, default=50)
    options = parser.parse_args()
    seconds, draw = max(30.0, 1_800.0 * options.scale), random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="load-") as base:
        folder, pages, small = Path(base) / "library", Path(base) / "pages", Path(base) / "small"
        for each in (pages, small):
            each.mkdir()
        for number in range(PAGES):
            write(pages / f"{number}.html", number, FIRST_VERSION)
        for number in range(SMALL):
            (small / f"page-{number}.html").write_text(page(number, draw), encoding="utf-8")
        with Library.open(folder) as library:
            library.add([ROOT / "examples" / "articles", pages, small])
        server, url = serve(folder, Path(base) / "log")
        crowd = Crowd(url, folder, pages, options.seed)
        threads = [threading.Thread(target=crowd.ask, args=(number,)) for number in range(options.clients)]
        threads.append(threading.Thread(target=crowd.write))
        began = time.monotonic()
        for thread in threads:
            thread.start()
        held: list[tuple[float, float]] = []
        while (passed := time.monotonic() - began) < seconds:
            held.append((passed, memory(server.pid)))
            time.sleep(min(10.0, seconds / 20))
        crowd.until.set()
        for thread in threads:
            thread.join()
        alive = server.poll() is None
        server.terminate()
        server.wait()
        complaints = (Path(base) / "log").read_text().splitlines()
        wrong = crowd.wrong if alive else [*crowd.wrong, "the server ended by itself"]
        wrong += [f"the server says {line}" for line in complaints if "rror" in line or "Traceback" in line][:5]
        expected = {which: version for which, version in enumerate(crowd.done) if version}
        if versions(crowd.library) != expected:
            wrong.append(f"in the end there is {versions(crowd.library)}, not {expected}")
        wrong += crowd.library.check()
        crowd.library.close()
    took = sorted(crowd.took) or [float("nan")]
    p50, p95, p99 = (took[int(share * (len(took) - 1))] for share in (0.5, 0.95, 0.99))
    late = [(at, size) for at, size in held if at > seconds / 3]
    slope = statistics.linear_regression(*zip(*late, strict=True)).slope * 3_600 if len(late) > 2 else float("nan")
    seen = ", ".join(f"{what} {count}" for what, count in crowd.calls.most_common())
    seen += f"; p50 {p50:.1f} s, p95 {p95:.1f} s, p99 {p99:.1f} s; {len(took) / seconds:.1f} answers a second; memory "
    seen += f"{held[0][1]:.0f} MB at first, {held[-1][1]:.0f} at last, at most {max(size for _, size in held):.0f}, "
    seen += f"{slope:+.0f} MB an hour over the last two thirds"
    return 1 if row(f"{options.clients} clients, {seconds / 60:.0f} minutes", len(took), seen, wrong) else 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
