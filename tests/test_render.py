"""Answers as HTML, Markdown, text and JSON: the numbers, the marks, the links, and that text stays text."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.answer import NOT_FOUND
from qa.bidi import closed, without_controls
from qa.render import answer_markdown, answer_support, answer_text, leads_to, long_date, safe_url, sources
from qa.saved import answer_dict
from qa.support import FOUND_FROM, LIKELY_FROM, STRONG_FROM, support_word
from qa.types import Answer, Article, Citation, Hit, Passage
from qa.ui.draw import answer_html, panel_html, question_html, reading_link
from qa.ui.words import words

EN = words()

TEXT = "The dam was begun in 1961. It was finished in 1968.\n\nIt is 111 metres high. Nobody lives on it."
DAM = Article(
    id="dam",
    title="A dam on the river",
    text=TEXT,
    url="https://example.org/dam",
    authors=("Ana Prieto", "Bo Lund"),
    published="2020-03-05",
    site="River Notes",
    language="en",
)
OTHER = Article(id="weir", title="The weir", text="A weir is a low dam. It is older.", published="2019")


def passage(article: Article, text: str, heading: str = "") -> Passage:
    start = article.text.index(text)
    return Passage(article.id, start, start + len(text), text, heading)


def cite(article: Article, number: int, quote: str, link: str | None = None) -> Citation:
    start = article.text.index(quote)
    return Citation(number, article.id, article.title, article.url, quote, start, start + len(quote), link)


FIRST = passage(DAM, "The dam was begun in 1961. It was finished in 1968.", "History › Building")
SECOND = passage(DAM, "It is 111 metres high. Nobody lives on it.")
LOW = passage(OTHER, "A weir is a low dam. It is older.")


@pytest.fixture
def answer() -> Answer:
    """Two sentences, of which the first that is read stands in the second passage that was found."""
    return Answer(
        question="How high is the dam, and when was it finished?",
        found=True,
        text="It is 111 metres high. [1] It was finished in 1968. [2]",
        citations=(
            cite(DAM, 1, "It is 111 metres high.", "https://example.org/dam#:~:text=It%20is%20111"),
            cite(DAM, 2, "It was finished in 1968."),
        ),
        hits=(Hit(FIRST, DAM, 0.9, copies=(LOW,)), Hit(LOW, OTHER, 0.6), Hit(SECOND, DAM, 0.5)),
        support=0.7,
    )


def soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def only(found: list[Tag]) -> Tag:
    assert len(found) == 1
    return found[0]


def test_numbers_link_answer_and_panel_both_ways(answer: Answer) -> None:
    said, panel = soup(answer_html(answer, EN, key="a1")), soup(panel_html(answer, EN, key="a1"))
    links = said.select("a.qa-cite")
    assert [(link.text, link["href"], link["id"]) for link in links] == [
        ("1", "#a1-c1", "a1-r1"),
        ("2", "#a1-c2", "a1-r2"),
    ]
    assert [(only(panel.select(str(link["href"]))).text) for link in links] == [
        "It is 111 metres high.",
        "It was finished in 1968.",
    ]
    assert [(back.text, back["href"]) for back in panel.select("a.qa-number")] == [("1", "#a1-r1"), ("2", "#a1-r2")]
    assert [quote.text for quote in said.select(".qa-quote")] == ["It is 111 metres high.", "It was finished in 1968."]


def test_panel_shows_cited_in_number_order_then_also_found(answer: Answer) -> None:
    panel = soup(panel_html(answer, EN, key="a1", titles={"weir": "The weir"}))
    assert [group.text for group in panel.select(".qa-group")] == ["Cited", "Also found"]
    assert [card.blockquote.text for card in panel.select(".qa-card") if card.blockquote] == [
        SECOND.text,
        FIRST.text,
        LOW.text,
    ]
    card = panel.select(".qa-card")[1]
    assert only(card.select("h3")).text == "A dam on the river"
    assert only(card.select(".qa-meta")).text == "Ana Prieto · Bo Lund · 5 March 2020 · River Notes"
    assert only(card.select(".qa-path")).text == "History › Building"
    copy = only(card.select(".qa-why ul:not(.qa-bars) a"))
    assert (copy.text, copy["href"]) == ("The weir", f"article?id=weir&start={LOW.start}&end={LOW.end}#quote")


def test_links_open_the_page_at_the_quote_and_our_copy(answer: Answer) -> None:
    first, second, third = soup(panel_html(answer, EN, key="a1")).select(".qa-links")
    page, reading = first.select("a")
    assert page["href"] == "https://example.org/dam#:~:text=It%20is%20111"
    assert page["rel"] == ["noopener", "noreferrer"]
    assert page["target"] == "_blank"
    start = TEXT.index("It is 111")
    assert reading["href"] == f"article?id=dam&start={start}&end={start + 22}#quote"
    assert second.select("a")[0]["href"] == "https://example.org/dam"  # this quote has no link of its own
    assert [link.text for link in third.select("a")] == ["Read in article"]  # this article has no address


def test_two_quotes_from_one_passage_share_its_card() -> None:
    hits = (Hit(FIRST, DAM, 0.9),)
    citations = (cite(DAM, 1, "It was finished in 1968."), cite(DAM, 2, "The dam was begun in 1961."))
    panel = soup(panel_html(Answer("When?", True, "…", citations, hits, 0.9), EN, key="k"))
    card = only(panel.select(".qa-card"))
    assert [number.text for number in card.select("a.qa-number")] == ["1", "2"]
    assert [(mark["id"], mark.text) for mark in card.select("mark")] == [
        ("k-c2", "The dam was begun in 1961."),
        ("k-c1", "It was finished in 1968."),
    ]


def test_quote_that_sticks_out_of_its_passage_is_shown_whole() -> None:
    cut = passage(DAM, "was finished in 1968.\n\nIt is 111")
    quote = cite(DAM, 1, "It was finished in 1968.")
    (source,), _ = sources(Answer("?", True, "…", (quote,), (Hit(cut, DAM, 0.9),), 0.9))
    assert source.text == "It was finished in 1968.\n\nIt is 111"
    assert source.text == DAM.text[source.start : source.end]


def test_quote_outside_every_hit_has_a_card_of_its_own() -> None:
    stray = cite(DAM, 2, "Nobody lives on it.")
    answer = Answer("?", True, "…", (cite(DAM, 1, "It was finished in 1968."), stray), (Hit(FIRST, DAM, 0.9),), 0.9)
    cited, found = sources(answer)
    assert [source.text for source in cited] == [FIRST.text, "Nobody lives on it."]
    assert cited[1].article == DAM
    assert found == ()


def test_overlapping_quotes_keep_the_text_whole() -> None:
    first, second = cite(DAM, 1, "begun in 1961. It was"), cite(DAM, 2, "It was finished in 1968.")
    answer = Answer("?", True, "…", (first, second), (Hit(FIRST, DAM, 0.9),), 0.9)
    quoted = only(soup(panel_html(answer, EN, key="k")).select("blockquote"))
    assert quoted.text == FIRST.text
    assert [mark.text for mark in quoted.select("mark")] == ["begun in 1961. It was", " finished in 1968."]


def test_nothing_found_says_so_and_shows_the_nearest() -> None:
    answer = Answer("Who?", False, NOT_FOUND, (), (Hit(FIRST, DAM, 0.3),), 0.05)
    said, panel = soup(answer_html(answer, EN, key="a1")), soup(panel_html(answer, EN, key="a1"))
    assert only(said.select("p[dir=auto]")).text == f"{NOT_FOUND} Other words may help, or fewer filters."
    assert said.select("a.qa-cite") == []
    assert only(panel.select(".qa-group")).text == "Nearest passages"
    assert only(panel.select("blockquote")).text == FIRST.text
    assert panel.select("mark") == []
    assert only(said.select("a.qa-jump"))["href"] == f"#{only(panel.select('section'))['id']}"


@pytest.mark.parametrize(
    ("support", "word"),
    [
        (1.0, "strong"),
        (STRONG_FROM, "strong"),
        (STRONG_FROM - 0.01, "likely"),
        (LIKELY_FROM, "likely"),
        (LIKELY_FROM - 0.01, "weak"),
        (FOUND_FROM, "weak"),
        (FOUND_FROM - 0.01, "none"),
        (0.0, "none"),
    ],
)
def test_support_is_a_word(support: float, word: str) -> None:
    assert support_word(support) == word
    answer = Answer("?", True, "…", (cite(DAM, 1, "It is 111 metres high."),), (), support)
    shown = "weak" if word == "none" else word  # an answer is never said to have none
    assert answer_support(answer) == shown
    assert only(soup(answer_html(answer, EN, key="k")).select(".qa-support")).text == shown
    assert answer_support(Answer("?", False, "no", (), (), support)) == "none"


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://example.org/a#:~:text=a,-b", True),
        ("http://localhost:8000/x?y=1&z=2", True),
        ("HTTPS://example.org/", True),
        ("https://пример.рф/ä", True),
        ("https://good.example@evil.example/", False),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("https://example.org/\n", False),
        ('https://example.org/" onmouseover="x', False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("//example.org/x", False),
        ("https://", False),
        ("https://[", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(address: str | None, safe: bool) -> None:
    assert safe_url(address) == (address if safe else None)


def spoken(article: Article, number: int, quote: str, words: str) -> Citation:
    """A citation whose span is `words`."""
    start = article.text.index(quote)
    at = article.text.index(words, start)
    span = (at, at + len(words))
    return Citation(
        number, article.id, article.title, None, quote, start, start + len(quote), None, "", span, article.published
    )


def test_the_words_that_answer_are_bold_within_their_sentence() -> None:
    answer = Answer("How high?", True, "…", (spoken(DAM, 1, "It is 111 metres high.", "111 metres"),), (), 0.9)
    quote = only(soup(answer_html(answer, EN, key="k")).select(".qa-quote"))
    assert quote.text == "It is 111 metres high."
    assert only(quote.select("strong")).text == "111 metres"
    assert answer_markdown(answer).startswith("It is **111 metres** high. [1]")
    assert answer_text(answer).startswith("It is 111 metres high. [1]")


def test_the_span_is_found_through_line_breaks_and_other_places_of_its_words() -> None:
    text = "In 1961 or\n  late in\n1961, about  400\nboats (of 400) came."
    article = Article("b", "Boats", text)
    for bold, shown in (("1961, ", "1961,"), ("about  400\nboats", "about 400 boats")):
        answer = Answer("?", True, "…", (spoken(article, 1, text, bold.rstrip()),), (), 0.9)
        said = answer_markdown(answer).splitlines()[0].removesuffix(" [1]")
        assert f"**{shown}**" in said
        assert said.replace("**", "").replace("\\", "") == " ".join(text.split())
    second = text.index("1961,")
    again = Citation(1, "b", "Boats", None, text, 0, len(text), span=(second, second + 4))
    assert answer_markdown(Answer("?", True, "…", (again,), (), 0.9)).startswith("In 1961 or late in **1961**, about")


def test_the_span_is_found_in_a_part_of_a_sentence() -> None:
    text = "in 1961 it was 1961"
    part = Citation(1, "b", "Boats", None, text, 0, len(text), span=(3, 7), cut_before=True, cut_after=True)
    answer = Answer("?", True, "…", (part,), (), 0.9)
    assert answer_markdown(answer).startswith("… in **1961** it was 1961 … [1]")
    assert only(soup(answer_html(answer, EN, key="k")).select(".qa-quote")).text == f"… {text} …"


def test_the_span_of_a_row_is_bold_where_its_words_stand_once() -> None:
    text = "Year | Boats\n2014 | 98"
    start = text.index("2014")
    row = Citation(
        1, "t", "Counts", None, text[start:], start, len(text), None, "Year | Boats", (len(text) - 2, len(text))
    )
    assert "Year: 2014 &#124; Boats: <strong>98</strong>" in answer_html(
        Answer("?", True, "…", (row,), (), 0.9), EN, key="k"
    )


def test_articles_that_differ_are_named_with_their_numbers_and_dates() -> None:
    first = Article("a", "A <b>flood</b>", "The flood drove 400 families out.", published="2021-03-02")
    second = Article("b", "B | flood", "The flood drove 420 families out.", published="2022")
    citations = (
        spoken(first, 1, first.text, "400 families"),
        spoken(second, 2, second.text, "420 families"),
    )
    answer = Answer("How many?", True, "…", citations, (), 0.9, differs=(1, 2), said_by=("a", "c"))
    line = "These articles differ: 400 families (A <b>flood</b>, 2 March 2021) · 420 families (B | flood, 2022)"
    said = soup(answer_html(answer, EN, key="k"))
    assert only(said.select(".qa-differs")).text == line
    assert said.select("b") == []
    assert only(said.select(".qa-note")).text == "Support: strong · 2 independent sources"
    _, differ, agree, _ = answer_text(answer).split("\n\n")
    assert (differ, agree) == (line, "2 independent sources")
    assert "A \\<b\\>flood\\</b\\>, 2 March 2021" in answer_markdown(answer)
    told = json.loads(json.dumps(answer_dict(answer)))
    assert (told["differs"], told["said_by"]) == ([1, 2], ["a", "c"])
    assert told["citations"][0]["span"] == [first.text.index("400"), first.text.index(" out")]


def test_one_source_and_agreement_are_not_remarked_on(answer: Answer) -> None:
    for text in (answer_text(answer), answer_markdown(answer), soup(answer_html(answer, EN, key="k")).text):
        assert "differ" not in text
        assert "independent" not in text
        assert "From the articles" not in text


def test_passages_about_a_phrase_stand_under_a_heading() -> None:
    phrase = '<img src=x onerror="alert(1)"> *dam*'
    answer = Answer(phrase, True, "…", (cite(DAM, 1, "It is 111 metres high."),), (), 0.6, kind="passages")
    said = soup(answer_html(answer, EN, key="k"))
    assert only(said.select(".qa-heading")).text == f"From the articles on “{phrase}”"
    assert said.select("img") == []
    assert answer_text(answer).startswith(f"From the articles on “{phrase}”\n\nIt is 111 metres high. [1]")
    assert answer_markdown(answer).startswith("From the articles on “\\<img src=x")


TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from("<>&\"'`*_[](){}|\\#$~:/\n -=!"),
        # What turns the order of letters is taken out of titles and closed elsewhere: TURNING has its own tests.
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=TURNING),
    ),
    min_size=1,
    max_size=40,
).filter(str.strip)


@given(text=HOSTILE, title=HOSTILE, heading=HOSTILE, url=HOSTILE)
def test_text_of_articles_stays_text(text: str, title: str, heading: str, url: str) -> None:
    article = Article(id=title, title=title, text=text, url=f"javascript:{url}", authors=(title,), site=title)
    hit = Hit(Passage(article.id, 0, len(text), text, heading), article, 0.5)
    citation = Citation(1, article.id, title, article.url, text, 0, len(text), f"javascript:{url}")
    answer = Answer(text, True, text, (citation,), (hit,), 0.9)
    said, panel = soup(answer_html(answer, EN, key="k")), soup(panel_html(answer, EN, key="k"))
    assert {tag.name for tag in said.find_all(True)} == {"div", "p", "span", "a", "button"}
    assert only(said.select(".qa-quote")).text == " ".join(text.split())
    assert only(panel.select("mark")).text == text
    assert only(panel.select("h3")).text == title
    assert only(panel.select(".qa-path")).text == heading
    assert {tag.name for tag in panel.find_all(True)} <= set(
        "section p h2 article header a div h3 span blockquote mark button time b details summary ul li meter".split()
    )
    assert [link.text for link in panel.select("a:not(.qa-number)")] == ["Read in article"]
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    assert soup(question_html(text, EN)).get_text("\n") == "\n".join(lines)


@settings(deadline=None)
@given(before=HOSTILE, words=HOSTILE, after=HOSTILE)
def test_a_bold_span_of_any_text_stays_text(before: str, words: str, after: str) -> None:
    text = f"{before}{words}{after}"
    span = (len(before), len(before) + len(words))
    citation = Citation(1, "a", text, None, text, 0, len(text), span=span)
    answer = Answer("?", True, text, (citation,), (), 0.9)
    html = answer_html(answer, EN, key="k")
    quote = only(soup(html).select(".qa-quote"))
    assert quote.text == " ".join(text.split())
    assert only(quote.select("strong")).text == " ".join(words.split())
    assert {tag.name for tag in soup(html).find_all(True)} == {"div", "p", "span", "a", "strong", "button"}
    outside_references = html.replace("&#", "").replace('href="#', 'href="')
    assert not set(outside_references) & set("\\`*_[]~$|#")


@given(text=HOSTILE)
def test_markdown_around_the_chat_finds_no_sign_to_read(text: str) -> None:
    """The chat runs a Markdown reader over this HTML: it must see no character that means something to it."""
    citation = Citation(1, "a", text, None, text, 0, len(text))
    html = answer_html(Answer("?", True, text, (citation,), (), 0.9), EN, key="k")
    assert "\n" not in html
    outside_references = html.replace("&#", "").replace('href="#', 'href="')
    assert not set(outside_references) & set("\\`*_[]~$|#")


def test_markdown_and_text_carry_the_sources_along(answer: Answer) -> None:
    assert answer_text(answer) == (
        "It is 111 metres high. [1] It was finished in 1968. [2]\n\n"
        "[1] A dam on the river, Ana Prieto and Bo Lund, River Notes, 5 March 2020. "
        "https://example.org/dam#:~:text=It%20is%20111\n"
        "[2] A dam on the river, Ana Prieto and Bo Lund, River Notes, 5 March 2020. https://example.org/dam"
    )
    assert answer_markdown(answer).splitlines()[2] == (
        "1. [A dam on the river](<https://example.org/dam#:~:text=It%20is%20111>), "
        "Ana Prieto and Bo Lund, River Notes, 5 March 2020"
    )


def test_markdown_escapes_what_articles_say() -> None:
    article = Article(id="x", title="[a](javascript:b) <b>", text="*All* of it.")
    answer = Answer("?", True, "…", (cite(article, 1, "*All* of it."),), (), 0.9)
    assert answer_markdown(answer) == "\\*All\\* of it. [1]\n\n1. \\[a\\]\\(javascript:b\\) \\<b\\>"


def test_dict_is_json_and_holds_every_field(answer: Answer) -> None:
    told = json.loads(json.dumps(answer_dict(answer)))
    assert told["text"] == answer.text
    assert told["citations"][1] == {
        "number": 2,
        "article_id": "dam",
        "title": "A dam on the river",
        "url": "https://example.org/dam",
        "quote": "It was finished in 1968.",
        "start": TEXT.index("It was"),
        "end": TEXT.index("It was") + 24,
        "link": None,
        "lead": "",
        "span": None,
        "published": None,
        "cut_before": False,
        "cut_after": False,
        "hash": answer.citations[1].hash,
    }
    assert (told["kind"], told["differs"], told["said_by"]) == ("quotes", [], [])
    assert told["hits"][0]["passage"]["text"] == FIRST.text
    assert told["hits"][0]["copies"][0]["article_id"] == "weir"
    assert told["hits"][0]["article"]["authors"] == ["Ana Prieto", "Bo Lund"]
    assert "text" not in told["hits"][0]["article"]


@pytest.mark.parametrize(
    ("iso", "words"),
    [("2023-02-17", "17 February 2023"), ("2023-12", "December 2023"), ("1869", "1869"), (None, "")],
)
def test_dates_in_words(iso: str | None, words: str) -> None:
    assert long_date(iso) == words


def test_reading_link_survives_odd_ids() -> None:
    assert reading_link("a b") == "article?id=a+b"
    assert reading_link("a/../b?c&d#e", 1, 2) == "article?id=a%2F..%2Fb%3Fc%26d%23e&start=1&end=2#quote"


def test_a_citation_of_a_pdf_names_its_page() -> None:
    """ "It is 111 metres high." stands on page 2, and the panel's card says where its first quote is."""
    pdf = Article(id="dam", title="A dam", text=TEXT, authors=("Ana Prieto",), pages=(0, TEXT.index("It is 111")))
    hits = (Hit(passage(pdf, SECOND.text), pdf, 0.9),)
    answer = Answer("How high is the dam?", True, "", (cite(pdf, 1, "It is 111 metres high."),), hits, 0.7)
    assert answer_text(answer).endswith("[1] A dam, Ana Prieto, p. 2")
    assert answer_markdown(answer).endswith(r"1. A dam, Ana Prieto, p. 2")
    assert only(soup(panel_html(answer, EN, key="a1")).select(".qa-meta")).text == "Ana Prieto · p. 2"


def test_a_document_of_one_page_names_none() -> None:
    sheet = Article(id="dam", title="A dam", text=TEXT, pages=(0,))
    hits = (Hit(passage(sheet, SECOND.text), sheet, 0.9),)
    answer = Answer("How high?", True, "", (cite(sheet, 1, "It is 111 metres high."),), hits, 0.7)
    assert answer_text(answer).endswith("[1] A dam")


def test_a_row_is_shown_with_its_columns_heads() -> None:
    text = "Year | <Samples>\n2014 | 98\n2015 | 116"
    article = Article("t", "Counts", text)
    start = text.index("2015")
    passage = Passage("t", 17, len(text), text[17:], sentences=((17, 26), (27, 37)), leads=((0, 16), (0, 16)))
    row = Citation(1, "t", "Counts", None, text[start:], start, len(text), lead="Year | <Samples>")
    shown = Answer("?", True, "…", (row,), (Hit(passage, article, 0.9),), 0.8)
    assert answer_text(shown).startswith("Year: 2015 | <Samples>: 116 [1]")
    assert "Year: 2015 &#124; &#60;Samples&#62;: 116</span>" in answer_html(shown, EN, key="k")
    panel = panel_html(shown, EN, key="k")
    assert '<p class="qa-path" dir="auto">Year | &lt;Samples&gt;</p><blockquote' in panel
    assert '<mark id="k-c1" tabindex="-1">2015 | 116</mark>' in panel


# -- answers about the articles themselves


def test_a_list_of_articles_is_drawn_as_a_list() -> None:
    quote = cite(DAM, 1, "The dam was begun in 1961.", "https://example.org/dam")
    other = cite(OTHER, 2, "A weir is a low dam.")
    text = "2 articles about <i>dams</i>:\n“A [2] <b>dam</b>” (Li) [1]\n“Weirs” [2]"
    answer = Answer("Which?", True, text, (quote, other), (), 0.9, "articles")
    drawn = soup(answer_html(answer, EN, key="a"))
    assert [item.get_text() for item in drawn.find_all("li")] == ["“A [2] <b>dam</b>” (Li)\xa01", "“Weirs”\xa02"]
    assert only(drawn.select("p[dir=auto]")).get_text() == "2 articles about <i>dams</i>:"
    assert [link["href"] for link in drawn.find_all("a")] == ["#a-c1", "#a-c2"]
    assert drawn.find(["i", "b"]) is None
    assert answer_text(answer).startswith(
        "2 articles about <i>dams</i>:\n- “A [2] <b>dam</b>” (Li) [1]\n- “Weirs” [2]\n\n[1] "
    )
    assert answer_markdown(answer).splitlines()[1] == r"- “A \[2\] \<b\>dam\</b\>” \(Li\) [1]"
    assert answer_dict(answer)["kind"] == "articles"


def test_an_article_that_is_only_cited_can_be_read_too() -> None:
    """As in answers about articles, whose hits may be others."""
    quote = replace(cite(OTHER, 1, "A weir is a low dam."), published="2019-02")
    answer = Answer("Which?", True, "1 article:\n“The weir” [1]", (quote,), (), 0.9, "articles")
    (card,) = soup(panel_html(answer, EN, key="a")).select(".qa-card")
    assert [link["href"] for link in card.select(".qa-links a")] == ["article?id=weir&start=0&end=20#quote"]
    assert only(card.select(".qa-meta")).text == "February 2019"
    (gone,) = soup(panel_html(answer, EN, key="a", stale={1: "gone"})).select(".qa-card")
    assert gone.select(".qa-links a") == []


@pytest.mark.parametrize(
    ("address", "said", "host"),
    [
        ("https://example.org/x", ("A page", None), ""),
        ("https://example.org/x", ("News of example.org", "www.example.org"), ""),
        ("https://news.example.org/x", ("Example.ORG", None), ""),
        ("https://evil.example/x", ("https://bank.example/login", None), "evil.example"),
        ("https://evil.example/x", ("Log in", "bank.example"), "evil.example"),
        ("https://notbank.example/x", ("bank.example", None), "notbank.example"),
        ("https://xn--pple-43d.example/", ("A page", None), "xn--pple-43d.example"),
    ],
)
def test_a_host_is_named_where_another_may_be_thought_of(address: str, said: tuple[str | None, ...], host: str) -> None:
    assert leads_to(address, *said) == host


@pytest.mark.parametrize(
    ("text", "behind"),
    [
        ("plain", ""),
        ("\u202eturned", "\u202c"),
        ("\u202eturned\u202c", ""),
        ("\u2067a\u202eb", "\u202c\u2069"),
        ("\u2067a\u202eb\u2069", ""),  # the end of an isolate ends what is inside
        ("\u202ea\u2069", "\u202c"),
        ("\u2067a\u202cb", "\u2069"),
    ],
)
def test_what_turns_letters_ends_with_the_quote(text: str, behind: str) -> None:
    assert closed(text) == text + behind
    assert without_controls(closed(text)) == without_controls(text)
