"""Markup that is all article: chapters of books and converted documents."""

from __future__ import annotations

import pytest

from qa.readers.whole import page_tree, pieces_of, without_contents


def pieces(body: str, *, head: str = "") -> list[tuple[str, int, str]]:
    tree = page_tree(f"{head}<html xmlns='http://www.w3.org/1999/xhtml'><body>{body}</body></html>")
    return [(piece.kind, piece.level, piece.text) for piece in pieces_of(tree)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h2>A  rock</h2><p>It is\n<i>bare</i>.</p>", [("heading", 2, "A rock"), ("paragraph", 0, "It is bare.")]),
        ("<div>Loose<p>and not</p>text</div>", [("paragraph", 0, each) for each in ("Loose", "and not", "text")]),
        (
            "<ul><li>oil<ol><li>rape-seed</li></ol></li><li><p>biscuit</p></li></ul>",
            [("item", 1, "oil"), ("item", 2, "rape-seed"), ("item", 1, "biscuit")],
        ),
        ("<blockquote><p>Not here.</p></blockquote>", [("quote", 0, "Not here.")]),
        ("<pre>a\n  b\n</pre>", [("code", 0, "a\n  b")]),
        ("<figure><img/><figcaption>The light</figcaption></figure>", [("caption", 0, "The light")]),
        (
            "<table><caption>A</caption><tr><th>Lamp</th><th>Lit</th></tr><tr><td><p>Oil</p></td><td>1857</td></tr></table>",
            [("caption", 0, "A"), ("row", 1, "Lamp | Lit"), ("row", 0, "Oil | 1857")],
        ),
        (
            "<table><tr><td>a<table><tr><td>b</td><td>c</td></tr></table></td><td>d</td></tr></table><p>e</p>",
            [("row", 0, "a b c | d"), ("paragraph", 0, "e")],
        ),
        ("<p>one<br/>two</p>", [("paragraph", 0, "one two")]),
        ("<p><ruby>漢<rp>(</rp><rt>かん</rt></ruby>字</p>", [("paragraph", 0, "漢字")]),
        ("<p>a<a id='x'/>b<script>x()</script>c</p>", [("paragraph", 0, "abc")]),
        ("<p>4 km<sup>2</sup>, the 19<sup>th</sup></p>", [("paragraph", 0, "4 km², the 19th")]),
        (
            "<p>It is lit.<a epub:type='noteref' href='#n1'>1</a> Yes<sup><a href='n.xhtml#fn2'>2</a></sup>.</p>",
            [("paragraph", 0, "It is lit. Yes.")],
        ),
        ("<p>See <a href='#c7'>7</a> and <a href='#c8'>chapter 8</a>.</p>", [("paragraph", 0, "See 7 and chapter 8.")]),
        ("<p>It ran <span role='doc-pagebreak'>169</span>on.</p>", [("paragraph", 0, "It ran on.")]),
        ("<p>caf&eacute;&nbsp;&amp; bar &unknown;</p>", [("paragraph", 0, "café & bar &unknown;")]),
    ],
)
def test_elements_are_pieces(body: str, expected: list[tuple[str, int, str]]) -> None:
    if "epub:type" in body:
        body = f"<div xmlns:epub='http://www.idpf.org/2007/ops'>{body}</div>"
    assert pieces(body) == expected


def test_markup_that_is_no_xml_is_read_all_the_same() -> None:
    assert pieces("<p>One<p>Two<br>three<div id='a'/>four", head="<!DOCTYPE html>") == [
        ("paragraph", 0, each) for each in ("One", "Two three", "four")
    ]


@pytest.mark.parametrize("text", ["", " \n", "<!-- nothing -->", "<?xml version='1.0'?>", "\0"])
def test_a_page_without_anything_has_no_pieces(text: str) -> None:
    assert pieces_of(page_tree(text)) == []


def test_a_table_of_contents_is_left_out_and_a_few_links_are_not() -> None:
    links = "".join(f"<li><a href='c{n}.xhtml'>Chapter {n}</a></li>" for n in range(6))
    page = f"<h1>Contents</h1><ol>{links}</ol><h1>Start</h1><ul><li><a href='#a'>One</a></li></ul><p>Text.</p>"
    web = "".join(f"<li><a href='https://a.example/{n}'>Page {n}</a></li>" for n in range(6))
    kept = without_contents(pieces_of(page_tree(f"<html><body>{page}<ul>{web}</ul></body></html>")))
    assert [piece.text for piece in kept] == ["Start", "One", "Text.", *(f"Page {n}" for n in range(6))]


@pytest.mark.parametrize("tag", ["div", "blockquote", "ul", "table", "a", "sup"])
def test_markup_nested_without_end_keeps_the_text_before_it(tag: str) -> None:
    """What is inside more than some hundred elements is beyond libxml2."""
    assert pieces("<p>Words.</p>" + f"<{tag}>" * 20_000 + "words")[0] == ("paragraph", 0, "Words.")
