"""Links that open a page at the quoted sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Article
from qa.blocks import Piece, lay_out
from qa.links import link_to, text_fragment, web_address
from qa.split import split

URL = "https://example.org/page"


def _article(text: str, **fields: object) -> Article:
    return Article("a", "Title", text, **{"url": URL, **fields})  # type: ignore[arg-type]


def _link(article: Article, quote: str, *, nth: int = 0) -> str | None:
    start = -1
    for _ in range(nth + 1):
        start = article.text.index(quote, start + 1)
    return link_to(article, start, start + len(quote))


def _words(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in text.split())


def _marked(fragment: str, text: str) -> int | None:
    """Where a browser begins to mark: the first match of [prefix-,]start[,end][,-suffix], whole words, any case."""
    parts = fragment.split(",")
    prefix = unquote(parts.pop(0)[:-1]) if parts[0].endswith("-") else ""
    suffix = unquote(parts.pop()[1:]) if parts[-1].startswith("-") else ""
    start, end = unquote(parts[0]), unquote(parts[1]) if len(parts) > 1 else ""
    pattern = (rf"(?<!\w){_words(prefix)}\s+" if prefix else "") + rf"(?P<start>(?<!\w){_words(start)}(?!\w))"
    pattern += rf"[\s\S]*?(?<!\w){_words(end)}(?!\w)" if end else ""
    pattern += rf"\s+{_words(suffix)}(?!\w)" if suffix else ""
    match = re.search(pattern, text, re.IGNORECASE)
    return match.start("start") if match else None


_SENTENCES = st.sampled_from(
    [
        "The cable broke.",
        "The cable broke again in June, near the reef off the northern island, said Ana Li.",
        "the CABLE broke again in June, near the reef off the northern island, said Bo.",
        "Why?",
        "Ships came, saw, and left - no one knows why & how.",
        "One two three four five six seven eight nine ten eleven twelve.",
        "Again ships came.",
        "It is 100% sure; see #5.",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(_SENTENCES, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=6))
def test_the_first_match_of_the_fragment_is_the_quote(paragraphs: list[str]) -> None:
    text, blocks = lay_out(Piece("paragraph", paragraph) for paragraph in paragraphs)
    article = _article(text, blocks=blocks)
    for passage in split(article):
        for start, end in passage.sentences:
            block = next(block for block in blocks if block.start <= start < block.end)
            whole = re.search(rf"(?<!\w){_words(text[block.start : block.end])}(?!\w)", text, re.IGNORECASE)
            assert whole is not None
            fragment = text_fragment(article, start, end)
            if whole.start() == block.start:  # else nothing can tell this block from the one before
                assert _marked(fragment, text) == start, (fragment, text[start:end])
            else:
                assert _marked(fragment, text) is not None


def test_a_short_sentence_is_named_whole_and_a_long_one_by_its_ends() -> None:
    long = "It lies three thousand metres deep on the floor of the sea between Tonga and Fiji."
    article = _article(f"The cable broke. {long}")
    assert _link(article, "The cable broke.") == f"{URL}#:~:text=The%20cable%20broke."
    assert _link(article, long) == f"{URL}#:~:text=It%20lies%20three%20thousand,between%20Tonga%20and%20Fiji."


def test_a_repeated_sentence_is_told_by_the_words_before_it() -> None:
    article = _article("At first it held. Nobody knew. In May it broke. Nobody knew.")
    assert _link(article, "Nobody knew.") == f"{URL}#:~:text=Nobody%20knew."
    assert _link(article, "Nobody knew.", nth=1) == f"{URL}#:~:text=it%20broke.-,Nobody%20knew."


def test_words_are_whole_words() -> None:
    article = _article("Seacables are old. Cables are new.")
    assert _link(article, "Cables are new.") == f"{URL}#:~:text=Cables%20are%20new."
    article = _article("A carpet. Car pet. The car.")
    assert _link(article, "The car.") == f"{URL}#:~:text=The%20car."


def test_what_is_syntax_in_a_fragment_is_encoded() -> None:
    quote = "Yes - no, A&B #1 100% 日本 “q”?"
    link = _link(_article(f"{quote} More."), quote)
    assert link is not None
    fragment = link.partition("#:~:text=")[2]
    assert fragment == ("Yes%20%2D%20no%2C%20A%26B%20%231%20100%25%20%E6%97%A5%E6%9C%AC%20%E2%80%9Cq%E2%80%9D%3F")
    assert unquote(fragment) == quote


def test_a_row_is_named_by_its_first_and_last_cell() -> None:
    rows = ["Ship | Year | Length", "Ever Given | 2018 | 400 metres", "Ever Ace | 2021 | 400 metres"]
    text, blocks = lay_out(Piece("row", row, group=1) for row in rows)
    article = _article(text, blocks=blocks)
    assert _link(article, rows[1]) == f"{URL}#:~:text=Ever%20Given,400%20metres"
    assert _link(article, rows[2]) == f"{URL}#:~:text=Ever%20Ace,400%20metres"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org/a?b=c#part", "https://example.org/a?b=c"),
        ("HTTP://Example.org/ä b", "http://Example.org/%C3%A4%20b"),
        ("https://example.org/%C3%A4", "https://example.org/%C3%A4"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("https://good.example@evil.example/x", "https://evil.example/x"),
        ("https://good.example\\@evil.example/", "https://evil.example/"),
        ("https://ana:secret@example.org:8443/", "https://example.org:8443/"),
        ("https://аpple.example/", "https://xn--pple-43d.example/"),
        ("https://пример.рф:8080/", "https://xn--e1afmkfd.xn--p1ai:8080/"),
        ("https://[::1]:8000/x", "https://[::1]:8000/x"),
        (f"https://{'ä' * 64}.example/", None),
        ("https://user@/x", None),
        ("java\tscript:alert(1)", None),
        ("javascript:alert(1)", None),
        (" JavaScript:alert(1)//https://example.org", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("//example.org/x", None),
        ("https:///path", None),
        ("http://[", None),
        ("example.org", None),
        ("", None),
        (None, None),
    ],
)
def test_only_web_addresses_become_links(url: str | None, address: str | None) -> None:
    assert web_address(url) == address
    expected = f"{address}#:~:text=The%20text." if address else None
    assert link_to(_article("The text.", url=url), 0, 9) == expected


def test_a_file_is_linked_where_there_is_no_address() -> None:
    article = _article("The text.", url=None, source="/home/a b/page.html")
    assert link_to(article, 0, 9) == "file:///home/a%20b/page.html#:~:text=The%20text."
    for source in ("page.html", "ftp://example.org/x", None, ""):
        assert link_to(_article("The text.", url=None, source=source), 0, 9) is None
    both = _article("The text.", source="/home/page.html")
    assert link_to(both, 0, 9) == f"{URL}#:~:text=The%20text."


def test_a_pdf_is_opened_at_the_page_where_the_quote_begins() -> None:
    text = "The cable broke. It was mended in May. Nobody knew why."
    for url, base in ((f"{URL}.pdf", f"{URL}.pdf"), (None, "file:///home/a%20b/paper.pdf")):
        article = _article(text, url=url, source="/home/a b/paper.pdf", pages=(0, 25, 39))
        assert _link(article, "The cable broke.") == f"{base}#page=1"
        assert _link(article, "It was mended in May.") == f"{base}#page=1", "it begins on the page before"
        assert _link(article, "Nobody knew why.") == f"{base}#page=3"


@pytest.mark.parametrize("name", ["paper.docx", "book.epub", "BOOK.EPUB"])
def test_what_browsers_do_not_show_is_linked_as_a_whole(name: str) -> None:
    assert _link(_article("The text.", url=None, source=f"/home/{name}"), "The text.") == f"file:///home/{name}"
    assert _link(_article("The text.", url=f"https://example.org/{name}?dl=1"), "The text.") == (
        f"https://example.org/{name}?dl=1"
    )


def test_a_page_saved_as_mhtml_is_found_by_its_words() -> None:
    article = _article("The text.", url=None, source="/home/page.mhtml")
    assert _link(article, "The text.") == "file:///home/page.mhtml#:~:text=The%20text."


def test_words_that_the_title_has_too_are_not_enough() -> None:
    sentence = "The Light Bridge is 412 metres long and was opened in 1987 by the harbour town."
    article = Article(
        "b", "How long the Light Bridge is", f"People walk there. {sentence} It is white.", url="https://a.example/b"
    )
    start = article.text.index(sentence)
    fragment = unquote(text_fragment(article, start, start + len(sentence)))
    assert fragment.startswith("The Light Bridge is 412")
    other = replace(article, title="Bridges")
    assert unquote(text_fragment(other, start, start + len(sentence))).startswith("The Light Bridge is,")
