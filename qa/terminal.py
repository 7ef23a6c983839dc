"""The terminal: a progress bar, Ctrl-C, questions to who sits there, and text that must not steer it."""

from __future__ import annotations

import contextlib
import getpass
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TextIO

from qa.blocks import one_line, printable
from qa.errors import InvalidInput
from qa.types import Progress


def confirmed(question: str) -> bool:
    """Whether who sits at the terminal says yes to what `remove` asks. Raises InvalidInput where nobody sits there."""
    if not sys.stdin.isatty():
        raise InvalidInput("remove asks first, and stdin is no terminal; give --yes to remove without asking")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def new_password() -> str:
    """Typed twice on a terminal, else a line of stdin: never an option, which every process of the machine sees."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("New password: ")
    if getpass.getpass("The same again: ") != password:
        raise InvalidInput("the two passwords differ; nothing was changed")
    return password


@contextlib.contextmanager
def progress_bar(what: str, *, quiet: bool) -> Iterator[Callable[[Progress], bool]]:
    """A progress bar on stderr; Ctrl-C asks the call to stop after what it has committed, twice stops it at once."""
    from tqdm import tqdm

    stopping = threading.Event()

    def interrupt(*_: object) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

    in_main_thread = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, interrupt) if in_main_thread else None
    try:
        with tqdm(desc=what, disable=quiet or not sys.stderr.isatty(), leave=False, dynamic_ncols=True) as bar:

            def show(progress: Progress) -> bool:
                bar.total = progress.total
                bar.set_postfix_str(one_line(progress.current)[-40:], refresh=False)
                bar.update(progress.done - bar.n)
                return not stopping.is_set()

            yield show
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, before)


def or_interrupt(on_progress: Callable[[Progress], bool]) -> Callable[[Progress], None]:
    """For a call of which a half is worth nothing: Ctrl-C ends the command."""

    def show(progress: Progress) -> None:
        if not on_progress(progress):
            raise KeyboardInterrupt

    return show


def prepare_streams(*, as_json: bool) -> None:
    """Have stdout and stderr write any character, `as_json` in UTF-8, whatever the terminal's encoding is."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            # A terminal that cannot show a character gets an escape, not a traceback; JSON is UTF-8 everywhere.
            reconfigure(errors="backslashreplace", **({"encoding": "utf-8"} if as_json else {}))


def for_terminal(text: str) -> str:
    """`text` without what would steer a terminal: it comes from web pages."""
    return printable(text.replace("\r", "\n"))


def silence(stream: TextIO) -> None:
    """Lets the interpreter flush `stream` at exit without a complaint that its reader is gone."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
