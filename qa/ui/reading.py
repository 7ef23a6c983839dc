"""The reading view: one stored article as a page of its own, with a stretch of it marked. Plain HTML, no scripts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby

from qa.readers.plaintext import blocks_of
from qa.render import long_date, safe_url
from qa.types import Article, Block

_TAGS = {"paragraph": "p", "quote": "blockquote", "caption": "p", "code": "pre"}
_CLASSES = {"caption": ' class="caption"'}

# Signs of plain text and Markdown that the page draws itself.
_SIGNS = {"heading": re.compile(r"#{1,6}\s+"), "item": re.compile(r"[-*+•]\s+"), "quote": re.compile(r">\s?")}
_CELL = re.compile(r"[^|\s](?:[^|]*[^|\s])?")


def article_page(article: Article, *, start: int = 0, end: int = 0) -> str:
    """The article as a complete HTML page; `article.text[start:end]` is in marks, the first with the id "quote".

    An empty or impossible stretch marks nothing. Everything from the article is escaped.
    """
    blocks = article.blocks or tuple(blocks_of(article.text)) or _paragraphs(article.text)
    mark = _Mark(article.text, start, end) if 0 <= start < end <= len(article.text) else _Mark(article.text, 0, 0)
    body = "".join(_drawn(_without_title(article, blocks), mark))
    address = safe_url(article.url)
    facts = [f'<span dir="auto">{html.escape(author)}</span>' for author in article.authors]
    if article.published:
        published = html.escape(article.published)
        facts.append(f'<time datetime="{published}">{html.escape(long_date(article.published))}</time>')
    if article.site:
        facts.append(f'<span dir="auto">{html.escape(article.site)}</span>')
    if address:
        href = html.escape(address, quote=True)
        facts.append(f'<a href="{href}" target="_blank" rel="noopener noreferrer">Open page</a>')
    title = html.escape(article.title)
    language = f' lang="{html.escape(article.language)}"' if article.language else ""
    jump = '<a class="jump" href="#quote">To the quote</a>' if mark.made else ""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        f'content="light dark"><title>{title}</title><style>{_style()}</style></head><body><main>'
        f'<header><h1 dir="auto"{language}>{title}</h1><p class="facts">{" · ".join(facts)}</p>{jump}</header>'
        f'<article dir="auto"{language}>{body}</article></main></body></html>'
    )


def missing_page(message: str) -> str:
    """The page for an article that is not in the library."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>No such article</title>'
        f"<style>{_style()}</style></head><body><main><h1>No such article</h1><p>{html.escape(message)}</p>"
        "</main></body></html>"
    )


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
    return f'<{tag}{_CLASSES.get(block.kind, "")} dir="auto">{content}</{tag}>'


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
    return files("qa.ui").joinpath("reading.css").read_text(encoding="utf-8")
