"""The values that flow between the stages check themselves."""

from __future__ import annotations

import dataclasses

import pytest

from qa import Answer, Article, Block, Citation, Failure, Filters, InvalidInput, Passage, Turn
from qa.types import iso_date, turns


def test_values_cannot_be_changed() -> None:
    article = Article("a", "Title", "Text.")
    with pytest.raises(dataclasses.FrozenInstanceError):
        article.text = "Other."  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2023-02-17", "2023-02-17"),
        ("2023-02", "2023-02"),
        ("2023", "2023"),
        (" 2023-02-17 ", "2023-02-17"),
        ("2023-02-17T10:00:00Z", "2023-02-17"),
        ("2023-02-17 10:00", "2023-02-17"),
        ("2024-02-29", "2024-02-29"),
    ],
)
def test_iso_date_keeps_day_month_or_year(value: str, iso: str) -> None:
    assert iso_date(value, "x") == iso
    assert Article("a", "t", "x", published=value).published == iso


@pytest.mark.parametrize(
    "value", ["2023-02-30", "2023-13", "17.2.2023", "yesterday", "", "0000", "23-02-17", "2023-2-7", None, 2023]
)
def test_dates_that_do_not_exist_are_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"Filters\.since"):
        iso_date(value, "Filters.since")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"id": " "}, "Article.id is empty"),
        ({"id": 3}, "Article.id is int"),
        ({"text": b"bytes"}, "Article.text is bytes"),
        ({"title": None}, "Article.title is NoneType"),
        ({"text": "half \ud800"}, "lone surrogate at character 5"),
        ({"authors": "Ana Li"}, "Ana Li"),
        ({"published": "soon"}, "soon"),
        ({"blocks": (Block("paragraph", 0, 4), Block("paragraph", 3, 5))}, "overlaps"),
        ({"blocks": (Block("paragraph", 0, 99),)}, "leaves the text of 5 characters"),
    ],
)
def test_a_malformed_article_is_refused(fields: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        Article(**{"id": "a", "title": "t", "text": "Text.", **fields})  # type: ignore[arg-type]


def test_lists_given_for_tuples_become_tuples() -> None:
    article = Article("a", "t", "Text.", authors=["Ana Li"], blocks=[Block("paragraph", 0, 5)])  # type: ignore[arg-type]
    assert article.authors == ("Ana Li",)
    assert article.blocks == (Block("paragraph", 0, 5),)
    assert hash(article) == hash(dataclasses.replace(article))


@pytest.mark.parametrize("span", [(-1, 3), (3, 3), (4, 2)])
def test_a_block_is_not_empty(span: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match=f"{span[0]}..{span[1]}"):
        Block("paragraph", *span)


def test_a_block_is_of_a_known_kind() -> None:
    with pytest.raises(InvalidInput, match="'footer'"):
        Block("footer", 0, 1)  # type: ignore[arg-type]


def test_spans_fit_the_text_they_come_with() -> None:
    with pytest.raises(InvalidInput, match=r"0\.\.3 but has 4"):
        Passage("a", 0, 3, "four")
    with pytest.raises(InvalidInput, match="citation 1"):
        Citation(1, "a", "t", None, "quote", 0, 4)


@pytest.mark.parametrize("span", [(9, 12), (12, 16), (14, 12), (12, 12)])
def test_a_span_lies_within_its_quote(span: tuple[int, int]) -> None:
    assert Citation(1, "a", "t", None, "quote", 10, 15, span=(10, 15)).span == (10, 15)
    with pytest.raises(InvalidInput, match=rf"citation 1 of 10\.\.15 has the span {span[0]}\.\.{span[1]}"):
        Citation(1, "a", "t", None, "quote", 10, 15, span=span)


def test_an_answer_differs_in_citations_that_it_has() -> None:
    one = Citation(1, "a", "t", None, "quote", 0, 5)
    with pytest.raises(InvalidInput, match="citation 2"):
        Answer("?", True, "quote [1]", (one,), (), 0.9, differs=(1, 2))
    with pytest.raises(InvalidInput, match="'song'"):
        Answer("?", True, "quote [1]", (one,), (), 0.9, kind="song")  # type: ignore[arg-type]


def test_filters_take_a_name_or_several() -> None:
    assert Filters.of({"authors": "Ana Li", "sites": ["x", " y ", ""]}) == Filters(
        authors=("Ana Li",), sites=("x", "y")
    )
    assert Filters.of({"authors": None}) == Filters.of(None) == Filters()
    assert not Filters()
    assert Filters(since="2020")
    given = Filters(languages=("en",))
    assert Filters.of(given) is given


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"author": "Ana"}, "unknown filter author; known: authors, sites"),
        ({"authors": [1]}, r"filter authors is \[1\]"),
        ({"since": "last year"}, "filter since is 'last year'"),
        ({"since": "2022-05", "until": "2022-04"}, "2022-05, until 2022-04"),
        ("Ana", "filters is str"),
    ],
)
def test_malformed_filters_are_refused(value: object, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        Filters.of(value)  # type: ignore[arg-type]


def test_a_year_and_a_month_of_it_are_a_range() -> None:
    assert Filters(since="2022-05", until="2022").until == "2022"


def test_turns_reads_what_chat_apis_and_gradio_send() -> None:
    history = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who?", "metadata": None},
        {"role": "assistant", "content": [{"type": "text", "text": "Ana"}, {"type": "file", "file": {}}, "Li"]},
        {"role": "user", "content": {"path": "picture.png"}},
        Turn("user", "When?"),
    ]
    assert turns(history) == (Turn("user", "Who?"), Turn("assistant", "Ana Li"), Turn("user", "When?"))
    assert turns(()) == ()


@pytest.mark.parametrize("history", ["Who?", {"role": "user"}, 3, [["Who?", "Ana"]], [{"content": "Who?"}], None])
def test_a_history_of_another_form_is_refused(history: object) -> None:
    with pytest.raises(InvalidInput, match="history"):
        turns(history)  # type: ignore[arg-type]


def test_a_failure_names_its_source_once() -> None:
    assert Failure("a.pdf", "a.pdf is damaged; save it again").said == " is damaged; save it again"
    assert Failure("a.pdf", "could not be read: KeyError").said == ": could not be read: KeyError"
    assert Failure("a.pdf", "a.pdfx is no file").said == ": a.pdfx is no file"
