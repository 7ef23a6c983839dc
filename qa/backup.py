"""Copies of a library's file: made while it is in use, checked, and brought into place whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path

from qa.database import reading
from qa.errors import InvalidInput, LibraryError
from qa.index import RECORD, flush

OnPages = Callable[[int, int], bool]  # pages of the file that are copied, and of how many; False: stop
_PAGES_AT_ONCE = 2_048


class _Stopped(Exception):
    pass


def copy(source: Path, target: Path, on_pages: OnPages | None = None) -> bool:
    """`target` becomes a copy of the library file `source` as it is at one moment, whoever writes meanwhile.

    SQLite's online backup (https://www.sqlite.org/backup.html). `target` is there once it is whole and flushed to disk;
    False where `on_pages` stopped it. Raises InvalidInput where there is something at `target`, LibraryError where
    one of the two cannot be read or written.
    """
    taken = InvalidInput(f"{target} is there already; name a file that is not, nothing is overwritten")
    part = target.parent / f"{target.name}.{uuid.uuid4().hex[:8]}.part"
    try:
        if target.exists():
            raise taken
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(_reading(source)) as whole, contextlib.closing(sqlite3.connect(part)) as copied:
            whole.execute("BEGIN")  # one state: without it a copy begins anew with every change
            whole.execute("SELECT count(*) FROM meta").fetchone()
            whole.backup(copied, pages=_PAGES_AT_ONCE, progress=on_pages and _progress(on_pages))
            copied.execute("PRAGMA journal_mode = DELETE")  # one file, without another beside it
            with copied:
                copied.execute("DELETE FROM meta WHERE key = ?", (RECORD,))  # the index stays where it is
        flush(part)
        try:
            os.link(part, target)  # unlike a rename it replaces nothing
        except FileExistsError:
            raise taken from None
        except OSError:  # a stick or a network drive may have no links
            if target.exists():
                raise taken from None
            part.rename(target)
        flush(target.parent)
        return True
    except _Stopped:
        return False
    except (OSError, sqlite3.Error) as error:
        raise LibraryError(f"{source} could not be copied to {target}: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _progress(on_pages: OnPages) -> Callable[[int, int, int], None]:
    def progress(_: int, left: int, pages: int) -> None:
        if not on_pages(pages - left, pages):
            raise _Stopped

    return progress


def require_backup(file: Path) -> None:
    """Raises InvalidInput where `file` is no library that SQLite finds whole."""
    if not file.is_file():
        raise InvalidInput(f"there is no file {file}; name one that `article-qa backup` made")
    try:
        with contextlib.closing(_reading(file)) as connection:
            connection.execute("SELECT count(*) FROM articles").fetchone()
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    except sqlite3.Error as error:
        raise InvalidInput(f"{file} is no backup of a library, or damaged ({error}); take another") from error
    if found != ["ok"]:
        raise InvalidInput(f"{file} is damaged ({'; '.join(found)}); take another backup")


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(reading(file), uri=True, isolation_level=None)
