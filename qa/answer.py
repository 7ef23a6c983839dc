"""Candidates to an Answer: the sentences that answer, verbatim and cited, or none.

Every sentence of the best passages is scored by how well its own tokens, read in their passage, meet the
question (MaxSim), by its passage's score, by the share of the question's words it holds, and by whether it
says something new of the kind that was asked for. The best one leads; its score, put through a fixed curve,
is the support.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from embeddings.late import token_scores
from qa import lexical
from qa.kinds import asked_for, holds
from qa.leads import word_for_word
from qa.links import link_to, web_address
from qa.retriever import Candidate
from qa.split import word_count
from qa.types import Answer, Article, Citation, Hit, Passage

if TYPE_CHECKING:
    from embeddings.encoder import Embedding
    from qa.store import Store

# How many passages are read for their sentences.
PASSAGES_READ = 8
# Weights of a sentence's score, relative to its own MaxSim: fitted on squadshifts-amazon, squadshifts-reddit and
# timeqa-human (softmax over the sentences of a question's passages; 1,550 questions) and rounded.
_PASSAGE_WEIGHT = 0.68
_WORDS_HELD_WEIGHT = 0.21
_LENGTH_WEIGHT = -0.049  # per natural logarithm of the sentence's words
_KIND_WEIGHT = 0.09  # it holds a number, time, name or reason where the question asks for one
_PLACE_WEIGHT = 0.03  # any name may be a place, so that a name says less
_NEWS_WEIGHT = 0.09  # it says something that the question does not: full from five words on
# What a sentence's MaxSim is on average for the share of the question's words it holds (r = 0.51, 32,380 sentences).
# It stands in where the model has not read: past its window, or a language it does not know. All three numbers are
# what benchmarks/fit_unread.py prints for squadshifts-amazon and -reddit.
_MAXSIM_OF_NONE = 0.27
_MAXSIM_OF_WORDS = 0.29
# Added where it stands in for every sentence, so that support stays a probability.
_NONE_READ = 0.18
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
# Words that ask or join and name nothing. Without them a question word, rare in articles, would weigh more than a name.
_FUNCTION_WORDS = frozenset(
    """a an the of in on at to for from by with about is are was were be been do does did has have had can could will
    would what which who whom whose when where why how many much and or that this it its as""".split()
)
# Spanish, German, French, Italian, Portuguese, Dutch, Russian, Arabic, Chinese, Japanese. Some are words of substance
# in English ("die", "war"): they count only where the question is not in a language that the model knows well.
_FUNCTION_WORDS_ELSEWHERE = frozenset(
    """qué cuál cuáles quién quiénes cuándo dónde cómo cuánto cuánta cuántos cuántas el la los las un una de del en es
    fue was wer wem wen wessen wann wo wie warum wieso welche welcher welches wieviel viele der die das ein eine ist war
    que quel quelle quels quelles qui quand où comment pourquoi combien le les des du est était
    che quale quali chi quando dove come perché quanto quanta quanti quante il lo gli di è era
    qual quais quem onde por como quantos quantas o os do da foi wat wie welke wanneer waar hoe waarom hoeveel het een
    что кто кого кому кем чем чего когда где куда откуда как какой какая какое какие каких каким какую почему зачем
    сколько который которая которые был была было были это
    ما ماذا من متى أين كيف لماذا كم هل أي هو هي في على إلى عن التي الذي كان كانت
    什么 什麼 哪些 哪里 哪裡 哪个 哪個 何时 何時 为什么 為什麼 怎么 怎麼 怎样 如何 多少 几个
    何 誰 どこ いつ なぜ どの どう いくつ""".split()
)
_KNOWN_WELL = 0.98  # familiarity
_FIRST_WORD = re.compile(r"\W*([^\W_]+)")


_Quote = tuple[str, int, int, str]  # article id, start, end, the text of what it leans on


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that may be quoted, with its score (higher is better, about 0..1.8); `lead`: what it leans on."""

    candidate: Candidate
    start: int
    end: int
    score: float
    lead: tuple[int, int] | None = None


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


def score_sentences(
    question: str,
    embedded: Embedding,
    candidates: Sequence[Candidate],
    *,
    articles: Mapping[str, Article],
    store: Store,
) -> list[Sentence]:
    """Every sentence of the candidates, best first."""
    languages = store.languages()
    asked = set(lexical.question_terms(question, languages))
    without_substance = _FUNCTION_WORDS
    if embedded.familiarity < _KNOWN_WELL:
        without_substance |= _FUNCTION_WORDS_ELSEWHERE
    plain = set(lexical.question_terms(" ".join(without_substance), languages))
    weights = _term_weights(asked - plain or asked, store)
    total = sum(weights.values()) or 1.0
    kind = asked_for(question)
    scored = []
    for candidate in candidates:
        passage = candidate.stored.passage
        article = articles[passage.article_id]
        similarity = token_scores(embedded.tokens, candidate.tokens)  # (question tokens, passage tokens)
        offsets = candidate.tokens.offsets
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
            held = sum(weights.get(term, 0.0) for term in told) / total
            expected = _MAXSIM_OF_NONE + _MAXSIM_OF_WORDS * held
            met = float(similarity[:, inside].max(axis=1).mean()) if similarity.size and inside.any() else expected
            score = (
                embedded.familiarity * met
                + (1 - embedded.familiarity) * (expected + _NONE_READ)
                + _PASSAGE_WEIGHT * candidate.score
                + _WORDS_HELD_WEIGHT * held
                + _LENGTH_WEIGHT * math.log(word_count(leaned_on + text) + 1)
                + _NEWS_WEIGHT * min(len(terms - asked - plain), 5) / 5
            )
            if kind is not None and holds(kind, text, question):
                score += _PLACE_WEIGHT if kind == "place" else _KIND_WEIGHT
            scored.append(Sentence(candidate, start, end, score, lead))
    return sorted(scored, key=lambda sentence: -sentence.score)


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
