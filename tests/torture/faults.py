"""Damaged files, full and read-only drives, and a clock that goes back.

    python tests/torture/faults.py [--scale 1] [--seed 0]

Full and read-only drives are small tmpfs mounts, which need root; without it these rows say so. Every library is a copy
of one with the example articles. What is wrong: damage that neither an error nor `check` tells, an error that names no
remedy, an article that was there and is not, half a change, answers that differ where nothing was said.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from pages import ROOT, found_by, opened, row, unlike_new, versions, write

from embeddings.encoder import Encoder
from qa import Article, Library, LibraryError

REMEDY = "article-qa restore"
KIBIBYTE = 1024


class Faults:
    """The library that is copied, and what it holds and answers."""

    def __init__(self, base: Path, encoder: Encoder, draw: random.Random) -> None:
        self.base, self.encoder, self.draw = base, encoder, draw
        self.whole = base / "whole"
        with opened(self.whole, encoder) as library:
            library.add(ROOT / "examples" / "articles")
            self.state, self.found = state(library), found_by(library)

    @contextlib.contextmanager
    def copied(self) -> Iterator[Path]:
        folder = self.base / "copy"
        shutil.copytree(self.whole, folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def files(self) -> list[Path]:
        """Of the index, below the library's folder."""
        return [path.relative_to(self.whole) for path in sorted((self.whole / "index").rglob("*")) if path.is_file()]

    # -- damage

    def damaged(self, what: str, tries: int, damage: Callable[[Path], str]) -> int:
        """The library's own file."""
        seen, wrong = Counter[str](), list[str]()
        for number in range(tries):
            with self.copied() as folder:
                told = f"{what} {number}, {damage(folder / 'library.sqlite')}"
                outcome = self._of_damage(folder, told, wrong)
                seen[outcome] += 1
        return row(f"library file: {what}", tries, seen, wrong)

    def _of_damage(self, folder: Path, told: str, wrong: list[str]) -> str:
        try:
            with opened(folder, self.encoder) as library:
                try:
                    problems = library.check()
                except LibraryError as error:
                    return self._refused("check refuses", error, told, wrong)
                if problems:
                    return "check tells"
                if state(library) != self.state or found_by(library) != self.found:
                    wrong.append(f"{told}: nothing tells of it")
                return "where nothing is stored"
        except LibraryError as error:
            return self._refused("opening refuses", error, told, wrong)

    def _refused(self, outcome: str, error: LibraryError, told: str, wrong: list[str]) -> str:
        if REMEDY not in str(error):
            wrong.append(f"{told}: {error}")
        return outcome

    def derived(self, what: str, tries: int, damage: Callable[[Path], str]) -> int:
        """A file of the index: it is made anew, with a message."""
        seen, wrong, said = Counter[str](), list[str](), _Said()
        logging.getLogger("qa.index").addHandler(said)
        for number in range(tries):
            with self.copied() as folder:
                file = self.draw.choice(self.files())
                told = f"{what} {number} of {file.name}, {damage(folder / file)}"
                said.messages.clear()
                with opened(folder, self.encoder) as library:
                    if found_by(library) != self.found:
                        wrong.append(f"{told}: the answers differ")
                    if not any("made anew from the library's database" in message for message in said.messages):
                        wrong.append(f"{told}: no message")
                    library.add(Article("another", "Another", "Text. " * 40))  # a call that writes files where it must
                    library.remove("another")
                    library._store.checkpoint()
                with opened(folder, self.encoder) as library:
                    if problems := library.check():
                        wrong.append(f"{told}: {problems}")
                    if found_by(library) != self.found:
                        wrong.append(f"{told}: the answers differ afterwards")
                seen["made anew"] += 1
        logging.getLogger("qa.index").removeHandler(said)
        return row(f"index file: {what}", tries, seen, wrong)

    def flip(self, path: Path) -> str:
        """One bit."""
        at, bit = self.draw.randrange(path.stat().st_size), self.draw.randrange(8)
        with path.open("r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << bit]))
        return f"bit {bit} of byte {at}"

    def blank(self, path: Path) -> str:
        """A page of zeros, as a disk gives that lost one."""
        at = self.draw.randrange(max(1, path.stat().st_size // 4096)) * 4096
        with path.open("r+b") as file:
            file.seek(at)
            file.write(bytes(min(4096, path.stat().st_size - at)))
        return f"zeros from {at}"

    def cut(self, path: Path) -> str:
        length = self.draw.randrange(path.stat().st_size)
        os.truncate(path, length)
        return f"cut to {length}"

    # -- drives

    def full(self, tries: int) -> int:
        """Calls on drives with little room, each with a little more than the last."""
        if not _mounts():
            return row("full disk", 0, "not tried: no right to mount a tmpfs", [])
        seen, wrong = Counter[str](), list[str]()
        mount, pages = self.base / "drive", self.base / "pages"
        mount.mkdir()
        pages.mkdir()
        for page in range(12):
            write(pages / f"{page}.html", page, 1)
        size = sum(path.stat().st_size for path in self.whole.rglob("*") if path.is_file())
        for number in range(tries):
            room = self.draw.randrange(0, 2 * size) if number % 4 else self.draw.randrange(0, 200 * KIBIBYTE)
            with _drive(mount, (size + room) // KIBIBYTE + 64):
                shutil.copytree(self.whole, mount / "library")
                call = ("add", "reindex", "remove", "correct", "made anew")[number % 5]
                outcome = self._on_full(call, mount, pages, f"{call} with {room} bytes of room", wrong)
                seen[f"{call}: {outcome}"] += 1
        return row("full disk", tries, seen, wrong)

    def _on_full(self, call: str, mount: Path, pages: Path, told: str, wrong: list[str]) -> str:
        folder = mount / ("new" if call == "made anew" else "library")
        outcome = "done"
        try:
            with opened(folder, self.encoder) as library:
                before = set(state(library))
                if call in ("add", "made anew"):
                    library.add(pages)
                elif call == "reindex":
                    library.reindex()
                elif call == "remove":
                    for article in list(library.articles())[:9]:
                        library.remove(article.id)
                else:
                    for article in list(library.articles())[:9]:
                        library.correct(article.id, {"site": "Another site"})
        except LibraryError as error:
            outcome = "no room, said so"
            if "no room is left on the disk" not in str(error) or str(folder) not in str(error):
                wrong.append(f"{told}: {error}")
        except OSError as error:
            wrong.append(f"{told}: {type(error).__name__}: {error}")
        subprocess.run(["mount", "-o", "remount,size=64m", str(mount)], check=True)  # room is made
        with opened(folder, self.encoder) as library:
            if problems := library.check():
                wrong.append(f"{told}: {problems}")
            if call == "add" and not before <= set(state(library)):
                wrong.append(f"{told}: what was there is not")
            report = library.add(pages)
            if report.failed or dict.fromkeys(range(12), 1).items() - versions(library).items():
                wrong.append(f"{told}: with room again, {report.failed}, {versions(library)}")
            if problems := library.check():
                wrong.append(f"{told}: with room again, {problems}")
        return outcome

    def read_only(self) -> int:
        if not _mounts():
            return row("read-only drive", 0, "not tried: no right to mount a tmpfs", [])
        seen, wrong = Counter[str](), list[str]()
        mount = self.base / "drive"
        mount.mkdir(exist_ok=True)
        with _drive(mount, 64 * KIBIBYTE):
            shutil.copytree(self.whole, mount / "library")
            subprocess.run(["mount", "-o", "remount,ro", str(mount)], check=True)
            with opened(mount / "library", self.encoder) as library:
                if found_by(library) != self.found or library.check():
                    wrong.append("it answers otherwise")
                first = next(library.articles()).id
                for name, change in {
                    "add": lambda: library.add(Article("a", "A", "Some text.")),
                    "remove": lambda: library.remove(first),
                    "correct": lambda: library.correct(first, {"site": "x"}),
                    "reindex": library.reindex,
                }.items():
                    try:
                        change()
                        wrong.append(f"{name} on a read-only drive")
                    except LibraryError as error:
                        seen["refused, said why"] += 1
                        if "is read-only here, and nothing was changed" not in str(error):
                            wrong.append(f"{name}: {error}")
        return row("read-only drive: asked, and four calls that write", 5, seen, wrong)

    # -- time

    def clock(self, tries: int) -> int:
        """Years back and forth between calls, and files from the future."""
        wrong: list[str] = []
        pages, folder = self.base / "clock-pages", self.base / "clock"
        pages.mkdir()
        real, shift = time.time, 0.0
        time.time = lambda: real() + shift
        stored: dict[int, int] = {}
        try:
            for number in range(tries):
                shift = self.draw.uniform(-30, 30) * 365 * 86_400
                page = self.draw.randrange(12)
                stored[page] = number + 1
                write(pages / f"{page}.html", page, number + 1)
                os.utime(pages / f"{page}.html", (time.time(), time.time()))
                with opened(folder, self.encoder) as library:
                    library.add(pages) if number % 2 else library.sync()
                    library.add(pages)
                    if versions(library) != stored:
                        wrong.append(f"step {number}: {versions(library)}, not {stored}")
                    library._store._index.checkpoint(always=True)  # type: ignore[attr-defined]
                    wrong += [f"step {number}: {problem}" for problem in library.check()]
            with opened(folder, self.encoder) as library:
                wrong += unlike_new(library, self.base / "fresh", self.encoder)
        finally:
            time.time = real
        return row("clock set back and forth by up to 30 years", tries, "all as read", wrong)


def state(library: Library) -> dict[str, str]:
    """Of each article all that is stored, as a digest, by id."""
    found = {}
    for article in library.articles():
        kept = library._store.as_removed(article.id)
        passages = library._store.stored_passages(library._store.passage_ids_of(article.id))
        vectors = [(one.vectors.vector.tobytes(), one.vectors.tokens, one.terms) for one in passages.values()]
        whole = repr(
            (
                kept.article,
                kept.fingerprint,
                kept.corrected,
                sorted(kept.locations),
                vectors,
                library.passages(article.id),
            )
        )
        found[article.id] = hashlib.sha256(whole.encode()).hexdigest()
    return found


class _Said(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def _mounts() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None


@contextlib.contextmanager
def _drive(mount: Path, kibibytes: int) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(mount)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    def times(number: int) -> int:
        return max(3, round(number * options.scale))

    logging.getLogger("qa.index").propagate = False
    encoder = Encoder(dtype="float32")
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        faults = Faults(Path(folder), encoder, random.Random(options.seed))
        for what, damage in (("a bit flipped", faults.flip), ("a page blank", faults.blank), ("cut short", faults.cut)):
            wrong += faults.damaged(what, times(200), damage)
            wrong += faults.derived(what, times(40), damage)
        wrong += faults.full(times(60))
        wrong += faults.read_only()
        wrong += faults.clock(times(30))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
