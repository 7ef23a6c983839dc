"""`Library` on the real model, SQLite and FAISS: in, out, asked, closed, shared, rebuilt."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from embeddings.encoder import Encoder
from embeddings.model import find_model
from qa import (
    Article,
    Filters,
    InvalidInput,
    Library,
    LibraryClosed,
    LibraryError,
    ModelError,
    ModelMismatch,
    Progress,
    UnknownArticle,
)

ARTICLES = [
    Article(
        "whales",
        "Whales of the south",
        "The blue whale is the largest animal. It eats four tonnes of krill a day.\n\nIts heart weighs like a horse.",
        authors=("Zahid Shahab Ahmed", "Mirela Stănescu"),
        published="2023-02-17",
        site="Tidemark",
        language="en",
        url="https://example.org/whales",
    ),
    Article(
        "cables",
        "Cables under the sea",
        "A repair ship lifted the broken cable from three thousand metres. It carries the internet to the islands.",
        authors=("Ana Li",),
        published="2022",
        site="The Harbour Post",
        language="en",
    ),
    Article(
        "suez",
        "El canal de Suez",
        "El canal de Suez se inauguró en 1869. Ferdinand de Lesseps obtuvo la concesión del canal.",
        published="2024-05",
        language="es",
    ),
    Article("plain", "Bread", "Knead the dough for ten minutes. Bake the bread in a hot oven until it is brown."),
]

Open = Callable[..., Library]


@pytest.fixture
def opened(encoder: Encoder, tmp_path: Path) -> Iterator[Open]:
    """Opens libraries that share the loaded model (loading it for every test would take a minute)."""
    libraries = []

    def open_library(folder: Path | None = None, **options: Any) -> Library:
        library = Library.open(folder or tmp_path / "library", **options)
        library._loaded = encoder
        libraries.append(library)
        return library

    yield open_library
    for library in libraries:
        library.close()


@pytest.fixture(scope="module")
def asked(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The articles in a library that is only asked."""
    with Library.open(tmp_path_factory.mktemp("asked") / "library") as filled:
        filled._loaded = encoder
        assert filled.add(ARTICLES).added == ("whales", "cables", "suez", "plain")
        yield filled


@pytest.fixture
def library(asked: Library, opened: Open, tmp_path: Path) -> Library:
    """A copy of that library, to be changed."""
    return opened(Path(shutil.copytree(asked.folder, tmp_path / "library")))


def _ids(library: Library, question: str, **options: Any) -> list[str]:
    return [hit.article.id for hit in library.retrieve(question, **options)]


def _same_answers(one: Library, other: Library) -> None:
    for question in ("What do whales eat?", "Who lifted the cable?", "bread", "¿Quién obtuvo la concesión?"):
        assert other.retrieve(question) == one.retrieve(question)


# -- what is in it


def test_the_articles_are_as_they_were_given(asked: Library) -> None:
    assert list(asked.articles()) == ARTICLES
    assert len(asked) == 4
    assert asked.article("suez") == ARTICLES[2]
    assert asked.passage_count == sum(len(asked.passages(article.id)) for article in ARTICLES) == 4
    assert [summary.id for summary in asked.summaries("stanescu")] == ["whales"]
    for article in ARTICLES:
        for passage in asked.passages(article.id):
            assert article.text[passage.start : passage.end] == passage.text


def test_a_removed_article_is_found_no_more(library: Library) -> None:
    assert _ids(library, "What do whales eat?")[0] == "whales"
    library.remove("whales")
    assert "whales" not in _ids(library, "What do whales eat?", k=50)
    assert len(library) == 3
    for call in (library.remove, library.article, library.passages):
        with pytest.raises(UnknownArticle, match="'whales'"):
            call("whales")


def test_the_encoder_gives_the_vectors_that_passages_are_found_by(asked: Library) -> None:
    hit = asked.retrieve("What do whales eat?", k=1)[0]
    question = asked.encoder.encode_questions(["What do whales eat?"])[0]
    passage = asked.encoder.encode_passages([f"{hit.article.title}\n{hit.passage.text}"])[0]
    assert hit.dense == pytest.approx(float(question @ passage), abs=2e-3)  # stored in half precision


# -- questions


def test_an_empty_library_answers_nothing(opened: Open) -> None:
    empty = opened()
    assert empty.retrieve("Who?") == []
    answer = empty.ask("Who?")
    assert (answer.found, answer.citations, answer.hits, answer.support) == (False, (), (), 0.0)
    assert answer.text == "There are no articles to search."
    assert list(empty.articles()) == empty.summaries() == []
    assert (len(empty), empty.passage_count) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"k": 0}, "k is 0"),
        ({"k": -3}, "k is -3"),
        ({"k": True}, "k is True"),
        ({"k": 2.0}, "k is 2.0"),
        ({"k": "5"}, "k is '5'"),
        ({"question": ""}, "question is empty"),
        ({"question": " \n\t\0 "}, "question is empty"),
        ({"question": None}, "question is NoneType"),
        ({"question": b"Who?"}, "question is bytes"),
        ({"history": "Who?"}, "history is str"),
        ({"history": [("Who?", "Ana")]}, "history holds"),
        ({"history": {"role": "user", "content": "x"}}, "history is dict"),
        ({"filters": {"author": "x"}}, "unknown filter author"),
        ({"filters": ["x"]}, "filters is list"),
    ],
)
def test_malformed_arguments_are_named(asked: Library, arguments: dict[str, Any], named: str) -> None:
    arguments = {"question": "What do whales eat?", **arguments}
    for call in (asked.retrieve, asked.ask):
        with pytest.raises(InvalidInput, match=named):
            call(arguments["question"], **{key: value for key, value in arguments.items() if key != "question"})


@pytest.mark.parametrize("min_score", [float("nan"), "0.5", [0.5]])
def test_min_score_is_a_number(asked: Library, min_score: Any) -> None:
    with pytest.raises(InvalidInput, match="min_score is"):
        asked.retrieve("whales", min_score=min_score)


def test_min_score_leaves_out_the_hits_below_it(asked: Library) -> None:
    hits = asked.retrieve("What do whales eat?", k=4)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert asked.retrieve("What do whales eat?", k=4, min_score=hits[1].score) == hits[:2]
    assert asked.retrieve("What do whales eat?", k=4, min_score=0) != []
    assert asked.retrieve("What do whales eat?", min_score=float("inf")) == []


@pytest.mark.parametrize(
    "question", ["\ud800 lone", "a" * 100_000, "?" * 500, '* OR "', "<script>alert(1)</script>", "🐋", "\u202ewhale"]
)
def test_any_question_is_searched(asked: Library, question: str) -> None:
    assert len(asked.retrieve(question, k=2)) == 2
    assert 0 <= asked.ask(question).support <= 1


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"authors": "ahmed"}, {"whales"}),
        ({"authors": ["STANESCU"]}, {"whales"}),
        ({"authors": ["ana", "Zahid"]}, {"whales", "cables"}),
        ({"authors": "%"}, set()),
        ({"sites": "harbour"}, {"cables"}),
        ({"languages": "ES"}, {"suez"}),
        ({"languages": ["en", "es"]}, {"whales", "cables", "suez"}),
        ({"article_ids": ["plain", "suez", "none"]}, {"plain", "suez"}),
        ({"article_ids": "none"}, set()),
        ({"since": "2023-02-17"}, {"whales", "suez"}),
        ({"since": "2023-02-18"}, {"suez"}),
        ({"until": "2023-02-17"}, {"whales", "cables"}),
        ({"until": "2023-02-16"}, {"cables"}),
        ({"since": "2022", "until": "2022"}, {"cables"}),
        ({"since": "2022-06"}, {"whales", "cables", "suez"}),  # some of 2022 is after June
        ({"since": "2023", "until": "2023"}, {"whales"}),
        ({"until": "2024-05-01"}, {"whales", "cables", "suez"}),
        ({"since": "2022", "authors": "ana", "sites": "tidemark"}, set()),
        ({}, {"whales", "cables", "suez", "plain"}),
        (None, {"whales", "cables", "suez", "plain"}),
        (Filters(sites=("tidemark",)), {"whales"}),
    ],
)
def test_filters_limit_the_articles_searched(asked: Library, filters: Any, expected: set[str]) -> None:
    assert set(_ids(asked, "the sea and the bread", k=10, filters=filters)) == expected
    if not expected:
        answer = asked.ask("the sea", filters=filters)
        assert (answer.found, answer.hits, answer.text) == (False, (), "No article passes the filters.")


def test_a_follow_up_is_searched_with_its_subject(asked: Library) -> None:
    history = [
        {"role": "user", "content": "Which ship repaired the internet cable of the islands?"},
        {"role": "assistant", "content": "A repair ship. [1]"},
    ]
    assert _ids(asked, "And from how deep?", history=history, k=1) == ["cables"]
    answer = asked.ask("And from how deep?", history=history)
    assert answer.question == "And from how deep? (ship repaired, internet cable, islands)"


def test_several_threads_may_ask_and_add_at_once(library: Library) -> None:
    expected = library.retrieve("What do whales eat?", k=2)
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(5):
                assert library.retrieve("What do whales eat?", k=2) == expected
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    def add() -> None:
        try:
            for number in range(3):
                library.add(Article(f"extra{number}", "Rocks", f"Granite number {number} is hard."))
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)] + [threading.Thread(target=add)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(library) == 7


# -- opening and closing


def test_a_closed_library_says_so(opened: Open) -> None:
    with opened() as library:
        library.add(ARTICLES[:1])
        articles = library.articles()
    library.close()
    for call in (
        lambda: library.retrieve("whales"),
        lambda: library.ask("whales"),
        lambda: library.add(ARTICLES),
        lambda: library.remove("whales"),
        lambda: library.sync(),
        lambda: library.summaries(),
        lambda: next(articles),
        lambda: len(library),
    ):
        with pytest.raises(LibraryClosed):
            call()


def test_a_library_that_is_not_there_is_not_made_unasked(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="there is no library"):
        Library.open(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()
    with pytest.raises(InvalidInput, match="ranking is 'best'"):
        Library.open(tmp_path / "none", ranking="best")


def test_a_library_opened_again_answers_the_same(library: Library, opened: Open) -> None:
    _same_answers(library, opened())


def test_rankings_leave_stages_out(library: Library, opened: Open) -> None:
    dense = opened(ranking="dense").retrieve("What do whales eat?", k=4)
    assert [hit.dense for hit in dense] == sorted((hit.dense for hit in dense), reverse=True)
    assert {hit.lexical for hit in dense} == {hit.late for hit in dense} == {0}
    lexical = opened(ranking="lexical").retrieve("krill", k=1)[0]
    assert (lexical.article.id, lexical.lexical) == ("whales", 1)


# -- other processes

_ADD = """
import sys
from qa import Article, Library
with Library.open(sys.argv[1]) as library:
    print(library.add(Article("volcano", "Volcano", "The volcano threw ash across the whole of Europe.")).added)
    library.remove("plain")
"""


def test_an_open_library_sees_what_another_process_adds_and_removes(library: Library) -> None:
    assert _ids(library, "Knead the dough", k=1) == ["plain"]
    done = subprocess.run([sys.executable, "-c", _ADD, str(library.folder)], capture_output=True, text=True, check=True)
    assert done.stdout == "('volcano',)\n"
    assert _ids(library, "What threw ash across Europe?", k=1) == ["volcano"]
    assert "plain" not in _ids(library, "Knead the dough", k=10)


# -- models


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The packaged model in another folder, and one with other weights."""
    from safetensors.torch import load_file, save_file

    folder = tmp_path_factory.mktemp("models")
    same, other = folder / "same", folder / "other"
    shutil.copytree(find_model().folder, same)
    shutil.copytree(find_model().folder, other, ignore=shutil.ignore_patterns("*.safetensors"))
    weights = load_file(same / "model.safetensors")
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    weights[name] = weights[name].flip(1).contiguous()
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    return same, other


def test_another_model_is_refused(library: Library, models: tuple[Path, Path]) -> None:
    _, other = models
    identity = find_model(other).identity
    with pytest.raises(
        ModelMismatch, match=f"the model all-MiniLM-L6-v2-articles-2@.*current model is {identity}.*reindex"
    ):
        Library.open(library.folder, model=other)
    with pytest.raises(ModelError, match="no model at"):
        Library.open(library.folder, model="./nowhere")
    with Library.open(library.folder, model="all-MiniLM-L6-v2-articles-2") as again:
        assert len(again) == 4


def test_a_device_that_is_not_here_leaves_the_library_as_it_was(tmp_path: Path) -> None:
    with Library.open(tmp_path, device="cuda:99") as library:
        with pytest.raises(ModelError, match="device is 'cuda:99'"):
            library.add(ARTICLES)
        assert len(library) == 0
    with Library.open(tmp_path) as library:
        assert library.add(ARTICLES[:1]).added == ("whales",)


def test_a_library_made_with_the_plain_model_is_asked_with_it_until_it_is_reindexed(tmp_path: Path) -> None:
    with Library.open(tmp_path, model="all-MiniLM-L6-v2", dtype="float32") as plain:
        plain.add(ARTICLES)
        before = plain.retrieve("What do whales eat?", k=4)
        plain._store.set_meta("model_source", "")  # as versions without the tuning noted the default model
    with Library.open(tmp_path, dtype="float32") as again:
        assert again.encoder.identity == find_model("all-MiniLM-L6-v2").identity
        assert again.retrieve("What do whales eat?", k=4) == before
        assert again.reindex() is True
        assert again.encoder.identity == find_model().identity
        assert {hit.dense for hit in again.retrieve("What do whales eat?", k=4)} != {hit.dense for hit in before}


def test_reindex_changes_the_model_of_every_passage(library: Library, models: tuple[Path, Path], opened: Open) -> None:
    same, other = models
    before = library.retrieve("What do whales eat?", k=4)
    watcher = opened()  # as another process would have it: opened before, with the old model loaded
    assert watcher.retrieve("What do whales eat?", k=4) == before
    steps: list[Progress] = []
    assert library.reindex(model=other, on_progress=steps.append) is True
    assert [(step.done, step.total) for step in steps] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    after = library.retrieve("What do whales eat?", k=4)
    assert {hit.dense for hit in after} != {hit.dense for hit in before}
    assert library.encoder.identity == find_model(other).identity
    assert list(library.articles()) == ARTICLES
    assert watcher.retrieve("What do whales eat?", k=4) == after
    assert watcher.encoder.identity == find_model(other).identity

    # the library remembers its model, also through a reindex that names none
    with Library.open(library.folder) as again:
        assert again.retrieve("What do whales eat?", k=4) == after
        assert again.reindex() is True
    with Library.open(library.folder) as again:
        assert again.encoder.identity == find_model(other).identity
        assert again.retrieve("What do whales eat?", k=4) == after
        assert again.reindex(model=same) is True
        assert again.encoder.identity == find_model(same).identity
        assert {hit.dense for hit in again.retrieve("What do whales eat?", k=4)} != {hit.dense for hit in after}
    with pytest.raises(ModelMismatch):
        Library.open(library.folder, model=other)


def test_a_stopped_reindex_changes_nothing_and_goes_on_where_it_ended(
    library: Library, models: tuple[Path, Path]
) -> None:
    _, other = models
    before = library.retrieve("What do whales eat?", k=4)
    assert library.reindex(model=other, on_progress=lambda progress: progress.done < 2) is False
    assert library.retrieve("What do whales eat?", k=4) == before
    assert library.encoder.identity == find_model().identity
    done = {one.hash for article in ARTICLES[:2] for one in _encoded(library, article)}
    assert set(library._store.known_vectors(done, pending=True)) == done
    assert library.reindex(model=other) is True
    assert library.retrieve("What do whales eat?", k=4) != before
    assert library._store.known_vectors(done, pending=True) == {}


def test_an_article_that_is_removed_while_all_are_encoded_anew_is_no_error(library: Library) -> None:
    ids = [article.id for article in library.articles()]

    def remove(progress: Progress) -> None:
        if progress.done == 1:
            library.remove(ids[2])

    assert library.reindex(on_progress=remove) is True
    assert [article.id for article in library.articles()] == [each for each in ids if each != ids[2]]
    assert library.check() == []


def _encoded(library: Library, article: Article) -> list[Any]:
    from qa.ingest import encode

    return encode(
        [(article, passage) for passage in library.passages(article.id)], library._store, lambda: library.encoder
    )
