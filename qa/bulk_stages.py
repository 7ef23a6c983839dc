"""What a bulk run does on the machines of a cluster: read, extract and split; ask what is stored; encode.

Nothing here decides what becomes of an article: that is done where the library is written (qa/bulk.py), with the code
of `add`. Nothing here knows of Ray either (qa/bulk_ray.py).
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qa.encode import hash_of, vectors_of
from qa.errors import ModelMismatch, SourceError
from qa.gather import Found, Item, read
from qa.ingest import fingerprint_of, text_hash_of
from qa.language import language_of
from qa.split import embedded_text, split
from qa.store import Store, Vectors
from qa.types import Article

if TYPE_CHECKING:
    from embeddings.encoder import Encoder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """An item to read, and its place among all of them."""

    number: int
    item: Item


@dataclass(frozen=True, slots=True)
class Text:
    """A passage's text as it is encoded, of which `context` characters come before the passage itself."""

    hash: bytes
    text: str
    context: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a task on a worker: what was found, or why nothing was, or neither.

    Neither: its file is not on that machine, or it lists addresses, which many machines must not ask at once. It is
    left to the machine that began the run. `texts` are those of which the library has no vectors; `vectors` are
    theirs once they are encoded, by hash.
    """

    number: int
    found: Found | None = None
    failure: str = ""
    texts: tuple[Text, ...] = ()
    vectors: Mapping[bytes, Vectors] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """What the workers load: `source` and `dtype` as in `Library.open`, and the `identity` that it has to have."""

    source: str | Path | None
    dtype: str
    identity: str


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What the library is asked about an article before anything of it is encoded."""

    location: str | None
    article_id: str
    fingerprint: str
    text_hash: str
    hashes: tuple[bytes, ...]


def missing_vectors(inquiry: Inquiry, store: Store) -> frozenset[bytes]:
    """The hashes of the article's texts that are still to be encoded; none where the article is stored already.

    The library may be another by the time the article is stored. That costs time and nothing else: what has no
    vectors then is encoded there.
    """
    known = store.article_at(inquiry.location) if inquiry.location is not None else inquiry.article_id
    if known is not None and store.fingerprint(known) == inquiry.fingerprint:
        return frozenset()
    if inquiry.location is not None and store.article_with_text(inquiry.text_hash) is not None:
        return frozenset()
    return frozenset(inquiry.hashes).difference(store.known_vectors(inquiry.hashes))


def read_task(task: Task, ask: Callable[[Inquiry], frozenset[bytes]]) -> Reading:
    """What the task's item is, with its texts that `ask` (see missing_vectors) says are to be encoded."""
    from qa.web import Web

    item = task.item
    try:
        if isinstance(item.source, str) and not Path(item.source).exists():
            return Reading(task.number)
        found = read(item, Web(), known=lambda _: None)  # a file, a Page or an Article: no web site is asked
        if found.article is None:
            return Reading(task.number)
        return Reading(task.number, found, texts=_missing_texts(found, found.article, ask))
    except SourceError as error:
        return Reading(task.number, failure=str(error))
    except Exception as error:  # a page that breaks a reader must not end a run over millions
        logger.exception("reading %s failed", item.name)
        return Reading(task.number, failure=f"could not be read: {type(error).__name__}: {error}")


def _missing_texts(found: Found, article: Article, ask: Callable[[Inquiry], frozenset[bytes]]) -> tuple[Text, ...]:
    fingerprint, text_hash = fingerprint_of(article), text_hash_of(article)
    if article.language is None:
        article = replace(article, language=language_of(article.text))
    texts = {text.hash: text for text in _texts(article)}
    missing = ask(Inquiry(found.location, article.id, fingerprint, text_hash, tuple(texts)))
    return tuple(text for key, text in texts.items() if key in missing)


def _texts(article: Article) -> Iterator[Text]:
    for passage in [] if "consent-wall" in article.flags else split(article):
        text, context = embedded_text(article, passage)
        yield Text(hash_of(text), text, context)


class Encoding:
    """A model of its own in a worker process; loaded when the first text comes, which may be never."""

    def __init__(self, model: Model, threads: int) -> None:
        self._model, self._threads = model, threads

    @functools.cached_property
    def _encoder(self) -> Encoder:
        # Ray sets 1 where less than 2 processors are claimed. It is read when torch is loaded, which is not yet.
        os.environ["OMP_NUM_THREADS"] = str(max(1, min(self._threads, os.cpu_count() or 1)))
        from embeddings.encoder import Encoder

        encoder = Encoder(self._model.source, dtype=self._model.dtype)
        if encoder.identity != self._model.identity:
            raise ModelMismatch(
                f"the model of one of the machines is {encoder.identity}, that of the library {self._model.identity}; "
                "install the same version of article-qa and the same model on every machine"
            )
        return encoder

    def encode(self, readings: Sequence[Reading]) -> list[Reading]:
        """`readings` with vectors in place of texts. Raises ModelMismatch, ModelError."""
        texts = list({text.hash: text for reading in readings for text in reading.texts}.values())
        embedded = self._encoder.pack_passages([text.text for text in texts])
        vectors = {text.hash: vectors_of(one, text.context) for text, one in zip(texts, embedded, strict=True)}
        return [
            replace(reading, texts=(), vectors={text.hash: vectors[text.hash] for text in reading.texts})
            for reading in readings
        ]
