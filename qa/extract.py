"""Page to Article: bytes in, the clean article with its blocks and metadata out. No network, no disk."""

from __future__ import annotations

import hashlib
import re

from qa import metadata, plaintext
from qa.blocks import lay_out, one_line, printable, whole_characters
from qa.body import main_pieces
from qa.charset import decode
from qa.chrome import drop_head, drop_pointers, mark_headings, trim_tail
from qa.errors import NoArticleText, UnsupportedSource
from qa.language import settled_language
from qa.types import Article, Page

MEDIA_TYPES = ("text/html", "application/xhtml+xml", "text/plain", "text/markdown")

_MARKUP = re.compile(
    r"<(?:!doctype\s+html|html|head|body|title|meta|article|main|section|div|span|table|p|h[1-6]|ul|ol|a|br|img)\b[^<>]*>",
    re.I,
)
_DOCUMENT = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_BINARY = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP, DOCX or EPUB"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
)


def article_id(location: str | bytes) -> str:
    """An article's id: 16 hex digits that depend on `location` alone (a path, a URL, or the content itself)."""
    data = whole_characters(location).encode() if isinstance(location, str) else location
    return hashlib.sha256(data).hexdigest()[:16]


# Control characters that no text has but by accident; a page may hold a stray one, a program is full of them.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROL = 0.02
_HEAD_LOOKED_AT = 4096


def read(page: Page) -> Article:
    """The article of a loaded page; errors as in `read_page`."""
    return read_page(page.content, page.url, media_type=page.media_type, charset=page.charset, source=page.location)


def read_page(
    content: bytes | str,
    url: str | None = None,
    *,
    media_type: str | None = None,
    charset: str | None = None,
    source: str | None = None,
) -> Article:
    """The article that `content` holds: HTML, a text dump or Markdown.

    `url` is where the page lives on the web, `source` where it was read from; either may be None.
    `media_type` is one of MEDIA_TYPES; None: the content is looked at. `charset` is what the transport
    said; the page's own declaration and the bytes are weighed against it.
    The article's text has no headline, byline or date at its head (they are its metadata) and no menus,
    link lists or promotions. Raises NoArticleText where nothing is left, UnsupportedSource for other kinds.
    """
    if isinstance(content, bytes):
        for magic, kind in _BINARY:
            if content.startswith(magic):
                raise UnsupportedSource(
                    f"{source or url or 'the content'} is {kind}; readable are {', '.join(MEDIA_TYPES)}"
                )
        text = decode(content, charset)
        head = text[:_HEAD_LOOKED_AT]
        if len(_CONTROL.findall(head)) > _MOST_CONTROL * len(head) and _CONTROL.sub("", head).strip():
            raise UnsupportedSource(
                f"{source or url or 'the content'} is binary data, whatever its name; "
                f"readable are {', '.join(MEDIA_TYPES)}"
            )
    else:
        text = whole_characters(content)
    kind = _kind(text, media_type, source or url)
    where = source or url
    identity = article_id(where or content)
    if kind == "html":
        return _read_html(text, url=url, source=source, identity=identity)
    return plaintext.read_text(text, url=url, source=source, identity=identity)


def _kind(text: str, media_type: str | None, where: str | None) -> str:
    if media_type is not None:
        media_type = media_type.partition(";")[0].strip().lower()
        if media_type not in MEDIA_TYPES:
            raise UnsupportedSource(f"{where or 'the content'} is {media_type}; readable are {', '.join(MEDIA_TYPES)}")
        if "html" in media_type:
            return "html" if _MARKUP.search(text) else "text"
        return "html" if _DOCUMENT.match(text) else "text"  # a page saved under the name of a text
    return "html" if _MARKUP.search(text[:20_000]) else "text"


def _read_html(text: str, *, url: str | None, source: str | None, identity: str) -> Article:
    from bs4 import BeautifulSoup

    html = _shallow(printable(text))
    soup = BeautifulSoup(html, "lxml")
    known = metadata.of_html(soup, url)
    pieces = main_pieces(html, soup, url=known.url or url, titles=known.titles)
    pieces = drop_head(pieces, titles=known.titles, authors=known.authors)
    pieces = trim_tail(drop_pointers(pieces))
    if not any(piece.kind == "heading" for piece in pieces):
        pieces = mark_headings(pieces)
    body, blocks = lay_out(pieces)
    if not body:
        raise NoArticleText(f"{source or url or 'the page'} holds no article text; give a page with prose in it")
    return Article(
        id=identity,
        title=known.title or one_line(body[: blocks[0].end])[:120],
        text=body,
        url=known.url or url,
        authors=known.authors,
        published=known.published,
        date_source=known.date_source,
        site=known.site,
        language=settled_language(known.language, body),
        blocks=blocks,
        source=source,
    )


_NESTING = re.compile(
    r"<(/?)(?:div|section|span|ul|ol|li|dl|table|blockquote|font|center|b|i|u|em|strong|a|q|small|big)\b[^<>]*>", re.I
)
_DEPTH = 300  # elements inside one another; real pages stay below 100, and readers of trees are slow on deeper ones


def _shallow(html: str) -> str:
    """`html` without the tags that are nested deeper than _DEPTH; their text stays."""
    depth = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal depth
        closing = bool(match[1])
        depth += -1 if closing else 1
        inside = depth + closing
        depth = max(depth, 0)
        return match[0] if inside <= _DEPTH else " "

    return _NESTING.sub(keep, html)
