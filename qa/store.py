"""What a library is kept in: the calls that every engine has, and what they take and give.

Two engines have them: a folder on this machine (qa/sqlite.py, with what is searched in qa/index.py) and a Milvus server
(qa/milvus.py). Fusion, reranking and answers are the same over both; `tests/test_stores.py` is their contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from qa.checked import shown
from qa.errors import UnknownArticle

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.types import Article, ArticleSummary, Filters, Passage, Removed, Validators


@dataclass(frozen=True, slots=True)
class Vectors:
    """A passage's vector, float16 (dim,), and its token vectors as bytes (see embeddings/late.py)."""

    vector: NDArray[np.float16]
    tokens: bytes


@dataclass(frozen=True, slots=True)
class EncodedPassage:
    """A passage ready to be stored; `hash` is of the text that was embedded."""

    passage: Passage
    hash: bytes
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage as found in the store; `terms` are its search terms (qa/lexical.py), joined by spaces."""

    id: int
    passage: Passage
    vectors: Vectors
    terms: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What an article goes by, as search terms (qa/lexical.py) in order: its title, each of its headings, each author.

    `published` is its date, ISO 8601, as in Article.
    """

    title: tuple[str, ...]
    headings: tuple[tuple[str, ...], ...]
    authors: tuple[tuple[str, ...], ...]
    site: tuple[str, ...]
    published: str | None


NameColumn = Literal["title", "headings", "authors", "site"]


class Store(Protocol):
    """An open library. Safe for several threads, and for several processes.

    What a call has written before it returned, every later call sees, of whatever process. Any call raises
    LibraryClosed after `close`, LibraryBusy where others have kept it waiting too long, LibraryError where the engine
    fails.
    """

    @property
    def folder(self) -> Path:
        """A folder on this machine for what belongs to the library and is no article of it; it may not be there."""

    def close(self) -> None:
        """Closing twice is allowed."""

    # -- what the library knows of itself

    def meta(self, key: str) -> str | None: ...

    def set_meta(self, key: str, value: str) -> None:
        """Inside `write()` or alone."""

    @property
    def stamp(self) -> str:
        """Changes with every `write` that is over: two equal stamps are the same state of the same library."""

    def snapshot(self) -> AbstractContextManager[None]:
        """What this thread reads inside is of one state, where the engine can do that. Nothing is written inside."""

    def checkpoint(self) -> None:
        """Bring what can be rebuilt up to date, so that whoever opens the library next need not."""

    # -- articles

    def __len__(self) -> int: ...

    def article(self, article_id: str) -> Article:
        """Raises UnknownArticle."""

    def articles_by_id(self, ids: Iterable[str]) -> dict[str, Article]: ...

    def articles(self) -> Iterator[Article]:
        """In the order in which they were first added. Holds no lock between articles."""

    def summaries(self, search: str = "") -> list[ArticleSummary]:
        """In the order in which they were first added; those whose title, author or site holds `search`, folded."""

    def browse(
        self, search: str, *, order: str, descending: bool, offset: int, limit: int
    ) -> tuple[int, list[ArticleSummary]]:
        """How many articles match, and those of one page in this order (a key of records.ORDERS)."""

    def counted(self, what: Literal["years", "sites", "languages", "authors"]) -> dict[str, int]:
        """In how many articles each stands: years in order, the others the most frequent first."""

    def summaries_of(self, ids: Iterable[str]) -> dict[str, ArticleSummary]: ...

    def article_ids(self, filters: Filters) -> list[str]:
        """The articles that `filters` let through, in the order in which they were first added."""

    def articles_at(self, host: str) -> list[str]:
        """The articles of a web site, by its host's name or the end of it: "example.org" for "www.example.org"."""

    def languages(self) -> set[str | None]:
        """Those that articles are in."""

    def languages_of(self, article_ids: Iterable[str]) -> dict[str, str | None]: ...

    def fingerprint(self, article_id: str) -> str | None: ...

    def corrected(self, article_id: str) -> dict[str, Any]:
        """Which facts of an article were corrected by hand, each with what its page says."""

    def as_removed(self, article_id: str) -> Removed:
        """All that is needed to put an article back. Raises UnknownArticle."""

    def article_with_text(self, text_hash: str) -> str | None:
        """The first article read from a page (not given by code) that has this text."""

    # -- where they came from

    def article_at(self, location: str) -> str | None: ...

    def locations(self, article_id: str | None = None) -> list[tuple[str, str]]:
        """(location, article id), of one article or of all."""

    def alias(self, address: str) -> str | None:
        """The location that `address` was found to lead to."""

    def validators(self, location: str, *, collections: bool = False) -> Validators | None:
        """What the server said of the version of a page that is stored; with `collections`, also of a collection."""

    def collections(self) -> list[tuple[str, str]]:
        """(location, kind) of the collections that the user gave, folders among them."""

    def is_removed(self, location: str) -> bool:
        """Whether the user removed the article that was read there."""

    def removed_locations(self) -> list[str]: ...

    # -- writing

    def write(self) -> AbstractContextManager[None]:
        """What is done inside becomes one change; a second one inside belongs to the first.

        On this machine that is a transaction, all or nothing, and others wait for it. On a server each article is
        whole or not there, and what was done before an error stays done.
        """

    def put(
        self,
        article: Article,
        *,
        fingerprint: str,
        text_hash: str,
        passages: Sequence[EncodedPassage],
        corrected: Mapping[str, Any] | None = None,
        position: int | None = None,
    ) -> None:
        """Store `article` in place of what had its id; a new one at `position` if that is free, else as the last.

        `fingerprint` and `text_hash` are of what was read, `corrected` says which facts of it were corrected since.
        """

    def place(self, location: str, article_id: str, validators: Validators | None = None) -> None:
        """Note that `article_id` is what was read at `location`, and that it is wanted there."""

    def place_alias(self, address: str, location: str) -> None:
        """Note that `address` redirects to `location`."""

    def move(self, location: str, to: str) -> None:
        """Note that what stood at `location` is now at `to`, where nothing was known to be."""

    def forget_location(self, location: str) -> None: ...

    def forget_removal(self, location: str) -> None: ...

    def remove(self, article_id: str, *, for_good: bool = False) -> None:
        """`for_good`: the user does not want it; its locations are remembered as removed. Raises UnknownArticle."""

    def remember(self, location: str, kind: str, *, given: bool) -> None:
        """Note a collection; one that was given once stays given."""

    def set_version(self, location: str, found_at: str, validators: Validators) -> None:
        """Note the version of a collection of which every entry has been read."""

    def forget_collection(self, location: str) -> bool:
        """Whether there was one."""

    def replace_passages(self, article_id: str, passages: Sequence[EncodedPassage]) -> None: ...

    def known_vectors(self, hashes: Iterable[bytes], *, pending: bool = False) -> dict[bytes, Vectors]:
        """Vectors already made for texts with these hashes; `pending`: those of an unfinished reindex."""

    def put_pending(self, vectors: dict[bytes, Vectors]) -> None: ...

    def clear_pending(self) -> None: ...

    # -- passages

    @property
    def passage_count(self) -> int: ...

    @property
    def mean_terms(self) -> float:
        """How many search terms a passage has, on average; 0 where there is none."""

    def recount(self) -> None:
        """Count passages and terms anew, where the counts are kept beside them."""

    def passages(self, article_id: str) -> list[Passage]:
        """In order."""

    def passage_ids_of(self, article_id: str) -> list[int]:
        """In order."""

    def sample_ids(self, most: int) -> list[int]:
        """Ids of at most `most` passages, spread evenly."""

    def stored_passages(self, ids: Sequence[int]) -> dict[int, StoredPassage]: ...

    def near(self, vector: NDArray[np.float32], limit: int, filters: Filters) -> list[tuple[int, float]]:
        """(passage id, cosine) of the `limit` passages nearest to a unit vector, float32 (dim,), best first.

        Of all, or of those of the articles that `filters` let through. On a large library a few in a hundred of the
        nearest may be others, nearly as near.
        """

    def search_terms(self, wanted: Sequence[str], limit: int, filters: Filters) -> list[tuple[int, float]]:
        """(passage id, BM25) of the `limit` best passages that hold any of the terms, best first, higher is better.

        Of terms that very many passages hold only the rarer ones may be looked up.
        """

    def search_names(self, wanted: Iterable[str], among: Sequence[NameColumn], limit: int) -> list[str]:
        """Ids of the `limit` articles that best go by any of the terms in one of these ways, best first; -1: of all."""

    def passages_holding(self, wordings: Iterable[Sequence[str]], *, in_a_row: bool) -> dict[str, list[int]]:
        """Article id -> ids of its passages, in order, that hold the terms of any wording, in a row or anywhere."""

    def articles_named(self, wordings: Iterable[Sequence[str]], *, in_a_row: bool) -> set[str]:
        """Ids of the articles whose title or headings hold the terms of any wording, in a row or anywhere."""

    def names(self, ids: Iterable[str]) -> dict[str, Names]:
        """What these articles go by."""

    def passages_with_term(self, wanted: Sequence[str]) -> dict[str, int]:
        """In how many passages each term stands; terms that stand in none are left out."""

    def terms_from(self, beginning: str, shortest: int, longest: int) -> list[str]:
        """The terms of the passages that begin so, of `shortest` to `longest` characters."""


def unknown_article(article_id: str) -> UnknownArticle:
    """What a call raises for an id that no article has."""
    return UnknownArticle(f"no article has the id {shown(article_id)}; `article-qa list` shows the ids there are")
