"""How often somebody may try in vain, and how long to wait then. No Gradio here."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(slots=True)
class _Tried:
    since: float  # when the first of these was
    count: int = 0
    until: float = 0.0  # closed until then
    closed: int = 0  # how often it was closed


class Tries:
    """Counts tries by key: after `most` of them in `within` seconds the key is closed for as long, and each further
    time for twice as long as before, up to a day.

    `held` keys are remembered; the one that was tried longest ago is forgotten first. To drive a key out one must try
    `held` others, which costs more tries than it gives.
    """

    def __init__(
        self, most: int, within: float, *, held: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._within, self._held, self._clock = most, within, held, clock
        self._tried: OrderedDict[Hashable, _Tried] = OrderedDict()

    def wait(self, key: Hashable) -> float:
        """Seconds until the key may be tried; 0: now."""
        tried = self._tried.get(key)
        return max(0.0, tried.until - self._clock()) if tried else 0.0

    def count(self, key: Hashable) -> None:
        """One more try. It is counted before its outcome is known: those that come at once must not all pass."""
        now = self._clock()
        tried = self._tried.setdefault(key, _Tried(now))
        self._tried.move_to_end(key)
        if now - max(tried.since, tried.until) > (_DAY if tried.closed else self._within):
            self._tried[key] = tried = _Tried(now)
        elif now - tried.since > self._within:
            tried.since, tried.count = now, 0
        tried.count += 1
        if tried.count >= self._most:
            tried.until = now + min(_DAY, self._within * 2**tried.closed)
            tried.since, tried.count, tried.closed = tried.until, 0, tried.closed + 1
        if len(self._tried) > self._held:
            self._tried.popitem(last=False)

    def take_back(self, key: Hashable) -> None:
        """The last try was none in vain."""
        tried = self._tried.get(key)
        if tried is None:
            return
        if tried.count:
            tried.count -= 1
        elif tried.until:  # it was the one that closed the key
            tried.until, tried.since, tried.count, tried.closed = 0.0, self._clock(), self._most - 1, tried.closed - 1

    def forget(self, key: Hashable) -> None:
        """All that was tried was forgiven."""
        self._tried.pop(key, None)

    def __len__(self) -> int:
        return len(self._tried)


_DAY = 86_400.0
