"""Tables of a PDF: short pieces of text that stand beside one another in several rows become rows of cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from qa.readers.pdflines import Line

_LEAST_ROWS = 3  # two lines that happen to stand side by side are no table
_CELL = 24  # characters in a cell on average: lines of newspaper columns have 30
_FILLED = 0.8  # of a row's width at most is text: columns of text leave less room between them


def with_rows(lines: Sequence[Line]) -> list[Line]:
    """`lines` with those of each table put together row by row, where its first line was."""
    pages: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        pages[line.page].append(line)
    instead: dict[int, list[Line]] = {}  # id of a line -> what stands in its place
    for page in pages.values():
        places = {id(line): number for number, line in enumerate(page)}
        for table in _tables(page):
            cells = [cell for row in table for cell in row]
            first = min(cells, key=lambda cell: places[id(cell)])
            instead.update({id(cell): [] for cell in cells})
            instead[id(first)] = [_row(row) for row in table]
    return [made for line in lines for made in instead.get(id(line), [line])]


def _row(cells: Sequence[Line]) -> Line:
    text = " | ".join(cell.text for cell in cells)
    return replace(cells[0], text=text, x1=cells[-1].x1, bold=all(cell.bold for cell in cells), row=True)


def _tables(page: Sequence[Line]) -> Iterator[list[list[Line]]]:
    """The tables of one page, from the top: rows whose cells stand under one another."""
    tables: list[list[list[Line]]] = []
    for row in filter(_is_row, _rows(page)):
        table = next((table for table in tables[-_BESIDE:] if _under(table[-1], row)), None)
        if table is None:
            tables.append([row])
        else:
            table.append(row)
    yield from (table for table in tables if len(table) >= _LEAST_ROWS)


_BESIDE = 8  # tables and accidental rows that may stand beside one another
_TEXT = 40  # characters; a longer line is a column's text and no cell


def _rows(page: Sequence[Line]) -> Iterator[list[Line]]:
    """The short lines of a page that stand at one height with no text between them, each row from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(page, key=lambda line: (-line.y0, line.x0)):
        if rows and rows[-1][0].y0 - line.y0 < 0.25 * line.size:
            rows[-1].append(line)
        else:
            rows.append([line])
    for row in rows:
        cells: list[Line] = []
        for line in sorted(row, key=lambda line: line.x0):
            if len(line.text) <= _TEXT:
                cells.append(line)
            else:
                yield cells
                cells = []
        yield cells


def _is_row(row: Sequence[Line]) -> bool:
    if len(row) < 2 or any(right.x0 - left.x1 < 0.8 * left.size for left, right in pairwise(row)):
        return False
    width = row[-1].x1 - row[0].x0
    text = sum(cell.x1 - cell.x0 for cell in row)
    return sum(len(cell.text) for cell in row) <= _CELL * len(row) and text <= _FILLED * width


def _under(above: Sequence[Line], row: Sequence[Line]) -> bool:
    """Whether each cell stands under one of the row above, not far down."""
    if len(above) != len(row) or above[0].y0 - row[0].y0 > 4 * row[0].size:
        return False
    return all(min(one.x1, other.x1) > max(one.x0, other.x0) for one, other in zip(above, row, strict=True))
