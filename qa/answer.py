"""Candidates to an Answer: the sentences that answer, verbatim and cited, or none.

The best-scored sentence (qa/scoring.py) leads; its score, put through a fixed curve, is the support.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qa import lexical
from qa.leads import word_for_word
from qa.links import link_to, web_address
from qa.retriever import Candidate
from qa.scoring import PASSAGES_READ, Sentence, score_sentences
from qa.split import word_count
from qa.types import Answer, Article, Citation, Hit

if TYPE_CHECKING:
    from embeddings.encoder import Embedding
    from qa.store import Store

# P(first quote is right) = 1 / (1 + exp(-(slope × score + offset))), Platt's scaling on clapnq-dev, where half
# of the questions have no answer; expected calibration error 0.04 on squad2-dev-half, which has as many.
_SUPPORT_SLOPE = 5.49
_SUPPORT_OFFSET = -7.0
# Below this support the articles are said not to answer. It declines two fifths of the search queries without
# an answer (clapnq-dev), a tenth of the near misses (squad2-dev-half), and one or two of 100 right answers.
FOUND_FROM = 0.12

_MOST_QUOTES = 3
# A further sentence joins the answer when it scores nearly as well as the first.
_FURTHER_WITHIN = 0.06
# Longer quotes are not read: a sentence and what it leans on stay below this.
_MOST_WORDS = 55
_SAME_WORDS = 0.6
# A table's title or a cell says nothing to somebody who has the answer already.
_FEWEST_WORDS_FURTHER = 6

_LEANING = frozenset(
    """this that these those he she it they his her hers its their theirs him them such both neither either another
    however but and so thus therefore hence moreover furthermore instead nevertheless nonetheless meanwhile then also
    afterwards afterward consequently similarly likewise otherwise yet there here former latter""".split()
)
_FIRST_WORD = re.compile(r"\W*([^\W_]+)")


_Quote = tuple[str, int, int, str]  # article id, start, end, the text of what it leans on


def compose(
    question: str,
    embedded: Embedding | None,
    candidates: Sequence[Candidate],
    *,
    articles: Mapping[str, Article],
    store: Store,
    hits: Sequence[Hit],
    found_from: float = FOUND_FROM,
) -> Answer:
    """The Answer to `question` from `candidates`, best first, whose articles are in `articles`."""
    readable = [one for one in candidates[:PASSAGES_READ] if one.stored.passage.article_id in articles]
    if embedded is None or not readable:
        text = "There are no articles to search." if embedded is None else "No article passes the filters."
        return Answer(question, False, text, (), tuple(hits), 0.0)
    sentences = _with_lists(score_sentences(question, embedded, readable, articles=articles, store=store), articles)
    if not sentences:
        return Answer(question, False, NOT_FOUND, (), tuple(hits), 0.0)
    support = 1 / (1 + math.exp(-(_SUPPORT_SLOPE * sentences[0].score + _SUPPORT_OFFSET)))
    if support < found_from:
        return Answer(question, False, NOT_FOUND, (), tuple(hits), support)
    citations = [
        _cite(number, articles[article_id], start, end, lead)
        for number, (article_id, start, end, lead) in enumerate(_choose(sentences, articles), 1)
    ]
    said = zip(word_for_word(citations), citations, strict=True)
    text = " ".join(f"{quote} [{citation.number}]" for quote, citation in said)
    return Answer(question, True, text, tuple(citations), tuple(hits), support)


NOT_FOUND = "The articles do not seem to hold an answer to this question."


def _with_lists(sentences: Sequence[Sentence], articles: Mapping[str, Article]) -> list[Sentence]:
    """The sentences, best first, a short list that is asked for as a whole made one of them.

    That is where its lead-in scores about as well as the best of its items: "Which aims …?". The lead-in of a longer
    list is left out then, as its items say it.
    """
    leaning: dict[tuple[int, int, int], list[Sentence]] = {}
    for sentence in sentences:
        if sentence.lead:
            leaning.setdefault((sentence.candidate.stored.id, *sentence.lead), []).append(sentence)
    result = []
    said: set[int] = set()
    for sentence in sentences:
        items = leaning.get((sentence.candidate.stored.id, sentence.start, sentence.end), [])
        if not items or abs(sentence.score - items[0].score) > _FURTHER_WITHIN:
            result.append(sentence)
            continue
        said.add(id(sentence))
        end = max(item.end for item in items)
        text = articles[sentence.candidate.stored.passage.article_id].text[sentence.start : end]
        if word_count(text) <= _MOST_WORDS:
            said.update(map(id, items))
            result.append(replace(sentence, end=end, score=max(sentence.score, items[0].score)))
    return sorted((one for one in result if id(one) not in said), key=lambda one: -one.score)


def _choose(sentences: Sequence[Sentence], articles: Mapping[str, Article]) -> list[_Quote]:
    """The best first, then those beside it in reading order, then others."""
    chosen: list[_Quote] = []
    words: list[frozenset[str]] = []
    for sentence in sentences:
        if len(chosen) == _MOST_QUOTES or sentence.score < sentences[0].score - _FURTHER_WITHIN:
            break
        article = articles[sentence.candidate.stored.passage.article_id]
        start = _with_antecedent(article, sentence)
        if any(article.id == other and start < e and s < sentence.end for other, s, e, _ in chosen):
            continue
        text = article.text[sentence.start : sentence.end]
        lead = article.text[slice(*sentence.lead)] if sentence.lead else ""
        if chosen and word_count(f"{lead} {text}") < _FEWEST_WORDS_FURTHER:
            continue
        own = frozenset(lexical.terms(text, article.language))
        if any(len(own & other) >= _SAME_WORDS * max(1, min(len(own), len(other))) for other in words):
            continue  # the same thing in nearly the same words
        chosen.append((article.id, start, sentence.end, lead))
        words.append(own)
    best, rest = chosen[0], chosen[1:]
    beside = sorted((place for place in rest if place[0] == best[0]), key=lambda place: place[1])
    return [best, *beside, *(place for place in rest if place[0] != best[0])]


def _with_antecedent(article: Article, sentence: Sentence) -> int:
    """Where to begin the quote: at the sentence before where this one starts with "This", "He", "However"."""
    spans = sentence.candidate.stored.passage.sentences
    at = next(number for number, (first, _) in enumerate(spans) if first == sentence.start)
    start = sentence.start
    while at > 0 and _leans(article.text[start : sentence.end]):
        before, before_end = spans[at - 1]
        gap = article.text[before_end:start]
        if "\n" in gap or word_count(article.text[before : sentence.end]) > _MOST_WORDS:
            break
        start, at = before, at - 1
    return start


def _leans(text: str) -> bool:
    first = _FIRST_WORD.match(text)
    return first is not None and first[1].casefold() in _LEANING


def _cite(number: int, article: Article, start: int, end: int, lead: str) -> Citation:
    url, quote = web_address(article.url), article.text[start:end]
    return Citation(number, article.id, article.title, url, quote, start, end, link_to(article, start, end), lead)
