"""The page: what it weighs, how soon it can be used, many people asking at once, a long list of articles.

    python benchmarks/page.py [--users 20] [--questions 5] [--articles 50000] [--visits 5] [--out benchmarks/RESULTS.md]

Weight and first screen in Chromium (named by CHROMIUM, else on the PATH) on the example library, each visit with an
empty cache, then once more with a full one. The users each have a connection of their own to the served app and ask
one question after the other, all at once. The list is of articles that are made up, as many as --articles, and what
is timed is the drawing of one page of it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio
from answers import processor, put
from gradio_client import Client
from playwright.sync_api import BrowserContext, sync_playwright
from sets import SEED, table

from qa import Article, Library
from qa.ui import shelf
from qa.ui.server import running
from qa.ui.shelf import Shown
from qa.ui.words import words

ROOT = Path(__file__).resolve().parent.parent
READY = "#qa-question textarea:enabled"


@contextmanager
def examples(folder: Path) -> Iterator[Library]:
    with Library.open(folder / "examples") as library:
        library.add(ROOT / "examples" / "articles")
        library.ask("Is the model loaded?")
        yield library


def first_screen(context: BrowserContext, url: str) -> tuple[float, int, int]:
    """Seconds until a question can be typed; requests; bytes that came over the wire."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    received: list[int] = []
    session.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    began = time.perf_counter()
    page.goto(url)
    page.wait_for_selector(READY)
    seconds = time.perf_counter() - began
    page.wait_for_timeout(1500)
    page.close()
    return seconds, len(received), sum(received)


def weight(url: str, visits: int, chromium: str) -> str:
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        cold, warm = [], []
        for _ in range(visits):
            context = browser.new_context()
            cold.append(first_screen(context, url))
            warm.append(first_screen(context, url))
            context.close()
        for name, seen in (("empty cache", cold), ("full cache", warm)):
            seconds = sorted(each[0] for each in seen)
            rows.append(
                [
                    name,
                    f"{statistics.median(seconds):.2f} ({seconds[0]:.2f}–{seconds[-1]:.2f})",
                    f"{statistics.median(each[1] for each in seen):.0f}",
                    f"{statistics.median(each[2] for each in seen) / 1000:.0f}",
                ]
            )
        browser.close()
    return table(["visit", "s until a question can be typed", "requests", "kB"], rows)


def crowd(url: str, users: int, questions: int) -> str:
    asked = [
        json.loads(line)["question"]
        for line in (ROOT / "examples" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rows = []
    for number in (1, users):
        clients = [Client(url, verbose=False) for _ in range(number)]
        seconds: list[float] = []
        errors: list[str] = []
        gate = threading.Barrier(number)

        def ask(
            client: Client,
            seed: int,
            gate: threading.Barrier = gate,
            seconds: list[float] = seconds,
            errors: list[str] = errors,
        ) -> None:
            mine = random.Random(SEED + seed).sample(asked, questions)
            gate.wait()
            for question in mine:
                began = time.perf_counter()
                try:
                    client.predict(question, api_name="/ask")
                except Exception as error:  # noqa: BLE001 - counted, whatever it is
                    errors.append(repr(error))
                seconds.append(time.perf_counter() - began)

        threads = [threading.Thread(target=ask, args=(client, seed)) for seed, client in enumerate(clients)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        total = time.perf_counter() - began
        ordered = sorted(seconds)
        rows.append(
            [
                str(number),
                str(len(ordered)),
                f"{1000 * statistics.median(ordered):.0f}",
                f"{1000 * ordered[int(0.95 * (len(ordered) - 1))]:.0f}",
                f"{len(ordered) / total:.1f}",
                str(len(errors)),
            ]
        )
    return table(["users at once", "questions", "p50 ms", "p95 ms", "answers a second", "errors"], rows)


def long_list(folder: Path, articles: int) -> str:
    draw = random.Random(SEED)
    names = ["".join(draw.choices("abcdefghijklmnoprstuvw", k=draw.randint(4, 9))) for _ in range(4000)]

    def made() -> Iterator[Article]:
        for number in range(articles):
            title = " ".join(draw.choices(names, k=8)).capitalize()
            author = " ".join(draw.choices(names[:900], k=2)).title()
            date = f"{draw.randint(1995, 2026)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
            text = f"{title} is told here, number {number}."
            yield Article(f"n{number}", title, text, None, (author,), date, names[number % 300].title(), "en")

    with Library.open(folder / "list", dtype="auto") as library:
        batch: list[Article] = []
        for article in made():
            batch.append(article)
            if len(batch) == 5000:
                library.add(batch)
                batch.clear()
        library.add(batch)
        views: dict[str, Callable[[], str]] = {
            "first page": lambda: shelf.table(library, words()),
            "by title": lambda: shelf.table(library, words(), Shown(order="title", descending=False)),
            "by date, last page": lambda: shelf.table(
                library, words(), Shown(order="date", page=(len(library) - 1) // shelf.ROWS)
            ),
            "search of a name": lambda: shelf.table(library, words(), Shown(search=names[5])),
            "search that finds nothing": lambda: shelf.table(library, words(), Shown(search="xyzzy")),
        }
        rows = []
        for name, view in views.items():
            seconds = []
            for _ in range(5):
                began = time.perf_counter()
                drawn = view()
                seconds.append(time.perf_counter() - began)
            rows.append([name, f"{1000 * statistics.median(seconds):.0f}", f"{len(drawn) / 1000:.0f}"])
        return table([f"list of {len(library):,} articles", "ms", "kB"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--questions", type=int, default=5)
    parser.add_argument("--articles", type=int, default=50_000)
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = []
        with examples(folder) as library, running(library) as url:
            if chromium:
                parts.append(weight(url, options.visits, chromium))
            parts.append(crowd(url, options.users, options.questions))
        parts.append(long_list(folder, options.articles))
    when = (
        f"{time.strftime('%d %B %Y').lstrip('0')}, Gradio {gradio.__version__}, {os.cpu_count()} cores of "
        f"{processor()}; browser, users and server share them."
    )
    text = "\n\n".join([when, *parts])
    if options.out:
        put(options.out, "page", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
