"""The structure of plain text and Markdown, read off without changing a character."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from qa.readers.chrome import ends_a_sentence
from qa.types import Block, BlockKind

_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(?P<text>\S.*?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r"[ ]{0,3}(=+|-{2,})[ \t]*$")
_RULE = re.compile(r"[ ]{0,3}(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,}|[=~*_—–-]{3,})$")
_ITEM = re.compile(r"(?P<indent>[ \t\u00a0]*)(?:[-*+•‣◦▪●·–]|\(?\d{1,3}[.)]|\(?[a-z][.)])[ \t\u00a0]+(?P<text>\S.*)$")
_QUOTE = re.compile(r"[ ]{0,3}(?:>[ \t]?)+(?P<text>\S.*)$")
_ROW = re.compile(r"[ ]{0,3}\|(?P<text>.*[^\s|].*)$")
_ROW_RULE = re.compile(r"[ ]{0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_FENCE = re.compile(r"[ ]{0,3}(```+|~~~+)")
_CAPTION = re.compile(
    r"\**(?:table|figure|fig|chart|map|photo|tabelle|abbildung|abb|tabla|figura|gráfico|tableau|tabella|таблица|"
    r"рис|表|图|圖|図)\.?\s*\d+[\w.-]*\s*[:.–—|]",
    re.I,
)

_HEADING_LENGTH = 80  # characters; a longer line without a full stop is a paragraph that lacks one
_WRAPPED = range(40, 121)  # columns that people and programs wrap text at


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text: where it is, without the white space around it."""

    start: int
    end: int
    raw: str

    @property
    def text(self) -> str:
        return self.raw.strip()


def lines_of(text: str) -> list[Line]:
    """The lines of `text`, blank ones too."""
    lines = []
    position = 0
    for raw in text.splitlines(keepends=True):
        bare = raw.rstrip()
        lead = len(bare) - len(bare.lstrip())
        lines.append(Line(position + lead, position + len(bare), bare))
        position += len(raw)
    return lines


def blocks_of(text: str) -> tuple[Block, ...]:
    """The blocks of a plain or Markdown text, which is kept to the character.

    Markdown's headings, lists, quotes, tables and fenced code are known by their markers, which blocks
    leave out. Elsewhere blank lines part paragraphs, and single line breaks do too unless the text is
    wrapped at a column: then a block runs over its lines. Takes time in proportion to the text.
    """
    lines = lines_of(text)
    width = wrap_width(lines)
    blocks: list[Block] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if not line.raw or (_RULE.match(line.raw) and not _ROW.match(line.raw)):
            number += 1
        elif _FENCE.match(line.raw):
            number = _fenced(lines, number, blocks)
        elif match := _HEADING.match(line.raw):
            _add(blocks, "heading", line, match, level=len(match[1]))
            number += 1
        elif (match := _ROW.match(line.raw)) and _is_table(lines, number):
            number = _table(lines, number, blocks)
        elif match := _QUOTE.match(line.raw):
            number = _quote(lines, number, width, blocks)
        elif match := _ITEM.match(line.raw):
            number = _item(lines, number, match, width, blocks)
        else:
            number = _paragraph(lines, number, width, blocks)
    return tuple(blocks)


def _add(blocks: list[Block], kind: BlockKind, line: Line, match: re.Match[str], *, level: int = 0) -> None:
    """A block for the named group "text" of a match on the line's raw text."""
    offset = line.end - len(line.raw)
    start, end = match.span("text")
    blocks.append(Block(kind, offset + start, offset + end, level))


def _fenced(lines: list[Line], number: int, blocks: list[Block]) -> int:
    match = _FENCE.match(lines[number].raw)
    fence = match[1] if match else ""
    end = number + 1
    while end < len(lines) and not lines[end].text.startswith(fence):
        end += 1
    filled = [line for line in lines[number + 1 : end] if line.raw]
    if filled:
        blocks.append(Block("code", filled[0].end - len(filled[0].raw), filled[-1].end))
    return end + 1


def _is_table(lines: list[Line], number: int) -> bool:
    return any(
        0 <= other < len(lines) and "|" in lines[other].raw and _ROW.match(lines[other].raw)
        for other in (number - 1, number + 1)
    )


def _table(lines: list[Line], number: int, blocks: list[Block]) -> int:
    while number < len(lines) and (match := _ROW.match(lines[number].raw)):
        if not _ROW_RULE.match(lines[number].raw):
            heads = number + 1 < len(lines) and bool(_ROW_RULE.match(lines[number + 1].raw))
            content = match["text"]
            lead, bare = len(content) - len(content.lstrip()), content.rstrip().removesuffix("|").rstrip()
            offset = lines[number].end - len(lines[number].raw) + match.start("text")
            blocks.append(Block("row", offset + lead, offset + len(bare), int(heads)))
        number += 1
    return number


def _quote(lines: list[Line], number: int, width: int | None, blocks: list[Block]) -> int:
    """Quoted lines: one block over a wrapped quotation, else one a line."""
    end = number
    while end < len(lines) and _QUOTE.match(lines[end].raw):
        end += 1
    if end - number > 1 and is_wrapped([line.text for line in lines[number:end]], width):
        match = _QUOTE.match(lines[number].raw)
        if match:
            blocks.append(Block("quote", lines[number].end - len(match["text"]), lines[end - 1].end))
        return end
    for line in lines[number:end]:
        if match := _QUOTE.match(line.raw):
            _add(blocks, "quote", line, match)
    return end


def _item(lines: list[Line], number: int, match: re.Match[str], width: int | None, blocks: list[Block]) -> int:
    """A list item and the wrapped lines that belong to it."""
    line = lines[number]
    indent = len(match["indent"].expandtabs(4))
    start = line.end - len(line.raw) + match.start("text")
    end = number + 1
    while end < len(lines) and lines[end].raw and not _opens(lines[end].raw) and (lines[end].raw[0] in " \t" or width):
        end += 1
    blocks.append(Block("item", start, lines[end - 1].end, min(1 + indent // 2, 9)))
    return end


def _opens(raw: str) -> bool:
    """Whether a line starts something of its own and ends the paragraph above it."""
    return any(pattern.match(raw) for pattern in (_HEADING, _ITEM, _QUOTE, _FENCE, _ROW))


def _paragraph(lines: list[Line], number: int, width: int | None, blocks: list[Block]) -> int:
    end = number + 1
    while end < len(lines) and lines[end].raw and not _opens(lines[end].raw) and not _RULE.match(lines[end].raw):
        end += 1
    group = lines[number:end]
    if (
        len(group) == 1
        and end < len(lines)
        and (match := _UNDERLINE.match(lines[end].raw))
        and len(group[0].text) < 200
    ):
        blocks.append(Block("heading", group[0].start, group[0].end, 1 if match[1][0] == "=" else 2))
        return end + 1
    if len(group) > 1 and is_wrapped([line.text for line in group], width):
        blocks.append(Block("paragraph", group[0].start, group[-1].end))
        return end
    for position, line in enumerate(group, number):
        kind = line_kind(lines, position)
        blocks.append(Block(kind, line.start, line.end, 2 if kind == "heading" else 0))
    return end


def line_kind(lines: list[Line], number: int) -> BlockKind:
    """What a line without markers is: a caption, a heading over the prose that follows it, or a paragraph."""
    text = lines[number].text
    if _CAPTION.match(text) and len(text) < 300:
        return "caption"
    if (
        len(text) > _HEADING_LENGTH
        or ends_a_sentence(text)
        or text[-1] in ",;:-–—"
        or text[0].islower()
        or not any(map(str.isalpha, text))
    ):
        return "paragraph"
    if number and lines[number - 1].raw:  # a heading stands free
        return "paragraph"
    following = number + 1
    if following < len(lines) and not lines[following].raw:
        following += 1
    if following >= len(lines) or not lines[following].raw:
        return "paragraph"
    prose = lines[following].text
    long_enough = len(prose) > max(len(text), 100) or (ends_a_sentence(prose) and len(prose) > len(text))
    return "heading" if long_enough or _ITEM.match(lines[following].raw) else "paragraph"


def is_caption(text: str) -> bool:
    """Whether a line is the caption of a figure or table: it begins with such a word and a number."""
    return len(text) < 600 and bool(_CAPTION.match(text))


def wrap_width(lines: list[Line]) -> int | None:
    """The column that the text's lines are wrapped at; None where they are not."""
    lengths = [len(line.raw) for line, following in pairwise(lines) if line.raw and following.raw]
    if not lengths or max(lengths) > 4 * _WRAPPED[-1]:
        return None
    lengths.sort()
    width = lengths[-1 - len(lengths) // 50]  # a few lines may run over, as an address does
    return width if width in _WRAPPED else None


def is_wrapped(group: list[str], width: int | None) -> bool:
    """Whether lines were broken because the next word did not fit, and not because a paragraph ended there."""
    if width is None:
        return False
    breaks = list(pairwise(group))
    forced = sum(
        len(line) + 1 + len(following.partition(" ")[0]) > width - 4
        or (following[0].islower() and not ends_a_sentence(line))
        for line, following in breaks
    )
    return forced >= 0.75 * len(breaks)
