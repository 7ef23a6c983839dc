"""Documents made to do harm: what they refer to is neither asked for nor opened, and what they unpack to is bounded."""

from __future__ import annotations

import bz2
import io
import os
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from websites import WebSite

from qa.errors import SourceError
from qa.extract import read_page
from qa.feeds import read_listing
from qa.readers import archive, docx

DATA = Path(__file__).parent / "data"
SECRET = "under-the-third-stone"  # without blanks, so that an address could hold it
PROSE = "The lamp was lit in October 1874, and its keeper climbed the stairs each night to trim it by hand. " * 3
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_watching: list[str] | None = None


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _watching is None:
        return
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request", "os.system", "os.exec", "os.spawn"):
        _watching.append(f"{event} {arguments}")
    elif event == "open" and isinstance(arguments[0], str) and "__pycache__" not in arguments[0]:
        writes = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes or "bait" in arguments[0]:
            _watching.append(f"opens {arguments[0]}")


sys.addaudithook(_note)  # for good: hooks cannot be taken away


@pytest.fixture
def done() -> Iterator[list[str]]:
    """What this process has done on the network and on the disk since the test began."""
    global _watching
    _watching = []
    yield _watching
    _watching = None


@pytest.fixture
def bait(tmp_path: Path) -> Path:
    (tmp_path / "bait").write_text(SECRET)
    return tmp_path / "bait"


def parts_of(name: str) -> dict[str, bytes]:
    with zipfile.ZipFile(DATA / name) as opened:
        return {part: opened.read(part) for part in opened.namelist()}


def zipped(parts: dict[str, bytes | str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    return made.getvalue()


# -- what documents refer to


def html(site: str, bait: Path) -> bytes:
    return f"""<?xml-stylesheet href="{site}/style.xsl" type="text/xsl"?>
        <!DOCTYPE html SYSTEM "{site}/page.dtd" [<!ENTITY e SYSTEM "{bait.as_uri()}">]>
        <html xmlns:xi="http://www.w3.org/2001/XInclude"><head><title>Lamps</title><base href="{site}/">
        <meta http-equiv="refresh" content="0;url={site}/refresh"><link rel="stylesheet" href="{site}/style.css">
        <link rel="canonical" href="{site}/canonical"><link rel="amphtml" href="{site}/amp">
        <script src="{site}/script.js"></script><style>@import url({site}/import.css);</style></head><body><article>
        <h1>Lamps</h1><p>&e;{PROSE}</p><p><xi:include href="{bait.as_uri()}" parse="text"/>{PROSE}</p>
        <img src="{site}/image.png" srcset="{site}/2x.png 2x"><iframe src="{bait.as_uri()}"></iframe>
        <object data="{site}/object"></object><video poster="{site}/poster"><source src="{site}/video"></video>
        </article></body></html>""".encode()


def mhtml(site: str, bait: Path) -> bytes:
    head = f"From: <Saved by Blink>\nSnapshot-Content-Location: {site}/page\nSubject: Lamps\nMIME-Version: 1.0\n"
    return (
        f'{head}Content-Type: multipart/related; boundary="x"; type="text/html"\n\n--x\nContent-Type: text/html\n'
        f"Content-Location: {site}/page\n\n".encode()
        + html(site, bait)
        + f'\n--x\nContent-Type: message/external-body; access-type=local-file; name="{bait}"\n\n'
        f"Content-Type: text/html\n\n--x\nContent-Type: message/external-body; access-type=URL; "
        f'URL="{site}/part"\n\nContent-Type: text/html\n\n--x--\n'.encode()
    )


def epub(site: str, bait: Path) -> bytes:
    parts = parts_of("lighthouse.epub")
    declared = f'<!DOCTYPE html SYSTEM "{site}/book.dtd" [<!ENTITY e SYSTEM "{bait.as_uri()}">]>'
    parts["EPUB/text/ch001.xhtml"] = (
        f"{declared}<html xmlns='http://www.w3.org/1999/xhtml' xmlns:xi='http://www.w3.org/2001/XInclude'><head>"
        f"<link rel='stylesheet' href='{site}/style.css'/><script src='{site}/script.js'/></head><body><p>&e;{PROSE}"
        f"<xi:include href='{bait.as_uri()}' parse='text'/></p><img src='{site}/image.png'/></body></html>"
    ).encode()
    package = parts["EPUB/content.opf"].decode().replace("?>", f"?>{declared}", 1)
    package = package.replace("</dc:title>", " &e;</dc:title>", 1)
    package = package.replace("<manifest>", f'<manifest><item id="far" href="{site}/far.xhtml" media-type="text/html"/>'
        f'<item id="near" href="{bait}" media-type="text/html"/>')  # fmt: skip
    parts["EPUB/content.opf"] = package.replace(
        "</spine>", '<itemref idref="far"/><itemref idref="near"/></spine>'
    ).encode()
    return zipped(dict(parts))


def word(site: str, bait: Path) -> bytes:
    parts = parts_of("tide-mills.docx")
    external = "".join(
        f'<Relationship Id="x{n}" Type="{REL}/{kind}" Target="{target}" TargetMode="External"/>'
        for n, (kind, target) in enumerate(
            [
                ("attachedTemplate", f"{site}/template.dotm"),
                ("image", f"{site}/image.png"),
                ("image", bait.as_uri()),
                ("image", str(bait)),
                ("oleObject", f"{site}/object"),
                ("aFChunk", f"{site}/chunk"),
                ("subDocument", bait.as_uri()),
                ("footnotes", f"{site}/footnotes.xml"),
            ]
        )
    )
    for name in ("word/_rels/document.xml.rels", "word/_rels/settings.xml.rels"):
        before = parts.get(
            name, b"<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'/>"
        )
        parts[name] = (
            before.decode().replace("/>", "></Relationships>", 1) if name not in parts else before.decode()
        ).replace("</Relationships>", f"{external}</Relationships>").encode()  # fmt: skip
    pictures = "".join(
        f'<w:p xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="{REL}" xmlns:wp='
        '"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:pic='
        '"http://schemas.openxmlformats.org/drawingml/2006/picture"><w:r><w:drawing><wp:inline><a:graphic><a:graphicData>'
        f'<pic:pic><pic:blipFill><a:blip r:link="x{n}" r:embed="x{n}"/></pic:blipFill></pic:pic></a:graphicData>'
        "</a:graphic></wp:inline></w:drawing></w:r></w:p>"
        for n in (1, 2, 3)
    )
    fields = "".join(
        f'<w:p><w:fldSimple w:instr="{field}"><w:r><w:t>A field.</w:t></w:r></w:fldSimple></w:p>'
        for field in (
            f"INCLUDEPICTURE {site}/field.png",
            f"INCLUDETEXT {bait}",
            "DDEAUTO cmd /c echo",
            "MACROBUTTON x y",
        )
    )
    document = parts["word/document.xml"].decode()
    chunk = f'<w:altChunk xmlns:r="{REL}" r:id="x5"/>'
    parts["word/document.xml"] = document.replace("<w:body>", f"<w:body>{pictures}{fields}{chunk}", 1).encode()
    parts["word/vbaProject.bin"] = b"\xd0\xcf\x11\xe0 macros"
    parts["mammoth/style-map"] = b"p => script"
    return zipped(dict(parts))


def pdf(site: str, bait: Path) -> bytes:
    text = f"BT /F 12 Tf 50 700 Td 14 TL ({PROSE[:90]}) Tj T* (It burned colza oil.) Tj ET"
    left = bait.with_name("launched")
    names = "<</EmbeddedFiles<</Names[(a.exe) 8 0 R]>>/JavaScript<</Names[(j) 6 0 R]>>>>"
    link = f"<</Type/Annot/Subtype/Link/Rect[0 0 600 800]/A<</S/URI/URI({site}/link)>>>>"
    drawn = "/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/XObject<</X 9 0 R>>>>"
    elsewhere = f"/Ref<</F({bait})/Page 0>>/F<</FS/URL/F({site}/form)>>"
    objects = [
        f"<</Type/Catalog/Pages 2 0 R/OpenAction 6 0 R/Names{names}/AA<</WC 7 0 R>>>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]{drawn}/AA<</O 7 0 R>>/Annots[{link}]>>",
        f"<</Length {len(text)}>>stream\n{text}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        f"<</S/JavaScript/JS(app.launchURL\\('{site}/script'\\);this.submitForm\\('{site}/form'\\))>>",
        f"<</S/Launch/F({left})/Win<</F(cmd.exe)/P(/c echo)>>/Unix<</F(/bin/sh)/P(-c 'touch {left}')>>>>",
        f"<</Type/Filespec/FS/URL/F({site}/file)/EF<</F 10 0 R>>>>",
        f"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]{elsewhere}/Length 0>>stream\n\nendstream",
        "<</Type/EmbeddedFile/Length 2>>stream\nMZ\nendstream",
    ]
    made, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj{each}endobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        made
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer<</Size {len(objects) + 1}/Root 1 0 R>>\n"
            f"startxref\n{len(made)}\n%%EOF"
        ).encode()
    )


@pytest.mark.parametrize("make", [html, mhtml, epub, word, pdf])
def test_what_a_document_refers_to_is_neither_asked_for_nor_opened(
    make: object, web_site: WebSite, bait: Path, done: list[str]
) -> None:
    assert callable(make)
    article = read_page(make(web_site.url, bait), source=str(bait.parent / "document"))
    assert "October 1874" in article.text or "tide mill" in article.text
    assert SECRET not in f"{article.title} {article.text}"
    assert (web_site.requests, done) == ([], [])
    assert [path.name for path in bait.parent.iterdir()] == ["bait"]


@pytest.mark.parametrize("root", ["rss", "feed", "urlset", "sitemapindex", "opml"])
def test_what_a_collection_refers_to_is_neither_asked_for_nor_opened(
    root: str, web_site: WebSite, bait: Path, done: list[str]
) -> None:
    url = "https://a.example/1"
    inside = {
        "rss": f"<channel><item><title>&e;</title><link>{url}</link></item></channel>",
        "feed": f"<entry><title>&e;</title><link href='{url}'/></entry>",
        "urlset": f"<url><loc>{url}</loc></url><url><loc>https://a.example/&e;</loc></url>",
        "sitemapindex": f"<sitemap><loc>{url}</loc></sitemap>",
        "opml": f"<body><outline xmlUrl='{url}'/></body>",
    }[root]
    document = (
        f'<?xml version="1.0"?><?xml-stylesheet href="{web_site.url}/style.xsl" type="text/xsl"?>'
        f'<!DOCTYPE {root} SYSTEM "{web_site.url}/list.dtd" [<!ENTITY % p SYSTEM "{web_site.url}/p.dtd"> %p; '
        f'<!ENTITY e SYSTEM "{bait.as_uri()}">]><{root} xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{web_site.url}/include"/>{inside}</{root}>'
    )
    listing = read_listing(document.encode(), location="https://a.example/list")
    assert listing is not None
    assert url in [entry.url for entry in listing.entries]
    assert not any("stone" in entry.url for entry in listing.entries)
    assert (web_site.requests, done) == ([], [])


def test_only_web_addresses_of_a_collection_are_entries() -> None:
    urls = ["file:///etc/passwd", "ftp://a.example/x", "data:text/html,x", "javascript:alert(1)", "https://a.example/1"]
    feeds = [
        f"<rss><channel>{''.join(f'<item><link>{url}</link></item>' for url in urls)}</channel></rss>",
        f"<urlset>{''.join(f'<url><loc>{url}</loc></url>' for url in urls)}</urlset>",
        f"<opml><body>{''.join(f'<outline xmlUrl={url!r}/>' for url in urls)}</body></opml>",
    ]
    for feed in feeds:
        listing = read_listing(feed.encode(), location="https://a.example/list")
        assert listing is not None
        assert [entry.url for entry in listing.entries] == ["https://a.example/1"]
        assert [scheme for scheme, _ in listing.skipped] == ["data", "file", "ftp", "javascript"]


# -- what archives unpack to

TRICKS = [
    "../../x.xhtml",
    "/x.xhtml",
    "C:\\x.xhtml",
    "..\\..\\x.xhtml",
    "text/\0x.xhtml",
    "//host/share/x.xhtml",
    "CON",
]


@pytest.mark.parametrize("name", TRICKS)
def test_no_name_in_an_archive_leads_anywhere(name: str, tmp_path: Path, done: list[str]) -> None:
    parts = dict(parts_of("lighthouse.epub"))
    parts[name] = f"<html><body><p>{SECRET}</p></body></html>".encode()
    article = read_page(zipped(parts), source=str(tmp_path / "book.epub"))
    assert article.title == "Keepers of the Outer Light"
    assert SECRET not in article.text  # it is in no list of chapters
    assert (done, list(tmp_path.iterdir())) == ([], [])


def with_part(parts: dict[str, bytes], name: str, packed: bytes, *, method: int, size: int, crc: int = 0) -> bytes:
    """An archive in which the part `name` is `packed` as it is, and said to be of this method, size and checksum."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        for each, content in parts.items():
            if each != name:
                opened.writestr(each, content)
        said = zipfile.ZipInfo(name)
        opened.writestr(said, packed, zipfile.ZIP_STORED)
    content = bytearray(made.getvalue())
    listed = content.rindex(b"PK\x01\x02")
    (local,) = struct.unpack_from("<L", content, listed + 42)
    for at in (listed + 10, local + 8):
        struct.pack_into("<H", content, at, method)
    for at in (listed + 16, local + 14):
        struct.pack_into("<LLL", content, at, crc, len(packed), size)
    return bytes(content)


def deflated(content: bytes) -> bytes:
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


CHAPTER = "EPUB/text/ch001.xhtml"


@pytest.mark.parametrize(
    ("packed", "method", "size", "message"),
    [
        (bz2.compress(bytes(50_000_000)), zipfile.ZIP_BZIP2, 100, "is packed in an unusual way"),
        (b"\x09\x04\x05\x00\x5d\xff\xff\xff\xff", zipfile.ZIP_LZMA, 100, "is packed in an unusual way"),
        (b"x", 99, 100, "is packed in an unusual way"),
        (deflated(bytes(5_000_000)), zipfile.ZIP_DEFLATED, 100, "is damaged"),
        (deflated(b"x" * 100), zipfile.ZIP_DEFLATED, 1000, "is damaged"),
        (b"x" * 100, zipfile.ZIP_STORED, 29 * 2**20, "is damaged"),
        (deflated(b"x"), zipfile.ZIP_DEFLATED, 2**32 - 2, "unpacks to 42949"),
        (deflated(b"x"), zipfile.ZIP_DEFLATED, archive.MAX_TEXT + 1, "has a part of 31457281 bytes"),
    ],
)
def test_a_part_is_no_more_than_it_says(packed: bytes, method: int, size: int, message: str) -> None:
    book = with_part(parts_of("lighthouse.epub"), CHAPTER, packed, method=method, size=size)
    with pytest.raises(SourceError, match=message):
        read_page(book, source="/a/book.epub")


def test_a_list_of_files_without_end_is_not_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    book = zipped(dict(parts_of("lighthouse.epub")))
    end = book.rindex(b"PK\x05\x06")
    (start,) = struct.unpack_from("<L", book, end + 16)
    one = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    listed = book[start:end] + one * archive.MAX_FILES
    flood = book[:start] + listed + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, len(listed), start, 0)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # not even opened
    with pytest.raises(SourceError, match="holds more than 10000 files; up to that many are read"):
        read_page(flood, source="/a/book.epub")


def test_parts_that_lie_on_one_another_count_as_often_as_they_are_listed() -> None:
    """The trick of https://www.bamsoftware.com/hacks/zipbomb/: one packed kernel, and many names for it."""
    kernel = bytes(20 * 2**20)
    book = with_part(parts_of("lighthouse.epub"), CHAPTER, deflated(kernel), method=8, size=len(kernel))
    end = book.rindex(b"PK\x05\x06")
    (start,) = struct.unpack_from("<L", book, end + 16)
    again = book[book.rindex(b"PK\x01\x02") : end] * 20
    listed = book[start:end] + again
    bomb = book[:start] + listed + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 99, 99, len(listed), start, 0)
    assert len(bomb) < 50_000
    with pytest.raises(SourceError, match=r"unpacks to 440\d{6} bytes in 3\d files; up to 209715200 bytes are read"):
        read_page(bomb, source="/a/book.epub")


LAUGHS = '<!DOCTYPE x [<!ENTITY a "{}">'.format("ha" * 1000) + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(5)
)
LAUGHING = (
    f'{LAUGHS}]><w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>Mills &f;.</w:t></w:r></w:p></w:body></w:document>'
)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("word/document.xml", LAUGHING.encode(), "'word/document.xml' declares a document type"),
        ("word/document.xml", LAUGHING.encode("utf-16"), "'word/document.xml' declares a document type"),
        ("word/document.xml", LAUGHING.encode("utf-16-be"), "'word/document.xml' declares a document type"),
        ("word/styles.xml", LAUGHING.encode(), "'word/styles.xml' declares a document type"),
        ("word/document.dat", LAUGHING.encode(), "is damaged"),  # what mammoth is not given, it cannot read
        ("word/document.dat", b" " * (docx._MAX_PART + 1), "is damaged"),
        ("word/document.xml", b" " * (docx._MAX_PART + 1), "has a part of 16777217 bytes"),
    ],
)
def test_the_xml_of_a_docx_declares_nothing_whatever_its_encoding_and_name(
    name: str, content: bytes, message: str
) -> None:
    parts = dict(parts_of("tide-mills.docx"))
    if name.endswith(".dat"):
        del parts["word/document.xml"]
        parts["_rels/.rels"] = parts["_rels/.rels"].replace(b"word/document.xml", name.encode())
    with pytest.raises(SourceError, match=message):
        read_page(zipped(parts | {name: content}), source="/a/document.docx")
