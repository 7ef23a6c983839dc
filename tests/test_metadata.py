"""What a page says of itself: title, authors, date, site, language, address."""

from __future__ import annotations

import json

import pytest
from bs4 import BeautifulSoup

from qa import read_page
from qa.language import language_of, settled_language
from qa.readers.bylines import names_in
from qa.readers.dates import iso_day, says_only_when
from qa.readers.metadata import HtmlMetadata, of_html, saved_from


def known(head: str = "", body: str = "", *, url: str | None = None, html: str = "<html>") -> HtmlMetadata:
    return of_html(BeautifulSoup(f"{html}<head>{head}</head><body>{body}</body></html>", "lxml"), url)


def json_ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ('<meta property="og:title" content="Salt and tin - The Quay">', "<h1>Salt and tin</h1>", "Salt and tin"),
        ('<meta property="og:title" content="Salt and tin">', "<h1>News</h1>", "Salt and tin"),
        ("<title>Salt and tin | The Quay</title>", "<h1>Salt and tin</h1>", "Salt and tin"),
        ("<title>Salt and tin | The Quay</title>", "", "Salt and tin"),
        ("<title>Salt and tin</title>", "<h1>The Quay</h1><h1>Harbour desk</h1>", "Salt and tin"),
        (json_ld('{"@type":"NewsArticle","headline":"Salt &amp; tin"}'), "", "Salt & tin"),
        (
            '<meta property="og:title" content="The Quay"><meta property="og:site_name" content="The Quay">',
            "<h1>Salt and tin</h1>",
            "Salt and tin",
        ),
        ("", "<h1>Salt\n and\u00a0tin</h1>", "Salt and tin"),
        # the page's only h1 is what readers see; what is stated was worded for search engines
        (
            '<meta property="og:title" content="Why salt matters">',
            "<h1>How salt made a town</h1>",
            "How salt made a town",
        ),
        (
            '<meta property="og:title" content="Why salt matters">',
            "<h1>The Quay, your daily paper</h1>",
            "Why salt matters",
        ),
        (
            '<meta property="og:title" content="Why salt matters">',
            "<h1>Opinion | Why salt matters</h1>",
            "Why salt matters",
        ),
        ('<meta property="og:title" content="Why salt matters">', "<h1>Sign up for letters</h1>", "Why salt matters"),
        (
            '<meta property="og:title" content="Why salt matters">',
            "<h1>How salt made a town</h1><h1>More about salt here</h1>",
            "Why salt matters",
        ),
        (
            json_ld('{"@type":"Article","headline":"town by the sea"}') + "<title>Saltby - The Quay</title>",
            "<h1>Saltby</h1>",
            "Saltby",
        ),
        (
            '<title>The Quay | Salt and tin</title><meta property="og:site_name" content="The Quay Daily">',
            "<h1>The Quay</h1>",
            "Salt and tin",
        ),
        ('<meta property="og:title" content="Salt, and tin">', "<h1><b>Salt</b>, and tin</h1>", "Salt, and tin"),
        ("", "<p>No title at all.</p>", ""),
    ],
)
def test_titles(head: str, body: str, title: str) -> None:
    assert known(head, body).title == title


@pytest.mark.parametrize(
    ("head", "body", "authors"),
    [
        (
            json_ld('{"@type":"Article","headline":"x","author":[{"name":"Ana Sol"},{"name":"Bo Lind"}]}'),
            "",
            ("Ana Sol", "Bo Lind"),
        ),
        (
            json_ld(
                '{"@graph":[{"@type":"Article","headline":"x","author":{"@id":"#a"}},{"@id":"#a","name":"Ana Sol"}]}'
            ),
            "",
            ("Ana Sol",),
        ),
        (json_ld('{"@type":"Article","headline":"x","author":{"@type":"Organization","name":"Sea Press"}}'), "", ()),
        (
            json_ld('{"@type":"Article","headline":"x","author":"Ana Sol"}')
            + '<meta name="author" content="Someone Else">',
            "",
            ("Ana Sol",),
        ),
        ('<meta name="author" content="By Ana Sol and Bo Lind">', "", ("Ana Sol", "Bo Lind")),
        (
            '<meta name="author" content="https://quay.example/ana"><meta name="byl" content="Ana Sol">',
            "",
            ("Ana Sol",),
        ),
        (
            json_ld('{"@type":"Article","headline":"x","author":[{"@type":"Organization","name":"Sea Press"}]}'),
            '<p class="byline">By Ana Sol</p>',
            ("Ana Sol",),
        ),
        (
            json_ld('{"@type":"Article","headline":"x","author":{"@type":["Person","Organization"],"name":"Ana Sol"}}'),
            "",
            ("Ana Sol",),
        ),
        (
            '<meta name="twitter:label1" content="Escrito por"><meta name="twitter:data1" content="Ana Sol">',
            "",
            ("Ana Sol",),
        ),
        (
            '<meta name="twitter:label1" content="Est. reading time"><meta name="twitter:data1" content="Two Minutes">',
            "",
            (),
        ),
        ('<meta name="author" content="Quay"><meta property="og:site_name" content="The Quay Daily">', "", ()),
        ('<meta name="author" content="Redaktion">', '<a rel="author" href="/ana">Ana Sol</a>', ("Ana Sol",)),
        ('<meta name="author" content="The Quay"><meta property="og:site_name" content="The Quay">', "", ()),
        ("", '<span class="byline">by <a href="/a">Ana Sol</a></span>', ("Ana Sol",)),
        ("", "<h1>Salt</h1><font>Por Ana Sol. Publicado el 3 de mayo de 2020</font>", ("Ana Sol",)),
        ("", "<h1>Salt</h1><div>Ana Sol | 3 May 2020</div>", ("Ana Sol",)),
        ("", "<h1>Salt</h1><p>By 2030 the harbour will be full of sand.</p>", ()),
        ("", "<footer><p class='author'>Ana Sol</p></footer>", ()),
        ("", "<div class='with-comments'><h1>Salt</h1><p class='author'>Ana Sol</p></div>", ("Ana Sol",)),
        ("", "<h1>Salt</h1><div class='comments'><b class='author'>Ana Sol</b></div>", ()),
        ("", "<h1>Salt</h1><div class='related-links'><div class='links-author'>Ana Sol</div></div>", ()),
        ("", "<h1>Salt</h1><div class='post-author'>Posted on May 3, 2020 by Ana Sol</div>", ("Ana Sol",)),
        ("", "<h1>Salt</h1><ul class='author'><li>Ana Sol</li></ul>", ("Ana Sol",)),
        ("", "<h1>Salt</h1><p class='autor'>Ana Sol | hace 3 horas</p>", ("Ana Sol",)),
        ("", "<h1>Salt</h1><p class='author'>More</p>", ()),  # one word, and no "by"
        ("", "<h1>Salt</h1><p>Von Hamburg nach Kiel</p>", ()),
    ],
)
def test_authors(head: str, body: str, authors: tuple[str, ...]) -> None:
    assert known(head, body).authors == authors


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ana Sol, Staff Writer", ("Ana Sol",)),
        ("ANA SOL", ("Ana Sol",)),
        ("Ana Sol, Bo Lind & Cy Roe", ("Ana Sol", "Bo Lind", "Cy Roe")),
        ("R. J. Pellew", ("R. J. Pellew",)),
        ("Staff", ()),
        ("admin", ()),
        ("ana@quay.example", ()),
        ("Newsroom Team", ()),
        ("T. V. Sol", ("T. V. Sol",)),
        ("Ana S.", ("Ana S.",)),
        ("Ludwig van Sol", ("Ludwig van Sol",)),
        ("Dr. med. Ana Sol", ("Dr. med. Ana Sol",)),
        ("Ana Sol am 3. Mai", ("Ana Sol",)),
        ("Ana Sol May 3, 2020", ("Ana Sol",)),
        ("Ana Sol Fr", ("Ana Sol",)),
        ("Ana Sol facebook mail", ("Ana Sol",)),
        ("Ana Sol @anasol (Sea Press)", ("Ana Sol",)),
        ("Ana Sol, BBC", ("Ana Sol",)),
        ("ANA SOL AND BO LIND", ("Ana Sol", "Bo Lind")),
        ("Veröffentlicht von Ana Sol", ("Ana Sol",)),
        ("Text: Ana Sol", ("Ana Sol",)),
        ("Текст: Анна Соль", ("Анна Соль",)),
        ("Written by Ana Sol Edited by Bo Lind", ("Ana Sol",)),
        ("Photos by Ana Sol", ()),
        ("EFE", ()),
        ("Quay Verlag GmbH & Co", ()),
        ("Ministerium für Wasser und Fische", ()),
        ("The Salt Letter", ()),
        ("Sol, Ana", ("Sol, Ana",)),
        ("By", ()),
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text) == names


SALT = "<h1>Salt and tin</h1>"
OG = '<meta property="og:title" content="Salt and tin">'
PROSE = "<p>" + "The siege began on 8 September 1941 and it went on for years. " * 3 + "</p>"


def article_node(published: str, **more: str) -> str:
    return json_ld(json.dumps({"@type": "NewsArticle", "headline": "Salt and tin", "datePublished": published} | more))


@pytest.mark.parametrize(
    ("head", "body", "url", "published", "source"),
    [
        (article_node("2020-05-03T23:30:00-05:00"), "", None, "2020-05-03", "json-ld"),
        (article_node("2020-05-03") + ";", "", None, "2020-05-03", "json-ld"),
        (
            '<meta property="article:published_time" content="2020-05-03">',
            '<time datetime="2021-01-01">',
            None,
            "2020-05-03",
            "meta",
        ),
        ("", SALT + '<time datetime="2020-05-03T10:00">yesterday</time>', None, "2020-05-03", "time"),
        ("", SALT + "<p>Published: 3 May 2020</p>", None, "2020-05-03", "text"),
        ("", SALT + "<p>Published</p><p>3 May 2020</p>", None, "2020-05-03", "text"),
        ("", SALT + "<p>By Ana Sol, 3 May 2020</p>", None, "2020-05-03", "text"),
        ("", SALT + "<p>3 May 2020 // Harbour</p>", None, "2020-05-03", "text"),
        ("", "<p>3. Mai 2020</p>" + SALT, None, "2020-05-03", "text"),
        ("", SALT + "<p>3 мая 2020 г.</p>", None, "2020-05-03", "text"),
        ("", SALT, "https://quay.example/2020/05/03/salt", "2020-05-03", "url"),
        ("", SALT + "<p>What salt is for.</p>" + PROSE + "<p>3 May 2020</p>", None, "2020-05-03", "text"),
        ("", SALT + PROSE + PROSE + "<p>3 May 2020</p>", None, None, None),  # far below the headline
        ("", SALT + PROSE, None, None, None),
        ("", SALT + "<p>The siege began on 8 September 1941</p>", None, None, None),
        ("", SALT + "<p>Deadline: 3 May 2020</p>", None, None, None),
        ("", SALT + "<p>No date.</p><footer>© 2020</footer>", None, None, None),
        ('<meta name="date" content="2020-13-45">', "", None, None, None),
        # a change is no publication
        ('<meta property="article:modified_time" content="2020-05-03">', SALT, None, None, None),
        ("", SALT + "<p>Last updated 3 May 2020</p>", None, None, None),
        ("", SALT + "<p>Updated: 4 May 2020 Posted: 3 May 2020</p>", None, "2020-05-03", "text"),
        ("", SALT + "<p>4 May 2020</p><p>First published 3 May 2020</p>", None, "2020-05-03", "text"),
        # nor are the dates of comments, of other articles, of other things
        (
            "",
            SALT + "<p>Short.</p><div class='comment'><time datetime='2020-05-03'>3 May 2020</time></div>",
            None,
            None,
            None,
        ),
        ("", SALT + "<div id='related'><p>3 May 2020</p></div>", None, None, None),
        ("", SALT + PROSE * 3 + "<time class='entry-date' datetime='2020-05-03'></time>", None, "2020-05-03", "time"),
        (
            "",
            SALT + PROSE * 3 + "<time pubdate datetime='2020-05-03'></time><time pubdate datetime='2020-05-04'></time>",
            None,
            None,
            None,
        ),
        ("", SALT + PROSE * 3 + "<time datetime='2020-05-03'></time>", None, None, None),
        (json_ld('{"@type":"VideoObject","datePublished":"2020-05-03"}'), SALT, None, None, None),
        (json_ld('{"@type":"Review","author":"Bo Lind","datePublished":"2020-05-03"}'), SALT, None, None, None),
        (json_ld('{"@type":"WebPage","datePublished":"2020-05-03"}'), SALT, None, "2020-05-03", "json-ld"),
    ],
)
def test_dates_are_stated_and_never_guessed(
    head: str, body: str, url: str | None, published: str | None, source: str | None
) -> None:
    found = known(OG + head, body, url=url)
    assert (found.published, found.date_source) == (published, source)


TEASERS = json_ld(
    '[{"@type":"NewsArticle","headline":"Other news","author":"Bo Lind","datePublished":"2020-01-01"},'
    '{"@type":"NewsArticle","headline":"Old news","datePublished":"2019-01-01"}]'
)


@pytest.mark.parametrize(
    ("head", "published", "authors"),
    [
        (TEASERS, None, ()),
        (TEASERS + article_node("2020-05-03", author="Ana Sol"), "2020-05-03", ("Ana Sol",)),
        (
            TEASERS
            + json_ld(
                '{"@type":"Article","headline":"Sel","author":"Ana Sol","datePublished":"2020-05-03",'
                '"mainEntityOfPage":{"@id":"https://quay.example/salt"}}'
            ),
            "2020-05-03",
            ("Ana Sol",),
        ),
    ],
)
def test_of_several_articles_in_json_ld_only_the_pages_own_counts(
    head: str, published: str | None, authors: tuple[str, ...]
) -> None:
    found = known(OG + head, SALT, url="https://quay.example/salt")
    assert (found.published, found.authors) == (published, authors)


@pytest.mark.parametrize(
    ("instant", "line", "published", "source"),
    [
        ("2019-11-20T01:50:59Z", "Nov. 19, 2019 5:50 PM", "2019-11-19", "text"),
        ("Wed, 20 Nov 2019 01:50:59 GMT", "Nov. 19, 2019", "2019-11-19", "text"),
        ("2019-11-20T05:57:50Z", "Updated 10:01 pm, November 19, 2019", "2019-11-19", "text"),
        ("2019-11-20T14:00:00Z", "Nov. 19, 2019", "2019-11-20", "json-ld"),  # no clock on earth is so far behind
        ("2019-11-20", "Nov. 19, 2019", "2019-11-20", "json-ld"),
        ("2019-11-20T22:30:00Z", "21 November 2019", "2019-11-21", "text"),
        ("2019-11-20T22:30:00Z", "Updated 21 November 2019", "2019-11-20", "json-ld"),
        ("2019-11-20T07:30:00Z", "21 November 2019", "2019-11-20", "json-ld"),
        ("2019-11-20T01:50:59Z", "Nov. 3, 2019", "2019-11-20", "json-ld"),
    ],
)
def test_an_instant_counts_as_the_day_the_page_shows(instant: str, line: str, published: str, source: str) -> None:
    found = known(article_node(instant), f"{SALT}<p>{line}</p>")
    assert (found.published, found.date_source) == (published, source)


def test_a_change_on_the_next_day_is_no_other_zone() -> None:
    head = article_node("2019-11-20T22:30:00Z", dateModified="2019-11-21T09:00:00Z")
    assert known(head, f"{SALT}<p>21 November 2019</p>").published == "2019-11-20"


def test_where_structured_dates_differ_the_one_that_is_shown_counts() -> None:
    head = article_node("2020-05-03") + '<meta property="article:published_time" content="2020-06-01">'
    found = known(head, SALT + "<p>1 June 2020</p>")
    assert (found.published, found.date_source) == ("2020-06-01", "meta")
    assert known(head, SALT).published == "2020-05-03"
    assert known(head, SALT + "<p>Updated 1 June 2020</p>").published == "2020-05-03"


@pytest.mark.parametrize(
    ("language", "published"),
    [("de", "2020-04-03"), ("en-GB", "2020-04-03"), ("en-US", "2020-03-04"), ("en", None), ("", None)],
)
def test_the_order_of_day_and_month_is_the_languages(language: str, published: str | None) -> None:
    found = known(OG, SALT + "<p>Published 03/04/2020</p>", html=f'<html lang="{language}">')
    assert found.published == published


@pytest.mark.parametrize(
    ("text", "published", "source"),
    [
        ("---\ntitle: Salt\ndate: 2020-05-03\n---\nSalt made the town.\n", "2020-05-03", "meta"),
        ("# Salt\n\nPublished 3 May 2020\n\nSalt made the town.\n", "2020-05-03", "text"),
        ("# Salt\n\nUpdated 3 May 2020\n\nSalt made the town.\n", None, None),
        ("Salt made the town.\n", None, None),
    ],
)
def test_texts_say_where_their_date_stands(text: str, published: str | None, source: str | None) -> None:
    article = read_page(text)
    assert (article.published, article.date_source) == (published, source)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("17 February 2023", "2023-02-17"),
        ("February 17th, 2023", "2023-02-17"),
        ("Feb. 17, 2023", "2023-02-17"),
        ("17 de febrero de 2023", "2023-02-17"),
        ("17. Februar 2023", "2023-02-17"),
        ("le 1er août 2023", "2023-08-01"),
        ("17.2.2023", "2023-02-17"),
        ("2/17/2023", "2023-02-17"),
        ("2023年2月17日", "2023-02-17"),
        ("17 февраля 2023", "2023-02-17"),
        ("20230217", "2023-02-17"),
        ("30 February 2023", None),
        ("May 2023", None),
        ("1/2/2023", None),
    ],
)
def test_days(text: str, day: str | None) -> None:
    assert iso_day(text) == day


def test_a_line_that_says_only_when() -> None:
    assert says_only_when("Published: Fri 17 February 2023, 10:15 GMT | Updated 18 February 2023")
    assert not says_only_when("The strike began on 17 February 2023")
    assert not says_only_when("Published on a Friday")


@pytest.mark.parametrize(
    ("head", "body", "url", "site"),
    [
        ('<meta property="og:site_name" content="The Quay">', "", "https://quay.example/a", "The Quay"),
        (json_ld('{"@type":"Article","headline":"x","publisher":{"name":"The Quay"}}'), "", None, "The Quay"),
        ("", "", "https://www.quay.example/a", "quay.example"),
        ("<title>Salt and tin - The Quay</title>", "<h1>Salt and tin</h1>", None, "The Quay"),
        ("<title>Salt and tin - a study</title>", "<h1>Another headline</h1>", None, None),
        ("<title>Salt and tin - The Quay Times</title>", SALT, "https://quaytimes.example/a", "The Quay Times"),
        ("<title>Salt and tin - News</title>", SALT, "https://quay.example/a", "quay.example"),
        (
            json_ld('[{"@type":"Article","headline":"x","publisher":{"@id":"#q"}},{"@id":"#q","name":"The Quay"}]'),
            "",
            "https://quay.example/a",
            "The Quay",
        ),
    ],
)
def test_sites(head: str, body: str, url: str | None, site: str | None) -> None:
    assert known(head, body, url=url).site == site


@pytest.mark.parametrize(
    ("href", "url", "canonical"),
    [
        ("https://quay.example/salt#top", "https://m.quay.example/salt?x=1", "https://quay.example/salt"),
        ("/salt", "https://quay.example/salt?utm=1", "https://quay.example/salt"),
        ("https://quay.example/salt", None, "https://quay.example/salt"),
        ("https://other.example/salt", "https://quay.example/salt", None),
        ("https://notquay.example/", "https://quay.example/salt", None),
        ("https://quay.example/", "https://quay.example/salt", None),  # the front page, named on every page
        ("javascript:alert(1)", "https://quay.example/salt", None),
        ("http://[::1", "https://quay.example/salt", None),
        ("https://quay.example/salt", "http://[", "https://quay.example/salt"),
    ],
)
def test_canonical_addresses_are_of_the_same_site(href: str, url: str | None, canonical: str | None) -> None:
    assert known(f'<link rel="canonical" href="{href}">', url=url).url == canonical


def test_language_is_what_the_page_says() -> None:
    assert known(html='<html lang="pt-BR">').language == "pt"
    assert known('<meta property="og:locale" content="de_DE">').language == "de"
    assert known(html='<html lang="english">').language is None


SPANISH = "El puerto fue construido por los vecinos de la villa y es todavía lo que era, con una torre que se ve. " * 5
GALICIAN = "O porto foi construído polos veciños da vila e aínda é o que era, cunha torre que se ve dende o mar. " * 5


@pytest.mark.parametrize(
    ("stated", "text", "language"),
    [
        ("en", SPANISH, "es"),  # a template's default
        ("en", SPANISH[:150], "en"),  # too short to say
        ("gl", GALICIAN, "gl"),  # not among the detector's languages: it would say Portuguese
        ("es", SPANISH, "es"),
        (None, SPANISH, "es"),
        ("en", "Salt. " * 200, "en"),
    ],
)
def test_a_stated_language_gives_way_to_a_long_text_plainly_in_another(
    stated: str | None, text: str, language: str
) -> None:
    assert settled_language(stated, text) == language


def test_a_page_in_another_language_than_its_template() -> None:
    page = f'<html lang="en"><body><h1>El puerto</h1><p>{SPANISH}</p></body></html>'
    assert read_page(page).language == "es"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (
            "The harbour was built by the men of the town and it is still in use by all of them, as it was then.",
            "en",
        ),
        (
            "Der Hafen wurde von den Leuten der Stadt gebaut und ist noch das, was er war, mit dem Turm und der Mauer.",
            "de",
        ),
        (
            "El puerto fue construido por los vecinos de la villa y es todavía lo que era, con una torre que se ve.",
            "es",
        ),
        (
            "Le port a été construit par les gens de la ville et il est encore ce qu'il était, avec une tour.",
            "fr",
        ),
        ("港はこの町の人々によって造られ、今も使われている。", "ja"),
        ("港口是由镇上的人们建造的，至今仍在使用。", "zh"),
        (
            "The word is written みなと or ミナト and it was said of the port by the men of the town, as it still is.",
            "en",
        ),
        ("Гавань была построена жителями города.", "ru"),
        ("بنى أهل المدينة الميناء وما زال مستخدما.", "ar"),
        ("Too short to say.", None),
    ],
)
def test_language_of_a_text(text: str, language: str | None) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    ["{", "[" * 100_000, "null", "[1, 2]", '{"@graph": 3}', '{"author": {"name": {"name": {}}}, "headline": []}'],
)
def test_broken_json_ld_is_passed_over(text: str) -> None:
    assert known(json_ld(text) + "<title>Salt and tin</title>").title == "Salt and tin"


@pytest.mark.parametrize(
    ("html", "address"),
    [
        ("<!DOCTYPE html>\n<!-- saved from url=(0023)https://quay.example/a?b -->\n<html>", "https://quay.example/a?b"),
        ("<!-- saved from url=(0025)http://quay.example/a%20b --><html>", "http://quay.example/a%20b"),
        (
            "<!DOCTYPE html> <html lang=en><!--\n Page saved with SingleFile \n url: https://quay.example/s#top \n-->",
            "https://quay.example/s",
        ),
        (
            "<!-- Saved from https://quay.example/m at 2024-01-02T03:04:05Z using monolith v2.8.1 --><html>",
            "https://quay.example/m",
        ),
        (
            '<html lang="en" data-scrapbook-source="https://quay.example/w?a=1&amp;b=2">',
            "https://quay.example/w?a=1&b=2",
        ),
        ("<!-- saved from url=(0029)file:///home/me/page.html --><html>", None),
        ("<!-- saved from url=(0022)javascript:alert(1)//x --><html>", None),
        (f"<html>{' ' * 10_000}<!-- saved from url=(0022)https://quay.example/c -->", None),
        ("<html><p>saved from url=(0023)https://quay.example/text</p>", None),
    ],
)
def test_a_saved_page_says_where_it_was_saved_from(html: str, address: str | None) -> None:
    assert saved_from(html) == address


def test_the_canonical_address_of_a_saved_page_is_of_the_site_it_was_saved_from() -> None:
    body = "<p>The lamp in the square was lit for the first time in 1911, by a baker.</p>"
    for canonical, url in (
        ("https://quay.example/lamp", "https://quay.example/lamp"),
        ("https://thief.example/lamp", "https://quay.example/lamp?from=front"),
        ("/lamp/", "https://quay.example/lamp/"),
    ):
        saved = "<!-- saved from url=(0034)https://quay.example/lamp?from=front -->"
        page = f'{saved}<html><head><link rel="canonical" href="{canonical}"></head><body>{body}</body></html>'
        assert read_page(page.encode()).url == url


def test_a_base_is_the_page_s_address_only_where_it_names_a_page() -> None:
    assert known('<base href="https://quay.example/2023/lamp.html">').url == "https://quay.example/2023/lamp.html"
    assert known('<base href="https://quay.example/">').url is None
    assert known('<base href="javascript:alert(1)">').url is None
    based = '<base href="https://quay.example/2023/"><link rel="canonical" href="lamp">'
    assert known(based).url == "https://quay.example/2023/lamp"
