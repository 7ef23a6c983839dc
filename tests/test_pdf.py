"""How the type of a PDF becomes text, on pages drawn for it; files that programs made are in test_documents."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Article, SourceError, read_page
from qa.errors import NoArticleText
from qa.readers.pdflines import read_apart

TOP = 560


def at(x: float, y: float, text: str, *, size: float = 10, font: int = 0, rise: float = 0) -> str:
    """A drawing of `text` at a place, in Helvetica (font 0), bold (1) or italic (2)."""
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /F{font} {size} Tf {rise} Ts {x} {y} Td ({escaped}) Tj ET\n"


def lines(x: float, y: float, *texts: str, size: float = 10, font: int = 0, indent: float = 0) -> str:
    """Lines below one another, the first one indented."""
    places = enumerate(texts)
    return "".join(at(x + (0 if n else indent), y - 12 * n, text, size=size, font=font) for n, text in places)


def pdf(*pages: str, rotate: int = 0, info: str = "", extra: Sequence[str] = (), resources: str = "") -> bytes:
    """A PDF of 400 by 600 points with these drawings, one a page. `extra` objects are numbered from 6."""
    kids = " ".join(f"{6 + len(extra) + 2 * n} 0 R" for n in range(len(pages)))
    fonts = ["Helvetica", "Helvetica-Bold", "Helvetica-Oblique"]
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"]
    objects += [f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>" for font in fonts]
    objects += extra
    for n, drawing in enumerate(pages):
        holds = f"/Resources << /Font << /F0 3 0 R /F1 4 0 R /F2 5 0 R >> {resources} >>"
        box = f"/MediaBox [0 0 400 600] /Rotate {rotate}"
        objects.append(f"<< /Type /Page /Parent 2 0 R {box} {holds} /Contents {7 + len(extra) + 2 * n} 0 R >>")
        objects.append(f"<< /Length {len(drawing.encode('cp1252'))} >>\nstream\n{drawing}\nendstream")
    objects.append(f"<< {info} >>")
    body = b"%PDF-1.4\n"
    table = ""
    for n, each in enumerate(objects, 1):
        table += f"{len(body):010d} 00000 n \n"
        body += f"{n} 0 obj\n{each}\nendobj\n".encode("cp1252")
    size = len(objects) + 1
    trailer = f"trailer << /Size {size} /Root 1 0 R /Info {size - 1} 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return body + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()


def blocks_of(article: Article) -> list[tuple[str, str]]:
    return [(block.kind, article.text[block.start : block.end]) for block in article.blocks]


def texts_of(article: Article) -> list[str]:
    return [text for _, text in blocks_of(article)]


LEFT = (
    "The ferry leaves the harbour at noon",
    "and comes back when the tide allows.",
    "No one has seen it come back early.",
)
RIGHT = (
    "The captain keeps a list of the days",
    "on which she was late, and of those",
    "on which nobody minded it at all.",
)


def test_columns_are_read_one_after_the_other_whatever_order_they_are_drawn_in() -> None:
    expected = [" ".join(LEFT), " ".join(RIGHT)]
    drawn = pdf(lines(20, TOP, *LEFT, indent=12) + lines(210, TOP, *RIGHT, indent=12))
    assert texts_of(read_page(drawn)) == expected
    many = [(*LEFT, *LEFT), (*RIGHT, *RIGHT)]
    rows = [at(x, TOP - 12 * n, many[c][n]) for n in range(6) for c, x in ((0, 20), (1, 210))]
    assert texts_of(read_page(pdf("".join(rows)))) == [" ".join(each) for each in many]


def test_paragraphs_are_parted_by_indents_gaps_and_lines_that_end_early() -> None:
    page = lines(20, TOP, *LEFT) + lines(20, TOP - 36, *RIGHT, indent=14) + lines(20, TOP - 96, *LEFT)
    page += lines(20, TOP - 132, "It was late.", "The next day it was not late at all.", "Nobody knew.")
    assert texts_of(read_page(pdf(page))) == [
        " ".join(LEFT),
        " ".join(RIGHT),
        f"{' '.join(LEFT)} It was late.",
        "The next day it was not late at all. Nobody knew.",
    ]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("The repairs of the old har-", "bour wall were slow.", "The repairs of the old harbour wall were slow."),
        ("It was said that a well-", "known engineer did it.", "It was said that a well-known engineer did it."),
        ("They spoke of a night-", "time crossing of the bay.", "They spoke of a night-time crossing of the bay."),
        ("The year of COVID-", "19 was the quietest one.", "The year of COVID-19 was the quietest one."),
        ("An agreement of the Anglo-", "Norse kind was signed.", "An agreement of the Anglo-Norse kind was signed."),
        ("It is written by the Sea-", "Monkey people of Lund.", "It is written by the SeaMonkey people of Lund."),
        ("A state-of-the-", "art winch was bought too.", "A state-of-the-art winch was bought too."),
        ("The day was long -", "and the night was longer.", "The day was long - and the night was longer."),
    ],
)
def test_words_cut_at_a_line_s_end_are_made_whole(first: str, second: str, joined: str) -> None:
    """ "night-time" stands whole elsewhere in the document, "harbour" too; the others are decided by their letters."""
    page = lines(20, TOP, first, second) + lines(20, TOP - 60, "The harbour has a night-time signal: SeaMonkey.")
    assert texts_of(read_page(pdf(page)))[0] == joined


def test_a_sentence_goes_on_over_pages_past_heads_feet_notes_and_captions() -> None:
    first = at(150, 585, "Orrin Bay Review", size=9) + at(20, 10, "12", size=9)
    first += lines(20, TOP, *LEFT, "It carries the mail, the bread and")
    first += lines(20, 60, "1 Bread has been carried since 1911, when the bakery closed.", size=7)
    second = at(150, 585, "Orrin Bay Review", size=9) + at(20, 10, "13", size=9)
    second += lines(20, TOP, "Figure 1. The ferry at its berth", "in the winter of 1962.", size=8)
    second += lines(20, TOP - 60, "whatever else the islanders have", "asked for. There is no charge.")
    third = at(150, 585, "Orrin Bay Review", size=9) + at(20, 10, "14", size=9) + lines(20, TOP, *RIGHT)
    article = read_page(pdf(first, second, third))
    carries = "It carries the mail, the bread and whatever else the islanders have asked for. There is no charge."
    assert blocks_of(article) == [
        ("paragraph", "1 Bread has been carried since 1911, when the bakery closed."),
        ("paragraph", f"{' '.join(LEFT)} {carries}"),
        ("caption", "Figure 1. The ferry at its berth in the winter of 1962."),
        ("paragraph", " ".join(RIGHT)),
    ]
    assert [article.text[start : start + 12] for start in article.pages] == [
        "1 Bread has ",
        "whatever els",
        "The captain ",
    ]
    assert article.page_at(article.text.index("the bread and")) == 1
    assert article.page_at(article.text.index("asked for")) == 2


def test_heads_that_change_and_a_single_page_number_go_and_a_repeated_sentence_stays() -> None:
    heads = ("The harbour 3", "4 The island", "The island 5", "6 The crossing")
    days = (f"On day {n} nothing came." for n in range(4))
    pages = [at(20, 585, head, size=9) + lines(20, TOP, day, *LEFT) for head, day in zip(heads, days, strict=True)]
    text = read_page(pdf(*pages)).text
    assert not any(head in text for head in heads)
    assert text.count("nothing came.") == 4
    assert texts_of(read_page(pdf(lines(20, TOP, *LEFT) + at(190, 10, "- 7 -")))) == [" ".join(LEFT)]


def test_headings_have_levels_by_their_number_or_type() -> None:
    page = lines(20, 580, "The ferries of Orrin Bay", size=20, font=1)
    page += lines(20, 540, "1 The harbour", size=14, font=1) + lines(20, 515, *LEFT)
    page += lines(20, 460, "1.1 The quay", size=11, font=1) + lines(20, 440, *RIGHT)
    page += lines(20, 380, "Appendix", size=14, font=1) + lines(20, 355, *LEFT)
    page += lines(20, 300, "Boats", size=10, font=1) + lines(20, 280, *RIGHT)
    article = read_page(pdf(page))
    found = [(b.level, article.text[b.start : b.end]) for b in article.blocks if b.kind == "heading"]
    assert article.title == "The ferries of Orrin Bay"
    assert found == [(1, "1 The harbour"), (2, "1.1 The quay"), (1, "Appendix"), (3, "Boats")]


def test_lists_lose_their_marks_and_keep_their_lines_together() -> None:
    page = lines(20, TOP, "The ferry carries these things:")
    page += at(20, TOP - 20, "\u2022") + at(32, TOP - 20, "bread, which is baked on the")
    page += at(32, TOP - 32, "mainland at night;") + at(20, TOP - 44, "\u2022") + at(32, TOP - 44, "the mail;")
    page += at(20, TOP - 56, "\u2022") + at(32, TOP - 56, "one cow.") + lines(20, TOP - 80, *LEFT)
    assert blocks_of(read_page(pdf(page))) == [
        ("paragraph", "The ferry carries these things:"),
        ("item", "bread, which is baked on the mainland at night;"),
        ("item", "the mail;"),
        ("item", "one cow."),
        ("paragraph", " ".join(LEFT)),
    ]


def test_cells_that_stand_in_rows_are_a_table() -> None:
    rows = [
        ("Ship", "Built", "Length"),
        ("Morning Call", "1962", "61 m"),
        ("Ternen", "1911", "34 m"),
        ("Elsa", "2009", "70 m"),
    ]
    drawn = [
        at(x, TOP - 60 - 14 * n, cell)
        for n, row in enumerate(rows)
        for x, cell in zip((20, 160, 240), row, strict=True)
    ]
    article = read_page(pdf(lines(20, TOP, *LEFT) + "".join(drawn)))
    assert blocks_of(article)[1:] == [("row", " | ".join(row)) for row in rows]
    assert [block.level for block in article.blocks] == [0, 1, 0, 0, 0]


def test_raised_signs_are_powers_or_marks_of_notes() -> None:
    row = at(20, TOP, "It covers 12 km") + at(92, TOP, "2", size=6, rise=4) + at(100, TOP, "and holds 10")
    row += at(158, TOP, "6", size=6, rise=4) + at(166, TOP, "fish, they say.") + at(235, TOP, "3", size=6, rise=4)
    row += at(242, TOP, "Nobody counts.")
    assert read_page(pdf(row)).text == "It covers 12 km² and holds 10⁶ fish, they say. Nobody counts."


def test_type_drawn_twice_turned_or_outside_the_page_is_read_once() -> None:
    bold = at(20, TOP, "The quay is closed.") + at(20.2, TOP, "The quay is closed.")
    stamp = "q 0 1 -1 0 12 100 cm BT /F0 9 Tf (preprint 2024) Tj ET Q"
    outside = at(20, 700, "Cut off by the printer.") + at(-300, 300, "Slug line")
    assert read_page(pdf(f"{bold}\n{stamp}\n{outside}")).text == "The quay is closed."
    turned = f"q 0 1 -1 0 400 0 cm {lines(20, 300, *LEFT)} Q"
    assert read_page(pdf(turned, rotate=90)).text == " ".join(LEFT)


@pytest.mark.parametrize(
    ("stated", "printed", "title"),
    [
        ("Ferries", "Ferries of Orrin Bay", "Ferries"),
        ("FERRIES of Orrin Bay", "Ferries of Orrin Bay", "FERRIES of Orrin Bay"),
        ("Microsoft Word - ferries.doc", "Ferries of Orrin Bay", "Ferries of Orrin Bay"),
        ("ferries_final.indd", "Ferries of Orrin Bay", "Ferries of Orrin Bay"),
        ("An older paper", "Ferries of Orrin Bay", "Ferries of Orrin Bay"),
        ("Report on ferries", "", "Report on ferries"),
        ("", "", " ".join(LEFT)),
    ],
)
def test_the_title_is_the_file_s_where_the_page_shows_it_else_the_largest_type(
    stated: str, printed: str, title: str
) -> None:
    page = (at(20, 580, printed, size=18) if printed else "") + lines(20, 540, *LEFT)
    assert read_page(pdf(page, info=f"/Title ({stated})")).title == title


@pytest.mark.parametrize(
    ("author", "authors"),
    [
        ("Rosa Lindqvist; Ana Li", ("Rosa Lindqvist", "Ana Li")),
        ("Windows User", ()),
        ("admin", ()),
        ("rl", ()),
        ("", ()),
    ],
)
def test_authors_are_persons_and_the_day_of_making_is_no_date(author: str, authors: tuple[str, ...]) -> None:
    article = read_page(pdf(lines(20, TOP, *LEFT), info=f"/Author ({author}) /CreationDate (D:20240102030405Z)"))
    assert (article.authors, article.published, article.date_source) == (authors, None, None)


# ---------------------------------------------------------------- bad files


def test_a_pdf_of_pictures_or_nothing_says_so() -> None:
    with pytest.raises(NoArticleText, match=r"/scan\.pdf holds pictures of pages and no text; run it through"):
        read_page(pdf("0 0 100 100 re f"), source="/scan.pdf")
    with pytest.raises(SourceError, match="is damaged or cut short"):
        read_page(pdf())


def test_type_whose_letters_are_not_known_is_no_text() -> None:
    unknown = at(20, TOP, "\x03\x04\x05\x06" * 12) + at(20, TOP - 12, "\x03\x04\x05\x06" * 12)
    assert read_page(pdf(unknown + lines(20, TOP - 60, *LEFT))).text == " ".join(LEFT)
    with pytest.raises(NoArticleText, match="has fonts that do not say which letters they draw; run"):
        read_page(pdf(unknown + at(20, TOP - 60, "Figure 1.")))


def test_a_broken_page_does_not_take_the_others_with_it() -> None:
    content = pdf(lines(20, TOP, *LEFT), lines(20, TOP, *RIGHT)).replace(b"/Contents 9 0 R", b"/Contents 1 0 R")
    article = read_page(content)
    assert article.text == " ".join(LEFT)
    assert article.pages == (0, len(article.text))


def test_drawings_within_drawings_end_when_their_time_is_over() -> None:
    depth = 12
    forms = []
    for n in range(depth):
        inner = f"/X{n + 1} Do " * 12 if n + 1 < depth else at(20, TOP, "ha")
        named = f"/XObject << /X{n + 1} {7 + n} 0 R >>" if n + 1 < depth else ""
        holds = f"<< /Font << /F0 3 0 R >> {named} >>"
        head = f"<< /Type /XObject /Subtype /Form /BBox [0 0 400 600] /Resources {holds} /Length {len(inner)} >>"
        forms.append(f"{head}\nstream\n{inner}\nendstream")
    content = pdf("/X0 Do", extra=forms, resources="/XObject << /X0 6 0 R >>")
    with pytest.raises(SourceError, match="bomb needs more memory or time than a PDF may take"):
        read_apart(content, "bomb", seconds=2)


def test_a_stream_that_unpacks_without_end_stops_at_the_memory_allowed() -> None:
    packed = zlib.compress(zlib.compress(b" " * 300_000_000, 9), 9)
    assert len(packed) < 5_000
    stream = f"<< /Filter [/FlateDecode /FlateDecode] /Length {len(packed)} >>\nstream\n".encode()
    start, _, rest = pdf("BOMB").partition(b"<< /Length 4 >>\nstream\nBOMB")
    content = start + stream + packed + rest  # its table of places is wrong now: PDFium looks for the objects itself
    with pytest.raises(SourceError, match="bomb"):
        read_apart(content, "bomb", seconds=20, memory=400 * 2**20)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_damage_anywhere_ends_in_an_article_or_a_source_error(data: st.DataObject) -> None:
    content = bytearray(pdf(lines(20, TOP, *LEFT), lines(20, TOP, *RIGHT)))
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(10, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    try:
        article = read_page(bytes(content))
    except SourceError:
        return
    assert len(article.pages) in (1, 2)
