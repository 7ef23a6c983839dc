"""Kinds of file told by type, name and content, and refused in one way."""

from __future__ import annotations

import importlib
import io
import zipfile
from pathlib import Path

import pytest

from qa import read_page
from qa.errors import SourceError, UnsupportedSource
from qa.formats import FORMATS, READABLE, SUFFIXES, WEB_TYPES, by_content, by_media_type, by_suffix, format_of
from qa.sources import expand, load

DATA = Path(__file__).parent / "data"


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_every_format_that_is_read_has_its_reader_suffixes_and_types() -> None:
    for each in FORMATS:
        assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in each.suffixes)
        if each.reader is None:
            assert each.advice
            continue
        assert callable(importlib.import_module(each.reader).read)
        assert each.media_types[0] in WEB_TYPES
        assert SUFFIXES[each.suffixes[0]] == each.media_types[0]
        assert each.name in READABLE
    names = [name for each in FORMATS for name in (*each.media_types, *each.suffixes)]
    assert len(names) == len(set(names)), "each type and suffix belongs to one format"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tide-mills.pdf", "PDF"),
        ("tide-mills.docx", "DOCX"),
        ("lighthouse.epub", "EPUB"),
        ("lighthouse-calibre.epub", "EPUB"),
        ("ferry.mhtml", "MHTML"),
        ("ferry.html", "HTML"),
        ("ferry-singlefile.html", "HTML"),
    ],
)
def test_files_are_known_by_content_and_by_name(name: str, kind: str) -> None:
    content = (DATA / name).read_bytes()
    by_name, found = by_suffix(name), by_content(content)
    assert by_name is not None
    assert found is not None
    assert (by_name.name, found.name) == (kind, kind)
    assert by_content(content[: len(content) // 2]) == found, "a truncated file is of the same kind"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xef\xbb\xbf \n%PDF-1.4", "PDF"),
        (b"<?xml version='1.0'?>\n<!-- saved --><!DOCTYPE HTML><p>", "HTML"),
        (b"Subject: A page\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\tboundary=x\r\n\r\n", "MHTML"),
        (b"Subject: A letter\r\nContent-Type: text/plain\r\n\r\nMany greetings", None),
        (b"<p>words</p>", None),
        (b"# Words about %PDF- files", None),
        (b"", None),
        (b"{\\rtf1 words}", "RTF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word 97 document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "a picture"),
        (zipped({"notes.txt": b"words"}), "an archive"),
        (zipped({"xl/workbook.xml": b"<x/>"}), "a spreadsheet"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}), "an OpenDocument text"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "a spreadsheet"),
        (zipped({"../../word/document.xml": b"<x/>"}), "an archive"),
        (b"PK\x03\x04", "an archive"),
    ],
)
def test_content_shows_its_kind(content: bytes, kind: str | None) -> None:
    found = by_content(content)
    assert (found.name if found else None) == kind


def test_media_types_and_names_are_found_in_any_case_and_with_parameters() -> None:
    html, pdf = by_media_type("Text/HTML; charset=utf-8"), by_suffix("Report.PDF")
    assert html is not None
    assert pdf is not None
    assert (html.name, pdf.name) == ("HTML", "PDF")
    assert by_media_type("video/mp4") is None
    assert by_suffix("README") is None


def test_what_a_file_holds_counts_for_more_than_its_type() -> None:
    pdf = (DATA / "ferry.pdf").read_bytes()
    for declared in ("text/html", "application/octet-stream", "application/epub+zip", None):
        found = format_of(pdf, declared, "x")
        assert found is not None
        assert found.name == "PDF"
    article = read_page(pdf, "https://harbour-post.example/ferry.html", media_type="text/html")
    assert (article.title, len(article.pages)) == ("Night ferry to Vessel Island ends after 61 years", 2)


@pytest.mark.parametrize(
    ("content", "media_type", "message"),
    [
        (b"words", "video/mp4", r"^x is video/mp4; readable are HTML \(\.html, .*MHTML \(\.mhtml, \.mht\)$"),
        (b"words", "application/msword", r"^x is a Word 97 document; save it as DOCX; readable are HTML"),
        (b"{\\rtf1}", "text/plain", r"^x is RTF; save it as DOCX; readable"),
        (b"\x89PNG", None, r"^x is a picture; text in pictures is not recognised; readable"),
        (zipped({"a.txt": b"words"}), "application/zip", r"^x is an archive; unpack it and add the files; readable"),
    ],
)
def test_what_is_not_read_is_refused_with_what_to_do(content: bytes, media_type: str | None, message: str) -> None:
    with pytest.raises(UnsupportedSource, match=message):
        format_of(content, media_type, "x")


def test_folders_give_every_kind_and_no_parts_of_saved_pages() -> None:
    names = [Path(location).relative_to(DATA).as_posix() for location in expand(DATA)]
    assert names == [
        "ferry-singlefile.html",
        "ferry.html",
        "ferry.mhtml",
        "ferry.pdf",
        "lighthouse-calibre.epub",
        "lighthouse.epub",
        "tide-mills-locked.pdf",
        "tide-mills.docx",
        "tide-mills.pdf",
        "source/ferry.html",
        "source/lighthouse.md",
    ]


def test_a_file_whose_name_says_nothing_is_read_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "report").write_bytes((DATA / "tide-mills.docx").read_bytes())
    (tmp_path / "old.doc").write_bytes(b"<html><body><p>The ferry leaves at noon.</p></body></html>")
    assert load(tmp_path / "report").media_type == SUFFIXES[".docx"]
    assert load(tmp_path / "old.doc").media_type == "text/html"
    (tmp_path / "song").write_bytes(b"ID3\x04\0\0\0\0")
    with pytest.raises(UnsupportedSource, match=r"song is of an unknown kind \(no suffix\); readable are HTML"):
        load(tmp_path / "song")


@pytest.mark.parametrize("name", [each for each in SUFFIXES if each not in (".txt", ".md", ".markdown")])
@pytest.mark.parametrize("content", [b"", b"\0" * 5000, bytes(range(256)) * 40])
def test_an_empty_file_or_noise_of_any_name_is_a_source_error(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"file{name}"
    path.write_bytes(content)
    page = load(path)
    with pytest.raises(SourceError, match=f"file{name}"):
        read_page(page.content, media_type=page.media_type, source=page.location)
