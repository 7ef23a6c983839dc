"""The day on which a page was published, and where the page says so.

A wrong date in a citation is worse than none, so a date counts only where the page states it of this article:
structured data of the article itself, a date at its headline, its address. Dates of comments, of other articles, of
changes, and of copyright lines are none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qa.blocks import one_line
from qa.readers.bylines import byline_part
from qa.readers.chrome import same_text
from qa.readers.dates import DateSaid, dates_said, iso_day, says_only_when, set_off
from qa.readers.markup import UNSEEN, around_headings, attribute, elsewhere, tags
from qa.types import DateSource

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import PageElement


@dataclass(frozen=True, slots=True)
class Published:
    """A day, YYYY-MM-DD, and where it stands."""

    day: str
    source: DateSource


_META_PUBLISHED = tuple(
    """
    article:published_time og:article:published_time article:published article.published datepublished
    date.published published_time publishdate publish-date publish_date published pubdate pub_date
    publication_date parsely-pub-date sailthru.date citation_publication_date citation_online_date citation_date
    dc.date.issued dcterms.issued dc.date.published prism.publicationdate originalpublicationdate
    article_date_original cxenseparse:recs:publishtime cxenseparse:publishtime
    shareaholic:article_published_time bt:pubdate rnews:datepublished dc.date dcterms.date date
    """.split()
)


def published(
    soup: BeautifulSoup,
    *,
    meta: dict[str, list[str]],
    nodes: Sequence[dict[str, Any]],
    titles: Sequence[str],
    url: str | None,
    day_first: bool | None = None,
) -> Published | None:
    """The day of publication that the page states, None where it states none.

    `nodes` are the JSON-LD objects of the article itself, the best first; `titles` every form of its title;
    `day_first` says how the page's language reads 03/04/2020, None where that is open.
    """
    shown = _at_headline(soup, titles, day_first)
    seen = next((one for one in shown if one.label == "published"), None)
    seen = seen or next((one for one in shown if not one.label), None)
    stated = list(_structured(meta, nodes))
    if stated:
        # Where they differ, the one that the page shows too: it was right on all 5 such pages of 460 labelled ones
        days = {one.day for one in shown if one.label != "updated"}
        known, words = next((each for each in stated if each[0].day in days), stated[0])
        return _as_shown(known, words, shown, seen, changed=_changed(meta, nodes))
    return Published(seen.day, seen.source) if seen else _marked(soup, day_first) or _in_address(url)


# ---------------------------------------------------------------- what structured data states


def _structured(meta: dict[str, list[str]], nodes: Sequence[dict[str, Any]]) -> Iterator[tuple[Published, str]]:
    """The days that structured data states, the best source first, and the words in which it does."""
    for value in (node.get("datePublished") for node in nodes):
        if isinstance(value, str) and (day := iso_day(value)):
            yield Published(day, "json-ld"), value
    for key in _META_PUBLISHED:
        for value in meta.get(key, ()):
            if day := iso_day(value):
                yield Published(day, "meta"), value


_META_CHANGED = ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "last-modified")
_CLOCK = re.compile(r"(?:\d{4}-\d\d-\d\d[T ]|\d{8}T|\d{4} )(\d\d):?\d\d")


def _changed(meta: dict[str, list[str]], nodes: Sequence[dict[str, Any]]) -> set[str | None]:
    """The days on which structured data says that the article was changed."""
    values = [value for key in _META_CHANGED for value in meta.get(key, ())]
    values += [value for node in nodes if isinstance(value := node.get("dateModified"), str)]
    return {iso_day(value) for value in values}


def _as_shown(
    known: Published, words: str, shown: Sequence[_Shown], seen: _Shown | None, *, changed: set[str | None]
) -> Published:
    """What is stated, but on the day that the page shows its readers.

    An instant named in another zone's time falls on another day: 01:50Z on the 20th is the evening of the 19th where
    the article appeared. The page shows the 19th, so that day counts, if the stated hour can be of it. Nothing is
    changed before it is published: for the day before, any date beside the headline is a witness.
    """
    clock = _CLOCK.search(words)
    hour = int(clock[1]) if clock else None
    day = date.fromisoformat(known.day)
    if hour is not None and hour < 12:
        before = (day - timedelta(days=1)).isoformat()
        for one in shown:
            if one.day == before:
                return Published(one.day, one.source)
    after = (day + timedelta(days=1)).isoformat()
    if hour is not None and hour >= 10 and seen and seen.day == after and after not in changed:
        return Published(seen.day, seen.source)
    return known


_MARK = re.compile(r"(?:^|[-_\s])(?:published|pub-?date|publish(?:ed)?-?date|entry-date|post-date)(?:$|[-_\s])", re.I)


def _marked(soup: BeautifulSoup, day_first: bool | None) -> Published | None:
    """The day in the elements that are marked as the date of publication, if all of them agree.

    Teasers of other articles carry the same marks: where two days are marked, neither is known to be this article's.
    """
    days: set[str] = set()
    around = around_headings(soup)
    for tag in tags(soup):
        if attribute(tag, "itemprop").lower() != "datepublished" and not (
            tag.name == "time" and (tag.has_attr("pubdate") or _MARK.search(attribute(tag, "class")))
        ):
            continue
        if elsewhere(tag, around):
            continue
        for value in (attribute(tag, "datetime"), attribute(tag, "content"), one_line(tag.get_text(" "))):
            if day := iso_day(value, day_first=day_first):
                days.add(day)
                break
    return Published(days.pop(), "time") if len(days) == 1 else None


# ---------------------------------------------------------------- what readers see


@dataclass(frozen=True, slots=True)
class _Shown:
    """A day beside the headline: "published", "updated" or "", what is said of it, and where it stands."""

    day: str
    label: str
    source: DateSource


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the page: its text and element, whether it is a heading, the day of its time tag."""

    text: str
    element: Tag
    heading: bool = False
    day: str | None = None
    timed: bool = False


def _lines(soup: BeautifulSoup) -> Iterator[_Line]:
    """The page's runs of visible text; headings and time tags whole."""
    from bs4.element import NavigableString
    from bs4.element import Tag as TagType

    whole: Tag | None = None  # the element whose text has been given already
    for node in (soup.body or soup).descendants:
        if isinstance(node, TagType):
            if node.name in ("h1", "h2", "time") and (whole is None or not _within(node, whole)):
                whole = node
                text = one_line(node.get_text(" "))
                if node.name == "time":
                    yield _Line(text, node, False, iso_day(attribute(node, "datetime")), True)
                elif text:
                    yield _Line(text, node, True)
        elif type(node) is NavigableString:
            if whole is not None:
                if _within(node, whole):
                    continue
                whole = None
            if node.parent and node.parent.name not in UNSEEN and (text := one_line(node)):
                yield _Line(text, node.parent)


def _within(node: PageElement, element: Tag) -> bool:
    return any(parent is element for parent in node.parents)  # `in` would compare what they hold


# How far from the headline a date is looked for: lines, characters, and no further than the second line of prose (the
# first may be the deck), which is longer than _PROSE characters.
_LINES, _CHARACTERS, _PROSE = 25, 900, 160
_ANCHORS = 50  # places of the title that are looked at; no page of prose has as many
_SHORT = 12  # characters; a shorter form of the title, as "News", stands in menus too


def _at_headline(soup: BeautifulSoup, titles: Sequence[str], day_first: bool | None) -> list[_Shown]:
    """The dates after the headline, else those right before it; the nearest first."""
    lines = list(_lines(soup))
    keys = [key for key in map(same_text, titles) if key]
    if not keys:
        return []
    best = keys[0]
    kin = {key for key in keys if best in key or (len(key) > _SHORT and key in best)}
    anchors = [number for number, line in enumerate(lines) if same_text(line.text) in kin]
    anchors.sort(key=lambda number: (not lines[number].heading, same_text(lines[number].text) != best))
    around = around_headings(soup)
    for anchor in anchors[:_ANCHORS]:
        if shown := _shown(_window(lines, anchor), around, day_first):
            return shown
    for anchor in anchors[:_ANCHORS]:
        before = [line for line in lines[max(0, anchor - 3) : anchor] if len(line.text) < 60]
        if shown := _shown(before[::-1], around, day_first):
            return shown
    return []


def _window(lines: list[_Line], anchor: int) -> list[_Line]:
    """The lines after the headline in which a byline may stand."""
    near: list[_Line] = []
    size = prose = 0
    for line in lines[anchor + 1 : anchor + 1 + _LINES]:
        size += len(line.text)
        prose += len(line.text) > _PROSE
        if prose > 1 or size > _CHARACTERS:
            break
        near.append(line)
    return near


def _shown(lines: Sequence[_Line], around: frozenset[int], day_first: bool | None) -> list[_Shown]:
    """The dates that these lines say of the article, in order."""
    found: list[_Shown] = []
    before = ""
    for line in lines:
        source: DateSource = "time" if line.timed else "text"
        # This near to the headline an <aside> or <footer> holds what is said of the article
        if (dates := _said(line, before, day_first)) and not elsewhere(line.element, around, sides=False):
            found.extend(_Shown(said.day, said.label, source) for said in dates)
        before = line.text
    return found


def _said(line: _Line, before: str, day_first: bool | None) -> Sequence[DateSaid]:
    """The dates that a line says of the article; `before` is the line above, which may hold their label."""
    if len(line.text) >= 120:
        return ()
    label = before if len(before) < 30 else ""
    if line.timed and not iso_day(line.text, day_first=day_first):  # "yesterday", with the day in an attribute
        return dates_said(f"{label} {line.text} {line.day}") if line.day else ()
    said = dates_said(line.text, day_first=day_first, before=label)
    if line.timed or says_only_when(line.text) or byline_part(line.text) or set_off(line.text, day_first=day_first):
        return said
    return [one for one in said if one.label]


def _in_address(url: str | None) -> Published | None:
    """The day in an address like /2020/05/03/salt."""
    try:
        path = urlsplit(url).path if url else ""
    except ValueError:
        return None
    match = re.search(r"/((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})(?=/|$)", path)
    day = iso_day("-".join(match.groups())) if match else None
    return Published(day, "url") if day else None
