"""Page to Article: bytes in, the clean article with its blocks and metadata out. No network, no disk.

Other kinds of file than pages and texts have a module each (qa/formats.py says which), called by `read_page`.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import re
import warnings
from dataclasses import replace

from qa import checked, formats
from qa.addresses import host
from qa.blocks import lay_out, one_line, printable, shortened
from qa.charset import decode
from qa.checked import whole_characters
from qa.errors import NoArticleText, SourceError
from qa.language import settled_language
from qa.readers import flags, metadata, plaintext
from qa.readers.body import main_pieces
from qa.readers.bounds import bounded
from qa.readers.chrome import drop_head, drop_pointers, mark_headings, trim_tail
from qa.types import Article, Page

logger = logging.getLogger(__name__)

_MARKUP = re.compile(
    r"<(?:!doctype\s+html|html|head|body|title|meta|article|main|section|div|span|table|p|h[1-6]|ul|ol|a|br|img)\b[^<>]*>",
    re.I,
)
_DOCUMENT = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
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
    """The article that `content` holds: HTML, a text dump, Markdown, or another of the kinds in `formats.FORMATS`.

    `url` is where the page lives on the web, `source` where it was read from; either may be None.
    `media_type` is what the transport or the file's name says; the content counts for more. `charset` is what the
    transport said; the page's own declaration and the bytes are weighed against it.
    The article's text has no headline, byline or date at its head (they are its metadata) and no menus,
    link lists or promotions. Raises NoArticleText where nothing is left, UnsupportedSource for other kinds,
    SourceError for a file that is damaged or protected, or a page larger than `qa.readers.bounds` lets through.
    """
    if not isinstance(content, (bytes, str)):
        raise checked.wrong_type(content, "content", "bytes, or a str")
    for value, name in ((url, "url"), (media_type, "media_type"), (charset, "charset"), (source, "source")):
        checked.text_or_none(value, name)
    article = _read(content, url, media_type=media_type, charset=charset, source=source)
    title, authors = shortened(article.title), tuple(map(shortened, article.authors))
    return (
        article
        if (title, authors) == (article.title, article.authors)
        else replace(article, title=title, authors=authors)
    )


def _read(
    content: bytes | str, url: str | None, *, media_type: str | None, charset: str | None, source: str | None
) -> Article:
    where = source or url or "the content"
    identity = article_id(source or url or content)
    if isinstance(content, bytes):
        found = formats.format_of(content, media_type, where)
        if found is not None and found.reader not in (None, __name__):
            kind = found.media_types[0]
            page = Page(content, location=source or "", url=url, media_type=kind, charset=charset)
            return _by_module(str(found.reader), page, identity, where)
        text = decode(content, charset)
        head = text[:_HEAD_LOOKED_AT]
        if len(_CONTROL.findall(head)) > _MOST_CONTROL * len(head) and _CONTROL.sub("", head).strip():
            raise formats.unsupported(where, "binary data, whatever its name")
    else:
        text = whole_characters(content)
        found = formats.format_of(b"", media_type, where)
    if _is_html(text, found):
        return _read_html(text, url=url, source=source, identity=identity)
    return plaintext.read_text(text, url=url, source=source, identity=identity)


def _by_module(name: str, page: Page, identity: str, where: str) -> Article:
    """What the reader of another kind makes of the page; whatever trips it over is an error about this source."""
    try:
        article: Article = importlib.import_module(name).read(page, identity)
    except SourceError:
        raise
    except Exception as error:  # parsers of binary files fail in ways of their own
        logger.info("reading %s by %s failed", where, name, exc_info=True)
        raise SourceError(f"{where} is damaged ({type(error).__name__}: {error}); open it and save it again") from error
    site = article.site or host(page.url or "").removeprefix("www.") or None
    return replace(article, source=page.location or None, site=site)


def _is_html(text: str, found: formats.Format | None) -> bool:
    if found is None:
        return bool(_MARKUP.search(text[:20_000]))
    if found.name == "HTML":
        return bool(_MARKUP.search(text))
    return bool(_DOCUMENT.match(text))  # a page saved under the name of a text


def _read_html(text: str, *, url: str | None, source: str | None, identity: str) -> Article:
    from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning

    url = url or metadata.saved_from(text)
    html = bounded(printable(text), source or url or "the page")
    with warnings.catch_warnings():  # XHTML is read as HTML, as browsers do with most of it
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        soup = BeautifulSoup(html, "lxml")
    known = metadata.of_html(soup, url)
    pieces = main_pieces(html, soup, url=known.url or url, titles=known.titles)
    pieces = drop_head(pieces, titles=known.titles, authors=known.authors)
    pieces = trim_tail(flags.before_wall(drop_pointers(pieces)))
    if count := flags.teasers(soup, pieces, url=known.url or url):
        raise NoArticleText(
            f"{source or url or 'the page'} is an index of {count} articles and none itself; add those you want"
        )
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
        flags=flags.flags_of(soup, html, pieces),
    )
