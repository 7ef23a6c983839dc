"""What is to be read, one thing after the other: sources, and the addresses that collections among them list."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qa import checked
from qa.addresses import is_named_inside
from qa.errors import NoArticleText, SourceError, UnsupportedSource
from qa.types import Article, Page, Validators

if TYPE_CHECKING:
    from qa.feeds import Listing
    from qa.web import Web

Source = str | Path | Page | Article

MAX_DEPTH = 3  # collections inside one another: a bookmarks file with a sitemap index of sitemaps


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to read. `within` is the location of the collection that lists it, None where it was given.

    `opens`: where it turns out to be a collection, what it lists is read too. `published` is the day that
    its feed says. `private`: whether it may lie on the own network, where that is allowed: what was given may, and
    what is listed there; what is listed on the web may not.
    """

    source: str | Page | Article
    within: str | None = None
    depth: int = 0
    opens: bool = True
    published: str | None = None
    private: bool = True

    @property
    def name(self) -> str:
        source = self.source
        return source.id if isinstance(source, Article) else source.location if isinstance(source, Page) else source


@dataclass(frozen=True, slots=True)
class Found:
    """What an Item turned out to be: an article, or a collection; neither where the stored version is still the one.

    `location` is where it was read, None for an Article made by code; `private`: on this machine or its network.
    """

    location: str | None
    article: Article | None = None
    listing: Listing | None = None
    validators: Validators = field(default_factory=Validators)
    private: bool = False


def items(sources: Iterable[Source] | Source) -> list[Item]:
    """`sources` with folders replaced by the readable files in them; each path and address once.

    Raises InvalidInput before anything is read.
    """
    found: dict[object, Item] = {}
    for item in _items(sources):
        key = item.source if isinstance(item.source, str) else object()
        if key not in found or item.opens:  # a list that lies in an added folder and was also named
            found[key] = item
    return list(found.values())


def _items(sources: Iterable[Source] | Source) -> Iterator[Item]:
    from qa.sources import expand

    if isinstance(sources, (str, Path, Page, Article)):
        sources = [sources]
    if isinstance(sources, (bytes, Mapping)) or not isinstance(sources, Iterable):
        raise checked.wrong_type(sources, "sources", "paths, URLs, Pages or Articles")
    for source in sources:
        if isinstance(source, (Page, Article)):
            yield Item(source)
        else:
            # Adding a folder goes to no web site: a list of addresses in it waits to be added by its own name.
            in_folder = folder_of(source) is not None
            yield from (Item(location, opens=not in_folder) for location in expand([source]))


def folder_of(source: object) -> str | None:
    """The absolute path of the folder that `source` names; None where it names none."""
    if not isinstance(source, (str, Path)) or "://" in str(source) or not str(source).strip():
        return None
    try:
        path = Path(source).expanduser().resolve()
        return str(path) if checked.is_text(str(path)) and path.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # a name too long, "~" of nobody, NUL in it
        return None


def read(item: Item, web: Web, *, known: Callable[[str], Validators | None]) -> Found:
    """What `item` is. `known` tells of the stored versions of files and addresses, which are then not read again.

    Raises SourceError.
    """
    from qa import feeds, formats, sources
    from qa.extract import read as read_article

    if isinstance(item.source, Article):
        return Found(None, item.source)
    if isinstance(item.source, Page):
        return Found(item.source.location, read_article(item.source))
    validators, private = Validators(), True
    if sources.is_url(item.source):
        also = feeds.MEDIA_TYPES if item.opens else frozenset()
        fetched = sources.fetch(item.source, web, known=known, also=also, private=item.private)
        page, validators, private = fetched.page, fetched.validators, fetched.private
        if page is None:
            return Found(fetched.location, validators=validators)
    else:
        page = sources.read_file(item.source, also=feeds.SUFFIXES)
        validators = _version_of(page)
        if known(page.location) == validators:
            return Found(page.location, validators=validators)
    listing = feeds.read_listing(page.content, location=page.location, media_type=page.media_type, charset=page.charset)
    if listing is not None:
        if not item.opens or item.depth >= MAX_DEPTH:
            raise UnsupportedSource(
                f"{item.name} lists {len(listing.entries)} addresses ({listing.kind}) and is no article; "
                "add it by itself to have them read"
            )
        return Found(page.location, listing=listing, validators=validators, private=private)
    if page.media_type in feeds.MEDIA_TYPES and formats.by_content(page.content) is None:
        raise UnsupportedSource(
            f"{item.name} is {page.media_type} and neither a feed nor a sitemap nor a list of addresses; "
            f"readable are {formats.READABLE}, RSS, Atom and JSON feeds, sitemaps, OPML and bookmarks"
        )
    try:
        article = read_article(page)
    except NoArticleText as error:
        raise _with_feed(error, page) from error
    if item.published and article.published is None:
        article = replace(article, published=item.published, date_source="feed")
    return Found(page.location, article, validators=validators)


def opened(item: Item, found: Found) -> tuple[list[Item], list[str]]:
    """The items that a collection lists, and what is to be said of those that it does not become."""
    listing = found.listing
    assert listing is not None
    problems = []
    inside = [entry for entry in listing.entries if not found.private and is_named_inside(entry.url)]
    if inside:
        problems.append(
            f"entries left out that lead into your own network: {len(inside)}; add them by themselves if they are meant"
        )
    if listing.skipped:
        count = sum(number for _, number in listing.skipped)
        kinds = ", ".join(scheme for scheme, _ in listing.skipped)
        problems.append(f"entries left out that are no web addresses: {count} ({kinds})")
    if listing.cut:
        problems.append(f"it lists more than {len(listing.entries)} addresses; the others were left out")
    if not listing.entries and not problems:
        problems.append(f"it is a {listing.kind} without entries; `sync` looks again")
    left_out = {entry.url for entry in inside}
    new = [
        Item(entry.url, item.name, item.depth + 1, listing.nests, entry.published, found.private)
        for entry in listing.entries
        if entry.url not in left_out
    ]
    return new, problems


def _version_of(page: Page) -> Validators:
    """Of a file: what is in it, and which version of the readers made an article of that."""
    from qa import __version__

    return Validators(f"{__version__} {hashlib.blake2b(page.content, digest_size=16).hexdigest()}")


def _with_feed(error: NoArticleText, page: Page) -> SourceError:
    """The same error, with the feed that the page names: who gave a front page wants what it leads to."""
    from qa.charset import decode
    from qa.feeds import advertised_feeds

    if page.url is None or "html" not in page.media_type:
        return error
    feeds = advertised_feeds(decode(page.content, page.charset), base=page.url)
    return (
        NoArticleText(f"{error}. It names a feed of its articles, which can be added: {feeds[0]}") if feeds else error
    )
