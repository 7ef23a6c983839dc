"""A link that opens a page at a quote: a URL with a text fragment that is unique in the article.

Text fragments: https://wicg.github.io/scroll-to-text-fragment/ . The browser marks the first place where
the text matches, whole words only, so the fragment is lengthened until its first match is the quote:
first and last words of the quote, more of them, then the words around it.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote as percent_encode
from urllib.parse import urlsplit, urlunsplit

from qa.formats import by_suffix
from qa.types import Article, Block

_WORD = re.compile(r"\S+")
# Quotes up to this many words are named whole; longer ones by their first and last words.
_WHOLE_UP_TO = 8
_EDGE_WORDS = (4, 6, 9, 13, 20, 32)
_CONTEXT_WORDS = (2, 4, 8, 16, 32)


def link_to(article: Article, start: int, end: int) -> str | None:
    """The article's address at `article.text[start:end]`; None where it has neither a web address nor a file.

    Browsers open a PDF at a page and find no words in it; what they do not show (DOCX, EPUB) has its address.
    """
    base = web_address(article.url) or _file_address(article.source)
    if base is None:
        return None
    if (page := article.page_at(start)) is not None:
        return f"{base}#page={page}"
    shown = by_suffix(urlsplit(base).path)
    if shown is not None and not shown.in_browser:
        return base
    fragment = text_fragment(article, start, end)
    return f"{base}#:~:text={fragment}" if fragment else base


def web_address(url: str | None) -> str | None:
    """`url` without its fragment where it is an http(s) address, else None: nothing else may become a link.

    Without a name and password too, which are a secret, or there to look like a host; the host in the letters that name
    servers know.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    host = _ascii_host(parts.netloc.rpartition("@")[2])
    if parts.scheme.lower() not in ("http", "https") or not host:
        return None
    address = urlunsplit(parts._replace(netloc=host, fragment=""))
    return percent_encode(address, safe=":/?#[]@!$&'()*+,;=%~-._")


def _ascii_host(host: str) -> str:
    """A host and its port in ASCII, other letters in Punycode; "" where that cannot be. Codecs: RFC 3490."""
    if host.isascii():
        return host
    name, colon, port = host.partition(":")
    try:
        return f"{name.encode('idna').decode()}{colon}{port}"
    except UnicodeError:
        return ""


def text_fragment(article: Article, start: int, end: int) -> str:
    """The `[prefix-,]start[,end][,-suffix]` of a text fragment whose first match in the article is the quote.

    Where nothing makes it unique (a text that repeats itself whole), the longest form is returned.
    """
    text = article.text
    pieces = _pieces(article, start, end)
    if not pieces:
        return ""
    first, last = pieces[0], pieces[-1]
    # A page shows its title before the text: words of the quote that it has too would be found there.
    page = text if article.title in text[: len(article.title) + 10] else f"{article.title}\n\n{text}"
    place = first[0] + len(page) - len(text)
    whole = " ".join(text[start:end].split())
    head, tail = _words(text, *first), _words(text, *last)
    encoded = ""
    for edge in _EDGE_WORDS:
        if len(pieces) == 1 and len(head) <= max(_WHOLE_UP_TO, 2 * edge - 1):  # the ends may not overlap
            encoded, needle = _encode(whole), whole
        else:
            opening, closing = " ".join(head[:edge]), " ".join(tail[-edge:])
            encoded, needle = f"{_encode(opening)},{_encode(closing)}", opening
        if _first_match(page, needle) == place:
            return encoded
    words = whole.split()
    prefix = suffix = ""
    for count in _CONTEXT_WORDS:
        before = _words(text, *_around(article, first[0], before=True))[-count:]
        after = _words(text, *_around(article, last[1], before=False))[:count]
        prefix = f"{_encode(' '.join(before))}-," if before else ""
        suffix = f",-{_encode(' '.join(after))}" if after else ""
        if before and _comes_first(page, before, words[:4], place):
            return f"{prefix}{encoded}"
        if after and _comes_first(page, [], [*words, *after], place):
            return f"{encoded}{suffix}"
        if before and after and _comes_first(page, before, [*words, *after], place):
            return f"{prefix}{encoded}{suffix}"
    return f"{prefix}{encoded}{suffix}"


def _pieces(article: Article, start: int, end: int) -> list[tuple[int, int]]:
    """The stretches of the quote that stand in one block of the page; a table row's cells are blocks of their own."""
    spans: list[tuple[int, int]] = []
    for block in article.blocks or (Block("paragraph", 0, max(1, len(article.text))),):
        low, high = max(start, block.start), min(end, block.end)
        if low >= high:
            continue
        if block.kind != "row":
            spans.append((low, high))
            continue
        at = low
        for cell in article.text[low:high].split(" | "):
            spans.append((at, at + len(cell)))
            at += len(cell) + 3
    trimmed = []
    for low, high in spans:
        bare = article.text[low:high].strip()
        if bare:
            first = low + article.text[low:high].index(bare)
            trimmed.append((first, first + len(bare)))
    return trimmed


def _around(article: Article, position: int, *, before: bool) -> tuple[int, int]:
    """The rest of the block before or after `position`: context words may not cross a block."""
    for block in article.blocks:
        if block.start <= position <= block.end:
            return (block.start, position) if before else (position, block.end)
    return (max(0, position - 200), position) if before else (position, position + 200)


def _words(text: str, start: int, end: int) -> list[str]:
    return _WORD.findall(text[start:end])


def _first_match(text: str, needle: str) -> int | None:
    """Where a browser finds `needle` first: whole words, any case, white space alike."""
    pattern = r"\s+".join(re.escape(word) for word in needle.split())
    match = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
    return match.start() if match else None


def _comes_first(text: str, before: list[str], words: list[str], position: int) -> bool:
    """Whether the first place of `words` with `before` in front of them is `position`."""
    match = _first_match(text, " ".join([*before, *words]))
    return match is not None and text[match:position].split() == before


def _encode(text: str) -> str:
    # "-", "," and "&" are syntax inside a text fragment
    return percent_encode(text, safe="").replace("-", "%2D")


def _file_address(source: str | None) -> str | None:
    if not source or "://" in source or not Path(source).is_absolute():
        return None
    return Path(source).as_uri()
