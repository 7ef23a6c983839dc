"""What is cut from a page's markup before it is parsed, and what is refused."""

from __future__ import annotations

import pytest

from qa.errors import SourceError
from qa.extract import read_page
from qa.readers import bounds
from qa.readers.bounds import DEPTH, bounded

PROSE = (
    "The rakes were kept in the loft above the salt store, handle down, so that the damp ran off the teeth. "
    "Each woman had her own, and marked it with a notch near the ferrule."
)
PAGE = f"<html><head><title>Rakes in the loft</title></head><body>{{}}<article><p>{PROSE}</p></article></body></html>"


def depth(html: str) -> int:
    from lxml.html import HTMLParser, document_fromstring

    tree = document_fromstring(html, parser=HTMLParser(huge_tree=True))
    return max(sum(1 for _ in element.iterancestors()) for element in tree.iter())


def test_an_ordinary_page_stays_as_it_is() -> None:
    page = PAGE.format("<script>var a = '</p>';</script><!-- <script> --><ul><li>Salt<li>Tin</ul><img src='data:,x'>")
    assert bounded(page, "x") == page


def test_scripts_styles_and_embedded_pictures_are_cut_and_json_ld_stays() -> None:
    script, style, picture = "if (a < b) { c() }\n" * 200, "p { margin: 0 }\n" * 200, "QUJD" * 1000
    stated = '{"@type": "Article", "headline": "Rakes", "text": "' + "salt " * 400 + '"}'
    page = PAGE.format(
        f"<script src='a.js'>{script}</script><STYLE>{style}</STYLE>"
        f"<script type='application/ld+json'>{stated}</script>"
        f"<img alt='a rake' src='data:image/png;base64,{picture}'>"
    )
    assert bounded(page, "x") == PAGE.format(
        f"<script src='a.js'></script><STYLE></STYLE><script type='application/ld+json'>{stated}</script>"
        "<img alt='a rake' src='data:,'>"
    )


def test_a_script_in_a_comment_or_without_end_takes_no_text_with_it() -> None:
    page = PAGE.format("<!-- <script> -->") + f"<p>{PROSE * 20}</p><script>var a = 1;</script>"
    assert bounded(page, "x") == page
    page = PAGE.format("") + "<script>" + PROSE * 20
    assert bounded(page, "x") == page
    page = PAGE.format("") + "<!-- <script>" + PROSE * 20 + "</script>"
    assert bounded(page, "x") == page


def test_a_page_of_pictures_is_read_though_parsers_stop_in_the_middle_of_it() -> None:
    picture = f'<img src="data:image/png;base64,{"QUJD" * 1_000_000}">'
    article = read_page(PAGE.format(picture * 3).encode(), media_type="text/html")
    assert (article.title, article.text) == ("Rakes in the loft", PROSE)


@pytest.mark.parametrize("names", ["div", "address", "custom-tag", "b", "b><div", "font><p", "ul><li", "table><tr><td"])
@pytest.mark.parametrize("closed", [True, False])
def test_deep_pages_are_flattened_and_keep_their_text(names: str, closed: bool) -> None:
    opening = f"<{names}>" * 2000
    closing = "".join(f"</{name}>" for name in reversed(names.split("><"))) * 2000 if closed else ""
    flat = bounded(PAGE.format(f"{opening}so{closing}"), "x")
    assert DEPTH - 2 <= depth(flat) <= DEPTH + 20
    assert "so" in flat
    assert f"<p>{PROSE}</p>" in flat


def test_elements_that_end_themselves_are_not_nested() -> None:
    for page in (
        f"<ul>{'<li>Salt ' * 1000}</ul>",
        f"<table>{'<tr><td>Salt<td>Tin' * 1000}</table>",
        "<p>Salt" * 1000 + "<div>Tin</div>",
        "<br><img src=a>" * 1000,
    ):
        assert bounded(page, "x") == page


def test_what_is_too_large_is_refused_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_CHARACTERS", 5000)
    with pytest.raises(SourceError, match=r"^salt\.html is a page of 6,\d{3} characters .* up to 5,000 .*in parts"):
        bounded(PAGE.format("so " * 2000), "salt.html")
    assert bounded(PAGE.format(f"<script>{'so ' * 2000}</script>"), "salt.html") == PAGE.format("<script></script>")
    monkeypatch.undo()
    monkeypatch.setattr(bounds, "MAX_TAGS", 100)
    with pytest.raises(SourceError, match=r"^salt\.html is a page of .* characters and 112 tags .*100 tags are read"):
        bounded(PAGE.format("<b>so</b>" * 50), "salt.html")
    monkeypatch.setattr(bounds, "_MAX_STRETCH", 5000)
    with pytest.raises(SourceError, match=r"^salt\.html has a stretch of text of more than 5,000 bytes"):
        bounded(PAGE.format("so " * 2000), "salt.html")


def test_control_characters_written_out_are_dropped_and_others_stay() -> None:
    kept = "&#9;&#10;&#13;&#32;&#x20;&#xA0;&#x1F600;&#128;&#100;"
    assert bounded(f"<p>Salt&#0;&#1;&#x1f;&#X0B;&#0031 {kept}</p>", "x") == f"<p>Salt {kept}</p>"
