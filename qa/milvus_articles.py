"""The articles of a library on Milvus, lists of them, and what they go by."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from qa import lexical, milvus_rows, postings
from qa.milvus_engine import View, batches, both
from qa.milvus_opened import BODIES_AT_ONCE
from qa.milvus_places import Places
from qa.milvus_rows import Kept
from qa.milvus_schema import hashed
from qa.milvus_search import in_any
from qa.milvus_writing import number_of
from qa.store import NameColumn, Names, unknown_article
from qa.types import Article, ArticleSummary, Filters, Removed, Validators


class Articles(Places):
    """As qa/store.py has it."""

    def __len__(self) -> int:
        return len(self._listed(self._view()).order)

    def article(self, article_id: str) -> Article:
        """Raises UnknownArticle."""
        found = self.articles_by_id([article_id])
        if article_id not in found:
            raise unknown_article(article_id)
        return found[article_id]

    def articles_by_id(self, ids: Iterable[str]) -> dict[str, Article]:
        bodies = self._bodies([number_of(each) for each in dict.fromkeys(ids)])
        articles = (milvus_rows.article_of(body) for body, _ in bodies.values())
        return {article.id: article for article in articles}

    def articles(self) -> Iterator[Article]:
        """In the order in which they were first added."""
        for some in batches(self._listed(self._view()).order, BODIES_AT_ONCE):
            found = self.articles_by_id(entry.id for entry in some)
            yield from (found[entry.id] for entry in some if entry.id in found)

    def summaries(self, search: str = "") -> list[ArticleSummary]:
        """In the order in which they were first added; those whose title, author or site holds `search`, folded."""
        view = self._view()
        wanted = lexical.fold(search.strip())
        found = (facts for _, facts in self._listing.summaries(view, self._listed(view)))
        return [facts for facts in found if not wanted or wanted in _searched(facts)]

    def browse(
        self, search: str, *, order: str, descending: bool, offset: int, limit: int
    ) -> tuple[int, list[ArticleSummary]]:
        """How many articles match, and those of one page in this order (a key of records.ORDERS)."""
        found = self.summaries(search)  # in order of position
        if descending:
            found.reverse()
        if order != "added":
            there = [facts for facts in found if _ordered_by(facts, order) is not None]
            missing = [facts for facts in found if _ordered_by(facts, order) is None]
            found = [*sorted(there, key=lambda facts: _ordered_by(facts, order), reverse=False), *missing]
            if descending:
                there.reverse()  # so that sorting, which keeps the order of equals, can run backwards
                found = [*sorted(there, key=lambda facts: _ordered_by(facts, order))[::-1], *missing]
        return len(found), found[offset : offset + limit]

    def counted(self, what: Literal["years", "sites", "languages", "authors"]) -> dict[str, int]:
        """In how many articles each stands: years in order, the others the most frequent first."""
        counts: Counter[str] = Counter()
        for facts in self.summaries():
            if what == "authors":
                counts.update(facts.authors)
            else:
                counts[
                    {"years": (facts.published or "")[:4], "sites": facts.site, "languages": facts.language}[what] or ""
                ] += 1
        return dict(sorted(counts.items(), key=lambda pair: pair if what == "years" else (-pair[1], pair[0])))

    def summaries_of(self, ids: Iterable[str]) -> dict[str, ArticleSummary]:
        rows = self._facts([number_of(each) for each in dict.fromkeys(ids)])
        found = (milvus_rows.summary_of(row["facts"], row["passages"]) for row in rows.values())
        return {facts.id: facts for facts in found}

    def article_ids(self, filters: Filters) -> list[str]:
        """The articles that `filters` let through, in the order in which they were first added."""
        view = self._view()
        listed = self._listed(view)
        return [listed.entries[number].id for number in self._listing.numbers(view, listed, filters)]

    def articles_at(self, host: str) -> list[str]:
        """The articles of a web site, by its host's name or the end of it: "example.org" for "www.example.org"."""
        wanted = host.lower()
        return [
            facts.id
            for facts in self.summaries()
            if f"//{wanted}/" in (url := f"{(facts.url or '').lower()}/") or f".{wanted}/" in url
        ]

    def languages(self) -> set[str | None]:
        """Those that articles are in."""
        return {entry.language for entry in self._listed(self._view()).order}

    def languages_of(self, article_ids: Iterable[str]) -> dict[str, str | None]:
        numbers = [number_of(each) for each in dict.fromkeys(article_ids)]
        fields = ["id", "version", "language"]
        rows = self._engine.rows(self._articles, "number", numbers, fields, self._view())
        return {row["id"]: milvus_rows.optional(row["language"]) for row in rows if row["version"]}

    def fingerprint(self, article_id: str) -> str | None:
        kept = self._kept(article_id)
        return None if kept is None else kept.fingerprint

    def corrected(self, article_id: str) -> dict[str, Any]:
        """Which facts of an article were corrected by hand, each with what its page says."""
        kept = self._kept(article_id)
        return {} if kept is None else kept.corrected

    def as_removed(self, article_id: str) -> Removed:
        """All that is needed to put an article back. Raises UnknownArticle."""
        number = number_of(article_id)
        for body, row in self._bodies([number]).values():
            kept = milvus_rows.kept_of(json.loads(body)[1])
            places = tuple(
                (location, Validators(etag, modified)) for location, _, etag, modified in self._placed(number)
            )
            article = milvus_rows.article_of(body)
            return Removed(article, row["position"], kept.fingerprint, kept.text_hash, kept.corrected, places)
        raise unknown_article(article_id)

    def article_with_text(self, text_hash: str) -> str | None:
        """The first article read from a page (not given by code) that has this text."""
        condition = f"text_key == {hashed(text_hash)} and version > 0"
        fields = ["number", "position"]
        rows = list(self._engine.scan(self._articles, "number", condition, fields, self._view()))
        facts = self._facts([row["number"] for row in rows])
        for row in sorted(facts.values(), key=lambda row: int(row["position"])):
            source = milvus_rows.source_of(row["facts"])
            if source is not None and milvus_rows.kept_of(row["data"]).text_hash == text_hash:
                return str(json.loads(row["facts"])[0])
        return None

    # -- what they go by

    def search_names(self, wanted: Iterable[str], among: Sequence[NameColumn], limit: int) -> list[str]:
        """Ids of the `limit` articles that best go by any of the terms in one of these ways, best first; -1: of all."""
        terms = list(dict.fromkeys(wanted))
        if not terms:
            return []
        view = self._view()
        listed = self._listed(view)
        rows = self._named(in_any(among, terms), view)
        places = [("title", "headings", "authors", "site").index(column) for column in among]
        held: list[tuple[int, str, list[int], int]] = []
        for row in rows:
            names = [part.replace("|", " ").split() for part in milvus_rows.kept_of(row["data"]).names]
            words = [word for place in places for word in names[place]]
            counts = [words.count(term) for term in terms]
            held.append((row["position"], json.loads(row["facts"])[0], counts, sum(map(len, names))))
        if not held:
            return []
        often = np.array([one[2] for one in held], np.float32)
        weights = [postings.weight(len(listed.order), int(count)) for count in (often > 0).sum(axis=0)]
        lengths = np.array([one[3] for one in held], np.float32)[:, None]
        mean = listed.name_words / max(1, len(listed.order))
        scores = postings.saturated(often, lengths, mean) @ np.array(weights, np.float32)
        best = sorted(range(len(held)), key=lambda i: (-float(scores[i]), held[i][0]))
        return [held[i][1] for i in (best if limit < 0 else best[:limit])]

    def articles_named(self, wordings: Iterable[Sequence[str]], *, in_a_row: bool) -> set[str]:
        """Ids of the articles whose title or headings hold the terms of any wording, in a row or anywhere."""
        view = self._view()
        found: set[str] = set()
        for wording in wordings:
            if not wording:
                continue
            said = f" {' '.join(wording)} "
            for row in self._named(both(*(in_any(("title", "headings"), [term]) for term in wording)), view):
                title, headings, _, _ = milvus_rows.kept_of(row["data"]).names
                if not in_a_row or any(said in f" {name} " for name in [title, *headings.split("|")]):
                    found.add(json.loads(row["facts"])[0])
        return found

    def names(self, ids: Iterable[str]) -> dict[str, Names]:
        """What these articles go by."""
        named: dict[str, Names] = {}
        for row in self._facts([number_of(each) for each in dict.fromkeys(ids)]).values():
            facts = milvus_rows.summary_of(row["facts"], row["passages"])
            named[facts.id] = milvus_rows.names_of(milvus_rows.kept_of(row["data"]), facts.published)
        return named

    def _named(self, condition: str, view: View) -> list[dict[str, Any]]:
        numbers = self._engine.scan(self._articles, "number", both(condition, "version > 0"), ["number"], view)
        return list(self._facts([row["number"] for row in numbers]).values())

    def _kept(self, article_id: str) -> Kept | None:
        for row in self._facts([number_of(article_id)]).values():
            return milvus_rows.kept_of(row["data"])
        return None


def _searched(facts: ArticleSummary) -> str:
    """What a search of the list of articles looks at, folded."""
    return lexical.fold(f"{facts.title} {' '.join(facts.authors)} {facts.site or ''}")


def _ordered_by(facts: ArticleSummary, order: str) -> Any:
    """What an article is put in order by; None where it has no such thing."""
    return {
        "title": lexical.fold(facts.title),
        "author": lexical.fold(" ".join(facts.authors)) or None,
        "date": facts.published,
        "site": lexical.fold(facts.site or "") or None,
        "passages": facts.passages,
    }[order]
