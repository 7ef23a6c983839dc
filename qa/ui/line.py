"""The line in which questions wait: so many are answered at once, so many wait, and the next one is told to come back.

What is answered runs in threads of its own, a step at a time: clicks and lists never wait for it, and who goes away, by
Stop or by closing the page, takes their question with them, from the line at once and from a thread after the step that
is under way. No Gradio here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from qa.errors import ArticleQAError

log = logging.getLogger(__name__)

T = TypeVar("T")

AT_ONCE = 8  # more would only make each of them slower: encoding uses every core anyway
WAITING = 100  # further ones, which at four answers a second wait for half a minute
PATIENCE = 60.0  # seconds in line
LONGEST = 120.0  # seconds for an answer, once its turn has come
_END = object()


class Busy(ArticleQAError):
    """Too many questions are waiting, or this one has waited, or been worked at, for too long."""


class Line:
    """For one event loop. `at_once`, `waiting`: how many questions; `patience`, `longest`: seconds."""

    def __init__(
        self, *, at_once: int = AT_ONCE, waiting: int = WAITING, patience: float = PATIENCE, longest: float = LONGEST
    ) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="answering")
        self._most, self._patience, self._longest = waiting, patience, longest
        self.waiting = 0
        self.answering = 0

    @property
    def is_free(self) -> bool:
        """Whether the next question would have its turn at once."""
        return not self._turns.locked()

    def end(self) -> None:
        """Begin no more steps, and wait for those under way."""
        self._threads.shutdown(cancel_futures=True)

    async def steps(
        self, work: Iterator[T], *, goes_on: Callable[[T], bool] = lambda _: True
    ) -> AsyncGenerator[T, None]:
        """What `work` gives, each of it made in a thread, when its turn has come. Raises Busy, and what `work` raises.

        `goes_on` says of what it gave whether there is work left: an answer that is there is never too late.
        However it ends, `work` is closed; where a step of it is under way, then at the end of that, and the next
        question waits for that too.
        """
        try:
            await self._take_turn()
        except BaseException:
            _close(work)
            raise
        step: asyncio.Future[T | object] | None = None
        until = time.monotonic() + self._longest
        try:
            while True:
                step = asyncio.get_running_loop().run_in_executor(self._threads, next, work, _END)
                made = await asyncio.shield(step)  # a thread cannot be cancelled
                if made is _END:
                    return
                yield made  # type: ignore[misc]
                if time.monotonic() > until and goes_on(made):  # type: ignore[arg-type]
                    raise Busy(f"the answer took longer than {self._longest:.0f} seconds; ask again later")
        finally:
            if step is None or step.done():
                self._end_turn(work)
            else:
                step.add_done_callback(lambda ended: self._end_turn(work, ended))

    async def _take_turn(self) -> None:
        if self._turns.locked() and self.waiting >= self._most:
            raise Busy(f"{self.waiting} questions are waiting already; ask again in a moment")
        self.waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError:
            raise Busy(f"no turn came within {self._patience:.0f} seconds; ask again later") from None
        finally:
            self.waiting -= 1
        self.answering += 1

    def _end_turn(self, work: Iterator[T], ended: asyncio.Future[T | object] | None = None) -> None:
        self.answering -= 1
        self._turns.release()
        _close(work)
        if ended is not None and not ended.cancelled() and (error := ended.exception()) is not None:
            log.debug("a question that nobody waited for any more failed", exc_info=error)


def _close(work: Iterator[T]) -> None:
    if close := getattr(work, "close", None):
        close()
