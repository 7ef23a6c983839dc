"""What a question names of articles: times, authors, sites and words of titles, and what that does to the ranking."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from qa import Library
from qa.mentions import Mentions, Word, boosts, mentions, named_articles, period
from qa.retriever import Candidate, Settings, find
from qa.store import Names
from qa.types import Filters

TODAY = datetime.date(2024, 3, 6)  # a Wednesday


@pytest.mark.parametrize(
    ("question", "since", "until", "said"),
    [
        ("What happened in 2022?", "2022-01-01", "2022-12-31", "in 2022"),
        ("What was said in February 2023 of it?", "2023-02-01", "2023-02-28", "in February 2023"),
        ("the report of 17 February 2023", "2023-02-17", "2023-02-17", "of 17 February 2023"),
        ("the report from Feb. 3rd, 2020", "2020-02-03", "2020-02-03", "from Feb. 3rd, 2020"),
        ("anything dated 2023-02", "2023-02-01", "2023-02-28", "dated 2023-02"),
        ("2021's best", "2021-01-01", "2021-12-31", "2021"),
        ("all since 2022", "2022-01-01", None, "since 2022"),
        ("all since last year", "2023-01-01", "2024-03-06", "since last year"),
        ("all from May 2021 on", "2021-05-01", None, "from May 2021 on"),
        ("all after 2021", "2022-01-01", None, "after 2021"),
        ("all before 2 May 2021", None, "2021-05-01", "before 2 May 2021"),
        ("all until 2021", None, "2021-12-31", "until 2021"),
        ("all between 2019 and June 2020", "2019-01-01", "2020-06-30", "between 2019 and June 2020"),
        ("last year's report", "2023-01-01", "2023-12-31", "last year"),
        ("this year", "2024-01-01", "2024-12-31", "this year"),
        ("last month", "2024-02-01", "2024-02-29", "last month"),
        ("last week", "2024-02-26", "2024-03-03", "last week"),
        ("this week", "2024-03-04", "2024-03-10", "this week"),
        ("in the past 10 days", "2024-02-25", "2024-03-06", "in the past 10 days"),
        ("yesterday", "2024-03-05", "2024-03-05", "yesterday"),
        ("in January", "2024-01-01", "2024-01-31", "in January"),
        ("in October", "2023-10-01", "2023-10-31", "in October"),
    ],
)
def test_a_time_is_read_as_days(question: str, since: str | None, until: str | None, said: str) -> None:
    found = period(question, TODAY)
    assert found is not None
    assert (found.since, found.until, question[found.start : found.end]) == (since, until, said)


@pytest.mark.parametrize(
    "question",
    [
        "Who paid 2000 people?",
        "a 2020 car",
        "in 20205",
        "of 1900-2000 sheep",
        "on 31 February 2020",
        "It may march on",
        "",
    ],
)
def test_no_time_is_read_where_none_is_named(question: str) -> None:
    assert period(question, TODAY) is None


def test_a_month_or_year_of_publication_is_compared_as_far_as_it_goes() -> None:
    found = period("between March 2021 and May 2022", TODAY)
    assert found is not None
    days = {
        one: found.holds(one) for one in ("2021", "2021-02", "2021-03", "2021-03-01", "2022-05-31", "2022-06", None)
    }
    assert [one for one, held in days.items() if held] == ["2021", "2021-03", "2021-03-01", "2022-05-31"]


# -- boosts by themselves


def _word(term: str, weight: float = 1.0, *, may_name: bool = False) -> Word:
    return Word(frozenset([term]), weight, may_name)


def _names(
    title: str = "", headings: str = "", author: str = "", site: str = "", published: str | None = None
) -> Names:
    heads, people = ((tuple(text.split()),) if text else () for text in (headings, author))
    return Names(tuple(title.split()), heads, people, tuple(site.split()), published)


def test_a_boost_is_a_sum_of_shares() -> None:
    asked = Mentions(
        (_word("what", 0), _word("ahm", 1, may_name=True), _word("dam", 3), _word("say", 0)), period("in 2022", TODAY)
    )
    found = boosts(
        asked,
        {
            "none": _names("river", published="2021"),
            "title": _names("the dam"),
            "heading": _names("river", "dam"),
            "author": _names(author="zahid ahm"),
            "date": _names(published="2022-05-01"),
            "all": _names("ahm dam", author="zahid ahm", published="2022"),
        },
    )
    assert found == pytest.approx({"none": 0, "title": 0.3, "heading": 0.15, "author": 0.4, "date": 0.2, "all": 1.0})


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("What did Oyinlola say?", {"Clara Oyinlola"}),
        ("what did clara oyinlola say", {"Clara Oyinlola"}),
        ("what did oyinlola say", {"Clara Oyinlola"}),
        ("the oyinlola view", set()),
        ("What is said in Tidemark?", {"Tidemark"}),
        ("a tidemark on the wall", set()),
        ("According to the Harbour Post, what broke?", {"The Harbour Post"}),
        ("Was the post in the harbour?", set()),
        ("What did Clara say?", set()),
    ],
)
def test_authors_and_sites_are_known_by_name(example_library: Library, question: str, title: set[str]) -> None:
    store = example_library._store
    found = store.articles_by_id(named_articles(mentions(question, store, today=TODAY), store))
    assert {name for one in found.values() for name in (*one.authors, one.site)} & {
        "Clara Oyinlola",
        "Tidemark",
        "The Harbour Post",
    } == title


# -- in the ranking


def _first(library: Library, question: str, named: float) -> tuple[str, list[Candidate]]:
    found = find(
        question,
        library.encoder.embed_question(question),
        store=library._store,
        k=10,
        filters=Filters(),
        settings=replace(Settings(), named=named),
        today=datetime.date(2024, 6, 1),
    )
    source = library.article(found[0].stored.passage.article_id).source or ""
    return Path(source).stem, found


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("What did Quayside Notes say about the canal?", "ever-given-compensation-claim"),
        ("What did Clara Oyinlola say about the spring tides?", "suez-ever-given-six-days"),
        ("What was reported about Tonga in January 2023?", "hunga-tonga-2022-eruption"),
        ("What was reported about Tonga last year?", "hunga-tonga-2022-eruption"),
        ("What did Tidemark say about the ozone hole?", "ozone-hole-found-at-halley"),
    ],
)
def test_the_article_that_is_named_comes_first(example_library: Library, question: str, article: str) -> None:
    assert _first(example_library, question, Settings().named)[0] == article


def test_the_weight_decides(example_library: Library) -> None:
    question = "What was reported about Tonga last year?"
    without, unnamed = _first(example_library, question, 0.0)
    assert without == "tonga-internet-restored-pacific-ledger"
    assert {candidate.named for candidate in unnamed} == {0.0}
    with_it, named = _first(example_library, question, Settings().named)
    assert with_it == "hunga-tonga-2022-eruption"
    by_article = {one.stored.passage.article_id: one.named for one in named}
    assert all(0 <= value <= 1 for value in by_article.values())
    assert len(set(by_article.values())) > 1


def test_filters_hold_for_what_is_named(example_library: Library) -> None:
    hits = example_library.retrieve("What did Oyinlola say about ships?", filters={"sites": "Tidemark"}, k=8)
    assert {hit.article.site for hit in hits} == {"Tidemark"}
