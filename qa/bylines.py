"""Who wrote it: persons' names out of bylines and of the elements that pages mark as the author."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from qa.blocks import one_line
from qa.chrome import byline_names, same_text
from qa.dates import says_only_when
from qa.markup import attribute, short_text, tags

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

# People sign articles; these do not. Compared word by word, case aside.
_NOT_A_NAME = frozenset(
    """
    admin administrator editor editors editorial staff team newsroom desk redaktion redaktor redaccion redacción
    redazione rédaction redacao redação redactie redaktionsteam author authors guest contributor contributors
    unknown anonymous webmaster reporter reporters correspondent writer agencies agency wire wires news newswire
    press online web website blog magazine media studio services service digital user published posted updated
    default na none null
    """.split()
)
_NAME_SPLIT = re.compile(r"\s*(?:;|\||\s/\s|\s&\s|\s(?:and|und|y|e|et|en)\s(?=[^\W\d_])|·|•)\s*")
_ROLE = re.compile(
    r",\s+(?:.*\b(?:writer|reporter|editor|correspondent|contributor|columnist|professor|lecturer|fellow|analyst|"
    r"director|staff|author|researcher|"
    r"journalist|university|phd|md|ph\.d\.?|m\.d\.?)\b.*)$|\s+(?:in|for|at|from|aus)\s+[A-Z].*$",
    re.I,
)
_CREDENTIAL = re.compile(r"^(?:by|von|por|par|di|door|author|written by|posted by|article author)\b\s*:?\s*", re.I)


def names_in(text: str, *, site: str | None = None) -> tuple[str, ...]:
    """The persons named in a byline, in its order, without what is no person (a desk, a site, an address)."""
    names: list[str] = []
    for part in _NAME_SPLIT.split(_BYLINE_END.split(one_line(text), maxsplit=1)[0]):
        pieces = [part]
        if part.count(",") and all(len(piece.split()) >= 2 for piece in part.split(",")):
            pieces = part.split(",")  # "Jane Doe, Ali Roe": names of two words and more; "Doe, Jane" stays one
        for piece in pieces:
            name = _name(piece, site)
            if name and same_text(name) not in map(same_text, names):
                names.append(name)
    return tuple(names)


# What programs write into a file's author field when nobody told them a name.
_NO_PERSON = frozenset("user owner microsoft office windows apple adobe latex home pc laptop acer asus dell hp".split())


def persons_in(text: str) -> tuple[str, ...]:
    """The persons named in a file's author field: names of two words and more that no program made up."""
    names = names_in(text)
    return tuple(
        name
        for name in names
        if len(name.split()) > 1 and not _NO_PERSON & {word.lower().strip(".,") for word in name.split()}
    )


def _name(text: str, site: str | None) -> str | None:
    name = _ROLE.sub("", _CREDENTIAL.sub("", one_line(text))).strip(" ,.;:-–—|/()\"'")
    words = name.split()
    if not words or len(words) > 6 or len(name) > 60 or re.search(r"\d|@|https?:|www\.|\.com\b|[<>{}=?!]", name):
        return None
    if any(word.strip(".,").lower() in _NOT_A_NAME for word in words):
        return None
    if site and (same_text(name) == same_text(site) or same_text(name).startswith(same_text(site))):
        return None
    if len(words) > 1 and name.isupper():
        name = " ".join(word.capitalize() if len(word.strip(".")) > 1 else word for word in words)
    return name if any(character.isupper() or not character.isascii() for character in name) else None


def all_names(texts: Iterable[str], *, site: str | None) -> tuple[str, ...]:
    """The persons named in several bylines, each once."""
    return tuple(dict.fromkeys(name for text in texts if text for name in names_in(text, site=site)))


_BYLINE_END = re.compile(
    r"\s(?:publiziert|veröffentlicht|pubblicato|geplaatst|gepubliceerd)\b|\s[|/·•–—-]\s|"
    r"(?<!\b\w)(?<!\b[DMSJ][rst])\.\s|\s(?:published|updated|posted|publicado|publié|on)\b|,?\s+(?=\d)|"
    r",\s*(?:\w+day)\b|\n",
    re.I,
)


def byline_part(text: str) -> str | None:
    """The names of "By Jane Doe. Published 3 May", without what follows them; None where the line is no byline."""
    head = _BYLINE_END.split(text, maxsplit=1)[0].strip()
    return byline_names(head)


def signed_and_dated(text: str) -> str | None:
    """The name of "Jane Doe | 3 May 2020": two to four capitalised words, a bar or dot, and a date.

    Only a bar or dot: a comma or dash sets off the place that an agency's report comes from.
    """
    match = re.match(r"((?:[^\W\d_][\w.'’-]*\s){2,4})[|•·]\s(.+)$", text)
    if match and says_only_when(match[2]) and all(word[0].isupper() for word in match[1].split()):
        return str(match[1]).strip()
    return None


_BYLINE_CLASS = re.compile(
    r"(?:^|[-_\s])(?:by-?line|author|by)(?:[-_\s]?(?:name|s|info|text|line|link))?(?:$|[-_\s])", re.I
)
_AFTERWARDS = ("nav", "footer", "aside", "form", "li")
_HOLDERS = ("p", "div", "span", "a", "address", "font", "cite", "h2", "h3", "h4", "h5", "h6", "small", "td")
_BYLINE_LENGTH = 160  # characters; a longer element holds more than a byline
_LOOKED_AT = 1500  # elements; a byline stands near the top


def marked_authors(soup: BeautifulSoup, *, site: str | None) -> tuple[str, ...]:
    """Names in elements that say they hold the author, or whose words are a byline; those of the strongest mark."""
    for tag in islice(tags(soup, itemprop=re.compile(r"^(?:author|creator)$", re.I)), 4):
        inner = next(tags(tag, itemprop=re.compile("^name$")), tag)
        if found := names_in(short_text(inner, _BYLINE_LENGTH) or attribute(inner, "content"), site=site):
            return found
    signed = tags(soup, "a", "span", rel=re.compile(r"(?:^|\s)author(?:$|\s)", re.I))
    links = [tag for tag in signed if not tag.find_parent(_AFTERWARDS)]
    if found := all_names((short_text(tag, _BYLINE_LENGTH) or "" for tag in links[:3]), site=site):
        return found
    for tag in islice(tags(soup, *_HOLDERS), _LOOKED_AT):
        text = short_text(tag, _BYLINE_LENGTH)
        if not text:
            continue
        named = byline_part(text) or signed_and_dated(text)
        if not named and not _BYLINE_CLASS.search(f"{attribute(tag, 'class')} {attribute(tag, 'id')}"):
            continue
        if not tag.find_parent(_AFTERWARDS) and (found := names_in(named or text, site=site)):
            return found
    return ()
