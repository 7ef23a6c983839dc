"""An `add` of thousands of pages that is stopped and killed again and again, and goes on.

    python tests/torture/resume.py [--scale 1] [--seed 0]

Five thousand pages at scale 1, added with the command, which gets SIGINT and SIGKILL in turns: ten of them. What a run
has reported, or committed, the next one must report as unchanged and not read again. In the end every page is there
once, `check` finds nothing, and adding all of them once more takes a small share of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pages import row

from qa import Library

STOPS = 10
_WORDS = (
    "harbour", "ferry", "bridge", "lantern", "meadow", "glacier", "orchard", "railway", "cable", "turbine", "archive",
    "treaty", "museum", "reservoir", "satellite", "vineyard", "lighthouse", "observatory", "granary", "canal",
)  # fmt: skip


def page(number: int, draw: random.Random) -> str:
    """A small page that is like no other."""
    first, second, third = draw.sample(_WORDS, 3)
    sentences = (
        f"The {first} of district {number} was opened in {draw.randrange(1800, 2020)}, after the {second} had closed.",
        f"It cost {draw.randrange(10, 9_999)} crowns, of which the town paid {draw.randrange(1, 99)} per cent.",
        f"Nobody had asked for a {third} there, as the council of district {number} said in its report.",
    )
    text = "".join(f"<p>{sentence}</p>" for sentence in sentences)
    title = f"The {first} of district {number}"
    return f"<!doctype html><html lang=en><title>{title}</title><article><h1>{title}</h1>{text}</article></html>"


def add(folder: Path, pages: Path, *, stop: int | None = None, after: float = 0.0) -> tuple[dict[str, Any], float]:
    """What the command reports, {} where it was killed, and how long it took."""
    began = time.monotonic()
    command = [sys.executable, "-m", "qa", "add", str(pages), "--library", str(folder), "--json", "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], env=os.environ)
    if stop is not None:
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.send_signal(stop)
    said = process.communicate()[0]
    return json.loads(said) if said else {}, time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw, count = random.Random(options.seed), max(100, round(5_000 * options.scale))
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="resume-") as base:
        folder, pages = Path(base) / "library", Path(base) / "pages"
        pages.mkdir()
        for number in range(count):
            (pages / f"{number:05}.html").write_text(page(number, draw), encoding="utf-8")
        there, spent, stops = 0, 0.0, 0
        for number in range(STOPS):
            sent = signal.SIGINT if number % 2 else signal.SIGKILL
            report, took = add(folder, pages, stop=sent, after=draw.uniform(6, 9 + 30 * options.scale))
            spent += took
            stops += not report or report["stopped"]
            if report and len(report["skipped"]) != there:
                wrong.append(f"run {number}: {there} were there, {len(report['skipped'])} reported as unchanged")
            with Library.open(folder, create=False) as library:
                if len(library) < there + len(report.get("added", ())):
                    wrong.append(f"run {number}: {len(library)} articles after {there} and {len(report['added'])} more")
                there = len(library)
        report, took = add(folder, pages)
        spent += took
        if (len(report["skipped"]), len(report["added"])) != (there, count - there) or report["failed"]:
            wrong.append(f"the last run: {len(report['skipped'])} unchanged, {len(report['added'])} added")
        again, short = add(folder, pages)
        if len(again["skipped"]) != count:
            wrong.append(f"once more: {len(again['skipped'])} unchanged")
        with Library.open(folder, create=False) as library:
            wrong += library.check()
            if len(library) != count or {article.source for article in library.articles()} != set(
                map(str, pages.iterdir())
            ):
                wrong.append(f"{len(library)} articles of {count} pages")
    seen = f"{spent:.0f} s in all; {there} were there before the last run; all once more: {short:.1f} s"
    return 1 if row(f"add of {count} pages, stopped and killed {stops} times", count, seen, wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
