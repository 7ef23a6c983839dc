"""Markup that is all article (a chapter of a book, a converted document) as pieces: nothing has to be looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.entities import html5
from itertools import groupby
from typing import Any

from qa.blocks import Piece, code_lines, one_line, printable, with_raised
from qa.types import BlockKind

_BLOCKS = frozenset(
    """
    address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form h1
    h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary table tbody td tfoot th thead tr ul
    """.split()
)
_UNSEEN = frozenset("rp rt script style title head template svg math noscript audio video iframe object".split())
_MARKUP_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[.{0,20000}?\]\s*)?>", re.I | re.S)
_EMPTY = re.compile(r"<((?!br\b|hr\b|img\b|col\b|wbr\b|meta\b|link\b|input\b|area\b|base\b)[A-Za-z][\w:-]*)([^<>]*)/>")
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
_NOTE_MARK = re.compile(r"\d{1,3}|[*†‡]")
_NOTE_LINK = re.compile(r"[↑↩↵⏎^]\ufe0e?|\[\d{1,3}\]|\[[a-z]\]")


def xml_tree(content: str | bytes) -> Any:
    """The root of an XML document, read without its entities and without the network; None where it is no XML."""
    from lxml import etree

    if isinstance(content, str):
        content = re.sub(r"^\s*<\?xml[^>]*\?>", "", content).encode()
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True, remove_comments=True
    )
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def page_tree(text: str) -> Any:
    """The root of an (X)HTML page: as XML where it is, which keeps `<a id="x"/>` from swallowing what follows."""
    from lxml import html

    text = _DOCTYPE.sub("", printable(text), count=1)
    named = _ENTITY.sub(lambda m: m[0] if m[1] in _MARKUP_ENTITIES else html5.get(f"{m[1]};", m[0]), text)
    tree = xml_tree(named)
    if tree is None:
        text = re.sub(r"^\s*<\?xml[^>]*\?>", "", _EMPTY.sub(r"<\1\2></\1>", text))
        # A head, so that a page of nothing but comments is a page too.
        tree = html.document_fromstring(f"<head></head>{text}", parser=html.HTMLParser(no_network=True))
    return tree


class _Walk:
    """Where the walk through a page is: the text being filled, and what it is in."""

    def __init__(self) -> None:
        self.kinds: list[tuple[BlockKind, int]] = [("paragraph", 0)]
        self.text: list[str] = []
        self.links = 0  # how many links within the document the walk is inside of
        self.linked = 0  # characters of `text` inside them
        self.lists = 0  # how many lists the walk is inside of
        self.group = 0
        self.groups = 0
        self.cells: list[str] | None = None
        self.heads = 0  # cells of the row that are column heads
        self.inner_rows = 0  # of tables within a cell, whose cells are text of that cell
        self.tables = 0
        self.rows = 0  # of the table so far
        self.raised: list[int] = []  # where in `text` each open superscript begins

    def flush(self) -> Iterator[Piece]:
        raw, self.text = "".join(self.text), []
        linked, self.linked = self.linked, 0
        kind, level = self.kinds[-1]
        text = code_lines(raw) if kind == "code" else one_line(raw)
        if text:
            group = self.group if kind in ("item", "row") else 0
            yield Piece(kind, text, level, min(1.0, linked / len(text)), group)

    def add(self, text: str | None) -> None:
        if text:
            self.text.append(text)
            self.linked += len(text.strip()) if self.links else 0


def pieces_of(root: Any) -> list[Piece]:
    """The pieces of a parsed page in reading order; marks that refer to notes are left out."""
    from lxml.etree import iterwalk

    walk = _Walk()
    pieces: list[Piece] = []
    hidden = 0
    for event, element in iterwalk(root, events=("start", "end")):
        tag = _name(element)
        leaves_out = tag in _UNSEEN or _is_note_mark(element, tag) or _is_page_break(element)
        if event == "start":
            hidden += leaves_out
            walk.links += _is_inner_link(element, tag)
            if not hidden:
                pieces.extend(_open(walk, tag, element))
        else:
            if not hidden:
                pieces.extend(_close(walk, tag))
            hidden -= leaves_out
            walk.links -= _is_inner_link(element, tag)
            if not hidden and element is not root:
                walk.add(element.tail)
    pieces.extend(walk.flush())
    return pieces


_CONTENTS = 5  # lines; fewer links below one another may be text


def without_contents(pieces: Sequence[Piece]) -> list[Piece]:
    """`pieces` without tables of contents: runs of lines that are links to other places of the document."""
    kept: list[Piece] = []
    for is_link, run in groupby(pieces, key=lambda piece: piece.linked > 0.9 and piece.kind != "heading"):
        group = list(run)
        if not is_link or len(group) < _CONTENTS:
            kept.extend(group)
        elif kept and kept[-1].kind == "heading":
            kept.pop()
    return kept


def _is_inner_link(element: Any, tag: str) -> bool:
    return tag == "a" and bool(element.get("href")) and "://" not in element.get("href", "")


def _name(element: Any) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else "!"


def _is_note_mark(element: Any, tag: str) -> bool:
    """Whether an element is only the number of a note, or the arrow that leads back from one."""
    if tag == "sup":
        return any(_is_note_mark(child, "a") for child in element if _name(child) == "a")
    if tag != "a":
        return False
    kind = " ".join(element.get(name, "") for name in (_EPUB_TYPE, "epub:type", "role"))
    if "noteref" in kind or "backlink" in kind or "referrer" in kind:
        return True
    address = element.get("href", "")
    text = "".join(element.itertext()).strip()
    if "#" not in address:
        return False
    if _NOTE_LINK.fullmatch(text):
        return True
    return bool(_NOTE_MARK.fullmatch(text)) and (_raised(element) or bool(re.search(r"note|fn", address)))


def _is_page_break(element: Any) -> bool:
    """Whether an element is the number of a page of the printed book."""
    return "pagebreak" in f"{element.get(_EPUB_TYPE, '')} {element.get('epub:type', '')} {element.get('role', '')}"


def _raised(element: Any) -> bool:
    parent = element.getparent()
    return any(_name(child) == "sup" for child in element) or (parent is not None and _name(parent) == "sup")


def _open(walk: _Walk, tag: str, element: Any) -> Iterator[Piece]:
    if tag == "!":
        return
    if walk.cells is not None:
        walk.inner_rows += tag == "tr"
        if tag in ("td", "th") and not walk.inner_rows:
            walk.text = []
            walk.heads += tag == "th"
        elif tag in _BLOCKS or tag == "br":
            walk.text.append(" ")
    elif tag == "br":
        walk.text.append("\n")
    elif tag in _BLOCKS:
        yield from walk.flush()
        if tag == "tr":
            walk.cells, walk.heads = [], 0
        elif tag == "table":
            walk.tables += 1
            walk.rows = 0
            walk.groups += 1
            walk.group = walk.groups
        elif tag in ("ul", "ol"):
            walk.lists += 1
            if walk.lists == 1:
                walk.groups += 1
                walk.group = walk.groups
        walk.kinds.append(_kind(walk, tag))
    if tag == "sup":
        walk.raised.append(len(walk.text))
    walk.add(element.text)


def _kind(walk: _Walk, tag: str) -> tuple[BlockKind, int]:
    if len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
        return ("heading", int(tag[1]))
    if tag == "li":
        return ("item", max(1, walk.lists))
    if tag == "blockquote":
        return ("quote", 0)
    if tag == "pre":
        return ("code", 0)
    if tag in ("figcaption", "caption"):
        return ("caption", 0)
    return walk.kinds[-1]


def _close(walk: _Walk, tag: str) -> Iterator[Piece]:
    if tag == "sup" and walk.raised:
        start = walk.raised.pop()
        walk.text[:] = [with_raised("".join(walk.text[:start]), "".join(walk.text[start:]))]
    if walk.cells is not None:
        if walk.inner_rows:
            walk.inner_rows -= tag == "tr"
        elif tag in ("td", "th"):
            walk.cells.append(one_line("".join(walk.text)))
            walk.text = []
        elif tag == "tr":
            cells, walk.cells = walk.cells, None
            walk.text = []
            walk.kinds.pop()
            filled = [cell for cell in cells if cell]
            if filled:
                heads = walk.heads >= max(1, len(filled) - 1) and walk.rows == 0
                walk.rows += 1
                text = " | ".join(cells).strip(" |") if len(filled) > 1 else filled[0]
                yield Piece("row", text, int(heads), group=walk.group)
        return
    if tag in _BLOCKS:
        yield from walk.flush()
        walk.kinds.pop()
        if tag in ("ul", "ol"):
            walk.lists -= 1
        if tag == "table" or (tag in ("ul", "ol") and walk.lists == 0):
            walk.group = 0
