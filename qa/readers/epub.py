"""EPUB to Article: one book, its chapters in the order of the book's spine.

An EPUB is a ZIP file of XHTML pages with a list of them (https://www.w3.org/TR/epub-33/). The libraries that read
it are under the AGPL or no longer kept, and what is needed of the container is small, so it is read here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from qa.blocks import Piece, lay_out, one_line
from qa.charset import decode
from qa.errors import InvalidInput, NoArticleText, SourceError
from qa.language import language_of
from qa.readers.archive import Archive
from qa.readers.bylines import names_in
from qa.readers.chrome import drop_head
from qa.readers.whole import page_tree, pieces_of, without_contents, xml_tree
from qa.types import Article, Page, iso_date

_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
# Ways to garble fonts, not text: https://www.w3.org/TR/epub-33/#sec-font-obfuscation
_FONTS_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"


@dataclass(frozen=True, slots=True)
class _Book:
    """What the package file says: what the book is, and the files of its chapters in order."""

    title: str
    authors: tuple[str, ...]
    published: str | None
    publisher: str | None
    language: str | None
    chapters: tuple[str, ...]
    contents: str | None  # the file with the table of contents


def read(page: Page, identity: str) -> Article:
    """The article of a book. Raises SourceError where it is damaged, protected or too large."""
    where = page.location or page.url or "the book"
    if not page.content:
        raise NoArticleText(f"{where} is empty; give a book with text in it")
    archive = Archive(page.content, where)
    _check_unlocked(archive, where)
    book = _book(archive, where)
    labels = _labels(archive, book.contents)
    pieces: list[Piece] = []
    for name in book.chapters:
        pieces.extend(_chapter(archive, name, labels.get(name), group=max((p.group for p in pieces), default=0)))
    text, blocks = lay_out(drop_head(pieces, titles=(book.title, book.publisher or book.title), authors=book.authors))
    if not text:
        raise NoArticleText(f"{where} holds no text; give a book with text in it, not only pictures")
    return Article(
        id=identity,
        title=book.title or one_line(text[: blocks[0].end])[:120],
        text=text,
        url=page.url,
        authors=book.authors,
        published=book.published,
        site=book.publisher,
        language=book.language or language_of(text),
        blocks=blocks,
        source=page.location or None,
        date_source="file" if book.published else None,
    )


def _check_unlocked(archive: Archive, where: str) -> None:
    name = "META-INF/encryption.xml"
    root = xml_tree(archive.read(name)) if name in archive else None
    for method in _all(root, "EncryptionMethod"):
        if method.get("Algorithm") not in _FONTS_ONLY:
            raise SourceError(f"{where} is protected against copying (DRM); its text cannot be read")


def _book(archive: Archive, where: str) -> _Book:
    container = xml_tree(archive.read("META-INF/container.xml"))
    root_file = next((each.get("full-path") for each in _all(container, "rootfile") if each.get("full-path")), None)
    if root_file is None:
        raise SourceError(f"{where} is damaged: it does not say where its list of pages is; download it again")
    package = xml_tree(archive.read(root_file))
    if package is None:
        raise SourceError(f"{where} is damaged: its list of pages ({root_file!r}) is no XML; download it again")
    items = {each.get("id"): each for each in _all(package, "item") if each.get("href")}
    places = {key: _place(root_file, each.get("href")) for key, each in items.items()}
    navigation = next((k for k, each in items.items() if "nav" in each.get("properties", "").split()), None)
    listed = {
        _place(root_file, each.get("href", "")) for each in _all(package, "reference") if each.get("type") == "toc"
    }
    spine = next(iter(_all(package, "spine")), None)
    chapters = [
        places[key]
        for each in _all(package, "itemref")
        if (key := each.get("idref")) in items
        and each.get("linear", "yes") != "no"
        and key != navigation
        and places[key] not in listed
        and items[key].get("media-type") in _PAGES
    ]
    contents = navigation or (spine.get("toc") if spine is not None else None)
    language = one_line(_first(package, "language"))[:2].lower()
    return _Book(
        title=one_line(_first(package, "title")),
        authors=tuple(dict.fromkeys(name for each in _authors(package) for name in names_in(each))),
        published=_published(package),
        publisher=one_line(_first(package, "publisher")) or None,
        language=language if language.isalpha() and language != "un" else None,
        chapters=tuple(dict.fromkeys(chapters)),
        contents=places.get(contents),
    )


def _authors(package: Any) -> Iterator[str]:
    """The book's creators who are its authors; those with another role (translator, editor) are not."""
    roles = {
        each.get("refines", "").lstrip("#"): (each.text or "").strip()
        for each in _all(package, "meta")
        if each.get("property") == "role"
    }
    for creator in _all(package, "creator"):
        attributes = {name.rpartition("}")[2]: value for name, value in creator.attrib.items()}
        role = attributes.get("role") or roles.get(attributes.get("id", "")) or "aut"
        if role == "aut" and creator.text:
            yield one_line(creator.text)


def _published(package: Any) -> str | None:
    """The day, month or year of publication; calibre writes the year 101 where it knows none."""
    for date in _all(package, "date"):
        attributes = {name.rpartition("}")[2]: value for name, value in date.attrib.items()}
        value = (date.text or "").strip()
        if attributes.get("event", "publication") != "publication" or value < "1400":
            continue
        try:
            return iso_date(value, "date")
        except InvalidInput:
            continue
    return None


def _labels(archive: Archive, name: str | None) -> dict[str, str]:
    """The names of chapters in the table of contents, by file."""
    labels: dict[str, str] = {}
    if name is None or name not in archive:
        return labels
    root = xml_tree(archive.read(name))
    for point in _all(root, "navPoint"):  # EPUB 2
        label, content = next(iter(_all(point, "text")), None), next(iter(_all(point, "content")), None)
        if label is not None and content is not None and content.get("src"):
            labels.setdefault(_place(name, content.get("src")), one_line(label.text or ""))
    for table in _all(root, "nav"):
        if table.get(_EPUB_TYPE, "toc") == "toc":
            for link in _all(table, "a"):
                labels.setdefault(_place(name, link.get("href", "")), one_line("".join(link.itertext())))
    return labels


def _chapter(archive: Archive, name: str, label: str | None, *, group: int) -> list[Piece]:
    """A chapter's pieces, with its name in the table of contents above them where it has no heading itself."""
    if name not in archive:
        return []  # listed and not there: the other chapters are
    pieces = without_contents(pieces_of(page_tree(decode(archive.read(name)))))
    pieces = [replace(piece, group=piece.group + group) if piece.group else piece for piece in pieces]
    if pieces and label and not any(piece.kind == "heading" for piece in pieces[:3]):
        pieces.insert(0, Piece("heading", label, 1))
    return pieces


def _place(base: str, link: str) -> str:
    """The name in the archive of what `link` in the file `base` points to; names above the archive match nothing."""
    try:
        path = urlsplit(link).path
    except ValueError:
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(path)))


def _first(root: Any, name: str) -> str:
    return next((each.text for each in _all(root, name) if each.text and each.text.strip()), "")


def _all(root: Any, name: str) -> Iterator[Any]:
    """The elements of this name, whatever their name space."""
    return root.iter(f"{{*}}{name}") if root is not None else iter(())
