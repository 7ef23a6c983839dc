"""Where pages come from: files, folders and web addresses (which `qa.web` fetches).

A location is a string that names one page: a file's absolute, resolved path, or a URL without its
fragment. An article's id is made of it, so the same page read twice is the same article.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qa import formats
from qa.addresses import without_fragment
from qa.checked import is_text, shown
from qa.errors import InvalidInput, SourceError, UnsupportedSource
from qa.types import Page, Validators

if TYPE_CHECKING:
    from qa.web import Fetched, Web

MAX_BYTES = 50 * 2**20

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
        raise InvalidInput(f"source {shown(source)} is {type(source).__name__}; give a path, a URL or an Article")
    if is_url(source):
        yield without_fragment(str(source).strip())
        return
    if not str(source).strip():
        raise InvalidInput("source is an empty string; give a path or a URL")
    try:
        path = Path(source).expanduser().resolve()
        if is_text(str(path)) and path.is_dir():
            yield from map(str, _files(path))
        else:
            yield str(path)
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
        from qa.web import Web

        with Web() as web:
            page = fetch(str(location), web).page
        assert page is not None  # nothing was known of it
        return page
    return read_file(location)


def fetch(
    url: str,
    web: Web,
    *,
    known: Callable[[str], Validators | None] = lambda _: None,
    also: frozenset[str] = frozenset(),
    private: bool = True,
) -> Fetched:
    """The page at a URL as in `load`, by a `web` that may have fetched others before.

    `known` and `private` are as in `Web.fetch`. `also` are media types that are taken besides those of pages.
    """
    fetched = web.fetch(url, types=_WEB_TYPES | also, known=known, private=private)
    if fetched.page is not None and fetched.page.media_type == "text/x-markdown":
        return replace(fetched, page=replace(fetched.page, media_type="text/markdown"))
    return fetched


def read_file(location: str | Path, *, also: tuple[str, ...] = ()) -> Page:
    """The page in a file, as in `load`. Files whose names end in one of `also` are taken too, as binary data."""
    scheme = str(location).partition("://")[0]
    if "://" in str(location) and scheme.isalnum():
        raise UnsupportedSource(f"{location}: {scheme} addresses are not read; give a path or an http or https URL")
    path = Path(location)
    try:
        path = path.expanduser().resolve()
        if not is_text(str(path)):
            raise SourceError(f"{path} has a name that is not UTF-8, which cannot be kept; rename it")
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
        if found is not None and found.reader is not None:
            media_type = found.media_types[0]
        elif path.name.lower().endswith(also):
            media_type = "application/octet-stream"
        else:
            raise formats.unsupported(str(path), found or f"of an unknown kind ({path.suffix or 'no suffix'})")
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    return Page(content=content, location=str(path), media_type=media_type)
