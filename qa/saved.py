"""Answers as JSON and back: for other programs, and for conversations that are kept outside the library.

`answer_dict` and `hit_dict` are what the commands and the API give. `record` is the short form of an answer for
keeping: passages by their place only. `restored` reads one again, with the texts that the library holds now; a quote
keeps its own words, and `standing` says whether they still stand where they stood. `verified` says so of every quote in
any of these forms.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qa import checked
from qa.errors import InvalidInput, UnknownArticle
from qa.links import link_to, web_address
from qa.types import Answer, Article, Citation, Hit, Passage, Standing, Verified, iso_date, quote_hash

# Of a record: what comes from outside must not make the library read without end.
_MOST_HITS = 50
_MOST_CITATIONS = 200
_SCORES = ("score", "dense", "lexical", "late", "named")
_DEEPEST = 100  # lists and objects in one another that answers are looked for in


def answer_dict(answer: Answer) -> dict[str, Any]:
    """The answer as JSON can hold it: its fields by name; articles of hits without their text."""
    checked.instance(answer, Answer, "answer")
    return _answer(answer, [hit_dict(hit) for hit in answer.hits])


def hit_dict(hit: Hit) -> dict[str, Any]:
    """A hit as JSON can hold it: score and its parts, passage, copies, and the article without its text."""
    checked.instance(hit, Hit, "hit")
    article = hit.article
    return {
        "score": hit.score,
        "dense": hit.dense,
        "lexical": hit.lexical,
        "late": hit.late,
        "passage": _passage_dict(hit.passage),
        "article": {
            "id": article.id,
            "title": article.title,
            "url": article.url,
            "authors": list(article.authors),
            "published": article.published,
            "date_source": article.date_source,
            "site": article.site,
            "language": article.language,
        },
        "copies": [_passage_dict(copy) for copy in hit.copies],
    }


def record(answer: Answer) -> dict[str, Any]:
    """The answer for keeping: as `answer_dict`, its hits only by place and score."""
    checked.instance(answer, Answer, "answer")
    hits = []
    for hit in answer.hits:
        scores = {name: round(float(getattr(hit, name)), 4) for name in _SCORES}
        hits.append({**scores, "passage": _place(hit.passage), "copies": [_place(copy) for copy in hit.copies]})
    return _answer(answer, hits)


def restored(kept: Any, article_of: Callable[[str], Article]) -> Answer:
    """The answer of a `record`. `article_of` gives an article by its id, or raises UnknownArticle.

    Hits whose article is gone, or is too short now, are left out. Raises InvalidInput where `kept` is no record.
    """
    if not isinstance(kept, Mapping):
        raise checked.wrong_type(kept, "a kept answer", "an object")
    try:
        citations = tuple(_citation(one, article_of) for one in _list(kept, "citations")[:_MOST_CITATIONS])
        hits = [_hit(one, article_of) for one in _list(kept, "hits")[:_MOST_HITS]]
        return Answer(
            question=_text(kept, "question"),
            found=kept["found"],
            text=_text(kept, "text"),
            citations=citations,
            hits=tuple(hit for hit in hits if hit is not None),
            support=kept["support"],
            kind=kept.get("kind", "quotes"),
            differs=kept.get("differs", ()),
            said_by=kept.get("said_by", ()),
        )
    except InvalidInput as error:
        raise InvalidInput(f"a kept answer cannot be read: {error}") from error
    except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise InvalidInput(f"a kept answer cannot be read: {type(error).__name__}: {error}") from error


def standing(citation: Citation, article_of: Callable[[str], Article]) -> Standing:
    """Whether the article still says at its place what is quoted."""
    try:
        text = article_of(citation.article_id).text
    except UnknownArticle:
        return "gone"
    return "intact" if text[citation.start : citation.end] == citation.quote else "changed"


def verified(kept: Any, article_of: Callable[[str], Article]) -> list[Verified]:
    """What became of each quote of the answers in `kept`: an answer's JSON, or lists and objects with such inside.

    Raises InvalidInput where there is no answer in it, or one that cannot be read.
    """
    found = list(_answers(kept, _DEEPEST))
    if not found:
        raise InvalidInput('there is no answer in it; give what `ask --json` wrote, an object with "citations"')
    return [_verified(answer, citation, article_of) for answer in found for citation in answer["citations"]]


def _answers(kept: Any, deepest: int) -> Iterator[Mapping[str, Any]]:
    """The objects with a list of citations, wherever they are."""
    if deepest == 0:
        return
    if isinstance(kept, Mapping) and isinstance(kept.get("citations"), list):
        yield kept
    elif isinstance(kept, (Mapping, list)):
        for inside in kept.values() if isinstance(kept, Mapping) else kept:
            yield from _answers(inside, deepest - 1)


def _verified(answer: Mapping[str, Any], kept: Any, article_of: Callable[[str], Article]) -> Verified:
    try:
        article_id, quote = kept["article_id"], kept["quote"]
        start, end, said, title = kept["start"], kept["end"], kept.get("hash"), kept.get("title", "")
        number, question = kept.get("number", 0), answer.get("question", "")
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"a saved citation cannot be read: {type(error).__name__}: {error}") from error
    for name, value in (("article_id", article_id), ("quote", quote), ("title", title), ("question", question)):
        if not isinstance(value, str):
            raise InvalidInput(f"{name} of a saved citation is {checked.shown(value)}; it must be a text")
    for name, value in (("start", start), ("end", end), ("number", number)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidInput(f"{name} of a saved citation is {checked.shown(value)}; it must be a whole number")
    one = Verified(question, number, article_id, title, quote, "changed")
    if said is not None and said != quote_hash(article_id, start, end, quote):
        return replace(one, altered=True)
    try:
        text = article_of(article_id).text
    except UnknownArticle:
        return replace(one, standing="gone")
    at = start if start >= 0 and text.startswith(quote, start) else text.find(quote)
    return one if at < 0 else replace(one, standing="intact", start=at)


def _answer(answer: Answer, hits: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "question": answer.question,
        "found": answer.found,
        "kind": answer.kind,
        "text": answer.text,
        "support": answer.support,
        "differs": list(answer.differs),
        "said_by": list(answer.said_by),
        "citations": [
            {name: getattr(citation, name) for name in (*Citation.__dataclass_fields__, "hash")}
            for citation in answer.citations
        ],
        "hits": hits,
    }


def _passage_dict(passage: Passage) -> dict[str, Any]:
    return {name: getattr(passage, name) for name in Passage.__dataclass_fields__}


def _place(passage: Passage) -> dict[str, Any]:
    return {name: getattr(passage, name) for name in ("article_id", "start", "end", "heading")}


def _citation(kept: Mapping[str, Any], article_of: Callable[[str], Article]) -> Citation:
    start, end, span, published = kept["start"], kept["end"], kept.get("span"), kept.get("published")
    citation = Citation(
        number=kept["number"],
        article_id=_text(kept, "article_id"),
        title=_text(kept, "title"),
        url=None,
        quote=_text(kept, "quote"),
        start=start,
        end=end,
        lead=_text(kept, "lead", ""),
        span=None if span is None else tuple(span),
        published=None if published is None else iso_date(published, "a kept citation's date"),
        cut_before=kept.get("cut_before", False),
        cut_after=kept.get("cut_after", False),
    )
    if standing(citation, article_of) != "intact":
        return citation
    # Addresses are the library's, never those of what was kept.
    article = article_of(citation.article_id)
    return replace(citation, url=web_address(article.url), link=link_to(article, start, end))


def _hit(kept: Mapping[str, Any], article_of: Callable[[str], Article]) -> Hit | None:
    try:
        article = article_of(_text(kept["passage"], "article_id"))
        passage = _passage(kept["passage"], article)
    except UnknownArticle:
        return None
    if passage is None:
        return None
    copies = []
    for copy in _list(kept, "copies", [])[:_MOST_HITS]:
        with contextlib.suppress(UnknownArticle):
            copies.append(_passage(copy, article_of(_text(copy, "article_id"))))
    scores = {name: kept[name] for name in _SCORES}
    return Hit(passage, article, copies=tuple(copy for copy in copies if copy is not None), **scores)


def _passage(kept: Mapping[str, Any], article: Article) -> Passage | None:
    start = checked.whole_number(kept["start"], "the start of a kept passage", least=0)
    end = checked.whole_number(kept["end"], "the end of a kept passage")
    if not start < end <= len(article.text):
        return None
    return Passage(article.id, start, end, article.text[start:end], _text(kept, "heading", ""))


def _text(kept: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = kept[name] if default is None else kept.get(name, default)
    return checked.cleaned(value, f"{name!r}")


def _list(kept: Mapping[str, Any], name: str, default: list[Any] | None = None) -> Sequence[Any]:
    value = kept[name] if default is None else kept.get(name, default)
    if not isinstance(value, (list, tuple)):
        raise checked.wrong_type(value, f"{name!r}", "a list")
    return value
