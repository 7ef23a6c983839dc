"""The lines of text of a PDF with their place, size and weight, read by pdfminer.six in a process of its own.

A PDF is a program of sorts: streams unpack to a thousand times their size, again and again, and drawings call
drawings. So a process with a limit on its memory and time reads it, and whatever a file does ends there.
It answers on its standard output in JSON; `python -m qa.pdflines < file.pdf` shows what it sees.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from qa.blocks import with_raised
from qa.errors import NoArticleText, SourceError

if TYPE_CHECKING:
    from pdfminer.layout import LTChar, LTPage, LTTextBox, LTTextLine
    from pdfminer.pdfdocument import PDFDocument

MAX_MEMORY = 2 * 2**30  # bytes of address space; a book of 117 pages with 1.8 MB takes 0.2
MAX_SECONDS = 300  # of processor time; about 6000 pages
MAX_PAGES = 5000
MAX_CHARACTERS = 50_000  # on one page; a newspaper's has 30,000
_MAX_BOXES = 2000  # on one page; ordering boxes by nearness takes time with their square


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. Places in points (1/72 inch) from the page's lower left corner; `page` counts from 1.

    `size` is the type's size, `box` the number of the block it stands in on its page, in reading order. Characters
    that stood above the line and refer to notes are gone.
    """

    text: str
    page: int
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    bold: bool
    italic: bool
    box: int
    row: bool = False  # whether it is a row of a table, its cells parted by " | "


@dataclass(frozen=True, slots=True)
class PdfText:
    """What a PDF says: its lines in reading order, and the title and author that stand in its information."""

    pages: int
    heights: tuple[float, ...]  # of each page, in points
    lines: tuple[Line, ...]
    title: str
    author: str


# What the reading process says went wrong, and what that means.
_PROBLEMS = {
    "encrypted": "is protected by a password; open it with the password and save a copy without one",
    "damaged": "is damaged or cut short; download it again, or open it in a reader and print it to a new PDF",
    "pages": f"has more than {MAX_PAGES} pages; save the part you need",
    "large": "needs more memory or time than a PDF may take; print the part you need to a new PDF",
}


def read_apart(content: bytes, where: str) -> PdfText:
    """The text of a PDF, read in a process of its own with limited memory and time.

    Raises SourceError where the file is damaged, protected or too large.
    """
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "qa.pdflines"],
            input=content,
            capture_output=True,
            timeout=2 * MAX_SECONDS,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"},
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {"problem": "large"}
    except (subprocess.TimeoutExpired, ValueError):
        answer = {"problem": "large"}
    except OSError as error:
        raise SourceError(f"{where} cannot be read: no process could be started to read it ({error})") from error
    if problem := answer.get("problem"):
        raise SourceError(f"{where} {_PROBLEMS[problem]}")
    lines = tuple(Line(*line) for line in answer["lines"])
    if not lines:
        raise NoArticleText(f"{where} holds pictures of pages and no text; run it through text recognition (OCR) first")
    return PdfText(
        pages=answer["pages"],
        heights=tuple(answer["heights"]),
        lines=lines,
        title=answer["title"],
        author=answer["author"],
    )


def pdf_text(content: bytes) -> PdfText:
    """The text of a PDF, read in this process; pdfminer's exceptions where it is damaged or protected."""
    from pdfminer.converter import PDFPageAggregator
    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdfpage import PDFPage
    from pdfminer.pdfparser import PDFParser

    document = PDFDocument(PDFParser(io.BytesIO(content)))
    resources = PDFResourceManager()
    device = PDFPageAggregator(resources, laparams=None)
    interpreter = PDFPageInterpreter(resources, device)
    lines: list[Line] = []
    heights: list[float] = []
    failure: Exception | None = None
    for number, page in enumerate(PDFPage.create_pages(document), 1):
        if number > MAX_PAGES:
            raise _TooManyPages
        try:
            interpreter.process_page(page)
            layout = device.get_result()
            heights.append(layout.height)
            lines.extend(_lines(layout, number))
        except (MemoryError, RecursionError):
            raise
        except Exception as error:  # noqa: BLE001 - a page that is broken in any way: the others count
            failure = error
            heights.append(0.0)
    if not heights or (failure is not None and not lines):
        raise failure or ValueError("there are no pages")
    return PdfText(len(heights), tuple(heights), tuple(lines), _info(document, "Title"), _info(document, "Author"))


class _TooManyPages(Exception):
    pass


def _info(document: PDFDocument, key: str) -> str:
    from pdfminer.pdftypes import resolve1
    from pdfminer.utils import decode_text

    for info in document.info:
        value = resolve1(info.get(key))
        if isinstance(value, bytes) and value.strip():
            return decode_text(value).strip("\x00 \t\r\n")
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _lines(page: LTPage, number: int) -> Iterator[Line]:
    """The lines of a page in reading order: pdfminer's layout analysis finds columns and blocks."""
    from pdfminer.layout import LAParams, LTFigure, LTTextBox, LTTextLine

    characters = _characters(page)
    if not characters:
        # Some programs wrap the whole page into one drawing; drawings of a page with text are its figures.
        figures = [each for each in page if isinstance(each, LTFigure)]
        characters = [each for figure in figures for each in _inside(figure)]
    if not characters or len(characters) > MAX_CHARACTERS:
        return
    page._objs = list(_once(characters))
    drawn = {id(each): number for number, each in enumerate(characters)}
    # Wide spaces in narrow, justified columns part no line: 3.5 characters, where pdfminer's own limit is 2.
    page.analyze(LAParams(char_margin=3.5, boxes_flow=0.5 if len(characters) < 20 * _MAX_BOXES else None))
    near = [each for each in page if isinstance(each, LTTextBox)]  # ordered by nearness, which a figure can upset
    drawing = sorted(near, key=lambda box: min(drawn.get(id(each), len(drawn)) for line in box for each in line))
    for box, block in enumerate(drawing if _turns_back(drawing) <= _turns_back(near) else near):
        for line in block:
            if isinstance(line, LTTextLine) and (made := _line(line, number, box)) is not None:
                yield made


def _turns_back(boxes: Sequence[LTTextBox]) -> int:
    """How often reading the boxes in this order goes up within a column, or left at the same height."""
    turns = 0
    for one, other in pairwise(boxes):
        if min(one.x1, other.x1) - max(one.x0, other.x0) > 0:
            turns += other.y1 > one.y1
        elif other.x1 <= one.x0:
            turns += other.y1 > one.y0
    return turns


def _characters(page: LTPage) -> list[LTChar]:
    """The characters that stand upright on the page; all, where most are turned (a table on its side)."""
    from pdfminer.layout import LTChar

    found = [each for each in page if isinstance(each, LTChar) and each.size >= 2]
    upright = [
        each for each in found if each.upright and page.x0 <= each.x0 <= page.x1 and page.y0 <= each.y0 <= page.y1
    ]
    return upright if len(upright) * 2 > len(found) else []


def _inside(figure: Any, depth: int = 0) -> Iterator[LTChar]:
    from pdfminer.layout import LTChar, LTFigure

    for each in figure:
        if isinstance(each, LTChar) and each.upright and each.size >= 2:
            yield each
        elif isinstance(each, LTFigure) and depth < 10:
            yield from _inside(each, depth + 1)


def _once(characters: list[LTChar]) -> Iterator[LTChar]:
    """The characters without those drawn twice at one place, which is how some programs make type look bold."""
    seen: set[tuple[str, int, int]] = set()
    for each in characters:
        key = (each.get_text(), round(each.x0), round(each.y0))
        if key not in seen or key[0].isspace():
            seen.add(key)
            yield each


_BOLD = re.compile(r"bold|black|heavy|demi|-medi|cmbx|cmssbx|sfbx|[-,]b(?:i|d)?$", re.I)
_ITALIC = re.compile(r"ital|obli|cmti|cmsl|sfti|[-,](?:bi|it|i)$", re.I)
_UNMAPPED = re.compile(r"\(cid:\d+\)")


def _line(line: LTTextLine, page: int, box: int) -> Line | None:
    from pdfminer.layout import LTChar

    drawn = [each for each in line if isinstance(each, LTChar) and each.get_text().strip()]
    if not drawn:
        return None
    size = _usual_size(drawn)
    usual = [each for each in drawn if each.size > 0.85 * size] or drawn
    foot = median(each.y0 for each in usual)
    text = ""
    raised = ""
    for each in line:
        piece = _UNMAPPED.sub("\ufffd", each.get_text())
        if (
            isinstance(each, LTChar)
            and each.size < 0.85 * size
            and each.y0 > foot + 0.15 * size
            and not piece.isspace()
        ):
            raised += piece
            continue
        if raised:
            text, raised = with_raised(text, raised), ""
        text += piece
    text = " ".join(with_raised(text, raised).split())
    if not text:
        return None
    heavy = sum(bool(_BOLD.search(each.fontname)) for each in drawn) > 0.8 * len(drawn)
    slanted = sum(bool(_ITALIC.search(each.fontname)) for each in drawn) > 0.8 * len(drawn)
    places = [round(value, 1) for value in (line.x0, foot, line.x1, max(each.y1 for each in usual))]
    return Line(text, page, places[0], places[1], places[2], places[3], round(size, 1), heavy, slanted, box)


def _usual_size(characters: list[LTChar]) -> float:
    """The size that most of the characters have."""
    counts: dict[float, int] = {}
    for each in characters:
        counts[round(each.size, 1)] = counts.get(round(each.size, 1), 0) + 1
    return max(counts, key=lambda size: (counts[size], size))


def _main() -> None:
    """Reads a PDF from standard input; its text goes to standard output as JSON."""
    import logging
    import resource

    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect

    logging.disable()
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    answer: dict[str, Any]
    try:
        found = pdf_text(sys.stdin.buffer.read())
        answer = {name: value for name, value in asdict(found).items() if name != "lines"}
        answer["lines"] = [astuple(line) for line in found.lines]
    except (PDFPasswordIncorrect, PDFEncryptionError):
        answer = {"problem": "encrypted"}
    except _TooManyPages:
        answer = {"problem": "pages"}
    except (MemoryError, RecursionError):
        answer = {"problem": "large"}
    except Exception:  # noqa: BLE001 - pdfminer trips over damaged files in many ways
        answer = {"problem": "damaged"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    _main()
