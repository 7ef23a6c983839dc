"""Late interaction: a question against a passage, token by token, from one bit a dimension.

MaxSim is that of ColBERT (Khattab and Zaharia, 2020): each token of the question takes its best cosine among the
passage's tokens, and their mean, weighted by how much each token counts, is the score. Of the passage's token vectors
only the signs are kept (48 bytes a token at 384 dimensions, about 7 KB a passage); the question stays in float32. For
a unit vector x in many dimensions, sign(x)/√d points √(2/π) as far along x, so that dividing by that factor gives back
the scale of cosines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embeddings.threads import one_thread

if TYPE_CHECKING:
    from embeddings.encoder import (  # at run time it would load torch, which scoring does without
        Embedding,
        PackedEmbedding,
    )

_SIGN_SHRINKAGE = float(np.sqrt(2 / np.pi))
_OFFSET_RANGE = np.iinfo(np.int16)
# ±1 for each bit of each byte, float32 (256, 8)
_SIGNS_OF_BYTE = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32) * 2 - 1
# Tokens whose signs are laid out at once: 98 KB at 384 dimensions, which stay in the processor's cache (1.7 ms of
# processor time for 50 passages of 150 tokens and 15 of the question, against 2.7 with 512 at once and 6.9 unpacked
# and multiplied whole).
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """The tokens of one passage.

    `signs`: uint8 (n, ⌈dim/8⌉), bit j of row i is 1 where dimension j of token i is positive. `offsets`:
    int16 (n, 2), the characters of the passage each token covers; negative for tokens of the context
    (title, headings) that was embedded in front of it.
    """

    signs: NDArray[np.uint8]
    offsets: NDArray[np.int16]

    def to_bytes(self) -> bytes:
        return np.hstack([self.signs, self.offsets.view(np.uint8)]).tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, dimension: int) -> TokenVectors:
        rows = np.frombuffer(data, np.uint8).reshape(-1, (dimension + 7) // 8 + 4)
        return cls(rows[:, :-4], np.ascontiguousarray(rows[:, -4:]).view(np.int16))


def compress(embedding: Embedding | PackedEmbedding, *, context: int = 0) -> TokenVectors:
    """The token vectors of a passage in front of which `context` characters were embedded."""
    offsets = np.clip(embedding.offsets - context, _OFFSET_RANGE.min, _OFFSET_RANGE.max).astype(np.int16)
    return TokenVectors(embedding.signs, offsets)


def token_scores(question: NDArray[np.float32], passage: TokenVectors) -> NDArray[np.float32]:
    """float32 (q, n); res[i][j] estimates cos_sim(question[i], token j of the passage)."""
    return _cosines(question, passage.signs)


def maxsim(
    question: NDArray[np.float32],
    passages: Sequence[TokenVectors],
    weights: NDArray[np.float32] | None = None,
    *,
    sentences: Sequence[Sequence[tuple[int, int]]] | None = None,
) -> NDArray[np.float32]:
    """float32 (len(passages),), about -1..1: MaxSim of `question`, float32 (q, dim), with each passage.

    `weights`, float32 (q,) of sum 1, say how much each token of the question counts; None: all the same. With the
    `sentences` of each passage, (start, end) in its characters and in order, a score is the mean of the passage's
    MaxSim and of the highest among its sentences: what answers stands together more often than not.
    """
    scores = np.zeros(len(passages), np.float32)
    filled = [i for i, passage in enumerate(passages) if len(passage.signs)]
    if not filled or not len(question):
        return scores
    similarity = _cosines(question, np.concatenate([passages[i].signs for i in filled]))  # (q, all tokens)
    parts = [_parts(passages[i], sentences[i] if sentences is not None else ()) for i in filled]
    lengths = np.array([len(passages[i].signs) for i in filled])
    shifts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    starts = np.concatenate([part + shift for part, shift in zip(parts, shifts, strict=True)])
    best = np.maximum.reduceat(similarity, starts, axis=1)  # (q, parts of all passages)
    firsts = np.concatenate([[0], np.cumsum([len(part) for part in parts])[:-1]])
    weights = np.full(len(question), 1 / len(question), np.float32) if weights is None else weights
    whole = weights @ np.maximum.reduceat(best, firsts, axis=1)
    if sentences is None:
        scores[filled] = whole
        return scores
    alone = weights @ best
    alone[[first for first, i in zip(firsts, filled, strict=True) if _has_context(passages[i], sentences[i])]] = -np.inf
    scores[filled] = (whole + np.maximum.reduceat(alone, firsts)) / 2
    return scores


def _parts(passage: TokenVectors, sentences: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Where the parts of a passage start among its tokens: what stands in front of the sentences, and each of them."""
    starts = np.searchsorted(passage.offsets[:, 0], [start for start, _ in sentences])
    return np.unique(np.concatenate([[0], starts[starts < len(passage.offsets)]])).astype(np.int64)


def _has_context(passage: TokenVectors, sentences: Sequence[tuple[int, int]]) -> bool:
    """Whether sentences have tokens, and not the first ones."""
    starts = passage.offsets[:, 0]
    return bool(sentences) and starts[0] < sentences[0][0] <= starts[-1]


def _cosines(question: NDArray[np.float32], signs: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32 (q, n), estimates of the cosines of `question`, float32 (q, dim), with the tokens of `signs`."""
    tokens, width = signs.shape
    dimension = question.shape[1]
    scaled = np.zeros((len(question), 8 * width), np.float32)  # the bits that fill up the last byte count nothing
    scaled[:, :dimension] = question / np.float32(np.sqrt(dimension) * _SIGN_SHRINKAGE)
    result = np.empty((len(question), tokens), np.float32)
    block = np.empty((_BLOCK, width, 8), np.float32)
    with one_thread():
        for start in range(0, tokens, _BLOCK):
            part = signs[start : start + _BLOCK]
            # a byte has no row that is not there; "clip" spares NumPy a copy that it makes in order to check
            laid_out = np.take(_SIGNS_OF_BYTE, part, axis=0, out=block[: len(part)], mode="clip")
            np.matmul(scaled, laid_out.reshape(len(part), -1).T, out=result[:, start : start + len(part)])
    return result
