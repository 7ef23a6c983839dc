"""Looking at feeds and folders again and again, as often as is set. No Gradio here."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from qa.errors import ArticleQAError, InvalidInput
from qa.ui.adding import start_looking
from qa.ui.words import words
from qa.ui.work import Work

if TYPE_CHECKING:
    from qa.library import Library

log = logging.getLogger(__name__)

EVERY = (0, 15, 60, 1440)  # minutes between two looks; 0: only when somebody says so
_SETTING = "watch.json"


class Watch:
    """Looks at every feed and folder again, as often as was set; the setting is kept in the library's folder."""

    def __init__(self, library: Library, work: Work, *, allow_private: bool = False) -> None:
        self._library, self._work, self._allow_private = library, work, allow_private
        self._changed, self._ended = threading.Event(), threading.Event()
        self.minutes = self._read()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._thread.start()

    def set(self, minutes: int) -> None:
        """How often, one of EVERY. Raises InvalidInput."""
        if minutes not in EVERY:
            raise InvalidInput(f"minutes is {minutes!r}; use one of {EVERY}")
        self.minutes = minutes
        try:
            self._path.write_text(json.dumps({"minutes": minutes}), encoding="utf-8")
        except OSError as error:
            log.warning("how often to look again could not be kept in %s: %s", self._path, error)
        self._changed.set()

    def end(self) -> None:
        self._ended.set()
        self._changed.set()

    @property
    def _path(self) -> Path:
        return Path(self._library.folder) / _SETTING

    def _read(self) -> int:
        try:
            minutes = json.loads(self._path.read_text(encoding="utf-8"))["minutes"]
        except (OSError, ValueError, KeyError, TypeError):
            return 0
        return minutes if minutes in EVERY else 0

    def _watch(self) -> None:
        while not self._ended.is_set():
            if self._changed.wait(timeout=self.minutes * 60 or None):
                self._changed.clear()
            elif self.minutes:
                try:
                    start_looking(self._library, self._work, words(), allow_private=self._allow_private)
                except ArticleQAError:
                    log.exception("looking again failed")
