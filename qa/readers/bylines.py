"""Who wrote it: persons' names out of bylines and of the elements that pages mark as the author."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from qa.blocks import one_line
from qa.readers.chrome import byline_names, same_text
from qa.readers.dates import MONTH, says_only_when
from qa.readers.markup import around_headings, attribute, elsewhere, short_text, tags

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

# People sign articles; these do not. Compared word by word, case aside.
_NOT_A_NAME = frozenset(
    """
    admin administrator editor editors editorial staff team newsroom desk redaktion redaktor redaccion redacción
    redazione rédaction redacao redação redactie redaktionsteam author authors guest contributor contributors
    unknown anonymous webmaster reporter reporters correspondent writer agencies agency wire wires news newswire
    press online web website blog magazine magazin media studio services service digital user published posted
    updated default na none null gast guest gäst invité invitado ospite convidado гость редакция
    gmbh ag kg e.v ltd inc llc corp s.a s.l verlag stiftung institut institute verband verein ministerium
    bundesministerium universität university department foundation association company zeitung nachrichten
    sekretariat presse pressestelle departement abteilung bund
    reuters afp dpa efe ansa bloomberg xinhua tass upi
    """.split()
)
_CREDITING = frozenset("by von vom por par di door text texte texto interview follow more mehr".split())
# Spelt small within a name: "Ludwig van Beethoven", "Juana de la Cruz".
_PARTICLES = frozenset(
    "van von der den de del della di da do dos das du des la le el al ter ten zu zum zur y e i bin ibn ben af".split()
)
_NAME_SPLIT = re.compile(r"\s*(?:;|\||\s/\s|\s&\s|\s(?:and|And|AND|und|y|e|et|en)\s(?=[^\W\d_])|·|•)\s*")
_ROLE = re.compile(
    r",\s+(?:.*\b(?:writer|reporter|editor|correspondent|contributor|columnist|professor|lecturer|fellow|analyst|"
    r"director|staff|author|researcher|"
    r"journalist|university|phd|md|ph\.d\.?|m\.d\.?)\b.*)$|\s+(?:in|for|at|from|aus)\s+[A-Z].*$",
    re.I,
)
_CREDENTIAL = re.compile(
    r"^(?:(?:(?:an?\s+)?(?:article|story|text|recipe|words|report|reporting|interview|written|posted|published|"
    r"veröffentlicht|erstellt|geschrieben|verfasst|gepostet|publicado|escrito|publié|posté|rédigé|écrit|pubblicato|"
    r"scritto|geschreven|geplaatst)\s+)?(?:by|von|vom|por|par|di|door)|(?:article\s+)?author|autor(?:in)?|auteur|autore|"
    r"text|texte|texto|words|story|interview|текст|автор)\b\s*:?\s+(?=\S)|^[^\W\d_]+:\s+",
    re.I,
)
_NOT_THE_TEXT = re.compile(
    r"\W*(?:photo(?:graph)?s?|fotos?|pictures?|images?|bild(?:er)?|illustrat\w+|video|copyright|credits?|edited|translated|"
    r"reviewed)\b",
    re.I,
)
_LINK_WORDS = re.compile(
    r"\s+(?:more posts|all posts|alle artikel|alle beiträge|view (?:all|author|profile)|follow)\b.*$", re.I
)


def names_in(text: str, *, site: str | None = None) -> tuple[str, ...]:
    """The persons named in a byline, in its order, without what is no person (a desk, a site, an address)."""
    names: list[str] = []
    refused = False
    for part in _NAME_SPLIT.split(_BYLINE_END.split(_ASIDE.sub("", one_line(text)), maxsplit=1)[0]):
        pieces = [part]
        if "," in part and len(part.split(",")[0].split()) >= 2:
            # "Jane Doe, Ali Roe", and "Jane Doe, BBC": names of two words and more; "Doe, Jane" stays one
            pieces = [piece for piece in part.split(",") if len(piece.split()) >= 2]
        for piece in pieces:
            name = _name(piece, site)
            refused = refused or not name
            if name and same_text(name) not in map(same_text, names):
                names.append(name)
    if refused:  # "Ministry of Trade and Climate", "Quay Ltd & Co": the rest of an organisation's name is no person
        names = [name for name in names if " " in name]
    return tuple(names)


_ASIDE = re.compile(r"\s@\w+|\s\([^()]*\)?")  # "Jane Doe @jane (Reuters)"
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
    if _NOT_THE_TEXT.match(text):
        return None
    name = _ROLE.sub("", _LINK_WORDS.sub("", _CREDENTIAL.sub("", one_line(text)))).strip(" ,.;:-–—|/()\"'→")
    words = name.split()
    for number, word in enumerate(words):
        if number and word[0].islower() and word[-1] != "." and word not in _PARTICLES:
            words = words[:number]  # "Jane Doe am", "Jane Doe facebook twitter"
            break
    while words and ((words[-1] in _PARTICLES and "," not in name) or _WEEKDAY.fullmatch(words[-1])):
        words.pop()
    name = " ".join(words).strip(" ,")
    if words and re.search(r"\b\w$", words[-1]) and f"{name}." in text:
        name += "."  # an initial's full stop: "Joe S."
    if not words or (words[0][0].islower() and words[0] not in _PARTICLES):
        return None
    if len(words) > 6 or len(name) > 60 or re.search(r"\d|@|https?:|www\.|\.com\b|[<>{}=?!:→]", name):
        return None
    if any(word.strip(".,()").lower() in _NOT_A_NAME for word in re.split(r"[\s-]", name)) or words[0].lower() == "the":
        return None
    if len(words) == 1 and (len(name) == 1 or (name.isupper() and len(name) > 2) or name.lower() in _CREDITING):
        return None  # an agency's letters, a "By" whose name stands elsewhere
    if site and _of_site(name, site):
        return None
    if len(words) > 1 and name.isupper():
        name = " ".join(word.capitalize() if len(word.strip(".")) > 1 else word for word in words)
    return name if any(character.isupper() or not character.isascii() for character in name) else None


_WEEKDAY = re.compile(
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|"
    r"mo|mi|fr|sa|so|mon|tue|wed|thu|fri|sat|sun),?\.?",
    re.I,
)


def _of_site(name: str, site: str) -> bool:
    """Whether a name is the site's: the same, begun with it, or some whole words of it ("Quay" of "The Quay Blog")."""
    key, known = same_text(name), same_text(site)
    host = "." in site and " " not in site
    return (
        key == known
        or key.startswith(known)
        or f" {name.casefold()} " in f" {site.casefold()} "
        or (host and len(key) > 3 and key in map(same_text, site.split(".")))
    )


def all_names(texts: Iterable[str], *, site: str | None) -> tuple[str, ...]:
    """The persons named in several bylines, each once."""
    return tuple(dict.fromkeys(name for text in texts if text for name in names_in(text, site=site)))


_BYLINE_END = re.compile(
    r"\s(?:edited|translated|reviewed|photographs?|photos|illustrated)\s+by\b|"
    r"\s(?:publiziert|veröffentlicht|pubblicato|geplaatst|gepubliceerd)\b|\s[|/·•–—-]\s|"
    r"(?<!\b\w)(?<!\b[DMSJ][rst])(?<!\bmed)(?<!\bProf)(?<!\bIng)\.\s|\s(?:published|updated|posted|publicado|publié|on|hace)\b|,?\s+(?=\d)|"
    rf",\s*(?:\w+day)\b|,?\s+{MONTH}\s+\d|\n",
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
    r"(?:^|[-_\s])(?:by-?line|author|autor|autore|auteur|by)(?:[-_\s]?(?:name|s|info|text|line|link))?(?:$|[-_\s])",
    re.I,
)
_HOLDERS = ("p", "div", "span", "a", "address", "font", "cite", "h2", "h3", "h4", "h5", "h6", "small", "td", "ul")
_BYLINE_LENGTH = 160  # characters; a longer element holds more than a byline
_LOOKED_AT = 4000  # elements; a byline stands near the top, but menus stand above it


def marked_authors(soup: BeautifulSoup, *, site: str | None) -> tuple[str, ...]:
    """Names in elements that say they hold the author, or whose words are a byline; those of the strongest mark."""
    around = around_headings(soup)
    for tag in islice(tags(soup, itemprop=re.compile(r"^(?:author|creator)$", re.I)), 4):
        if elsewhere(tag, around):
            continue
        inner = next(tags(tag, itemprop=re.compile("^name$")), tag)
        if found := names_in(short_text(inner, _BYLINE_LENGTH) or attribute(inner, "content"), site=site):
            return found
    signed = tags(soup, "a", "span", rel=re.compile(r"(?:^|\s)author(?:$|\s)", re.I))
    links = [tag for tag in signed if not elsewhere(tag, around)]
    if found := all_names((short_text(tag, _BYLINE_LENGTH) or "" for tag in links[:3]), site=site):
        return found
    for tag in islice(tags(soup, *_HOLDERS), _LOOKED_AT):
        text = (short_text(tag, _BYLINE_LENGTH) or "").strip(" |·•–—-/")
        if not text:
            continue
        named = byline_part(text) or signed_and_dated(text)
        marked = bool(_BYLINE_CLASS.search(f"{attribute(tag, 'class')} {attribute(tag, 'id')}"))
        if (named or marked) and not elsewhere(tag, around):
            within = _NAMED_WITHIN.search(text) if marked and not named else None
            found = names_in(named or (within[1] if within else text), site=site)
            # One word may be a name where the page both says "by" and marks it; else it is seldom one
            if found and (any(" " in name for name in found) or (named and marked)):
                return found
    return ()


# "Posted on 3 May 2020 by Ana Sol"
_NAMED_WITHIN = re.compile(r"\d.{0,40}?\s(?:by|von|por|par|door)\s(?=[^\W\d_])(.+)$", re.I)
