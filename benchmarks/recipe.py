"""The training-free recipe: the best that the packaged model's vectors give without any training, kept as it is.

    PYTHONPATH=. python SCORER SET --adapter benchmarks/recipe.py

It stands beside the product as a fixed mark, so it shares with it only the passages (qa/split.py) and the plain model:

    candidates   0.5 × cosine + 0.3 × BM25 as a share of the question's best, over all passages; the 20 best
    rerank       + MaxSim with the passage's token vectors, uncompressed, mean over the question's tokens
    sentence     of the first passage, the one whose own tokens, read in their passage, have the highest MaxSim; the
                 two next best follow it
    support      a logistic curve of the first sentence's score, fitted on clapnq-dev as the product's was; below
                 0.12, where the product's first version drew the line, there is no answer

A conversation before the question is not looked at. `Recipe` is asked like a Library; `open_system(folder)` gives the
object that question-set scorers take, as in dense_adapter.py.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import Stemmer

from embeddings.encoder import Encoder
from embeddings.model import PACKAGED_NAME
from qa import Answer, Article, Citation, Hit
from qa.split import split

DENSE, LEXICAL, RERANKED = 0.5, 0.3, 20
PASSAGES_READ, PASSAGE_SHARE, QUOTES = (
    1,
    0.0,
    3,
)  # the share of its passage's score in a sentence's, where more are read
SLOPE, OFFSET, FOUND_FROM = 11.0, -7.2, 0.12
K1, B = 1.2, 0.75  # BM25's usual constants
_WORD = re.compile(r"\w+")
_BATCH = 256

Place = tuple[str, int, int, str]


def plain_encoder() -> Encoder:
    """The packaged all-MiniLM-L6-v2 as it was published, whatever the product encodes with."""
    return Encoder(PACKAGED_NAME)


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage by its number, with the score it is ordered by and the parts of it."""

    number: int
    score: float
    dense: float
    lexical: float
    late: float


class Recipe:
    """Articles, split, encoded and counted; with `folder` the vectors are kept there for the next time."""

    def __init__(self, articles: Sequence[Article], *, encoder: Encoder | None = None, folder: Path | None = None):
        self._articles = {article.id: article for article in articles}
        self._encoder = encoder or plain_encoder()
        self._passages = [passage for article in articles for passage in split(article)]
        texts = [passage.text for passage in self._passages]
        self._vectors, self._tokens, self._offsets, self._lengths = self._encoded(texts, folder)
        self._starts = np.concatenate([[0], np.cumsum(self._lengths)])
        self._bm25 = BM25(texts)

    def articles(self) -> Iterator[Article]:
        return iter(self._articles.values())

    def article(self, article_id: str) -> Article:
        return self._articles[article_id]

    def retrieve(self, question: str, *, k: int = 5, history: Sequence[Any] = ()) -> list[Hit]:
        _, ranked = self._rank(question)
        return [self._hit(one) for one in ranked[:k]]

    def ask(self, question: str, *, k: int = 5, history: Sequence[Any] = ()) -> Answer:
        tokens, ranked = self._rank(question)
        hits = tuple(self._hit(one) for one in ranked[:k])
        sentences = []
        for one in ranked[:PASSAGES_READ]:
            passage = self._passages[one.number]
            rows = slice(*self._starts[one.number : one.number + 2])
            similarity, offsets = tokens @ self._tokens[rows].T.astype(np.float32), self._offsets[rows]
            for start, end in passage.sentences:
                inside = (offsets[:, 0] >= start - passage.start) & (offsets[:, 1] <= end - passage.start)
                if inside.any():
                    met = float(similarity[:, inside].max(axis=1).mean())
                    sentences.append((met + PASSAGE_SHARE * one.score, passage.article_id, start, end))
        best = sorted(sentences, key=lambda sentence: -sentence[0])[:QUOTES]
        support = 1 / (1 + math.exp(-(SLOPE * best[0][0] + OFFSET))) if best else 0.0
        if support < FOUND_FROM:
            return Answer(question, False, "No answer was found.", (), hits, support)
        citations = tuple(self._cite(number, *place) for number, (_, *place) in enumerate(best, start=1))
        return Answer(question, True, " ".join(one.quote for one in citations), citations, hits, support)

    def _rank(self, question: str) -> tuple[np.ndarray, list[Scored]]:
        """The question's token vectors, float32 (q, dim), and the 20 best passages, best first."""
        embedded = self._encoder.embed_question(question)
        dense, lexical = self._vectors @ embedded.vector, self._bm25.scores(question)
        lexical /= max(float(lexical.max(initial=0.0)), 1e-9)
        fused = DENSE * dense + LEXICAL * lexical
        order = np.argsort(-fused, kind="stable")[:RERANKED]
        late = [self._maxsim(embedded.tokens, number) for number in order]
        scored = [
            Scored(int(number), float(fused[number]) + met, float(dense[number]), float(lexical[number]), met)
            for number, met in zip(order, late, strict=True)
        ]
        return embedded.tokens, sorted(scored, key=lambda one: -one.score)

    def _maxsim(self, tokens: np.ndarray, number: int) -> float:
        own = self._tokens[self._starts[number] : self._starts[number + 1]].astype(np.float32)
        return float((tokens @ own.T).max(axis=1).mean()) if own.size and tokens.size else 0.0

    def _hit(self, one: Scored) -> Hit:
        passage = self._passages[one.number]
        return Hit(passage, self._articles[passage.article_id], one.score, one.dense, one.lexical, one.late)

    def _cite(self, number: int, article_id: str, start: int, end: int) -> Citation:
        article = self._articles[article_id]
        return Citation(number, article_id, article.title, None, article.text[start:end], start, end)

    def _encoded(self, texts: Sequence[str], folder: Path | None) -> list[np.ndarray]:
        """float32 (n, dim) vectors; float16 (tokens, dim) of all passages; int32 offsets; int64 (n,) tokens of each."""
        names = ("vectors", "tokens", "offsets", "lengths")
        key = hashlib.sha256("\0".join([self._encoder.identity, self._encoder.dtype, *texts]).encode()).hexdigest()[:16]
        kept = [folder / f"recipe-{key}-{name}.npy" for name in names] if folder else []
        if kept and all(path.is_file() for path in kept):
            return [np.load(path) for path in kept]
        parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
        for at in range(0, len(texts), _BATCH):
            embedded = self._encoder.embed_passages(texts[at : at + _BATCH])
            parts["vectors"].append(np.stack([one.vector for one in embedded]))
            parts["tokens"].append(np.concatenate([one.tokens for one in embedded]).astype(np.float16))
            parts["offsets"].append(np.concatenate([one.offsets for one in embedded]))
            parts["lengths"].append(np.array([len(one.tokens) for one in embedded]))
        arrays = [np.concatenate(parts[name]) for name in names]
        for path, array in zip(kept, arrays, strict=bool(kept)):
            np.save(path, array)
        return arrays


class BM25:
    """Okapi BM25 (Robertson and Zaragoza, 2009) over texts, English stems."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._stemmer = Stemmer.Stemmer("english")
        counts: dict[str, dict[int, int]] = {}
        lengths = []
        for number, text in enumerate(texts):
            terms = self._terms(text)
            lengths.append(len(terms))
            for term in terms:
                held = counts.setdefault(term, {})
                held[number] = held.get(number, 0) + 1
        self._norm = K1 * (1 - B + B * np.array(lengths) / (np.mean(lengths) if lengths else 1.0))
        self._postings = {term: (np.array(list(held)), np.array(list(held.values()))) for term, held in counts.items()}

    def scores(self, question: str) -> np.ndarray:
        """float32 (texts,), 0 where a text holds no term of the question."""
        total = np.zeros(len(self._norm), np.float32)
        for term in dict.fromkeys(self._terms(question)):
            if term in self._postings:
                numbers, counts = self._postings[term]
                rarity = math.log(1 + (len(total) - len(numbers) + 0.5) / (len(numbers) + 0.5))
                total[numbers] += rarity * counts * (K1 + 1) / (counts + self._norm[numbers])
        return total

    def _terms(self, text: str) -> list[str]:
        return list(self._stemmer.stemWords(_WORD.findall(text.casefold())))


class _System:
    """The recipe as scorers ask it."""

    def __init__(self, folder: str) -> None:
        self.recipe: Recipe | None = None

    def add(self, articles: Sequence[Mapping[str, Any]]) -> None:
        self.recipe = Recipe([Article(id=a["id"], title=a["title"], text=a["text"]) for a in articles])

    def retrieve(self, question: str, k: int, history: Sequence[Mapping[str, Any]]) -> list[Place]:
        hits = self.recipe.retrieve(question, k=k) if self.recipe else []
        return [(hit.passage.article_id, hit.passage.start, hit.passage.end, hit.passage.text) for hit in hits]

    def ask(self, question: str, history: Sequence[Mapping[str, Any]]) -> tuple[bool, float, list[Place]]:
        if self.recipe is None:
            return False, 0.0, []
        answer = self.recipe.ask(question)
        return answer.found, answer.support, [(c.article_id, c.start, c.end, c.quote) for c in answer.citations]


def open_system(folder: str) -> _System:
    return _System(folder)
