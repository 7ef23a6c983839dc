"""The lines of text of a PDF with their place, size and weight, read by PDFium in a process of its own.

PDFium is Chrome's. Beside pdfminer.six it reads formulas and old fonts rightly, and pages seven times as fast.
A PDF is a program of sorts: streams unpack to a thousand times their size, again and again, and drawings call
drawings. So a process with a limit on its memory and time reads it, and whatever a file does ends there.
It answers on its standard output in JSON; `python -m qa.readers.pdflines < file.pdf` shows what it sees.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from qa.blocks import with_raised
from qa.errors import NoArticleText, SourceError

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

MAX_MEMORY = 2 * 2**30  # bytes of address space; a book of 117 pages in 1.8 MB takes 0.2
MAX_SECONDS = 120  # of processor time; 117 pages take 2
MAX_PAGES = 5000
MAX_CHARACTERS = 50_000  # on one page; a newspaper's has 30,000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. Places in points (1/72 inch) from the page's lower left corner; `page` counts from 1.

    It runs from `x0` to `x1` at the height `y0`, on which its letters stand; `size` is the type's. Characters that
    stood above the line and refer to notes are gone.
    """

    text: str
    page: int
    x0: float
    y0: float
    x1: float
    size: float
    bold: bool
    italic: bool
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


def read_apart(content: bytes, where: str, *, seconds: int = MAX_SECONDS, memory: int = MAX_MEMORY) -> PdfText:
    """The text of a PDF, read in a process of its own with limited time (of the processor) and memory (in bytes).

    Raises SourceError where the file is damaged, protected or too large.
    """
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        done = subprocess.run(  # noqa: S603 - this program itself
            [sys.executable, "-P", "-m", "qa.readers.pdflines", str(seconds), str(memory)],
            input=content,
            capture_output=True,
            timeout=2 * seconds,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"},
            check=False,
        )
        if b"No module named" in done.stderr:
            raise SourceError(
                f"{where} cannot be read: {done.stderr.decode(errors='replace').strip().splitlines()[-1]}"
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
    """The text of a PDF, read in this process; PdfiumError where it is damaged or protected."""
    import pypdfium2

    with pypdfium2.PdfDocument(content) as document:
        if len(document) > MAX_PAGES:
            raise _TooManyPagesError
        lines: list[Line] = []
        heights: list[float] = []
        for number in range(len(document)):
            try:
                found, height = _page_lines(document[number], number + 1)
            except pypdfium2.PdfiumError:  # a broken page: the others count
                found, height = [], 0.0
            lines.extend(found)
            heights.append(height)
        if not any(heights):
            raise pypdfium2.PdfiumError("no page can be read")
        info = document.get_metadata_dict()
        return PdfText(len(document), tuple(heights), tuple(lines), info.get("Title", ""), info.get("Author", ""))


class _TooManyPagesError(Exception):
    pass


# ---------------------------------------------------------------- characters


@dataclass(frozen=True, slots=True)
class _Type:
    """What the characters of one text object have in common. `turn` is their direction in quarters from upright."""

    size: float
    bold: bool
    italic: bool
    turn: int | None  # None: askew
    in_drawing: bool


@dataclass(slots=True)
class _Character:
    text: str
    x0: float
    x1: float
    y: float  # of the line it stands on
    type: _Type
    after_break: bool = False  # PDFium found a line's end before it
    after_space: bool = False


_BOLD = re.compile(r"bold|black|heavy|demi|-medi|cmbx|cmssbx|sf[bs]x|[-,]b(?:i|d)?$", re.I)
_ITALIC = re.compile(r"ital|obli|cmti|cmsl|sfti|[-,](?:bi|it|i)$", re.I)
_HYPHEN = "\x02"  # what PDFium puts for a hyphen that cuts a word at a line's end


def _page_lines(page: PdfPage, number: int) -> tuple[list[Line], float]:
    """The lines of a page, and its height."""
    characters = _characters(page)
    width, height = page.get_size()
    if len(characters) > MAX_CHARACTERS:
        return [], height
    drawn = [each for each in characters if each.type.in_drawing]
    if len(drawn) * 2 < len(characters):  # else the whole page is one drawing
        characters = [each for each in characters if not each.type.in_drawing]
    turns = Counter(each.type.turn for each in characters)
    turn = turns.most_common(1)[0][0] if turns else 0
    upright = _accented([each for each in characters if each.type.turn == turn])
    lines = [line for line in map(_line, _rows(upright)) if line is not None]
    lines = [replace(line, page=number) for line in lines]
    if sum(any(map(_is_leftwards, line.text)) for line in lines) * 2 > len(lines):
        # What is read from the right has its lines' beginnings there: seen in a mirror, it is like any other page.
        lines = [replace(line, x0=-line.x1, x1=-line.x0) for line in lines]
    return _in_order(lines), height if turn in (0, 2) else max(width, height)


def _characters(page: PdfPage) -> list[_Character]:
    """The characters on a page in the order they are drawn, those of pictures and forms too."""
    import pypdfium2.raw as pdfium

    left, bottom, right, top = page.get_bbox()
    own = {_address(pdfium.FPDFPage_GetObject(page, i)) for i in range(pdfium.FPDFPage_CountObjects(page))}
    textpage = page.get_textpage()
    types: dict[int | None, _Type] = {}
    found: list[_Character] = []
    x, y, x0, x1, y0, y1 = (ctypes.c_double() for _ in range(6))
    after_break = after_space = False
    for index in range(textpage.count_chars()):
        code = pdfium.FPDFText_GetUnicode(textpage, index)
        if code in (10, 13):
            after_break = True
            continue
        if code in (32, 160) or (code == 0 and pdfium.FPDFText_IsGenerated(textpage, index)):
            after_space = True
            continue
        pdfium.FPDFText_GetCharOrigin(textpage, index, x, y)
        pdfium.FPDFText_GetCharBox(textpage, index, x0, x1, y0, y1)
        if not (left <= x.value <= right and bottom <= y.value <= top):
            continue
        source = _address(pdfium.FPDFText_GetTextObject(textpage, index))
        kind = types.get(source)
        if kind is None:
            kind = types[source] = _type(textpage, index, in_drawing=source is not None and source not in own)
        start, end, foot = _turned(kind.turn, (x.value, y.value), (x0.value, y0.value, x1.value, y1.value))
        if kind.size >= _LEAST_SIZE:
            text = chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
            found.append(_Character(text, start, end, foot, kind, after_break, after_space))
            after_break = after_space = False
    textpage.close()
    return found


_LEAST_SIZE = 2.0  # points; smaller type is there for machines


def _address(pointer: Any) -> int | None:
    return ctypes.cast(pointer, ctypes.c_void_p).value


def _type(textpage: PdfTextPage, index: int, *, in_drawing: bool) -> _Type:
    import pypdfium2.raw as pdfium

    name, flags, matrix = ctypes.create_string_buffer(256), ctypes.c_int(), pdfium.FS_MATRIX()
    pdfium.FPDFText_GetFontInfo(textpage, index, name, 256, flags)
    pdfium.FPDFText_GetMatrix(textpage, index, matrix)
    font = name.value.decode("utf-8", "replace")
    quarter = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
    return _Type(
        size=round(pdfium.FPDFText_GetFontSize(textpage, index) * math.hypot(matrix.c, matrix.d), 1),
        bold=bool(_BOLD.search(font)) or bool(flags.value & 1 << 18),
        italic=bool(_ITALIC.search(font)) or bool(flags.value & 1 << 6),
        turn=round(quarter) % 4 if abs(quarter - round(quarter)) < 0.02 else None,
        in_drawing=in_drawing,
    )


def _turned(
    turn: int | None, origin: tuple[float, float], box: tuple[float, float, float, float]
) -> tuple[float, float, float]:
    """Start, end and foot of a character, turned so that its line runs from left to right."""
    x, y = origin
    x0, y0, x1, y1 = box
    if turn == 1:
        return y, y1, -x
    if turn == 2:
        return -x, -x0, -y
    if turn == 3:
        return -y, -y0, x
    return min(x, x0), x1, y


_ACCENTS = {
    "`": "\u0300", "´": "\u0301", "ˆ": "\u0302", "˜": "\u0303", "¯": "\u0304", "˘": "\u0306", "˙": "\u0307",
    "¨": "\u0308", "˚": "\u030a", "˝": "\u030b", "ˇ": "\u030c", "¸": "\u0327", "˛": "\u0328",
}  # fmt: skip
_DOTLESS = {"ı": "i", "ȷ": "j"}


def _accented(characters: list[_Character]) -> list[_Character]:
    """The characters with accents put on the letters they stand over: old TeX fonts draw "ö" as "o" and "¨"."""
    accents = [each for each in characters if each.text in _ACCENTS]
    if not accents:
        return characters
    near: dict[tuple[int, int], list[_Character]] = {}
    for each in characters:
        if each.text.isalpha():
            near.setdefault((int(each.y // 8), int((each.x0 + each.x1) // 20)), []).append(each)
    placed: set[int] = set()
    for accent in accents:
        middle = (accent.x0 + accent.x1) / 2
        row, column = int(accent.y // 8), int((accent.x0 + accent.x1) // 20)
        for place in ((row + up, column + right) for up in (0, -1, 1) for right in (0, -1, 1)):
            letter = next((each for each in near.get(place, ()) if _over(accent, middle, each)), None)
            if letter is None:
                continue
            joined = _DOTLESS.get(letter.text, letter.text) + _ACCENTS[accent.text]
            whole = unicodedata.normalize("NFC", joined)
            if len(whole) == 1:
                letter.text = whole
                placed.add(id(accent))
            break
    return [each for each in characters if id(each) not in placed]


def _over(accent: _Character, middle: float, letter: _Character) -> bool:
    return letter.x0 <= middle <= letter.x1 and abs(accent.y - letter.y) < 0.5 * letter.type.size


# ---------------------------------------------------------------- lines

_GAP = 1.8  # times the size; justified lines have spaces up to this, columns stand farther apart


def _rows(characters: Sequence[_Character]) -> Iterator[list[_Character]]:
    """Characters of one line each: those that follow one another to the right at one height."""
    row: list[_Character] = []
    foot = size = 0.0
    for each in characters:
        if row and not _on_line(row[-1], each, foot, size):
            yield row
            row = []
        if not row or each.type.size > 1.1 * size:
            foot, size = each.y, each.type.size
        row.append(each)
        if each.text == _HYPHEN:
            yield row
            row = []
    if row:
        yield row


def _on_line(last: _Character, each: _Character, foot: float, size: float) -> bool:
    """Whether a character goes on in the line: raised and lowered ones do, and larger ones after those."""
    usual = max(size, each.type.size)
    shift = each.y - foot
    if each.type.size < 0.9 * size or size < 0.9 * each.type.size:
        near = abs(shift) < 0.6 * usual
    else:
        near = abs(shift) < 0.4 * usual
    if _leftwards(each) or _leftwards(last):  # drawn in either order, word by word
        return near
    # A ligature is several characters at one place.
    return near and each.x0 > last.x0 - 0.1 * usual and each.x0 - last.x1 < _GAP * usual


def _leftwards(each: _Character) -> bool:
    """Whether a character is of a script that runs from right to left."""
    return _is_leftwards(each.text)


def _is_leftwards(sign: str) -> bool:
    return sign >= "\u0590" and unicodedata.bidirectional(sign) in ("R", "AL", "NSM")


def _line(row: Sequence[_Character]) -> Line | None:
    sizes = Counter(each.type.size for each in row)
    size = max(sizes, key=lambda value: (sizes[value], value))
    foot = median(each.y for each in row if each.type.size > 0.85 * size)
    if sum(map(_leftwards, row)) * 2 > sum(each.text.isalpha() for each in row):
        text = _read_leftwards(row, size)
    else:
        text = _read_rightwards(row, size, foot)
    text = _CONTROL.sub("\ufffd", " ".join(text.replace(_HYPHEN, "-").split()))
    if not text:
        return None
    bold = sum(each.type.bold for each in row) > 0.8 * len(row)
    italic = sum(each.type.italic for each in row) > 0.8 * len(row)
    x0, x1 = min(each.x0 for each in row), max(each.x1 for each in row)
    return Line(text, 0, round(x0, 1), round(foot, 1), round(x1, 1), size, bold, italic)


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _read_rightwards(row: Sequence[_Character], size: float, foot: float) -> str:
    text = raised = ""
    last: _Character | None = None
    for each in row:
        spaced = last is not None and _spaced(last, each, size)
        last = each
        if each.type.size < 0.85 * size and each.y > foot + 0.15 * size:
            raised += f" {each.text}" if spaced and raised else each.text
            continue
        text, raised = with_raised(text, raised), ""
        text += f" {each.text}" if spaced else each.text
    return with_raised(text, raised)


_FORWARD = re.compile(r"[^\W\u0590-\u08ff\ufb1d-\ufefc](?:[\w.,:/%+-]*[^\W\u0590-\u08ff\ufb1d-\ufefc])?(?: [A-Za-z]+)*")


def _read_leftwards(row: Sequence[_Character], size: float) -> str:
    """The text of a line in Arabic or Hebrew: its signs from the right, numbers and Latin words in their own order."""
    text = ""
    last: _Character | None = None
    for each in sorted(row, key=lambda each: -each.x1):
        text += f" {each.text}" if last is not None and last.x0 - each.x1 > 0.12 * size else each.text
        last = each
    text = unicodedata.normalize("NFKC", text) if any("\ufb1d" <= each <= "\ufefc" for each in text) else text
    return _FORWARD.sub(lambda match: match[0][::-1], text)


def _spaced(last: _Character, each: _Character, size: float) -> bool:
    """Whether a space belongs between two characters; where accents were put on letters, PDFium sees one too many."""
    gap = each.x0 - last.x1
    return (each.after_space and gap > 0.06 * size) or (each.after_break and gap > 0.15 * size)


def _in_order(lines: list[Line]) -> list[Line]:
    """The lines in reading order: as they are drawn, unless that leaps about; then column by column.

    Word processors, TeX and browsers draw a page as it is read; some layout programs do not.
    """
    turns = sum(_turns_back(one, other) for one, other in pairwise(lines))
    across = [one for one, other in pairwise(lines) if _crosses(one, other)]
    zigzag = len(across) > max(3, len(lines) // 4) and sum(len(line.text) for line in across) > _CELL * len(across)
    if turns <= max(3, len(lines) // 20) and not zigzag:
        return lines
    ordered = _cut(lines, 0)
    return ordered if zigzag or sum(_turns_back(one, other) for one, other in pairwise(ordered)) < turns else lines


_CELL = 24  # characters; what is shorter on average may be a table, which is read row by row


def _crosses(one: Line, other: Line) -> bool:
    """Whether reading on leads over a gutter to a line at the same height."""
    return abs(one.y0 - other.y0) < 0.3 * one.size and other.x0 > one.x1


def _turns_back(one: Line, other: Line) -> bool:
    """Whether reading from one line to the other goes up within a column, or left at the same height."""
    if min(one.x1, other.x1) > max(one.x0, other.x0):
        return other.y0 > one.y0
    return other.x1 <= one.x0 and other.y0 > one.y0 - 0.5 * one.size


def _cut(lines: list[Line], depth: int) -> list[Line]:
    """Lines ordered by cutting the page, again and again, at a gutter between columns, else at the widest gap."""
    if len(lines) < 2 or depth > 30:
        return sorted(lines, key=lambda line: (-line.y0, line.x0))
    by_left = sorted(lines, key=lambda line: line.x0)
    end = by_left[0].x1
    for number, line in enumerate(by_left[1:], 1):
        if line.x0 - end > 0.5 * line.size:
            return _cut(by_left[:number], depth + 1) + _cut(by_left[number:], depth + 1)
        end = max(end, line.x1)
    by_top = sorted(lines, key=lambda line: -line.y0)
    gaps = [(above.y0 - below.y0) / below.size for above, below in pairwise(by_top)]
    widest = max(range(len(gaps)), key=lambda number: gaps[number]) + 1
    return _cut(by_top[:widest], depth + 1) + _cut(by_top[widest:], depth + 1)


# ---------------------------------------------------------------- the reading process


def _main() -> None:
    """Reads a PDF from standard input; its text goes to standard output as JSON."""
    import logging
    import resource

    import pypdfium2

    logging.disable()
    seconds, memory = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (MAX_SECONDS, MAX_MEMORY)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    answer: dict[str, Any]
    try:
        found = pdf_text(sys.stdin.buffer.read())
        answer = {name: value for name, value in asdict(found).items() if name != "lines"}
        answer["lines"] = [astuple(line) for line in found.lines]
    except pypdfium2.PdfiumError as error:
        locked = error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY)
        answer = {"problem": "encrypted" if locked else "damaged"}
    except _TooManyPagesError:
        answer = {"problem": "pages"}
    except (MemoryError, RecursionError):
        answer = {"problem": "large"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    _main()
