"""Candidates to Sentences: how well each sentence of the best passages answers the question.

Every sentence is scored by how well its own tokens, read in their passage, meet the question (MaxSim), by its
passage's score, by the share of the question's words it holds, and by whether it says something new of the kind that
was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from embeddings.late import token_scores
from qa import function_words, lexical
from qa.kinds import asked_for, holds_kind
from qa.retriever import Candidate
from qa.split import embedded_text, word_count
from qa.types import Article, Passage

if TYPE_CHECKING:
    from embeddings.encoder import Embedding
    from embeddings.reader import Reader
    from qa.store import Store

# How many passages are read for their sentences.
PASSAGES_READ = 8
_MOST_LOG_ODDS = 15.0
# A word of the question that only the title or heading over a sentence holds, beside one that it holds itself.
_OVER_SHARE = 0.5
# What a sentence's MaxSim is on average for the share of the question's words it holds (r = 0.51, 32,380 sentences).
# It stands in where the model has not read: past its window, or a language it does not know. Both numbers are what
# benchmarks/fit_unread.py printed for squadshifts-amazon and -reddit with the model before its tuning.
_MAXSIM_OF_NONE = 0.27
_MAXSIM_OF_WORDS = 0.29
# Added where it stands in for every sentence, so that support keeps its level. Not fitted: of .12, .15 and .18 the
# middle one. More answers more Chinese questions, and declines fewer Russian ones that have no answer.
_NONE_READ = 0.15

_KNOWN_WELL = 0.98  # familiarity


@dataclass(frozen=True, slots=True)
class Parts:
    """What speaks for a sentence, each part about 0..1 but for the reader's three, which are log-odds divided by ten.

    `met`: MaxSim of the question with the sentence's tokens; `passage`: the passage's score; `held`: share of the
    question's words that it holds, weighted by rarity, half as much where only the title or heading over it does;
    `length`: natural logarithm of its words; `news`: words that the question has not, full from five on; `kind`: it
    holds a number, time, name, reason or manner where one is asked for (qa/kinds.py); `span`: the reader's weight of
    its best span against there being none; `relevance`: the reader's of the passage; `close`: see `read_closely`.
    """

    met: float = 0.0
    passage: float = 0.0
    held: float = 0.0
    length: float = 0.0
    news: float = 0.0
    kind: float = 0.0
    span: float = 0.0
    relevance: float = 0.0
    close: float = 0.0

    def weighed(self, weights: Parts) -> float:
        return sum((getattr(self, field.name) * getattr(weights, field.name) for field in fields(self)), 0.0)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that may be quoted, with its score (higher is better) and what went into it.

    `lead` is what it leans on, `span` the words in it that answer where they are known, `likeliest` the reader's best
    span in it, however little that speaks for it, None where it has not read; all are (start, end) in the article's
    text.
    """

    candidate: Candidate
    start: int
    end: int
    score: float
    parts: Parts
    lead: tuple[int, int] | None = None
    span: tuple[int, int] | None = None
    likeliest: tuple[int, int] | None = None


def score_sentences(
    question: str,
    embedded: Embedding,
    candidates: Sequence[Candidate],
    *,
    articles: Mapping[str, Article],
    store: Store,
    reader: Reader | None = None,
) -> list[Sentence]:
    """Every sentence of the candidates, best first. Without a `reader` its parts are left out."""
    languages = store.languages()
    asked = set(lexical.question_terms(question, languages))
    # Without these a question word, rare in articles, would weigh more than a name.
    without_substance = function_words.ENGLISH
    if embedded.familiarity < _KNOWN_WELL:
        without_substance |= function_words.ELSEWHERE
    plain = set(lexical.question_terms(" ".join(without_substance), languages))
    weights = _term_weights(asked - plain or asked, store)
    total = sum(weights.values()) or 1.0
    kind = asked_for(question)
    known = embedded.familiarity
    texts = [embedded_text(articles[one.stored.passage.article_id], one.stored.passage) for one in candidates]
    readings = reader.read(question, [text for text, _ in texts]) if reader is not None and known > 0 else []
    scored: list[Sentence] = []
    for candidate, (_, context), reading in zip_longest(candidates, texts, readings):
        of_passage: list[Sentence] = []
        passage = candidate.stored.passage
        article = articles[passage.article_id]
        similarity = token_scores(embedded.tokens, candidate.tokens)  # (question tokens, passage tokens)
        offsets = candidate.tokens.offsets
        over = set(lexical.terms(f"{article.title} {passage.heading}", article.language))
        for (start, end), lead in zip_longest(passage.sentences, passage.leads):
            inside = (offsets[:, 0] >= start - passage.start) & (offsets[:, 1] <= end - passage.start)
            text = article.text[start:end]
            terms = set(lexical.terms(text, article.language))
            leaned_on = ""
            if lead:  # an item or a row answers together with what it leans on
                leaned_on = f"{article.text[slice(*lead)]} "
                low, high = _place_in(passage, lead)
                inside |= (offsets[:, 0] >= low) & (offsets[:, 1] <= high) & (offsets[:, 1] > offsets[:, 0])
            told = terms | set(lexical.terms(leaned_on, article.language))
            own = sum(weights.get(term, 0.0) for term in told) / total
            above = sum(weights.get(term, 0.0) for term in over - told) / total
            expected = _MAXSIM_OF_NONE + _MAXSIM_OF_WORDS * own
            met = expected
            if similarity.size and inside.any():
                met = float(embedded.weights @ similarity[:, inside].max(axis=1))
            shift = context - passage.start
            best = reading.best_span(start + shift, end + shift) if reading else None
            parts = Parts(
                met=known * met + (1 - known) * (expected + _NONE_READ),
                passage=candidate.score,
                held=own + _OVER_SHARE * above,
                length=math.log(word_count(leaned_on + text) + 1),
                news=min(len(terms - asked - plain), 5) / 5,
                kind=holds_kind(kind, text, question) if kind is not None else 0.0,
                span=known * _bounded(best[0] if best else -_MOST_LOG_ODDS) if reading else 0.0,
                relevance=known * _bounded(reading.relevance) if reading else 0.0,
            )
            likeliest = (best[1] - shift, best[2] - shift) if best else None
            span = likeliest if best and best[0] > 0 else None
            of_passage.append(Sentence(candidate, start, end, 0.0, parts, lead, span, likeliest))
        read = WEIGHTS if reading else WEIGHTS_UNREAD
        scored += [replace(one, score=one.parts.weighed(read)) for one in _alike(of_passage)]
    return sorted(scored, key=lambda sentence: -sentence.score)


def read_closely(question: str, sentence: Sentence, article: Article, embedded: Embedding, reader: Reader) -> Sentence:
    """The sentence with `close` among its parts: the mean of what the reader makes of its passage, of the sentence with
    those beside it, and of the sentence alone under its title.

    A near miss is told better so than by the passage alone: that it holds the question's words elsewhere is out of
    sight. Nothing else of the sentence changes, its score neither.
    """
    passage = sentence.candidate.stored.passage
    own = [at for at, (start, end) in enumerate(passage.sentences) if start < sentence.end and sentence.start < end]
    first, last = max(0, own[0] - 1), min(len(passage.sentences) - 1, own[-1] + 1)
    lead = article.text[slice(*sentence.lead)] if sentence.lead else ""
    alone = "\n".join(filter(None, (article.title, lead, article.text[sentence.start : sentence.end])))
    beside = article.text[passage.sentences[first][0] : passage.sentences[last][1]]
    again = [embedded.familiarity * _bounded(one.relevance) for one in reader.read(question, [alone, beside])]
    close = (sentence.parts.relevance + sum(again)) / (1 + len(again))
    return replace(sentence, parts=replace(sentence.parts, close=close))


def _alike(sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences of a passage, a line and those that lean on it with the best span's weight among them.

    The reader has learnt from prose: whether a list or one of its items, and which row of a table, words say better.
    """
    best: dict[tuple[int, int], float] = {}
    for one in sentences:
        if one.lead:
            best[one.lead] = max(best.get(one.lead, -math.inf), one.parts.span)
    for one in sentences:
        if (one.start, one.end) in best:
            best[one.start, one.end] = max(best[one.start, one.end], one.parts.span)
    result = []
    for one in sentences:
        span = best.get(one.lead or (one.start, one.end))
        result.append(one if span is None else replace(one, parts=replace(one.parts, span=span), span=None))
    return result


def _bounded(log_odds: float) -> float:
    return max(-_MOST_LOG_ODDS, min(_MOST_LOG_ODDS, log_odds)) / 10


# Weights of the parts. Those of the unread were fitted before the model's tuning (softmax over the sentences of a
# question's passages). Where the reader has read, those of the passage's score and of the reader's parts were set by
# looking at questions of the development sets, where they lie on a plateau: 0.12 to 0.2 of the span and 0.05 to 0.15 of
# the relevance are alike, and with an earlier reader 1.0 to 1.6 of the passage were. `met` is 0.85 so that distances
# mean what they do in qa/quotes.py.
WEIGHTS_UNREAD = Parts(met=1.0, passage=0.68, held=0.21, length=-0.049, news=0.09, kind=0.09)
WEIGHTS = Parts(met=0.85, passage=1.2, held=0.18, length=-0.042, news=0.077, kind=0.077, span=0.17, relevance=0.05)


def _place_in(passage: Passage, lead: tuple[int, int]) -> tuple[int, int]:
    """Where a lead's tokens are among the passage's: in its text, or the last line of the context before it."""
    if lead == passage.outside:
        return lead[0] - lead[1] - 1, -1
    return lead[0] - passage.start, lead[1] - passage.start


def _term_weights(terms: Iterable[str], store: Store) -> dict[str, float]:
    """Inverse document frequency of each term, as in BM25."""
    wanted = sorted(terms)
    counts, passages = store.passages_with_term(wanted), store.passage_count
    return {term: math.log(1 + (passages - counts.get(term, 0) + 0.5) / (counts.get(term, 0) + 0.5)) for term in wanted}
