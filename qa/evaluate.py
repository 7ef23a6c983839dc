"""How well a library answers questions whose answers are known (qa/questions.py).

A passage or quote is right when it holds a whole gold answer at its place.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from qa.calibration import auroc, calibration_error
from qa.checked import shown
from qa.errors import InvalidInput
from qa.questions import Question, Span, gold_spans
from qa.types import Answer, Article, Hit, Progress, Turn

CUT = 10  # ranks that are looked at
MOST_QUOTE_WORDS = 60  # a longer quote is a passage, not an answer
MOST_QUOTES = 5  # quotes of an answer that are looked at


class Answering(Protocol):
    """What can be evaluated: a Library, or another system in its place."""

    def articles(self) -> Iterable[Article]: ...

    def article(self, article_id: str) -> Article: ...

    def retrieve(self, question: str, *, k: int, history: Sequence[Turn]) -> list[Hit]: ...

    def ask(self, question: str, *, history: Sequence[Turn]) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Result:
    """What the library did with one question.

    `spans` is empty for unanswerable questions, and where no gold answer stands in the gold articles' text.
    `rank` counts from 1: the first retrieved passage that holds a gold answer, None where none of the first
    ten does; `words_read` is how many words of the passages, read from the top, it takes until that answer is
    whole. `article_first`: the first passage is of a gold article. `quote_first` and `quote_any`: the answer's
    first quote, or any of its first five, holds a gold answer. `repeated`: the first quote is one that was rejected.
    Of `texts` passages and quotes, `exact` stand in their article letter for letter at the place that they name.
    """

    question: Question
    spans: tuple[Span, ...]
    rank: int | None
    words_read: int | None
    article_first: bool
    found: bool
    support: float
    quote_first: bool
    quote_any: bool
    texts: int
    exact: int
    retrieve_s: float
    ask_s: float
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares are 0..1 and None where no question counts; `placed` is how many questions the first nine rest on.

    `recall_*`: a passage among the first n holds a gold answer. `within_*`: one stands in the first n words read
    from the top, where longer passages gain nothing. `mrr_10`: mean reciprocal rank of the first that does, 0 beyond
    10. `quote_first`, `quote_any`: the answer was given, and its first quote, or any, holds a gold answer.
    `article_first`: answerable questions whose first passage is of a gold article. `answered`: answerable questions
    that got an answer. `declined`: unanswerable ones that got none. `auroc`: how often `support` is higher for an
    answer whose first quote is right than for one that is wrong or that should not have been given. `ece`: how far
    `support` is from the share of answers whose first quote is right (see `calibration_error`); lower is better.
    `mended`: questions whose first quote was judged wrong before, and that get another one or no answer now.
    `text_exact`: passages and quotes that stand letter for letter where they say. Times are in seconds: medians,
    and what 95 of 100 questions stay below.
    """

    questions: int
    placed: int
    recall_1: float | None
    recall_3: float | None
    recall_5: float | None
    recall_10: float | None
    within_150: float | None
    within_500: float | None
    mrr_10: float | None
    quote_first: float | None
    quote_any: float | None
    article_first: float | None
    answered: float | None
    declined: float | None
    auroc: float | None
    ece: float | None
    text_exact: float | None
    retrieve_s: float | None
    retrieve_95_s: float | None
    ask_s: float | None
    ask_95_s: float | None
    mended: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every question's result, in the order asked, and what they add up to."""

    results: tuple[Result, ...]
    scores: Scores


def evaluate(
    library: Answering,
    questions: Sequence[Question],
    *,
    on_progress: Callable[[Progress], object] | None = None,
) -> Evaluation:
    """Asks `library` every question. InvalidInput where it holds none of the articles that the questions name."""
    wanted = {name for question in questions for name in question.article_ids}
    gold = _gold_articles(library.articles(), wanted)
    if wanted and not gold:
        raise InvalidInput(
            f"the library holds none of the {len(wanted)} articles that the questions name, as {shown(min(wanted))}; "
            "open the library they are about, or name its pages with --articles"
        )
    results = []
    for number, question in enumerate(questions, start=1):
        articles = [article for name in question.article_ids for article in gold.get(name, ())]
        spans = tuple(span for article in articles for span in gold_spans(question, article))
        results.append(_measure(library, question, spans, {article.id for article in articles}))
        if on_progress is not None:
            on_progress(Progress(number, len(questions), question.id))
    return Evaluation(tuple(results), score(results))


def score(results: Sequence[Result]) -> Scores:
    """What `results` add up to."""
    placed = [result for result in results if result.spans]
    rejected = [result for result in results if result.question.rejected]
    answerable = [result for result in results if result.question.answerable and not result.question.rejected]
    unanswerable = [result for result in results if not result.question.answerable]

    def recall(cut: int) -> float | None:
        return _mean(result.rank is not None and result.rank <= cut for result in placed)

    def within(words: int) -> float | None:
        return _mean(result.words_read is not None and result.words_read <= words for result in placed)

    texts = sum(result.texts for result in results)
    return Scores(
        questions=len(results),
        placed=len(placed),
        recall_1=recall(1),
        recall_3=recall(3),
        recall_5=recall(5),
        recall_10=recall(10),
        within_150=within(150),
        within_500=within(500),
        mrr_10=_mean(1 / result.rank if result.rank else 0.0 for result in placed),
        quote_first=_mean(result.found and result.quote_first for result in placed),
        quote_any=_mean(result.found and result.quote_any for result in placed),
        article_first=_mean(result.article_first for result in answerable if result.question.article_ids),
        answered=_mean(result.found for result in answerable),
        declined=_mean(not result.found for result in unanswerable),
        auroc=auroc(
            [result.support for result in placed if result.quote_first],
            [result.support for result in placed if not result.quote_first]
            + [result.support for result in unanswerable],
        ),
        ece=calibration_error(judged(results)),
        text_exact=sum(result.exact for result in results) / texts if texts else None,
        mended=_mean(not result.repeated for result in rejected),
        retrieve_s=_median(result.retrieve_s for result in results),
        retrieve_95_s=_below(0.95, [result.retrieve_s for result in results]),
        ask_s=_median(result.ask_s for result in results),
        ask_95_s=_below(0.95, [result.ask_s for result in results]),
    )


def judged(results: Iterable[Result]) -> list[tuple[float, bool]]:
    """The support of each answer that can be judged, and whether its first quote is right.

    Questions that have an answer whose place is not known are left out; unanswerable ones have no right quote.
    """
    return [
        (result.support, result.quote_first and result.question.answerable)
        for result in results
        if result.spans or not result.question.answerable
    ]


def misses(evaluation: Evaluation) -> list[str]:
    """A line for each question that went wrong: its id, what went wrong, and the question."""
    lines = []
    for result in evaluation.results:
        if not result.question.answerable:
            wrong = f"answered, support {result.support:.2f}" if result.found else ""
        elif result.question.rejected:
            wrong = f"the rejected quote again, support {result.support:.2f}" if result.repeated else ""
        elif not result.question.article_ids:
            wrong = "" if result.found else f"not answered, support {result.support:.2f}"
        elif not result.spans:
            wrong = "gold answer not in the articles' text"
        elif not result.found:
            wrong = f"not answered, support {result.support:.2f}"
        else:
            wrong = "" if result.quote_first else f"wrong first quote, passage at rank {result.rank or 'over 10'}"
        if wrong:
            lines.append(f"{result.question.id}: {wrong}: {result.question.question}")
    return lines


_ROWS: tuple[tuple[str, str], ...] = (
    ("recall_1", "recall@1"),
    ("recall_3", "recall@3"),
    ("recall_5", "recall@5"),
    ("recall_10", "recall@10"),
    ("mrr_10", "MRR@10"),
    ("quote_first", "first quote right"),
    ("quote_any", "any quote right"),
    ("answered", "answered"),
    ("declined", "declined"),
    ("auroc", "AUROC of support"),
    ("ece", "ECE of support"),
    ("within_150", "in 150 words"),
    ("within_500", "in 500 words"),
    ("article_first", "first article right"),
    ("text_exact", "texts exact"),
    ("mended", "wrong ones mended"),
)


def comparison_table(scores: Mapping[str, Scores]) -> str:
    """The scores under their names, in per cent; with two of them also by how much the first is above the second."""
    names = list(scores)
    columns = [*names, "difference"] if len(names) == 2 else names
    widths = [max(10, len(name) + 2) for name in columns]
    lines = [f"{'per cent':20}" + "".join(f"{name:>{width}}" for name, width in zip(columns, widths, strict=True))]
    for measure, label in _ROWS:
        values = [getattr(scores[name], measure) for name in names]
        cells = ["-" if value is None else f"{100 * value:.1f}" for value in values]
        if len(names) == 2:
            cells.append("-" if None in values else f"{100 * (values[0] - values[1]):+.1f}")
        lines.append(f"{label:20}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))
    for measure, label in (("retrieve_s", "retrieve, median ms"), ("ask_s", "ask, median ms")):
        values = [getattr(scores[name], measure) for name in names]
        cells = ["-" if value is None else f"{1000 * value:.0f}" for value in values]
        lines.append(f"{label:20}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=False)))
    first = next(iter(scores.values()))
    lines.append(f"{first.questions} questions; the gold answer of {first.placed} stands in the articles")
    return "\n".join(lines)


def _gold_articles(articles: Iterable[Article], wanted: set[str]) -> dict[str, list[Article]]:
    """The articles that each wanted name means: the one with that id, else those from a page of that name."""
    by_id: dict[str, list[Article]] = {}
    by_name: dict[str, list[Article]] = {}
    for article in articles:
        if article.id in wanted:
            by_id[article.id] = [article]
        for name in _page_names(article) & wanted:
            by_name.setdefault(name, []).append(article)
    return by_name | by_id


def _page_names(article: Article) -> set[str]:
    """What a question file may call the page that an article came from: file name or URL, with and without ending."""
    names = set()
    for address in (article.source, article.url):
        if address:
            path = urlsplit(address).path if "://" in address else address.replace("\\", "/")
            page = PurePosixPath(unquote(path) if "://" in address else path)
            names |= {address, page.name, page.stem}
    return names - {""}


def _measure(library: Answering, question: Question, spans: tuple[Span, ...], gold: set[str]) -> Result:
    began = time.perf_counter()
    # Other systems than a Library may know no filters.
    narrowed: dict[str, Any] = {"filters": question.filters} if question.filters else {}
    hits = library.retrieve(question.question, k=CUT, history=question.history, **narrowed)
    retrieved = time.perf_counter()
    answer = library.ask(question.question, history=question.history, **narrowed)
    asked = time.perf_counter()
    quotes = _quotes_right(answer, spans)
    places = [(one.article_id, one.start, one.end, one.text) for one in (hit.passage for hit in hits)]
    places += [(one.article_id, one.start, one.end, one.quote) for one in answer.citations]
    stored = {article_id: library.article(article_id).text for article_id in {place[0] for place in places}}
    return Result(
        question=question,
        spans=spans,
        rank=_rank(hits, spans),
        words_read=_words_read(hits, spans),
        article_first=bool(hits) and hits[0].passage.article_id in gold,
        found=answer.found,
        support=answer.support,
        quote_first=quotes[:1] == [True],
        quote_any=any(quotes[:MOST_QUOTES]),
        repeated=bool(answer.citations) and answer.citations[0].quote in question.rejected,
        texts=len(places),
        exact=sum(stored[article_id][start:end] == text for article_id, start, end, text in places),
        retrieve_s=retrieved - began,
        ask_s=asked - retrieved,
    )


def _rank(hits: Sequence[Hit], spans: Sequence[Span]) -> int | None:
    for rank, hit in enumerate(hits[:CUT], start=1):
        if _holds(hit.passage.article_id, hit.passage.start, hit.passage.end, spans):
            return rank
    return None


def _words_read(hits: Sequence[Hit], spans: Sequence[Span]) -> int | None:
    before = 0
    for passage in (hit.passage for hit in hits[:CUT]):
        ends = [span.end for span in spans if _holds(passage.article_id, passage.start, passage.end, [span])]
        if ends:
            return before + len(passage.text[: min(ends) - passage.start].split())
        before += len(passage.text.split())
    return None


def _quotes_right(answer: Answer, spans: Sequence[Span]) -> list[bool]:
    return [
        len(citation.quote.split()) <= MOST_QUOTE_WORDS
        and _holds(citation.article_id, citation.start, citation.end, spans)
        for citation in sorted(answer.citations, key=lambda citation: citation.number)
    ]


def _holds(article_id: str, start: int, end: int, spans: Sequence[Span]) -> bool:
    return any(span.article_id == article_id and start <= span.start and span.end <= end for span in spans)


def _mean(values: Iterable[float | bool]) -> float | None:
    collected = [float(value) for value in values]
    return statistics.fmean(collected) if collected else None


def _below(share: float, values: Sequence[float]) -> float | None:
    """What at least `share` of the values, rounded down to one of them, do not exceed."""
    return sorted(values)[int(share * (len(values) - 1))] if values else None


def _median(values: Iterable[float]) -> float | None:
    collected = list(values)
    return statistics.median(collected) if collected else None
