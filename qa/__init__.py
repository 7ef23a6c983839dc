"""Question answering over a person's own articles: the sentences that answer, each cited to its exact place.

    from qa import Library

    with Library.open("my-library") as library:
        library.add(["saved-pages/", "https://example.org/post"])
        print(library.ask("Who brokered the talks?").text)

Everything public is a name of this module. Importing it loads only the standard library: what reads pages
and what searches them is imported when `read_page` or `Library` is first touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qa.errors import (
    ArticleQAError,
    FetchError,
    InvalidInput,
    LibraryBusy,
    LibraryClosed,
    LibraryError,
    ModelError,
    ModelMismatch,
    NoArticleText,
    SourceError,
    UnknownArticle,
    UnsupportedSource,
)
from qa.types import (
    AddReport,
    Answer,
    Article,
    ArticleSummary,
    Block,
    Citation,
    Collection,
    Failure,
    Filters,
    Flagged,
    Hit,
    Listing,
    Overview,
    Passage,
    Progress,
    Removed,
    Step,
    SyncReport,
    Turn,
    Verified,
)

if TYPE_CHECKING:
    from qa.extract import read_page
    from qa.library import Library

__version__ = "0.1.0"

__all__ = [
    "AddReport",
    "Answer",
    "Article",
    "ArticleQAError",
    "ArticleSummary",
    "Block",
    "Citation",
    "Collection",
    "Failure",
    "FetchError",
    "Filters",
    "Flagged",
    "Hit",
    "InvalidInput",
    "Library",
    "LibraryBusy",
    "LibraryClosed",
    "LibraryError",
    "Listing",
    "ModelError",
    "ModelMismatch",
    "NoArticleText",
    "Overview",
    "Passage",
    "Progress",
    "Removed",
    "SourceError",
    "Step",
    "SyncReport",
    "Turn",
    "UnknownArticle",
    "UnsupportedSource",
    "Verified",
    "__version__",
    "read_page",
]


def __getattr__(name: str) -> object:
    if name == "Library":
        from qa.library import Library

        return Library
    if name == "read_page":
        from qa.extract import read_page

        return read_page
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
