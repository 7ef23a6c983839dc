"""Postings against counting, and their BM25 against SQLite's."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from qa.postings import Collected, Postings, joined, saturated, weight

WORDS = [f"w{number}" for number in range(40)] + ["ёж", "z" * 300]


def _passages(count: int, seed: int) -> list[str]:
    """Passages of words of which some are frequent and most are rare; some are empty."""
    rng = random.Random(seed)
    odds = [1 / (rank + 1) for rank in range(len(WORDS))]
    return [" ".join(rng.choices(WORDS, odds, k=rng.choice([0, 3, 12, 30]))) for _ in range(count)]


def _postings(passages: list[str]) -> Postings:
    collected = Collected()
    collected.add(passages[:5])
    collected.add(passages[5:])
    return collected.postings()


def _holds(postings: Postings, passages: list[str]) -> None:
    """Every term stands where counting finds it, and the vocabulary has no other."""
    assert len(postings) == len(passages)
    assert postings.lengths.tolist() == [len(passage.split()) for passage in passages]
    terms = sorted({term for passage in passages for term in passage.split()}, key=str.encode)
    assert [bytes(term).decode() for term in postings.vocabulary] == terms
    for term in [*terms, "none", ""]:
        rows, counts = postings.holding(term)
        expected = [(row, passage.split().count(term)) for row, passage in enumerate(passages)]
        assert list(zip(rows.tolist(), counts.tolist(), strict=True)) == [pair for pair in expected if pair[1]]


def test_every_term_is_found_where_it_stands(tmp_path: Path) -> None:
    passages = _passages(200, 1)
    postings = _postings(passages)
    _holds(postings, passages)
    postings.save(tmp_path)
    mapped = Postings.load(tmp_path)
    _holds(mapped, passages)
    assert isinstance(mapped.rows.base, np.memmap)
    assert list(mapped.terms_from("w1")) == sorted(
        {term for passage in passages for term in passage.split() if term.startswith("w1")}
    )


def test_nothing_can_be_saved_too(tmp_path: Path) -> None:
    empty = Collected().postings()
    _holds(empty, [])
    empty.save(tmp_path)
    _holds(Postings.load(tmp_path), [])
    _holds(_postings(["", ""]), ["", ""])


def test_joined_postings_are_those_of_all_their_passages(tmp_path: Path) -> None:
    first, second, third = _passages(60, 1), _passages(30, 2), ["new words", ""]
    _postings(first).save(tmp_path)
    parts = [Postings.load(tmp_path), _postings(second), _postings(third)]
    _holds(joined(parts), [*first, *second, *third])
    keep = np.arange(92) % 5 != 0
    keep[90] = False  # the only one with these words
    _holds(joined(parts, keep), [each for each, kept in zip([*first, *second, *third], keep, strict=True) if kept])
    _holds(joined([Collected().postings(), parts[1]]), second)


def test_a_term_said_very_often_counts_as_often_as_a_byte_holds() -> None:
    rows, counts = _postings(["a " * 1000]).holding("a")
    assert (rows.tolist(), counts.tolist()) == ([0], [255])


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    _postings(_passages(30, 1)).save(tmp_path)
    np.save(tmp_path / "counts.npy", np.zeros(3, np.uint8))
    with pytest.raises(ValueError, match="do not belong together"):
        Postings.load(tmp_path)


def test_scores_are_the_bm25_of_sqlite() -> None:
    passages = _passages(300, 3)
    postings = _postings(passages)
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE terms USING fts5 (body)")
    database.executemany("INSERT INTO terms (rowid, body) VALUES (?, ?)", enumerate(passages))
    for term in ("w9", "w20", "ёж"):
        rows, counts = postings.holding(term)
        lengths = postings.lengths
        scores = weight(300, len(rows)) * saturated(counts.astype(np.float32), lengths[rows], float(lengths.mean()))
        found = dict(database.execute("SELECT rowid, -rank FROM terms WHERE terms MATCH ?", (f'"{term}"',)))
        assert dict(zip(rows.tolist(), scores.tolist(), strict=True)) == pytest.approx(found, rel=1e-4)
    database.close()
