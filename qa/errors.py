"""Every error the package raises on purpose.

    ArticleQAError
    ├── InvalidInput            an argument has a wrong type, range or form (also a ValueError)
    ├── SourceError             one source could not become an article; `add` reports it and goes on
    │   ├── UnsupportedSource   a kind of file or address that is not read
    │   ├── FetchError          a URL could not be fetched
    │   └── NoArticleText       the page was read and holds no article
    ├── LibraryError            the library's folder or file is not as it should be
    │   ├── LibraryBusy         another process is writing
    │   ├── LibraryClosed       the library was used after `close`
    │   ├── ModelMismatch       the library was built with another model
    │   └── UnknownArticle      no article has this id (also a KeyError)
    └── ModelError              (embeddings) a model is missing, damaged or cannot be loaded

Messages say what failed, with which value, and what to do. "No answer" is a result, not an error.
"""

from __future__ import annotations

from embeddings.errors import ArticleQAError, ModelError

__all__ = [
    "ArticleQAError",
    "FetchError",
    "InvalidInput",
    "LibraryBusy",
    "LibraryClosed",
    "LibraryError",
    "ModelError",
    "ModelMismatch",
    "NoArticleText",
    "SourceError",
    "UnknownArticle",
    "UnsupportedSource",
]


class InvalidInput(ArticleQAError, ValueError):
    """An argument has a wrong type, range or form; the message names it and its value."""


class SourceError(ArticleQAError):
    """One source could not become an article."""


class UnsupportedSource(SourceError):
    """The source is of a kind that is not read; the message lists the kinds that are."""


class FetchError(SourceError):
    """A URL could not be fetched: refused, timed out, too large, or answered with an error.

    `status` is the HTTP status where the server gave one.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class NoArticleText(SourceError):
    """The page was read, and there is no article text in it."""


class LibraryError(ArticleQAError):
    """The library's folder or file is not as it should be."""


class LibraryBusy(LibraryError):
    """Another process holds the write lock of this library."""


class LibraryClosed(LibraryError):
    """The library was used after it was closed."""


class ModelMismatch(LibraryError):
    """The library's vectors were made by another model than the one at hand."""


class UnknownArticle(LibraryError, KeyError):
    """No article of the library has this id."""

    def __str__(self) -> str:  # KeyError would show the message's repr
        return str(self.args[0]) if self.args else ""
