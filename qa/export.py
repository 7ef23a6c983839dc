"""Conversations as documents, and the articles that they cite as bibliographies.

BibTeX: https://ctan.org/pkg/bibtex ; CSL-JSON, which Zotero and pandoc read: https://citeproc-js.readthedocs.io
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from qa import checked
from qa.bidi import without_controls
from qa.checked import shown
from qa.errors import InvalidInput, UnknownArticle
from qa.leads import read_out
from qa.links import web_address
from qa.render import answer_markdown, leads_to, long_date, markdown_line, numbered, ordered, safe_url, versions
from qa.types import Answer, Article

Asked = tuple[str, Answer]  # a question as it was typed, and its answer

_PARTICLES = frozenset("al bin da de del della der di du el ibn la le van von den ten ter zu".split())
_TEX = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_TEX |= {sign: f"\\{sign}" for sign in "&%$#_"}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = (
    "body{font:1.05rem/1.6 Georgia,serif;max-width:42rem;margin:2rem auto;padding:0 1rem}"
    "h1,h2{font-family:system-ui,sans-serif;line-height:1.3}h2{font-size:1.1rem;margin-top:2rem}"
    "ol{font-size:.9rem}sup a{text-decoration:none}"
)


def cited(asked: Sequence[Asked], article_of: Callable[[str], Article]) -> list[Article]:
    """The articles that the answers cite, each once, in the order of their first citation.

    `article_of` gives an article by its id; those of which it raises UnknownArticle are left out.
    """
    found: dict[str, Article] = {}
    for _, answer in _checked(asked):
        for citation in ordered(answer):
            if citation.article_id not in found:
                try:
                    found[citation.article_id] = article_of(citation.article_id)
                except UnknownArticle:
                    continue
    return list(found.values())


def conversation_markdown(title: str, asked: Iterable[Asked]) -> str:
    """A heading for each question, the answer with its numbers, and what they cite."""
    lines = [f"# {markdown_line(checked.cleaned(title, 'title'))}"]
    for question, answer in _checked(asked):
        lines += [f"## {markdown_line(question)}", answer_markdown(answer)]
    return "\n\n".join(lines) + "\n"


def conversation_html(title: str, asked: Iterable[Asked]) -> str:
    """The same as a page of its own, without scripts; everything is escaped."""
    title = checked.cleaned(title, "title")
    sections = "".join(
        f'<section><h2 dir="auto">{_line(question)}</h2>{_answer(answer, position)}</section>'
        for position, (question, answer) in enumerate(_checked(asked), 1)
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{_line(title)}</title><style>{_STYLE}</style></head><body>"
        f'<h1 dir="auto">{_line(title)}</h1>{sections}</body></html>'
    )


def bibtex(articles: Iterable[Article]) -> str:
    """One @misc entry an article, in their order, its key from author, year and title."""
    taken: set[str] = set()
    entries = []
    for article in checked.tuple_of(articles, Article, "articles"):
        fields = {"title": f"{{{_tex(article.title)}}}", "author": " and ".join(map(_bibtex_name, article.authors))}
        year, month, *_ = [*(article.published or "").split("-"), ""]
        fields |= {"year": year, "howpublished": _tex(article.site or ""), "url": _address(article)}
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        lines += [f"  month = {_MONTHS[int(month) - 1]},"] if month else []
        entries.append("\n".join([f"@misc{{{_key(article, taken)},", *lines, "}"]))
    return "\n\n".join(entries) + "\n" if entries else ""


def csl_json(articles: Iterable[Article]) -> str:
    """A JSON array of CSL items, in the order of the articles."""
    taken: set[str] = set()
    items = []
    for article in checked.tuple_of(articles, Article, "articles"):
        item: dict[str, Any] = {"id": _key(article, taken), "type": "webpage" if article.url else "article"}
        item["title"] = article.title
        if article.authors:
            item["author"] = [_csl_name(author) for author in article.authors]
        if article.published:
            item["issued"] = {"date-parts": [[int(part) for part in article.published.split("-")]]}
        more = {"container-title": article.site, "URL": _address(article), "language": article.language}
        items.append(item | {name: value for name, value in more.items() if value})
    return json.dumps(items, ensure_ascii=False, indent=2) + "\n"


def _checked(asked: Iterable[Asked]) -> list[Asked]:
    """The questions as text that can be written, with their answers. Raises InvalidInput."""
    pairs = []
    for pair in checked.tuple_of(asked, tuple, "asked"):
        if len(pair) != 2:
            raise InvalidInput(f"asked holds {shown(pair)}; give pairs of a question and its qa.Answer")
        checked.instance(pair[1], Answer, "an answer in asked")
        pairs.append((checked.cleaned(pair[0], "a question in asked"), pair[1]))
    return pairs


def _answer(answer: Answer, position: int) -> str:
    if not answer.found or not answer.citations:
        return f'<p dir="auto">{html.escape(answer.text)}</p>'
    citations = ordered(answer)
    articles = {hit.article.id: hit.article for hit in answer.hits}
    if answer.kind == "articles":
        told = [numbered(line) for line in answer.text.splitlines()]
        body = "".join(f'<p dir="auto">{_line(said)} {_number(position, number)}</p>' for said, number in told)
    else:
        quotes = (
            f'<q dir="auto">{html.escape(said)}</q>{_number(position, citation.number)}'
            for citation, said in zip(citations, read_out(citations), strict=True)
        )
        body = f"<p>{' '.join(quotes)}</p>"
    if differ := versions(answer):
        body += f"<p>These articles differ: {_line(' · '.join(f'{one.said} ({one.title})' for one in differ))}</p>"
    notes = []
    for citation in citations:
        article = articles.get(citation.article_id)
        about = [] if article is None else [" and ".join(article.authors), article.site or ""]
        facts = ", ".join(filter(None, [citation.title, *about, long_date(citation.published)]))
        address = safe_url(citation.link) or safe_url(citation.url)
        linked = _line(facts)
        if address:
            host = leads_to(address, citation.title, article.site if article else None)
            linked = f'<a href="{html.escape(address)}" rel="noopener noreferrer">{linked}</a>'
            linked += f" <bdi>({html.escape(host)})</bdi>" if host else ""
        notes.append(f'<li id="n{position}-{citation.number}" value="{citation.number}" dir="auto">{linked}</li>')
    return f"{body}<ol>{''.join(notes)}</ol>"


def _line(value: str) -> str:
    return html.escape(without_controls(value))


def _number(position: int, number: int | None) -> str:
    return "" if number is None else f'<sup><a href="#n{position}-{number}">[{number}]</a></sup>'


def _address(article: Article) -> str:
    return safe_url(web_address(article.url)) or ""


def _key(article: Article, taken: set[str]) -> str:
    """Family name of the first author, year, first long word of the title, in plain letters; told apart by a letter."""
    family = _family(article.authors[0])[1] if article.authors else article.site or "article"
    word = next((word for word in article.title.split() if len(word) > 3), "")
    plain = _plain(family) + (article.published or "")[:4] + _plain(word)
    key, number = plain or "article", 1
    while key in taken:
        number += 1
        key = f"{plain or 'article'}-{number}"
    taken.add(key)
    return key


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name)
    return re.sub(r"[^a-z0-9]", "", decomposed.encode("ascii", "ignore").decode().lower())


def _family(name: str) -> tuple[str, str]:
    """(given, family): the last word, with the small words before it; a single word is a family name."""
    words = name.split()
    at = max(len(words) - 1, 0)
    while at > 1 and words[at - 1].lower() in _PARTICLES:
        at -= 1
    return " ".join(words[:at]), " ".join(words[at:])


def _bibtex_name(name: str) -> str:
    given, family = _family(name)
    return f"{_tex(family)}, {_tex(given)}" if given else f"{{{_tex(family)}}}"


def _csl_name(name: str) -> dict[str, str]:
    given, family = _family(name)
    return {"family": family, "given": given} if given else {"literal": family}


def _tex(value: str) -> str:
    return "".join(_TEX.get(sign, sign) for sign in _one_line(value))


def _one_line(value: str) -> str:
    return " ".join(without_controls(value).split())
