"""Questions that wait for their turn: how many, how long, and what becomes of those whose askers go away."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import loops
import pytest

from qa.ui.line import Busy, Line


class Work:
    """Steps that wait in their threads until they are let go."""

    def __init__(self, steps: int = 2) -> None:
        self.steps, self.done, self.closed = steps, 0, False
        self.begun, self.go = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        if self.done == self.steps:
            raise StopIteration
        self.begun.set()
        assert self.go.wait(10)
        self.done += 1
        return self.done

    def close(self) -> None:
        self.closed = True


async def answered(line: Line, work: Any) -> list[int]:
    return [step async for step in line.steps(work)]


async def begun(*works: Work) -> None:
    for work in works:
        while not work.begun.is_set():
            await asyncio.sleep(0.001)


def test_so_many_are_answered_at_once_and_the_others_in_their_order() -> None:
    async def run() -> None:
        line = Line(at_once=2, waiting=5)
        works = [Work() for _ in range(4)]
        tasks = [asyncio.create_task(answered(line, work)) for work in works]
        await begun(*works[:2])
        assert (line.answering, line.waiting, line.is_free) == (2, 2, False)
        assert not works[2].begun.is_set()
        works[1].go.set()
        assert await tasks[1] == [1, 2]
        await begun(works[2])
        assert not works[3].begun.is_set()
        for work in works:
            work.go.set()
        assert await asyncio.gather(*tasks) == [[1, 2]] * 4
        assert (line.answering, line.waiting, line.is_free) == (0, 0, True)
        assert all(work.closed for work in works)

    loops.run(run())


def test_one_more_than_may_wait_is_told_so_at_once() -> None:
    async def run() -> None:
        line = Line(at_once=1, waiting=1)
        works = [Work() for _ in range(3)]
        tasks = [asyncio.create_task(answered(line, work)) for work in works[:2]]
        await begun(works[0])
        with pytest.raises(Busy, match="1 questions are waiting already; ask again in a moment"):
            await answered(line, works[2])
        assert works[2].closed
        for work in works:
            work.go.set()
        assert await asyncio.gather(*tasks) == [[1, 2]] * 2

    loops.run(run())


def test_who_waits_too_long_is_told_so_and_holds_up_nobody() -> None:
    async def run() -> None:
        line = Line(at_once=1, waiting=5, patience=0.05)
        first, late, last = Work(), Work(), Work()
        task = asyncio.create_task(answered(line, first))
        await begun(first)
        with pytest.raises(Busy, match="no turn came within 0 seconds"):
            await answered(line, late)
        first.go.set()
        last.go.set()
        assert await task == await answered(line, last) == [1, 2]
        assert late.closed
        assert late.done == 0

    loops.run(run())


def test_an_answer_that_takes_too_long_ends_with_its_step() -> None:
    async def run() -> None:
        line, work = Line(longest=0.0), Work(5)
        work.go.set()
        with pytest.raises(Busy, match="the answer took longer than 0 seconds"):
            await answered(line, work)
        assert (work.done, work.closed, line.answering) == (1, True, 0)

    loops.run(run())


def test_an_answer_that_is_there_is_never_too_late() -> None:
    async def run() -> None:
        line, work = Line(longest=0.0), Work(1)
        work.go.set()
        assert [step async for step in line.steps(work, goes_on=lambda _: False)] == [1]

    loops.run(run())


@pytest.mark.parametrize("waiting", [False, True])
def test_who_goes_away_takes_their_question_with_them(waiting: bool) -> None:
    async def run() -> None:
        line = Line(at_once=1, waiting=5)
        first, other = Work(), Work()
        tasks = [asyncio.create_task(answered(line, work)) for work in (first, other)]
        await begun(first)
        gone, stays = (1, 0) if waiting else (0, 1)
        tasks[gone].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[gone]
        if not waiting:
            assert (line.answering, line.waiting, first.closed) == (1, 1, False), "its step is under way still"
        first.go.set()
        other.go.set()
        assert await tasks[stays] == [1, 2]
        assert (other if waiting else first).done == (0 if waiting else 1), "no step after the one that was under way"
        assert (first.closed, other.closed, line.answering, line.waiting) == (True, True, 0, 0)

    loops.run(run())


def test_a_generator_is_closed_when_its_step_has_ended() -> None:
    work, closed = Work(1), threading.Event()

    def steps() -> Iterator[int]:
        try:
            yield next(work)
            yield next(work)
        finally:
            closed.set()

    async def run() -> None:
        line = Line()
        task = asyncio.create_task(answered(line, steps()))
        await begun(work)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not closed.is_set()
        work.go.set()
        while not closed.is_set():
            await asyncio.sleep(0.001)
        assert (line.answering, line.is_free) == (0, True)

    loops.run(run())


def test_what_fails_fails_for_its_asker_alone() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    async def run() -> None:
        line = Line(at_once=1)
        with pytest.raises(ZeroDivisionError):
            await answered(line, failing())
        work = Work()
        work.go.set()
        assert await answered(line, work) == [1, 2]

    loops.run(run())


def test_the_loop_is_free_while_a_step_is_made() -> None:
    async def run() -> None:
        line, work = Line(), Work(1)
        task = asyncio.create_task(answered(line, work))
        await begun(work)
        ticks = 0
        until = time.monotonic() + 0.05
        while time.monotonic() < until:
            await asyncio.sleep(0.001)
            ticks += 1
        assert ticks > 5
        work.go.set()
        assert await task == [1]

    loops.run(run())
