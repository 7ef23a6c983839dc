"""Bytes to the addresses they list: feeds, sitemaps, OPML, bookmarks, plain lists of URLs. No network, no disk.

Formats: RSS 0.9 to 2.0, Atom and RDF (by feedparser), JSON Feed (jsonfeed.org), sitemaps and their indexes
(sitemaps.org, also gzipped), OPML 1 and 2 (opml.org), the Netscape bookmark file that every browser exports.
What a file is, is read off its content: names and media types are wrong too often.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin

from qa.addresses import is_address, without_fragment
from qa.charset import decode
from qa.errors import InvalidInput, SourceError
from qa.inflate import TooMuch, inflated, is_gzip
from qa.types import iso_date
from qa.web import MAX_BYTES

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

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
_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)")
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
    if _BOOKMARKS.match(head):
        return _listing("bookmarks", _bookmarks(content, charset), location)
    root = _root(head)
    if root in ("rss", "feed") or (root == "RDF" and ("purl.org/rss" in head or "netscape.com/rdf" in head)):
        return _listing("feed", _feed(content, location, charset), location)
    if root == "urlset":
        return _listing("sitemap", _sitemap(content, location, "url"), location)
    if root == "sitemapindex":
        return _listing("sitemap index", _sitemap(content, location, "sitemap"), location)
    if root == "opml":
        return _listing("OPML", _opml(content, location), location)
    if head.lstrip().startswith("{") and _JSON_FEED.search(head):
        return _listing("feed", _json_feed(content, location, charset), location)
    if media_type in (None, "text/plain", "application/octet-stream", "application/gzip", "application/x-gzip"):
        lines = [line.strip() for line in decode(content, charset).splitlines()] if _begins_as_list(head) else []
        lines = [line for line in lines if line and not line.startswith("#")]
        if lines and all(is_address(line) for line in lines):
            return _listing("list", (Entry(line) for line in lines), location)
    return None


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


def _feed(content: bytes, location: str, charset: str | None) -> Iterator[Entry]:
    if len(content) > MAX_FEED_BYTES:
        raise SourceError(f"{location} is a feed of {len(content)} bytes; feeds of up to {MAX_FEED_BYTES} are read")
    import feedparser

    headers = {"content-type": f"application/xml; charset={charset}"} if charset else {}
    if is_address(location):
        headers["content-location"] = location  # the base of relative links
    # A stream, as a string could be taken for an address and fetched.
    parsed = feedparser.parse(
        BytesIO(content), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not parsed.entries and parsed.bozo:
        raise SourceError(f"{location} is a damaged feed ({parsed.bozo_exception}); tell the site, or add its pages")
    # RSS 1.0 has no date of its own: dc:date is when an item appeared, and feedparser calls that "updated".
    is_rdf = parsed.version in ("rss10", "rss090")
    for entry in parsed.entries:
        published = entry.get("published") or (entry.get("updated") if is_rdf else None)
        url = entry.get("feedburner_origlink") or entry.get("link") or _only_link(entry)
        if url:
            yield Entry(url, _day(published))


def _only_link(entry: Any) -> str:
    """Where an entry has no link to its page by the book: the first that leads to no attachment."""
    links = [link for link in entry.get("links", []) if link.get("rel") in (None, "self", "via")]
    return str(links[0].get("href", "")) if links else ""


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


def _json_feed(content: bytes, location: str, charset: str | None) -> Iterator[Entry]:
    try:
        data = json.loads(decode(content, charset))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{location} is a damaged JSON feed ({error}); tell the site, or add its pages") from error
    items = data.get("items") if isinstance(data, dict) else None
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            url = item.get("url") or item.get("external_url") or item.get("id")
            if isinstance(url, str):
                yield Entry(url, _day(item.get("date_published")))


def _elements(content: bytes, location: str, *names: str) -> Iterator[Any]:
    """The elements of these local names, one by one, each forgotten after its turn. Entities are not resolved."""
    from lxml import etree

    try:
        found = etree.iterparse(
            BytesIO(content),
            events=("end",),
            tag=[f"{{*}}{name}" for name in names],
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
    except etree.XMLSyntaxError as error:
        raise SourceError(f"{location} is damaged XML ({error}); download it again") from error


def _sitemap(content: bytes, location: str, name: str) -> Iterator[Entry]:
    for element in _elements(content, location, name):
        url = next((child.text for child in element.iterchildren("{*}loc") if child.text), None)
        # A news sitemap says when a page appeared; lastmod says when anything on it changed.
        published = element.find("{*}news/{*}publication_date")
        if url:
            yield Entry(url, _day(published.text) if published is not None else None)


def _opml(content: bytes, location: str) -> Iterator[Entry]:
    for element in _elements(content, location, "outline"):
        named = {str(key).lower(): str(value) for key, value in element.attrib.items()}
        url = named.get("xmlurl") or (named.get("url") if named.get("type", "link").lower() != "include" else None)
        if url:
            yield Entry(url)


def _bookmarks(content: bytes, charset: str | None) -> Iterator[Entry]:
    from bs4 import BeautifulSoup
    from bs4.filter import SoupStrainer

    # No element of the file is closed but the links: without the strainer its tree is as deep as the list is long.
    soup: BeautifulSoup = BeautifulSoup(decode(content, charset), "html.parser", parse_only=SoupStrainer("a"))
    for link in soup.find_all("a", href=True):
        yield Entry(str(link["href"]))
