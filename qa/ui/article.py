"""The page of one article on the Library tab: its facts, to be corrected, and its passages. No Gradio here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qa.errors import ArticleQAError, UnknownArticle
from qa.types import Article
from qa.ui import uploads
from qa.ui.adding import notice
from qa.ui.draw import exact, facts_line, lang, reading_link, text
from qa.ui.words import Words

if TYPE_CHECKING:
    from qa.library import Library

_LABELS = {"title": "title", "authors": "authors", "published": "date", "site": "site", "language": "language"}


def head(library: Library, article_id: str, words: Words) -> str:
    """Title, facts, links, where it was read, and what was corrected, as HTML."""
    article = library.article(article_id)
    parts = [f'<h2 dir="auto"{lang(article.language)}>{text(article.title)}</h2>']
    reading = (
        f'<a href="{text(reading_link(article.id))}" target="_blank" rel="noopener">{text(words("panel.read"))}</a>'
    )
    parts.append(f'<p class="qa-meta">{" · ".join(filter(None, [facts_line(article, words), reading]))}</p>')
    if article.source:
        said = words("article.read_from", source=uploads.shown(library, article.source))
        parts.append(f'<p class="qa-note" dir="auto">{text(said)}</p>')
    parts += [f'<p class="qa-note">{text(words(f"library.{flag}_help"))}</p>' for flag in article.flags]
    if corrected := library.corrected(article_id):
        facts = " · ".join(
            f"{words(f'article.{_LABELS[name]}')}: {_said(value) or words('article.nothing')}"
            for name, value in corrected.items()
        )
        parts.append(f'<p class="qa-note qa-corrected" dir="auto">{text(words("article.corrected", facts=facts))}</p>')
    return f'<div class="qa-article">{"".join(parts)}</div>'


def passages(library: Library, article_id: str, words: Words) -> str:
    """The article's passages in order, each with its headings and a link to its place, as HTML."""
    article, found = library.article(article_id), library.passages(article_id)
    items = []
    for passage in found:
        link = text(reading_link(article.id, passage.start, passage.end))
        said = text(words("panel.read"))
        path = f'<p class="qa-path" dir="auto">{text(passage.heading)}</p>' if passage.heading else ""
        items.append(
            f'<li>{path}<blockquote dir="auto"{lang(article.language)}>{exact(passage.text)}</blockquote>'
            f'<p class="qa-links"><a href="{link}" target="_blank" rel="noopener">{said}</a></p></li>'
        )
    title = text(f"{words('article.passages')} ({len(found):,})")
    return f'<details class="qa-article"><summary>{title}</summary><ol>{"".join(items)}</ol></details>'


def fields(article: Article) -> tuple[str, str, str, str, str]:
    """Title, authors, date, site and language as they are typed."""
    known = (article.published, article.site, article.language)
    return (article.title, "; ".join(article.authors), *(value or "" for value in known))  # type: ignore[return-value]


def save(library: Library, article_id: str, typed: tuple[str, str, str, str, str], words: Words) -> str:
    """Corrects what differs from what is stored; what came of it as HTML."""
    names = ("title", "authors", "published", "site", "language")
    try:
        before = fields(library.article(article_id))
        changed: dict[str, Any] = {
            name: now.split(";") if name == "authors" else now.strip() or None
            for name, was, now in zip(names, before, typed, strict=True)
            if now.strip() != was
        }
        if changed:
            library.correct(article_id, changed)
    except UnknownArticle:
        return notice(words("article.gone"))
    except ArticleQAError as error:
        return notice(str(error))
    return f'<div class="qa-report" role="status">{text(words("article.saved"))}</div>'


def uncorrect(library: Library, article_id: str, words: Words) -> str:
    """Takes all corrections back; what came of it as HTML."""
    try:
        library.uncorrect(article_id)
    except ArticleQAError as error:
        return notice(str(error))
    return f'<div class="qa-report" role="status">{text(words("article.saved"))}</div>'


def _said(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value or "")
