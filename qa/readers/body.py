"""The main text of an HTML page as pieces: trafilatura finds it, BeautifulSoup adds the captions."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qa.blocks import Piece, code_lines, one_line
from qa.readers.captions import with_captions
from qa.readers.chrome import ends_a_sentence
from qa.readers.markup import UNSEEN, tags
from qa.readers.opinions import agreed, readability_html, rescued
from qa.readers.tree import (
    drop_hover_cards,
    join_cut_body,
    keep_quotes,
    leave_own_article,
    open_layout_tables,
    wrap_loose_text,
)
from qa.types import BlockKind

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

logger = logging.getLogger(__name__)
# Its "discarding data" would be printed where nobody set up logging; what it found is judged here.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())

_LONG_HEADING = 80  # characters; a longer one that ends with a full stop is a deck: it says, and heads nothing
_BOLD_HEADING = 90  # characters; a bold line no longer than this and without a full stop heads what follows


def main_pieces(html: str, soup: BeautifulSoup, *, url: str | None = None, titles: Collection[str] = ()) -> list[Piece]:
    """The blocks of the page's main text in reading order; [] where there is none.

    `titles` are the forms of the page's title: they tell its own article from others beside it.
    """
    elements = len(re.findall(r"<[a-zA-Z]", html))
    read = partial(_read, html, url=url, titles=titles, fast=elements > _MANY_ELEMENTS)
    pieces = read()
    if elements > _TOO_MANY_ELEMENTS:
        return with_captions(pieces or _every_paragraph(soup), soup)
    wrap = _sentences_in_pieces(pieces)
    if wrap:
        pieces = read(wrap=True)
    readability = cache(partial(_read_again, html))
    pieces = agreed(pieces, strict=partial(read, wrap=wrap, strict=True), readability=readability)
    pieces = rescued(pieces, prose=_prose(soup), readability=readability)
    return with_captions(pieces or _every_paragraph(soup), soup)


def _prose(soup: BeautifulSoup) -> int:
    """How many characters stand in the page's longer paragraphs."""
    lengths = (len(one_line(tag.get_text())) for tag in tags(soup, "p"))
    return sum(length for length in lengths if length > _LONG_HEADING)


def _read_again(html: str) -> list[Piece]:
    """What readability takes for the main text."""
    from bs4 import BeautifulSoup

    return _every_paragraph(BeautifulSoup(readability_html(html), "lxml"))


def _read(
    html: str, *, url: str | None, titles: Collection[str], fast: bool, wrap: bool = False, strict: bool = False
) -> list[Piece]:
    """What trafilatura takes for the main text; `wrap`: after loose text was made paragraphs; `strict`: less of it.

    `fast`: without a comparison with other readers.
    """
    import trafilatura

    body = None
    try:
        tree = trafilatura.load_html(html)
        if tree is not None:
            open_layout_tables(tree)
            leave_own_article(tree, titles)
            join_cut_body(tree)
            keep_quotes(tree)
            drop_hover_cards(tree)
            if wrap:
                wrap_loose_text(tree)
            document = trafilatura.bare_extraction(
                tree,
                url=url,
                include_comments=False,
                include_links=True,
                include_formatting=True,
                favor_precision=strict,
                fast=fast,
            )
            body = getattr(document, "body", None)
    except Exception as error:  # noqa: BLE001 - a third-party reader of arbitrary markup: whatever it trips over, the page has text
        logger.info(
            "the main text was not found (%s: %s); every paragraph of the page is taken", type(error).__name__, error
        )
    return list(_pieces(body)) if body is not None else []


# Above this trafilatura does not compare its reading with those of readability and jusText: the comparison takes time
# with the square of the elements, a minute for 15,000 list items. 2 of 1,135 real pages have more: read just the same.
_MANY_ELEMENTS = 7_000
_TOO_MANY_ELEMENTS = 40_000  # above this the page is read once and not up to four times: 20 s a time for 100,000


def _sentences_in_pieces(pieces: Sequence[Piece]) -> bool:
    """Whether paragraphs go on in the middle of a sentence: trafilatura parts loose text at every link and italics."""
    paragraphs = [piece.text for piece in pieces if piece.kind == "paragraph"]
    cut = sum(
        not ends_a_sentence(before) and (after[0].islower() or after[0] in ".,;:!?)’”")
        for before, after in pairwise(paragraphs)
    )
    return cut >= _CUT_SENTENCES


_CUT_SENTENCES = 2  # one may be verse, or a headline that starts with a name like eBay


class _Walk:
    """Where the walk through trafilatura's tree is: the block being filled and what is around it."""

    def __init__(self) -> None:
        self.kinds: list[tuple[BlockKind, int]] = [("paragraph", 0)]
        self.opened: list[Any] = []  # the elements that put the kinds after the first there
        self.text: list[tuple[str, bool, bool]] = []  # a run, whether it is inside a link, whether it is bold
        self.links = 0  # how many links and bold stretches the walk is inside of
        self.bolds = 0
        self.depth = 0  # of lists
        self.group = 0
        self.groups = 0
        self.row: Any = None  # the row being read, the outermost one where rows stand inside cells
        self.cells: list[list[tuple[str, bool, bool]]] = []
        self.head_cells = 0

    def add(self, text: str | None) -> None:
        if text:
            self.text.append((text, self.links > 0, self.bolds > 0))

    def flush(self) -> Iterator[Piece]:
        """What has been gathered, as pieces of the kind that is open."""
        runs, self.text = self.text, []
        kind, level = self.kinds[-1]
        if kind == "code":
            yield Piece("code", code_lines("".join(text for text, _, _ in runs)))
            return
        for part in _parted(runs) if kind in ("paragraph", "quote") else [runs]:
            text, linked, bold = _measured(part)
            if text and kind == "heading" and len(text) > _LONG_HEADING and ends_a_sentence(text):
                yield Piece("paragraph", text, 0, linked)
            elif (
                text and kind == "paragraph" and bold > 0.95 and len(text) <= _BOLD_HEADING and text[-1] not in ".,;!…:"
            ):
                yield Piece("heading", text, 3, linked)
            elif text:
                yield Piece(kind, text, level, linked, self.group)


def _parted(runs: list[tuple[str, bool, bool]]) -> Iterator[list[tuple[str, bool, bool]]]:
    """Runs of text in parts: two line breaks in a row part paragraphs."""
    part: list[tuple[str, bool, bool]] = []
    broken = False
    for text, linked, bold in runs:
        for number, line in enumerate(text.split("\x00")):
            if number and broken:
                yield part
                part = []
            elif number:
                broken = True
            if line.strip():
                broken = False
            part.append((f" {line}" if number else line, linked, bold))
    yield part


def _measured(runs: list[tuple[str, bool, bool]]) -> tuple[str, float, float]:
    """The text of runs on one line, and the shares of it that are linked and bold, 0..1."""
    text = one_line("".join(run for run, _, _ in runs).replace("\x00", " "))
    visible = sum(len(run.strip()) for run, _, _ in runs) or 1
    linked = sum(len(run.strip()) for run, inside, _ in runs if inside)
    bold = sum(len(run.strip()) for run, _, heavy in runs if heavy)
    return text, linked / visible, bold / visible


def _pieces(body: Any) -> Iterator[Piece]:
    from lxml.etree import iterwalk

    walk = _Walk()
    for event, element in iterwalk(body, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            yield from _open(walk, tag, element)
        else:
            yield from _close(walk, tag, element)
            if element is not body:
                walk.add(element.tail)
    yield from walk.flush()


def _open(walk: _Walk, tag: str, element: Any) -> Iterator[Piece]:
    if walk.row is not None:
        if tag == "cell" and element.getparent() is walk.row:
            walk.text = []
            walk.head_cells += element.get("role") == "head"
        elif tag in ("p", "list", "item", "lb", "quote", "head", "cell"):
            walk.add(" ")
    elif tag == "row":
        yield from walk.flush()
        walk.row, walk.cells, walk.head_cells = element, [], 0
    elif tag == "lb":
        walk.add("\n" if walk.kinds[-1][0] == "code" else "\x00 ")
    elif tag == "code" and _is_inline(element):
        pass
    elif tag in ("p", "head", "list", "item", "quote", "code", "table"):
        yield from walk.flush()
        kind, level = walk.kinds[-1]
        if tag == "head":
            rank = element.get("rend", "h3")[1:2]
            kind, level = "heading", int(rank) if rank in "123456" and rank else 3
        elif tag == "list":
            walk.depth += 1
            if walk.depth == 1:
                walk.groups += 1
                walk.group = walk.groups
        elif tag == "item":
            kind, level = "item", max(1, walk.depth)
        elif tag == "quote":
            kind, level = "quote", 0
        elif tag == "code":
            kind, level = "code", 0
        elif tag == "table":
            walk.groups += 1
            walk.group = walk.groups
        walk.kinds.append((kind, level))
        walk.opened.append(element)
    if tag == "ref":
        walk.links += 1
    elif tag == "hi" and element.get("rend") == "#b":
        walk.bolds += 1
    walk.add(element.text)


def _close(walk: _Walk, tag: str, element: Any) -> Iterator[Piece]:
    if tag == "ref":
        walk.links -= 1
    elif tag == "hi" and element.get("rend") == "#b":
        walk.bolds -= 1
    if walk.row is not None:
        if tag == "cell" and element.getparent() is walk.row:
            walk.cells.append(walk.text)
            walk.text = []
        elif element is walk.row:
            row, walk.row = walk.cells, None
            cells = [_measured(cell)[0] for cell in row]
            filled = [cell for cell in cells if cell]
            linked = _measured([run for cell in row for run in cell])[1]
            if filled:
                heads = walk.head_cells >= max(1, len(filled) - 1)
                yield Piece(
                    "row",
                    " | ".join(cells).strip(" |") if len(filled) > 1 else filled[0],
                    int(heads),
                    linked,
                    walk.group,
                )
        return
    if walk.opened and walk.opened[-1] is element:
        yield from walk.flush()
        walk.kinds.pop()
        walk.opened.pop()
        if tag == "list":
            walk.depth -= 1
        if tag == "table" or (tag == "list" and walk.depth == 0):
            walk.group = 0


def _is_inline(element: Any) -> bool:
    parent = element.getparent()
    return (
        parent is not None
        and parent.tag in ("p", "head", "item", "cell", "hi", "ref")
        and "\n" not in (element.text or "")
    )


def _every_paragraph(soup: BeautifulSoup) -> list[Piece]:
    """What a page says when no main text stands out: its paragraphs, or else all its words."""
    pieces = []
    root: Tag = soup.find("article") or soup.find("main") or soup.body or soup
    for tag in root.find_all(["p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "pre"]):
        if tag.find_parent(["nav", "footer", "header", "aside", "form"]):
            continue
        name = tag.name
        text = one_line(tag.get_text(" "))
        if name[0] == "h":
            pieces.append(Piece("heading", text, int(name[1])))
        elif name == "li" and not tag.find(["p", "li"]):
            pieces.append(Piece("item", text, 1))
        elif name in ("p", "pre"):
            pieces.append(Piece("paragraph", text))
    pieces = [piece for piece in pieces if piece.text]
    if any(piece.kind != "heading" for piece in pieces):
        return pieces
    words = [one_line(text) for text in root.find_all(string=True) if text.parent and text.parent.name not in UNSEEN]
    text = " ".join(word for word in words if word)
    return [Piece("paragraph", text)] if text else []
