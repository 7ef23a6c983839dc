"""What all who look at one server's page share: the library and the work on it. No Gradio here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qa.atlas import Atlas, draw_atlas
from qa.errors import ArticleQAError
from qa.suggest import suggestions
from qa.types import Progress
from qa.ui.line import Line
from qa.ui.sessions import SignIns
from qa.ui.watch import Watch
from qa.ui.work import Work

if TYPE_CHECKING:
    from qa.library import Library

log = logging.getLogger(__name__)

PATIENCE = 15.0  # seconds that the end of the server waits for what is under way


@dataclass(slots=True)
class Shared:
    """`local`: the page is served to this computer alone. `allow_private`: it may add pages of the server's network.

    `ready`: whether the model is loaded. `sign_ins`: who may come in, by default everybody, and whom the names are of.
    """

    library: Library
    local: bool = True
    allow_private: bool = False
    ready: Callable[[], bool] = lambda: True
    sign_ins: SignIns = field(default_factory=lambda: SignIns(None))
    work: Work = field(default_factory=Work)
    line: Line = field(default_factory=lambda: Line())
    watch: Watch = field(init=False)
    maps: Maps = field(init=False)
    starters: Starters = field(init=False)

    def __post_init__(self) -> None:
        self.watch = Watch(self.library, self.work, allow_private=self.allow_private)
        self.maps = Maps(self.library)
        self.starters = Starters(self.library)

    def questions(self) -> tuple[Sequence[str], bool]:
        """Questions to begin with, and whether that is all.

        None are made before the model is there, nor while work goes on, which they would hold up.
        """
        if not self.ready():
            return (), False
        return self.starters.get(make=not self.work.is_running)

    def end(self) -> None:
        """Stop what goes on in the background, and wait for it: a process must not end under a thread that computes."""
        for each in (self.watch, self.work, self.maps, self.starters, self.line):
            each.end()


class Maps:
    """The map of the passages, drawn in the background when somebody asks for it."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.atlas: Atlas | None = None
        self.done: float | None = None  # 0..1 while it is being drawn, else None
        self.failed = False

    @property
    def is_old(self) -> bool:
        """Whether the library has changed since the map was drawn."""
        return self.atlas is not None and self.atlas.stamp != self._library.stamp

    def start(self) -> None:
        """Begin to draw, if that is not going on already."""
        with self._lock:
            if self.done is not None:
                return
            self.done, self.failed = 0.0, False
            self._stop.clear()
            self._thread = threading.Thread(target=self._draw, name="map", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the drawing after the round that is under way."""
        self._stop.set()

    def end(self) -> None:
        """The same, and wait for it."""
        self.stop()
        if self._thread:
            self._thread.join(timeout=PATIENCE)

    def _draw(self) -> None:
        def on_progress(step: Progress) -> bool:
            self.done = step.done / max(step.total, 1)
            return not self._stop.is_set()

        try:
            drawn = draw_atlas(self._library, on_progress=on_progress)
            self.atlas = drawn or self.atlas
        except Exception:
            log.exception("the map could not be drawn")
            self.failed = True
        finally:
            self.done = None


class Starters:
    """Questions to begin with, made in the background once for each state of the library."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._stamp: str | None = None
        self._found: Sequence[str] = ()
        self._making = False
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def end(self) -> None:
        """Make no more of them, and wait for the one that is tried."""
        self._ended.set()
        if self._thread:
            self._thread.join(timeout=PATIENCE)

    def get(self, *, make: bool = True) -> tuple[Sequence[str], bool]:
        """What there is, and whether that is all: if not, better ones are on their way, or will be with `make`."""
        with self._lock:
            if self._stamp == self._library.stamp:
                return self._found, True
            if self._making or not make:
                return self._found, False
            self._making = True
            self._thread = threading.Thread(target=self._make, name="starters", daemon=True)
            self._thread.start()
            return self._found, False

    def _make(self) -> None:
        stamp, found = self._library.stamp, self._found
        try:
            held = len(self._library)
            found = suggestions(self._library, going=lambda: not self._ended.is_set()) if held else ()
        except ArticleQAError:
            log.debug("no questions to begin with could be made", exc_info=True)  # the library may be closed by now
        except Exception:
            log.exception("no questions to begin with could be made")
        with self._lock:
            self._stamp, self._found, self._making = stamp, found, False
