"""One SQLite file: one writer at a time, readers that do not wait for it, and SQLite's errors as ours.

In WAL mode whoever reads sees the last state that was committed. Each thread that reads takes a connection of its own
for as long as a statement or a `snapshot` lasts; what a thread does inside `write` goes through the writer's.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from qa.errors import LibraryBusy, LibraryClosed, LibraryError

BUSY_SECONDS = 30.0
_MOST_PARAMETERS = 900  # SQLite's lowest default limit is 999 to a statement
_CACHE_KIB = 32_768  # of each connection
_MOST_IDLE = 8  # connections kept for the next reader: after a rush, the others are closed


def no_library(path: Path, error: Exception) -> LibraryError:
    return LibraryError(
        f"{path} is damaged or no library ({error}); move it away, and give a backup to `article-qa restore` "
        "or add the articles anew"
    )


def failure(path: Path, error: sqlite3.Error) -> LibraryError:
    """SQLite's error as ours: what failed of the library in `path`, and what to do."""
    folder, code = path.parent, getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LibraryBusy(
            f"another process has been writing to the library {folder} for {BUSY_SECONDS:.0f} s; try again"
        )
    if code == sqlite3.SQLITE_FULL:
        return LibraryError(f"no room is left on the disk of the library {folder}; free some and do it again")
    if code == sqlite3.SQLITE_READONLY:
        return LibraryError(f"the library {folder} cannot be written to ({error}); it can be asked as it is")
    undecodable = "Could not decode to UTF-8" in str(error)  # the module's own error, without a code
    if undecodable or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return no_library(path, error)
    return LibraryError(f"the library {folder} could not be read or written: {error}")


class Database:
    """An open file. Safe for several threads; raises LibraryError, LibraryBusy, LibraryClosed.

    `dress` is called with each new connection, to give it its functions. `read_only`: the file, or its folder, is not
    ours to write to.
    """

    def __init__(self, path: Path, *, create: bool, dress: Callable[[sqlite3.Connection], None]) -> None:
        self.path = path
        self._dress = dress
        self._closed = False
        self._writing = threading.RLock()
        self._writer_thread: int | None = None
        self._idle: list[sqlite3.Connection] = []
        self._pinned = threading.local()
        try:
            if not path.exists() and not create:
                raise LibraryError(f"there is no library at {path.parent}; add articles to it first")
            self.read_only = path.exists() and not (os.access(path.parent, os.W_OK) and os.access(path, os.W_OK))
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect()
        except sqlite3.DatabaseError as error:
            raise failure(path, error) from error
        except (FileExistsError, NotADirectoryError) as error:
            raise LibraryError(f"{path.parent} is a file, or below one; give a folder for the library") from error
        except OSError as error:
            raise LibraryError(f"the library {path.parent} could not be opened: {error}") from error

    def close(self) -> None:
        """Closing twice is allowed."""
        with self._writing:
            if not self._closed:
                self._closed = True
                while self._idle:
                    self._idle.pop().close()
                self._writer.close()

    @property
    def closed(self) -> bool:
        return self._closed

    # -- reading

    def all(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Every row of a query."""
        with self._reader() as connection, self._errors():
            return connection.execute(query, values).fetchall()

    def one(self, query: str, values: Sequence[Any] = ()) -> Any:
        """The first row, None where there is none."""
        with self._reader() as connection, self._errors():
            return connection.execute(query, values).fetchone()

    def among(self, query: str, values: Iterable[Any]) -> list[Any]:
        """Every row of a query that ends in "IN", for any number of values; the same value once."""
        wanted = list(dict.fromkeys(values))
        rows: list[Any] = []
        with self.snapshot():
            for at in range(0, len(wanted), _MOST_PARAMETERS):
                part = wanted[at : at + _MOST_PARAMETERS]
                rows += self.all(f"{query} ({','.join('?' * len(part))})", part)
        return rows

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """What this thread reads inside is one state, whatever others commit meanwhile."""
        if self._is_writer() or getattr(self._pinned, "connection", None) is not None:
            yield
            return
        with self._reader() as connection:
            with self._errors():
                connection.execute("BEGIN")
            self._pinned.connection = connection
            try:
                yield
            finally:
                self._pinned.connection = None
                connection.execute("ROLLBACK")

    # -- writing

    @contextlib.contextmanager
    def write(self) -> Iterator[bool]:
        """One transaction: all of what is done inside, or nothing. Waits for another that writes.

        Gives whether it is the outermost one; one inside belongs to that.
        """
        with self._writing:
            self.check_open()
            if self._writer_thread is not None:
                yield False
                return
            if self.read_only:
                raise LibraryError(
                    f"the library {self.path.parent} is read-only here, and nothing was changed; "
                    "copy it to where you may write, or have its permissions changed"
                )
            with self._errors():
                self._writer.execute("BEGIN IMMEDIATE")
            self._writer_thread = threading.get_ident()
            try:
                yield True
                with self._errors():
                    self._writer.execute("COMMIT")
            except BaseException:
                if not self._closed and self._writer.in_transaction:  # a full disk has ended it already
                    self._writer.execute("ROLLBACK")
                raise
            finally:
                self._writer_thread = None

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """A statement that writes, inside `write` or alone; the rows that it returns."""
        with self._writing, self._errors():
            return self._writer.execute(statement, values).fetchall()

    def run_for_each(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """A statement that writes, once for each of `rows`; inside `write`."""
        with self._writing, self._errors():
            self._writer.executemany(statement, rows)

    def keep_a_log(self) -> None:
        """Have what is written go to a log first (WAL), now and whenever the file is opened.

        For this change SQLite does not wait for others, who may be making it too: it is tried again instead.
        """
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self.run("PRAGMA journal_mode = WAL")
                return
            except LibraryBusy:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    # -- inside

    def _connect(self) -> sqlite3.Connection:
        address = reading(self.path) if self.read_only else self.path.absolute().as_uri()
        connection = sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self._dress(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_writer(self) -> bool:
        return self._writer_thread == threading.get_ident()

    @contextlib.contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        self.check_open()
        if self._is_writer():
            yield self._writer
            return
        if (pinned := getattr(self._pinned, "connection", None)) is not None:
            yield pinned
            return
        try:
            connection = self._idle.pop()
        except IndexError:
            with self._errors():
                connection = self._connect()
        try:
            yield connection
        finally:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
            else:
                connection.close()
            if self._closed:  # meanwhile: nobody else closes it
                with contextlib.suppress(IndexError):
                    self._idle.pop().close()

    def check_open(self) -> None:
        """Raises LibraryClosed."""
        if self._closed:
            raise LibraryClosed(f"the library {self.path.parent} is closed; open it again with Library.open")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """The one place where SQLite's errors become ours."""
        self.check_open()
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise failure(self.path, error) from error


def reading(path: Path) -> str:
    """The address at which SQLite opens a file to read it, and writes nothing to it. Raises OSError.

    It takes notes beside the file all the same, unless nobody can change it meanwhile: it is on a read-only drive, or
    has no right to be written for anyone. What was committed last may be in the log beside it, which is read then.
    """
    log = path.with_name(f"{path.name}-wal")
    fixed = os.statvfs(path).f_flag & os.ST_RDONLY or not (path.stat().st_mode | path.parent.stat().st_mode) & 0o222
    alone = fixed and not (log.exists() and log.stat().st_size)
    return f"{path.absolute().as_uri()}?{'immutable=1' if alone else 'mode=ro'}"
