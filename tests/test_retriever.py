"""From a question to hits, on the example articles: order, scores, near-duplicates."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embeddings.late import TokenVectors, token_scores
from qa import Library, Passage, lexical
from qa.retriever import RANKINGS, Candidate, Settings, find, fold_copies
from qa.store import StoredPassage, Vectors
from qa.types import Filters

QUESTION = "How far offshore was the nearest break in the Tonga cable?"
LEDGER, HARBOUR = "tonga-internet-restored-pacific-ledger", "tonga-cable-repaired-harbour-post"


def _file(source: str | None) -> str:
    return Path(source or "").stem


def test_hits_are_distinct_passages_best_first(example_library: Library) -> None:
    hits = example_library.retrieve(QUESTION, k=12)
    assert len(hits) == 12
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert len({(hit.passage.article_id, hit.passage.start) for hit in hits}) == 12
    for hit in hits:
        assert hit.article == example_library.article(hit.passage.article_id)
        assert hit.article.text[hit.passage.start : hit.passage.end] == hit.passage.text
        assert 0 <= hit.lexical <= 1
        assert -1 <= hit.dense <= 1
    assert [hit.passage for hit in example_library.retrieve(QUESTION, k=3)] == [hit.passage for hit in hits[:3]]


def test_the_score_is_the_weighted_mean_of_its_parts(example_library: Library) -> None:
    weights = Settings()
    total = weights.dense + weights.lexical + weights.late
    hits = example_library.retrieve(QUESTION, k=10)
    behind = []
    for hit in hits:
        parts = weights.dense * hit.dense + weights.lexical * hit.lexical + weights.late * hit.late
        behind.append(parts / total + weights.named * hit.named - hit.score)
        assert hit.late > 0
    # the named article's share is taken from those that have less of it
    best_named = behind[0] / weights.named
    assert behind == pytest.approx([behind[0]] * 10, abs=1e-4)
    assert 1 >= best_named >= max(hit.named for hit in hits) - 1e-3 > 0


def test_the_parts_are_cosine_and_share_of_the_best_bm25(example_library: Library) -> None:
    hits = example_library.retrieve(QUESTION, k=10)
    encoder = example_library.encoder
    question = encoder.encode_questions([QUESTION])[0]
    for hit in hits[:3]:
        context = ". ".join(part for part in (hit.article.title, hit.passage.heading) if part)
        vector = encoder.encode_passages([f"{context}\n{hit.passage.text}"])[0]
        assert hit.dense == pytest.approx(float(vector @ question), abs=5e-3)


def test_the_lexical_score_is_the_share_of_the_best_score_over_words_and_letters(example_library: Library) -> None:
    store = example_library._store
    rows = store.search_terms(lexical.question_terms(QUESTION, store.languages()), 60, Filters())
    found = find(
        QUESTION,
        example_library.encoder.embed_question(QUESTION),
        store=store,
        k=20,
        filters=Filters(),
        settings=RANKINGS["lexical"],
    )
    stored = store.stored_passages([passage_id for passage_id, _ in rows])
    forms = lexical.form_scores(QUESTION, [stored[passage_id].passage.text for passage_id, _ in rows])
    expected = {row[0]: row[1] + lexical.FORM_WEIGHT * form for row, form in zip(rows, forms.tolist(), strict=True)}
    best = max(expected.values())
    assert len(found) >= 3
    assert found[0].lexical == 1.0
    for candidate in found:
        assert candidate.lexical == pytest.approx(expected[candidate.stored.id] / best, abs=1e-5)


def test_one_story_in_two_papers_is_one_hit_that_counts_its_copy(example_library: Library) -> None:
    hits = example_library.retrieve(QUESTION, k=3)
    first = hits[0]
    assert "37 kilometres" in first.passage.text
    places = [_file(first.article.source), *(_file(example_library.article(c.article_id).source) for c in first.copies)]
    assert set(places) == {LEDGER, HARBOUR}
    for copy in first.copies:
        assert example_library.article(copy.article_id).text[copy.start : copy.end] == copy.text
    shown = {(hit.passage.article_id, hit.passage.start) for hit in hits}
    assert not shown & {(copy.article_id, copy.start) for hit in hits for copy in hit.copies}


def test_a_filter_on_one_paper_leaves_no_copy(example_library: Library) -> None:
    hits = example_library.retrieve(QUESTION, k=3, filters={"sites": "harbour post"})
    assert {_file(hit.article.source) for hit in hits} == {HARBOUR}
    assert "37 kilometres" in hits[0].passage.text
    assert hits[0].copies == ()


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("When did the first container ship leave Newark?", "containers-box-that-shrank-the-world"),
        ("Which country was the last to ratify the ozone treaty?", "montreal-protocol-how-it-worked"),
        ("¿En qué año se inauguró el canal?", "canal-de-suez-historia"),
        ("Who discovered the ozone hole?", "ozone-hole-found-at-halley"),
        ("When was Vavilov arrested?", "vavilov-leningrad-seed-collection"),
        ("Who supplied the turbines at Vindeby?", "vindeby-first-offshore-wind-farm"),
    ],
)
def test_the_right_article_comes_first(example_library: Library, question: str, article: str) -> None:
    assert _file(example_library.retrieve(question, k=1)[0].article.source) == article


def test_an_exact_name_is_found_by_its_words(example_library: Library) -> None:
    store = example_library._store
    embedded = example_library.encoder.embed_question("Alp Guard")

    def first(settings: Settings) -> str:
        found = find("Alp Guard", embedded, store=store, k=1, filters=Filters(), settings=settings)
        return found[0].stored.passage.text

    assert "Alp Guard" in first(RANKINGS["lexical"])
    assert "Alp Guard" in first(RANKINGS["full"])


# -- passages without token vectors


def _without_tokens(folder: Path, condition: str = "1", *values: object) -> int:
    """Empty the token vectors of a closed library's passages; how many they are."""
    with sqlite3.connect(folder / "library.sqlite") as database:
        changed = database.execute(
            f"UPDATE tokens SET tokens = X'' WHERE id IN (SELECT id FROM passages WHERE {condition})", values
        ).rowcount
    database.close()
    return changed


ASKED = (
    ("When did the first container ship leave Newark?", "Ideal X"),
    ("Who supplied the turbines at Vindeby?", "Bonus"),
    ("When was Vavilov arrested?", "arrested"),
)


def test_a_passage_without_token_vectors_does_not_sink(example_library: Library, example_copy: Path) -> None:
    weights = Settings()
    before = {question: example_library.retrieve(question, k=10) for question, _ in ASKED}
    firsts = [before[question][0].passage for question, _ in ASKED]
    for passage in firsts:
        assert _without_tokens(example_copy, "article_id = ? AND start = ?", passage.article_id, passage.start) == 1
    with Library.open(example_copy, create=False) as library:
        for (question, _), first in zip(ASKED, firsts, strict=True):
            hits = library.retrieve(question, k=10)
            hit = next(hit for hit in hits[:3] if hit.passage == first)
            others = weights.dense * hit.dense + weights.lexical * hit.lexical
            assert hit.late == pytest.approx(others / (weights.dense + weights.lexical), abs=1e-5)
            assert library.ask(question).citations


def test_a_library_without_token_vectors_ranks_by_the_other_parts(example_copy: Path) -> None:
    assert _without_tokens(example_copy) > 100
    with Library.open(example_copy, create=False) as library:
        embedded = library.encoder.embed_question(QUESTION)
        by = {
            name: find(
                QUESTION,
                embedded,
                store=library._store,
                k=10,
                filters=Filters(),
                settings=replace(RANKINGS[name], named=0),
            )
            for name in ("full", "hybrid")
        }
        assert [one.stored.id for one in by["full"]] == [one.stored.id for one in by["hybrid"]]
        assert [one.score for one in by["full"]] == pytest.approx([one.score for one in by["hybrid"]], abs=1e-5)
        assert "37 kilometres" in library.ask(QUESTION).text


# -- near-duplicates by themselves


def _candidate(number: int, text: str) -> Candidate:
    tokens = TokenVectors(np.zeros((0, 1), np.uint8), np.zeros((0, 2), np.int16))
    passage = Passage(f"a{number}", 0, len(text), text)
    return Candidate(
        StoredPassage(number, passage, Vectors(np.zeros(8, np.float16), b"")), 1 - number / 100, 0, 0, 0, tokens
    )


STORY = "The repair ship lifted the broken cable from the floor of the sea and joined its ends on deck."


def test_near_duplicates_are_folded_into_the_best() -> None:
    texts = [
        STORY,
        "Quite another thing happened on the other side of the world.",
        STORY.upper(),
        f"{STORY} So it was told.",
    ]
    kept = fold_copies([_candidate(number, text) for number, text in enumerate(texts)], 10)
    assert [candidate.stored.id for candidate in kept] == [0, 1]
    assert [copy.article_id for copy in kept[0].copies] == ["a2", "a3"]
    assert kept[1].copies == ()


def test_copies_are_counted_beyond_k() -> None:
    texts = [STORY, "Quite another thing happened on the other side.", "A third thing came to pass in the end.", STORY]
    kept = fold_copies([_candidate(number, text) for number, text in enumerate(texts)], 2)
    assert [candidate.stored.id for candidate in kept] == [0, 1]
    assert [copy.article_id for copy in kept[0].copies] == ["a3"]


def test_passages_that_share_some_words_stay_apart() -> None:
    texts = [STORY, "The repair ship lifted the broken cable, but nobody knew how it was to be paid for in that year."]
    texts += ["Yes.", "No."]
    kept = fold_copies([_candidate(number, text) for number, text in enumerate(texts)], 10)
    assert [candidate.stored.id for candidate in kept] == [0, 1, 2, 3]


def test_a_passage_goes_by_its_best_sentence_too(example_library: Library) -> None:
    embedded = example_library.encoder.embed_question(QUESTION)
    hit = example_library.retrieve(QUESTION, k=1)[0]
    ids = example_library._store.passage_ids_of(hit.article.id)
    found = example_library._store.stored_passages(ids).values()
    stored = next(one for one in found if one.passage == hit.passage)
    tokens = TokenVectors.from_bytes(stored.vectors.tokens, len(embedded.vector))
    similarity = token_scores(embedded.tokens, tokens)
    start, offsets = hit.passage.start, tokens.offsets
    alone = [
        float(embedded.weights @ similarity[:, (offsets[:, 0] >= a - start) & (offsets[:, 1] <= b - start)].max(axis=1))
        for a, b in hit.passage.sentences
    ]
    whole = float(embedded.weights @ similarity.max(axis=1))
    assert max(alone) < whole
    assert hit.late == pytest.approx((whole + max(alone)) / 2, abs=1e-4)
