"""How often title, authors, date, site and language of a page are right: the product, trafilatura and htmldate.

    python benchmarks/metadata.py PAGES LABELS.json [--list FIELD] [--only-product]

PAGES is a folder of pages ID.html or ID.html.gz, in it or below. LABELS is a JSON object of what a reader finds on
each: {"ID": {"url": ..., "title": ..., "authors": [...], "published": "YYYY-MM-DD", "site": ..., "language": ...}}.
A field that is left out is not scored; `"published": null` and `"authors": []` say that the page names none. `site`
may be a list of names that are as good. Blanks, case, and the shape of quotes and dashes make no difference.

`--list FIELD` prints every page on which the product's FIELD (title, authors, published, site, language) is not what
the label says.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa import ArticleQAError, read_page

FIELDS = ("title", "authors", "published", "site", "language")
_SAME = str.maketrans(dict.fromkeys("‘’‚`´′", "'") | dict.fromkeys("“”„«»″", '"') | dict.fromkeys("‐‑–—−", "-"))


@dataclass(frozen=True, slots=True)
class Found:
    """What a tool says of a page; None where it does not say."""

    title: str | None = None
    authors: tuple[str, ...] = ()
    published: str | None = None
    site: str | None = None
    language: str | None = None
    source: str | None = None  # where the date stands


def product(content: bytes, url: str | None) -> Found:
    try:
        article = read_page(content, url)
    except ArticleQAError:
        return Found()
    return Found(article.title, article.authors, article.published, article.site, article.language, article.date_source)


def trafilatura_metadata(content: bytes, url: str | None) -> Found:
    import trafilatura

    known = trafilatura.extract_metadata(content, default_url=url)
    if known is None:
        return Found()
    authors = tuple(name for name in (known.author or "").split("; ") if name)
    return Found(known.title, authors, known.date, known.sitename, known.language)


def htmldate_date(content: bytes, url: str | None) -> Found:
    import htmldate
    from trafilatura.utils import load_html

    tree = load_html(content)
    return Found(published=htmldate.find_date(tree, url=url, original_date=True) if tree is not None else None)


def plain(text: str | None) -> str:
    text = unicodedata.normalize("NFKC", text or "").translate(_SAME)
    return re.sub(r"\s+", " ", text).strip().casefold()


class Score:
    """Counts over the pages of one tool."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.sources: defaultdict[str, Counter[bool]] = defaultdict(Counter)
        self.misses: list[tuple[str, str, Any, Any]] = []

    def add(self, page: str, label: dict[str, Any], found: Found) -> None:
        for field in FIELDS:
            if field not in label:
                continue
            self.counts[field] += 1
            right = self._right(field, found, label[field])
            self.counts[f"{field} right"] += right
            if not right:
                self.misses.append((field, page, label[field], getattr(found, field)))

    def _right(self, field: str, found: Found, true: Any) -> bool:
        """Whether the tool's field is what the label says; what is wrong or missing is counted."""
        if field == "authors":
            named, real = set(map(plain, found.authors)), set(map(plain, true))
            self.counts["authors wrong"] += len(named - real)
            self.counts["authors missed"] += len(real - named)
            return named == real
        if field == "published":
            said = found.published
            self.counts["published wrong"] += bool(said and true and said != true)
            self.counts["published missed"] += bool(true and not said)
            self.counts["published invented"] += bool(said and not true)
            if said:
                self.sources[found.source or "-"][said == true] += 1
            return said == true
        return plain(getattr(found, field)) in [plain(each) for each in (true if isinstance(true, list) else [true])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path, metavar="PAGES")
    parser.add_argument("labels", type=Path, metavar="LABELS.json")
    parser.add_argument("--list", choices=FIELDS, action="append", default=[], dest="listed")
    parser.add_argument("--only-product", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # trafilatura and htmldate log what they could not read
    labels = json.loads(options.labels.read_text(encoding="utf-8"))
    files = {path.name.removesuffix(".gz").removesuffix(".html"): path for path in options.pages.rglob("*.html*")}
    if missing := labels.keys() - files.keys():
        parser.error(f"{len(missing)} labelled pages are not in {options.pages}, the first is {min(missing)}")
    tools: dict[str, Callable[[bytes, str | None], Found]] = {"product": product}
    if not options.only_product:
        tools |= {"trafilatura": trafilatura_metadata, "htmldate": htmldate_date}
    scores = {tool: Score() for tool in tools}
    for page, label in sorted(labels.items()):
        content = files[page].read_bytes()
        content = gzip.decompress(content) if files[page].suffix == ".gz" else content
        for tool, read in tools.items():
            scores[tool].add(page, label, read(content, label.get("url")))
    report(scores, options.listed)


def report(scores: dict[str, Score], listed: list[str]) -> None:
    total = scores["product"].counts
    print(f"{'of the labelled pages':28}" + "".join(f"{tool:>14}" for tool in scores))
    for field, details in (
        ("title", ()),
        ("authors", ("wrong", "missed")),
        ("published", ("wrong", "missed", "invented")),
        ("site", ()),
        ("language", ()),
    ):
        for row in ("right", *details):
            cells = ""
            for tool, score in scores.items():
                says = tool != "htmldate" or field == "published"
                cells += f"{score.counts[f'{field} {row}'] if says else '-':>14}"
            of = f" of {total[field]}" if row == "right" else ""
            print(f"{field + ' ' + row + of:28}{cells}")
    print(
        "the product's dates by where they stand: "
        + "; ".join(
            f"{source} {right[True]} of {right.total()} right"
            for source, right in sorted(scores["product"].sources.items())
        )
    )
    for field, page, true, said in scores["product"].misses:
        if field in listed:
            print(f"{page[:40]}  {field}: {true!r} is read as {said!r}")


if __name__ == "__main__":
    main()
