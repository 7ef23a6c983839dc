"""What a page states in markup: meta tags, JSON-LD, attributes; and its visible lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import TYPE_CHECKING, Any

from qa.blocks import one_line

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

# Elements whose text nobody reads on the page.
UNSEEN = frozenset(
    ("script", "style", "title", "head", "noscript", "template", "[document]", "meta", "option", "select", "button")
)


def meta_values(soup: BeautifulSoup) -> dict[str, list[str]]:
    """The page's meta tags by lower-case name, property or itemprop."""
    found: dict[str, list[str]] = {}
    for tag in tags(soup, "meta"):
        content = one_line(attribute(tag, "content"))
        if content:
            for key in {
                attribute(tag, name).strip().lower() for name in ("name", "property", "itemprop", "http-equiv")
            } - {""}:
                found.setdefault(key, []).append(content)
    return found


def attribute(tag: Tag | None, name: str) -> str:
    value = tag.get(name) if tag is not None else None
    return " ".join(value) if isinstance(value, list) else value or ""


def json_ld(soup: BeautifulSoup) -> Iterator[dict[str, Any]]:
    """Every JSON-LD object of the page, nested graphs opened, outermost first."""
    for tag in tags(soup, "script", type=re.compile(r"ld\+json", re.I)):
        text = re.sub(
            r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*$", "", tag.string or tag.get_text()
        )
        try:
            waiting = [json.JSONDecoder(strict=False).raw_decode(text.lstrip())[0]]  # a ";" may follow
        except (ValueError, RecursionError):
            continue
        for _ in range(500):
            if not waiting:
                break
            node = waiting.pop(0)
            if isinstance(node, list):
                waiting[:0] = node
            elif isinstance(node, dict):
                yield node
                waiting.extend(
                    value
                    for key in ("@graph", "mainEntity", "mainEntityOfPage")
                    if isinstance(value := node.get(key), (dict, list))
                )


def type_of(node: dict[str, Any]) -> str:
    kind = node.get("@type")
    return " ".join(map(str, kind)) if isinstance(kind, list) else str(kind or "")


def text_of(value: Any) -> str:
    """A JSON-LD value as a line of text; markup entities in it are read."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("name") or value.get("@value") or ""
    return one_line(re.sub(r"<[^<>]{0,200}>", "", unescape(value))) if isinstance(value, str) else ""


def tags(soup: BeautifulSoup | Tag, *names: str, **marks: re.Pattern[str]) -> Iterator[Tag]:
    """The elements of these names (none: any), in order, whose attributes match `marks`; class_ is class.

    One plain walk: `find_all` with patterns takes ten times as long, and pages ask for many kinds.
    """
    from bs4.element import Tag as TagType

    wanted = frozenset(names)
    patterns = [(name.rstrip("_"), pattern) for name, pattern in marks.items()]
    for node in soup.descendants:
        if (
            isinstance(node, TagType)
            and (not wanted or node.name in wanted)
            and all(node.attrs and pattern.search(attribute(node, name)) for name, pattern in patterns)
        ):
            yield node


def short_text(tag: Tag, limit: int) -> str | None:
    """The element's text on one line; None where it is longer than `limit` characters, or blank."""
    parts: list[str] = []
    size = 0
    for string in tag.stripped_strings:
        size += len(string) + 1
        if size > limit:
            return None
        parts.append(string)
    return one_line(" ".join(parts)) or None


def visible_lines(soup: BeautifulSoup) -> Iterator[str]:
    """The page's runs of visible text in order."""
    from bs4.element import NavigableString

    for node in (soup.body or soup).descendants:
        if (
            type(node) is NavigableString
            and not (node.parent and node.parent.name in UNSEEN)
            and (text := one_line(node))
        ):
            yield text


_SIDES = ("nav", "footer", "aside", "form")
_OTHERS = re.compile(r"(?:^|[-_\s])(?:comments?|kommentare?|related|recommend(?:ed|ations?))(?:$|[-_\s])", re.I)


def around_headings(soup: BeautifulSoup) -> frozenset[int]:
    """The ids of the elements that hold an h1, for `elsewhere`: looked up once for a page, not once an element."""
    return frozenset(id(parent) for tag in tags(soup, "h1") for parent in tag.parents)


def elsewhere(tag: Tag, around: frozenset[int], *, sides: bool = True) -> bool:
    """Whether an element stands in a comment, a list of other articles, or, unless not `sides`, in a menu or footer.

    `around` is `around_headings`: what holds the headline is none of these, whatever its class says ("no-comments").
    """
    return any(
        ((sides and parent.name in _SIDES) or _OTHERS.search(f"{attribute(parent, 'class')} {attribute(parent, 'id')}"))
        and id(parent) not in around
        for parent in (tag, *tag.parents)
        if parent.name not in ("html", "body", "[document]")
    )
