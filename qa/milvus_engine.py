"""A Milvus server, as the store uses it: reads that see what was written before, writes and reads in pieces.

The engine's own limits end here: 16,384 rows to a query, 64 MB to a message, 65,535 bytes to a text. pymilvus is
imported here only, and only once a server is to be reached.
"""

from __future__ import annotations

import json
import logging
import math
import re
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from qa.errors import InvalidInput, LibraryBusy, LibraryClosed, LibraryError

_T = TypeVar("_T")
_R = TypeVar("_R")

SCHEME = "milvus://"
TEXT_BYTES = 65_535  # a VARCHAR, in UTF-8
MOST_FOUND = 16_384  # rows to a search
_ROWS = 4_000  # to a query; it may give 16,384, and hashes spread unevenly
_VALUES = 4_000  # to a condition: 10,000 take a 2.3 server 50 ms to parse, before it looks at a row
_BYTES = 16 << 20  # to a message; the server takes 64 MB
_SECONDS = 60.0  # for one call
_CONNECT_SECONDS = 10.0
_THREADS = 8
_OLDEST = (2, 3)
_BM25_SINCE = (2, 5)  # an older server goes down on a schema that has a function
_TICK_BITS = 18  # a timestamp of the engine: milliseconds, then so many bits that count within one
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
HASH_END = 1 << 63  # hashes that rows are spread by are 0..HASH_END - 1


@dataclass(frozen=True, slots=True)
class Address:
    """Where a library is: `milvus://[user:password@]host[:port]/name[?index=hnsw&shards=n&replicas=n]`.

    `index` ("flat" or "hnsw": see qa/milvus_schema.py) and `shards` count where its collections are made, `replicas`
    where they are loaded.
    """

    host: str
    port: int
    name: str
    user: str = ""
    password: str = field(default="", repr=False)
    index: str = "flat"
    shards: int = 1
    replicas: int = 1

    @classmethod
    def of(cls, url: str) -> Address:
        """Raises InvalidInput where `url` is none."""
        parts = urllib.parse.urlsplit(url)
        name = urllib.parse.unquote(parts.path).strip("/")
        try:
            port = parts.port or 19530
            options = dict(urllib.parse.parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
            index = options.pop("index", "flat")
            shards, replicas = (int(options.pop(name, 1)) for name in ("shards", "replicas"))
        except ValueError as error:
            raise _no_address(url) from error
        if f"{parts.scheme}://" != SCHEME or not parts.hostname or options:
            raise _no_address(url)
        if min(shards, replicas) < 1 or index not in ("flat", "hnsw"):
            raise _no_address(url)
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                f"the library's name in {_told(parts)} is {name!r}; use letters, digits and underscores, a letter first"
            )
        user, password = (urllib.parse.unquote(part or "") for part in (parts.username, parts.password))
        return cls(parts.hostname, port, name, user, password, index, shards, replicas)

    @property
    def place(self) -> str:
        """As it is said to people: without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{SCHEME}{host}:{self.port}/{self.name}"


@dataclass(slots=True)
class View:
    """One look at the engine: all that was written before the time `at` is seen. `known` holds what was read in it."""

    at: int
    level: Mapping[str, Any]
    known: dict[str, Any] = field(default_factory=dict)


class Engine:
    """A connection. Safe for several threads. Every call raises LibraryError where the server fails it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._closed = False
        self._lock = threading.Lock()
        self._last = 0
        self._tells_time = True
        try:
            import pymilvus
        except ImportError as error:
            raise LibraryError(
                f"{address.place} is a library on a Milvus server, and the package pymilvus is not installed: "
                "pip install 'article-qa[milvus]'"
            ) from error
        # Whatever it logs is raised too, and said better there.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        uri = f"http://{address.place[len(SCHEME) :].rpartition('/')[0]}"
        self._client: Any = self._reached(
            lambda: pymilvus.MilvusClient(
                uri=uri, user=address.user, password=address.password, timeout=_CONNECT_SECONDS
            ),
            "cannot be reached; see that the server runs there and that user and password are right",
        )
        self.version = self._version()
        if self.version and self.version < _OLDEST:
            self._client.close()
            raise LibraryError(f"the Milvus server at {address.host}:{address.port} is of {self.version}; use 2.3 on")
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="milvus")

    @property
    def is_double(self) -> bool:
        """Whether this is Milvus Lite, which does not say its version and has fewer kinds of index."""
        return not self.version

    @property
    def has_bm25(self) -> bool:
        return self.is_double or self.version >= _BM25_SINCE

    def close(self) -> None:
        """Closing twice is allowed."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def check_open(self) -> None:
        if self._closed:
            raise LibraryClosed(f"the library {self.address.place} is closed; open it again")

    # -- time

    def now(self) -> int:
        """The engine's time: later than that of every write that has returned, whoever's, and given once only."""
        at = self._allocated() if self._tells_time else 0
        if at:
            return at
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1_000_000 << _TICK_BITS)
            return self._last

    def view(self) -> View:
        at = self._allocated() if self._tells_time else 0
        if at:
            # The first read waits until the server has come to `at`; those after it need not.
            return View(at, {"consistency_level": "Customized", "guarantee_timestamp": at})
        return View(self.now(), {"consistency_level": "Strong"})

    # -- collections

    def has(self, collection: str) -> bool:
        return bool(self.call(self._client.has_collection, collection))

    def call(self, function: Callable[..., _R], *args: Any, **options: Any) -> _R:
        """What `function` of the client gives."""
        self.check_open()
        try:
            return function(*args, timeout=_SECONDS, **options)
        except Exception as error:  # gRPC's own errors come through pymilvus
            if self._closed:
                self.check_open()
            said = _said(error)
            where = f"the Milvus server at {self.address.host}:{self.address.port}"
            if "rate limit" in said or "RateLimit" in said:
                raise LibraryBusy(f"{where} takes no more at present ({said}); try again later") from error
            raise LibraryError(
                f"{where} failed ({said}); see that it runs and has room, then do the same again: "
                "what was stored stays, and what was not is stored then"
            ) from error

    @property
    def client(self) -> Any:
        return self._client

    # -- reading

    def query(self, collection: str, where: str, fields: Sequence[str], view: View) -> list[dict[str, Any]]:
        """Rows of which there are few."""
        found = self.call(self._client.query, collection, filter=where, output_fields=list(fields), **view.level)
        return [dict(row) for row in found]

    def count(self, collection: str, where: str, view: View) -> int:
        return int(self.query(collection, where, ["count(*)"], view)[0]["count(*)"])

    def rows(
        self,
        collection: str,
        key: str,
        values: Iterable[int | str],
        fields: Sequence[str],
        view: View,
        *,
        at_once: int = _VALUES,
    ) -> list[dict[str, Any]]:
        """The rows that have these values of their primary key, in no order; `at_once`: so many to a message."""
        found: list[dict[str, Any]] = []
        for some in batches(dict.fromkeys(values), at_once):
            found += self.query(collection, among(key, some), fields, view)
        return found

    def scan(
        self, collection: str, spread: str, where: str, fields: Sequence[str], view: View, *, at_once: int = _ROWS
    ) -> Iterator[dict[str, Any]]:
        """All rows that match, in no order. `spread` is a field of hashes, 0..HASH_END - 1: they are read by parts."""
        parts = math.ceil(self.count(collection, where, view) / at_once)
        for part in range(parts):
            first, last = HASH_END * part // parts, HASH_END * (part + 1) // parts - 1
            within = where if parts == 1 else f"{spread} >= {first} and {spread} <= {last} and ({where})"
            yield from self.query(collection, within, fields, view)

    def search(
        self,
        collection: str,
        column: str,
        wanted: Any,
        limit: int,
        where: str,
        view: View,
        *,
        fields: Sequence[str] = (),
        params: Mapping[str, Any],
    ) -> list[tuple[int, float, dict[str, Any]]]:
        """(id, score, fields) of the best rows, best first."""
        (found,) = self.call(
            self._client.search,
            collection,
            data=[wanted],
            anns_field=column,
            limit=min(limit, MOST_FOUND),
            filter=where,
            output_fields=list(fields),
            search_params=dict(params),
            **view.level,
        )
        return [(int(hit["id"]), float(hit["distance"]), dict(hit["entity"])) for hit in found]

    def each(self, function: Callable[[_T], _R], values: Iterable[_T]) -> list[_R]:
        """`function` of each value, several at a time."""
        self.check_open()
        return list(self._pool.map(function, values))

    # -- writing

    def upsert(self, collection: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """A message that is sent again after a broken connection changes nothing: not so with an insert."""
        batch: list[Mapping[str, Any]] = []
        size = 0
        for row in rows:
            own = sum(len(value) * (4 if isinstance(value, str) else 8) for value in row.values() if _is_long(value))
            if batch and size + own > _BYTES:
                self.call(self._client.upsert, collection, batch)
                batch, size = [], 0
            batch.append(row)
            size += own
        if batch:
            self.call(self._client.upsert, collection, batch)

    def delete(self, collection: str, keys: Iterable[int | str]) -> None:
        for some in batches(keys, _VALUES):
            self.call(self._client.delete, collection, ids=some)

    # -- inside

    def _reached(self, connect: Callable[[], _R], said: str) -> _R:
        try:
            return connect()
        except Exception as error:  # gRPC's own errors come through pymilvus
            place = f"{self.address.host}:{self.address.port}"
            raise LibraryError(f"the Milvus server at {place} {said} ({_said(error)})") from error

    def _version(self) -> tuple[int, ...]:
        """() where it is Milvus Lite, which does not say."""

        def ask() -> str:
            try:
                return str(self._client.get_server_version(timeout=_CONNECT_SECONDS))
            except Exception as error:
                if "UNIMPLEMENTED" in str(error):
                    return ""
                raise

        said = self._reached(ask, "does not answer; try again")
        return tuple(int(number) for number in re.findall(r"\d+", said)[:3])

    def _allocated(self) -> int:
        """The server's next timestamp; 0 where it gives none."""
        self.check_open()
        handler = getattr(self._client, "_handler", None) or self._client._get_connection()
        if not hasattr(handler, "alloc_timestamp"):
            self._tells_time = False
            return 0
        at = int(self.call(handler.alloc_timestamp))
        self._tells_time = bool(at)
        return at


def among(key: str, values: Iterable[int | str]) -> str:
    """The condition that `key` is one of `values`."""
    return f"{key} in [{','.join(quoted(value) for value in values)}]"


def quoted(value: int | str) -> str:
    """A value in a condition: nothing in a text can end it."""
    return json.dumps(value, ensure_ascii=False)


def both(*conditions: str) -> str:
    """All of these that are not empty."""
    return " and ".join(f"({one})" for one in conditions if one)


def batches(values: Iterable[_T], size: int) -> Iterator[list[_T]]:
    batch: list[_T] = []
    for value in values:
        batch.append(value)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def seconds_before(at: int, seconds: float) -> int:
    """The engine's time so many seconds before `at`."""
    return max(0, at - (int(seconds * 1000) << _TICK_BITS))


def _is_long(value: Any) -> bool:
    return hasattr(value, "__len__")


def _said(error: Exception) -> str:
    return " ".join(str(getattr(error, "message", "") or error).split())[:300]


def _told(parts: urllib.parse.SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _no_address(url: str) -> InvalidInput:
    return InvalidInput(
        f"{_told(urllib.parse.urlsplit(url))!r} is no address of a library; "
        "write milvus://host:19530/name, where needed with user:password@ before the host, and after the name "
        "?index=hnsw, &shards=n, &replicas=n"
    )
