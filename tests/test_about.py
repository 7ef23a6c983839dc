"""Questions about the articles themselves, and those that only look like it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa import Answer, Article, Library
from qa.request import Clause, Request, parse

TODAY = datetime.date(2026, 6, 1)

DAM = Article(
    "dam",
    "The Karun dam: twenty years on",
    "The Karun dam holds back a river in the hills. It was praised by everybody.\n\nThe weir below it is older.",
    url="https://www.rivers.example/dam",
    authors=("Zahid Shahab Ahmed", "Ana Li"),
    published="2021-05-03",
    site="River Notes",
    language="en",
)
WEIR = Article(
    "weir",
    "Weirs of the north",
    "Zahid Shahab Ahmed\n\nA weir is low. The Karun dam is mentioned here [1] <b>once</b>.\n\nSwat has none.",
    authors=("Zahid Shahab Ahmed",),
    published="2023",
    site="River Notes",
    language="en",
)
HAMLET = Article("hamlet", "Hamlet", "Hamlet is a play by Shakespeare. It was first printed in 1603.", language="en")
NOTE = Article("note", "A <i>note</i> on [1] locks", "Locks lift boats.", authors=("B. Root",), site="Canal Post")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("about") / "library") as opened:
        assert not opened.add([DAM, WEIR, HAMLET, NOTE]).failed
        yield opened


def _ids(answer: Answer) -> list[str]:
    return [citation.article_id for citation in answer.citations]


# -- told apart by form


@pytest.mark.parametrize(
    ("question", "request_"),
    [
        ("Who wrote the piece on the Swat operation?", Request("author", "the Swat operation", "noun")),
        ("Who is the author of 'Weirs of the north'?", Request("author", "Weirs of the north", "quoted")),
        ("By whom was the Karun article written?", Request("author", "Karun", "noun")),
        ("Who wrote Hamlet?", Request("author", "Hamlet")),
        ("When was the report published?", Request("date", "the report")),
        ("Which site published the article about Swat?", Request("site", "Swat", "noun")),
        ("Which articles mention Swat?", Request("list", clauses=(Clause("mention", "Swat"),))),
        ("which of my stories are about dams", Request("list", clauses=(Clause("on", "dams"),), mine=True)),
        (
            "What is my newest article on tax on trade?",
            Request("newest", clauses=(Clause("on", "tax on trade"),), mine=True),
        ),
        (
            "How many articles about dams do I have from River Notes?",
            Request("count", clauses=(Clause("on", "dams"), Clause("from", "River Notes"))),
        ),
        ("Please list all articles by Ana Li", Request("list", clauses=(Clause("by", "Ana Li"),))),
        ("What has Ana Li written?", Request("list", clauses=(Clause("by", "Ana Li"),))),
    ],
)
def test_questions_about_articles_are_read(question: str, request_: Request) -> None:
    assert parse(question, TODAY) == request_


def test_a_time_is_a_condition_of_its_own() -> None:
    request = parse("What do I have by Ahmed since 2022?", TODAY)
    assert request is not None
    assert request.period is not None
    assert (request.wanted, request.clauses, request.mine) == ("list", (Clause("by", "Ahmed"),), True)
    assert (request.period.since, request.period.until, request.when) == ("2022-01-01", None, "since 2022")


@pytest.mark.parametrize(
    "question",
    [
        "Which articles of the constitution mention freedom?",
        "Which article guarantees freedom of speech?",
        "What is the first article of the constitution?",
        "How many articles does the treaty have?",
        "What do I have to do to get a visa?",
        "What is the latest on Tonga?",
        "Articles of Confederation",
        "Who wrote?",
        "When was the dam built?",
        "Who was the first to publish an article on dams?",
        "Is there anything on the moon?",
    ],
)
def test_questions_about_the_world_are_left_alone(question: str) -> None:
    assert parse(question, TODAY) is None


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote Hamlet?",  # it is the title of an article, which names no author
        'Who wrote "Hamlet"?',
        "When was Hamlet published?",
        "When was the report published?",
        "Who wrote the Karun report?",
        "Who wrote about the Karun dam?",
        "What did Darwin write?",
        "Which articles by Darwin mention weirs?",
        "Which articles were published in 1937?",
        "How many articles are there in the constitution?",
        "How many pieces are in the set?",
    ],
)
def test_what_names_no_article_is_asked_of_the_texts(library: Library, question: str) -> None:
    assert library.ask(question).kind == "quotes"


# -- answered


def test_who_wrote_it(library: Library) -> None:
    answer = library.ask("Who wrote the piece on the Karun dam?")
    assert answer.text == "“The Karun dam: twenty years on” is by Zahid Shahab Ahmed and Ana Li. [1]"
    assert (answer.found, answer.kind, answer.support) == (True, "articles", 0.9)
    citation = answer.citations[0]
    assert (citation.article_id, citation.quote) == ("dam", DAM.text[citation.start : citation.end])
    assert citation.quote == "The Karun dam holds back a river in the hills."
    assert citation.link is not None
    assert citation.link.startswith("https://www.rivers.example/dam#:~:text=")
    assert answer.hits[0].article.id == "dam"


def test_the_author_is_cited_where_the_name_stands(library: Library) -> None:
    answer = library.ask("Who wrote 'Weirs of the north'?")
    assert answer.text == "“Weirs of the north” is by Zahid Shahab Ahmed. [1]"
    assert (answer.citations[0].start, answer.citations[0].quote) == (0, "Zahid Shahab Ahmed")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("When was The Karun dam: twenty years on published?", "was published on 3 May 2021. [1]"),
        ("When was the article about weirs published?", "“Weirs of the north” was published in 2023. [1]"),
        ("Where was the Karun piece published?", "was published by River Notes. [1]"),
        ("who wrote weirs of the north", None),  # two words that say something are not enough without "article"
    ],
)
def test_when_and_where_it_was_published(library: Library, question: str, text: str | None) -> None:
    answer = library.ask(question)
    assert answer.kind == ("articles" if text else "quotes")
    assert text is None or answer.text.endswith(text)


def test_what_is_not_known_is_said(library: Library) -> None:
    answer = library.ask("Who wrote the article called Hamlet?")
    assert (answer.found, answer.kind, answer.support, answer.citations) == (False, "articles", 0.0, ())
    assert answer.text == "“Hamlet” names no author."
    assert answer.hits


@pytest.mark.parametrize(
    ("question", "ids", "first_line"),
    [
        ("What do I have by Ahmed since 2022?", ["weir"], "1 article by Ahmed published since 2022:"),
        ("What do I have by Ahmed?", ["weir", "dam"], "2 articles by Ahmed:"),
        ("Which articles mention Swat?", ["weir"], "1 article that mentions Swat:"),
        ("Which articles mention the Karun dam?", ["weir", "dam"], "2 articles that mention the Karun dam:"),
        ("Which articles are about the Karun dam?", ["weir", "dam"], "2 articles about the Karun dam:"),
        ("How many articles do I have?", ["weir", "dam", "note", "hamlet"], "4 articles:"),
        ("How many articles do I have from River Notes?", ["weir", "dam"], "2 articles from River Notes:"),
        ("List my articles from rivers.example", ["dam"], "1 article from rivers.example:"),
        ("Which articles by Ahmed mention Swat?", ["weir"], "1 article by Ahmed that mentions Swat:"),
        (
            "Which articles were published in 2021?",
            ["dam"],
            "1 article published in 2021, not counting 2 without a date:",
        ),
    ],
)
def test_articles_are_listed_newest_first(library: Library, question: str, ids: list[str], first_line: str) -> None:
    answer = library.ask(question)
    assert (answer.found, answer.kind) == (True, "articles")
    assert _ids(answer) == ids
    lines = answer.text.splitlines()
    assert lines[0] == first_line
    assert [line.rsplit(" ", 1)[1] for line in lines[1:]] == [f"[{number}]" for number in range(1, len(ids) + 1)]
    for citation in answer.citations:
        article = library.article(citation.article_id)
        assert citation.quote == article.text[citation.start : citation.end] != ""


def test_a_mention_is_cited_where_it_stands(library: Library) -> None:
    assert library.ask("Which articles mention Swat?").citations[0].quote == "Swat has none."
    answer = library.ask("Which articles mention the Karun dam?")
    assert answer.citations[0].quote == "The Karun dam is mentioned here [1] <b>once</b>."


def test_newest_and_oldest(library: Library) -> None:
    assert library.ask("What is my newest article on the Karun dam?").text == (
        "The newest of 2 articles about the Karun dam is “Weirs of the north” "
        "(Zahid Shahab Ahmed, River Notes, 2023). [1]"
    )
    assert _ids(library.ask("What is the oldest article by Ahmed?")) == ["dam"]
    undated = library.ask("What is my newest article on locks?")
    assert (undated.found, undated.text) == (False, "No date is known of the 1 article about locks.")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What do I have by Darwin?", "There is no article here by Darwin."),
        ("Which articles mention penguins?", "There is no article here that mentions penguins."),
        ('Do I have anything about " OR * NEAR(?', None),
    ],
)
def test_nothing_is_an_answer_too(library: Library, question: str, text: str | None) -> None:
    answer = library.ask(question)
    assert (answer.found, answer.citations) == (False, ())
    assert text is None or (answer.kind, answer.text) == ("articles", text)
    assert answer.hits


def test_filters_hold(library: Library) -> None:
    assert _ids(library.ask("What do I have by Ahmed?", filters={"until": "2022"})) == ["dam"]
    assert (
        library.ask("Who wrote the Karun piece?", filters={"article_ids": ["weir"]}).citations[0].article_id == "weir"
    )


def test_at_most_ten_are_listed_and_all_counted(tmp_path: Path) -> None:
    with Library.open(tmp_path) as many:
        many.add(
            [
                Article(
                    f"a{day}", f"Day {day}", f"On day {day} it rained.", published=f"2020-01-{day:02}", language="en"
                )
                for day in range(1, 14)
            ]
        )
        answer = many.ask("Which articles mention rain?")
        assert answer.text.splitlines()[0] == "13 articles that mention rain; the newest 10 are:"
        assert _ids(answer) == [f"a{day}" for day in range(13, 3, -1)]


def test_an_empty_library_says_so(tmp_path: Path) -> None:
    with Library.open(tmp_path) as empty:
        answer = empty.ask("How many articles do I have?")
        assert (answer.found, answer.text) == (False, "There are no articles to search.")


@pytest.mark.parametrize(
    ("question", "article", "text"),
    [
        (
            "Who wrote the article on the box that shrank the world?",
            "containers-box-that-shrank-the-world",
            "Jonas Abiodun",
        ),
        ("who wrote six days in the sand", "suez-ever-given-six-days", "Clara Oyinlola"),
        ("When was the article on the ozone hole published?", "ozone-hole-found-at-halley", "5 October 2023"),
        ("What is my newest article on Tonga?", "hunga-tonga-2022-eruption", "14 January 2023"),
        ("Articles by Hedda Stroem", "vindeby-first-offshore-wind-farm", "Eleven windmills"),
    ],
)
def test_on_pages(example_library: Library, question: str, article: str, text: str) -> None:
    answer = example_library.ask(question)
    assert (answer.found, answer.kind) == (True, "articles")
    assert text in answer.text
    assert Path(example_library.article(answer.citations[0].article_id).source or "").stem == article


def test_a_follow_up_is_read_as_the_question_that_it_stands_for(library: Library) -> None:
    history = [{"role": "user", "content": "Tell me about Swat"}, {"role": "assistant", "content": "Swat has none."}]
    assert (
        library.ask("Which articles mention Swat?", history=history).text
        == library.ask("Which articles mention Swat?").text
    )
