"""Files read ahead in processes: the same articles in the same order, and no process left behind."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa import Library, Progress, SourceError
from qa import ingest as ingest_module
from qa.gather import Item, items, read
from qa.readahead import _WORTH_IT, ReadAhead
from qa.web import Web

MORE = _WORTH_IT + 12


def _page(number: int) -> str:
    words = " ".join(f"Ship {number} laid {kilometres} kilometres of cable." for kilometres in range(4, 14))
    return f"<html><head><title>Cable ship {number}</title></head><body><article><p>{words}</p></article></body></html>"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    for number in range(MORE):
        (folder / f"p{number:03}.html").write_text(_page(number))
    (folder / "p005.html").write_bytes(b"")
    (folder / "p007.html").write_text("<html><body><nav><a href='/x'>Home</a></nav></body></html>")
    (folder / "p009.html").write_text(_page(8))  # the same text twice
    (folder / "p011.txt").write_text("https://a.example/one\nhttps://a.example/two\n")  # a list of addresses
    return folder


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    before = _children()
    yield
    until = time.monotonic() + 5
    while _children() - before and time.monotonic() < until:
        time.sleep(0.05)
    assert _children() <= before


def _children() -> set[int]:
    """Processes that read files and were started by this one."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                command = (folder / "cmdline").read_bytes()
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if b"qa.readahead" in command and parent == os.getpid():
                found.add(int(folder.name))
    return found


def _reports(folder: Path, pages: Path, workers: int, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    steps: list[Progress] = []
    monkeypatch.setattr(ingest_module, "ReadAhead", lambda: ReadAhead(workers))
    with Library.open(folder) as library:
        report = library.add(pages, on_progress=lambda step: steps.append(step) and None)
        assert bool(report.failed)
        return report, steps, list(library.articles()), [library.passages(a.id) for a in library.articles()]


def test_a_folder_gives_the_same_library_as_without(
    pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = _reports(tmp_path / "alone", pages, 0, monkeypatch)
    seen: list[int] = []
    look = ReadAhead.look
    monkeypatch.setattr(
        ReadAhead,
        "look",
        lambda self, waiting, **known: (look(self, waiting, **known), seen.append(len(_children())))[0],
    )
    assert _reports(tmp_path / "ahead", pages, 2, monkeypatch) == alone
    assert max(seen) == 2, "two processes read"
    failed = [Path(failure.source).name for failure in alone[0].failed]  # type: ignore[attr-defined]
    assert failed == ["p005.html", "p007.html", "p011.txt"]
    assert len(alone[2]) == MORE - 3  # type: ignore[arg-type]


def test_what_is_read_ahead_is_what_reading_gives(pages: Path) -> None:
    waiting = items(pages)
    with ReadAhead(2) as ahead, Web() as web:
        ahead.look(waiting)
        assert ahead.take(waiting[-1]) is None, "not begun yet"
        for item in waiting[:12]:
            error: SourceError | None = None
            expected: object = None
            try:
                expected = read(item, web, known=lambda _: None)
            except SourceError as caught:
                error = caught
            if error is None:  # a list of addresses is for the run itself
                assert ahead.take(item) == (None if item.name.endswith(".txt") else expected)
                continue
            with pytest.raises(type(error), match=re.escape(str(error))):
                ahead.take(item)
        assert ahead.take(waiting[0]) is None, "given once"


def test_few_files_and_addresses_start_no_process(pages: Path) -> None:
    few = items(pages)[: _WORTH_IT - 1]
    addresses = [Item(f"https://a.example/{number}") for number in range(MORE)]
    for waiting in (few, addresses):
        with ReadAhead(2) as ahead:
            ahead.look(waiting)
            assert ahead.take(waiting[0]) is None
            assert _children() == set()


def test_a_process_that_dies_costs_the_file_it_was_reading(
    pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "ReadAhead", lambda: ReadAhead(1))
    killed: list[int] = []

    def kill(step: Progress) -> None:
        if not killed:
            killed.extend(_children())
            for process in killed:
                os.kill(process, signal.SIGKILL)

    with Library.open(tmp_path / "library") as library:
        report = library.add(pages, on_progress=kill)
        assert len(killed) == 1
        ended = [failure for failure in report.failed if "the process that read it ended (signal 9)" in failure.reason]
        assert len(ended) == 1
        assert len(library) == MORE - 4
        assert library.add(pages).added == tuple(a.id for a in library.articles())[-1:], "the one that was missing"


def test_stopping_ends_the_processes(pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_module, "ReadAhead", lambda: ReadAhead(2))
    with Library.open(tmp_path / "library") as library:
        report = library.add(pages, on_progress=lambda step: step.done < 3)
        assert report.stopped
        assert len(library) == 3


def test_an_error_ends_the_processes(pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_module, "ReadAhead", lambda: ReadAhead(2))

    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with Library.open(tmp_path / "library") as library, pytest.raises(KeyboardInterrupt):
        library.add(pages, on_progress=interrupt)
