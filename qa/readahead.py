"""Files read in processes of their own, ahead of the run that takes them in, while that one encodes.

Reading a page is work for one core, and Python's threads share one; so that reading hides behind encoding where there
are more. Each process reads one file at a time: it gets a line of JSON and answers with one. What it does not answer
with an article or an error (lists of addresses, a file of a kind that it takes for one) is read by the run itself.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from qa import article_json, errors
from qa.errors import SourceError
from qa.gather import Found, Item, read
from qa.types import Validators
from qa.web import Web

logger = logging.getLogger(__name__)

# Processes take a second to start: that is worth it for so many files.
_WORTH_IT = 24
_MOST_WORKERS = 8
_AHEAD = 6  # files a worker, read or waiting to be


class ReadAhead:
    """Reads the next files of a queue. Use it as a context manager: its processes end with it."""

    def __init__(self, workers: int | None = None) -> None:
        cores = os.cpu_count() or 1
        # As many as there are cores, although encoding uses them all: it waits for pages now and then. With one fewer
        # 102 web pages took 20.0 s on two cores, so 17.2.
        self.workers = workers if workers is not None else min(_MOST_WORKERS, cores) * (cores > 1)
        self._pool: ThreadPoolExecutor | None = None  # a thread for each process
        self._idle: list[_Worker] = []
        self._all: list[_Worker] = []
        self._coming: dict[int, tuple[Item, Future[Found | None]]] = {}
        self._over = False

    def look(self, waiting: Sequence[Item], *, known: Callable[[str], Validators | None] = lambda _: None) -> None:
        """Begin to read the files among the first of `waiting`, which will be taken in this order.

        `known` tells of the stored version of a file, which is then not read again (see `gather.read`).
        """
        if self.workers < 1 or (self._pool is None and len(waiting) < _WORTH_IT):
            return
        near = list(islice(waiting, max(_WORTH_IT, self.workers * _AHEAD)))
        if self._pool is None:
            if sum(map(_is_file, near)) < _WORTH_IT:
                return
            self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="read-ahead")
        for item in near[: self.workers * _AHEAD]:
            if _is_file(item) and id(item) not in self._coming:
                self._coming[id(item)] = item, self._pool.submit(self._read, item, known(item.name))

    def take(self, item: Item) -> Found | None:
        """What `item` is, where it was read ahead; None: it is to be read. Raises SourceError as `gather.read` does."""
        coming = self._coming.pop(id(item), None)
        return coming[1].result() if coming else None

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        for worker in self._all:
            worker.end()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            for worker in self._all:  # one may have been started meanwhile
                worker.end()

    # -- in a thread of the pool

    def _read(self, item: Item, known: Validators | None) -> Found | None:
        if self._over:
            return None
        try:
            try:
                worker = self._idle.pop()
            except IndexError:  # asking first would leave another thread time to take the last one
                worker = self._started()
        except OSError as error:
            logger.warning("no process could be started to read ahead: %s", error)
            return None
        version = known.etag if known else None
        answer = worker.ask({"source": item.source, "opens": item.opens, "depth": item.depth, "known": version})
        if answer is None:
            worker.end()
            if self._over:
                return None
            raise SourceError(f"{item.name} could not be read: the process that read it ended ({worker.outcome})")
        self._idle.append(worker)
        if "error" in answer:
            raise getattr(errors, answer["error"])(answer["message"])
        return _found(answer) if answer else None

    def _started(self) -> _Worker:
        worker = _Worker()
        self._all.append(worker)
        return worker


class _Worker:
    """A process that reads files."""

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parents[1])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "qa.readahead"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"},
            start_new_session=True,  # Ctrl-C is for the run, which ends its processes
        )

    def ask(self, question: dict[str, Any]) -> dict[str, Any] | None:
        """The answer; None where the process has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            return dict(json.loads(self._process.stdout.readline()))
        except (OSError, ValueError):
            return None

    @property
    def outcome(self) -> str:
        code = self._process.poll()
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # with the process that it may have started for a PDF
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _is_file(item: Item) -> bool:
    return isinstance(item.source, str) and "://" not in item.source


def _found(answer: dict[str, Any]) -> Found:
    location, validators, facts = answer["location"], Validators(answer["version"]), answer["article"]
    return Found(location, article_json.from_json(facts) if facts else None, validators=validators)


# -- in the process


def _answer(question: dict[str, Any], web: Web) -> dict[str, Any]:
    known = Validators(question.pop("known"))
    try:
        found = read(Item(**question), web, known=lambda _: known)
    except SourceError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except Exception:  # the run reads it itself, and tells of it
        logger.exception("reading %s failed", question["source"])
        return {}
    article, told = found.article, {"location": found.location, "version": found.validators.etag}
    if found.listing is not None:
        return {}
    return {**told, "article": article_json.to_json(article) if article else None}


def main() -> None:
    """Answers each line of the standard input."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    with Web() as web:
        for line in sys.stdin:
            answers.write(json.dumps(_answer(json.loads(line), web)) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
