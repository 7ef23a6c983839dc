"""Answers as HTML for the chat and for the panel of passages beside it.

All text is escaped here and all addresses are checked here; what these functions return can be put into a page as it
is. The chat lets through tags, classes, ids and links, but neither data-* nor aria-* attributes: what is in it is
told apart by class and id.

Element ids start with the exchange's `key`, so that several answers can live in one page: `{key}-r1` is citation 1 in
the answer, `{key}-c1` its marked quote in the panel, `{key}-passages` the panel's section, and `{key}-copy`, `-link`,
`-right`, `-wrong` and `-edit` are buttons.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlencode

from qa import lexical
from qa.answer import NO_ARTICLE_PASSES, NOT_FOUND
from qa.bidi import without_controls
from qa.checked import whole_characters
from qa.leads import read_out
from qa.links import web_address
from qa.render import (
    Source,
    answer_support,
    answer_text,
    emphasised,
    leads_to,
    numbered,
    ordered,
    safe_url,
    sources,
    versions,
)
from qa.types import Answer, Article, Passage, Standing
from qa.ui.words import Words

Verdict = Literal["right", "wrong"]

# A chat reads Markdown around the HTML; as character references these mean nothing to either.
_CHAT_REFERENCES = {ord(char): f"&#{ord(char)};" for char in "&<>\"'\\`*_[]~$|#"}
_SCORES = (("panel.meaning", "dense"), ("panel.wording", "lexical"), ("panel.closeness", "late"))


def text(value: str) -> str:
    """Escaped for HTML, attributes included; without controls that would turn the order of what stands around it."""
    return exact(without_controls(value))


def exact(value: str) -> str:
    """Escaped alike, with every sign: for quotes in an element of their own, and for what the page sends back.

    What is no character, as in names of files, is replaced.
    """
    return html.escape(whole_characters(value), quote=True)


def chat_text(value: str) -> str:
    """As `text`, for the chat, in one line."""
    return chat_exact(without_controls(value))


def chat_exact(value: str) -> str:
    """As `exact`, for the chat, in one line."""
    return " ".join(value.split()).translate(_CHAT_REFERENCES)


def lang(language: str | None) -> str:
    """The attribute, with a space before it."""
    return f' lang="{text(language)}"' if language else ""


def reading_link(article_id: str, start: int = 0, end: int = 0) -> str:
    """Where the app shows its own copy of an article, scrolled to `start..end`; relative to the page's address."""
    place = {"start": start, "end": end} if end > start else {}
    return f"article?{urlencode({'id': article_id, **place})}{'#quote' if place else ''}"


def question_html(question: str, words: Words, *, key: str | None = None) -> str:
    """What was asked, for the chat: exactly as it was typed, line breaks kept; with `key`, a button to edit it."""
    lines = "<br>".join(chat_text(line) for line in question.strip().splitlines())
    edit = f'<button type="button" class="qa-tool" id="{key}-edit">{words("ask.edit")}</button>' if key else ""
    return f'<div class="qa-question" dir="auto">{lines}</div>{edit}'


def step_html(said: str) -> str:
    """What is being done, for the chat, in place of the answer that is to come."""
    return f'<div class="qa-step"><p>{chat_text(said)}</p></div>'


def answer_html(
    answer: Answer,
    words: Words,
    *,
    key: str,
    verdict: Verdict | None = None,
    stale: Mapping[int, Standing] | None = None,
) -> str:
    """The answer for the chat: each quote with a link, numbered, to its mark in the panel. One line, no Markdown.

    `stale` says of citations, by number, whose quote does not stand any more, what became of it.
    """
    tools = _tools(answer, words, key, verdict)
    if not answer.found or not answer.citations:
        said = {NOT_FOUND: words("answer.not_found"), NO_ARTICLE_PASSES: words("answer.no_pass")}
        lines = chat_text(said.get(answer.text, answer.text))
        if answer.text == NOT_FOUND:
            lines += f" {chat_text(words('answer.try_other'))}"
        near = f'<a class="qa-jump" href="#{key}-passages">{words("answer.nearest")}</a>' if answer.hits else ""
        hint = f'<p class="qa-note">{near}</p>' if near and not answer.found else ""
        return f'<div class="qa-answer qa-missing"><p dir="auto">{lines}</p>{hint}{tools}</div>'
    body = _articles(answer, words, key) if answer.kind == "articles" else _quotes(answer, words, key)
    notes = "".join(
        f'<p class="qa-note qa-stale">{chat_text(words(f"answer.{became}", number=number))}</p>'
        for number, became in (stale or {}).items()
        if became != "intact"
    )
    return f'<div class="qa-answer">{body}{notes}{tools}</div>'


def panel_html(
    answer: Answer,
    words: Words,
    *,
    key: str,
    hidden: bool = False,
    question: str | None = None,
    filters: str = "",
    link: str = "",
    titles: Mapping[str, str] | None = None,
    stale: Mapping[int, Standing] | None = None,
) -> str:
    """The passages of an answer: cited ones first, in the order of their numbers, then those also found.

    `question` is what was typed, where that is not what was searched for; `filters` says which were in force, `link`
    reopens the question, and `titles` are those of the articles in which copies stand.
    """
    cited, found = sources(answer)
    draw = _Cards(answer, words, key, titles or {}, stale or {})
    unseen = " hidden" if hidden else ""
    copy = answer_text(answer) if answer.found else f"{question or answer.question}\n\n{answer.text}"
    attributes = f'aria-label="{text(words("panel.label"))}" data-copy="{text(copy)}" data-link="{text(link)}"{unseen}'
    parts = [
        f'<section class="qa-passages" id="{key}-passages" tabindex="-1" {attributes}>',
        f'<p class="qa-asked" dir="auto">{text(answer.question)}</p>',
    ]
    if filters:
        parts.append(f'<p class="qa-note" dir="auto">{text(words("panel.filters", filters=filters))}</p>')
    if cited:
        parts.append(f'<div role="doc-endnotes" aria-labelledby="{key}-cited">')
        parts.append(f'<h2 class="qa-group" id="{key}-cited">{text(words("panel.cited"))}</h2>')
        parts += [draw.open(source) for source in cited]
        parts.append("</div>")
    if found and answer.found:
        parts.append(f'<h2 class="qa-group">{text(words("panel.found"))}</h2>')
        parts += [draw.folded(source) for source in found]
    elif found:
        parts.append(f'<h2 class="qa-group">{text(words("panel.nearest"))}</h2>')
        parts.append(f'<p class="qa-note">{text(words("panel.nearest_help"))}</p>')
        parts += [draw.open(source) for source in found]
    if not cited and not found:
        parts.append(f'<p class="qa-note">{text(words("panel.nothing"))}</p>')
    parts.append("</section>")
    return "".join(parts)


def found_html(answer: Answer, words: Words) -> str:
    """The passages found so far, while the answer is being made; `answer` is a stand-in that holds them."""
    draw = _Cards(answer, words, "pending", {}, {})
    cards = "".join(draw.folded(source) for source in sources(answer)[1])
    title = text(words("panel.so_far"))
    label = text(words("panel.label"))
    return f'<section class="qa-passages" aria-label="{label}"><h2 class="qa-group">{title}</h2>{cards}</section>'


def idle_panel(words: Words) -> str:
    """What stands in the panel before the first answer."""
    return f'<section class="qa-passages qa-idle"><p class="qa-note">{text(words("panel.idle"))}</p></section>'


def kept_html(conversation_id: str, keys: Sequence[str], record: Mapping[str, Any] | None) -> str:
    """What the browser is to keep of a conversation, for its script: the exchanges there are, and one that is new."""
    held = "" if record is None else f' data-record="{exact(json.dumps(record, ensure_ascii=False))}"'
    return f'<div id="qa-kept" hidden data-id="{text(conversation_id)}" data-keys="{text(" ".join(keys))}"{held}></div>'


def _quotes(answer: Answer, words: Words, key: str) -> str:
    languages = {hit.article.id: hit.article.language for hit in answer.hits}
    citations = ordered(answer)
    sentences = []
    for citation, said in zip(citations, read_out(citations), strict=True):
        label = chat_text(words("answer.citation", number=citation.number, title=citation.title))
        sentences.append(
            f'<span class="qa-quote" dir="auto"{lang(languages.get(citation.article_id))}>'
            f"{emphasised(citation, said, chat_exact, '<strong>', '</strong>')}</span>&nbsp;"
            f"{_number(key, citation.number, label)}"
        )
    above = below = agree = ""
    if answer.kind == "passages":
        said = chat_text(words("answer.from_articles", question=answer.question))
        above = f'<p class="qa-heading" dir="auto">{said}</p>'
    if differ := versions(answer):
        told = " · ".join(
            chat_text(f"{one.said} ({', '.join(filter(None, [one.title, words.date(one.published)]))})")
            for one in differ
        )
        below = f'<p class="qa-differs" dir="auto">{chat_text(words("answer.differ"))} {told}</p>'
    if len(answer.said_by) > 1:
        agree = f" · {chat_text(words('answer.sources', n=len(answer.said_by)))}"
    word = answer_support(answer)
    return (
        f'{above}<p dir="auto">{" ".join(sentences)}</p>{below}'
        f'<p class="qa-note" title="{chat_text(words("answer.support_help"))}">{chat_text(words("answer.support"))} '
        f'<span class="qa-support qa-{word}">{chat_text(words(f"answer.{word}"))}</span>{agree}</p>'
    )


def _articles(answer: Answer, words: Words, key: str) -> str:
    """What is told of articles: its lines, each with the links of its numbers; those after the first are a list."""
    titles = {citation.number: citation.title for citation in answer.citations}

    def drawn(line: str) -> str:
        said, number = numbered(line)
        if number is None:
            return chat_text(said)
        label = chat_text(words("answer.citation", number=number, title=titles.get(number, "")))
        return f"{chat_text(said)}&nbsp;{_number(key, number, label)}"

    first, *items = answer.text.splitlines()
    drawn_items = "".join(f'<li dir="auto">{drawn(item)}</li>' for item in items)
    return f'<p dir="auto">{drawn(first)}</p>{f"<ul>{drawn_items}</ul>" if items else ""}'


def _number(key: str, number: int, label: str) -> str:
    place = f'id="{key}-r{number}" href="#{key}-c{number}"'
    return f'<a class="qa-cite" role="doc-noteref" {place} title="{label}">{number}</a>'


def _tools(answer: Answer, words: Words, key: str, verdict: Verdict | None) -> str:
    names = {"right": "answer.right", "wrong": "answer.wrong"}
    if not answer.found:
        names = {"right": "answer.right_none", "wrong": "answer.wrong_none"}
    if verdict is not None:
        names[verdict] = f"answer.marked_{verdict}"
    tools = {"copy": "answer.copy", "link": "answer.link", **names}
    drawn = "".join(
        f'<button type="button" class="qa-tool{" qa-chosen" if name == verdict else ""}" id="{key}-{name}">'
        f"{chat_text(words(label))}</button>"
        for name, label in tools.items()
    )
    return f'<p class="qa-tools">{drawn}</p>'


class _Cards:
    """Draws the passages of one answer."""

    def __init__(
        self, answer: Answer, words: Words, key: str, titles: Mapping[str, str], stale: Mapping[int, Standing]
    ) -> None:
        self._question, self._words, self._key = answer.question, words, key
        self._titles, self._stale = titles, stale

    def open(self, source: Source) -> str:
        words = self._words
        numbers = "".join(
            f'<a class="qa-number" role="doc-backlink" href="#{self._key}-r{citation.number}" '
            f'aria-label="{text(words("panel.back", number=citation.number))}">{citation.number}</a>'
            for citation in source.citations
        )
        return (
            f'<article class="qa-card"><header>{numbers}<div><h3 dir="auto">{text(source.title)}</h3>'
            f"{self._facts(source)}</div></header>{self._body(source)}</article>"
        )

    def folded(self, source: Source) -> str:
        return (
            f'<details class="qa-card"><summary><div><h3 dir="auto">{text(source.title)}</h3>'
            f"{self._facts(source)}</div></summary>{self._body(source)}</details>"
        )

    def _facts(self, source: Source) -> str:
        article = source.article
        if article is None:  # of a citation from outside every hit no more is known than its date
            published = source.citations[0].published if source.citations else None
            return f'<p class="qa-meta">{text(self._words.date(published))}</p>' if published else ""
        parts = [f'<span dir="auto">{text(author)}</span>' for author in article.authors]
        if article.published:
            date = text(self._words.date(article.published))
            parts.append(f'<time datetime="{text(article.published)}">{date}</time>')
        if article.site:
            parts.append(f'<span dir="auto">{text(article.site)}</span>')
        if len(article.pages) > 1:
            place = source.citations[0].start if source.citations else source.start
            parts.append(f"<span>{text(self._words('panel.page', n=article.page_at(place)))}</span>")
        return f'<p class="qa-meta">{" · ".join(parts)}</p>' if parts else ""

    def _body(self, source: Source) -> str:
        language = source.article.language if source.article else None
        common = lexical.matched(self._question, source.text, language)
        path = f'<p class="qa-path" dir="auto">{text(source.heading)}</p>' if source.heading else ""
        path += f'<p class="qa-path" dir="auto"{lang(language)}>{text(source.lead)}</p>' if source.lead else ""
        return (
            f'{path}<blockquote dir="auto"{lang(language)}>{self._marked(source, common)}</blockquote>'
            f'<p class="qa-links">{self._links(source)}</p>{self._why(source, common)}'
        )

    def _links(self, source: Source) -> str:
        words = self._words
        links = []
        if address := source.link:
            links.append(_out(address, words, source.title, source.article.site if source.article else None))
        became = self._stale.get(source.citations[0].number, "intact") if source.citations else "intact"
        if became != "gone":
            place = source.citations[0] if source.citations else source
            at = (place.start, place.end) if became == "intact" else (0, 0)
            links.append(_link(reading_link(source.article_id, *at), words("panel.read")))
            links.append(
                f'<button type="button" class="qa-tool" data-do="only" data-article="{exact(source.article_id)}">'
                f"{text(words('panel.only'))}</button>"
            )
        return "".join(links)

    def _why(self, source: Source, common: Sequence[tuple[int, int]]) -> str:
        words, hit = self._words, source.hit
        if hit is None:
            return ""
        held = dict.fromkeys(source.text[start:end].lower() for start, end in common)
        said = words("panel.words", words=", ".join(held)) if held else words("panel.no_words")
        bars = "".join(
            f'<li><span>{text(words(label))}</span><meter min="0" max="1" value="{_share(getattr(hit, name)):.2f}" '
            f'aria-label="{text(words(label))}"></meter><span>{_share(getattr(hit, name)):.2f}</span></li>'
            for label, name in _SCORES
        )
        copies = ""
        if hit.copies:
            items = "".join(f'<li dir="auto">{self._copy(copy)}</li>' for copy in hit.copies)
            copies = f"<p>{text(words('panel.copies'))}</p><ul>{items}</ul>"
        return (
            f'<details class="qa-why"><summary>{text(words("panel.why"))}</summary><p dir="auto">{text(said)}</p>'
            f'<ul class="qa-bars">{bars}</ul>{copies}</details>'
        )

    def _copy(self, copy: Passage) -> str:
        title = self._titles.get(copy.article_id, copy.article_id)
        return _link(reading_link(copy.article_id, copy.start, copy.end), title)

    def _marked(self, source: Source, common: Sequence[tuple[int, int]]) -> str:
        """The text, escaped, with every quote in a mark. Where quotes overlap, the first keeps the shared part."""
        pieces = []
        position = source.start
        for citation in sorted(source.citations, key=lambda each: each.start):
            start, end = max(citation.start, position), max(citation.end, position)
            pieces.append(_with_common(source, common, position, start))
            quote = _with_common(source, common, start, end)
            pieces.append(f'<mark id="{self._key}-c{citation.number}" tabindex="-1">{quote}</mark>')
            position = end
        pieces.append(_with_common(source, common, position, source.start + len(source.text)))
        return "".join(pieces)


def _with_common(source: Source, common: Sequence[tuple[int, int]], start: int, end: int) -> str:
    """`source`'s text from `start` to `end`, offsets of the article, escaped, the words in common in <b>."""
    start, end = start - source.start, end - source.start
    pieces, position = [], start
    for first, last in common:
        first, last = max(first, position), min(last, end)
        if first < last:
            pieces += [exact(source.text[position:first]), f"<b>{exact(source.text[first:last])}</b>"]
            position = last
    pieces.append(exact(source.text[position:end]))
    return "".join(pieces)


def _link(address: str, said: str, relation: str = "noopener") -> str:
    return f'<a href="{text(address)}" target="_blank" rel="{relation}">{text(said)}</a>'


def _out(address: str, words: Words, *said: str | None) -> str:
    """The link to a page on the web, with the host where what is said of the page may be taken for another."""
    link = _link(address, words("panel.open"), "noopener noreferrer")
    host = leads_to(address, *said)
    return f'{link} <bdi class="qa-host">{text(host)}</bdi>' if host else link


def _share(score: float) -> float:
    return min(1.0, max(0.0, score))


def facts_line(article: Article, words: Words) -> str:
    """Authors, date, site and a link to the page, as HTML."""
    facts = [f'<span dir="auto">{text(author)}</span>' for author in article.authors]
    if article.published:
        facts.append(f'<time datetime="{text(article.published)}">{text(words.date(article.published))}</time>')
    if article.site:
        facts.append(f'<span dir="auto">{text(article.site)}</span>')
    if address := safe_url(web_address(article.url)):
        facts.append(_out(address, words, article.title, article.site))
    return " · ".join(facts)
