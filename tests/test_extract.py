"""Pages to articles: text, blocks and encodings, on pages made here and on the examples."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.blocks import Piece
from qa.charset import decode
from qa.errors import ArticleQAError, NoArticleText, UnsupportedSource
from qa.extract import article_id, read, read_page
from qa.readers.body import _pieces
from qa.readers.chrome import drop_pointers
from qa.readers.tree import leave_own_article
from qa.split import split
from qa.types import Article, Page

EXAMPLES = Path(__file__).parent.parent / "examples" / "articles"

PAGE = """<!DOCTYPE html><html lang="en-GB"><head><title>The lamp that would not go out - Coast Papers</title>
<meta name="author" content="Edda Marlowe"><meta property="article:published_time" content="2021-03-05T08:00:00Z">
<script type="application/ld+json">{"@type": "WebSite", "name": "Coast Papers"}</script></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/sea">Sea</a></li><li><a href="/shop">Shop</a></li></ul></nav>
<article><h1>The lamp that would not go out</h1><p class="byline">By Edda Marlowe</p><p>5 March 2021</p>
<p>The lighthouse at Sker Point was lit for the first time in 1876, and until last winter it had never been dark for
more than an&nbsp;hour. Its keep\u00aders took turns of four hours, and each of them wrote the weather down.</p>
<h2>What the keepers wrote</h2>
<p>The books fill eleven shelves. They record <a href="/w">a&nbsp;wreck in 1881</a>, two royal visits and one whale, and
the price of lamp oil in every month between the first entry and the last one.</p>
<ul><li>Wind and rain, four times a day<ul><li>force</li><li>direction</li></ul></li><li>Ships passing</li></ul>
<figure><img src="lamp.jpg"><figcaption>The first lamp, drawn by its maker. (Photo: Coast Archive)</figcaption></figure>
<blockquote><p>We kept it burning because nobody told us to stop, and then nobody was left to tell.</p></blockquote>
<h2>What it cost</h2>
<p>Oil was the largest expense until 1924, when the lamp was changed over to gas from the mainland.</p>
<table><caption>Cost of a night's light</caption><tr><th>Year</th><th>Pounds</th></tr><tr><td>1880</td><td>3</td></tr>
<tr><td>1930</td><td>2</td></tr></table>
<p>Since then the trust that owns the tower has paid for electricity, and lately for a new roof as well.</p>
<p><a href="/next">Read more: Ten lamps that did go out</a></p>
<h3>Related posts</h3><p><a href="/a">A storm remembered</a></p><p>Follow us on Twitter and Facebook</p></article>
<footer><p>This website uses cookies. © 2021 Coast Papers.</p></footer></body></html>"""


def blocks(article: Article) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, article.text[block.start : block.end]) for block in article.blocks]


def test_a_page_becomes_its_blocks_and_nothing_else() -> None:
    assert blocks(read_page(PAGE.encode())) == [
        (
            "paragraph",
            0,
            (
                "The lighthouse at Sker Point was lit for the first time in 1876, and until last winter it had never "
                "been dark for more than an hour. Its keepers took turns of four hours, and each of them wrote the "
                "weather down."
            ),
        ),
        ("heading", 2, "What the keepers wrote"),
        (
            "paragraph",
            0,
            (
                "The books fill eleven shelves. They record a wreck in 1881, two royal visits and one whale, and the "
                "price of lamp oil in every month between the first entry and the last one."
            ),
        ),
        ("item", 1, "Wind and rain, four times a day"),
        ("item", 2, "force"),
        ("item", 2, "direction"),
        ("item", 1, "Ships passing"),
        ("caption", 0, "The first lamp, drawn by its maker."),
        ("quote", 0, "We kept it burning because nobody told us to stop, and then nobody was left to tell."),
        ("heading", 2, "What it cost"),
        (
            "paragraph",
            0,
            "Oil was the largest expense until 1924, when the lamp was changed over to gas from the mainland.",
        ),
        ("caption", 0, "Cost of a night's light"),
        ("row", 1, "Year | Pounds"),
        ("row", 0, "1880 | 3"),
        ("row", 0, "1930 | 2"),
        (
            "paragraph",
            0,
            "Since then the trust that owns the tower has paid for electricity, and lately for a new roof as well.",
        ),
    ]


def test_a_page_says_who_wrote_it_when_and_where() -> None:
    article = read_page(PAGE.encode(), "https://coast.example/lamp#top", source="/pages/lamp.html")
    assert article.title == "The lamp that would not go out"
    assert article.authors == ("Edda Marlowe",)
    assert article.published == "2021-03-05"
    assert article.site == "Coast Papers"
    assert article.language == "en"
    assert article.source == "/pages/lamp.html"


def test_text_is_laid_out_by_blank_lines_and_lists_by_line_breaks() -> None:
    text = read_page(PAGE.encode()).text
    assert "four times a day\nforce\ndirection\nShips passing\n\nThe first lamp" in text
    assert "Year | Pounds\n1880 | 3\n1930 | 2\n\nSince then" in text


def test_the_id_depends_on_the_source_then_the_address_then_the_content() -> None:
    content = PAGE.encode()
    assert read_page(content, "https://a.example/x", source="/f").id == article_id("/f")
    assert read_page(content, "https://a.example/x").id == article_id("https://a.example/x")
    assert read_page(content).id == article_id(content)
    assert len(article_id("/f")) == 16
    assert int(article_id("/f"), 16) >= 0


def test_read_takes_what_the_page_knows() -> None:
    page = Page(
        content="Grüße aus Köln.\n\nEin Satz.".encode("cp1252"),
        location="/g.txt",
        media_type="text/plain",
        charset="latin-1",
    )
    article = read(page)
    assert article.text == "Grüße aus Köln.\n\nEin Satz."
    assert article.source == "/g.txt"
    assert article.id == article_id("/g.txt")


@pytest.mark.parametrize(
    "content", [b"", b" \n\t ", b"\x00\x00", b"\xef\xbb\xbf", b"<html><body></body></html>", b"<p></p><br>"]
)
def test_nothing_is_no_article(content: bytes) -> None:
    with pytest.raises(NoArticleText):
        read_page(content, media_type="text/html")


@pytest.mark.parametrize(("content", "media_type"), [(b"\x89PNG\r\n", None), (b"words", "image/png")])
def test_other_kinds_are_refused_with_the_kinds_that_are_read(content: bytes, media_type: str | None) -> None:
    with pytest.raises(UnsupportedSource, match=r"readable are HTML \(\.html"):
        read_page(content, media_type=media_type)


def test_a_short_page_keeps_its_one_sentence() -> None:
    assert read_page(b"<html><body><p>The ferry leaves at noon.</p></body></html>").text == "The ferry leaves at noon."


def test_a_page_saved_under_the_name_of_a_text_is_still_a_page() -> None:
    assert read_page(PAGE.encode(), media_type="text/plain").title == "The lamp that would not go out"


SENTENCES = [
    f"This is sentence number {number} of a long article about harbours, and it says a little more."
    for number in range(12)
]


def page_of(body: str, title: str = "Harbours") -> str:
    return f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{body}</article></body></html>"


def paragraphs(sentences: list[str]) -> str:
    return "".join(f"<p>{sentence}</p>" for sentence in sentences)


def test_a_link_in_the_middle_of_a_torn_sentence_stays() -> None:
    torn = [
        Piece("paragraph", "The harbour master, whom everybody calls"),
        Piece("paragraph", "the old admiral", linked=1.0),
        Piece("paragraph", "never learnt to swim."),
    ]
    alone = Piece("paragraph", "Ten harbours to see", linked=1.0)
    assert drop_pointers([*torn, alone, Piece("paragraph", "He drowned.")]) == [
        *torn,
        Piece("paragraph", "He drowned."),
    ]


def test_a_teaser_between_paragraphs_goes_in_any_language() -> None:
    teaser = "<p>Le puede interesar: <a href='/x'>Los faros del delta en invierno</a></p>"
    text = read_page(page_of(paragraphs(SENTENCES[:6]) + teaser + paragraphs(SENTENCES[6:]))).text
    assert "faros" not in text
    assert SENTENCES[6] in text


def test_the_headline_coming_again_ends_the_article() -> None:
    body = (
        paragraphs([" ".join(SENTENCES[:6])])
        + "<h1>Harbours of the northern coast</h1>"
        + paragraphs(["Second rendering. " * 9])
    )
    assert read_page(page_of(body, "Harbours of the northern coast")).text == " ".join(SENTENCES[:6])


def test_a_list_of_nothing_but_links_goes_unless_it_is_the_article() -> None:
    links = "".join(f"<li><a href='/{n}'>Harbour number {n}</a></li>" for n in range(4))
    text = read_page(page_of(f"{paragraphs(SENTENCES[:6])}<ul>{links}</ul>{paragraphs(SENTENCES[6:])}")).text
    assert text == "\n\n".join(SENTENCES)
    told = "".join(f"<li>Number {n} is <a href='/{n}'>Harbour {n}</a>, which has a crane.</li>" for n in range(4))
    text = read_page(page_of(f"{paragraphs(SENTENCES[:6])}<ul>{told}</ul>{paragraphs(SENTENCES[6:])}")).text
    assert "Number 3 is Harbour 3, which has a crane." in text
    listed = [Piece("item", f"A harbour of which one can say this much, number {n}", 1, 1.0, 1) for n in range(9)]
    assert drop_pointers([Piece("paragraph", SENTENCES[0]), *listed]) == [Piece("paragraph", SENTENCES[0]), *listed]


def test_an_offer_of_letters_at_the_end_goes_and_one_in_the_text_stays() -> None:
    offer = "There is more where that came from: sign up today, and the harbour newsletter comes by post."
    text = read_page(page_of(paragraphs([*SENTENCES[:6], offer, *SENTENCES[6:], offer]))).text
    assert text == "\n\n".join([*SENTENCES[:6], offer, *SENTENCES[6:]])


def test_other_articles_beside_the_one_with_the_headline_are_left_out() -> None:
    others = "".join(
        f"<article class='post'><h2><a href='/{n}'>Number {n}</a></h2>"
        f"<p>Another post on something else entirely. {'More. ' * 20}</p></article>"
        for n in range(3)
    )
    page = page_of(paragraphs(SENTENCES)).replace("</body>", f"{others}</body>")
    text = read_page(page).text
    assert SENTENCES[-1] in text
    assert "Another post" not in text


def test_an_article_element_without_a_link_is_a_part_of_the_article() -> None:
    from lxml.html import document_fromstring

    parts = "<article id='list'><p>Two oars, a lantern.</p></article><article id='next'><a href='/2'>Next</a></article>"
    tree = document_fromstring(page_of(paragraphs(SENTENCES)).replace("</body>", f"{parts}</body>"))
    leave_own_article(tree, ["Harbours"])
    assert [each.get("id") for each in tree.iter("article")] == [None, "list"]


def test_a_body_cut_into_several_containers_is_read_whole() -> None:
    parts = [SENTENCES[:4], SENTENCES[4:8], SENTENCES[8:]]
    body = "<aside>Advertisement</aside>".join(f"<div class='article__body'>{paragraphs(part)}</div>" for part in parts)
    text = read_page(page_of(f"<div>{body}</div>")).text
    assert [sentence for sentence in SENTENCES if sentence not in text] == []


def test_loose_text_between_line_breaks_becomes_paragraphs_with_its_links_inside() -> None:
    first = (
        "The ferry to Lunga leaves at seven, writes <em><a href='/c'>The Courier</a></em>, and comes back at dusk with "
        "whoever has not been <a href='/r'>rowed over to the other side</a> by one of the crofters."
    )
    second = (
        "Nobody knows who built the pier. A note in the <i>Parish Record</i> of 1788 speaks of a pier that was already "
        "old, and of a <a href='/s'>storm that took half of it</a> in the winter before."
    )
    third = "It was mended in 1790 with larch from the mainland, and it has been mended every spring since then."
    page = (
        "<html><head><title>The pier of Lunga</title></head><body><nav><a href='/'>Home</a> <a href='/n'>News</a></nav>"
        f"<div class='article'><h1>The pier of Lunga</h1><div class='content'>{first}<br> <br>{second}<br><br>\n"
        f"<img src='p.jpg' alt=''>{third}<br><ul><li>Adults four crowns</li><li>Sheep one crown</li></ul></div></div>"
        "</body></html>"
    )
    article = read_page(page.encode())
    plain = [re.sub("<[^>]+>", "", paragraph) for paragraph in (first, second, third)]
    assert [(block.kind, article.text[block.start : block.end]) for block in article.blocks] == [
        *(("paragraph", paragraph) for paragraph in plain),
        ("item", "Adults four crowns"),
        ("item", "Sheep one crown"),
    ]


def test_a_table_that_lays_out_the_page_is_no_table() -> None:
    menu = "<td><ul><li><a href='/'>Home</a></li><li><a href='/b'>Back</a></li></ul></td>"
    page = f"<html><body><table><tr>{menu}<td><h1>Harbours</h1>{paragraphs(SENTENCES)}</td></tr></table></body></html>"
    article = read_page(page)
    assert {block.kind for block in article.blocks} == {"paragraph"}
    assert article.text == "\n\n".join(SENTENCES)


def test_a_disclaimer_at_the_end_is_not_the_article() -> None:
    note = "<p>The views expressed in this article are those of the author alone.</p>"
    assert read_page(page_of(paragraphs(SENTENCES) + note)).text.endswith(SENTENCES[-1])


def test_code_keeps_its_lines() -> None:
    code = "<pre><code>def light(lamp):\n    lamp.on()\n</code></pre>"
    article = read_page(page_of(paragraphs(SENTENCES[:6]) + code + paragraphs(SENTENCES[6:])))
    assert ("code", 0, "def light(lamp):\n    lamp.on()") in blocks(article)


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        ("naïve “quotes”".encode(), None, "naïve “quotes”"),
        ("naïve “quotes”".encode(), "iso-8859-1", "naïve “quotes”"),  # UTF-8 under a wrong name
        ("naïve “quotes”".encode("cp1252"), "iso-8859-1", "naïve “quotes”"),  # what browsers read for Latin-1
        ("naïve".encode("utf-16"), "utf-8", "naïve"),  # the mark decides
        ("a long enough line".encode("utf-16-be"), None, "a long enough line"),
        (b'<meta charset="windows-1251">' + "Привет".encode("cp1251"), None, '<meta charset="windows-1251">Привет'),
        ("日本語の文章".encode("shift_jis"), "shift_jis", "日本語の文章"),
        (b"caf\xc3\xa9 caf\xc3", "utf-8", "café caf\ufffd"),  # cut in the middle of a character
        (b"caf\xc3\xa9 K\xfcche", "utf-8", "café Küche"),  # a word pasted in from a Windows page
        (b"plain", "base64", "plain"),  # a codec, but no charset
    ],
)
def test_bytes_become_text(content: bytes, charset: str | None, text: str) -> None:
    assert decode(content, charset) == text


def test_undeclared_bytes_are_guessed() -> None:
    text = "Съобщението беше прочетено от всички жители на града, и никой не каза нищо за него през нощта. " * 5
    assert decode(text.encode("cp1251")) == text


def test_no_character_is_left_that_cannot_be_shown_or_saved() -> None:
    article = read_page(
        page_of(f"<p>a\ud83d\ude00b \udfff c\x00\x07\u200b\u202e d {SENTENCES[0]}</p>{paragraphs(SENTENCES)}")
    )
    article.text.encode()
    assert article.text.startswith("a😀b \ufffd c d This is")


def test_h1_for_every_section_are_headings_and_no_titles() -> None:
    parts = "".join(
        f"<h1>Part {name}</h1>{paragraphs(SENTENCES[at : at + 2])}"
        for at, name in ((0, "one"), (2, "two"), (4, "three"))
    )
    page = f"<html><head><title>The whole story</title></head><body><article>{parts}</article></body></html>"
    found = [text for kind, _, text in blocks(read_page(page)) if kind == "heading"]
    assert found == ["Part one", "Part two", "Part three"]


def test_a_headline_after_a_deck_does_not_end_the_page() -> None:
    deck = (
        "<p>A summary of what follows stands here above the headline, long enough to be taken for prose, "
        "and more so because it goes on and on.</p>"
    )
    title = "The tower that kept its light"
    article = read_page(
        f"<html><head><title>{title}</title></head><body><article>{deck}<h1>{title}</h1>{paragraphs(SENTENCES)}"
        "</article></body></html>"
    )
    assert article.text.endswith("\n\n".join(SENTENCES))
    assert title not in article.text


def test_embedded_posts_are_quoted() -> None:
    words = "The lamp is back, and so are we: come and see it on Sunday."
    post = (
        f'<div class="social-media-embed"><blockquote class="twitter-tweet"><p>{words}</p>— Sker Trust (@sker) '
        "<a href='https://example.org/1'>March 5, 2021</a></blockquote></div>"
    )
    article = read_page(page_of(paragraphs(SENTENCES[:4]) + post + paragraphs(SENTENCES[4:])))
    assert ("quote", 0, words) in blocks(article)


def test_cards_that_open_over_a_name_are_not_read_into_the_sentence() -> None:
    card = (
        '<span class="card"><a href="/ann">Ann Osk</a><span class="block"><img src="a.jpg"><a href="/ann">Ann Osk</a>'
        '<a href="/1">Osk opens the tower to visitors</a> <a href="/2">Osk asks for a new roof</a></span></span>'
    )
    page = page_of(f"<p>Last week the keeper {card} said that the lamp had been out once.</p>{paragraphs(SENTENCES)}")
    assert read_page(page).text.startswith("Last week the keeper Ann Osk said that the lamp had been out")


def test_a_caption_that_a_slide_show_repeats_is_read_once_and_without_its_credit() -> None:
    caption = "The lamp room in 1880, before the gas came. Illustration: Coast Archive"
    slide = f"<figure><img src='a.jpg'><figcaption>{caption}</figcaption></figure>"
    article = read_page(page_of(f"{paragraphs(SENTENCES[:3])}{slide}{slide}{paragraphs(SENTENCES[3:])}"))
    captions = [text for kind, _, text in blocks(article) if kind == "caption"]
    assert captions == ["The lamp room in 1880, before the gas came."]


def test_rows_inside_cells_of_rows_are_read() -> None:
    from lxml import etree

    inner = "<p>before<table><row><cell>in</cell></row></table></p>"
    body = etree.fromstring(f"<body><table><row><cell>{inner}</cell><cell>b</cell></row></table><p>end</p></body>")
    assert [(piece.kind, piece.text) for piece in _pieces(body)] == [("row", "before in | b"), ("paragraph", "end")]


def test_right_to_left_pages_are_read_without_the_marks_that_steer_a_screen() -> None:
    first = "أضيئت منارة الصخرة لأول مرة عام 1876، ولم تنطفئ بعد ذلك أكثر من ساعة واحدة."
    second = "من كان يحرسها؟ أربعة رجال كانوا يتناوبون كل أربع ساعات ويكتبون حالة الطقس."
    page = (
        f'<html lang="ar" dir="rtl"><head><title>منارة الصخرة</title></head><body><article><h1>منارة الصخرة</h1>'
        f"<p>\u200f{first[:20]}\u202b{first[20:]}\u202c</p><p>{second}</p></article></body></html>"
    )
    for encoding in ("utf-8", "utf-16", "windows-1256"):
        article = read_page(page.encode(encoding, "xmlcharrefreplace"), charset=encoding)
        assert (article.title, article.language) == ("منارة الصخرة", "ar")
        assert article.text == f"{first}\n\n{second}"
    quoted = [article.text[start:end] for passage in split(article) for start, end in passage.sentences]
    assert quoted == [first, "من كان يحرسها؟", second.partition("؟ ")[2]]


def test_ten_thousand_nested_elements_are_read_in_good_time() -> None:
    article = read_page("<div>" * 100_000 + paragraphs(SENTENCES) + "</div>" * 100_000)
    assert article.text == "\n\n".join(SENTENCES)


TAGS = [
    "p",
    "div",
    "b",
    "a",
    "h1",
    "h2",
    "ul",
    "li",
    "table",
    "tr",
    "td",
    "th",
    "br",
    "blockquote",
    "pre",
    "code",
    "figure",
    "figcaption",
    "article",
    "time",
    "script",
    "title",
    "html",
    "body",
    "caption",
    "ol",
    "span",
]
PARTS = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]),
    st.sampled_from(
        [
            "<a href='/x'>",
            "<meta charset=koi8-r>",
            "<!--",
            "-->",
            "&#xD800;",
            "&nbsp;",
            "\u00ad",
            SENTENCES[0],
            "By Jane Doe",
        ]
    ),
    st.text(max_size=30),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PARTS, max_size=40).map("".join), st.sampled_from(["text/html", "text/plain", "text/markdown", None]))
def test_any_page_is_an_article_or_a_typed_error(content: str, media_type: str | None) -> None:
    try:
        article = read_page(content.encode("utf-8", "surrogatepass"), media_type=media_type)
    except ArticleQAError:
        return
    assert article.text.strip()
    position = 0
    for block in article.blocks:
        assert block.start >= position
        text = article.text[block.start : block.end]
        assert text
        assert text == text.strip()
        position = block.end


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([None, "utf-8", "utf-16", "gb2312", "euc-jp", "nonsense"]))
def test_any_bytes_are_an_article_or_a_typed_error(content: bytes, charset: str | None) -> None:
    try:
        article = read_page(content, charset=charset)
    except ArticleQAError:
        return
    article.text.encode()


CHROME = (
    "cookie",
    "newsletter",
    "subscribe",
    "related posts",
    "read more",
    "share this",
    "privacy policy",
    "all rights reserved",
)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.html")), ids=lambda path: path.stem)
def test_examples_read_without_menus_and_promotions(path: Path) -> None:
    article = read_page(path.read_bytes(), source=str(path))
    lines = [text for _, _, text in blocks(article)]
    assert 400 <= len(article.text.split()) <= 1300
    assert [line for line in lines for word in CHROME if word in line.lower()] == []
    assert article.published is not None
    assert article.site is not None
    assert sum(block.kind == "heading" for block in article.blocks) >= 3
    assert same(lines[0]) != same(article.title)


def same(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


@pytest.mark.parametrize(
    ("name", "title", "authors", "published", "language"),
    [
        (
            "canal-de-suez-historia",
            "El canal de Suez, siglo y medio de atajos",
            ("Amparo Rius Llorens",),
            "2024-02-17",
            "es",
        ),
        (
            "ever-given-compensation-claim",
            "Who pays for a canal? The long release of the Ever Given",
            ("R. J. Pellew",),
            "2021-08-24",
            "en",
        ),
        (
            "containers-box-that-shrank-the-world",
            "The box that shrank the world",
            ("Jonas Abiodun",),
            "2023-09-14",
            "en",
        ),
        (
            "cfc-11-mystery-solved",
            "The gas that came back, and how it was caught",
            ("Edmund Okafor",),
            "2021-02-19",
            "en",
        ),
        (
            "vindeby-first-offshore-wind-farm",
            "Eleven windmills in a shallow bay",
            ("Hedda Stroem",),
            "2019-05-11",
            "en",
        ),
        (
            "eyjafjallajokull-2010-ash-crisis",
            "The week the sky was empty: Eyjafjallajökull ten years on",
            ("Piers Halloran",),
            "2020-04-14",
            "en",
        ),
    ],
)
def test_examples_say_who_and_when(
    name: str, title: str, authors: tuple[str, ...], published: str, language: str
) -> None:
    article = read_page((EXAMPLES / f"{name}.html").read_bytes())
    assert (article.title, article.authors, article.published, article.language) == (
        title,
        authors,
        published,
        language,
    )


def test_an_example_keeps_its_table_list_and_captions() -> None:
    kinds = blocks(read_page((EXAMPLES / "containers-box-that-shrank-the-world.html").read_bytes()))
    assert ("row", 1, "Ship | Entered service | Capacity (TEU) | Length (m)") in kinds
    assert ("row", 0, "Ever Given | 2018 | 20,124 | 400") in kinds
    assert ("item", 2, "40-foot: two TEU, and by far the most common size at sea") in kinds
    assert [text[:29] for kind, _, text in kinds if kind == "caption"] == [
        "A box every seven minutes: th",
        "Nominal capacity as stated by",
    ]


@pytest.mark.parametrize("content", [b"\x00\x01\x02PK", b"\x7fELF\x02\x01\x01" + bytes(300) + b"main printf"])
def test_binary_data_under_the_name_of_a_page_is_refused(content: bytes) -> None:
    with pytest.raises(UnsupportedSource, match=r"x\.html"):
        read_page(content, media_type="text/html", source="x.html")


def test_a_stray_control_character_is_no_reason_to_refuse() -> None:
    prose = "<p>The harbour was dredged in 1931, and again after the war, to nine metres at low water.</p>" * 4
    assert "\x00" not in read_page(f"<html><body>\x00{prose}</body></html>".encode()).text


def test_a_paragraph_of_many_pictures_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from bs4 import BeautifulSoup, Tag

    from qa.readers.captions import with_captions

    looked_at = []
    get_text = Tag.get_text

    def counted(tag: Tag, *args: Any, **named: Any) -> str:
        looked_at.append(tag.name)
        return get_text(tag, *args, **named)

    monkeypatch.setattr(Tag, "get_text", counted)
    body = f"<p>First the pans.</p><p>{'<img src=a>' * 50}<small>Rakes by the wall</small></p><p>Then the store.</p>"
    pieces = [Piece("paragraph", text) for text in ("First the pans.", "Rakes by the wall", "Then the store.")]
    kinds = [piece.kind for piece in with_captions(pieces, BeautifulSoup(body, "lxml"))]
    assert kinds == ["paragraph", "caption", "paragraph"]
    assert len(looked_at) == 2  # whether it is short, and what it says


def test_a_page_of_very_many_tags_is_not_read_by_every_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    import trafilatura

    asked = []
    bare_extraction = trafilatura.bare_extraction

    def watched(*args: Any, **named: Any) -> Any:
        asked.append(named["fast"])
        return bare_extraction(*args, **named)

    monkeypatch.setattr(trafilatura, "bare_extraction", watched)
    prose = "The pans were raked at noon, when the wind had died and the brine stood still for an hour or more."
    page = f"<html><body><article><h1>Pans</h1>{{}}<p>{prose}</p><p>{prose[::-1]}</p></article></body></html>"
    assert read_page(page.format(""), media_type="text/html").text.startswith(prose)
    assert set(asked) == {False}
    asked.clear()
    many = "".join(f"<p>Pan number {number} is as wide as two rakes.</p>" for number in range(7000))
    article = read_page(page.format(many), media_type="text/html")
    assert set(asked) == {True}
    assert (len(article.blocks), article.text[article.blocks[6999].start : article.blocks[6999].end]) == (
        7002,
        "Pan number 6999 is as wide as two rakes.",
    )


def test_a_page_with_the_head_of_an_xml_file_is_read_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    page = '<?xml version="1.0"?><page><p>The pans were raked at noon.</p></page>'
    assert read_page(page, media_type="text/html").text == "The pans were raked at noon."
    assert not recwarn.list
