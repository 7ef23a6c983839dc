"""PDF to Article: lines of type become paragraphs, headings, lists and captions, with the page each begins on.

A PDF says where letters stand, and little of what they are. What is read off it: lines and their order
(qa/readers/pdflines.py); heads, feet and page numbers, which stand at one place of many pages; the usual
size of the type, its headings larger or bolder; paragraphs by indents, gaps and lines that end early. Sentences run
on over columns and pages, and words cut at a line's end are made whole where the document shows how they are spelt.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from qa.blocks import Piece, lay_out, one_line
from qa.errors import NoArticleText
from qa.language import language_of
from qa.readers.bylines import byline_part, persons_in
from qa.readers.chrome import byline_names, drop_head, ends_a_sentence, same_text
from qa.readers.dates import iso_day, says_only_when
from qa.readers.outline import is_caption
from qa.readers.pdflines import Line, PdfText, read_apart
from qa.readers.pdfrunning import without_running_lines
from qa.readers.pdftables import with_rows
from qa.types import Article, BlockKind, Page


def read(page: Page, identity: str) -> Article:
    """The article of a PDF, with the offset in its text where each page begins.

    Raises SourceError where the file is damaged, protected or too large, NoArticleText where it holds no text.
    """
    where = page.location or page.url or "the PDF"
    document = read_apart(page.content, where)
    unknown = sum(len(line.text) for line in document.lines if not _is_readable(line))
    if unknown > 0.5 * sum(len(line.text) for line in document.lines):
        raise NoArticleText(f"{where} has fonts that do not say which letters they draw; run it through OCR first")
    parts, body = _parts(document)
    title, titles = _title(document, parts, body)
    head = [part for part in parts if part.lines[0].page == 1][:_HEAD_PARTS]
    published = _published(head)
    authors = _authors(document.author, head)
    pieces = _pieces(parts, body, titles)
    kept = drop_head([piece for piece, _ in pieces], titles=titles, authors=authors)
    starts = {id(piece): part for piece, part in pieces}
    text, blocks = lay_out(kept)
    if not text:
        raise NoArticleText(f"{where} holds no article text; give a PDF with prose in it")
    begun: dict[int, int] = {}  # page -> the first offset that came from it
    for piece, block in zip(kept, blocks, strict=True):
        for offset, number in starts[id(piece)].begins:
            begun.setdefault(number, block.start + offset)
    return Article(
        id=identity,
        title=title or one_line(text[: blocks[0].end])[:120],
        text=text,
        url=page.url,
        authors=authors,
        published=published,
        language=language_of(text),
        blocks=blocks,
        source=page.location or None,
        date_source="text" if published else None,
        pages=_page_starts(begun, document.pages, len(text)),
    )


def _page_starts(begun: dict[int, int], pages: int, length: int) -> tuple[int, ...]:
    """Where each page begins; a page without text begins where the next one does."""
    starts: list[int] = []
    following = length
    for number in range(pages, 0, -1):
        following = min(begun.get(number, following), following)
        starts.append(following)
    starts[-1] = 0
    return tuple(reversed(starts))


# ---------------------------------------------------------------- lines to parts


@dataclass(slots=True)
class _Part:
    """Lines that belong together. `begins` are (offset in `text`, page) wherever the part begins or enters a page."""

    lines: list[Line]
    text: str
    begins: list[tuple[int, int]] = field(default_factory=list)
    is_item: bool = False

    @property
    def size(self) -> float:
        return self.lines[0].size


_BULLET = re.compile(r"[•‣◦▪●·■□➢➤►\uf0b7\uf0a7∗*–—-]\s+(?=\S)")
_NUMBERED = re.compile(r"(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})\)|\d{1,2}\.)\s+(?=\S)")
_REFERENCE = re.compile(r"\[\d{1,3}\]\s+\S")
_HEAD_PARTS = 14  # of page 1: where a title, its authors and a date stand
_LARGER = 1.12  # times the usual size: a heading


def _parts(document: PdfText) -> tuple[list[_Part], float]:
    """The parts of a document in reading order, and the usual size of its type."""
    lines = [_spelt(line) for line in without_running_lines(document) if _is_readable(line)]
    lines = _whole_lines(with_rows(lines))
    if not lines:
        return [], 0.0
    body = _usual(Counter(), ((round(line.size * 2) / 2, len(line.text)) for line in lines))
    words = _vocabulary(lines)
    pitch = _usual_pitch(lines)
    edges = _right_edges(lines)
    parts: list[_Part] = []
    part: _Part | None = None  # the one that the line before went to
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else None
        if part is not None and _goes_on(part, line, following, body, pitch, edges):
            _append(part, line, words)
        elif (origin := _open_part(parts, line, following, body, edges)) is not None:
            # What stood between (notes at the foot, a figure's caption) keeps the order of the pages.
            part = parts.pop(origin)
            before = [other for other in parts[origin:] if other.lines[0].page < line.page]
            parts[origin:] = [*before, part, *(other for other in parts[origin:] if other.lines[0].page >= line.page)]
            _append(part, line, words)
        else:
            is_item = bool(_BULLET.match(line.text) or _NUMBERED.match(line.text) or _REFERENCE.match(line.text))
            part = _Part([line], line.text, [(0, line.page)], is_item)
            parts.append(part)
    return parts, body


def _is_readable(line: Line) -> bool:
    """Whether most signs of a line are known: some fonts do not say which letters they draw."""
    return line.text.count("\ufffd") <= _UNKNOWN * len(line.text)


_UNKNOWN = 0.2  # of the signs; a formula has some, a line in such a font is made of them
_LIGATURE = re.compile("[\ufb00-\ufb06]")


def _spelt(line: Line) -> Line:
    """The line without ligatures: "ﬁeld" is found by no one who types "field"."""
    from dataclasses import replace

    if not _LIGATURE.search(line.text):
        return line
    return replace(line, text=_LIGATURE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), line.text))


def _whole_lines(lines: Sequence[Line]) -> list[Line]:
    """Lines whose parts stand far apart ("2    Methods") put together; columns stay apart."""
    from dataclasses import replace

    whole: list[Line] = []
    for line in lines:
        last = whole[-1] if whole else None
        if (
            last is not None
            and not (last.row or line.row)
            and last.page == line.page
            and abs(last.y0 - line.y0) < 0.2 * line.size
            and 0 <= line.x0 - last.x1 < 3 * line.size
            and abs(last.size - line.size) < 0.5
            and last.bold == line.bold
            and len(last.text) < 60
        ):
            whole[-1] = replace(last, text=f"{last.text} {line.text}", x1=line.x1)
        else:
            whole.append(line)
    return whole


def _usual(counts: Counter[float], weighed: Iterable[tuple[float, int]]) -> float:
    for value, weight in weighed:
        counts[value] += weight
    return counts.most_common(1)[0][0] if counts else 0.0


def _usual_pitch(lines: Sequence[Line]) -> float:
    """The distance of lines in a paragraph, as a multiple of their size."""
    steps = (
        (round((line.y0 - after.y0) / line.size, 1), 1)
        for line, after in pairwise(lines)
        if line.page == after.page and abs(line.size - after.size) < 0.3 and abs(line.x0 - after.x0) < 1
    )
    return _usual(Counter(), ((step, weight) for step, weight in steps if 0.9 <= step <= 2.6)) or 1.2


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where the lines of a column end that are full, and whether most of them are (it is justified)."""

    x: float
    justified: bool


_Edges = dict[tuple[int, int], _Edge]  # by page and left edge


def _right_edges(lines: Sequence[Line]) -> _Edges:
    ends: dict[tuple[int, int], list[float]] = {}
    for line in lines:
        if not line.row:
            ends.setdefault((line.page, int(line.x0 // 20)), []).append(line.x1)
    edges: _Edges = {}
    for place, found in ends.items():
        found.sort()
        full = sum(end > found[-1] - 2 for end in found)
        edges[place] = _Edge(found[int(0.75 * (len(found) - 1))], full >= max(3, 0.5 * len(found)))
    return edges


def _right_edge(line: Line, edges: _Edges) -> _Edge:
    column = int(line.x0 // 20)
    near = (edges.get((line.page, column + step)) for step in (-1, 0, 1))
    return max((edge for edge in near if edge is not None), key=lambda edge: edge.x, default=_Edge(line.x1, False))


def _goes_on(part: _Part, line: Line, following: Line | None, body: float, pitch: float, edges: _Edges) -> bool:
    """Whether `line` stands right below the part's last line and belongs to it."""
    last = part.lines[-1]
    step = last.y0 - line.y0
    if last.row or line.row:
        return False
    if last.page != line.page or step <= 0.3 * line.size or not _overlap(last, line):
        return False
    if abs(last.size - line.size) > 0.06 * body + 0.1:
        return False
    if _BULLET.match(line.text):
        return False
    if _REFERENCE.match(line.text) and (_REFERENCE.match(part.text) or ends_a_sentence(last.text)):
        return False
    if last.italic and not line.italic and _SECTION.match(part.text):
        return False
    if _NUMBERED.match(line.text) and (part.is_item or ends_a_sentence(last.text) or last.text[-1] == ":"):
        return False
    if last.bold and line.bold and line.size >= body and len(part.text) < 200:  # a heading on two lines
        return step < 1.75 * line.size and not _SECTION.match(line.text)
    if line.size > _LARGER * body:
        return step < 1.75 * line.size and not _SECTION.match(line.text)
    if step > 1.3 * pitch * line.size:
        return False
    room = _right_edge(last, edges).x - last.x1
    full = room < 2.5 * line.size
    if last.bold != line.bold and not (full and not ends_a_sentence(last.text)):
        return False
    if is_caption(line.text) and ends_a_sentence(last.text):
        return False
    if line.x0 > last.x0 + 0.7 * line.size:  # an indent: of a new paragraph, unless the next line keeps it
        hangs = len(part.lines) == 1 and following is not None and abs(following.x0 - line.x0) < 0.4 * line.size
        return part.is_item or hangs or not ends_a_sentence(last.text)
    if line.x0 < last.x0 - 0.7 * line.size and len(part.lines) > 1:
        return not ends_a_sentence(last.text)
    if (
        part.is_item
        and len(part.lines) == 1
        and abs(line.x0 - last.x0) < 0.4 * line.size
        and ends_a_sentence(last.text)
    ):
        return room < 4 * line.size
    needed = (line.x1 - line.x0) / max(1, len(line.text)) * (len(line.text.split(" ", 1)[0]) + 1)
    if room > needed + line.size:  # the next word would have fitted
        return not (
            ends_a_sentence(last.text) or last.text[-1] == ":" or (room > 12 * line.size and line.text[0].isupper())
        )
    return True


def _overlap(one: Line, other: Line) -> bool:
    return min(one.x1, other.x1) - max(one.x0, other.x0) > 0


def _open_part(parts: Sequence[_Part], line: Line, following: Line | None, body: float, edges: _Edges) -> int | None:
    """The part that goes on in `line`, on the next column or page; None where none does.

    A sentence that is not at its end goes on. One that is may be the last of its paragraph: only where its line is full
    to the edge, and no indent begins a new paragraph, does the text go on.
    """
    if line.row or line.bold or line.size > _LARGER * body or _BULLET.match(line.text) or is_caption(line.text):
        return None
    for number in range(len(parts) - 1, max(-1, len(parts) - 9), -1):
        part = parts[number]
        last = part.lines[-1]
        if last.row:
            continue
        if abs(part.size - line.size) > 0.06 * body + 0.1 or part.lines[0].bold or is_caption(part.text):
            if part.size > _LARGER * body:
                return None  # a heading: what follows it is new
            continue
        if line.page - last.page > 1 or len(part.text) < 30 or not (line.page > last.page or line.y0 > last.y0):
            return None
        edge = _right_edge(last, edges)
        room = edge.x - last.x1
        indented = following is not None and following.page == line.page and following.x0 < line.x0 - 0.5 * line.size
        if ends_a_sentence(part.text):
            runs_on = edge.justified and room < 0.4 * last.size and not indented and not part.is_item
            return number if runs_on else None
        cut = last.text.endswith(("-", "\u00ad", "\u2010"))
        small = line.text[0].islower() or line.text[0] in "([“‘"
        full = room < 2.5 * last.size and line.size > _SMALLER * body  # a note's line begins another note
        return number if cut or small or (full and not indented and not part.is_item) else None
    return None


# ---------------------------------------------------------------- words cut at the end of a line

_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_CUT = re.compile(r"([^\W_]+(?:[-\u2010][^\W_]+)*)([-\u2010\u00ad])$")
_LONGEST_WORD = 60  # characters
# Words that are joined to the next by a hyphen nearly always, and words that begin many longer ones.
_COMPOUND = frozenset("well self so ex".split())
_PREFIX = frozenset(
    """
    after any ever every fore further her him how inter may mean more never none one other out over per some super
    there through under what when where which who with within an be con for in pre pro re sub un
    """.split()
)


def _vocabulary(lines: Sequence[Line]) -> Counter[str]:
    """How often each word stands whole in the document, in small letters."""
    counts: Counter[str] = Counter()
    cut = False
    for line in lines:
        found = _WORD.findall(line.text.lower())
        counts.update(found[1:] if cut else found)
        cut = line.text.endswith(("-", "\u2010", "\u00ad"))
        if cut and found:
            counts[found[-1]] -= 1
    return counts


def _append(part: _Part, line: Line, words: Counter[str]) -> None:
    """Add a line to a part. A hyphen at the end goes where it only cut a word."""
    match = _CUT.search(part.text[-_LONGEST_WORD:])
    if match is None:
        text = f"{part.text} "
    else:
        head, hyphen = match.groups()
        tail = (_WORD.match(line.text) or [""])[0]
        text = part.text[:-1] if _is_cut(head, tail, hyphen, words) else part.text
    if line.page != part.lines[-1].page:
        part.begins.append((len(text), line.page))
    part.text = text + line.text
    part.lines.append(line)


def _is_cut(head: str, tail: str, hyphen: str, words: Counter[str]) -> bool:
    """Whether "head-" and "tail" are one word: as the document spells it elsewhere, else where small letters follow."""
    if hyphen == "\u00ad":
        return True
    if not tail or not head[-1].isalpha():
        return False  # COVID-19
    last = re.split(r"[-\u2010]", head)[-1]
    joined, hyphened = words[(head + tail).lower()], words[f"{head}-{tail}".lower()]
    if joined or hyphened:
        return joined >= hyphened
    if last != head or head.lower() in _COMPOUND or not tail[0].islower():
        return False  # state-of-the-art, well-known, Anglo-Saxon
    # Both halves are words of this document, and the whole is not: "time-intensive", but "over-come".
    return not (len(tail) > 3 and words[head.lower()] > 0 and words[tail.lower()] > 0) or head.lower() in _PREFIX


# ---------------------------------------------------------------- parts to pieces

_SECTION = re.compile(
    r"(?:(?P<number>\d{1,2}(?:\.\d{1,2}){0,3})\.?|(?P<roman>[IVX]{1,5})\.|(?P<letter>[A-Z])\.)\s+(?=[^\W\d_])"
)
_CAPITALS = re.compile(r"(?=.{4,60}$)[^\W\d_a-zà-ÿ]{2,}(?:[ &’'-]+[^\W\d_a-zà-ÿ]+)*")
_TABLE = re.compile(r"(?:TABLE|FIG(?:URE)?\.?) [IVX]+\b")
_SMALLER = 0.92  # times the usual size: a note
_NOTE_NUMBER = re.compile(r"^(\d{1,3})(?=[^\W\d_])")
_HEADING_LENGTH = 150  # characters


def _pieces(parts: Sequence[_Part], body: float, titles: Sequence[str]) -> list[tuple[Piece, _Part]]:
    front = next((n for n, part in enumerate(parts) if len(part.text) > 120 or part.lines[0].page > 1), 0)
    nexts = [*parts[1:], None][: len(parts)]
    kinds = [
        _kind(part, after, body, at_head=n < front) for n, (part, after) in enumerate(zip(parts, nexts, strict=True))
    ]
    keys = set(map(same_text, titles))
    styles = {
        _style(part)
        for part, kind in zip(parts, kinds, strict=True)
        if kind == "heading" and same_text(part.text) not in keys
    }
    ranks = {style: rank for rank, style in enumerate(sorted(styles, reverse=True), 1)}
    made = []
    group = 0
    for part, kind, before in zip(parts, kinds, [None, *kinds], strict=False):
        level = 0
        if kind == "heading":
            level = _level(part, ranks)
        elif kind == "item":
            group += before != "item"
            level = 1
            _strip_marker(part)
        elif kind == "row":
            group += before != "row"
            level = int(before != "row" and not any(map(str.isdigit, part.text)))
        elif part.size < _SMALLER * body:
            part.text = _NOTE_NUMBER.sub(r"\1 ", part.text)
        piece = Piece(kind, one_line(part.text), level, group=group if kind in ("item", "row") else 0)
        if piece.text:
            made.append((piece, part))
    return made


def _style(part: _Part) -> tuple[float, bool]:
    return (round(part.size * 2) / 2, part.lines[0].bold)


def _kind(part: _Part, following: _Part | None, body: float, *, at_head: bool) -> BlockKind:
    text, first = part.text, part.lines[0]
    if first.row:
        return "row"
    if is_caption(text) or _TABLE.match(text):
        return "caption"
    short = len(text) <= _HEADING_LENGTH and len(part.lines) <= 3 and any(map(str.isalpha, text))
    if short and following is not None:
        numbered = bool(_SECTION.match(text))
        if at_head and len(following.text) < 40 and following.size < part.size and not numbered:
            return "paragraph"  # an author's name or the like, under the title
        ends = text[-1] in ".,;:" and not numbered
        if first.size > _LARGER * body and text[-1] not in ".,;":
            return "heading"
        bold = all(line.bold for line in part.lines)
        if bold and first.size >= 0.95 * body and not ends and not all(line.bold for line in following.lines):
            return "heading"
        stands_out = text.upper() == text or all(line.italic for line in part.lines)
        if numbered and stands_out and first.size >= 0.75 * body and text[-1] not in ".,;:":
            return "heading"
        if len(part.lines) == 1 and _CAPITALS.fullmatch(text) and len(following.text) > len(text):
            return "heading"
    return "item" if part.is_item else "paragraph"


def _level(part: _Part, ranks: dict[tuple[float, bool], int]) -> int:
    match = _SECTION.match(part.text)
    if match and match["number"]:
        return min(6, match["number"].count(".") + 1)
    if match and match["roman"]:
        return 1
    if match and match["letter"] and all(line.italic for line in part.lines):
        return 2
    return min(6, ranks.get(_style(part), 1))


def _strip_marker(part: _Part) -> None:
    """Leave out the bullet or number in front of an item, as readers of web pages do; a reference keeps its own."""
    match = _BULLET.match(part.text) or _NUMBERED.match(part.text)
    if match:
        part.text = part.text[match.end() :]
        part.begins = [(max(0, offset - match.end()), page) for offset, page in part.begins]


# ---------------------------------------------------------------- title, authors, date

_NO_TITLE = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel)\b|untitled|unknown|document\d*$|print(?:ing)?\b.*view|slide \d|title$)|"
    r".*\.(?:docx?|dotx?|pdf|tex|dvi|indd|qxd|rtf|odt|pptx?|xlsx?|html?|txt|md|ps)$|(?:https?|file):",
    re.I,
)


def _title(document: PdfText, parts: Sequence[_Part], body: float) -> tuple[str, tuple[str, ...]]:
    """The title, and every form of it: the file's own where page 1 shows it, else the largest type there."""
    stated = one_line(document.title)
    if len(stated) < 4 or _NO_TITLE.match(stated) or not any(map(str.isalpha, stated)) or len(stated) > 300:
        stated = ""
    first = [part for part in parts if part.lines[0].page == 1]
    if stated and same_text(stated) in same_text(" ".join(part.text for part in first[:_HEAD_PARTS])):
        return stated, (stated,)
    printed = _largest(document, first, body)
    return printed or stated, tuple(filter(None, (printed, stated)))


def _largest(document: PdfText, first: Sequence[_Part], body: float) -> str:
    """The largest type in the upper part of page 1, if it is larger than the text's or stands out in bold."""
    top = [part for part in first[:_HEAD_PARTS] if part.lines[0].y0 > 0.35 * document.heights[0]]
    words = [part for part in top if len(part.text) > 3 and len(part.text) < 300 and any(map(str.isalpha, part.text))]
    if not words:
        return ""
    best = max(words, key=lambda part: round(part.size * 2))
    if best.size < _LARGER * body:
        return next((part.text for part in words[:3] if all(line.bold for line in part.lines)), "")
    at = top.index(best)
    joined = [best.text]
    for part in top[at + 1 :]:
        if abs(part.size - best.size) > 0.5 or part.lines[0].bold != best.lines[0].bold:
            break
        joined.append(part.text)
    return one_line(" ".join(joined))


def _authors(stated: str, head: Sequence[_Part]) -> tuple[str, ...]:
    """Persons named in the file's information, else in a byline under the title."""
    if names := persons_in(stated):
        return names
    for part in head:
        if part.lines[0].page == 1 and len(part.text) < 120 and (named := byline_names(part.text)):
            return persons_in(byline_part(part.text) or named)
    return ()


def _published(head: Sequence[_Part]) -> str | None:
    """The day that stands near the title on a line of its own; when the file was made is no such day."""
    for part in head:
        if len(part.text) > 200:
            break
        if (
            len(part.text) < 100
            and (says_only_when(part.text) or byline_names(part.text))
            and (day := iso_day(part.text))
        ):
            return day
    return None
