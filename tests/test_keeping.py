"""Corrections by hand and undone removals: what is stored after them, and after the page was read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddings.encoder import Encoder
from qa import Article, InvalidInput, Library, Progress, UnknownArticle

DAM = "The dam on the upper river was begun in 1961 by the county. It was finished in 1968, after two floods."
PAGE = (
    '<html><head><title>The dam</title><meta name="author" content="Ana Prieto">'
    '<meta property="article:published_time" content="2020-03-05"></head><body><article><h1>The dam</h1>'
    "<p>{text}</p></article></body></html>"
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as library:
        yield library


@pytest.fixture
def page(tmp_path: Path) -> Path:
    page = tmp_path / "dam.html"
    page.write_text(PAGE.format(text=DAM))
    return page


def test_facts_are_corrected_found_and_kept_when_the_page_is_read_again(library: Library, page: Path) -> None:
    (article_id,) = library.add(page).added
    before = library.article(article_id)
    assert (before.published, before.date_source) == ("2020-03-05", "meta")
    corrected = library.correct(
        article_id, {"title": "Quillmarsh weir", "authors": ["Bo Lund"], "published": "2019", "site": "Notes"}
    )
    assert library.article(article_id) == corrected
    assert (corrected.title, corrected.authors, corrected.published, corrected.date_source, corrected.site) == (
        "Quillmarsh weir",
        ("Bo Lund",),
        "2019",
        None,
        "Notes",
    )
    assert corrected.text == before.text
    assert library.corrected(article_id) == {
        "title": "The dam",
        "authors": ["Ana Prieto"],
        "published": "2020-03-05",
        "site": before.site,
    }
    assert library.retrieve("Quillmarsh", k=1)[0].article.id == article_id
    assert library.retrieve("dam", filters={"authors": ["Lund"]})[0].article.id == article_id
    assert library.add(page).skipped == (article_id,)  # the page has not changed
    page.write_text(PAGE.format(text=f"{DAM} It is white now, and lit at night."))
    assert library.add(page).replaced == (article_id,)
    again = library.article(article_id)
    assert again.text.endswith("lit at night.")
    assert (again.title, again.authors, again.published) == ("Quillmarsh weir", ("Bo Lund",), "2019")
    plain = library.uncorrect(article_id)
    assert (plain.title, plain.authors, plain.published, plain.date_source, plain.site) == (
        "The dam",
        ("Ana Prieto",),
        "2020-03-05",
        "meta",
        before.site,
    )
    assert library.corrected(article_id) == {}


def test_what_the_page_says_is_no_correction(library: Library, page: Path) -> None:
    (article_id,) = library.add(page).added
    library.correct(article_id, {"title": "Weir", "published": None})
    assert library.article(article_id).published is None
    assert library.corrected(article_id) == {"title": "The dam", "published": "2020-03-05"}
    library.correct(article_id, {"title": " The dam "})
    assert library.corrected(article_id) == {"published": "2020-03-05"}


def test_a_correction_goes_onto_what_was_read_meanwhile(
    library: Library, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (article_id,) = library.add(page).added
    encoder, calls = library.encoder, []

    def page_changes_first() -> Encoder:
        calls.append(1)
        if len(calls) == 1:
            page.write_text(PAGE.format(text=f"{DAM} It is white now, and lit at night."))
            library.add(page)
        return encoder

    monkeypatch.setattr(library, "_encoder_for_writing", page_changes_first)
    library.correct(article_id, {"title": "Weir"})
    article = library.article(article_id)
    assert (article.title, article.text.endswith("lit at night.")) == ("Weir", True)
    assert [passage.article_id for passage in library.passages(article_id)] == [article_id]


def test_a_page_that_waits_to_be_stored_takes_on_what_is_corrected_meanwhile(library: Library, page: Path) -> None:
    (article_id,) = library.add(page).added
    page.write_text(PAGE.format(text=f"{DAM} It is white now, and lit at night."))
    note = Article(id="note", title="Note", text="This is added behind the page, in the same batch.")

    def correct_after_reading(step: Progress) -> None:
        if step.done == 1:
            library.correct(article_id, {"title": "Weir", "language": "de"})

    assert library.add([page, note], on_progress=correct_after_reading).replaced == (article_id,)
    article = library.article(article_id)
    assert (article.title, article.language, article.text.endswith("lit at night.")) == ("Weir", "de", True)
    assert library.corrected(article_id) == {"title": "The dam", "language": "en"}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"text": "x"}, "a fact to correct is 'text'; use one of title, authors"),
        ({"title": "  "}, "title is empty"),
        ({"published": "2020-13"}, "give a date that exists"),
        ({"authors": [1]}, "authors is \\[1\\]"),
        ({"site": 3}, "site is 3"),
        ("title", "facts is str, 'title'"),
    ],
)
def test_impossible_facts_change_nothing(library: Library, page: Path, facts: object, reason: str) -> None:
    (article_id,) = library.add(page).added
    before, stamp = library.article(article_id), library.stamp
    with pytest.raises(InvalidInput, match=reason):
        library.correct(article_id, facts)  # type: ignore[arg-type]
    assert (library.article(article_id), library.stamp) == (before, stamp)
    with pytest.raises(UnknownArticle):
        library.correct("none", {"title": "x"})


def test_a_removal_is_undone(library: Library, page: Path) -> None:
    (article_id,) = library.add(page).added
    library.add(Article(id="other", title="Weir", text="The weir below the mill was built in 1820 by the town."))
    library.correct(article_id, {"authors": "Bo Lund"})
    before = (library.article(article_id), library.passages(article_id), library.corrected(article_id))
    ids = [summary.id for summary in library.summaries()]
    hits = library.retrieve("When was the dam begun?", k=2)
    removed = library.remove(article_id)
    assert len(library) == 1
    library.restore(removed)
    assert (library.article(article_id), library.passages(article_id), library.corrected(article_id)) == before
    assert [summary.id for summary in library.summaries()] == ids  # at its place
    assert library.retrieve("When was the dam begun?", k=2) == hits
    assert library.sync().added == ()
    assert library.add(page).skipped == (article_id,)
    with pytest.raises(InvalidInput, match="is in the library again"):
        library.restore(removed)


def test_a_removal_is_undone_though_its_place_is_taken(library: Library) -> None:
    library.add(Article(id="a", title="A", text="Something is said here about the river."))
    removed = library.remove("a")
    library.add(Article(id="b", title="B", text="Something else is said here about the sea."))
    library.restore(removed)
    assert [summary.id for summary in library.summaries()] == ["b", "a"]


# -- pages of the list, what there is, steps of an answer


def test_pages_of_the_list_in_any_order(library: Library) -> None:
    facts = [
        ("Ähre", "Zoe", "2020", "b"),
        ("Zebra", "Ann", None, None),
        ("apple", "", "2021-05", "A"),
        ("Mole", "Bo", "2019", "b"),
    ]
    for number, (title, author, published, site) in enumerate(facts):
        text = f"{title} is what this is about. " * (40 * number + 1)
        authors = (author,) if author else ()
        library.add(Article(f"n{number}", title, text, authors=authors, published=published, site=site))

    def titles(**options: object) -> list[str]:
        return [each.title for each in library.browse(**options).articles]  # type: ignore[arg-type]

    assert titles() == ["Ähre", "Zebra", "apple", "Mole"]
    assert titles(order="title") == ["Ähre", "apple", "Mole", "Zebra"]
    assert titles(order="author") == ["Zebra", "Mole", "Ähre", "apple"]
    assert titles(order="date", descending=True) == ["apple", "Ähre", "Mole", "Zebra"]
    assert titles(order="site") == ["apple", "Ähre", "Mole", "Zebra"]
    assert titles(order="passages", descending=True) == ["Mole", "apple", "Zebra", "Ähre"]
    assert titles(order="title", offset=1, limit=2) == ["apple", "Mole"]
    assert library.browse("B", order="title").total == 3  # in title, author or site
    assert library.browse("nothing").articles == ()
    for wrong in ({"order": "size"}, {"offset": -1}, {"limit": 0}):
        with pytest.raises(InvalidInput):
            library.browse(**wrong)  # type: ignore[arg-type]


def test_overview_counts(library: Library) -> None:
    library.add(Article("a", "A", "It is said here in plain words.", None, ("Ann", "Bo"), "2020-05", "S"))
    library.add(Article("b", "B", "It is said there in plain words.", authors=("Bo",), published="2019", site="S"))
    library.add(Article("c", "C", "It is said nowhere in such words.", language="en"))
    overview = library.overview()
    assert list(overview.years.items()) == [("", 1), ("2019", 1), ("2020", 1)]
    assert list(overview.sites.items()) == [("S", 2), ("", 1)]
    assert list(overview.authors.items()) == [("Bo", 2), ("Ann", 1)]
    assert sum(overview.languages.values()) == 3


def test_steps_lead_to_the_same_answer(example_library: Library) -> None:
    question = "How much of the electricity of Snorre and Gullfaks comes from floating turbines?"
    steps = list(example_library.ask_in_steps(question))
    assert [step.name for step in steps] == ["searching", "reading", "answered"]
    assert [step.answer is None for step in steps] == [True, True, False]
    assert steps[1].hits == steps[2].hits
    assert steps[-1].answer == example_library.ask(question)
    (first, last) = example_library.ask_in_steps("Which articles mention Tonga?")
    assert (first.name, last.answer is not None and last.answer.kind) == ("searching", "articles")
    with pytest.raises(InvalidInput):
        next(example_library.ask_in_steps(" "))
