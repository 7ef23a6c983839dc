"""SIGKILL at random moments of adding, replacing, removing, correcting, reindexing, syncing, compacting, creating.

    python tests/torture/kills.py [--scale 1] [--seed 0]

Three hundred kills at scale 1, and thirty more while a library is made. A child process works on a library and notes,
flushed to disk, what it begins and what has returned. After each kill the library is opened: `Library.check` must find
nothing, every page must be there as it was when its last call returned, or as the call that was killed leaves it; every
fiftieth time `retrieve` must give what it gives in a library made anew of the same pages.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import torch
from pages import PAGES, opened, row, unlike_new, versions, write

from embeddings.encoder import Encoder
from qa.index import Index

logger = logging.getLogger(__name__)

CALLS = ("add", "replace", "remove", "remove", "correct", "correct", "sync", "compaction", "reindex")
_SHORT = {"remove": 0.008, "compaction": 0.02}  # seconds within which a call is killed that takes no longer
_LONGER = 0.05


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
    with notes.open("w") as file, opened(folder, encoder) as library:

        def note(call: str, page: int | None, version: int | None, *, done: bool) -> None:
            file.write(json.dumps({"call": call, "page": page, "version": version, "done": done}) + "\n")
            file.flush()
            os.fsync(file.fileno())

        while True:
            call, page = draw.choice(CALLS), draw.randrange(PAGES)
            version, path = stored.get(page), pages / f"{page}.html"
            if call in ("remove", "correct") and version is None:
                call = "add"
            if call in ("add", "replace"):
                version = draw.randrange(1_000_000) if call == "replace" or version is None else version
                note(call, page, version, done=False)
                write(path, page, version)
                library.add(path)
            elif call in ("remove", "correct"):
                after = version if call == "correct" else None
                article_id = library._store.article_at(str(path))
                assert article_id is not None
                note(call, page, after, done=False)
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
                elif call == "compaction":
                    index: Index = library._store._index  # type: ignore[attr-defined]
                    index.checkpoint(always=True)
                else:
                    library.reindex()
            if page is not None:
                stored[page] = version
            note(call, page, version, done=True)


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


def kill(child: int) -> bool:
    """Whether it was alive."""
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def while_working(kills: int, base: Path, encoder: Encoder, seed: int) -> int:
    """The number of things wrong."""
    draw = random.Random(seed)
    folder, pages, notes = base / "library", base / "pages", base / "notes.jsonl"
    pages.mkdir(parents=True, exist_ok=True)
    expected, killed, wrong = Expected(), Counter[str](), list[str]()
    for number in range(kills):
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
                work(folder, pages, notes, encoder, seed * 1_000_003 + number, stored)
            except Exception:
                logger.exception("the child of kill %d", number)
            os._exit(1)  # it ends by being killed, and in no other way
        if number % 4 == 0:
            time.sleep(draw.uniform(0, 1.2) ** 2)
        else:  # most of the time goes into the longer calls, and the shorter ones count as much
            wanted = draw.choice(CALLS)
            wait_for(wanted, notes)
            time.sleep(draw.uniform(0, _SHORT.get(wanted, _LONGER)))
        if not kill(child):
            wrong.append(f"kill {number}: the child ended by itself")
        call = expected.take([line for line in notes.read_text().splitlines() if line.endswith("}")])
        killed[call or "between two calls"] += 1
        with opened(folder, encoder) as library:
            wrong += [f"kill {number} in {call}: {problem}" for problem in library.check()]
            there = versions(library)
            for page in range(PAGES):
                may_be = expected.may_be.get(page, {None})
                if there.get(page) not in may_be:
                    wrong.append(f"kill {number} in {call}: page {page} is {there.get(page)}, not {may_be}")
                expected.may_be[page] = {there.get(page)}
                put_back(pages / f"{page}.html", page, there.get(page))
            if number % 50 == 49:
                wrong += [f"after kill {number}: {each}" for each in unlike_new(library, base / "fresh", encoder)]
    return row("SIGKILL", kills, killed, wrong)


def while_made(kills: int, base: Path, encoder: Encoder, seed: int) -> int:
    """Kills between the first moment of a library and the end of the first `add`; the number of things wrong."""
    draw = random.Random(seed)
    page, killed, wrong = base / "0.html", Counter[str](), list[str]()
    write(page, 0, 1)
    for number in range(kills):
        folder = base / f"first-{number}"
        child = os.fork()
        if child == 0:
            with opened(folder, encoder) as library:
                library.add(page)
            time.sleep(60)
        until = time.monotonic() + 4.0
        while not folder.exists() and time.monotonic() < until:
            time.sleep(0.0001)
        time.sleep(draw.uniform(0, 0.02 if number % 2 else 1.2))
        if not kill(child):
            wrong.append(f"first creation {number}: the child ended by itself")
        with opened(folder, encoder) as library:
            wrong += [f"first creation {number}: {problem}" for problem in library.check()]
            killed["empty" if not len(library) else "with its page"] += 1
            library.add(page)
            if versions(library) != {0: 1}:
                wrong.append(f"first creation {number}: then it has {versions(library)}")
        shutil.rmtree(folder)
    return row("SIGKILL while a library is made", kills, killed, wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)  # a forked process has none of its parent's threads
    encoder = Encoder(dtype="float32")
    encoder.encode_passages(["warm"])
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        wrong = while_made(max(5, round(30 * options.scale)), Path(folder), encoder, options.seed)
        wrong += while_working(max(10, round(300 * options.scale)), Path(folder), encoder, options.seed)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
