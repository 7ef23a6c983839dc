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
from qa.links import web_address
from qa.readers.bylines import all_names, marked_authors
from qa.readers.chrome import byline_names, same_text
from qa.readers.markup import attribute, json_ld, meta_values, tags, text_of, type_of, visible_lines
from qa.readers.published import published
from qa.types import DateSource

if TYPE_CHECKING:
    from bs4 import BeautifulSoup


@dataclass(frozen=True, slots=True)
class HtmlMetadata:
    """What a page says of itself. `titles` is every form of its title, for finding repeats of it in the text."""

    title: str
    titles: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    published: str | None = None
    date_source: DateSource | None = None
    site: str | None = None
    language: str | None = None
    url: str | None = None


_META_AUTHOR = tuple(
    """
    citation_author author article:author dc.creator dcterms.creator dc:creator parsely-author byl
    sailthru.author og:article:author article:author_name
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
    canonical = _canonical(soup, meta, url)
    nodes = _own_nodes(soup, meta, schema, {address for address in (canonical, url) if address})
    article: dict[str, Any] = next((node for node in nodes if node.get("headline")), nodes[0] if nodes else {})
    site = _site(soup, meta, schema, article, canonical or url)
    title, titles = _title(soup, meta, article, site)
    when = published(soup, meta=meta, nodes=nodes, titles=titles, url=canonical or url, day_first=_day_first(soup))
    return HtmlMetadata(
        title=title,
        titles=titles,
        authors=_authors(soup, meta, schema, article, site),
        published=when.day if when else None,
        date_source=when.source if when else None,
        site=site,
        language=_language(soup, meta),
        url=canonical,
    )


def _own_nodes(
    soup: BeautifulSoup, meta: dict[str, list[str]], schema: list[dict[str, Any]], addresses: set[str]
) -> list[dict[str, Any]]:
    """The JSON-LD objects that are about this page's article, the best first.

    Pages also describe their videos, products, and the articles they link to. Of several headlines only those count
    that the page gives as its own title, or that name its address; one alone needs no such witness.
    """
    articles = [node for node in schema if _ARTICLE_TYPE.search(type_of(node)) and type_of(node) != "Review"]
    headed = [node for node in articles if text_of(node.get("headline"))]
    if len({same_text(text_of(node["headline"])) for node in headed}) > 1:
        stated = [text for key in _META_TITLE for text in meta.get(key, ())]
        stated += [one_line(tag.get_text(" ")) for tag in islice(tags(soup, "title", "h1"), 8)]
        keys = [key for key in map(same_text, stated) if key]
        own = [
            node
            for node in headed
            if any(same_text(text_of(node["headline"])) in key for key in keys)
            or addresses & {str(node.get("url")), str(node.get("@id")), *_pages(node)}
        ]
        headed = own
    plain = [node for node in articles if not text_of(node.get("headline"))]
    return [*headed, *(node for node in plain if node.get("datePublished") or node.get("author"))]


def _pages(node: dict[str, Any]) -> tuple[str, ...]:
    """The addresses of the pages that a JSON-LD object is the main thing of."""
    page = node.get("mainEntityOfPage")
    return tuple(str(page.get(key)) for key in ("@id", "url")) if isinstance(page, dict) else (str(page),)


def _day_first(soup: BeautifulSoup) -> bool | None:
    """How the page's language writes 03/04/2020; None where it does not say, or says no more than "English"."""
    html = soup.find("html")
    language = (attribute(html, "lang") if html else "").strip().lower().replace("_", "-")
    return None if not re.match(r"[a-z]{2}(?:-|$)", language) or language == "en" else language != "en-us"


def _title(
    soup: BeautifulSoup, meta: dict[str, list[str]], article: dict[str, Any], site: str | None
) -> tuple[str, tuple[str, ...]]:
    """The title, and every form in which the page gives it, the best first.

    What a reader sees above the article: the page's only h1, where its document title begins with it too or it is
    another wording of the stated title; else the stated title, unless an h1 of two or more words is contained in it:
    then that, which lacks the site's name.
    """
    headline = text_of(article.get("headline"))
    stated = [text for key in _META_TITLE for text in meta.get(key, ())[:1]]
    heads = [text for tag in islice(tags(soup, "h1"), 6) if (text := one_line(tag.get_text(" ")))]
    only = heads[0] if len(set(heads)) == 1 else ""
    heads += [
        text
        for tag in islice(tags(soup, itemprop=re.compile("^headline$")), 2)
        if (text := one_line(tag.get_text(" ")))
    ]
    document = one_line(soup.title.get_text(" ")) if soup.title else ""
    parts = [part for part in _TITLE_GAP.split(document) if part] if document else []
    candidates = [text for text in (*stated[:1], headline, *stated[1:]) if text and len(text) < 400]
    if site:
        candidates = [text for text in candidates if not _is_name(text, site)]
    inside = [head for head in heads if len(head.split()) > 1 and same_text(head) in same_text(document)]
    if candidates:
        best = candidates[0]
    elif inside and not _is_name(inside[0], site):
        best = max(inside, key=len)
    elif len(heads) == 1 and same_text(heads[0]) not in map(same_text, parts[1:]) and not _is_name(heads[0], site):
        best = heads[0]
    else:
        best = max(parts[:1] + parts[-1:], key=len) if parts else (heads or [document])[0]
    if only and _is_headline(only, best, site, begins=same_text(only) in map(same_text, parts[:1] or [document])):
        best = only
    for head in heads:
        if len(head.split()) >= 2 and same_text(head) and same_text(head) in same_text(best):
            # A heading's own markup may part its words: "Salt , and tin"
            best = head if "".join(head.split()) != "".join(best.split()) else best
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


def _is_headline(head: str, stated: str, site: str | None, *, begins: bool) -> bool:
    """Whether a page's only h1 is its headline, and not the stated title; `begins`: the document title begins with it.

    Search engines and social networks are often given a title of their own, in other words. No headline: the site's
    name or motto, and a headline with a label before it ("Opinion | Salt and tin"), which the stated title lacks.
    """
    if len(head) >= 400 or _is_name(head, site) or same_text(stated) in same_text(head):
        return False
    words = {word.casefold() for word in re.findall(r"[^\W_]{4,}", stated)}
    return begins or (
        len(head.split()) >= 3
        and not (site and same_text(head).startswith(same_text(site)))
        and any(word.casefold() in words for word in re.findall(r"[^\W_]{4,}", head))
    )


def _is_name(head: str, site: str | None) -> bool:
    """Whether a heading is the site's name, or that without its ending ("The Quay" of thequay.example)."""
    return bool(site) and same_text(site or "").startswith(same_text(head))


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
            if "Organization" in type_of(person) and "Person" not in type_of(person):
                continue
            person = person.get("name")
        people.extend(person if isinstance(person, list) else [person])
    found = all_names([text_of(person) for person in people], site=site)
    if not found:
        for key in _META_AUTHOR:
            if found := all_names(meta.get(key, []), site=site):
                break
        else:
            label = " ".join(meta.get("twitter:label1", ()))  # "Written by", in the words of the page's language
            if byline_names(f"{label} X") or re.search(r"(?:von|by|por|par|da)$", label):
                found = all_names(meta.get("twitter:data1", ()), site=site)
    return found or marked_authors(soup, site=site)


def _site(
    soup: BeautifulSoup,
    meta: dict[str, list[str]],
    schema: list[dict[str, Any]],
    article: dict[str, Any],
    url: str | None,
) -> str | None:
    """The site's name as the page states it, else as its document title ends, else its host."""
    publisher = article.get("publisher")
    if isinstance(publisher, dict) and not publisher.get("name"):
        publisher = next(
            (node for node in schema if node.get("name") and node.get("@id") == publisher.get("@id")), None
        )
    for name in (
        *meta.get("og:site_name", ())[:1],
        text_of(publisher),
        *(text_of(node.get("name")) for node in schema if type_of(node) in ("WebSite", "NewsMediaOrganization")),
        *meta.get("application-name", ())[:1],
    ):
        if name and len(name) <= 80 and not name.startswith(("http:", "https:", "@")):
            return str(name)
    host = _host(url)
    name = _site_in_title(soup, [*meta.get("og:title", ()), text_of(article.get("headline"))])
    # "Salt and tin - News": what ends the title is the site's name only if its address says so too
    if name and (not host or any(len(word) > 2 and word.casefold() in host for word in re.findall(r"\w+", name))):
        return name.removeprefix("www.")
    return host or None


def _site_in_title(soup: BeautifulSoup, stated: list[str]) -> str | None:
    """What the document title adds to the stated title, or to a line of the page."""
    document = one_line(soup.title.get_text(" ")) if soup.title else ""
    gaps = list(_TITLE_GAP.finditer(document))
    if not gaps:
        return None
    name, before = document[gaps[-1].end() :], same_text(document[: gaps[-1].start()])
    if len(name) > 40:
        return None
    known = before in map(same_text, stated)
    return name if known or any(same_text(line) == before for line in islice(visible_lines(soup), 400)) else None


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
