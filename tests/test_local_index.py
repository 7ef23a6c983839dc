"""The index of a library on this machine: it follows the database, and its files are only ever a help."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qa import Article, Filters, lexical
from qa import index as index_module
from qa.split import split
from qa.sqlite import SqliteStore
from qa.store import EncodedPassage, Vectors

DIMENSION = 16
WORDS = "krill whale cable reef anchor tide storm mast harbour shoal".split()


def _vector(text: str) -> np.ndarray:
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))
    vector = rng.normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float16)


def _article(number: int, site: str | None = None) -> Article:
    """Three passages, with words of their own and shared ones."""
    sections = [
        f"# Part {part}\n\nThe {WORDS[(number + part) % 10]} met number{number} and part{part} in the {WORDS[part]}."
        for part in range(3)
    ]
    return Article(f"a{number}", f"Title {number}", "\n\n".join(sections), site=site, language="en")


def _put(store: SqliteStore, article: Article) -> None:
    encoded = [
        EncodedPassage(
            passage, hashlib.sha256(passage.text.encode()).digest()[:16], Vectors(_vector(passage.text), b"")
        )
        for passage in split(article)
    ]
    store.put(article, fingerprint=article.text, text_hash=article.text, passages=encoded)


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], SqliteStore]:
    return lambda: SqliteStore(tmp_path / "library.sqlite")


def _state(store: SqliteStore, filters: Filters = Filters()) -> tuple[object, ...]:  # noqa: B008
    """All that the index tells, put in terms of texts, so that stores with other ids compare."""
    passages = {
        passage_id: passage.text
        for article in store.articles()
        for passage_id, passage in zip(store.passage_ids_of(article.id), store.passages(article.id), strict=True)
    }
    near = [
        (passages[i], round(score, 3)) for i, score in store.near(_vector("a question").astype(np.float32), 8, filters)
    ]
    by_words = {
        word: sorted((round(score, 4), passages[i]) for i, score in store.search_terms([word], 1000, filters))
        for word in ("whale", "number3", "part1", "title")
    }
    held = store.passages_holding([("part1", "in", "the")], in_a_row=True)
    counts = store.passages_with_term([*WORDS, "number3", "none"])
    return (
        near,
        by_words,
        {one: len(ids) for one, ids in held.items()},
        counts,
        sorted(store.terms_from("number", 0, 99)),
    )


def _fresh(folder: Path, articles: list[Article]) -> tuple[object, ...]:
    store = SqliteStore(folder / "library.sqlite")
    for article in articles:
        _put(store, article)
    state = _state(store)
    store.close()
    return state


def test_what_is_found_is_brute_force(opened: Callable[[], SqliteStore]) -> None:
    store = opened()
    articles = [_article(number, "reef.example" if number % 4 == 0 else "cable.example") for number in range(30)]
    for article in articles:
        _put(store, article)
    question = _vector("a question").astype(np.float32)
    for filters in (Filters(), Filters(sites=("reef",)), Filters(article_ids=("a3", "a7"))):
        allowed = set(store.article_ids(filters)) if filters else {article.id for article in articles}
        expected = sorted(
            (-float(one.vectors.vector.astype(np.float32) @ question), passage_id)
            for article_id in allowed
            for passage_id, one in store.stored_passages(store.passage_ids_of(article_id)).items()
        )
        found = store.near(question, 12, filters)
        assert [passage_id for passage_id, _ in found] == [passage_id for _, passage_id in expected[:12]]
        assert [score for _, score in found] == pytest.approx([-score for score, _ in expected[:12]], abs=1e-3)
        ids = {i for i, _ in store.search_terms(["part1", "number3"], 1000, filters)}
        holding = {
            passage_id
            for article_id in allowed
            for passage_id, one in store.stored_passages(store.passage_ids_of(article_id)).items()
            if {"part1", "number3"} & set(one.terms.split())
        }
        assert ids == holding
    store.close()


def test_common_terms_count_only_where_there_is_no_other(
    opened: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_COMMON_PASSAGES", 5)
    store = opened()
    for number in range(12):
        _put(store, _article(number))
    assert len(store.search_terms(["part1", "number3"], 100, Filters())) == 3
    assert len(store.search_terms(["part1"], 100, Filters())) == 12
    store.close()


def test_it_follows_what_others_write_like_an_index_made_afresh(
    opened: Callable[[], SqliteStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_CHANGED_LEAST", 20)
    monkeypatch.setattr(index_module, "_MOST_PARTS", 3)
    mine, other = opened(), opened()
    left: dict[str, Article] = {}
    for number in range(40):
        left[f"a{number}"] = _article(number)
        _put(other, left[f"a{number}"])
        if number % 3 == 1:
            other.remove(f"a{number - 1}")
            del left[f"a{number - 1}"]
        if number % 5 == 0:
            other.checkpoint()
        if number % 7 == 0:
            mine.checkpoint()
        if number % 2:
            assert _state(mine) == _state(other)
    assert _state(mine) == _fresh(tmp_path / "fresh", list(left.values()))
    third = opened()
    assert _state(third) == _state(mine)
    for store in (mine, other, third):
        store.close()


def test_few_changes_write_no_files_and_many_do(
    opened: Callable[[], SqliteStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_CHANGED_LEAST", 10)
    store = opened()
    for number in range(20):
        _put(store, _article(number))
    store.checkpoint()
    (first,) = (tmp_path / "index").iterdir()
    assert len(np.load(first / "ids.npy")) == 60
    stamp = store.stamp
    _put(store, _article(20))
    store.remove("a3")
    before = _state(store)
    store.checkpoint()
    assert list((tmp_path / "index").iterdir()) == [first], "6 of 60 rows changed"
    for number in range(21, 25):
        _put(store, _article(number))
    store.checkpoint()
    (second,) = (tmp_path / "index").iterdir()
    assert second != first
    assert len(np.load(second / "ids.npy")) == 72
    assert store.stamp != stamp
    for number in range(21, 25):
        store.remove(f"a{number}")
    again = opened()
    assert _state(again) == _state(store) == before
    store.close()
    again.close()


@pytest.mark.parametrize("damage", ["delete", "corrupt", "truncate", "record", "folder"])
@pytest.mark.parametrize("file", ["vectors.faiss", "rows.npy", "terms", "ids.npy"])
def test_files_of_no_use_are_made_anew_with_a_message(
    opened: Callable[[], SqliteStore], tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str, file: str
) -> None:
    store = opened()
    for number in range(20):
        _put(store, _article(number))
    store.checkpoint()
    before = _state(store)
    store.close()
    (folder,) = (tmp_path / "index").iterdir()
    data = (folder / file).read_bytes()
    if damage == "delete":
        (folder / file).unlink()
    elif damage == "corrupt":
        (folder / file).write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    elif damage == "truncate":
        (folder / file).write_bytes(data[:-1])
    elif damage == "folder":
        os.replace(folder, tmp_path / "elsewhere")
    store = opened()
    if damage == "record":
        store.set_meta("index", json.dumps({"name": folder.name, "dimension": DIMENSION, "files": {}}))
    with caplog.at_level(logging.WARNING):
        assert _state(store) == before
    assert "the index is made anew" in caplog.text
    store.checkpoint()
    caplog.clear()
    store.close()
    store = opened()
    assert _state(store) == before
    assert caplog.text == ""
    store.close()


def test_a_process_that_dies_while_it_writes_files_leaves_the_older_ones(
    opened: Callable[[], SqliteStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    for number in range(10):
        _put(store, _article(number))
    store.checkpoint()
    _put(store, _article(10))
    before = _state(store)

    class Dies(BaseException):
        pass

    def die(*_: object) -> None:
        raise Dies

    for name in ("flush", "_older", "_digests"):  # before the rename, after it, in between
        with monkeypatch.context() as patched:
            patched.setattr(index_module, name, die)
            with pytest.raises(Dies):
                store._index.checkpoint(always=True)
        again = opened()
        assert _state(again) == _state(store) == before
        again.close()
    store._index.checkpoint(always=True)
    assert len(list((tmp_path / "index").iterdir())) == 1, "what was left behind is swept away"
    store.close()


def test_a_disk_that_is_full_costs_no_answer(
    opened: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = opened()
    for number in range(10):
        _put(store, _article(number))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(index_module.np, "save", full)
    before = _state(store)
    with caplog.at_level(logging.WARNING):
        store.checkpoint()
    assert "No space left on device" in caplog.text
    assert _state(store) == before
    store.close()


def test_several_threads_search_while_one_writes(opened: Callable[[], SqliteStore]) -> None:
    store = opened()
    _put(store, _article(0))
    wrong: list[object] = []
    over = threading.Event()

    def search() -> None:
        while not over.is_set():
            with store.snapshot():
                found = [i for i, _ in store.near(_vector("a question").astype(np.float32), 50, Filters())]
                found += [i for i, _ in store.search_terms(lexical.terms("part1 whale"), 50, Filters())]
                stored = store.stored_passages(found)
                articles = store.articles_by_id(one.passage.article_id for one in stored.values())
                for one in stored.values():
                    passage = one.passage
                    if articles[passage.article_id].text[passage.start : passage.end] != passage.text:
                        wrong.append(passage)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for round_ in range(40):
        number = round_ % 10
        longer = _article(number)
        text = longer.text.replace(" met ", f" met in round {round_} the ")
        _put(store, Article(longer.id, longer.title, text, language="en"))
        if round_ % 8 == 0:
            store._index.checkpoint(always=True)
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store.passages_with_term(["round"]) == {"round": 30}
    store.close()
