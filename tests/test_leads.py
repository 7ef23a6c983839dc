"""What list items and table rows lean on: found in the text, and read out with the quote."""

from __future__ import annotations

from dataclasses import replace

from qa import Article, Citation
from qa.blocks import Piece, lay_out
from qa.leads import leads, read_out, word_for_word
from qa.readers.plaintext import blocks_of


def _leads(article: Article) -> list[tuple[str, str]]:
    """(block, what it leans on) of every block that leans on something."""
    blocks = article.blocks or blocks_of(article.text)
    text = article.text
    return [
        (text[block.start : block.end], text[slice(*lead)])
        for block, lead in zip(blocks, leads(article, blocks), strict=True)
        if lead
    ]


def _article(*pieces: Piece) -> Article:
    text, blocks = lay_out(pieces)
    return Article("a", "t", text, blocks=blocks)


def test_items_lean_on_the_sentence_before_their_list_that_ends_in_a_colon() -> None:
    article = _article(
        Piece("paragraph", "It rained. The council named two aims:"),
        Piece("item", "drier cellars", 1, group=1),
        Piece("item", "wider gutters", 1, group=1),
        Piece("paragraph", "Nobody spoke against them."),
        Piece("item", "a list without a lead-in", 1, group=2),
    )
    assert _leads(article) == [
        ("drier cellars", "The council named two aims:"),
        ("wider gutters", "The council named two aims:"),
    ]


def test_items_of_a_lower_rank_lean_on_the_item_above_them() -> None:
    article = _article(
        Piece("paragraph", "Bring：".replace("Bring", "请带上")),
        Piece("item", "Clothes", 1, group=1),
        Piece("item", "a coat", 2, group=1),
        Piece("item", "of wool", 3, group=1),
        Piece("item", "boots", 2, group=1),
        Piece("item", "Food", 1, group=1),
    )
    assert _leads(article) == [
        ("Clothes", "请带上："),
        ("a coat", "Clothes"),
        ("of wool", "a coat"),
        ("boots", "Clothes"),
        ("Food", "请带上："),
    ]


def test_a_second_list_does_not_lean_on_the_lead_in_of_the_first() -> None:
    article = _article(
        Piece("paragraph", "Two aims:"),
        Piece("item", "drier cellars", 1, group=1),
        Piece("item", "Share this page", 1, group=2),
    )
    assert _leads(article) == [("drier cellars", "Two aims:")]


def test_items_with_blank_lines_between_their_bullets_are_one_list() -> None:
    article = Article("a", "t", "Two aims:\n\n- drier cellars\n\n- wider gutters\n\nThe end.")
    assert _leads(article) == [("drier cellars", "Two aims:"), ("wider gutters", "Two aims:")]


def test_rows_lean_on_the_head_rows_of_their_own_table() -> None:
    article = _article(
        Piece("row", "Year | Samples", 1, group=1),
        Piece("row", "(calendar) | (thousands)", 1, group=1),
        Piece("row", "2014 | 98", group=1),
        Piece("row", "2015 | 116", group=1),
        Piece("row", "no heads | at all", group=2),
        Piece("row", "Town | Rain", 1, group=3),
        Piece("row", "Bergen | 2,250 mm", group=3),
    )
    assert _leads(article) == [
        ("2014 | 98", "Year | Samples\n(calendar) | (thousands)"),
        ("2015 | 116", "Year | Samples\n(calendar) | (thousands)"),
        ("Bergen | 2,250 mm", "Town | Rain"),
    ]


def test_the_rule_below_markdown_heads_does_not_part_them_from_their_rows() -> None:
    article = Article(
        "a", "t", "| Year | Samples |\n| --- | --- |\n| 2014 | 98 |\n\n| Town | Rain |\n| Bergen | much |"
    )
    assert _leads(article) == [("2014 | 98", "Year | Samples")]


def test_a_line_too_long_to_stand_before_every_passage_is_no_lead() -> None:
    article = _article(Piece("paragraph", f"These {'many ' * 100}things:"), Piece("item", "one", 1, group=1))
    assert _leads(article) == []


def _citation(quote: str, lead: str = "", number: int = 1) -> Citation:
    return Citation(number, "a", "t", None, quote, 0, len(quote), lead=lead)


def test_quotes_are_read_out_with_what_they_lean_on() -> None:
    heads = "Ship | Year | Length (m)"
    assert read_out([_citation("Ever Given | 2018 | 400", heads)]) == [
        "Ship: Ever Given | Year: 2018 | Length (m): 400"
    ]
    assert read_out([_citation("| Ever Given | | 400 |", f"| {heads} |")]) == ["Ship: Ever Given | Length (m): 400"]
    assert read_out([_citation("Height | 1 m | 2 m", "Then | Now")]) == ["Height | Then: 1 m | Now: 2 m"]
    assert read_out([_citation("400 m", heads)]) == [f"{heads}: 400 m"], "cells that cannot be told apart"
    assert read_out([_citation("116", "Group A\nSamples")]) == ["Group A Samples: 116"]
    assert read_out([_citation("drier  cellars", "Two\naims:")]) == ["Two aims: drier cellars"]
    assert read_out([_citation("Two aims:\n- drier cellars\n- wider gutters,\n\n- paint")]) == [
        "Two aims: drier cellars; wider gutters, paint"
    ]
    assert read_out([_citation("It rained.\nAgain.")]) == ["It rained. Again."]


def test_a_lead_in_is_said_once_for_quotes_that_follow_one_another() -> None:
    first, second = _citation("drier cellars", "Two aims:"), _citation("wider gutters", "Two aims:", 2)
    other = replace(second, article_id="b")
    assert read_out([first, second]) == ["Two aims: drier cellars", "wider gutters"]
    assert read_out([first, other]) == ["Two aims: drier cellars", "Two aims: wider gutters"]
    rows = [_citation("2014 | 98", "Year | Samples"), _citation("2015 | 116", "Year | Samples", 2)]
    assert read_out(rows) == ["Year: 2014 | Samples: 98", "Year: 2015 | Samples: 116"]


def test_word_for_word_nothing_is_added_to_a_quote_but_what_it_leans_on() -> None:
    heads = "Year | Samples"
    assert word_for_word([_citation("2014 | 98", heads), _citation("2015 | 116", heads)]) == [
        "Year | Samples: 2014 | 98",
        "2015 | 116",
    ]
    assert word_for_word([_citation("drier  cellars", "Two\naims:")]) == ["Two aims: drier cellars"]
    assert word_for_word([_citation("Two aims:\n- drier cellars\n\n- paint")]) == [
        "Two aims:\n- drier cellars\n- paint"
    ]
    assert word_for_word([_citation("It rained.\nAgain.")]) == ["It rained. Again."]


def test_where_a_sentence_goes_on_that_is_quoted_in_part_is_shown() -> None:
    middle = replace(_citation("it  rained"), cut_before=True, cut_after=True)
    assert word_for_word([middle]) == read_out([middle]) == ["… it rained …"]
    assert read_out([replace(middle, cut_before=False)]) == ["it rained …"]
    assert word_for_word([replace(middle, cut_after=False, lead="The talk:")]) == ["The talk: … it rained"]
