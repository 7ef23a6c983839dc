"""Answers as HTML, Markdown, plain text and JSON. No Gradio here.

Numbers are those of `Citation.number`, made once by the library: the answer, the panel of passages and
every export show the same ones. All text is escaped here and all addresses are checked here; what these
functions return can be put into a page as it is.

Element ids start with the caller's `key`, so that several answers can live in one page:
`{key}-r1` is citation 1 in the answer, `{key}-c1` its marked quote in the panel.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from qa.leads import read_out
from qa.support import support_word
from qa.types import Answer, Article, Citation, Hit, Passage

# Not strftime: that follows the server's locale.
_MONTHS = "January February March April May June July August September October November December".split()

# A chat reads Markdown around the HTML; as character references these mean nothing to either.
_CHAT_REFERENCES = {ord(char): f"&#{ord(char)};" for char in "&<>\"'\\`*_[]~$|#"}
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&-])")
_NUMBER_LAST = re.compile(r"(.*) \[(\d+)\]")
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")


@dataclass(frozen=True, slots=True)
class Source:
    """One passage as it is shown: `text` is `article.text[start:end]`, widened where a quote sticks out of the passage.

    `citations` are those that quote from it, by number; empty for a passage that was only found.
    `article` is None only where a citation's article is not among the answer's hits.
    """

    title: str
    text: str
    start: int
    end: int
    article_id: str
    article: Article | None
    heading: str = ""
    lead: str = ""  # what the text's beginning leans on, where it stands before it
    citations: tuple[Citation, ...] = ()
    copies: int = 0

    @property
    def link(self) -> str | None:
        """Where the page opens: at the first quote, else at its top. None where there is no safe web address."""
        page = self.article.url if self.article else None
        for address in (*(citation.link for citation in self.citations), page):
            if safe := safe_url(address):
                return safe
        return None


def answer_support(answer: Answer) -> str:
    """How well the first quote answers, in a word: strong, likely, weak, or none where nothing was found."""
    word = support_word(answer.support)
    return "none" if not answer.found else "weak" if word == "none" else word


def heading(answer: Answer) -> str:
    """What stands above the quotes: "" but for the passages about a phrase that was no question."""
    return f"From the articles on “{answer.question}”" if answer.kind == "passages" and answer.found else ""


def agreement(answer: Answer) -> str:
    """How many independent articles say what the first quote says; "" where only its own does."""
    return f"{len(answer.said_by)} independent sources" if len(answer.said_by) > 1 else ""


def difference(answer: Answer) -> str:
    """The numbers, dates or names in which articles differ, each with its article and date; "" where none do."""
    told = []
    for citation in _ordered(answer):
        if citation.number in answer.differs and citation.span:
            start, end = citation.span
            said = " ".join(citation.quote[start - citation.start : end - citation.start].split())
            told.append(f"{said} ({', '.join(filter(None, [citation.title, long_date(citation.published)]))})")
    return f"These articles differ: {' · '.join(told)}" if len(told) > 1 else ""


def sources(answer: Answer) -> tuple[tuple[Source, ...], tuple[Source, ...]]:
    """The passages of an answer: those cited, in the order of their numbers, and those only found, best first."""
    quoted: dict[int, list[Citation]] = {}  # position in hits -> citations
    strays: list[Citation] = []
    for citation in sorted(answer.citations, key=lambda each: each.number):
        position = _holder(citation, answer.hits)
        if position is None:
            strays.append(citation)
        else:
            quoted.setdefault(position, []).append(citation)
    articles = {hit.article.id: hit.article for hit in answer.hits}
    cited = [_source(answer.hits[position], tuple(citations)) for position, citations in quoted.items()]
    cited += [_stray(citation, articles.get(citation.article_id)) for citation in strays]
    cited.sort(key=lambda source: source.citations[0].number)
    found = [_source(hit, ()) for position, hit in enumerate(answer.hits) if position not in quoted]
    return tuple(cited), tuple(found)


def answer_html(answer: Answer, *, key: str) -> str:
    """The answer for the chat: each quote with a link, numbered, to its mark in the panel. One line, no Markdown."""
    languages = {hit.article.id: hit.article.language for hit in answer.hits}
    if not answer.found or not answer.citations:
        hint = ""
        if not answer.found and answer.hits:
            hint = f'<p class="qa-note"><a class="qa-jump" href="#{key}-passages">Nearest passages</a></p>'
        return f'<div class="qa-answer qa-missing"><p dir="auto">{_chat_text(answer.text)}</p>{hint}</div>'
    if answer.kind == "articles":
        return _articles_html(answer, key=key)
    sentences = []
    ordered = _ordered(answer)
    for citation, said in zip(ordered, read_out(ordered), strict=True):
        number, title = citation.number, _chat_text(citation.title)
        sentences.append(
            f'<span class="qa-quote" dir="auto"{_lang(languages.get(citation.article_id))}>'
            f"{_emphasised(citation, said, _chat_text, '<strong>', '</strong>')}</span>&nbsp;"
            f'<a class="qa-cite" id="{key}-r{number}" href="#{key}-c{number}" '
            f'title="Citation {number}: {title}">{number}</a>'
        )
    word = answer_support(answer)
    above = f'<p class="qa-heading" dir="auto">{_chat_text(heading(answer))}</p>' if heading(answer) else ""
    below = f'<p class="qa-differs" dir="auto">{_chat_text(difference(answer))}</p>' if difference(answer) else ""
    agree = f" · {agreement(answer)}" if agreement(answer) else ""
    return (
        f'<div class="qa-answer">{above}<p>{" ".join(sentences)}</p>{below}'
        f'<p class="qa-note" title="How likely the first quote answers the question">Support: '
        f'<span class="qa-support qa-{word}">{word}</span>{agree}</p></div>'
    )


def _articles_html(answer: Answer, *, key: str) -> str:
    """What is told of articles: its lines, each with the links of its numbers; those after the first are a list."""

    def drawn(line: str) -> str:
        text, number = _numbered(line)
        if number is None:
            return _chat_text(text)
        return (
            f'{_chat_text(text)}&nbsp;<a class="qa-cite" id="{key}-r{number}" href="#{key}-c{number}" '
            f'title="Citation {number}">{number}</a>'
        )

    first, *items = answer.text.splitlines()
    drawn_items = "".join(f'<li dir="auto">{drawn(item)}</li>' for item in items)
    listed = f"<ul>{drawn_items}</ul>" if items else ""
    return f'<div class="qa-answer"><p dir="auto">{drawn(first)}</p>{listed}</div>'


def _numbered(line: str) -> tuple[str, int | None]:
    """A line of an answer on articles, and the number of its citation if it ends with one."""
    match = _NUMBER_LAST.fullmatch(line)
    return (match[1], int(match[2])) if match else (line, None)


def panel_html(answer: Answer, *, key: str, hidden: bool = False) -> str:
    """The passages of an answer: cited ones first, in the order of their numbers, then those also found."""
    cited, found = sources(answer)
    unseen = " hidden" if hidden else ""
    parts = [
        f'<section class="qa-passages" id="{key}-passages" tabindex="-1" aria-label="Passages"{unseen}>',
        f'<p class="qa-asked" dir="auto">{_text(answer.question)}</p>',
    ]
    if cited:
        parts.append('<h3 class="qa-group">Cited</h3>')
        parts += [_card(source, key) for source in cited]
    if found and answer.found:
        parts.append('<h3 class="qa-group">Also found</h3>')
        parts += [_folded_card(source, key) for source in found]
    elif found:
        parts.append('<h3 class="qa-group">Nearest passages</h3>')
        parts.append('<p class="qa-note">These come closest to the question, but do not answer it.</p>')
        parts += [_card(source, key) for source in found]
    if not cited and not found:
        parts.append('<p class="qa-note">No passage matches. Try other words, or fewer filters.</p>')
    if answer.found:
        copy = html.escape(answer_text(answer), quote=True)
        parts.append(f'<p class="qa-tools"><button type="button" class="qa-copy" data-copy="{copy}">')
        parts.append("Copy answer with sources</button></p>")
    parts.append("</section>")
    return "".join(parts)


def question_html(question: str) -> str:
    """What was asked, for the chat: exactly as it was typed, line breaks kept."""
    lines = "<br>".join(_chat_text(line) for line in question.strip().splitlines())
    return f'<div class="qa-question" dir="auto">{lines}</div>'


def answer_markdown(answer: Answer) -> str:
    """The answer and, numbered alike, what it quotes from, as Markdown."""
    lines = [_said(answer, _markdown, "**")]
    for citation, article in _cited_articles(answer):
        title = _markdown(citation.title)
        address = safe_url(citation.link) or safe_url(citation.url)
        linked = f"[{title}](<{address}>)" if address else title
        lines.append(f"{citation.number}. {', '.join([linked, *map(_markdown, _byline(article, citation.start))])}")
    return _joined(lines)


def answer_text(answer: Answer) -> str:
    """The answer and, numbered alike, what it quotes from, as plain text."""
    lines = [_said(answer, str, "")]
    for citation, article in _cited_articles(answer):
        address = safe_url(citation.link) or safe_url(citation.url)
        line = f"[{citation.number}] {', '.join([citation.title, *_byline(article, citation.start)])}"
        lines.append(f"{line}. {address}" if address else line)
    return _joined(lines)


def answer_dict(answer: Answer) -> dict[str, Any]:
    """The answer as JSON can hold it: its fields by name; articles of hits without their text."""
    return {
        "question": answer.question,
        "found": answer.found,
        "kind": answer.kind,
        "text": answer.text,
        "support": answer.support,
        "differs": list(answer.differs),
        "said_by": list(answer.said_by),
        "citations": [
            {name: getattr(citation, name) for name in Citation.__dataclass_fields__} for citation in answer.citations
        ],
        "hits": [hit_dict(hit) for hit in answer.hits],
    }


def hit_dict(hit: Hit) -> dict[str, Any]:
    """A hit as JSON can hold it: score and its parts, passage, copies, and the article without its text."""
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


def safe_url(address: str | None) -> str | None:
    """`address` where it is http or https with a host, ready for an attribute once escaped; else None."""
    if not address or _UNSAFE_IN_URL.search(address):
        return None
    try:
        parts = urlsplit(address)
        return address if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:  # e.g. an unclosed bracket in the host
        return None


def reading_link(article_id: str, start: int, end: int) -> str:
    """Where the app shows its own copy of an article, scrolled to `start..end`; relative to the app's address."""
    return f"article?{urlencode({'id': article_id, 'start': start, 'end': end})}#quote"


def long_date(published: str | None) -> str:
    """An ISO day, month or year in words: 17 February 2023, February 2023, 2023; "" for None."""
    parts = (published or "").split("-")
    if len(parts) == 1:
        return parts[0]
    month = _MONTHS[int(parts[1]) - 1]
    return f"{int(parts[2])} {month} {parts[0]}" if len(parts) == 3 else f"{month} {parts[0]}"


def _holder(citation: Citation, hits: Sequence[Hit]) -> int | None:
    """Position of the hit that shows most of the quote; None where no hit shows any."""

    def shared(hit: Hit) -> int:
        if hit.article.id != citation.article_id:
            return 0
        return min(hit.passage.end, citation.end) - max(hit.passage.start, citation.start)

    best = max(range(len(hits)), key=lambda position: shared(hits[position]), default=None)
    return best if best is not None and shared(hits[best]) > 0 else None


def _source(hit: Hit, citations: tuple[Citation, ...]) -> Source:
    passage = hit.passage
    start = min([passage.start, *(citation.start for citation in citations)])
    end = max([passage.end, *(citation.end for citation in citations)])
    text = passage.text if (start, end) == (passage.start, passage.end) else hit.article.text[start:end]
    return Source(
        title=hit.article.title,
        text=text,
        start=start,
        end=end,
        article_id=hit.article.id,
        article=hit.article,
        heading=passage.heading,
        lead=hit.article.text[slice(*passage.outside)] if passage.outside and passage.outside[0] < start else "",
        citations=citations,
        copies=len(hit.copies),
    )


def _stray(citation: Citation, article: Article | None) -> Source:
    """A quote from outside every hit (a neighbouring sentence, say): shown by itself."""
    return Source(
        title=citation.title,
        text=citation.quote,
        start=citation.start,
        end=citation.end,
        article_id=citation.article_id,
        article=article,
        citations=(citation,),
    )


def _card(source: Source, key: str) -> str:
    numbers = "".join(
        f'<a class="qa-number" href="#{key}-r{citation.number}" '
        f'aria-label="Back to citation {citation.number} in the answer">{citation.number}</a>'
        for citation in source.citations
    )
    return (
        f'<article class="qa-card"><header>{numbers}<div><h4 dir="auto">{_text(source.title)}</h4>'
        f"{_meta(source)}</div></header>{_body(source, key)}</article>"
    )


def _folded_card(source: Source, key: str) -> str:
    return (
        f'<details class="qa-card"><summary><div><h4 dir="auto">{_text(source.title)}</h4>'
        f"{_meta(source)}</div></summary>{_body(source, key)}</details>"
    )


def _meta(source: Source) -> str:
    article = source.article
    parts = []
    if article:
        parts += [f'<span dir="auto">{_text(author)}</span>' for author in article.authors]
        if article.published:
            parts.append(f'<time datetime="{_text(article.published)}">{long_date(article.published)}</time>')
        if article.site:
            parts.append(f'<span dir="auto">{_text(article.site)}</span>')
        place = source.citations[0].start if source.citations else source.start
        parts += [f"<span>{page}</span>" for page in _page(article, place)]
    return f'<p class="qa-meta">{" · ".join(parts)}</p>' if parts else ""


def _body(source: Source, key: str) -> str:
    links = []
    if address := source.link:
        links.append(
            f'<a href="{html.escape(address, quote=True)}" target="_blank" rel="noopener noreferrer">Open page</a>'
        )
    place = source.citations[0] if source.citations else source
    reading = html.escape(reading_link(source.article_id, place.start, place.end), quote=True)
    links.append(f'<a href="{reading}" target="_blank" rel="noopener">Read in article</a>')
    if source.copies:
        places = "1 other place" if source.copies == 1 else f"{source.copies} other places"
        links.append(f"<span>also in {places}</span>")
    path = f'<p class="qa-path" dir="auto">{_text(source.heading)}</p>' if source.heading else ""
    language = _lang(source.article.language if source.article else None)
    path += f'<p class="qa-path" dir="auto"{language}>{_text(source.lead)}</p>' if source.lead else ""
    return (
        f'{path}<blockquote dir="auto"{language}>{_marked(source, key)}</blockquote>'
        f'<p class="qa-links">{"".join(links)}</p>'
    )


def _marked(source: Source, key: str) -> str:
    """The text, escaped, with every quote in a mark. Where quotes overlap, the first keeps the shared part."""
    pieces = []
    position = source.start
    for citation in sorted(source.citations, key=lambda each: each.start):
        start, end = max(citation.start, position), max(citation.end, position)
        pieces.append(_text(source.text[position - source.start : start - source.start]))
        quote = _text(source.text[start - source.start : end - source.start])
        pieces.append(f'<mark id="{key}-c{citation.number}" tabindex="-1">{quote}</mark>')
        position = end
    pieces.append(_text(source.text[position - source.start :]))
    return "".join(pieces)


def _cited_articles(answer: Answer) -> list[tuple[Citation, Article | None]]:
    articles = {hit.article.id: hit.article for hit in answer.hits}
    return [(citation, articles.get(citation.article_id)) for citation in _ordered(answer)]


def _ordered(answer: Answer) -> list[Citation]:
    return sorted(answer.citations, key=lambda citation: citation.number)


def _byline(article: Article | None, offset: int) -> list[str]:
    if article is None:
        return []
    facts = (" and ".join(article.authors), article.site or "", long_date(article.published))
    return [*filter(None, facts), *_page(article, offset)]


def _page(article: Article, offset: int) -> list[str]:
    """The page that `article.text[offset]` stands on, as "p. 3"; [] where there is only one or none."""
    return [f"p. {article.page_at(offset)}"] if len(article.pages) > 1 else []


def _said(answer: Answer, escape: Callable[[str], str], bold: str) -> str:
    """The quotes with their numbers, spans between two `bold`, and what belongs above and below them."""
    if answer.kind == "articles" and answer.citations:
        numbered = map(_numbered, answer.text.splitlines())
        lines = [escape(text) + (f" [{number}]" if number else "") for text, number in numbered]
        return "\n".join([lines[0], *(f"- {line}" for line in lines[1:])])
    if not answer.citations:
        return escape(answer.text)
    ordered = _ordered(answer)
    quotes = " ".join(
        f"{_emphasised(citation, said, escape, bold, bold)} [{citation.number}]"
        for said, citation in zip(read_out(ordered), ordered, strict=True)
    )
    notes = (heading(answer), difference(answer), agreement(answer))
    above, below, agree = (escape(note) for note in notes)
    return "\n\n".join(filter(None, [above, quotes, below, agree]))


def _emphasised(citation: Citation, said: str, escape: Callable[[str], str], before: str, after: str) -> str:
    """`said`, the quote as it is read out, escaped, its span between `before` and `after`."""
    place = _place(citation, said)
    if place is None:
        return escape(said)
    start, end = place
    # Escaping strips what it is given; the spaces around the span are to stay.
    left, right = " " * said[:start].endswith(" "), " " * said[end:].startswith(" ")
    head, words, tail = (escape(part.strip()) for part in (said[:start], said[start:end], said[end:]))
    return f"{head}{left}{before}{words}{after}{right}{tail}"


def _place(citation: Citation, said: str) -> tuple[int, int] | None:
    """Where the span is in the quote as it is read out; None where there is none, or the quote was laid out anew."""
    if citation.span is None:
        return None
    start, end = citation.span[0] - citation.start, citation.span[1] - citation.start
    bold = citation.quote[start:end]  # white space at its borders stays outside
    start, end = end - len(bold.lstrip()), end - (len(bold) - len(bold.rstrip()))
    quote, words = " ".join(citation.quote.split()), " ".join(citation.quote[start:end].split())
    if said.endswith(quote):
        # One sign behind it, so that white space at the end of what stands before counts.
        at = len(said) - len(quote) + len(" ".join(f"{citation.quote[:start]}|".split())) - 1
        return at, at + len(words)
    at = said.find(words)
    return (at, at + len(words)) if words and said.count(words) == 1 else None


def _joined(lines: list[str]) -> str:
    return "\n\n".join([lines[0], "\n".join(lines[1:])]) if len(lines) > 1 else lines[0]


def _passage_dict(passage: Passage) -> dict[str, Any]:
    return {name: getattr(passage, name) for name in Passage.__dataclass_fields__}


def _lang(language: str | None) -> str:
    return f' lang="{html.escape(language, quote=True)}"' if language else ""


def _text(text: str) -> str:
    return html.escape(text, quote=True)


def _chat_text(text: str) -> str:
    return " ".join(text.split()).translate(_CHAT_REFERENCES)


def _markdown(text: str) -> str:
    return _MARKDOWN_SPECIAL.sub(r"\\\1", " ".join(text.split()))
