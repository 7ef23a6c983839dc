"""The kinds of file: which are read and by which module, and how each is known by type, name and content.

What a file holds counts for more than what it is called: a PDF named page.html is read as PDF.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from qa.errors import UnsupportedSource
from qa.readers.archive import lists_too_many


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file.

    `media_types` and `suffixes` have the usual one first. `begins` matches the first bytes of such a file, where
    those tell it. `reader` is the module whose `read(page, identity)` makes an Article of it; None: it is known,
    but not read, and `advice` says what to do instead. `in_browser`: browsers show it, and find words in it.
    """

    name: str
    media_types: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    begins: re.Pattern[bytes] | None = None
    reader: str | None = None
    advice: str = ""
    in_browser: bool = False


def _starting(*signatures: bytes) -> re.Pattern[bytes]:
    return re.compile(b"|".join(map(re.escape, signatures)))


_BLANK = rb"(?:\xef\xbb\xbf)?[\s\x00]{0,1024}"
# Header lines of a mail message, one of which says that it is a page with its parts.
_MHTML = re.compile(
    rb"[\r\n]*(?:[A-Za-z][\w-]{1,60}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n){0,60}?content-type:\s*multipart/related\b",
    re.I,
)

FORMATS: tuple[Format, ...] = (
    Format(
        "HTML",
        ("text/html", "application/xhtml+xml"),
        (".html", ".htm", ".xhtml"),
        re.compile(
            _BLANK + rb"(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S
        ),
        "qa.extract",
        in_browser=True,
    ),
    Format("text", ("text/plain",), (".txt",), None, "qa.extract", in_browser=True),
    Format("Markdown", ("text/markdown", "text/x-markdown"), (".md", ".markdown"), None, "qa.extract", in_browser=True),
    Format(
        "PDF", ("application/pdf", "application/x-pdf"), (".pdf",), re.compile(_BLANK + rb"%PDF-"), "qa.readers.pdf"
    ),
    Format(
        "DOCX",
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.ms-word.document.macroenabled.12",
        ),
        (".docx", ".docm"),
        None,
        "qa.readers.docx",
    ),
    Format("EPUB", ("application/epub+zip",), (".epub",), None, "qa.readers.epub"),
    Format(
        "MHTML",
        ("multipart/related", "application/x-mimearchive", "message/rfc822"),
        (".mhtml", ".mht"),
        _MHTML,
        "qa.readers.mhtml",
        in_browser=True,
    ),
    Format(
        "an OpenDocument text",
        ("application/vnd.oasis.opendocument.text",),
        (".odt", ".ott", ".fodt"),
        advice="save it as DOCX or PDF",
    ),
    Format(
        "a Word 97 document",
        ("application/msword",),
        (".doc", ".dot"),
        _starting(b"\xd0\xcf\x11\xe0"),
        None,
        "save it as DOCX",
    ),
    Format("RTF", ("application/rtf", "text/rtf"), (".rtf",), _starting(rb"{\rtf"), None, "save it as DOCX"),
    Format(
        "a spreadsheet",
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/vnd.ms-excel", "text/csv"),
        (".xlsx", ".xls", ".ods", ".csv"),
        advice="save the sheet as a page (HTML)",
    ),
    Format(
        "a presentation",
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "application/vnd.ms-powerpoint"),
        (".pptx", ".ppt", ".odp"),
        advice="save it as PDF",
    ),
    Format(
        "a Kindle book",
        ("application/x-mobipocket-ebook", "application/vnd.amazon.ebook"),
        (".mobi", ".azw", ".azw3"),
        re.compile(rb".{60}BOOKMOBI", re.S),
        advice="convert it to EPUB",
    ),
    Format("PostScript", ("application/postscript",), (".ps", ".eps"), _starting(b"%!PS"), None, "convert it to PDF"),
    Format("DjVu", ("image/vnd.djvu",), (".djvu",), _starting(b"AT&TFORM"), None, "convert it to a PDF with text"),
    Format(
        "a Safari web archive",
        ("application/x-webarchive",),
        (".webarchive",),
        re.compile(rb"bplist00.{0,200}WebMainResource", re.S),
        advice="save the page as HTML or PDF",
    ),
    Format(
        "a picture",
        ("image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff"),
        (".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff"),
        re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF.{4}WEBP|II\*\x00|MM\x00\*", re.S),
        advice="text in pictures is not recognised",
    ),
    Format(
        "an archive",
        ("application/zip", "application/gzip", "application/x-tar", "application/x-7z-compressed"),
        (".zip", ".gz", ".tar", ".tgz", ".7z", ".rar"),
        re.compile(rb"PK\x03\x04|PK\x05\x06|\x1f\x8b|7z\xbc\xaf|Rar!"),
        advice="unpack it and add the files",
    ),
)
_NAMED = {each.name: each for each in FORMATS}
_BY_TYPE = {media_type: each for each in FORMATS for media_type in each.media_types}
_BY_SUFFIX = {suffix: each for each in FORMATS for suffix in each.suffixes}
_ZIPPED = (  # a name inside a ZIP file, and what the file is then
    ("word/", "DOCX"),
    ("META-INF/container.xml", "EPUB"),
    ("xl/", "a spreadsheet"),
    ("ppt/", "a presentation"),
)
_MIMETYPE = re.compile(
    rb"PK\x03\x04.{26}mimetypeapplication/(epub\+zip|vnd\.oasis\.opendocument\.(text|spreadsheet|presentation|\w))",
    re.S,
)
_OPEN_DOCUMENT = {b"spreadsheet": "a spreadsheet", b"presentation": "a presentation"}
_HEAD = 65_536  # bytes looked at; the longest beginning is the headers of an MHTML file
_UNSAID = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/x-download"})

# What files in a folder are read by, and what a web server may call what is read.
SUFFIXES: Mapping[str, str] = {s: each.media_types[0] for s, each in _BY_SUFFIX.items() if each.reader}
WEB_TYPES: frozenset[str] = frozenset(kind for kind, each in _BY_TYPE.items() if each.reader) | (_UNSAID - {""})
READABLE = ", ".join(f"{each.name} ({', '.join(each.suffixes)})" for each in FORMATS if each.reader)


def by_suffix(name: str) -> Format | None:
    """The format that a file's name or a web address's path ends like; None where that says nothing."""
    return _BY_SUFFIX.get(PurePath(name).suffix.lower())


def by_media_type(media_type: str) -> Format | None:
    """The format of a media type, whose parameters do not matter; None where it is not known."""
    return _BY_TYPE.get(media_type.partition(";")[0].strip().lower())


def by_content(content: bytes) -> Format | None:
    """The format that the content itself shows; None where it could be text of any kind. ZIP files are looked into."""
    if content.startswith(b"PK\x03\x04"):
        return _NAMED[_zipped(content)]
    head = content[:_HEAD]
    return next((each for each in FORMATS if each.begins and each.begins.match(head)), None)


def format_of(content: bytes, media_type: str | None, where: str) -> Format | None:
    """The format to read `content` as; None: it is text of some kind, to be looked at.

    `media_type` is what the transport or the file's name says, `where` is for the message. Raises UnsupportedSource
    where the content is of a kind that is not read, or says nothing and the type is of such a kind.
    """
    found = by_content(content)
    said = by_media_type(media_type) if media_type is not None else None
    if found is None and media_type is not None and media_type.partition(";")[0].strip().lower() not in _UNSAID:
        found = said
        if found is None:
            raise unsupported(where, media_type)
    if found is _NAMED["an archive"] and said is not None and said.name in ("DOCX", "EPUB"):
        found = said  # its reader says what it lacks
    if found is not None and found.reader is None:
        raise unsupported(where, found)
    return found


def unsupported(where: str, kind: Format | str) -> UnsupportedSource:
    """The error for a source of a kind that is not read: what it is, what to do, and what is read."""
    name, advice = (kind, "") if isinstance(kind, str) else (kind.name, kind.advice)
    return UnsupportedSource(f"{where} is {name}; {f'{advice}; ' if advice else ''}readable are {READABLE}")


def _zipped(content: bytes) -> str:
    if match := _MIMETYPE.match(content):
        return "EPUB" if match[1] == b"epub+zip" else _OPEN_DOCUMENT.get(match[2], "an OpenDocument text")
    try:
        if lists_too_many(content):
            raise zipfile.BadZipFile
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # Cut short: its list of names is gone, but each name stands before its file too.
        names = [match[1].decode("utf-8", "replace") for match in _LOCAL_NAME.finditer(content)]
    return next((kind for start, kind in _ZIPPED if any(name.startswith(start) for name in names)), "an archive")


_LOCAL_NAME = re.compile(rb"PK\x03\x04.{26}([\w./\[\]-]{1,80}?(?:\.xml|\.rels|mimetype|\.xhtml))", re.S)
