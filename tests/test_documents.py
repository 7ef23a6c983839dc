"""PDF, DOCX, EPUB, MHTML and saved pages, made by the programs people make them with: see data/make.py."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from qa import Article, Library, SourceError, read_page
from qa.extract import read
from qa.sources import load
from qa.ui.reading import article_page
from qa.ui.words import words

DATA = Path(__file__).parent / "data"
ADDRESS = "https://harbour-post.example/2023/10/night-ferry-ends"
NOTE = "The parish accounts are kept in the county archive at Sund, where the author read them in 2022."

Blocks = list[tuple[str, int, str]]


def article_of(name: str) -> Article:
    return read(load(DATA / name))


def blocks_of(article: Article) -> Blocks:
    return [(block.kind, block.level, article.text[block.start : block.end]) for block in article.blocks]


def tide_mills() -> Blocks:
    """What the source document says, read with nothing but an XML parser; the note aside."""
    text = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
    table = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"

    def words(element: ElementTree.Element) -> str:
        for note in element.findall(f"{text}note"):
            del note[:]
        return "".join(element.itertext()).replace("km2", "km²")

    source = ElementTree.parse(DATA / "source" / "tide-mills.fodt").getroot()
    blocks: Blocks = []
    section = next(source.iter(f"{text}section"))
    for element in section:
        if element.tag == f"{text}h":
            blocks.append(("heading", int(element.get(f"{text}outline-level", "0")), words(element)))
        elif element.tag == f"{text}list":
            blocks += [("item", 1, "".join(item.itertext())) for item in element]
        else:
            blocks.append(("paragraph", 0, words(element)))
    for number, row in enumerate(source.iter(f"{table}table-row")):
        blocks.append(("row", int(number == 0), " | ".join("".join(cell.itertext()) for cell in row)))
    return blocks


# What the book's source says; pandoc sets the quotation marks and puts notes at the end of their chapter.
LIGHTHOUSE = """
h1 The rock
p The Outer Light stands on a rock that is ninety metres long at low tide and twelve at high. Sixteen men lost their
lives there before the first stone was laid, and the first stone was laid four times, because three winters took it
away again.
p The tower that stands today was finished in 1857. Its builder, Agnes Thorburn, cut every block on the mainland and
numbered it in red lead, so that the masons on the rock had only to read and lift.
li The blocks number 2,108; the last was set on 3 September 1857.
h1 The keepers
p Four keepers served the light, and three of them were always on the rock. Each stood a watch of four hours, and each
could be heard by the others through a brass tube that ran the whole height of the tower.
p Their stores for a winter were set down in a book:
li eleven barrels of rape-seed oil for the lamp;
li two hundredweight of ship’s biscuit;
li one fiddle, with spare strings.
q A man who cannot bear his own company should not come here, and a man who cannot bear mine had better not come either.
h2 The winter of 1871
p No boat could land for eighty-four days. The keepers burned the door of the oil store and then the fiddle, but the
light was not out for a single night.
h1 The lamp
p The lamp was lit for the last time by hand on 9 April 1984. An electric lamp took its place, and an engine that nobody
has to wind; it is looked at twice a year by an engineer who comes by helicopter and is home for dinner.
th Lamp | First lit | Seen from
tr Oil | 1857 | 18 miles
tr Paraffin | 1902 | 21 miles
tr Electric | 1984 | 24 miles
"""
KINDS = {"p": ("paragraph", 0), "q": ("quote", 0), "li": ("item", 1), "th": ("row", 1), "tr": ("row", 0)}


def lighthouse() -> Blocks:
    blocks: Blocks = []
    for mark, text in re.findall(r"^(h1|h2|p|q|li|th|tr) (.+(?:\n(?!(?:h1|h2|p|q|li|th|tr) ).+)*)", LIGHTHOUSE, re.M):
        kind, level = KINDS.get(mark) or ("heading", int(mark[1]))
        blocks.append((kind, level, text.replace("\n", " ")))
    return blocks


def ferry() -> Blocks:
    """The article in the source page, read with nothing but regular expressions."""
    source = (DATA / "source" / "ferry.html").read_text(encoding="utf-8")
    found = re.findall(r"<(h2|p)>(.*?)</\1>", source.partition("</h1>")[2].partition("<footer>")[0])
    texts = [(tag, re.sub(r"<[^>]+>", "", text)) for tag, text in found]
    return [("heading", 2, text) if tag == "h2" else ("paragraph", 0, text) for tag, text in texts]


# ---------------------------------------------------------------- what each file says


def test_a_document_from_the_web_is_of_its_site() -> None:
    content = (DATA / "tide-mills.pdf").read_bytes()
    article = read_page(content, "https://www.orrin-museum.example/files/tide-mills.pdf")
    assert (article.site, article.title) == ("orrin-museum.example", "The Tide Mills of Orrin Bay")


def test_a_pdf_of_two_columns_by_libreoffice() -> None:
    article = article_of("tide-mills.pdf")
    expected = tide_mills()
    # The note at the foot of page 1 stands before the paragraph that goes on on page 2, not inside it.
    runs_on = next(n for n, block in enumerate(expected) if block[2].startswith("In 1868"))
    expected.insert(runs_on, ("paragraph", 0, f"1 {NOTE}"))
    assert blocks_of(article) == expected
    assert (article.title, article.authors) == ("The Tide Mills of Orrin Bay", ("Marit Solheim",))
    assert (article.published, article.date_source, article.language) == ("2024-03-14", "text", "en")
    begins = [article.text[start : start + 28] for start in article.pages]
    assert begins == ["A harbour that ground its ow", "newspaper, runs to nine line", "Mill | Built | Last turned\nK"]


def test_a_docx_by_libreoffice_says_the_same() -> None:
    article = article_of("tide-mills.docx")
    assert blocks_of(article) == [*tide_mills(), ("item", 1, NOTE)]
    assert (article.title, article.authors) == ("The Tide Mills of Orrin Bay", ("Marit Solheim",))
    assert (article.published, article.date_source, article.language) == ("2024-03-14", "text", "en")
    assert article.pages == ()


@pytest.mark.parametrize("name", ["lighthouse.epub", "lighthouse-calibre.epub"])
def test_an_epub_by_pandoc_and_by_calibre(name: str) -> None:
    article = article_of(name)
    assert blocks_of(article) == lighthouse()
    assert (article.title, article.authors) == ("Keepers of the Outer Light", ("Tomasz Wierzba", "Lena Okafor"))
    assert (article.published, article.date_source) == ("2019-05-17", "file")
    assert (article.site, article.language) == ("Skerry Press", "en")


def test_a_pdf_printed_by_chromium_without_its_head_and_foot() -> None:
    article = article_of("ferry.pdf")
    assert blocks_of(article) == [(kind, int(kind == "heading"), text) for kind, _, text in ferry()]
    assert (article.title, article.authors) == ("Night ferry to Vessel Island ends after 61 years", ("Ines Duarte",))
    assert article.published is None, "the day of printing is no day of publication"
    assert [article.text[start : start + 13] for start in article.pages] == ["The last nigh", "What happens "]


@pytest.mark.parametrize("name", ["ferry.mhtml", "ferry.html", "ferry-singlefile.html"])
def test_pages_saved_by_chromium(name: str) -> None:
    article = article_of(name)
    assert blocks_of(article) == ferry()
    assert (article.title, article.authors) == ("Night ferry to Vessel Island ends after 61 years", ("Ines Duarte",))
    assert (article.published, article.site, article.language) == ("2023-10-02", "Harbour Post", "en")
    assert (article.url, article.source) == (ADDRESS, str(DATA / name))


# ---------------------------------------------------------------- citations


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("documents") / "library") as library:
        names = ("tide-mills.pdf", "lighthouse.epub", "ferry.mhtml")
        report = library.add([DATA / name for name in names])
        assert not report.failed
        assert len(report.added) == 3
        yield library


@pytest.mark.parametrize(
    ("question", "quote", "page"),
    [
        ("Who built the first tide mill at Orrin Bay?", "The first of the well-known mills was built in 1694 by", 1),
        ("What did her account in the county newspaper say the sea had come for?", "Her own account of that night,", 1),
        ("What is used as the doorstep of the schoolhouse?", "a pair of French millstones, used as the doorstep", 2),
        ("When did Skarholm last turn?", "Skarholm | 1764 | 1874", 3),
    ],
)
def test_a_citation_opens_the_pdf_at_its_page(library: Library, question: str, quote: str, page: int) -> None:
    citation = library.ask(question).citations[0]
    assert citation.quote.startswith(quote)
    assert citation.link == f"{(DATA / 'tide-mills.pdf').as_uri()}#page={page}"


def test_a_citation_opens_a_saved_page_on_the_web_at_its_words(library: Library) -> None:
    citation = library.ask("How much did the night crossing lose last year?").citations[0]
    assert citation.quote == "The company that runs the line said that the crossing lost €1.8 million last year."
    assert citation.link is not None
    address, _, fragment = citation.link.partition("#:~:text=")
    start, end = map(unquote, fragment.split(","))
    assert address == ADDRESS
    assert citation.quote.startswith(start)
    assert citation.quote.endswith(end)


def test_a_citation_of_a_book_has_the_file_and_the_reading_view_marks_it(library: Library) -> None:
    citation = library.ask("How many men lost their lives on the rock?").citations[0]
    assert citation.quote.startswith("Sixteen men lost their lives there before the first stone was laid,")
    assert citation.link == (DATA / "lighthouse.epub").as_uri()
    shown = article_page(library.article(citation.article_id), words(), start=citation.start, end=citation.end)
    assert f'<mark id="quote">{citation.quote}</mark>' in shown


def test_pages_are_kept_in_the_library(library: Library) -> None:
    stored = next(article for article in library.articles() if article.pages)
    assert stored.pages == article_of("tide-mills.pdf").pages


# ---------------------------------------------------------------- files that are not as they should be


def zipped(files: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def parts_of(name: str) -> dict[str, bytes | str]:
    with zipfile.ZipFile(DATA / name) as archive:
        return {each: archive.read(each) for each in archive.namelist()}


ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


@pytest.mark.parametrize("name", ["tide-mills.pdf", "tide-mills.docx", "lighthouse.epub"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_damaged(name: str, share: float, tmp_path: Path) -> None:
    content = (DATA / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(SourceError, match=rf"{name} is damaged or cut short.* again"):
        read(load(path))


def test_a_saved_page_cut_short_is_read_as_far_as_it_goes() -> None:
    content = (DATA / "ferry.mhtml").read_bytes()
    assert read_page(content[: len(content) // 2]).text.startswith("The last night ferry")
    with pytest.raises(SourceError, match="is damaged or cut short: there is no page in it"):
        read_page(content[:400])


def test_a_locked_pdf_says_that_it_is_locked() -> None:
    with pytest.raises(SourceError, match=r"tide-mills-locked\.pdf is protected by a password; open it with"):
        article_of("tide-mills-locked.pdf")


@pytest.mark.parametrize(
    ("name", "part"), [("tide-mills.docx", "word/document.xml"), ("lighthouse.epub", "bomb.xhtml")]
)
def test_a_zip_bomb_is_refused_before_it_is_unpacked(name: str, part: str) -> None:
    for size, message in ((31, r"has a part of 32505856 bytes"), (201, r"unpacks to 2\d{8} bytes in \d+ files; up to")):
        parts = parts_of(name) | {part: b" " * (size * 2**20)}
        if name == "lighthouse.epub":
            parts["EPUB/content.opf"] = str(parts["EPUB/content.opf"], "utf-8").replace(
                "text/ch001.xhtml", "../bomb.xhtml"
            )  # type: ignore[arg-type]
        with pytest.raises(SourceError, match=message):
            read_page(zipped(parts))


def test_entities_of_a_docx_and_of_a_book_are_not_expanded() -> None:
    parts = parts_of("tide-mills.docx")
    bomb = (
        ENTITIES
        + "]><w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'>&j;</w:document>"
    )
    with pytest.raises(SourceError, match=r"'word/document\.xml' declares a document type"):
        read_page(zipped(parts | {"word/document.xml": bomb}))
    outside = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    chapter = f"{outside}<html xmlns='http://www.w3.org/1999/xhtml'><body><p>The lamp is &e;lit.</p></body></html>"
    book = parts_of("lighthouse.epub") | {"EPUB/text/ch001.xhtml": chapter}
    assert "The lamp is lit." in read_page(zipped(book)).text.replace("&e;", "")
    package = str(book["EPUB/content.opf"], "utf-8")  # type: ignore[arg-type]
    package = re.sub(r"<dc:title[^>]*>[^<]*</dc:title>", "<dc:title>&ENTITY;</dc:title>", package)
    outer = package.replace("?>", f"?>{outside}", 1).replace("&ENTITY;", "&e;")
    assert read_page(zipped(book | {"EPUB/content.opf": outer})).title == "Keepers of the Outer Light"  # the title page
    laughing = package.replace("?>", f"?>{ENTITIES}]>", 1).replace("&ENTITY;", "&j;")
    with pytest.raises(SourceError, match="is no XML"):
        read_page(zipped(book | {"EPUB/content.opf": laughing}))


def test_chapters_outside_the_order_of_reading_are_left_out_and_nameless_ones_have_their_name_in_the_contents() -> None:
    parts = parts_of("lighthouse.epub")
    package = str(parts["EPUB/content.opf"], "utf-8")  # type: ignore[arg-type]
    aside = re.sub(r'(<itemref idref="ch002_xhtml")', r'\1 linear="no"', package)
    chapter = (
        "<html xmlns='http://www.w3.org/1999/xhtml'><body><a id='p1'/><p>It is a rock.&nbsp;No more.</p></body></html>"
    )
    article = read_page(zipped(parts | {"EPUB/content.opf": aside, "EPUB/text/ch001.xhtml": chapter}))
    rock = [("heading", 1, "The rock"), ("paragraph", 0, "It is a rock. No more.")]
    assert blocks_of(article)[:3] == [*rock, ("heading", 1, "The lamp")]


def test_names_that_lead_out_of_a_book_lead_nowhere() -> None:
    parts = parts_of("lighthouse.epub")
    package = str(parts["EPUB/content.opf"], "utf-8")  # type: ignore[arg-type]
    for name in ("../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "http://["):
        parts["EPUB/content.opf"] = package.replace("text/ch001.xhtml", name)
        article = read_page(zipped(parts | {"../../../../etc/passwd": "<html><body>root</body></html>"}))
        assert article.text.startswith("The keepers")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"META-INF/container.xml": "<container/>"}, "does not say where its list of pages is"),
        ({"META-INF/container.xml": '<c><rootfile full-path="a.opf"/></c>'}, "it lacks 'a.opf'"),
        ({"META-INF/container.xml": '<c><rootfile full-path="a.opf"/></c>', "a.opf": "no xml"}, "is no XML"),
        ({"META-INF/container.xml": '<c><rootfile full-path="a.opf"/></c>', "a.opf": "<package/>"}, "holds no text"),
        ({"META-INF/container.xml": "", "META-INF/encryption.xml": '<e><EncryptionMethod Algorithm="x"/></e>'}, "DRM"),
        ({"word/styles.xml": "<w/>"}, "is damaged"),
        ({"word/document.xml": "<w/>", "[Content_Types].xml": "<Types/>"}, "is damaged"),
    ],
)
def test_a_book_or_document_without_its_parts_is_damaged(parts: dict[str, bytes | str], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_page(zipped(parts), source="/a/file")


def test_a_saved_page_without_a_page_in_it_is_damaged() -> None:
    head = b"Subject: A page\r\nContent-Type: multipart/related; boundary=x\r\n\r\n"
    for body in (
        b"",
        b"--x\r\nContent-Type: text/css\r\n\r\np {}\r\n--x--\r\n",
        b"--x\r\nContent-Type: text/html\r\n\r\n",
    ):
        with pytest.raises(SourceError, match="there is no page in it; save the page again"):
            read_page(head + body)
    nested = b"".join(b"Content-Type: multipart/related; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(5000))
    with pytest.raises(SourceError):
        read_page(nested)


def test_a_saved_page_has_its_subject_for_a_title_and_only_web_addresses() -> None:
    page = (
        "From: <Saved by Blink>\r\nSnapshot-Content-Location: {}\r\nSubject: =?utf-8?Q?Caf=C3=A9s_of_Lund?=\r\n"
        'Content-Type: multipart/related; boundary=x; start="<b@y>"\r\n\r\n'
        "--x\r\nContent-Type: text/html\r\n\r\n<p>An advertisement in a frame.</p>\r\n"
        "--x\r\nContent-ID: <b@y>\r\nContent-Type: text/html; charset=windows-1252\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>The caf=E9 at the corner opened in 1911.</p>\r\n"
        "--x--\r\n"
    )
    article = read_page(page.format("https://a.example/b?c=d").encode())
    assert (article.title, article.text) == ("Cafés of Lund", "The café at the corner opened in 1911.")
    assert article.url == "https://a.example/b?c=d"
    assert read_page(page.format("file:///home/me/page.html").encode()).url is None


def test_a_docx_without_title_or_name_has_its_heading_and_no_author() -> None:
    parts = parts_of("tide-mills.docx")
    core = str(parts["docProps/core.xml"], "utf-8")  # type: ignore[arg-type]
    core = re.sub(
        r"<dc:title>[^<]*", "<dc:title>draft-3.docx", re.sub(r"<dc:creator>[^<]*", "<dc:creator>Windows User", core)
    )
    article = read_page(zipped(parts | {"docProps/core.xml": core}))
    assert (article.title, article.authors) == ("The Tide Mills of Orrin Bay", ("Marit Solheim",))
