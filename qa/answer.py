"""Candidates to an Answer: the sentences that answer, verbatim and cited, or none.

The best-scored sentence (qa/scoring.py) leads, others join it (qa/quotes.py); what speaks for it gives the
support (qa/support.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qa.kinds import is_question
from qa.leads import word_for_word
from qa.links import link_to, web_address
from qa.quotes import Quote, choose, with_lists
from qa.retriever import Candidate
from qa.scoring import PASSAGES_READ, read_closely, score_sentences
from qa.support import CURVE, FOUND_FROM, UNREAD
from qa.types import Answer, Article, Citation, Hit

if TYPE_CHECKING:
    from embeddings.encoder import Embedding
    from embeddings.reader import Reader
    from qa.store import Store

# How many sentences an answer quotes at most, unless more are asked for.
QUOTES = 3
MOST_QUOTES = 20


def compose(
    question: str,
    embedded: Embedding | None,
    candidates: Sequence[Candidate],
    *,
    articles: Mapping[str, Article],
    store: Store,
    hits: Sequence[Hit],
    reader: Reader | None = None,
    quotes: int = QUOTES,
    found_from: float = FOUND_FROM,
) -> Answer:
    """The Answer to `question` from `candidates`, best first, whose articles are in `articles`; at most `quotes`."""
    readable = [one for one in candidates[:PASSAGES_READ] if one.stored.passage.article_id in articles]
    if embedded is None or not readable:
        text = "There are no articles to search." if embedded is None else NO_ARTICLE_PASSES
        return Answer(question, False, text, (), tuple(hits), 0.0)
    sentences = with_lists(
        score_sentences(question, embedded, readable, articles=articles, store=store, reader=reader), articles
    )
    if not sentences:
        return Answer(question, False, NOT_FOUND, (), tuple(hits), 0.0)
    if reader is not None:
        article = articles[sentences[0].candidate.stored.passage.article_id]
        sentences[0] = read_closely(question, sentences[0], article, embedded, reader)
    support = (CURVE if reader is not None else UNREAD).support(sentences)
    if support < found_from:
        return Answer(question, False, NOT_FOUND, (), tuple(hits), support)
    choice = choose(question, sentences, articles, most=quotes)
    citations = [_cite(number, quote) for number, quote in enumerate(choice.quotes, 1)]
    said = zip(word_for_word(citations), citations, strict=True)
    text = " ".join(f"{quote} [{citation.number}]" for quote, citation in said)
    return Answer(
        question,
        True,
        text,
        tuple(citations),
        tuple(hits),
        support,
        kind="quotes" if is_question(question) else "passages",
        differs=tuple(position + 1 for position in choice.differ),
        said_by=choice.said_by,
    )


NO_ARTICLE_PASSES = "No article passes the filters."
NOT_FOUND = "The articles do not seem to hold an answer to this question."


def _cite(number: int, quote: Quote) -> Citation:
    article, start, end = quote.article, quote.start, quote.end
    return Citation(
        number,
        article.id,
        article.title,
        web_address(article.url),
        article.text[start:end],
        start,
        end,
        link_to(article, start, end),
        article.text[slice(*quote.lead)] if quote.lead else "",
        quote.span,
        article.published,
        *quote.cut,
    )
