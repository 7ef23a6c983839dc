"""Two processes that write, one that compacts and reindexes, and two that ask, on one library at once.

    python tests/torture/together.py [--scale 1] [--seed 0]

Two minutes at scale 1. Each writer adds, changes, removes and corrects six pages of its own. Every answer and every hit
must be of one state: the passage stands in the article that comes with it, its version is one that was begun and is no
older than the last that had returned when the question was asked. In the end `check` must find nothing, every page must
be there in its last version, and the answers must be those of a new library.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.sharedctypes import Synchronized, SynchronizedArray
from pathlib import Path
from typing import Any

import torch
from pages import PAGES, QUESTIONS, opened, row, unlike_new, versions, write

from embeddings.encoder import Encoder
from qa import LibraryError
from qa.index import Index

logger = logging.getLogger(__name__)

_VERSION = re.compile(r"This is version (\d+) of page (\d+)\.")


class Shared:
    """What the processes tell one another. Of each page the version begun last, and the one that is there: 0, none."""

    def __init__(self) -> None:
        self.begun: SynchronizedArray[int] = multiprocessing.Array("i", PAGES)
        self.done: SynchronizedArray[int] = multiprocessing.Array("i", PAGES)
        self.over: Synchronized[int] = multiprocessing.Value("i", 0)


def writing(folder: Path, pages: Path, encoder: Encoder, shared: Shared, own: range, seed: int) -> Counter[str]:
    draw, calls, number = random.Random(seed), Counter[str](), 1
    with opened(folder, encoder) as library:
        while not shared.over.value:
            page = draw.choice(own)
            path = pages / f"{page}.html"
            there = library._store.article_at(str(path))
            call = draw.choice(("write", "write", "remove", "correct")) if there else "write"
            if call == "write":
                number += 1
                shared.begun[page] = number
                write(path, page, number)
                library.add(path)
                shared.done[page] = number
            elif call == "remove":
                assert there is not None
                shared.done[page] = 0
                library.remove(there)
            else:
                assert there is not None
                library.correct(there, {"site": f"Site {draw.randrange(9)}"})
            calls[call] += 1
    return calls


def compacting(folder: Path, encoder: Encoder, shared: Shared, seed: int) -> Counter[str]:
    draw, calls = random.Random(seed), Counter[str]()
    with opened(folder, encoder) as library:
        index: Index = library._store._index  # type: ignore[attr-defined]
        while not shared.over.value:
            call = draw.choice(("compaction", "compaction", "compaction", "reindex", "backup"))
            if call == "compaction":
                index.checkpoint(always=True)
            elif call == "reindex":
                library.reindex()
            else:
                file = folder.parent / f"backup-{sum(calls.values())}.sqlite"
                library.back_up(file)
                file.unlink()
            calls[call] += 1
            time.sleep(0.1)
    return calls


def asking(folder: Path, encoder: Encoder, shared: Shared, seed: int) -> tuple[Counter[str], list[str]]:
    draw, calls, wrong = random.Random(seed), Counter[str](), list[str]()
    with opened(folder, encoder) as library:
        while not shared.over.value:
            question = draw.choice(QUESTIONS)
            oldest = list(shared.done)
            hits = library.retrieve(question, k=8)
            newest = list(shared.begun)
            for hit in hits:
                article, passage = hit.article, hit.passage
                if article.text[passage.start : passage.end] != passage.text:
                    wrong.append(f"{question}: a passage that does not stand in {article.title}")
                if found := _VERSION.search(article.text):
                    version, page = int(found[1]), int(found[2])
                    if not oldest[page] <= version <= newest[page]:
                        wrong.append(f"page {page} in version {version}, not {oldest[page]} to {newest[page]}")
            answer = library.ask(question)
            texts = {hit.article.id: hit.article.text for hit in answer.hits}
            for one in answer.citations:
                if one.article_id in texts and texts[one.article_id][one.start : one.end] != one.quote:
                    wrong.append(f"{question}: {one.quote!r} is not what stands there")
            calls["retrieve"] += 1
            calls["ask"] += 1
    return calls, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    seconds, seed = max(10.0, 120.0 * options.scale), options.seed
    torch.set_num_threads(1)  # a forked process has none of its parent's threads
    encoder = Encoder(dtype="float32")
    encoder.encode_passages(["warm"])
    with tempfile.TemporaryDirectory(prefix="together-") as base:
        folder, pages, shared = Path(base) / "library", Path(base) / "pages", Shared()
        pages.mkdir()
        half = PAGES // 2
        children = {
            "writer 1": lambda: (writing(folder, pages, encoder, shared, range(half), seed + 1), []),
            "writer 2": lambda: (writing(folder, pages, encoder, shared, range(half, PAGES), seed + 2), []),
            "compacter": lambda: (compacting(folder, encoder, shared, seed + 3), []),
            "reader 1": lambda: asking(folder, encoder, shared, seed + 4),
            "reader 2": lambda: asking(folder, encoder, shared, seed + 5),
        }
        for page in range(PAGES):
            write(pages / f"{page}.html", page, 1)
            shared.begun[page] = shared.done[page] = 1
        with opened(folder, encoder) as library:
            library.add(pages)
        results = {name: _forked(work) for name, work in children.items()}
        time.sleep(seconds)
        shared.over.value = 1
        calls, wrong = Counter[str](), list[str]()
        for name, (child, end) in results.items():
            said = os.fdopen(end).read()
            os.waitpid(child, 0)
            outcome: dict[str, Any] = json.loads(said or '{"calls": {}, "wrong": ["it ended without a word"]}')
            calls.update(outcome["calls"])
            wrong += [f"{name}: {each}" for each in outcome["wrong"]]
        with opened(folder, encoder) as library:
            wrong += library.check()
            expected = {page: version for page, version in enumerate(shared.done) if version}
            if versions(library) != expected:
                wrong.append(f"in the end there is {versions(library)}, not {expected}")
            wrong += unlike_new(library, Path(base) / "fresh", encoder)
    total = sum(calls.values())
    return 1 if row(f"two writers, a compacter, two readers, {seconds:.0f} s", total, calls, wrong) else 0


def _forked(work: Any) -> tuple[int, int]:
    """The process that does it, and where it will tell its outcome."""
    reading, telling = os.pipe()
    child = os.fork()
    if child:
        os.close(telling)
        return child, reading
    try:
        calls, wrong = work()
    except LibraryError as error:
        calls, wrong = {}, [f"{type(error).__name__}: {error}"]
    except Exception as error:
        logger.exception("a process failed")
        calls, wrong = {}, [f"{type(error).__name__}: {error}"]
    with os.fdopen(telling, "w") as file:
        json.dump({"calls": calls, "wrong": wrong[:50]}, file)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
