"""The reading view: one stored article as a page of its own, with a stretch of it marked. Plain HTML, no scripts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby

from qa.readers.plaintext import blocks_of
from qa.types import Article, Block
from qa.ui.draw import facts_line, text
from qa.ui.words import Words

_TAGS = {"paragraph": "p", "quote": "blockquote", "caption": "p", "code": "pre"}
_CLASSES = {"caption": ' class="caption"'}

# Signs of plain text and Markdown that the page draws itself.
_SIGNS = {"heading": re.compile(r"#{1,6}\s+"), "item": re.compile(r"[-*+•]\s+"), "quote": re.compile(r">\s?")}
_CELL = re.compile(r"[^|\s](?:[^|]*[^|\s])?")


FEWEST_HEADINGS = 3  # that make a list of contents worth its place


def article_page(article: Article, words: Words, *, start: int = 0, end: int = 0) -> str:
    """The article as a complete HTML page; `article.text[start:end]` is in marks, the first with the id "quote".

    An empty or impossible stretch marks nothing. Everything from the article is escaped. In front there is a list of
    its headings, where there are some.
    """
    blocks = article.blocks or tuple(blocks_of(article.text)) or _paragraphs(article.text)
    mark = _Mark(article.text, start, end) if 0 <= start < end <= len(article.text) else _Mark(article.text, 0, 0)
    shown = _without_title(article, blocks)
    body = "".join(_drawn(shown, mark))
    title = text(article.title)
    language = f' lang="{html.escape(article.language)}"' if article.language else ""
    jump = f'<a class="jump" href="#quote">{html.escape(words("reading.to_quote"))}</a>' if mark.made else ""
    return (
        f"{_opening(title, words)}<main>"
        f'<header><h1 dir="auto"{language}>{title}</h1><p class="facts">{facts_line(article, words)}</p>{jump}</header>'
        f'{_contents(article, shown, words)}<article dir="auto"{language}>{body}</article></main></body></html>'
    )


def missing_page(words: Words) -> str:
    """The page for an article that is not in the library."""
    title = html.escape(words("reading.missing"))
    said = html.escape(words("reading.missing_help"))
    return f"{_opening(title, words)}<main><h1>{title}</h1><p>{said}</p></main></body></html>"


def _opening(title: str, words: Words) -> str:
    return (
        f'<!DOCTYPE html><html lang="{words.language}" dir="{words.direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        f'content="light dark"><title>{title}</title><style>{_style()}</style></head><body>'
    )


def _contents(article: Article, blocks: Sequence[Block], words: Words) -> str:
    """Links to the headings."""
    headings = [block for block in blocks if block.kind == "heading"]
    if len(headings) < FEWEST_HEADINGS:
        return ""
    top = min(block.level for block in headings)
    items = "".join(
        f'<li style="margin-inline-start:{1.2 * min(3, block.level - top):g}em"><a dir="auto" href="#h{block.start}">'
        f"{text(article.text[_content(block, article.text) : block.end])}</a></li>"
        for block in headings
    )
    return f"<nav><details><summary>{html.escape(words('reading.contents'))}</summary><ul>{items}</ul></details></nav>"


@dataclass
class _Mark:
    """Escapes stretches of the text and puts the marked part of each into <mark>; only the first has the id."""

    text: str
    start: int
    end: int
    made: bool = False

    def escaped(self, start: int, end: int) -> str:
        cut_in, cut_out = max(start, min(self.start, end)), max(start, min(self.end, end))
        before, inside, after = self.text[start:cut_in], self.text[cut_in:cut_out], self.text[cut_out:end]
        if not inside.strip():
            return html.escape(self.text[start:end])
        anchor = "" if self.made else ' id="quote"'
        self.made = True
        return f"{html.escape(before)}<mark{anchor}>{html.escape(inside)}</mark>{html.escape(after)}"


def _drawn(blocks: Sequence[Block], mark: _Mark) -> Iterator[str]:
    for kind, run in groupby(blocks, key=lambda block: block.kind):
        group = list(run)
        if kind == "item":
            yield _list(group, mark)
        elif kind == "row":
            yield f'<div class="scroll"><table>{"".join(_row(block, mark) for block in group)}</table></div>'
        else:
            for block in group:
                yield _plain(block, mark)


def _plain(block: Block, mark: _Mark) -> str:
    # The page's own title is its h1, so an article's headings start at h2.
    tag = f"h{min(6, max(2, block.level))}" if block.kind == "heading" else _TAGS[block.kind]
    content = mark.escaped(_content(block, mark.text), block.end)
    anchor = f' id="h{block.start}"' if block.kind == "heading" else ""
    return f'<{tag}{_CLASSES.get(block.kind, "")}{anchor} dir="auto">{content}</{tag}>'


def _list(items: Sequence[Block], mark: _Mark) -> str:
    drawn = []
    for item in items:
        depth = max(1, item.level)
        content = mark.escaped(_content(item, mark.text), item.end)
        drawn.append(f'<li dir="auto" style="margin-inline-start:{1.4 * (depth - 1):g}em">{content}</li>')
    return f"<ul>{''.join(drawn)}</ul>"


def _row(row: Block, mark: _Mark) -> str:
    tag = "th" if row.level == 1 else "td"
    cells = _CELL.finditer(mark.text, row.start, row.end)
    drawn = (f'<{tag} dir="auto">{mark.escaped(cell.start(), cell.end())}</{tag}>' for cell in cells)
    return f"<tr>{''.join(drawn)}</tr>"


def _content(block: Block, text: str) -> int:
    """Where a block's text starts once the sign in front of it (a heading's "##", an item's "-") is left out."""
    sign = _SIGNS.get(block.kind)
    match = sign.match(text, block.start, block.end) if sign else None
    return match.end() if match else block.start


def _paragraphs(text: str) -> tuple[Block, ...]:
    return tuple(Block("paragraph", match.start(), match.end()) for match in re.finditer(r"\S(?:.|\n(?!\s*\n))*", text))


def _without_title(article: Article, blocks: Sequence[Block]) -> Sequence[Block]:
    """The blocks without a first heading that only repeats the title, which the page shows already."""
    if blocks and blocks[0].kind == "heading":
        first = blocks[0]
        if article.text[first.start : first.end].strip("# \n").casefold() == article.title.strip().casefold():
            return blocks[1:]
    return blocks


def _style() -> str:
    return files("qa.ui").joinpath("assets", "reading.css").read_text(encoding="utf-8")
