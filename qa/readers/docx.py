"""DOCX (Word, Google Docs, LibreOffice) to Article: mammoth turns styles into plain markup, which is all article.

Headings, lists, tables and notes are kept; pictures, macros, comments and deleted text are not. Nothing that the
document refers to is opened: mammoth gets no more of it than its XML, which declares no document type.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from qa.blocks import Piece, lay_out, one_line
from qa.errors import NoArticleText, SourceError
from qa.language import language_of
from qa.readers.archive import Archive
from qa.readers.bylines import byline_part, persons_in
from qa.readers.chrome import byline_names, drop_head
from qa.readers.dates import iso_day, says_only_when
from qa.readers.whole import page_tree, pieces_of, without_contents, xml_tree
from qa.types import Article, Page

_STYLES = """
p[style-name='Title'] => h1.title:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Quote'] => blockquote:fresh
p[style-name='Quotations'] => blockquote:fresh
p[style-name='Intense Quote'] => blockquote:fresh
p[style-name='Caption'] => figcaption:fresh
p[style-name='caption'] => figcaption:fresh
p[style-name='Preformatted Text'] => pre:separator('\\n')
p[style-name='HTML Preformatted'] => pre:separator('\\n')
"""
# bytes of one part; mammoth takes a second and 60 MB of memory for each million. Two long novels have 8 million.
_MAX_PART = 16 * 2**20
_DECLARES = re.compile(rb"<!(?:DOCTYPE|ENTITY)")  # Office never does: what does is made to harm
_HEAD = 8  # pieces at the top among which a byline and a date stand


def read(page: Page, identity: str) -> Article:
    """The article of a Word document. Raises SourceError where it is damaged, protected or too large."""
    where = page.location or page.url or "the document"
    if not page.content:
        raise NoArticleText(f"{where} is empty; give a document with text in it")
    archive = Archive(page.content, where)
    tree = page_tree(f"<html><body>{_markup(_only_xml(archive), where)}</body></html>")
    pieces = without_contents(pieces_of(tree))
    facts = _facts(archive)
    title = facts["title"] or _styled_title(tree) or _first_heading(pieces)
    head = [piece.text for piece in pieces[:_HEAD] if len(piece.text) < 120]
    authors = persons_in(facts["author"])
    authors = authors or next((persons_in(byline_part(text) or "") for text in head if byline_names(text)), ())
    published = next((day for text in head if says_only_when(text) and (day := iso_day(text))), None)
    text, blocks = lay_out(_heads_of_tables(drop_head(pieces, titles=(title,), authors=authors)))
    if not text:
        raise NoArticleText(f"{where} holds no text; give a document with prose in it")
    return Article(
        id=identity,
        title=title or one_line(text[: blocks[0].end])[:120],
        text=text,
        url=page.url,
        authors=authors,
        published=published,
        language=language_of(text) or facts["language"],
        blocks=blocks,
        source=page.location or None,
        date_source="text" if published else None,
    )


def _only_xml(archive: Archive) -> bytes:
    """The document again, with nothing in it but its XML, within bounds."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as only:
        for name in archive.names():
            if not name.endswith((".xml", ".rels")):
                continue
            content = archive.read(name, limit=_MAX_PART)
            if _DECLARES.search(content.replace(b"\0", b"")):  # in UTF-16 there is a zero beside every letter
                raise SourceError(f"{archive.where} is damaged ({name!r} declares a document type); save it again")
            only.writestr(name, content)
    return made.getvalue()


def _markup(content: bytes, where: str) -> str:
    import mammoth

    try:
        result = mammoth.convert_to_html(
            io.BytesIO(content),
            style_map=_STYLES,
            include_embedded_style_map=False,
            convert_image=mammoth.images.img_element(lambda _: {"src": ""}),
            external_file_access=False,
        )
    except (KeyError, ValueError, OSError, AttributeError, IndexError, zipfile.BadZipFile, SyntaxError) as error:
        raise SourceError(f"{where} is damaged ({type(error).__name__}: {error}); open it and save it again") from error
    return str(result.value)


def _facts(archive: Archive) -> dict[str, str]:
    """Title, author and language from the document's core properties; "" for what is not there."""
    facts = {"title": "", "author": "", "language": ""}
    root = xml_tree(archive.read("docProps/core.xml")) if "docProps/core.xml" in archive else None
    for element in root if root is not None else ():
        name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        key = {"title": "title", "creator": "author", "language": "language"}.get(name)
        if key and element.text:
            facts[key] = one_line(element.text)
    if not any(map(str.isalpha, facts["title"])) or facts["title"].lower().endswith((".doc", ".docx", ".dotx")):
        facts["title"] = ""
    facts["language"] = facts["language"][:2].lower()
    return facts


def _styled_title(tree: Any) -> str:
    found = tree.xpath("//h1[@class='title']")
    return one_line("".join(found[0].itertext())) if found else ""


def _first_heading(pieces: list[Piece]) -> str:
    return next((piece.text for piece in pieces[:3] if piece.kind == "heading"), "")


def _heads_of_tables(pieces: list[Piece]) -> list[Piece]:
    """`pieces` with the first row of each table as its column heads where it holds no numbers and others do."""
    from dataclasses import replace

    made = list(pieces)
    for number, piece in enumerate(made):
        first = piece.kind == "row" and (number == 0 or made[number - 1].group != piece.group)
        after = made[number + 1] if number + 1 < len(made) else None
        if first and after is not None and after.group == piece.group and piece.level == 0:
            same_width = piece.text.count(" | ") == after.text.count(" | ") > 0
            if same_width and not any(map(str.isdigit, piece.text)):
                made[number] = replace(piece, level=1)
    return made
