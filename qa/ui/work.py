"""Long work on the library, one at a time, in a thread of its own: whoever opens the page sees it, and may stop it.

A page that is closed or loaded anew ends nothing. What was stopped goes on with what was left.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from qa.errors import ArticleQAError
from qa.gather import Source
from qa.types import AddReport, Failure, Progress, SyncReport

log = logging.getLogger(__name__)

Kind = Literal["adding", "looking", "reading_again"]
OnProgress = Callable[[Progress], bool]
_LAST = 6  # finished items that are shown
_PACE_OVER = 30.0  # seconds: the pace is that of the last ones, as pages differ


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done: `run` does it for these sources, and reports progress until it is told to stop."""

    kind: Kind
    run: Callable[[Sequence[Source], OnProgress], AddReport]
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """How far the work is. `pace` is in sources a second, `left` in seconds; None while nobody can tell."""

    kind: Kind
    running: bool
    stopping: bool = False
    done: int = 0
    total: int = 0
    pace: float | None = None
    left: float | None = None
    last: tuple[Progress, ...] = ()  # the newest first
    failed: tuple[Failure, ...] = ()
    report: AddReport | None = None  # when it has ended
    problem: str | None = None  # an error that ended it: its message, "" where it was not foreseen
    refused: tuple[Failure, ...] = ()
    can_resume: bool = False


@dataclass(slots=True)
class _Running:
    job: Job
    state: State
    refused: tuple[Failure, ...] = ()
    before: AddReport | None = None  # what was done before it was stopped
    finished: set[str] = field(default_factory=set)
    times: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=600))
    stop: threading.Event = field(default_factory=threading.Event)


class Work:
    """The work that is going on, or that was done last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: _Running | None = None
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> State | None:
        """None where nothing is going on and nothing is left to be told."""
        with self._lock:
            return self._now.state if self._now else None

    @property
    def is_running(self) -> bool:
        state = self.state
        return state is not None and state.running

    def start(self, job: Job, *, refused: Sequence[Failure] = ()) -> bool:
        """Begin; False where other work is still going on. `refused` is told beside what fails."""
        return self._begin(job, tuple(refused), None, set())

    def stop(self) -> None:
        """Ask the work to end after what it is at."""
        with self._lock:
            if self._now and self._now.state.running:
                self._now.stop.set()
                self._now.state = replace(self._now.state, stopping=True)

    def end(self) -> None:
        """Stop, and wait until that is done."""
        self.stop()
        if self._thread:
            self._thread.join(timeout=15.0)

    def resume(self) -> bool:
        """Go on with what a stop left; False where there is nothing."""
        with self._lock:
            ended = self._now
        if ended is None or not ended.state.can_resume:
            return False
        left = tuple(each for each in ended.job.sources if str(each) not in ended.finished)
        job = replace(ended.job, sources=left)
        return self._begin(job, ended.refused, ended.state.report, ended.finished)

    def dismiss(self) -> None:
        """Forget what has ended."""
        with self._lock:
            if self._now and not self._now.state.running:
                self._now = None

    def _begin(self, job: Job, refused: tuple[Failure, ...], before: AddReport | None, finished: set[str]) -> bool:
        with self._lock:
            if self._now and self._now.state.running:
                return False
            state = State(job.kind, True, total=len(job.sources), refused=refused)
            self._now = now = _Running(job, state, refused, before, finished)
            self._thread = threading.Thread(target=self._run, args=(now,), name="work", daemon=True)
            self._thread.start()
        return True

    def _run(self, now: _Running) -> None:
        def on_progress(step: Progress) -> bool:
            self._note(now, step)
            return not now.stop.is_set()

        report, problem = None, None
        try:
            report = now.job.run(now.job.sources, on_progress)
        except ArticleQAError as error:
            problem = str(error)
        except Exception:
            log.exception("work on the library failed")
            problem = ""
        with self._lock:
            if report is not None and now.before is not None:
                report = _joined(now.before, report)
            now.state = replace(
                now.state,
                running=False,
                stopping=False,
                report=report or now.before,
                problem=problem,
                can_resume=report is not None and report.stopped,
            )

    def _note(self, now: _Running, step: Progress) -> None:
        with self._lock:
            moved = step.done > now.state.done
            last, failed = now.state.last, now.state.failed
            if moved:
                last = (step, *last)[:_LAST]
                if step.outcome == "failed":
                    failed = (*failed, Failure(step.current, step.reason))
                if step.outcome != "listed":
                    now.finished.add(step.current)
                now.times.append((time.monotonic(), step.done))
            pace = _pace(now.times)
            left = (step.total - step.done) / pace if pace else None
            now.state = replace(
                now.state, done=step.done, total=step.total, pace=pace, left=left, last=last, failed=failed
            )


def _pace(times: Sequence[tuple[float, int]]) -> float | None:
    """Sources a second over the last half minute; None before there are two moments to compare."""
    if len(times) < 2:
        return None
    end, done = times[-1]
    began, before = next((at, count) for at, count in times if end - at <= _PACE_OVER)
    return (done - before) / (end - began) if end > began else None


def _joined(one: AddReport, other: AddReport) -> AddReport:
    """What both did. Failures that the second has put right are gone from it."""
    names = ("added", "replaced", "flagged")
    both = {name: (*getattr(one, name), *getattr(other, name)) for name in names}
    mended = {*other.added, *other.replaced, *one.added, *one.replaced}
    skipped = tuple(dict.fromkeys(each for each in (*one.skipped, *other.skipped) if each not in mended))
    kind = SyncReport if isinstance(other, SyncReport) else AddReport
    more = {name: getattr(other, name) for name in ("removed", "gone")} if isinstance(other, SyncReport) else {}
    return kind(**both, skipped=skipped, failed=(*one.failed, *other.failed), stopped=other.stopped, **more)
