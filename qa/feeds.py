"""Bytes to the addresses they list: feeds, sitemaps, OPML, bookmarks, plain lists of URLs. No network, no disk.

Formats: RSS 0.9 to 2.0, Atom and RDF (by feedparser), JSON Feed (jsonfeed.org), sitemaps and their indexes
(sitemaps.org, also gzipped), OPML 1 and 2 (opml.org), the Netscape bookmark file that every browser exports.
What a file is, is read off its content: names and media types are wrong too often.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any, Literal
from urllib.parse import urljoin

from qa.addresses import is_address, without_fragment
from qa.charset import decode
from qa.errors import InvalidInput, SourceError
from qa.inflate import TooMuch, inflated, is_gzip
from qa.types import iso_date
from qa.web import MAX_BYTES

Kind = Literal["feed", "sitemap", "sitemap index", "OPML", "bookmarks", "list"]

MAX_ENTRIES = 50_000  # of one collection: what sitemaps.org allows a sitemap
MAX_FEED_BYTES = 10 * 2**20  # feedparser takes up to 0.7 s a MiB, and keeps every text in memory
# Besides those of pages: what servers call a collection, and what files of one are called.
MEDIA_TYPES = frozenset(
    """
    application/rss+xml application/atom+xml application/rdf+xml application/xml text/xml application/feed+json
    application/json text/x-opml text/x-opml+xml application/opml+xml application/gzip application/x-gzip
    application/octet-stream
    """.split()
)
SUFFIXES = (".xml", ".rss", ".atom", ".rdf", ".opml", ".json", ".xml.gz", ".txt.gz")

_PROLOGUE = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s[^<>\[]*(?:\[.*?\]\s*)?>", re.S | re.I)
_DECLARATION = re.compile(r"<\?xml\b[^<>]*>")
_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)")
_ROOTS: dict[str, Kind] = {
    "rss": "feed",
    "feed": "feed",
    "urlset": "sitemap",
    "sitemapindex": "sitemap index",
    "opml": "OPML",
}
_MAY_BE_LIST = (None, "text/plain", "application/octet-stream", "application/gzip", "application/x-gzip")
_BOOKMARKS = re.compile(r"\s*<!DOCTYPE\s+NETSCAPE-Bookmark-file-1\b", re.I)
_JSON_FEED = re.compile(r'"version"\s*:\s*"https?:\\?/\\?/jsonfeed\.org\\?/version\\?/', re.I)
_HEAD = 65_536  # characters in which the root must begin; before it stand comments, licences, entities
_FEED_LINK = re.compile(r"^application/(?:rss\+xml|atom\+xml|rdf\+xml|feed\+json)$", re.I)
_ISO_DAY = re.compile(r"\s*(\d{4}-\d\d-\d\d)(?:[T\s]|$)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One address of a collection; `published` is the day its feed says it appeared, ISO 8601, or None."""

    url: str
    published: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a collection lists, in its order, each address once and without its fragment.

    `skipped` counts what is no http or https address, by its scheme; `cut` says that MAX_ENTRIES were
    taken and more are there.
    """

    kind: Kind
    entries: tuple[Entry, ...]
    skipped: tuple[tuple[str, int], ...] = ()
    cut: bool = False

    @property
    def nests(self) -> bool:
        """Whether its entries may be collections themselves. Those of a feed or a sitemap are pages."""
        return self.kind not in ("feed", "sitemap")


def read_listing(
    content: bytes, *, location: str, media_type: str | None = None, charset: str | None = None
) -> Listing | None:
    """What `content` lists; None where it is no collection of addresses.

    `location` is the path or URL it was read at: relative links are resolved against it. `media_type` and
    `charset` are what the transport said. Raises SourceError where it is a collection and cannot be read.
    """
    if is_gzip(content):
        try:
            content = b"".join(inflated([content], limit=MAX_BYTES))
        except TooMuch as error:
            raise SourceError(f"{location} holds more than {MAX_BYTES} bytes; split it") from error
        except ValueError as error:
            raise SourceError(f"{location} is {error}; download it again") from error
    head = _head(content, charset)
    kind = _kind(head)
    if kind is None:
        if media_type not in _MAY_BE_LIST or not _begins_as_list(head):
            return None
        lines = [line.strip() for line in decode(content, charset).splitlines()]
        lines = [line for line in lines if line and not line.startswith("#")]
        return _listing("list", map(Entry, lines), location) if all(map(is_address, lines)) else None
    if kind == "feed" and len(content) > MAX_FEED_BYTES:
        raise SourceError(f"{location} is a feed of {len(content)} bytes; feeds of up to {MAX_FEED_BYTES} are read")
    # Decoded here once for all: what the parsers' own decoding makes of wrong declarations are errors of many kinds.
    text = _DECLARATION.sub("", decode(content, charset), count=1).lstrip("\ufeff \t\r\n")
    try:
        return _listing(kind, _ENTRIES[kind](text), location)
    except Exception as error:  # feedparser lets errors of a dozen kinds through on damaged feeds
        raise SourceError(f"{location} is a damaged {kind} ({error}); download it again, or tell the site") from error


def advertised_feeds(html: str, *, base: str) -> list[str]:
    """The feeds that an HTML page names in its head, as URLs: what to add where the page itself is no article."""
    from bs4 import BeautifulSoup
    from bs4.filter import SoupStrainer

    links = BeautifulSoup(html, "lxml", parse_only=SoupStrainer("link"))
    found = [
        urljoin(base, str(link["href"]).strip())
        for link in links.find_all("link", href=True, type=_FEED_LINK)
        if "alternate" in [each.lower() for each in link.get_attribute_list("rel") if each]
    ]
    return list(dict.fromkeys(url for url in found if is_address(url)))


def _listing(kind: Kind, entries: Iterable[Entry], location: str) -> Listing:
    found: dict[str, Entry] = {}
    skipped: dict[str, int] = {}
    cut = False
    base = location if is_address(location) else ""
    for entry in entries:
        try:
            url = without_fragment(urljoin(base, entry.url.strip()))
        except ValueError:
            url = entry.url
        if not is_address(url):
            scheme = url.partition(":")[0].lower() if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url) else "no address"
            skipped[scheme] = skipped.get(scheme, 0) + 1
        elif url not in found:
            if len(found) == MAX_ENTRIES:
                cut = True
                break
            found[url] = Entry(url, entry.published)
    return Listing(kind, tuple(found.values()), tuple(sorted(skipped.items())), cut)


def _head(content: bytes, charset: str | None) -> str:
    """The beginning as text, good enough to see what it is: names of elements are ASCII."""
    head = content[:_HEAD]
    if b"\0" in head:  # UTF-16 or UTF-32
        return decode(head, charset)
    return head.removeprefix(codecs.BOM_UTF8).decode("latin-1")


def _kind(head: str) -> Kind | None:
    """What begins with `head`; None where it is no collection, or a list of addresses."""
    if _BOOKMARKS.match(head):
        return "bookmarks"
    root = _root(head) or ""
    if root in _ROOTS:
        return _ROOTS[root]
    if root == "RDF" and ("purl.org/rss" in head or "netscape.com/rdf" in head):
        return "feed"
    return "feed" if head.lstrip().startswith("{") and _JSON_FEED.search(head) else None


def _root(head: str) -> str | None:
    """The local name of the XML root element; None where no element begins after the prologue."""
    at = 0
    while match := _PROLOGUE.match(head, at):
        at = match.end()
    root = _ROOT.match(head, at)
    return root[1] if root else None


def _begins_as_list(head: str) -> bool:
    """A look at the first lines, so that a book is not cut into lines to find that it is no list."""
    lines = (line.strip() for line in head.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return is_address(first) or len(first) >= _HEAD


def _feed(text: str) -> Iterator[Entry]:
    if text.lstrip().startswith("{"):
        yield from _json_feed(text)
        return
    import feedparser

    parsed = feedparser.parse(
        BytesIO(text.encode()),  # a stream, as a string could be taken for an address and fetched
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if parsed.bozo and not any(map(_link, parsed.entries)):
        raise ValueError(parsed.bozo_exception)
    # RSS 1.0 has no date of its own: dc:date is when an item appeared, and feedparser calls that "updated".
    is_rdf = parsed.version in ("rss10", "rss090")
    for entry in parsed.entries:
        published = entry.get("published") or (entry.get("updated") if is_rdf else None)
        url = entry.get("feedburner_origlink") or _link(entry)
        if url:
            yield Entry(str(url), _day(published))


def _link(entry: Any) -> str:
    """Where an entry's page is: its link, its id where that is an address, or the first link to no attachment."""
    link = str(entry.get("link") or "")
    if link and (is_address(link) or link != entry.get("id")):
        return link
    others = [other for other in entry.get("links", []) if other.get("rel") in (None, "self", "via")]
    return str(others[0].get("href", "")) if others else ""


def _day(date: Any) -> str | None:
    """The day of a feed's date as its publisher wrote it, whatever the zone; None where none can be read."""
    if not isinstance(date, str):
        return None
    try:
        iso = _ISO_DAY.match(date)
        day = iso_date(iso[1], "date") if iso else parsedate_to_datetime(date).date().isoformat()
    except (ValueError, OverflowError, InvalidInput):
        return None
    return day if day > "1970-01-01" else None  # the epoch stands for "not known"


def _json_feed(text: str) -> Iterator[Entry]:
    data = json.loads(text)
    items = data.get("items") if isinstance(data, dict) else None
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            url = item.get("url") or item.get("external_url") or item.get("id")
            if isinstance(url, str):
                yield Entry(url, _day(item.get("date_published")))


def _elements(text: str, name: str) -> Iterator[Any]:
    """The elements of this local name, one by one, each forgotten after its turn. Entities are not resolved."""
    from lxml import etree

    found = etree.iterparse(
        BytesIO(text.encode()),
        events=("end",),
        tag=f"{{*}}{name}",
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        recover=True,
    )
    for _, element in found:
        yield element
        element.clear()
        while element.getprevious() is not None and element.getparent() is not None:
            del element.getparent()[0]


def _sitemap(text: str) -> Iterator[Entry]:
    for element in _elements(text, "url"):
        published = element.find("{*}news/{*}publication_date")  # lastmod says when anything on the page changed
        for url in _loc(element):
            yield Entry(url, _day(published.text) if published is not None else None)


def _sitemap_index(text: str) -> Iterator[Entry]:
    for element in _elements(text, "sitemap"):
        for url in _loc(element):
            yield Entry(url)


def _loc(element: Any) -> list[str]:
    return [child.text for child in element.iterchildren("{*}loc") if child.text][:1]


def _opml(text: str) -> Iterator[Entry]:
    for element in _elements(text, "outline"):
        named = {str(key).lower(): str(value) for key, value in element.attrib.items()}
        url = named.get("xmlurl") or (named.get("url") if named.get("type", "link").lower() != "include" else None)
        if url:
            yield Entry(url)


def _bookmarks(text: str) -> Iterator[Entry]:
    from bs4 import BeautifulSoup
    from bs4.filter import SoupStrainer

    # No element of the file is closed but the links: without the strainer its tree is as deep as the list is long.
    soup = BeautifulSoup(text, "html.parser", parse_only=SoupStrainer("a"))
    for link in soup.find_all("a", href=True):
        yield Entry(str(link["href"]))


_ENTRIES: dict[Kind, Callable[[str], Iterator[Entry]]] = {
    "feed": _feed,
    "sitemap": _sitemap,
    "sitemap index": _sitemap_index,
    "OPML": _opml,
    "bookmarks": _bookmarks,
}
