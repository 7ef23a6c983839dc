"""Title, authors, date, site, language and canonical address of an HTML page, as the page itself states them.

Nothing here is a guess: a date without a source that says "published" stays out, because a wrong date
in a citation is worse than none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from qa.blocks import one_line
from qa.bylines import all_names, marked_authors
from qa.chrome import same_text
from qa.dates import iso_day
from qa.links import web_address
from qa.markup import attribute, json_ld, meta_values, tags, text_of, type_of, visible_lines

if TYPE_CHECKING:
    from bs4 import BeautifulSoup


@dataclass(frozen=True, slots=True)
class HtmlMetadata:
    """What a page says of itself. `titles` is every form of its title, for finding repeats of it in the text."""

    title: str
    titles: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    published: str | None = None
    site: str | None = None
    language: str | None = None
    url: str | None = None


_META_AUTHOR = tuple(
    """
    author article:author citation_author dc.creator dcterms.creator dc:creator parsely-author byl
    sailthru.author og:article:author article:author_name
    """.split()
)
_META_DATE = tuple(
    """
    article:published_time og:article:published_time datepublished date.published publishdate publish-date
    publish_date pubdate parsely-pub-date sailthru.date citation_publication_date citation_date
    citation_online_date dc.date.issued dcterms.issued dc.date dcterms.date dcterms.created dc.date.created
    originalpublicationdate article_date_original cxenseparse:recs:publishtime
    shareaholic:article_published_time bt:pubdate rnews:datepublished date
    """.split()
)
_META_TITLE = (
    "og:title",
    "citation_title",
    "dc.title",
    "dcterms.title",
    "parsely-title",
    "sailthru.title",
    "twitter:title",
    "headline",
)
_ARTICLE_TYPE = re.compile(
    r"Article|BlogPosting|Report|Review|WebPage|CreativeWork|LiveBlog|NewsItem|Recipe|Posting", re.I
)
_TITLE_GAP = re.compile(r"\s+(?:[|–—·•»«~⋆*]|::|-|/)\s+|\s*[|»]\s*")


def of_html(soup: BeautifulSoup, url: str | None = None) -> HtmlMetadata:
    """What the page says of itself; `url` is where it was found."""
    url = url if _host(url) else None
    meta = meta_values(soup)
    schema = list(json_ld(soup))
    article = next((node for node in schema if _ARTICLE_TYPE.search(type_of(node)) and node.get("headline")), None)
    article = article or next((node for node in schema if node.get("datePublished") or node.get("author")), {})
    canonical = _canonical(soup, meta, url)
    site = _site(meta, schema, article, canonical or url) or _site_in_title(soup)
    title, titles = _title(soup, meta, article, site)
    return HtmlMetadata(
        title=title,
        titles=titles,
        authors=_authors(soup, meta, schema, article, site),
        published=_published(soup, meta, article, titles, canonical or url),
        site=site,
        language=_language(soup, meta),
        url=canonical,
    )


def _title(
    soup: BeautifulSoup, meta: dict[str, list[str]], article: dict[str, Any], site: str | None
) -> tuple[str, tuple[str, ...]]:
    """The title, and every form in which the page gives it.

    The stated title, unless an h1 of two or more words is contained in it: then that, which lacks the site's name.
    """
    headline = text_of(article.get("headline"))
    stated = [text for key in _META_TITLE for text in meta.get(key, ())[:1]]
    heads = [text for tag in islice(tags(soup, "h1"), 6) if (text := one_line(tag.get_text(" ")))]
    heads += [
        text
        for tag in islice(tags(soup, itemprop=re.compile("^headline$")), 2)
        if (text := one_line(tag.get_text(" ")))
    ]
    document = one_line(soup.title.get_text(" ")) if soup.title else ""
    parts = [part for part in _TITLE_GAP.split(document) if part] if document else []
    candidates = [text for text in (*stated[:1], headline, *stated[1:]) if text and len(text) < 400]
    if site:
        candidates = [text for text in candidates if same_text(text) != same_text(site)]
    best = candidates[0] if candidates else ""
    if not best and len(heads) == 1:
        best = heads[0]
    if not best and parts:
        inside = [head for head in heads if same_text(head) in same_text(document) and len(head.split()) > 1]
        best = max(inside, key=len) if inside else max(parts[:1] + parts[-1:], key=len) if parts else document
    if not best:
        best = heads[0] if heads else document
    for head in heads:
        if len(head.split()) >= 2 and same_text(head) and same_text(head) in same_text(best):
            best = head
            break
    else:
        best = _without_site(best, site)
    # Where several h1 head the sections of a page, only those that say what the title says are forms of it.
    known = [key for key in map(same_text, (best, document, *candidates)) if key]
    own = heads if len(heads) == 1 else [head for head in heads if any(_alike(same_text(head), key) for key in known)]
    return best, tuple(dict.fromkeys(text for text in (best, *candidates, *own, document, *parts[:1]) if text))


def _alike(one: str, other: str) -> bool:
    """Whether one title is the other, or its greater part: "Headline" and "Headline | Site"."""
    short, long = sorted((one, other), key=len)
    return bool(short) and short in long and 2 * len(short) >= len(long)


def _without_site(title: str, site: str | None) -> str:
    """The headline of "Headline | Site": the last part goes where it is the site's name."""
    parts = list(_TITLE_GAP.finditer(title))
    if parts and site:
        gap = parts[-1]
        tail, key = same_text(title[gap.end() :]), same_text(site)
        if tail and (tail in key or key in tail):
            return title[: gap.start()].strip()
    return title


def _authors(
    soup: BeautifulSoup,
    meta: dict[str, list[str]],
    schema: list[dict[str, Any]],
    article: dict[str, Any],
    site: str | None,
) -> tuple[str, ...]:
    """JSON-LD first, then meta tags, then what the page marks or words as a byline."""
    by_id = {node["@id"]: node for node in schema if isinstance(node.get("@id"), str)}
    stated = article.get("author") or article.get("creator")
    people: list[Any] = []
    for person in stated if isinstance(stated, list) else [stated]:
        if isinstance(person, dict):
            person = by_id.get(str(person.get("@id")), person) if not person.get("name") else person
            if "Organization" in type_of(person):
                continue
            person = person.get("name")
        people.extend(person if isinstance(person, list) else [person])
    found = all_names([text_of(person) for person in people], site=site)
    if not found:
        for key in _META_AUTHOR:
            if found := all_names(meta.get(key, []), site=site):
                break
    return found or marked_authors(soup, site=site)


def _published(
    soup: BeautifulSoup, meta: dict[str, list[str]], article: dict[str, Any], titles: tuple[str, ...], url: str | None
) -> str | None:
    """The day the page says it was published: structured data, a time tag, the address, a date beside the headline."""
    for value in (
        article.get("datePublished"),
        article.get("dateCreated"),
        *(text for key in _META_DATE for text in meta.get(key, ())),
    ):
        if isinstance(value, str) and (day := iso_day(value)):
            return day
    for tag in islice(tags(soup, itemprop=re.compile("^datepublished$", re.I)), 3):
        for value in (attribute(tag, "datetime"), attribute(tag, "content"), one_line(tag.get_text(" "))):
            if day := iso_day(value):
                return day
    times = [tag for tag in tags(soup, "time") if not tag.find_parent(["nav", "footer", "aside", "li"])]
    times.sort(key=lambda tag: not (tag.has_attr("pubdate") or "publish" in attribute(tag, "class").lower()))
    for tag in times[:1]:
        if day := iso_day(attribute(tag, "datetime")) or iso_day(one_line(tag.get_text(" "))):
            return day
    if url and (match := re.search(r"/((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})(?=/|$)", urlsplit(url).path)):
        return iso_day("-".join(match.groups()))
    return _visible_date(soup, titles)


_NEAR = 400  # characters of visible text after the headline


def _visible_date(soup: BeautifulSoup, titles: tuple[str, ...]) -> str | None:
    """A date in the lines right after the headline, or right before it."""
    keys = {same_text(title) for title in titles}
    before: list[str] = []
    seen: int | None = None  # characters since the headline
    for text in visible_lines(soup):
        if seen is None:
            if same_text(text) in keys:
                seen = 0
            else:
                before = [*before[-2:], text]
            continue
        if len(text) < 120 and (day := iso_day(text)):
            return day
        seen += len(text)
        if len(text) > 160 or seen > _NEAR:
            break
    if seen is None:
        return None
    return next((day for text in reversed(before) if len(text) < 60 and (day := iso_day(text))), None)


def _site(
    meta: dict[str, list[str]], schema: list[dict[str, Any]], article: dict[str, Any], url: str | None
) -> str | None:
    for name in (
        *meta.get("og:site_name", ())[:1],
        text_of(article.get("publisher")),
        *(text_of(node.get("name")) for node in schema if type_of(node) in ("WebSite", "NewsMediaOrganization")),
        *meta.get("application-name", ())[:1],
    ):
        if name and len(name) <= 80 and not name.startswith(("http:", "https:", "@")):
            return str(name)
    host = _host(url)
    return host or None


def _site_in_title(soup: BeautifulSoup) -> str | None:
    """The site of a page without address or metadata: what its document title adds to a line of the page."""
    document = one_line(soup.title.get_text(" ")) if soup.title else ""
    gaps = list(_TITLE_GAP.finditer(document))
    if not gaps:
        return None
    name, before = document[gaps[-1].end() :], same_text(document[: gaps[-1].start()])
    lines = islice(visible_lines(soup), 400)
    return name if len(name) <= 40 and any(same_text(line) == before for line in lines) else None


def _host(url: str | None) -> str:
    try:
        host = (urlsplit(url).hostname or "") if url else ""
    except ValueError:
        return ""
    return host.removeprefix("www.").lower()


def _canonical(soup: BeautifulSoup, meta: dict[str, list[str]], url: str | None) -> str | None:
    """The address the page gives itself, without its fragment, if it is of the site it was found on."""
    links = [attribute(tag, "href") for tag in tags(soup, "link", rel=re.compile("^canonical$", re.I))]
    bases = [attribute(tag, "href").strip() for tag in islice(tags(soup, "base"), 1)]
    base = next((urljoin(url or "", value) for value in bases if _host(urljoin(url or "", value))), url)
    if url is None:
        # A tool that saves pages names the page itself there; a site's own base is a folder.
        links += [value for value in bases if not value.endswith("/")]
    for value in (*links, *meta.get("og:url", ())):
        try:
            address = urljoin(base or "", value.strip())
            parts = urlsplit(address)
            host = parts.hostname or ""
        except ValueError:
            continue
        if parts.scheme not in ("http", "https") or "." not in host or re.search(r"[\s<>\"]", address):
            continue
        if url and not _same_site(host, _host(url)):
            continue
        if url and parts.path in ("", "/") and urlsplit(url).path not in ("", "/"):
            continue  # many templates name the front page on every page
        return str(urlunsplit(parts._replace(fragment="")))
    return None


# What browsers and extensions write into the pages they save.
_SAVED_FROM = re.compile(
    r"<!--\s*saved from url=\(\d{4}\)(?P<browser>\S{1,2000}?)\s*-->|"
    r"Page saved with SingleFile\s+url:\s*(?P<single>\S{1,2000})|"
    r"<!--\s*Saved from (?P<monolith>\S{1,2000}) at \S+ using monolith\b|"
    r"<html[^>]{0,500}?\sdata-scrapbook-source=[\"'](?P<scrapbook>[^\"'\s]{1,2000})[\"']",
    re.I,
)
_SAVED_NEAR = 8192  # characters; the mark stands before or at the html tag


def saved_from(html: str) -> str | None:
    """The web address that a page saved to disk says it came from; None where it names none."""
    match = _SAVED_FROM.search(html[:_SAVED_NEAR])
    return web_address(unescape(str(match[match.lastgroup or 0]))) if match else None


def _same_site(one: str, other: str) -> bool:
    """Whether two hosts are of one site: equal, or one a subdomain of the other, or siblings ("m.", "amp.")."""
    one, other = one.lower().removeprefix("www."), other.lower().removeprefix("www.")
    first, second = (re.sub(r"^(?:m|mobile|amp|edition)\.", "", host) for host in (one, other))
    return first == second or first.endswith("." + second) or second.endswith("." + first)


_LANGUAGE = re.compile(r"^([a-z]{2})(?:$|[-_@.])", re.I)


def _language(soup: BeautifulSoup, meta: dict[str, list[str]]) -> str | None:
    html = soup.find("html")
    for value in (
        attribute(html, "lang") if html else "",
        attribute(html, "xml:lang") if html else "",
        *meta.get("content-language", ()),
        *meta.get("inlanguage", ()),
        *meta.get("og:locale", ()),
    ):
        if match := _LANGUAGE.match(value.strip()):
            return match[1].lower()
    return None
