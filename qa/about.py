"""Questions about the articles themselves, answered from what is known of them.

A `Request` (qa/request.py) is answered with the authors, dates, sites and titles of the articles that it names. Where
the library has none of that name the question is one about the world, and is answered from the texts.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from qa import function_words, lexical
from qa.links import link_to, web_address
from qa.mentions import PLAIN_IN_SITES, mentions
from qa.render import long_date
from qa.request import Clause, Request
from qa.store import Store
from qa.types import Answer, Article, ArticleSummary, Citation, Filters

MOST_LISTED = 10
# Where an article is named by its subject and not its title, it is one of so many.
_MOST_BY_SUBJECT = 3
# What is known of an article is right as often as it is read off its page rightly: benchmarks/metadata.py finds nine
# in ten authors and dates right, and what was added by hand is no worse.
_SUPPORT_KNOWN = 0.9

_NAMING = ("by", "from", "in")
_FROM_ONE = re.compile(r"(?:from|of|dated) (?!.* (?:to|until|till|through|on|onwards?)\b)", re.IGNORECASE)
_RELATIVE = re.compile(r"\b(?:this|last|past|today|yesterday)\b", re.IGNORECASE)
_TITLE_BREAK = re.compile(r"\s*(?:[:|?!]|\s[-–—])\s+")
_TITLE_CONTEXT = 700  # an author's line stands within so many characters of the text's beginning


def answer(request: Request, question: str, store: Store, filters: Filters, *, today: datetime.date) -> Answer | None:
    """The Answer, without hits; None where the library has nothing of the name, so that the question is another one."""
    if not len(store):
        return None
    if request.wanted in ("author", "date", "site"):
        return _about_one(request, question, store, filters, today=today)
    return _about_many(request, question, store, filters)


def _about_one(
    request: Request, question: str, store: Store, filters: Filters, *, today: datetime.date
) -> Answer | None:
    named = _named(request, store, filters, today=today)
    articles = store.articles_by_id(named)
    told: list[tuple[Article, str]] = []
    untold: list[tuple[Article, str]] = []
    for article_id in named:
        article = articles[article_id]
        if request.wanted == "author":
            fact, missing = f"is by {_listed(article.authors)}" if article.authors else "", "names no author"
        elif request.wanted == "date":
            fact, missing = f"was published {_on(article.published)}" if article.published else "", "bears no date"
        else:
            fact, missing = f"was published by {article.site}" if article.site else "", "names no site"
        line = f"“{_line(article.title)}” {_line(fact or missing)}."
        (told if fact else untold).append((article, line))
    if request.sure != "noun":
        untold = []  # a play or a law of that name has no author here either
    if not told and not untold:
        return None
    said = [*told, *untold][:MOST_LISTED]
    author = request.wanted == "author"
    citations = [
        _cite(number, article, *_place(article, store, author=author)) for number, (article, _) in enumerate(said, 1)
    ]
    lines = [f"{line} [{number}]" if told else line for number, (_, line) in enumerate(said, 1)]
    text = lines[0] if len(lines) == 1 else "\n".join([f"{len(lines)} articles may be meant:", *lines])
    support = _SUPPORT_KNOWN if told else 0.0
    return Answer(question, bool(told), text, tuple(citations) if told else (), (), support, "articles")


def _named(request: Request, store: Store, filters: Filters, *, today: datetime.date) -> list[str]:
    """The articles whose title is what the request names.

    One that is called an article must have most of the words in its title, author or site, or most of its title in
    the words; else it may be chiefly about what they say. One that is not must have nearly all of them in its title,
    or its title up to a colon, and nearly no others: at least two that say something where it is quoted, else three.
    """
    words = [word for word in mentions(request.title, store, today=today).words if word.weight]
    total = sum(word.weight for word in words)
    if not words:
        return []
    wanted = sorted({term for word in words for term in word.terms})
    allowed = set(store.article_ids(filters)) if filters else None
    candidates = store.search_names(wanted, ("title", "authors", "site"), 50)
    summaries = store.summaries_of(one for one in candidates if allowed is None or one in allowed)
    found: dict[str, float] = {}
    for article_id, names in store.names(summaries).items():
        title = summaries[article_id].title
        language = summaries[article_id].language
        also = {term for author in names.authors for term in author} | set(names.site)
        plain = set(lexical.terms(" ".join(function_words.ENGLISH), language))
        for form in (title, *(title[: match.start()] for match in _TITLE_BREAK.finditer(title))):
            own = set(lexical.terms(form, language)) - plain
            if not own:
                continue
            met = [word for word in words if word.terms & own]
            beside = [word for word in words if word.terms & (own | also)]
            forward = sum(word.weight for word in (beside if request.sure == "noun" else met)) / total
            backward = sum(any(term in word.terms for word in words) for term in own) / len(own)
            if request.sure == "noun":
                fits = bool(met) and (forward >= 0.7 or (backward >= 0.8 and len(met) > 1))
            elif request.sure == "quoted":
                fits = forward >= 0.8 and backward >= 0.8 and (len(met) > 1 or len(own) == 1)
            else:
                fits = forward >= 0.8 and backward >= 0.8 and len(met) > 2
            if fits:
                rank = forward if request.sure == "noun" else forward + backward
                found[article_id] = max(rank, found.get(article_id, 0.0))
    if not found and request.sure == "noun":
        holding, about = _holding(request.title, store)
        about |= {one for one, held in holding.items() if _opens_with(held, one, store)}
        return [one for one in store.article_ids(filters) if one in about] if len(about) <= _MOST_BY_SUBJECT else []
    best = max(found.values(), default=0.0)
    return [article_id for article_id, rank in found.items() if rank > best - 1e-6]


def _about_many(request: Request, question: str, store: Store, filters: Filters) -> Answer | None:
    clauses = _resolved(request.clauses, store)
    if clauses is None:
        if not request.mine or any(clause.cue == "in" for clause in request.clauses):
            return None
        clauses = request.clauses
    chosen = store.article_ids(filters)
    places: dict[str, tuple[str, list[int]]] = {}  # article id -> what it mentions, in which passages
    aside = False
    for clause in clauses:
        if clause.cue in _NAMING:
            kept = set(_by_or_from(clause, store))
        else:
            holding, named = _holding(clause.text, store)
            kept = named | holding.keys()
            places = {one: (clause.text, held) for one, held in holding.items()}
            if clause.cue == "on":
                chiefly = named | {one for one, held in holding.items() if _opens_with(held, one, store)}
                aside = chiefly.isdisjoint(chosen) and not kept.isdisjoint(chosen)
                kept = kept if aside else chiefly
        chosen = [one for one in chosen if one in kept]
    summaries = store.summaries_of(chosen)
    articles = [summaries[one] for one in chosen]
    undated = 0
    if request.period:
        undated = sum(article.published is None for article in articles)
        articles = [article for article in articles if request.period.holds(article.published)]
    if not articles:
        if not request.mine and all(clause.cue in _NAMING for clause in clauses):
            return None
        said = _described(clauses, request.when, 1, False)
        more = f" {undated} without a date could not be told." if undated else ""
        return Answer(question, False, f"There is no article here{said}.{more}", (), (), 0.0, "articles")
    return _listing(
        request, question, store, articles, _described(clauses, request.when, len(articles), aside), undated, places
    )


def _listing(
    request: Request,
    question: str,
    store: Store,
    articles: Sequence[ArticleSummary],
    said: str,
    undated: int,
    places: Mapping[str, tuple[str, Sequence[int]]],
) -> Answer:
    named = sorted(articles, key=lambda one: (one.title.casefold(), one.id))  # of one day, and without a date
    ordered = sorted(named, key=lambda one: one.published or "", reverse=request.wanted != "oldest")
    dated = [one for one in ordered if one.published]
    count = len(articles)
    which = f"{count} {'article' if count == 1 else 'articles'}{said}"
    single = request.wanted in ("newest", "oldest")
    if single:
        if not dated:
            text = f"No date is known of the {which}."
            return Answer(question, False, text, (), (), 0.0, "articles")
        shown = dated[:1]
        opening = f"The {request.wanted} of {which} is" if count > 1 else f"The only {which[2:]} is"
    else:
        shown = [*dated, *(one for one in ordered if not one.published)][:MOST_LISTED]
        opening = f"{which}, not counting {undated} without a date" if undated else which
        if count > len(shown):
            opening += f"; the {'newest' if dated else 'first'} {len(shown)} are"
    texts = store.articles_by_id(one.id for one in shown)
    lines, citations = [], []
    for number, one in enumerate(shown, 1):
        article = texts[one.id]
        facts = ", ".join(filter(None, [_listed(one.authors), one.site, long_date(one.published)]))
        lines.append(f"“{_line(one.title)}”{f' ({_line(facts)})' if facts else ''}{'.' if single else ''} [{number}]")
        place = _mention_place(article, *places[one.id], store) if one.id in places else None
        citations.append(_cite(number, article, *(place or _place(article, store))))
    text = f"{opening} {lines[0]}" if single else "\n".join([f"{opening}:", *lines])
    return Answer(question, True, text, tuple(citations), (), _SUPPORT_KNOWN, "articles")


def _resolved(clauses: Sequence[Clause], store: Store) -> tuple[Clause, ...] | None:
    """The clauses with "by" and "from" only where the library knows the name; None where one is unknown.

    After a subject an unknown name belongs to it: "attacks by militants", "life in Paris".
    """
    result: list[Clause] = []
    for clause in clauses:
        if clause.cue in ("on", "mention") or _by_or_from(clause, store):
            result.append(clause)
        elif result and result[-1].cue in ("on", "mention"):
            before = result.pop()
            result.append(Clause(before.cue, f"{before.text} {clause.cue} {clause.text}"))
        else:
            return None
    return tuple(result)


def _by_or_from(clause: Clause, store: Store) -> list[str]:
    """The articles whose author, or site, goes by that name or a part of it in whole words."""
    name = re.sub(r"^the ", "", clause.text, flags=re.IGNORECASE)
    found: dict[str, None] = {}
    if clause.cue != "by" and "." in name and " " not in name:
        found.update(dict.fromkeys(store.articles_at(name.removeprefix("www."))))
    columns: tuple[Literal["authors", "site"], ...] = ("authors",) if clause.cue == "by" else ("site", "authors")
    for language in store.languages() or {None}:
        terms = [term for term in lexical.terms(name, language) if term not in PLAIN_IN_SITES]
        for column in columns:
            known = store.names(store.search_names(terms, (column,), -1))
            for article_id, each in known.items():
                ways = each.authors if column == "authors" else (each.site,)
                if any(set(terms) <= set(way) for way in ways):
                    found[article_id] = None
            if found and column == "site":
                break
    return list(found)


def _holding(text: str, store: Store) -> tuple[dict[str, list[int]], set[str]]:
    """Article id -> passages that hold the words in a row, and the articles whose title or headings do.

    Where none does: those that hold all the words that say something.
    """
    words = text.strip(" '\"“”‘’«»").split()
    while len(words) > 1 and words[0].casefold() in function_words.ENGLISH:
        words = words[1:]
    telling = [word for word in words if word.casefold() not in function_words.ENGLISH] or words
    languages = store.languages() or {None}
    for said, in_a_row in ((words, True), (telling, False)):
        wordings = sorted({tuple(lexical.terms(" ".join(said), language)) for language in languages})
        holding = store.passages_holding(wordings, in_a_row=in_a_row)
        named = store.articles_named(wordings, in_a_row=in_a_row)
        if holding or named:
            return holding, named
    return {}, set()


def _opens_with(held: Sequence[int], article_id: str, store: Store) -> bool:
    """Whether the article's first passage is among these of its passages, or a third of all are."""
    passages = store.passage_ids_of(article_id)
    return held[0] == passages[0] or 3 * len(held) >= len(passages)


# -- in words


def _described(clauses: Sequence[Clause], when: str, count: int, aside: bool) -> str:
    """Which articles they are, as what follows "article" or "articles"."""
    mention = "mentions" if count == 1 else "mention"
    said = ""
    for clause in clauses:
        if clause.cue == "mention" or (clause.cue == "on" and aside):
            said += f" that {mention} {_line(clause.text)}{' in passing' if aside and clause.cue == 'on' else ''}"
        else:
            said += f" {'about' if clause.cue == 'on' else clause.cue} {_line(clause.text)}"
    if when:
        said += f" published {_line(_FROM_ONE.sub('' if _RELATIVE.search(when) else 'in ', when))}"
    return said


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


def _on(published: str) -> str:
    return f"{'on' if len(published) == 10 else 'in'} {long_date(published)}"


def _line(text: str) -> str:
    return " ".join(text.split())


# -- where it stands


def _mention_place(article: Article, wording: str, passages: Sequence[int], store: Store) -> tuple[int, int] | None:
    """The sentence of the first passage that holds most of the wording's words."""
    wanted = set(lexical.terms(wording, article.language))
    for stored in store.stored_passages(passages[:1]).values():
        spans = stored.passage.sentences
        if spans:
            return max(
                spans, key=lambda span: len(wanted & set(lexical.terms(article.text[slice(*span)], article.language)))
            )
    return None


def _place(article: Article, store: Store, *, author: bool = False) -> tuple[int, int]:
    """What stands for an article: the line with its author where that is asked for, its title, its first sentence."""
    text = article.text
    for name in (*(article.authors if author else ()), article.title):
        at = text.find(name, 0, _TITLE_CONTEXT + len(name)) if name.strip() else -1
        if at >= 0:
            return at, at + len(name)
    for passage in store.passages(article.id)[:1]:
        if passage.sentences:
            return passage.sentences[0]
    line = re.search(r"\S[^\n]{0,300}", text)
    return line.span() if line else (0, 0)


def _cite(number: int, article: Article, start: int, end: int) -> Citation:
    url, quote = web_address(article.url), article.text[start:end]
    return Citation(number, article.id, article.title, url, quote, start, end, link_to(article, start, end))
