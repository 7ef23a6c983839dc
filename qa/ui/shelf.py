"""The list of articles as it is drawn and chosen from, and removing with undo. No Gradio here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qa.errors import ArticleQAError, UnknownArticle
from qa.types import ArticleSummary, Listing, Removed
from qa.ui import uploads
from qa.ui.draw import exact, reading_link, text
from qa.ui.words import Words

if TYPE_CHECKING:
    from qa.library import Library

log = logging.getLogger(__name__)

ROWS = 50  # to a page of the list
COLUMNS = ("title", "author", "date", "site", "passages")


@dataclass(frozen=True, slots=True)
class Shown:
    """Which part of the list of articles a page shows, in which order."""

    search: str = ""
    order: str = "added"
    descending: bool = True
    page: int = 0

    def sorted_by(self, column: str) -> Shown:
        """By that column; by it already: the other way round."""
        return replace(self, order=column, descending=self.order == column and not self.descending, page=0)


def counts(library: Library, words: Words) -> str:
    """How much the library holds: "18 articles · 143 passages"."""
    return f"{words.count('articles', len(library))} · {words.count('passages', library.passage_count)}"


def table(library: Library, words: Words, shown: Shown = Shown()) -> str:
    """A page of the articles whose title, author or site match, as an HTML table with a box to select each row."""
    if len(library) == 0:
        return (
            f'<div class="qa-empty"><p><strong>{text(words("library.empty_title"))}</strong></p>'
            f"<p>{text(words('library.empty'))}</p></div>"
        )
    search = shown.search.strip()
    listing = library.browse(
        search, order=shown.order, descending=shown.descending, offset=shown.page * ROWS, limit=ROWS
    )
    if not listing.total:
        return f'<p class="qa-empty" role="status">{text(words("library.no_match", search=search))}</p>'
    heads = "".join(_head(column, shown, words) for column in COLUMNS)
    rows = "".join(_row(summary, words) for summary in listing.articles)
    return (
        f'<div class="qa-table"><table><thead><tr><th scope="col"><span class="qa-unseen">'
        f'{text(words("library.select"))}</span></th>{heads}<th scope="col"><span class="qa-unseen">'
        f"{text(words('panel.read'))}</span></th></tr></thead><tbody>{rows}</tbody></table></div>"
        f"{_paging(listing, shown, words)}"
    )


def confirmation(library: Library, article_ids: Sequence[str], words: Words) -> str:
    """The question to confirm before articles are removed, as HTML; "" where none is selected or left."""
    titles = [found for each in article_ids if (found := title_of(library, each))]
    if not titles:
        return ""
    one = words("library.remove_one", title=titles[0])
    question = one if len(titles) == 1 else words("library.remove_many", n=len(titles))
    items = "" if len(titles) == 1 else "".join(f'<li dir="auto">{text(title)}</li>' for title in titles)
    return (
        f'<div class="qa-confirm" role="alert"><p dir="auto">{text(question)}</p>'
        f"{f'<ul>{items}</ul>' if items else ''}</div>"
    )


def remove(library: Library, article_ids: Sequence[str], words: Words) -> tuple[str, tuple[Removed, ...]]:
    """Removes articles, and the copies kept of uploaded files: what came of it as HTML, and what undoes it."""
    removed: list[Removed] = []
    problems = []
    for article_id in article_ids:
        try:
            taken = library.remove(article_id)
        except UnknownArticle:
            continue  # somebody else removed it meanwhile: it is gone, as asked
        except ArticleQAError as error:
            problems.append(str(error))
        else:
            removed.append(taken)
            uploads.put_aside(library, taken.article.source)
    undo = f'<button type="button" class="qa-tool" data-do="undo">{text(words("library.undo"))}</button>'
    said = text(words("library.removed", articles=words.count("articles", len(removed))))
    wrong = "".join(f'<p class="qa-notice" role="alert">{text(problem)}</p>' for problem in problems)
    return f'<div class="qa-report" role="status">{said} {undo if removed else ""}</div>{wrong}', tuple(removed)


def undo(library: Library, removed: Sequence[Removed], words: Words) -> str:
    """Puts back what was removed; what came of it as HTML."""
    back, problems = 0, []
    for one in removed:
        try:
            uploads.bring_back(library, one.article.source)
            library.restore(one)
            back += 1
        except ArticleQAError as error:
            problems.append(str(error))
    said = text(words("library.restored", articles=words.count("articles", back)))
    wrong = "".join(f'<p class="qa-notice" role="alert">{text(problem)}</p>' for problem in problems)
    return f'<div class="qa-report" role="status">{said}</div>{wrong}'


def title_of(library: Library, article_id: str) -> str:
    """An article's title, "" where it is gone."""
    try:
        return library.article(article_id).title
    except UnknownArticle:
        return ""


def flags(summary: ArticleSummary, words: Words) -> str:
    """What is wrong with an article's page, as HTML."""
    return "".join(
        f' <span class="qa-flag" title="{text(words(f"library.{flag}_help"))}">{text(words(f"library.{flag}"))}</span>'
        for flag in summary.flags
    )


def _head(column: str, shown: Shown, words: Words) -> str:
    name = text(words(f"library.column_{column}"))
    sorting = shown.order == column
    state = f' aria-sort="{"descending" if shown.descending else "ascending"}"' if sorting else ""
    sign = ("▼" if shown.descending else "▲") if sorting else ""
    label = text(words("library.sort", column=words(f"library.column_{column}")))
    number = ' class="qa-count"' if column == "passages" else ""
    return (
        f'<th scope="col"{number}{state}><button type="button" data-do="sort" data-column="{column}" title="{label}">'
        f'{name} <span aria-hidden="true">{sign}</span></button></th>'
    )


def _row(summary: ArticleSummary, words: Words) -> str:
    title, article_id = text(summary.title), exact(summary.id)
    unit = words.count("passages", summary.passages).partition(f"{summary.passages:,}")
    label = text(words("library.select_one", title=summary.title))
    return (
        f'<tr><td><input type="checkbox" value="{article_id}" aria-label="{label}"></td>'
        f'<th scope="row" dir="auto"><button type="button" class="qa-title" data-do="article" '
        f'data-article="{article_id}">{title}</button>{flags(summary, words)}</th>'
        f'<td dir="auto" data-label="author">{text(", ".join(summary.authors))}</td>'
        f'<td data-label="date">{text(words.date(summary.published))}</td>'
        f'<td dir="auto" data-label="site">{text(summary.site or "")}</td>'
        f'<td class="qa-count" data-label="passages"><span class="qa-unit">{text(unit[0])}</span>{summary.passages:,}'
        f'<span class="qa-unit">{text(unit[2])}</span></td>'
        f'<td><a href="{text(reading_link(summary.id))}" target="_blank" rel="noopener" '
        f'aria-label="{text(words("panel.read"))}: {title}">{text(words("library.open"))}</a></td></tr>'
    )


def _paging(listing: Listing, shown: Shown, words: Words) -> str:
    if listing.total <= ROWS:
        return ""
    first = shown.page * ROWS + 1
    place = words("library.first_last", first=f"{first:,}", last=f"{first - 1 + len(listing.articles):,}",
                  total=f"{listing.total:,}")  # fmt: skip
    last_page = (listing.total - 1) // ROWS

    def step(name: str, page: int) -> str:
        dead = "" if 0 <= page <= last_page else " disabled"
        return (
            f'<button type="button" class="qa-tool" data-do="page" data-page="{page}"{dead}>'
            f"{text(words(f'library.{name}'))}</button>"
        )

    return (
        f'<nav class="qa-paging" aria-label="{text(words("library.paging"))}">{step("previous", shown.page - 1)}'
        f'<span role="status">{text(place)}</span>{step("next", shown.page + 1)}</nav>'
    )
