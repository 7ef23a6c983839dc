"""A library's articles as lines of JSON, for other programs and other libraries, and back.

A line is an object: {"article": …, "locations": …, "corrected": …, "fingerprint": …, "text_hash": …} of each article in
the order of adding, as Removed has them, or {"collection": …} of a folder, feed or list that `sync` looks at. Other
programs may write lines with "article" alone, of which only id, title and text are needed. Vectors are not in it: they
are made anew, by whatever model the other library has.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa import article_json
from qa.checked import shown
from qa.encode import encode
from qa.errors import InvalidInput, LibraryError
from qa.index import flush
from qa.ingest import BATCH_PASSAGES, OnProgress, fingerprint_of, text_hash_of
from qa.keeping import CORRECTABLE
from qa.language import language_of
from qa.split import split
from qa.store import Store
from qa.types import AddReport, Failure, Flagged, Passage, Progress, Removed, Validators
from qa.web import sendable

if TYPE_CHECKING:
    from embeddings.encoder import Encoder

_LONGEST_LINE = 256 * 2**20  # bytes: the largest page that is read, every character of it escaped
_HASH = 64  # hexadecimal digits


def export(store: Store, file: Path, on_progress: OnProgress | None) -> bool:
    """Write every article and collection to `file`, which is there once it is whole. See Library.export_jsonl."""
    if file.exists():
        raise InvalidInput(f"{file} is there already; name a file that is not, nothing is overwritten")
    part = file.with_name(f"{file.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("x", encoding="utf-8") as lines, store.snapshot():
            for location, kind in store.collections():
                _write(lines.write, {"collection": {"location": location, "kind": kind}})
            articles = len(store)
            for number, article in enumerate(store.articles(), 1):
                _write(lines.write, _line(store.as_removed(article.id)))
                if on_progress is not None and on_progress(Progress(number, articles, article.title)) is False:
                    return False
        flush(part)
        part.rename(file)
        flush(file.parent)
        return True
    except OSError as error:
        raise LibraryError(f"the articles could not be written to {file}: {error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def bring_in(file: Path, *, store: Store, encoder: Callable[[], Encoder], on_progress: OnProgress | None) -> AddReport:
    """Add what `export` wrote to `file`. See Library.import_jsonl."""
    incoming = _Incoming(store, encoder)
    stopped = False
    for number, line, done, size in _lines(file):
        try:
            _take(incoming, line)
        except (InvalidInput, ValueError, TypeError, KeyError, RecursionError) as error:
            said = str(error) if isinstance(error, InvalidInput) else f"{type(error).__name__}: {error}"
            incoming.failed.append(Failure(f"{file}, line {number}", f"it is no article as export writes it: {said}"))
        if on_progress is not None and on_progress(Progress(done, size, f"line {number}")) is False:
            stopped = done < size
            break
    incoming.flush()
    return AddReport(
        added=tuple(incoming.added),
        skipped=tuple(incoming.skipped),
        failed=tuple(incoming.failed),
        flagged=tuple(incoming.flagged),
        stopped=stopped,
    )


class _Incoming:
    """Articles on their way in, some passages to a transaction."""

    def __init__(self, store: Store, encoder: Callable[[], Encoder]) -> None:
        self.store, self._encoder = store, encoder
        self._waiting: list[tuple[Removed, list[Passage]]] = []
        self.added: list[str] = []
        self.skipped: list[str] = []
        self.failed: list[Failure] = []
        self.flagged: list[Flagged] = []

    def take(self, one: Removed) -> None:
        if any(waiting.article.id == one.article.id for waiting, _ in self._waiting):
            self.flush()
        article_id = one.article.id
        stored = self.store.fingerprint(article_id)
        if stored == one.fingerprint:
            self.skipped.append(article_id)
            return
        if stored is not None:
            raise InvalidInput(
                f"the library has another version of the article {article_id!r}, which stays; remove it for this one"
            )
        passages = [] if "consent-wall" in one.article.flags else split(one.article)
        if not passages and not one.article.flags:
            raise InvalidInput(f"the article {article_id!r} holds no text that could be searched")
        self._waiting.append((one, passages))
        if sum(len(own) for _, own in self._waiting) >= BATCH_PASSAGES:
            self.flush()

    def flush(self) -> None:
        if not self._waiting:
            return
        pairs = [(one.article, passage) for one, passages in self._waiting for passage in passages]
        encoded = iter(encode(pairs, self.store, self._encoder))
        with self.store.write():
            for one, passages in self._waiting:
                self.store.put(
                    one.article,
                    fingerprint=one.fingerprint,
                    text_hash=one.text_hash,
                    passages=[next(encoded) for _ in passages],
                    corrected=one.corrected,
                )
                for location, validators in one.locations:
                    if self.store.article_at(location) is None:
                        self.store.place(location, one.article.id, validators)
        for one, _ in self._waiting:
            self.added.append(one.article.id)
            self.flagged.extend(Flagged(one.article.id, one.article.id, flag) for flag in one.article.flags)
        self._waiting.clear()


def _lines(file: Path) -> Iterator[tuple[int, bytes, int, int]]:
    """(number, line, bytes up to its end, bytes of the file) of each line that is not blank."""
    try:
        size, done = file.stat().st_size, 0
        with file.open("rb") as lines:
            number = 0
            while line := lines.readline(_LONGEST_LINE):
                number, done = number + 1, done + len(line)
                if line.strip():
                    yield number, line, done, size
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}; name what `article-qa export` wrote") from error


def _take(incoming: _Incoming, line: bytes) -> None:
    said = json.loads(line.decode())
    if not isinstance(said, dict) or not {"article", "collection"} & said.keys():
        raise InvalidInput('it has neither "article" nor "collection"')
    if "collection" in said:
        location, kind = said["collection"]["location"], said["collection"]["kind"]
        if not isinstance(location, str) or not isinstance(kind, str):
            raise InvalidInput(f"collection is {shown(location)}, {shown(kind)}; both must be texts")
        incoming.store.remember(location, kind, given=True)
    else:
        incoming.take(_read(said))


def _line(one: Removed) -> dict[str, Any]:
    return {
        "article": article_json.to_json(one.article),
        "locations": [[location, version.etag, version.modified] for location, version in one.locations],
        "corrected": dict(one.corrected),
        "fingerprint": one.fingerprint,
        "text_hash": one.text_hash,
    }


def _read(said: Mapping[str, Any]) -> Removed:
    """Raises InvalidInput, KeyError, TypeError or ValueError where it is no line of an article."""
    given: dict[str, Any] = said["article"]
    if unknown := sorted(given.keys() - set(article_json.FIELDS)):
        raise InvalidInput(f"article has {shown(unknown[0])}; it may have {', '.join(article_json.FIELDS)}")
    article = article_json.from_json(given)
    corrected = said.get("corrected", {})
    if not isinstance(corrected, dict) or not corrected.keys() <= {*CORRECTABLE, "date_source"}:
        raise InvalidInput(f"corrected is {shown(corrected)}; give what the page says, by name of the fact")
    fingerprint, text_hash = fingerprint_of(article), text_hash_of(article)
    # As the page had them: a fact that was corrected, or a language that was told from the text, is not in its own.
    if _is_hash(said.get("text_hash")) and (corrected or said["text_hash"] == text_hash):
        text_hash = said["text_hash"]
        fingerprint = said["fingerprint"] if _is_hash(said.get("fingerprint")) else fingerprint
    if article.language is None:
        article = replace(article, language=language_of(article.text))
    locations = tuple(
        (_text(location), Validators(sendable(etag), sendable(modified)))
        for location, etag, modified in said.get("locations", ())
    )
    return Removed(article, 0, fingerprint, text_hash, corrected, locations)


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and len(value) == _HASH and value.isalnum()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"location is {shown(value)}; it must be a text")
    return value


def _write(write: Callable[[str], int], line: Mapping[str, Any]) -> None:
    write(json.dumps(line, ensure_ascii=False) + "\n")
