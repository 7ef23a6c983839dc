"""Answers as Markdown and plain text, and what every drawing of an answer rests on. The page's HTML: qa/ui/draw.py.

Numbers are those of `Citation.number`, made once by the library: the answer, the panel of passages and every export
show the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from qa.bidi import closed, without_controls
from qa.leads import read_out
from qa.links import web_address
from qa.support import support_word
from qa.types import Answer, Article, Citation, Hit

# Not strftime: that follows the server's locale.
_MONTHS = "January February March April May June July August September October November December".split()

_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&-])")
_NUMBER_LAST = re.compile(r"(.*) \[(\d+)\]")
# What may be read as a host: "example.org" in a title.
_LIKE_A_HOST = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}")
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
    hit: Hit | None = None  # how it was found; None for a quote from outside every hit

    @property
    def link(self) -> str | None:
        """Where the page opens: at the first quote, else at its top. None where there is no safe web address."""
        page = self.article.url if self.article else None
        for address in (*(citation.link for citation in self.citations), web_address(page)):
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


@dataclass(frozen=True, slots=True)
class Version:
    """What one of the articles that differ says: the number, date or name, and who says it when."""

    said: str
    title: str
    published: str | None


def versions(answer: Answer) -> list[Version]:
    """The numbers, dates or names in which articles differ; [] where none do."""
    told = []
    for citation in ordered(answer):
        if citation.number in answer.differs and citation.span:
            start, end = citation.span
            said = " ".join(citation.quote[start - citation.start : end - citation.start].split())
            told.append(Version(said, citation.title, citation.published))
    return told if len(told) > 1 else []


def difference(answer: Answer) -> str:
    """The numbers, dates or names in which articles differ, each with its article and date; "" where none do."""
    told = [
        f"{one.said} ({', '.join(filter(None, [one.title, long_date(one.published)]))})" for one in versions(answer)
    ]
    return f"These articles differ: {' · '.join(told)}" if told else ""


def ordered(answer: Answer) -> list[Citation]:
    """The citations by their numbers."""
    return sorted(answer.citations, key=lambda citation: citation.number)


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


def numbered(line: str) -> tuple[str, int | None]:
    """A line of an answer on articles, and the number of its citation if it ends with one."""
    match = _NUMBER_LAST.fullmatch(line)
    return (match[1], int(match[2])) if match else (line, None)


def emphasised(citation: Citation, said: str, escape: Callable[[str], str], before: str, after: str) -> str:
    """`said`, the quote as it is read out, escaped, its span between `before` and `after`."""
    place = _place(citation, said)
    if place is None:
        return escape(said)
    start, end = place
    # Escaping strips what it is given; the spaces around the span are to stay.
    left, right = " " * said[:start].endswith(" "), " " * said[end:].startswith(" ")
    head, words, tail = (escape(part.strip()) for part in (said[:start], said[start:end], said[end:]))
    return f"{head}{left}{before}{words}{after}{right}{tail}"


def answer_markdown(answer: Answer) -> str:
    """The answer and, numbered alike, what it quotes from, as Markdown."""
    lines = [_said(answer, markdown_line, "**")]
    for citation, article in _cited_articles(answer):
        title = markdown_line(citation.title)
        address = safe_url(citation.link) or safe_url(citation.url)
        linked = f"[{title}](<{address}>)" if address else title
        if address and (host := leads_to(address, citation.title, article.site if article else None)):
            linked += f" ({markdown_line(host)})"
        lines.append(f"{citation.number}. {', '.join([linked, *map(markdown_line, _byline(article, citation.start))])}")
    return _joined(lines)


def answer_text(answer: Answer) -> str:
    """The answer and, numbered alike, what it quotes from, as plain text."""
    lines = [_said(answer, closed, "")]
    for citation, article in _cited_articles(answer):
        address = safe_url(citation.link) or safe_url(citation.url)
        line = f"[{citation.number}] {without_controls(', '.join([citation.title, *_byline(article, citation.start)]))}"
        lines.append(f"{line}. {address}" if address else line)
    return _joined(lines)


def safe_url(address: str | None) -> str | None:
    """`address` where it is http or https with a host, ready for an attribute once escaped; else None."""
    if not address or _UNSAFE_IN_URL.search(address):
        return None
    try:
        parts = urlsplit(address)
        plain = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
        return address if plain else None
    except ValueError:  # e.g. an unclosed bracket in the host
        return None


def leads_to(address: str, *said: str | None) -> str:
    """The host of a safe address where what stands at the link may be taken for another one; "" where it may not.

    `said` is what stands there: a title or a site's name that has something like a host in it. A host that is written
    in other letters than those of ASCII is always named, in Punycode: two that look the same are not.
    """
    host = urlsplit(address).hostname or ""
    named = [each.lower() for one in said if one for each in _LIKE_A_HOST.findall(one)]
    known = all(f".{host}".endswith(f".{each.removeprefix('www.')}") for each in named)
    return "" if known and "xn--" not in host else host


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
        hit=hit,
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


def _cited_articles(answer: Answer) -> list[tuple[Citation, Article | None]]:
    articles = {hit.article.id: hit.article for hit in answer.hits}
    return [(citation, articles.get(citation.article_id)) for citation in ordered(answer)]


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
        told = map(numbered, answer.text.splitlines())
        lines = [escape(text) + (f" [{number}]" if number else "") for text, number in told]
        return "\n".join([lines[0], *(f"- {line}" for line in lines[1:])])
    if not answer.citations:
        return escape(answer.text)
    citations = ordered(answer)
    quotes = " ".join(
        f"{emphasised(citation, said, escape, bold, bold)} [{citation.number}]"
        for said, citation in zip(read_out(citations), citations, strict=True)
    )
    notes = (heading(answer), difference(answer), agreement(answer))
    above, below, agree = (escape(note) for note in notes)
    return "\n\n".join(filter(None, [above, quotes, below, agree]))


def _place(citation: Citation, said: str) -> tuple[int, int] | None:
    """Where the span is in the quote as it is read out; None where there is none, or the quote was laid out anew."""
    if citation.span is None:
        return None
    start, end = citation.span[0] - citation.start, citation.span[1] - citation.start
    bold = citation.quote[start:end]  # white space at its borders stays outside
    start, end = end - len(bold.lstrip()), end - (len(bold) - len(bold.rstrip()))
    quote, words = " ".join(citation.quote.split()), " ".join(citation.quote[start:end].split())
    said = said.removesuffix(" …") if citation.cut_after else said
    if said.endswith(quote):
        # One sign behind it, so that white space at the end of what stands before counts.
        at = len(said) - len(quote) + len(" ".join(f"{citation.quote[:start]}|".split())) - 1
        return at, at + len(words)
    at = said.find(words)
    return (at, at + len(words)) if words and said.count(words) == 1 else None


def _joined(lines: list[str]) -> str:
    return "\n\n".join([lines[0], "\n".join(lines[1:])]) if len(lines) > 1 else lines[0]


def markdown_line(text: str) -> str:
    """`text` in one line, so that Markdown shows it as it is; what turns the order of letters is closed."""
    return _MARKDOWN_SPECIAL.sub(r"\\\1", closed(" ".join(text.split())))
