"""Pages that are not the whole article they should be: told by two signs, and pages with one of them are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa import Library, NoArticleText, read_page
from qa.types import FLAGS

PROSE = [
    "The harbour council sat until after midnight on Monday and agreed on nothing but the date of its next session.",
    "Five of its nine members want the old pier rebuilt in stone, and four would rather have a second ferry.",
    "The money has to come from the mainland in either case, and the mainland has not answered a letter since May.",
]
WALL = '<div><h3>Subscribe to continue reading</h3><p>Already a subscriber? <a href="/in">Log in</a></p></div>'
LOCKED = '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": "False"}</script>'
TITLES = (
    "Council votes on the harbour|Ferry fares to rise again|School finds its teacher|Storm takes the old pier|"
    "Lamp relit after a year|Fishing quota cut by a third|New road to the north shore|Choir wins at the mainland"
).split("|")


def page(body: str, *, head: str = "", end: str = "</article></body></html>") -> bytes:
    start = f"<html><head><title>Pier or ferry</title>{head}</head><body><article><h1>Pier or ferry</h1>"
    return f"{start}{body}{end}".encode()


def paragraphs(texts: list[str]) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


@pytest.mark.parametrize(
    ("content", "flags"),
    [
        (page(paragraphs(PROSE) + WALL), ("paywall",)),
        (page(paragraphs(PROSE), head=LOCKED), ("paywall",)),
        (page(paragraphs(PROSE * 5) + WALL, head=LOCKED), ()),  # saved by somebody who was signed in
        (page(paragraphs([*PROSE * 5, "And then the chairman said that…"]) + WALL), ("paywall",)),
        (page(paragraphs(PROSE)), ()),  # short, and whole
        (page(paragraphs(["On how to subscribe: join the list at the pier.", *PROSE])), ()),
        (page(paragraphs(PROSE) + "<p>Nobody has said what will happen to the thir", end=""), ("cut-short",)),
        (page(paragraphs(PROSE) + "<p>All of it.</p><div class='sha", end=""), ("cut-short",)),
        (page(paragraphs(PROSE), end=""), ()),  # HTML may leave out its last tags
    ],
)
def test_what_is_missing_is_flagged(content: bytes, flags: tuple[str, ...]) -> None:
    article = read_page(content)
    assert article.flags == flags
    assert PROSE[0] in article.text
    assert "Log in" not in article.text


def consent(text: str, button: str) -> bytes:
    return f"<html><body><div><h1>Before you go on</h1>{text}{button}</div></body></html>".encode()


@pytest.mark.parametrize(
    ("text", "button"),
    [
        (
            (
                "<p>We and our 742 partners store cookies on your device and process your personal data.</p>"
                "<p>Your choices apply to this website only, and you can change your consent at any time.</p>"
            ),
            "<button>Accept all</button>",
        ),
        (
            (
                "<p>Wir verwenden Cookies und verarbeiten mit 211 Partnern personenbezogene Daten, auch im Ausland.</p>"
                "<p>Ihre Einwilligung können Sie jederzeit widerrufen; Näheres steht in unserer Erklärung.</p>"
            ),
            '<a href="#">Alle akzeptieren</a>',
        ),
        (
            "<p>Nous utilisons, avec nos partenaires, des cookies et des traceurs pour mesurer l'audience du site.</p>",
            '<input type="submit" value="Tout accepter">',
        ),
    ],
)
def test_a_request_for_consent_is_kept_and_never_quoted(text: str, button: str, tmp_path: Path) -> None:
    assert read_page(consent(text, button)).flags == ("consent-wall",)
    assert read_page(consent(text, "")).flags == ()  # an article about cookies has no such button
    (tmp_path / "wall.html").write_bytes(consent(text, button))
    with Library.open(tmp_path / "library") as library:
        report = library.add(tmp_path / "wall.html")
        assert [each.flag for each in report.flagged] == ["consent-wall"]
        (summary,) = library.summaries()
        assert (summary.flags, summary.passages) == (("consent-wall",), 0)
        assert library.retrieve("What do we and our partners store?") == []


def test_an_article_with_a_banner_asks_for_nothing() -> None:
    banner = '<div class="banner"><p>We use cookies to improve your visit.</p><button>Accept</button></div>'
    assert read_page(page(paragraphs(PROSE) + banner)).flags == ()


def teaser(title: str, number: int, form: str) -> str:
    text = f"What was said about it on day {number} of the session, and what the chairman thinks of that."
    more = f'<a href="/{number}">More</a>'
    return {
        "articles": f'<article><h2><a href="/{number}">{title}</a></h2><p>{text}</p>{more}</article>',
        "boxes": f'<div><h3><a href="/{number}">{title}</a></h3><span>3 May</span><p>{text}</p></div>',
        "links": f'<li><a href="/{number}"><h3>{title}</h3><p>{text}</p></a></li>',
    }[form]


@pytest.mark.parametrize("form", ["articles", "boxes", "links"])
def test_an_index_is_refused_with_what_to_add_instead(form: str) -> None:
    body = "".join(teaser(title, number, form) for number, title in enumerate(TITLES))
    content = f"<html><head><title>The Herald</title></head><body><main>{body}</main></body></html>"
    with pytest.raises(NoArticleText, match=r"herald\.example/ is an index of 8 articles and none itself; add those"):
        read_page(content.encode(), "https://herald.example/")


@pytest.mark.parametrize("href", ["#part-{n}", "https://pier.example/guide#part-{n}", "https://shop{n}.example/pier"])
@pytest.mark.parametrize("url", ["https://pier.example/guide", None])
def test_headings_that_link_to_themselves_or_far_away_make_no_index(href: str, url: str | None) -> None:
    parts = "".join(
        f'<section><h2><a href="{href.format(n=number)}">{title}</a></h2><p>{PROSE[number % 3]}</p></section>'
        for number, title in enumerate(TITLES)
    )
    content = f"<html><head><title>How to build a pier</title></head><body><main>{parts}</main></body></html>"
    assert PROSE[0] in read_page(content.encode(), url).text


def test_an_article_with_many_teasers_below_is_no_index() -> None:
    below = "".join(teaser(title, number, "boxes") for number, title in enumerate(TITLES))
    content = page(paragraphs(PROSE * 2), end=f"</article><section>{below}</section></body></html>")
    assert read_page(content).text.startswith("\n\n".join(PROSE * 2))


def test_every_flag_says_what_to_do() -> None:
    assert all("; " in advice for advice in FLAGS.values())
