"""A question to Hits: candidates by meaning and by words, scores fused, the best reranked, copies folded.

    dense    cosine of question and passage vectors (FAISS)           what the passage is about
    lexical  BM25 over stems (qa/postings.py), among the candidates   names, numbers, rare words
             also over letters, as a share of the question's best
    late     MaxSim over token vectors, of the passage and of its      which passage answers
             best sentence, for the best of the fusion

Where the model does not know the question's language, the words stand in for what it would say of meaning: the
packaged model is an English one, and to it Russian or Chinese is a row of letters.
The scores are added with fixed weights; rank fusion would throw away what they say about how much better
one passage is than another (MRR@10 0.83 against 0.87 on encyclopaedia articles).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import Embedding
from embeddings.late import TokenVectors, maxsim
from qa import copies, lexical, postings
from qa.mentions import Mentions, boosts, mentions, named_articles
from qa.store import Store, StoredPassage
from qa.types import Article, Filters, Hit, Passage


@dataclass(frozen=True, slots=True)
class Settings:
    """How passages are ranked: a weight of 0 leaves a stage out. Weights count relative to each other.

    `reader`: the best passages are read together with the question when it is asked (embeddings/reader.py).
    """

    dense: float = 0.3
    lexical: float = 0.3
    late: float = 2.4
    named: float = 0.25  # taken from the mean of the others, for what the best-named article has and this has not
    candidates: int = 50  # of each kind, at least
    candidates_named: int = 10  # by words, of the author or site, and of the time, that a question names
    reranked: int = 30  # of the fusion, at least
    reader: bool = True


RANKINGS: Mapping[str, Settings] = {
    "full": Settings(),
    "unread": Settings(reader=False),
    "hybrid": Settings(late=0, named=0, reader=False),
    "dense": Settings(lexical=0, late=0, named=0, reader=False),
    "lexical": Settings(dense=0, late=0, named=0, reader=False),
}

# Scores that differ by less are equal: the same text is encoded a little otherwise beside other texts.
_ROUNDING = 2e-6
# What the best passage scores in meaning on average: dense 0.39 and late 0.55 (benchmarks/fit_unread.py on
# squadshifts-amazon and -reddit, before its best sentence counted too, which is a little lower).
_USUAL_MEANING = 0.50


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage on its way to being a Hit, with the token vectors that answering reads."""

    stored: StoredPassage
    score: float
    dense: float
    lexical: float
    late: float
    tokens: TokenVectors
    copies: tuple[Passage, ...] = ()
    named: float = 0.0

    def hit(self, article: Article) -> Hit:
        scores = (self.score, self.dense, self.lexical, self.late)
        return Hit(self.stored.passage, article, *scores, self.copies, self.named)


def find(
    question: str,
    embedded: Embedding,
    *,
    store: Store,
    k: int,
    filters: Filters,
    settings: Settings,
    today: datetime.date | None = None,
) -> list[Candidate]:
    """The at most `k` best passages for the question, best first, each different from the others.

    "Last year" in the question is the one before that of `today`; None: the machine's date.
    """
    wide = max(settings.candidates, 3 * k)
    wanted = lexical.question_terms(question, store.languages())
    found = [i for i, _ in store.near(embedded.vector, wide, filters)] if settings.dense or settings.late else []
    if settings.lexical:
        found += [i for i, _ in store.search_terms(wanted, wide, filters)]
    asked = mentions(question, store, today=today or datetime.date.today()) if settings.named else None
    if asked is not None:
        found += _by_names(wanted, asked, store, settings.candidates_named, filters)
    ids = list(dict.fromkeys(found))
    stored = store.stored_passages(ids)
    ids = [i for i in ids if i in stored]  # another process may have removed one just now
    if not ids:
        return []
    by_place = sorted(range(len(ids)), key=lambda j: _place(stored[ids[j]].passage))
    vectors = np.stack([stored[i].vectors.vector for i in ids]).astype(np.float32)
    dense = vectors @ embedded.vector
    words = np.zeros(len(ids), np.float32)
    if settings.lexical:
        words = _word_scores(wanted, [stored[i].terms for i in ids], store)
        forms = lexical.form_scores(question, _texts([stored[i].passage for i in ids], store))
        words += (lexical.FORM_WEIGHT * forms).astype(np.float32)
    words /= max(float(words.max()), 1e-9)

    def meaning(scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scores as far as the model reads the question's language; for the rest the words stand in."""
        known = np.float32(embedded.familiarity)
        return known * scores + (1 - known) * np.float32(_USUAL_MEANING) * words

    fused = settings.dense * meaning(dense) + settings.lexical * words
    unread = fused / ((settings.dense + settings.lexical) or 1.0)
    weights = settings.dense + settings.lexical + settings.late
    named = np.zeros(len(ids), np.float32)
    if asked is not None:
        owners = [stored[i].passage.article_id for i in ids]
        lifted = boosts(asked, store.names(owners))
        named = np.array([lifted.get(owner, 0.0) for owner in owners], np.float32)
        # Taken from the others, not added to the best: the scores keep the level that support is fitted to.
        fused += weights * settings.named * (named - named.max())
    order, _ = _in_order(fused, by_place)
    late = np.zeros(len(ids), np.float32)
    tokens = {i: TokenVectors.from_bytes(stored[i].vectors.tokens, len(embedded.vector)) for i in ids}
    if settings.late:
        order = order[: max(settings.reranked, 2 * k)]
        late[order] = maxsim(
            embedded.tokens,
            [tokens[ids[j]] for j in order],
            embedded.weights,
            sentences=[_sentences(stored[ids[j]].passage) for j in order],
        )
        # A passage without token vectors goes by the mean of its other parts; with 0 it would sink (without half of
        # the token vectors, MRR@10 92 → 50 on squad2-dev-half, with the mean 92; chunking-eval 76 → 45, 76).
        bare = [j for j in order if not len(tokens[ids[j]].signs)]
        late[bare] = unread[bare]
    total = (fused + settings.late * meaning(late)) / weights
    reranked = set(order.tolist())
    best, total = _in_order(total, [j for j in by_place if j in reranked])
    ranked = [
        Candidate(
            stored[ids[j]],
            float(total[j]),
            float(dense[j]),
            float(words[j]),
            float(late[j]),
            tokens[ids[j]],
            named=float(named[j]),
        )
        for j in best
    ]
    return fold_copies(ranked, k)


def _in_order(scores: NDArray[np.float32], places: Sequence[int]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """`places` by their scores, best first, and the scores, of which those that rounding alone sets apart are one.

    Where they are one the order stays: which article was added first decides nothing.
    """
    among = np.array(places, np.intp)
    order = np.argsort(-scores[among], kind="stable")
    falls = np.diff(scores[among][order], prepend=scores[among][order[0]]) < -_ROUNDING
    level = np.cumsum(falls)
    levelled = scores.copy()
    levelled[among[order]] = scores[among][order][np.searchsorted(level, level)]
    return among[order[np.lexsort((order, level))]], levelled


def _place(passage: Passage) -> tuple[str, int]:
    return passage.article_id, passage.start


def fold_copies(candidates: Sequence[Candidate], k: int) -> list[Candidate]:
    """The first `k` distinct candidates, each with its near-duplicates among all of them as `copies`."""
    belongs = copies.originals([candidate.stored.passage.text for candidate in candidates], k)
    of: dict[int, list[Passage]] = {}
    for place, (original, candidate) in enumerate(zip(belongs, candidates, strict=True)):
        if original == place:
            of[place] = []
        elif original is not None:
            of[original].append(candidate.stored.passage)
    return [replace(candidates[place], copies=tuple(folded)) for place, folded in of.items()]


def _word_scores(wanted: Sequence[str], texts: Sequence[str], store: Store) -> NDArray[np.float32]:
    """float32 (len(texts),): BM25 of passages, given as their search terms, for the terms of a question.

    What looking the terms up gives is not used: it leaves the common ones out, and knows nothing of passages that
    were found by their meaning.
    """
    holding, passages = store.passages_with_term(wanted), store.passage_count
    known = [term for term in wanted if term in holding]
    weights = np.array([postings.weight(passages, holding[term]) for term in known], np.float32)
    spaced = [f" {text.replace(' ', '  ')} " for text in texts]  # so that no two terms share a space
    counts = np.array([[text.count(f" {term} ") for term in known] for text in spaced], np.float32)
    lengths = np.array([len(text) and text.count(" ") + 1 for text in texts], np.float32)[:, None]
    scores: NDArray[np.float32] = postings.saturated(counts, lengths, store.mean_terms) @ weights
    return scores


def _by_names(wanted: Sequence[str], asked: Mentions, store: Store, limit: int, filters: Filters) -> Iterator[int]:
    """The best passages by words among the articles whose author, site or date the question names."""
    by = named_articles(asked, store)
    if by and filters.article_ids:
        let_through = set(filters.article_ids)
        by = [article_id for article_id in by if article_id in let_through]
    if by:
        yield from (i for i, _ in store.search_terms(wanted, limit, replace(filters, article_ids=tuple(by))))
    if asked.period and not (filters.since or filters.until):
        within = replace(filters, since=asked.period.since, until=asked.period.until)
        yield from (i for i, _ in store.search_terms(wanted, limit, within))


def _sentences(passage: Passage) -> list[tuple[int, int]]:
    """Where the sentences stand, (start, end) in the characters of the passage."""
    return [(start - passage.start, end - passage.start) for start, end in passage.sentences]


def _texts(passages: Sequence[Passage], store: Store) -> list[str]:
    """The passages' texts, each behind the line that its beginning leans on: a row without its heads says little."""
    leaning = store.articles_by_id(passage.article_id for passage in passages if passage.outside)
    return [
        f"{leaning[passage.article_id].text[slice(*passage.outside)]}\n{passage.text}"
        if passage.outside and passage.article_id in leaning
        else passage.text
        for passage in passages
    ]
