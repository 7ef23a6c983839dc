"""Rows of the library's tables to articles and passages, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from qa import lexical
from qa.article_json import blocks_to_json
from qa.split import HEADING_JOIN
from qa.types import Article, ArticleSummary, Block, Filters, Passage

NAMES_SEPARATOR = "|"  # between the terms of one name and those of the next; no term holds it
PASSAGE_COLUMNS = "article_id, start, end, text, heading, sentences, leads"
SUMMARY_COLUMNS = "id, title, authors, published, site, language, url, passages, flags, date_source"
SEARCHED = "fold(title || ' ' || authors_text(authors) || ' ' || coalesce(site, ''))"  # of the list of articles
FACT_COLUMNS = "id, title, url, authors, published, site, language, source, date_source, pages, flags"
ARTICLE_COLUMNS = "id, title, text, url, authors, published, site, language, blocks, source, date_source, pages, flags"
ARTICLES = "articles JOIN texts USING (id)"  # where they are


# What the list of articles can be ordered by. What an article does not have comes last.
ORDERS = {
    "added": "position",
    "title": "fold(title)",
    "author": "nullif(fold(authors_text(authors)), '')",
    "date": "published",
    "site": "nullif(fold(coalesce(site, '')), '')",
    "passages": "passages",
}
_MOST_FIRST = "GROUP BY name ORDER BY n DESC, name"
COUNTS = {
    "years": "SELECT coalesce(substr(published, 1, 4), '') AS year, count(*) FROM articles GROUP BY year ORDER BY year",
    "sites": f"SELECT coalesce(site, '') AS name, count(*) AS n FROM articles {_MOST_FIRST}",
    "languages": f"SELECT coalesce(language, '') AS name, count(*) AS n FROM articles {_MOST_FIRST}",
    "authors": f"SELECT value AS name, count(*) AS n FROM articles, json_each(authors) {_MOST_FIRST}",
}


def order_by(order: str, descending: bool) -> str:
    direction = "DESC" if descending else "ASC"
    return f"{ORDERS[order]} {direction} NULLS LAST, position {direction}"


def facts_row(article: Article) -> tuple[Any, ...]:
    """FACT_COLUMNS."""
    return (
        article.id, article.title, article.url, json.dumps(article.authors, ensure_ascii=False), article.published,
        article.site, article.language, article.source, article.date_source, json.dumps(article.pages),
        json.dumps(article.flags),
    )  # fmt: skip


def blocks_text(article: Article) -> str:
    return json.dumps(blocks_to_json(article), separators=(",", ":"))


def terms_of(passage: Passage, article: Article) -> str:
    """The search terms of a passage, with those of what its beginning leans on, joined by spaces."""
    lead = f"{article.text[slice(*passage.outside)]}\n" if passage.outside else ""
    return " ".join(lexical.terms(lead + passage.text, article.language))


def names_of(article: Article, paths: Iterable[str]) -> tuple[str, str, str, str]:
    """What an article goes by, as search terms: title, headings, authors, site. `paths` are those of its passages."""
    headings = dict.fromkeys(heading for path in paths for heading in path.split(HEADING_JOIN) if heading)

    def joined(texts: Iterable[str]) -> str:
        return NAMES_SEPARATOR.join(" ".join(lexical.terms(text, article.language)) for text in texts)

    return joined([article.title]), joined(headings), joined(article.authors), joined([article.site or ""])


def passage_row(passage: Passage) -> tuple[Any, ...]:
    """PASSAGE_COLUMNS."""
    return (
        passage.article_id, passage.start, passage.end, passage.text, passage.heading,
        np.array(passage.sentences, np.int64).tobytes(),
        np.array([lead or (0, 0) for lead in passage.leads], np.int64).tobytes(),
    )  # fmt: skip


def summary(row: Sequence[Any]) -> ArticleSummary:
    return ArticleSummary(*[*row[:2], tuple(json.loads(row[2])), *row[3:8], tuple(json.loads(row[8])), row[9]])


def article(row: Sequence[Any]) -> Article:
    *plain, blocks, source, date_source, pages, flags = row
    article_id, title, text, url, authors, published, site, language = plain
    return Article(
        article_id, title, text, url, tuple(json.loads(authors)), published, site, language,
        tuple(Block(*block) for block in json.loads(blocks)), source, date_source,
        tuple(json.loads(pages)), tuple(json.loads(flags)),
    )  # fmt: skip


def split_names(joined: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(part.split()) for part in joined.split(NAMES_SEPARATOR) if part)


def passage(row: Sequence[Any]) -> Passage:
    spans = ((start, end) for start, end in np.frombuffer(row[5], np.int64).reshape(-1, 2).tolist())
    leads = ((start, end) if end else None for start, end in np.frombuffer(row[6], np.int64).reshape(-1, 2).tolist())
    return Passage(row[0], row[1], row[2], row[3], row[4], tuple(spans), tuple(leads))


def condition(filters: Filters) -> tuple[str, list[Any]]:
    """A condition on `articles` for SQL, with its values."""
    parts: list[str] = []
    values: list[Any] = []
    for column, names in (("authors_text(authors)", filters.authors), ("coalesce(site, '')", filters.sites)):
        if names:
            parts.append("(" + " OR ".join([f"instr(fold({column}), ?)"] * len(names)) + ")")
            values += [lexical.fold(name) for name in names]
    languages = tuple(name.lower() for name in filters.languages)
    for column, names in (("lower(coalesce(language, ''))", languages), ("id", filters.article_ids)):
        if names:  # as one value: of several there may be so many only
            parts.append(f"{column} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(names))
    # Dates may be a year or a month: they are compared to the precision that both sides have.
    if filters.since:
        parts.append("published >= substr(?, 1, length(published))")
        values.append(filters.since)
    if filters.until:
        parts.append("substr(published, 1, length(?)) <= ?")
        values += [filters.until, filters.until]
    return " AND ".join(parts) or "1", values


def match_query(wordings: Iterable[Sequence[str]], in_a_row: bool) -> str:
    """A full-text query; terms are letters and digits only, and quoted."""
    each = (f'"{" ".join(terms)}"' if in_a_row else " AND ".join(f'"{term}"' for term in terms) for terms in wordings)
    return " OR ".join(f"({one})" for one in each if one.strip('"'))
