"""Running heads, feet and page numbers of a PDF: what stands at one place of many pages and is no text of any."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from qa.readers.pdflines import Line, PdfText

_ROWS = 3  # at each edge of a page
_PAGE_NUMBER = re.compile(
    r"(?:(?:page|seite|página|pagina|стр\.?|p\.|s\.)\s*)?[-–—|\[(]?\s*(?:\d{1,4}|[ivxlc]{1,7})\s*[-–—|\])]?"
    r"(?:\s*(?:of|von|de|di|sur|van|из|/)\s*\d{1,4})?",
    re.I,
)
_VARYING = re.compile(r"\d+|\b[ivxlc]+\b")


def without_running_lines(document: PdfText) -> list[Line]:
    """The document's lines without those that run over its pages.

    From each edge inwards, a row goes where it stands at the same height of another page with the same words
    (numbers aside), is a page number by itself, or stands apart at a height where most pages have such a row.
    """
    pages: dict[int, list[list[Line]]] = defaultdict(list)  # page -> its rows, from the top
    for line in sorted(document.lines, key=lambda line: (line.page, -line.y0, line.x0)):
        rows = pages[line.page]
        if rows and abs(rows[-1][0].y0 - line.y0) < 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    body = _body_size(document.lines)
    dropped: set[int] = set()
    for edge in (0, -1):
        gone: dict[int, list[list[Line]]] = defaultdict(list)
        for _ in range(_ROWS):
            outer = {page: rows[edge] for page, rows in pages.items() if rows}
            inner = {page: rows[1 if edge == 0 else -2] for page, rows in pages.items() if len(rows) > 1}
            running = _running(outer, inner, body, document.pages, at_foot=edge == -1)
            if not running:
                break
            for page in running:
                gone[page].append(pages[page].pop(edge))
        for page, rows in gone.items():
            kept = _text_among(rows, pages[page][edge] if pages[page] else None, body)
            place = 0 if edge == 0 else len(pages[page])
            pages[page][place:place] = kept[::-1] if edge == 0 else kept
            dropped.update(id(line) for row in rows if row not in kept for line in row)
    return [line for line in document.lines if id(line) not in dropped]


def _text_among(rows: Sequence[list[Line]], inner: list[Line] | None, body: float) -> list[list[Line]]:
    """Those of `rows`, from the edge inwards, that are text which repeats itself: the text goes on without a gap.

    The innermost comes first. `inner` is the row that follows them; None where they are all that the page has.
    """
    kept: list[list[Line]] = []
    for row in reversed(rows):
        alone = inner is None and sum(len(line.text) for line in row) > _SHORT
        if not alone and (inner is None or abs(row[0].y0 - inner[0].y0) > 1.45 * body):
            break
        kept.append(row)
        inner = row
    return kept


_SHORT = 30  # characters; a page number or the like, that is all there is on a page


def _body_size(lines: Sequence[Line]) -> float:
    counts: Counter[float] = Counter()
    for line in lines:
        counts[round(line.size * 2) / 2] += len(line.text)
    return counts.most_common(1)[0][0] if counts else 0.0


def _running(
    outer: dict[int, list[Line]], inner: dict[int, list[Line]], body: float, pages: int, *, at_foot: bool
) -> set[int]:
    """The pages whose outermost row is a running one."""
    same: dict[tuple[int, str], set[int]] = defaultdict(set)
    apart: dict[int, set[int]] = defaultdict(set)
    running: set[int] = set()
    for page, row in outer.items():
        text = " ".join(line.text for line in row)
        height = round(row[0].y0 / 2)
        for near in (height - 1, height, height + 1):
            same[near, _VARYING.sub("#", text.lower())].add(page)
        stands_apart = page not in inner or abs(row[0].y0 - inner[page][0].y0) > 1.8 * body
        if stands_apart and max(line.size for line in row) < 1.1 * body and len(text) < 150:
            apart[height].add(page)
            if _PAGE_NUMBER.fullmatch(text.strip()):
                running.add(page)
    for found in same.values():
        if len(found) > 1:
            running |= found
    for found in apart.values():
        numbered = _numbered(outer, found) if at_foot else found  # a note stands there too
        if len(numbered) >= max(3, 0.4 * pages):
            running |= numbered
    return running


def _numbered(rows: dict[int, list[Line]], pages: set[int]) -> set[int]:
    """Those of `pages` whose row holds the page's number: one that runs with the pages."""
    offsets: dict[int, set[int]] = defaultdict(set)
    for page in pages:
        for number in re.findall(r"\b\d{1,4}\b", " ".join(line.text for line in rows[page])):
            offsets[int(number) - page].add(page)
    return max(offsets.values(), key=len, default=set())
