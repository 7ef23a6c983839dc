"""SIGKILL at random moments of adding, replacing, removing, correcting, reindexing, syncing and making index files.

    python tests/torture/kills.py [--kills 300] [--seed 0] [--folder FOLDER]

A child process works on a library and notes, flushed to disk, what it begins and what has returned. After each kill the
library is opened: `Library.check` must find nothing, every page must be there as it was when its last call returned, or
as the call that was killed leaves it; in the end `retrieve` must give what it gives in a library made anew of the same
pages. Every fiftieth kill begins with no library at all. Prints a table; ends with 1 where something was lost.
"""

from __future__ import annotations

import argparse
import functools
import json
import logging
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import torch

from embeddings.encoder import Encoder
from qa import Library
from qa.index import Index

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
PAGES = 12
QUESTIONS = (
    "How long was the Suez Canal blocked by the Ever Given?",
    "When was the Montreal Protocol signed?",
    "Why did the floating turbines go back to Norway?",
    "Who was Nikolai Vavilov?",
)
_LONG_PARAGRAPH = re.compile(rb"(<p[^>]*>[^<]{200,})</p>")
CALLS = ("add", "add", "replace", "replace", "remove", "correct", "sync", "files", "reindex")


@dataclass(slots=True)
class Expected:
    """What each page's article may be: its version, or None where there is none."""

    may_be: dict[int, set[int | None]] = field(default_factory=dict)

    def take(self, lines: list[str]) -> str:
        """Follow the notes of a child; the call that it was killed in, "" where it was between two."""
        running = ""
        for line in lines:
            note = json.loads(line)
            if note["page"] is not None:
                before = self.may_be.get(note["page"], {None})
                self.may_be[note["page"]] = {note["version"]} if note["done"] else before | {note["version"]}
            running = "" if note["done"] else note["call"]
        return running


def work(folder: Path, pages: Path, notes: Path, encoder: Encoder, seed: int, stored: dict[int, int | None]) -> None:
    """The child: calls without end."""
    draw = random.Random(seed)
    with notes.open("w") as file, Library.open(folder, dtype="float32") as library:
        library._loaded = encoder

        def note(call: str, page: int | None, version: int | None, *, done: bool) -> None:
            file.write(json.dumps({"call": call, "page": page, "version": version, "done": done}) + "\n")
            file.flush()
            os.fsync(file.fileno())

        while True:
            call, page = draw.choice(CALLS), draw.randrange(PAGES)
            version, path = stored.get(page), pages / f"{page}.html"
            if call in ("add", "replace"):
                version = draw.randrange(1_000_000) if call == "replace" or version is None else version
                note(call, page, version, done=False)
                write(path, page, version)
                library.add(path)
            elif call in ("remove", "correct"):
                if version is None:
                    continue
                after = version if call == "correct" else None
                note(call, page, after, done=False)
                article_id = library._store.article_at(str(path))
                assert article_id is not None
                if call == "remove":
                    library.remove(article_id)
                else:
                    library.correct(article_id, {"site": f"Site {draw.randrange(9)}"})
                version = after
            else:
                page, version = None, None
                note(call, page, version, done=False)
                if call == "sync":
                    library.sync()
                elif call == "files":
                    index: Index = library._store._index  # type: ignore[attr-defined]
                    index.checkpoint(always=True)
                else:
                    library.reindex()
            if page is not None:
                stored[page] = version
            note(call, page, version, done=True)


def write(path: Path, page: int, version: int) -> None:
    """The page in this version, whole or not at all."""
    said = f" This is version {version} of page {page}.</p>".encode()
    part = path.with_suffix(".part")
    part.write_bytes(_LONG_PARAGRAPH.sub(lambda match: match[1] + said, sources()[page], count=1))
    part.replace(path)


@functools.cache
def sources() -> list[bytes]:
    """Example pages that have a paragraph to write in."""
    pages = (path.read_bytes() for path in sorted((ROOT / "examples" / "articles").glob("*.html")))
    return [page for page in pages if _LONG_PARAGRAPH.search(page)][:PAGES]


def put_back(path: Path, page: int, version: int | None) -> None:
    """The file as it was read, so that `sync` finds nothing that the killed call had written but not read."""
    path.unlink(missing_ok=True)
    if version is not None:
        write(path, page, version)


def wait_for(call: str, notes: Path) -> None:
    """Until the child has begun it, or for some seconds."""
    until = time.monotonic() + 4.0
    begun = f'{{"call": "{call}"'
    while time.monotonic() < until and not notes.read_text().rpartition(begun)[1]:
        time.sleep(0.0005)


def versions(library: Library) -> dict[int, int | None]:
    """What is stored of each page."""
    found: dict[int, int | None] = {}
    for location, article_id in library._store.locations():
        page = int(Path(location).stem)
        _, _, rest = library.article(article_id).text.partition("This is version ")
        number, _, rest = rest.partition(" of page ")
        found[page] = int(number) if rest.startswith(f"{page}.") else -1
    return found


def found_by(library: Library) -> list[list[tuple[str, int, float]]]:
    return [
        sorted((hit.article.title, hit.passage.start, round(hit.score, 3)) for hit in library.retrieve(question, k=5))
        for question in QUESTIONS
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to work (default: a new temporary folder)")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    base = Path(options.folder or tempfile.mkdtemp(prefix="kills-"))
    folder, pages, notes = base / "library", base / "pages", base / "notes.jsonl"
    pages.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # a forked process has none of its parent's threads
    encoder = Encoder(dtype="float32")
    encoder.encode_passages(["warm"])
    expected, killed, wrong = Expected(), Counter[str](), list[str]()
    began = time.monotonic()
    for number in range(options.kills):
        if number % 50 == 0:
            shutil.rmtree(folder, ignore_errors=True)
            for path in pages.iterdir():
                path.unlink()
            expected = Expected()
        notes.write_text("")
        stored = {page: next(iter(may_be)) for page, may_be in expected.may_be.items()}
        child = os.fork()
        if child == 0:
            try:
                work(folder, pages, notes, encoder, options.seed * 1_000_003 + number, stored)
            except Exception:
                logger.exception("the child of kill %d", number)
            os._exit(1)  # it ends by being killed, and in no other way
        if number % 2:
            time.sleep(draw.uniform(0, 1.5) ** 2)
        else:  # most of the time goes into the longer calls, and the shorter ones count as much
            wait_for(draw.choice(CALLS), notes)
            time.sleep(draw.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
            wrong.append(f"kill {number}: the child ended by itself")
        call = expected.take([line for line in notes.read_text().splitlines() if line.endswith("}")])
        killed[call or "between two calls"] += 1
        with Library.open(folder, dtype="float32") as library:
            library._loaded = encoder
            wrong += [f"kill {number} in {call}: {problem}" for problem in library.check()]
            there = versions(library)
            for page in range(PAGES):
                may_be = expected.may_be.get(page, {None})
                if there.get(page) not in may_be:
                    wrong.append(f"kill {number} in {call}: page {page} is {there.get(page)}, not {may_be}")
                expected.may_be[page] = {there.get(page)}
                put_back(pages / f"{page}.html", page, there.get(page))
            if number % 50 == 49:
                wrong += compared(library, pages, there, base / "fresh", encoder, number)
    seconds = time.monotonic() - began
    for call, count in killed.most_common():
        print(f"{call:20}{count:6} kills")
    print(f"{options.kills} kills in {seconds:.0f} s, {len(wrong)} things wrong")
    print("\n".join(wrong[:40]))
    if not options.folder:
        shutil.rmtree(base, ignore_errors=True)
    return 1 if wrong else 0


def compared(
    library: Library, pages: Path, there: dict[int, int | None], folder: Path, encoder: Encoder, number: int
) -> list[str]:
    """The library beside one made anew of what it holds."""
    shutil.rmtree(folder, ignore_errors=True)
    with Library.open(folder, dtype="float32") as fresh:
        fresh._loaded = encoder
        fresh.add([library.article(article_id) for _, article_id in library._store.locations()])
        pairs = zip(QUESTIONS, found_by(library), found_by(fresh), strict=True)
        return [
            f"after kill {number}: {question} finds {found}, in a new library {new}"
            for question, found, new in pairs
            if found != new
        ]


if __name__ == "__main__":
    sys.exit(main())
