"""Where pages come from: files, folders and web addresses. The only module that touches the network.

A location is a string that names one page: a file's absolute, resolved path, or a URL without its
fragment. An article's id is made of it, so the same page read twice is the same article.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from qa import formats
from qa.errors import FetchError, InvalidInput, SourceError, UnsupportedSource
from qa.types import Page

MAX_BYTES = 50 * 2**20
TIMEOUT = 20.0  # seconds, for connecting and for each wait for more bytes
TOTAL_TIMEOUT = 120.0  # seconds, for the whole page
MAX_REDIRECTS = 10
USER_AGENT = "article-qa/1.0 (reads pages its user asked for)"

_WEB_TYPES = formats.WEB_TYPES


def is_url(source: object) -> bool:
    """Whether `source` is a web address (http or https) and not a path."""
    return isinstance(source, str) and source.strip().lower().startswith(("http://", "https://"))


def expand(sources: Iterable[str | Path] | str | Path) -> list[str]:
    """The locations that `sources` name, in order, each once: URLs, files, and the readable files of folders.

    Nothing is read yet. Folders are searched with their subfolders, by name; hidden files and files of
    unknown kinds in them are passed over. A single file is always listed, also where `load` will refuse it.
    """
    if isinstance(sources, (str, Path)):
        sources = [sources]
    found: dict[str, None] = {}
    for source in sources:
        found.update(dict.fromkeys(_locations(source)))
    return list(found)


def _locations(source: str | Path) -> Iterator[str]:
    if not isinstance(source, (str, Path)):
        raise InvalidInput(f"source {source!r} is {type(source).__name__}; give a path, a URL or an Article")
    if is_url(source):
        yield _without_fragment(str(source).strip())
        return
    if not str(source).strip():
        raise InvalidInput("source is an empty string; give a path or a URL")
    try:
        path = Path(source).expanduser()
        if path.is_dir():
            yield from map(str, _files(path.resolve()))
        else:
            yield str(path.resolve())
    except (OSError, ValueError, RuntimeError):  # NUL in a name, a loop of links, no home: `load` says what is wrong
        yield str(source)


def _files(folder: Path) -> Iterator[Path]:
    """The readable files below `folder`, sorted; each real folder is entered once, so loops of links end."""
    entered: set[str] = set()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        real = os.path.realpath(current)
        if real in entered:
            continue
        entered.add(real)
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError:  # not ours to read: what else is there still counts
            continue
        folders = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                # "page_files" beside "page.html" holds the parts of a page that a browser saved complete
                if not (
                    entry.name.endswith("_files")
                    and any(Path(entry.path[: -len("_files")] + end).exists() for end in (".html", ".htm"))
                ):
                    folders.append(Path(entry.path))
            elif Path(entry.name).suffix.lower() in formats.SUFFIXES and entry.is_file():
                yield Path(entry.path).resolve()
        waiting.extend(reversed(folders))


def load(location: str | Path) -> Page:
    """The page at a path or an http(s) URL, as bytes.

    Raises SourceError for files that are missing or cannot be read, UnsupportedSource for kinds that are
    not read, FetchError where a URL gives no page of at most MAX_BYTES in time.
    """
    if is_url(location):
        return _fetch(str(location).strip())
    scheme = str(location).partition("://")[0]
    if "://" in str(location) and scheme.isalnum():
        raise UnsupportedSource(f"{location}: {scheme} addresses are not read; give a path or an http or https URL")
    return _read_file(Path(location))


def _read_file(path: Path) -> Page:
    try:
        path = path.expanduser().resolve()
        if path.is_dir():
            raise SourceError(f"{path} is a folder; expand it to its files first")
        if not path.exists():
            raise SourceError(f"{path} does not exist; check the path")
        if not path.is_file():
            raise SourceError(f"{path} is no regular file; give a file or a folder")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise SourceError(f"{path} has {size} bytes; pages of up to {MAX_BYTES} are read")
        content = path.read_bytes()
        # A name that says nothing (a page saved as "article.php") is no obstacle where the content speaks for itself.
        found = formats.by_suffix(path.name)
        if found is None or found.reader is None:
            found = formats.by_content(content) or found
        if found is None or found.reader is None:
            raise formats.unsupported(str(path), found or f"of an unknown kind ({path.suffix or 'no suffix'})")
        media_type = found.media_types[0]
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    return Page(content=content, location=str(path), media_type=media_type)


def _fetch(url: str) -> Page:
    import time

    import httpx

    url = _without_fragment(url)
    deadline = time.monotonic() + TOTAL_TIMEOUT
    headers = {
        "User-Agent": USER_AGENT,
        "Accept": "text/html, application/xhtml+xml, text/plain;q=0.9, text/markdown;q=0.9",
    }
    try:
        with (
            httpx.Client(
                follow_redirects=True, max_redirects=MAX_REDIRECTS, timeout=TIMEOUT, headers=headers
            ) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != 200:
                raise FetchError(
                    f"{url} answered {response.status_code} {response.reason_phrase}; open it in a browser to see why"
                )
            media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type and media_type not in _WEB_TYPES:
                raise UnsupportedSource(f"{url} is {media_type}; readable are {', '.join(sorted(_WEB_TYPES))}")
            charset = response.charset_encoding
            final = _without_fragment(str(response.url))
            parts: list[bytes] = []
            size = 0
            for part in response.iter_bytes():
                size += len(part)
                if size > MAX_BYTES:
                    raise FetchError(f"{url} is larger than {MAX_BYTES} bytes; save the part you need as a file")
                if time.monotonic() > deadline:
                    raise FetchError(
                        f"{url} took longer than {TOTAL_TIMEOUT:.0f} seconds; try again, or save it as a file"
                    )
                parts.append(part)
    except httpx.InvalidURL as error:
        raise FetchError(f"{url} is no address: {error}") from error
    except httpx.TooManyRedirects as error:
        raise FetchError(
            f"{url} was redirected more than {MAX_REDIRECTS} times; give the address it ends at"
        ) from error
    except httpx.TimeoutException as error:
        raise FetchError(f"{url} did not answer within {TIMEOUT:.0f} seconds; try again later") from error
    except (httpx.HTTPError, httpx.StreamError, OSError, ValueError) as error:
        raise FetchError(f"{url} could not be fetched: {error or type(error).__name__}") from error
    if media_type == "text/x-markdown":
        media_type = "text/markdown"
    return Page(
        content=b"".join(parts), location=final, url=final, media_type=media_type or "text/html", charset=charset
    )


def _without_fragment(url: str) -> str:
    try:
        return urlunsplit(urlsplit(url)._replace(fragment=""))
    except ValueError:  # an address as broken as "http://[": fetching it says so
        return url.partition("#")[0]
