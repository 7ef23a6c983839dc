"""Late interaction: MaxSim from one bit a dimension."""

from __future__ import annotations

import numpy as np
import pytest

from embeddings.encoder import Encoder
from embeddings.late import TokenVectors, compress, maxsim, token_scores


def _tokens(count: int, seed: int, dimension: int = 64) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _stored(tokens: np.ndarray) -> TokenVectors:
    offsets = np.array([[i, i + 1] for i in range(len(tokens))], np.int16).reshape(-1, 2)
    return TokenVectors(np.packbits(tokens > 0, axis=1), offsets)


def test_maxsim_is_the_mean_of_each_question_tokens_best() -> None:
    question = _tokens(5, 1)
    passages = [_tokens(count, 10 + count) for count in (7, 1, 30)]
    scores = maxsim(question, [_stored(passage) for passage in passages])
    for score, passage in zip(scores, passages, strict=True):
        signs = np.where(passage > 0, 1.0, -1.0) / np.sqrt(64) / np.sqrt(2 / np.pi)
        assert abs(score - (question @ signs.T).max(axis=1).mean()) < 1e-5


def test_token_scores_are_one_row_a_question_token() -> None:
    question, passage = _tokens(3, 1), _tokens(8, 2)
    scores = token_scores(question, _stored(passage))
    assert scores.shape == (3, 8)
    np.testing.assert_allclose(maxsim(question, [_stored(passage)])[0], scores.max(axis=1).mean(), atol=1e-6)


@pytest.mark.parametrize("dimension", [100, 384])
def test_every_token_is_compared_whatever_the_lengths(dimension: int) -> None:
    question = _tokens(4, 1, dimension)
    passages = [_tokens(count, count, dimension) for count in (63, 64, 1, 65, 300)]
    estimated = np.sqrt(np.pi / 2 / dimension) * question
    expected = [(estimated @ np.where(passage > 0, 1, -1).T).max(axis=1) for passage in passages]
    scores = maxsim(question, [_stored(passage) for passage in passages])
    np.testing.assert_allclose(scores, [best.mean() for best in expected], atol=1e-5)
    weights = np.array([0.7, 0.1, 0.2, 0], np.float32)
    weighed = maxsim(question, [_stored(passage) for passage in passages], weights)
    np.testing.assert_allclose(weighed, [weights @ best for best in expected], atol=1e-5)


def test_passages_and_questions_without_tokens_score_nothing() -> None:
    empty, full = _stored(np.empty((0, 64), np.float32)), _stored(_tokens(4, 3))
    question = _tokens(2, 1)
    scores = maxsim(question, [empty, full, empty])
    assert scores[[0, 2]].tolist() == [0, 0]
    assert scores[1] == maxsim(question, [full])[0] != 0
    assert maxsim(question, []).shape == (0,)
    assert maxsim(np.empty((0, 64), np.float32), [full]).tolist() == [0]


SENTENCES = [
    "The repair ship Reliance finished replacing about eighty kilometres of damaged cable.",
    "Seeds were kept dry and cold in the vault, far above the level of the sea.",
    "In 1987 the protocol was signed by two dozen countries and entered into force two years later.",
]


def test_signs_estimate_the_maxsim_of_the_full_vectors(encoder: Encoder) -> None:
    embedded = encoder.embed_passages(SENTENCES)
    for text in ("Which ship repaired the cable?", "When was the protocol signed?", "Where are the seeds kept?"):
        question = encoder.embed_question(text)
        exact = [(question.tokens @ passage.tokens.T).max(axis=1).mean() for passage in embedded]
        estimate = maxsim(question.tokens, [compress(passage) for passage in embedded])
        np.testing.assert_allclose(estimate, exact, atol=0.05)
        assert estimate.argmax() == np.argmax(exact)


def test_a_stored_passage_comes_back_the_same_and_is_small(encoder: Encoder) -> None:
    passage = " ".join((" ".join(SENTENCES) * 4).split()[:110])
    compressed = compress(encoder.embed_passages([passage])[0])
    data = compressed.to_bytes()
    assert len(data) < 8_000
    again = TokenVectors.from_bytes(data, 384)
    assert np.array_equal(again.signs, compressed.signs)
    assert np.array_equal(again.offsets, compressed.offsets)
    assert again.offsets.dtype == np.int16
    assert len(TokenVectors.from_bytes(b"", 384).signs) == 0


def test_offsets_count_from_the_passage_not_from_its_context(encoder: Encoder) -> None:
    context, text = "Title. Heading\n", "The cable broke."
    tokens = compress(encoder.embed_passages([context + text])[0], context=len(context))
    inside = tokens.offsets[tokens.offsets[:, 0] >= 0]
    assert [text[start:end] for start, end in inside] == ["The", "cable", "broke", "."]
    assert (tokens.offsets[tokens.offsets[:, 0] < 0][:, 1] <= 0).all()
    assert len(tokens.offsets) > len(inside)


def test_the_best_sentence_counts_as_much_as_the_passage() -> None:
    question, rows = _tokens(3, 1), _tokens(12, 2)
    weights = np.array([0.6, 0.3, 0.1], np.float32)
    signs = np.packbits(rows > 0, axis=1)
    offsets = np.array([[i - 2, i - 1] for i in range(12)], np.int16)  # two tokens of context, ten of three sentences
    found = token_scores(question, TokenVectors(signs, offsets))
    spans = [(0, 3), (3, 4), (4, 10)]
    best = max(float(weights @ found[:, start + 2 : end + 2].max(axis=1)) for start, end in spans)
    whole = float(weights @ found.max(axis=1))
    bare = TokenVectors(signs, np.array([[i, i + 1] for i in range(12)], np.int16))  # without context
    best_bare = max(float(weights @ found[:, start:end].max(axis=1)) for start, end in [(0, 5), (5, 12)])
    passages = [TokenVectors(signs, offsets), bare, bare, _stored(np.empty((0, 64), np.float32)), bare]
    sentences = [spans, [(0, 5), (5, 12)], [], [(0, 4)], [(0, 12), (12, 90), (90, 99)]]
    scores = maxsim(question, passages, weights, sentences=sentences)
    expected = [(whole + best) / 2, (whole + best_bare) / 2, whole, 0, whole]
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert len({round(float(score), 4) for score in scores}) == 4
