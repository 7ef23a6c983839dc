"""What a page says of itself: title, authors, date, site, language, address."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from qa import read_page
from qa.bylines import names_in
from qa.dates import iso_day, says_only_when
from qa.language import language_of
from qa.metadata import HtmlMetadata, of_html, saved_from


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
        ('<meta name="author" content="Redaktion">', '<a rel="author" href="/ana">Ana Sol</a>', ("Ana Sol",)),
        ('<meta name="author" content="The Quay"><meta property="og:site_name" content="The Quay">', "", ()),
        ("", '<span class="byline">by <a href="/a">Ana Sol</a></span>', ("Ana Sol",)),
        ("", "<h1>Salt</h1><font>Por Ana Sol. Publicado el 3 de mayo de 2020</font>", ("Ana Sol",)),
        ("", "<h1>Salt</h1><div>Ana Sol | 3 May 2020</div>", ("Ana Sol",)),
        ("", "<h1>Salt</h1><p>By 2030 the harbour will be full of sand.</p>", ()),
        ("", "<footer><p class='author'>Ana Sol</p></footer>", ()),
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
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text) == names


@pytest.mark.parametrize(
    ("head", "body", "url", "published"),
    [
        (
            json_ld('{"@type":"NewsArticle","headline":"x","datePublished":"2020-05-03T23:30:00-05:00"}'),
            "",
            None,
            "2020-05-03",
        ),
        (
            '<meta property="article:published_time" content="2020-05-03">',
            '<time datetime="2021-01-01">',
            None,
            "2020-05-03",
        ),
        ("", '<h1>Salt</h1><time datetime="2020-05-03T10:00">yesterday</time>', None, "2020-05-03"),
        ("", "<h1>Salt</h1><p>Published: 3 May 2020</p>", None, "2020-05-03"),
        ("", "<p>3. Mai 2020</p><h1>Salt</h1>", None, "2020-05-03"),
        ("", "<h1>Salt</h1>", "https://quay.example/2020/05/03/salt", "2020-05-03"),
        (
            "",
            "<h1>Salt</h1><p>" + "The siege began on 8 September 1941 and it went on for years. " * 3 + "</p>",
            None,
            None,
        ),
        ("", "<h1>Salt</h1><p>Published 03/04/2020</p>", None, None),  # March or April: not known
        ("", "<h1>Salt</h1><p>No date.</p><footer>© 2020</footer>", None, None),
        ('<meta name="date" content="2020-13-45">', "", None, None),
    ],
)
def test_dates_are_stated_and_never_guessed(head: str, body: str, url: str | None, published: str | None) -> None:
    assert known(head, body, url=url).published == published


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
