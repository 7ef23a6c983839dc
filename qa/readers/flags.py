"""Whether a page is the whole article it should be: paywalls, requests for consent, files cut short, indexes.

Each is told by two signs of different kinds, because each alone stands on pages that are whole: publishers keep
"subscribe to read on" in the template of free articles, and every page asks for cookies.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from qa.addresses import host, without_fragment
from qa.blocks import Piece, one_line
from qa.readers.chrome import ends_a_sentence, same_text
from qa.readers.markup import attribute, json_ld, meta_values, tags, type_of, visible_lines

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_STUB = 1200  # characters; what is readable before a wall is seldom longer
_WALL = re.compile(
    r"(?:subscribe|sign (?:in|up)|log in|register|join)\b.{0,40}\b(?:to|and) "
    r"(?:continue|keep|read|unlock|view|access)\b|"
    r"(?:continue|keep) reading (?:with|for|by)\b|already a (?:subscriber|member)\b|"
    r"(?:to|want to) (?:read|continue reading|keep reading|see|view) (?:the|this) "
    r"(?:full|whole|rest|entire|story|article)|"
    r"(?:article|story|content|report|page) is (?:only )?(?:for|available (?:only )?to|reserved for|exclusive to) "
    r"(?:our )?(?:paying |registered |premium )?(?:subscribers|members)|"
    r"(?:premium|subscriber(?:-| )only) (?:content|article)|"
    r"you have reached your (?:article )?limit|free articles? (?:left|remaining)|"
    r"(?:weiterlesen|jetzt lesen) mit|nur für abonnent|bereits abonnent|jetzt abonnieren und weiterlesen|"
    r"réservé(?:e)? (?:à nos|aux) abonnés|déjà abonné|pour lire la suite|"
    r"il vous reste .{0,10}% (?:de cet article|à lire)|"
    r"(?:contenido|artículo) (?:exclusivo )?para suscriptores|suscríbete para (?:leer|seguir)|ya eres suscriptor|"
    r"(?:contenuto|articolo) riservato agli abbonati|sei già abbonato|abbonati per (?:leggere|continuare)|"
    r"(?:conteúdo|matéria) exclusiv[ao] para assinantes|já é assinante|assine para (?:ler|continuar)|"
    r"alleen voor abonnees|al abonnee|полная версия доступна|только для подписчиков|للمشتركين فقط|"
    r"会員限定|有料会員|订阅后|付费阅读",
    re.I,
)
_CONSENT = re.compile(
    r"\b(?:we|our|us|your)\b.{0,200}\b(?:cookies?|consent|tracking|personal data|data processing)\b|"
    r"\b(?:cookies?|consent)\b.{0,120}\b(?:we|our|us|your (?:device|choices?|preferences|settings))\b|"
    r"\b(?:wir|unsere|ihre)\b.{0,200}(?:cookies?|einwilligung|zustimmung|personenbezogene)|"
    r"\b(?:nous|nos|vos)\b.{0,200}(?:cookies?|traceurs|consentement|données personnelles)|"
    r"\b(?:nosotros|nuestros|utilizamos|sus?)\b.{0,200}(?:cookies?|consentimiento|datos personales)|"
    r"\b(?:noi|nostri|utilizziamo|tuoi)\b.{0,200}(?:cookies?|consenso|dati personali)|"
    r"\b(?:nós|nossos|utilizamos|seus?)\b.{0,200}(?:cookies?|consentimento|dados pessoais)|"
    r"\b(?:wij|we|onze|je|uw)\b.{0,200}(?:cookies?|toestemming|persoonsgegevens)|"
    r"\b(?:мы|наши|ваш\w*)\b.{0,200}(?:cookie|куки|согласи|персональн)",
    re.I | re.S,
)
_ACCEPT = re.compile(
    r"\W*(?:i |yes,? (?:i )?)?(?:accept|agree|allow|consent|got it|continue with|"
    r"alle? akzeptieren|akzeptieren|zustimmen|"
    r"einverstanden|(?:tout )?accepter|j.accepte|aceptar|acepto|accett|aceitar|aceito|accepteren|akkoord|принять|"
    r"принимаю|согла|موافق|أوافق|同意)",
    re.I,
)
_ARTICLE = re.compile(r"Article|Posting|Report|Review|Recipe")
_WALL_LINE = 300  # characters
_LONGEST_REQUEST = 3000  # characters; a longer text on cookies is a policy, which somebody may want to read
_PROSE = 600  # characters; a paragraph longer than this is more than a teaser has
_TEASER = 900  # characters of headline, date, byline and summary
_HEADLINE = 12  # letters; shorter ones are names of sections
_TEASERS = 6  # linked headlines; "related articles" below a short article are fewer


def flags_of(soup: BeautifulSoup, html: str, pieces: Sequence[Piece]) -> tuple[str, ...]:
    """The keys of `qa.types.FLAGS` that hold for a page of which `pieces` were read, in the order of FLAGS."""
    found = {
        "consent-wall": _asks_for_consent(soup, pieces),
        "paywall": _stops_at_a_wall(soup, pieces),
        "cut-short": _is_cut(html, pieces),
    }
    if found["consent-wall"]:
        return ("consent-wall",)
    return tuple(flag for flag, holds in found.items() if holds)


def before_wall(pieces: Sequence[Piece]) -> list[Piece]:
    """`pieces` without the wall's own words at their end: "Subscribe to read on", "Already a member? Sign in"."""
    kept = list(pieces)
    while len(kept) > 1 and len(kept[-1].text) < _WALL_LINE and _WALL.search(kept[-1].text):
        kept.pop()
    return kept


def teasers(soup: BeautifulSoup, pieces: Sequence[Piece], *, url: str | None = None) -> int:
    """How many articles the page points to, where it is an index of them and no article itself; else 0.

    An index has headlines that are links to other pages of its site, and its text stands beside them, a line or two
    for each. A page that calls itself an article is none, and neither is one with a long paragraph, one whose headings
    are links to themselves, or a list of things with a link to each out on the web. `url` is the page's address.
    """
    meta = meta_values(soup)
    if "article" in meta.get("og:type", ()) or any(
        _ARTICLE.search(type_of(node)) and node.get("headline") for node in json_ld(soup)
    ):
        return 0
    size = sum(len(piece.text) for piece in pieces)
    if any(len(piece.text) > _PROSE and piece.linked < 0.5 for piece in pieces):
        return 0
    linked = [
        (head, target)
        for head in tags(soup, "h1", "h2", "h3", "h4")
        if (link := head.find("a") or head.find_parent("a")) is not None
        and 2 * len(link.get_text(strip=True)) > len(head.get_text(strip=True))
        and len(same_text(head.get_text())) >= _HEADLINE
        and head.find_parent(["nav", "footer", "aside"]) is None
        and (target := _other_page(attribute(link, "href").strip(), url))
    ]
    hosts = Counter(host(target) for _, target in linked)
    own = host(url or "") or next(iter(hosts.most_common(1)), ("", 0))[0]
    heads = [head for head, target in linked if target and host(target) in ("", own)]
    if (
        len({target for _, target in linked if target}) < _TEASERS
        or len(heads) < _TEASERS
        or size > _TEASER * len(heads)
    ):
        return 0
    beside = "\n".join(_beside(heads))
    held = sum(len(piece.text) for piece in pieces if same_text(piece.text) in beside)
    return len(heads) if held >= 0.6 * size else 0


def _other_page(href: str, url: str | None) -> str:
    """Where a link leads; "" where that is nowhere or within the page."""
    try:
        target = without_fragment(urljoin(url or "", href))
    except ValueError:
        return ""
    return target if re.match(r"https?://|[^:]+$", target, re.I) and target != without_fragment(url or "") else ""


def _beside(heads: Sequence[Tag]) -> Iterator[str]:
    """The text of the largest element around each headline that holds no other and is no longer than a teaser."""
    within = Counter(id(parent) for head in heads for parent in head.parents)
    for head in heads:
        text = ""
        for parent in head.parents:
            if within[id(parent)] > 1 or len(around := parent.get_text(" ")) > _TEASER:
                break
            text = around
        yield same_text(text)


def _stops_at_a_wall(soup: BeautifulSoup, pieces: Sequence[Piece]) -> bool:
    prose = [piece.text for piece in pieces if piece.kind in ("paragraph", "quote")]
    if not prose:
        return False
    size = sum(map(len, prose))
    if size > _STUB and not (size < 3 * _STUB and prose[-1].endswith(("…", "...", "[…]", "[...]"))):
        return False
    return any(map(_is_locked, json_ld(soup))) or any(
        len(line) < _WALL_LINE and _WALL.search(line) for line in visible_lines(soup)
    )


def _is_locked(node: dict[str, Any]) -> bool:
    """Whether JSON-LD says that the article is not free: https://schema.org/isAccessibleForFree"""
    return str(node.get("isAccessibleForFree", "")).strip().lower() in ("false", "no")


def _asks_for_consent(soup: BeautifulSoup, pieces: Sequence[Piece]) -> bool:
    prose = [piece.text for piece in pieces if piece.kind != "heading"]
    size = sum(map(len, prose))
    if not 0 < size < _LONGEST_REQUEST:
        return False
    asking = sum(len(text) for text in prose if _CONSENT.search(text))
    if asking < 0.6 * size:
        return False
    return any(
        _ACCEPT.match(one_line(tag.get_text(" ")) or attribute(tag, "value"))
        for tag in tags(soup, "button", "a", "input", "label")
    )


def _is_cut(html: str, pieces: Sequence[Piece]) -> bool:
    """Whether the file ends in the middle: no end of the page, and inside a tag or a sentence."""
    end = html[-2000:].lower()
    if "</body" in end or "</html" in end or "<body" not in html.lower():
        return False
    last = next((piece.text for piece in reversed(pieces) if piece.kind in ("paragraph", "quote", "item")), "")
    tail = html.rstrip()
    return (
        tail.rfind("<") > tail.rfind(">")
        or (tail[-1:].isalnum() or tail[-1:] in ",;-")
        or (bool(last) and len(last) > 60 and not ends_a_sentence(last) and tail.endswith(last[-20:]))
    )
