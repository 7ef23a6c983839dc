"""Scored sentences to the quotes of an answer: which, in which order, who else says it and who says otherwise.

The best-scored sentence leads. Further ones join it where they score nearly as well and say something new; a question
that asks for several things lets in more of them than one that asks for a single fact. What another article says in
other words is no further quote but a source; where it gives another number, date or name for the same fact, both are
quoted.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qa import function_words, lexical
from qa.clauses import clauses_around
from qa.kinds import asked_for, asks_several, asks_yes_or_no, in_units, is_question, units_of
from qa.leads import COLONS
from qa.scoring import Sentence
from qa.spans import Span, SpanKind, contradict, find_span, names, same, span_kind, whole_words
from qa.split import word_count
from qa.types import Article

# All borders that are differences of a Sentence's score stand here.
# A further sentence joins the answer when it scores nearly as well as the first: where one fact is asked for, where
# several things are, and otherwise.
_WITHIN_FACT = 0.06
_WITHIN_SEVERAL = 0.14
# Where several things are asked for, an article that is not quoted yet may say another of them in other words.
_WITHIN_ANOTHER = 0.25
_WITHIN_OTHER = 0.07
# A phrase is no question to be met: the best sentence is shown of each passage (its score counts) that is about it.
_WITHIN_PASSAGES = 0.2
# What agrees with the first sentence, or contradicts it, matches the question about as well.
_WITHIN_SOURCES = 0.20
_WITHIN_CONTRADICTS = 0.22
# A sentence beside a quote is quoted with it when it scores nearly as well: what is asked stands in either.
_WITHIN_BESIDE = 0.08
# A list's lead-in scores about as well as the best of its items where the list is asked for as a whole.
_WITHIN_LIST = 0.06
# How much a sentence loses, at likeness 1, where something like it is said, and gains from an article of its own.
_REPEATS = 0.10
_NEW_ARTICLE = 0.02

# Share of the words of the shorter sentence that stand in the other.
_SAME_WORDS = 0.6
# Likeness (0..1) from which two sentences of different passages say the same, and where their spans agree too. On
# pairs written for this, the same in other words had 0.56 to 0.85, other facts on the same subject 0.39 to 0.60.
_SAME_THING = 0.65
_SAME_THING_SAME_SPAN = 0.5
# A sentence of fewer words that name something is like another by chance.
_FEWEST_NAMING = 4
# Share of all words of two sentences that is common to both: from here on one is copied from the other.
_COPIED = 0.8
# Of the words around two spans that contradict each other, so many must be shared, and by this share.
_FEWEST_SHARED = 3
_MOST_SHARED = 0.6

# Longer quotes are not read: a sentence and what it leans on stay below this.
_MOST_WORDS = 55
# Of a sentence of more words than this only the clauses around what answers are quoted.
_MOST_WORDS_WHOLE = 60
# A table's title or a cell says nothing to somebody who has the answer already.
_FEWEST_WORDS_FURTHER = 6

_LEANING = frozenset(
    """this that these those he she it they his her hers its their theirs him them such both neither either another
    however but and so thus therefore hence moreover furthermore instead nevertheless nonetheless meanwhile then also
    afterwards afterward consequently similarly likewise otherwise yet there here former latter""".split()
)
_STOPS = (".", "!", "?")
_FIRST_WORD = re.compile(r"\W*([^\W_]+)")


@dataclass(frozen=True, slots=True)
class Quote:
    """What is quoted: `article.text[start:end]`, with what it leans on elsewhere, and the span that answers.

    `cut`: whether the sentence goes on before it, and behind it.
    """

    article: Article
    start: int
    end: int
    lead: Span | None
    span: Span | None
    cut: tuple[bool, bool] = (False, False)


@dataclass(frozen=True, slots=True)
class Choice:
    """The quotes, in reading order, the best first.

    `said_by`: ids of the articles that say, each in its own words, what the first quote says; its own first.
    `differ`: positions of the quotes that contradict each other; () where none do.
    """

    quotes: tuple[Quote, ...]
    said_by: tuple[str, ...]
    differ: tuple[int, ...]


def choose(question: str, sentences: Sequence[Sentence], articles: Mapping[str, Article], *, most: int) -> Choice:
    """At most `most` quotes from the sentences, best first, of which there is at least one."""
    kind = span_kind(question)
    read = [_Reading.of(sentence, question, articles) for sentence in sentences]
    best = read[0]
    if not is_question(question):
        chosen = _one_a_passage(read, most)
    else:
        several = asks_several(question)
        within = _WITHIN_SEVERAL if several else _WITHIN_OTHER if kind is None else _WITHIN_FACT
        chosen = _new_things(kind, read, within, most, across=several)
    other = next((one for one in read if kind and most > 1 and _contradicts(kind, best, one, question)), None)
    if other is not None:
        rest = [one for one in chosen[1:] if one is not other and not _twice(kind, one, other)]
        chosen = [best, other, *rest][:most]
    chosen = _with_neighbours(_in_reading_order(chosen), read)
    places = [at for at, one in enumerate(chosen) if other is not None and one.sentence is other.sentence]
    differ = (0, places[0]) if places else ()
    return Choice(tuple(one.quote for one in chosen), _said_by(kind, best, read), differ)


def with_lists(sentences: Sequence[Sentence], articles: Mapping[str, Article]) -> list[Sentence]:
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
        article = articles[sentence.candidate.stored.passage.article_id]
        leads_in = article.text[sentence.start : sentence.end].rstrip().endswith(COLONS)
        if not items or not leads_in or abs(sentence.score - items[0].score) > _WITHIN_LIST:
            result.append(sentence)
            continue
        said.add(id(sentence))
        end = max(item.end for item in items)
        text = article.text[sentence.start : end]
        if word_count(text) <= _MOST_WORDS:
            said.update(map(id, items))
            result.append(replace(sentence, end=end, score=max(sentence.score, items[0].score)))
    return sorted((one for one in result if id(one) not in said), key=lambda one: -one.score)


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """A sentence with what is compared of it."""

    sentence: Sentence
    quote: Quote
    text: str
    terms: frozenset[str]
    naming: frozenset[str]  # of the terms, those that name something

    @classmethod
    def of(cls, sentence: Sentence, question: str, articles: Mapping[str, Article]) -> _Reading:
        article = articles[sentence.candidate.stored.passage.article_id]
        text = article.text[sentence.start : sentence.end]
        pointed = is_question(question) and not asks_yes_or_no(question) and not asks_several(question)
        span = None
        # a reason or manner is a clause, of which the reader marks some words; of several things it marks one
        if sentence.span and pointed and asked_for(question) not in ("reason", "manner"):
            start, end = whole_words(text, (sentence.span[0] - sentence.start, sentence.span[1] - sentence.start))
            units = units_of(question) if asked_for(question) == "number" else None
            if units is None or in_units(units, text, (start, end)):  # a date does not say how long
                span = sentence.start + start, sentence.start + end
        if found := find_span(question, text):
            whole = sentence.start + found[0], sentence.start + found[1]
            if span is None or (whole[0] < span[1] and span[0] < whole[1]):
                span = whole  # a number with its unit, a date with its year
        quote = Quote(article, _with_antecedent(article, sentence), sentence.end, sentence.lead, span)
        if (answering := span or sentence.likeliest) and word_count(text) > _MOST_WORDS_WHOLE and "|" not in text:
            quote = _in_part(quote, answering)
        terms = frozenset(lexical.terms(text, article.language))
        return cls(sentence, quote, text, terms, terms - _joining(article.language))

    @property
    def score(self) -> float:
        return self.sentence.score

    @property
    def passage_score(self) -> float:
        return self.sentence.candidate.score

    @property
    def section(self) -> tuple[str, str]:
        return self.quote.article.id, self.sentence.candidate.stored.passage.heading

    @property
    def spoken(self) -> str:
        """The words of the span; "" where there is none."""
        return self.quote.article.text[slice(*self.quote.span)] if self.quote.span else ""


def _in_part(quote: Quote, answering: Span) -> Quote:
    """The clauses of the quote, a sentence, around what answers."""
    text = quote.article.text[quote.start : quote.end]
    start, end = clauses_around(text, (answering[0] - quote.start, answering[1] - quote.start), _MOST_WORDS)
    cut = (
        not text[:start].rstrip().endswith(_STOPS) and start > 0,
        not text[:end].endswith(_STOPS) and end < len(text),
    )
    return replace(quote, start=quote.start + start, end=quote.start + end, cut=cut)


def _new_things(
    kind: SpanKind | None, read: Sequence[_Reading], within: float, most: int, *, across: bool
) -> list[_Reading]:
    """The best sentence and those near it that say something new, `across`: rather from several articles."""
    chosen = [read[0]]
    farthest = max(within, _WITHIN_ANOTHER) if across else within
    left = [one for one in read[1:] if one.score >= read[0].score - farthest and _says_enough(one)]
    while left and len(chosen) < most:
        left = [one for one in left if not _overlap(one, chosen[-1]) and not _twice(kind, one, chosen[-1])]
        heard = {one.quote.article.id for one in chosen}

        def worth(one: _Reading, heard: frozenset[str] = frozenset(heard)) -> float:
            if not across:
                return one.score
            repeated = max(_likeness(one, other) for other in chosen)
            return one.score - _REPEATS * repeated + _NEW_ARTICLE * (one.quote.article.id not in heard)

        near = [one for one in left if one.score >= read[0].score - within or one.quote.article.id not in heard]
        if not near:
            break
        chosen.append(max(near, key=worth))
    return chosen


def _one_a_passage(read: Sequence[_Reading], most: int) -> list[_Reading]:
    """The best sentence of each section, the best passages first, and of each article before any has a second one."""
    best = read[0]
    sections: dict[tuple[str, str], _Reading] = {best.section: best}
    for one in sorted(read, key=lambda one: -one.passage_score):
        if one.passage_score >= best.passage_score - _WITHIN_PASSAGES and _says_enough(one):
            sections.setdefault(one.section, one)
    chosen = [best]
    for again in (False, True):
        for one in sections.values():
            if len(chosen) < most and again == (one.quote.article.id in {other.quote.article.id for other in chosen}):
                fresh = not any(_overlap(one, other) or _twice(None, one, other) for other in chosen)
                chosen += [one] if fresh else []
    return chosen


def _in_reading_order(chosen: Sequence[_Reading]) -> list[_Reading]:
    """The best first, then what stands in its article, then article by article, each in the order of its text."""
    ids = list(dict.fromkeys(one.quote.article.id for one in chosen))
    rest = sorted(chosen[1:], key=lambda one: (ids.index(one.quote.article.id), one.quote.start))
    return [chosen[0], *rest]


def _said_by(kind: SpanKind | None, best: _Reading, read: Iterable[_Reading]) -> tuple[str, ...]:
    """The articles that say what the best sentence says, none of them a copy of another."""
    sources = [best]
    for one in read:
        if one.score < best.score - _WITHIN_SOURCES:
            break
        if one.quote.article.id in {other.quote.article.id for other in sources}:
            continue
        if _agree(kind, one, best) and not any(_copied(one, other) for other in sources):
            sources.append(one)
    return tuple(one.quote.article.id for one in sources)


def _contradicts(kind: SpanKind, best: _Reading, one: _Reading, question: str) -> bool:
    """Whether another article gives another span for what the best sentence says in much the same words.

    A false alarm is worse than a miss: all other names and numbers of the one sentence must stand in the other too,
    dates apart, and those of the question in both passages or titles: "Hornsea One" is not "Hornsea Two".
    """
    if not best.spoken or not one.spoken or one.quote.article.id == best.quote.article.id:
        return False
    if one.score < best.score - _WITHIN_CONTRADICTS or not contradict(kind, best.spoken, one.spoken):
        return False
    around = [_around(reading) for reading in (best, one)]
    shared = around[0] & around[1]
    if len(shared) < _FEWEST_SHARED or len(shared) < _MOST_SHARED * max(map(len, around)):
        return False
    first, second = (names(_without_span(reading)) for reading in (best, one))
    asked = names(question)
    told = [
        names(f"{each.quote.article.title} {each.sentence.candidate.stored.passage.text} {each.text}")
        for each in (best, one)
    ]
    return (first <= second or second <= first) and all(asked <= each for each in told)


def _twice(kind: SpanKind | None, one: _Reading, other: _Reading) -> bool:
    """Whether a sentence says what the other says, in the same words or in others."""
    fewest = max(1, min(len(one.terms), len(other.terms)))
    return len(one.terms & other.terms) >= _SAME_WORDS * fewest or _agree(kind, one, other)


def _agree(kind: SpanKind | None, one: _Reading, other: _Reading) -> bool:
    """Whether two sentences say the same in words of their own: the same span, where they have one."""
    if one.spoken and other.spoken:
        return same(kind or "person", one.spoken, other.spoken) and _likeness(one, other) >= _SAME_THING_SAME_SPAN
    return kind is None and not one.spoken and not other.spoken and _likeness(one, other) >= _SAME_THING


def _copied(one: _Reading, other: _Reading) -> bool:
    return len(one.terms & other.terms) >= _COPIED * max(1, len(one.terms | other.terms))


def _likeness(one: _Reading, other: _Reading) -> float:
    """How much two sentences say the same, about 0..1: by the words that name something and, in different passages, by
    their tokens as well.

    Within a passage tokens are alike because they were read together.
    """
    words = len(one.naming & other.naming) / max(_FEWEST_NAMING, min(len(one.naming), len(other.naming)))
    if one.sentence.candidate.stored.id == other.sentence.candidate.stored.id:
        return words
    first, second = _signs(one), _signs(other)
    if not len(first) or not len(second):
        return words
    # Of random hyperplanes, the share that parts two vectors is their angle: cos(π × share) estimates their cosine.
    similarity = np.sin(np.pi / 2 * (first @ second.T) / first.shape[1])
    met = min(similarity.max(axis=1).mean(), similarity.max(axis=0).mean())
    return (words + float(met)) / 2


def _signs(one: _Reading) -> NDArray[np.float32]:
    """float32 (tokens of the sentence, dim) of ±1."""
    tokens, passage = one.sentence.candidate.tokens, one.sentence.candidate.stored.passage
    low, high = one.sentence.start - passage.start, one.sentence.end - passage.start
    inside = (tokens.offsets[:, 0] >= low) & (tokens.offsets[:, 1] <= high) & (tokens.offsets[:, 1] > low)
    return np.unpackbits(tokens.signs[inside], axis=1).astype(np.float32) * 2 - 1


def _around(one: _Reading) -> frozenset[str]:
    """The terms of a sentence that name something, but for its span."""
    language = one.quote.article.language
    return frozenset(lexical.terms(_without_span(one), language)) - _joining(language)


@functools.cache
def _joining(language: str | None) -> frozenset[str]:
    return frozenset(lexical.terms(" ".join(function_words.ENGLISH), language))


def _without_span(one: _Reading) -> str:
    start, end = one.quote.span or (one.sentence.start, one.sentence.start)
    return one.text[: start - one.sentence.start] + " " + one.text[end - one.sentence.start :]


def _overlap(one: _Reading, other: _Reading) -> bool:
    a, b = one.quote, other.quote
    return a.article.id == b.article.id and a.start < b.end and b.start < a.end


def _with_neighbours(chosen: Sequence[_Reading], read: Iterable[_Reading]) -> list[_Reading]:
    """The quotes, each made one with the sentences beside it in its paragraph that score nearly as well."""
    scored = {(one.sentence.candidate.stored.id, one.sentence.start): one for one in read}
    result: list[_Reading] = []
    for one in chosen:
        if any(_overlap(one, other) for other in result):
            continue  # it has become part of a quote before it
        text, passage_id = one.quote.article.text, one.sentence.candidate.stored.id
        start, end = one.quote.start, one.quote.end
        while True:
            beside = [scored.get((passage_id, first)) for first in _beside(one, start, end)]
            near = [
                other
                for other in beside
                if other is not None
                and other.score >= one.score - _WITHIN_BESIDE
                and not any(_overlap(other, quoted) for quoted in result)
                and word_count(text[min(start, other.sentence.start) : max(end, other.sentence.end)]) <= _MOST_WORDS
            ]
            if not near:
                break
            best = max(near, key=lambda other: other.score)
            start, end = min(start, best.sentence.start), max(end, best.sentence.end)
        result.append(replace(one, quote=replace(one.quote, start=start, end=end)))
    return result


def _beside(one: _Reading, start: int, end: int) -> Iterator[int]:
    """Where the sentences begin that stand right before and behind `start`..`end` in the same paragraph."""
    text = one.quote.article.text
    for first, last in one.sentence.candidate.stored.passage.sentences:
        gap = text[last:start] if last <= start else text[end:first] if first >= end else "\n"
        if not gap.strip() and "\n" not in gap:
            yield first


def _says_enough(one: _Reading) -> bool:
    lead = one.quote.article.text[slice(*one.quote.lead)] if one.quote.lead else ""
    return word_count(f"{lead} {one.text}") >= _FEWEST_WORDS_FURTHER


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
