"""Text dumps of pages and Markdown files to Articles.

Text saved from a browser has menus, teasers and notices around the article; qa/readers/dumps.py finds it among them. A
text without at least two signs of such surroundings is an article already and stays as it is, to the character.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath

from qa.blocks import Piece, lay_out, one_line, printable
from qa.errors import NoArticleText, SourceError
from qa.language import settled_language
from qa.readers.bylines import byline_part, names_in, signed_and_dated
from qa.readers.chrome import (
    byline_names,
    ends_a_sentence,
    is_afterword,
    is_counter,
    is_promotion,
    same_text,
    trim_tail,
)
from qa.readers.dates import dates_said, iso_day, says_only_when
from qa.readers.dumps import BULLET, NOTICE, bare, body, is_prose, signs
from qa.readers.outline import Line, blocks_of, is_wrapped, line_kind, lines_of, wrap_width
from qa.types import Article, DateSource

__all__ = ["blocks_of", "read_text"]

_BREAK = re.compile(r"\r\n?")
# A line takes 50 µs to read and split whatever it holds: a file of 50 MB of prose has 600,000, "War and Peace" 65,000.
_MOST_LINES = 1_000_000
_PAGE_LINES = 50_000  # a text of more lines is a book or a log, and no page with menus around it
_LINE_ENDS = "\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"  # as str.splitlines parts lines
_HEAD_LINES = 12  # a byline or date of a clean text stands this near to its top


@dataclass(slots=True)
class _Facts:
    """What a text says of itself, as it is found."""

    title: str | None = None
    authors: tuple[str, ...] = ()
    published: str | None = None
    date_source: DateSource | None = None
    site: str | None = None
    language: str | None = None
    url: str | None = None


def read_text(text: str, *, url: str | None, source: str | None, identity: str) -> Article:
    """The article of a text dump, plain text or Markdown; NoArticleText where it is blank.

    Raises SourceError where it has more than _MOST_LINES lines.
    """
    text = _BREAK.sub("\n", printable(text)).removeprefix("\ufeff")
    count = sum(map(text.count, _LINE_ENDS))
    if count > _MOST_LINES:
        raise SourceError(
            f"{source or url or 'the text'} has {count:,} lines; up to {_MOST_LINES:,} are read: give it in parts"
        )
    facts, text = _front_matter(text)
    lines = unwrapped_lines(text)
    if not any(one_line(line.raw) for line in lines):
        raise NoArticleText(f"{source or url or 'the text'} is blank; give a text with prose in it")
    first, last = body(lines) if len(lines) <= _PAGE_LINES else (0, len(lines))
    titles: tuple[str | None, ...]
    if (first, last) == (0, len(lines)) or signs(lines, first, last) < 2:
        blocks = blocks_of(text)
        _read_head(facts, [line.text for line in lines if line.raw][:_HEAD_LINES])
        heading = next((text[block.start : block.end] for block in blocks[:2] if block.kind == "heading"), None)
        titles = (facts.title, heading, _first_line_title(lines), _name(source), _beginning(text))
    else:
        before = [line for line in lines[:first] if line.raw]
        found = _dump_title(before)
        if found is not None:
            facts.title = facts.title or bare(before[found])
            _read_head(facts, [line.text for line in before[max(0, found - 3) :]])
        facts.site = facts.site or _dump_site(lines)
        text, blocks = lay_out(trim_tail(_pieces(lines[first:last])))
        titles = (facts.title, _name(source), _beginning(text))
    return Article(
        id=identity,
        title=next((title for each in titles if (title := one_line(each or ""))), "Text"),
        text=text,
        url=facts.url or url,
        authors=facts.authors,
        published=facts.published,
        date_source=facts.date_source,
        site=facts.site,
        language=settled_language(facts.language, text),
        blocks=blocks,
        source=source,
    )


def _front_matter(text: str) -> tuple[_Facts, str]:
    """The YAML lines between "---" at a Markdown file's top, and the text below them."""
    facts = _Facts()
    match = re.match(r"---[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*(?:\n+|$)", text, re.S)
    if not match or not re.search(r"^[\w-]+[ \t]*:", match[1], re.M):
        return facts, text
    values: dict[str, list[str]] = {}
    key = ""
    for line in match[1].splitlines():
        if entry := re.match(r"([\w-]+)[ \t]*:[ \t]*(.*)$", line):
            key = entry[1].lower()
            value = entry[2].strip()
            listed = value[1:-1].split(",") if value.startswith("[") and value.endswith("]") else [value]
            values[key] = [item for item in (_unquoted(item) for item in listed) if item]
        elif (item := re.match(r"[ \t]*-[ \t]+(?:name:[ \t]*)?(.*)$", line)) and key:
            values[key].append(_unquoted(item[1]))

    def first(*names: str) -> str | None:
        return next((values[name][0] for name in names if values.get(name)), None)

    facts.title = first("title", "headline")
    facts.authors = tuple(
        name for name in (one_line(v) for k in ("author", "authors", "byline") for v in values.get(k, ())) if name
    )
    facts.published = iso_day(first("date", "published", "publishdate", "pubdate", "created") or "")
    facts.date_source = "meta" if facts.published else None
    facts.site = first("site", "site_name", "publisher", "publication")
    address = first("url", "canonical_url", "canonical", "link", "source_url", "source")
    facts.url = address if address and re.match(r"https?://\S+$", address) else None
    language = first("lang", "language") or ""
    facts.language = language[:2].lower() if re.match(r"[A-Za-z]{2}(?:$|[-_])", language) else None
    return facts, text[match.end() :]


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


# ---------------------------------------------------------------- what the lines are


def unwrapped_lines(text: str) -> list[Line]:
    """The lines of `text`, each paragraph that was wrapped at a column as one line."""
    lines = lines_of(text)
    width = wrap_width(lines)
    if width is None:
        return lines
    joined: list[Line] = []
    number = 0
    while number < len(lines):
        end = number + 1
        while lines[number].raw and end < len(lines) and lines[end].raw and not BULLET.match(lines[end].raw):
            end += 1
        group = lines[number:end]
        if len(group) > 1 and is_wrapped([line.text for line in group], width):
            lead = group[0].raw[: len(group[0].raw) - len(group[0].raw.lstrip())]
            joined.append(Line(group[0].start, group[-1].end, lead + " ".join(line.text for line in group)))
        else:
            joined.extend(group)
        number = end
    return joined


def _pieces(lines: list[Line]) -> list[Piece]:
    """The body's lines as pieces, without labels and counters that stand between them."""
    pieces: list[Piece] = []
    group = 1
    number = 0
    related = False  # under a heading such as "Related posts", until prose comes again
    while number < len(lines):
        line = lines[number]
        text = one_line(line.text)
        number += 1
        related = is_afterword(text) or (related and not is_prose(text))
        if related:
            continue
        if not text:
            group += not line.raw and bool(pieces) and pieces[-1].kind != "item"
            continue
        if is_counter(text) or (len(text) < 120 and is_promotion(text)):
            continue
        if bullet := BULLET.match(line.raw):
            indent = len(line.raw) - len(line.raw.lstrip())
            pieces.append(Piece("item", one_line(bullet["text"]), 1 + min(indent // 2, 8), group=group))
            continue
        kind = line_kind(lines, number - 1)
        pieces.append(Piece(kind, text, 2 if kind == "heading" else 0))
        group += 1
    return pieces


# ---------------------------------------------------------------- what they say of the article


def _read_head(facts: _Facts, texts: list[str]) -> None:
    """Byline and date from the lines around a headline, where they are not known yet."""
    for text in texts:
        text = one_line(text)
        if not facts.authors and len(text) < 160:
            names = byline_names(text) or byline_part(text) or signed_and_dated(text)
            facts.authors = names_in(names, site=facts.site) if names else ()
        if not facts.published and (says_only_when(text) or (byline_part(text) and len(text) < 160)):
            # "Updated 4 May 2020" by itself does not say when the text was published
            facts.published = next((one.day for one in dates_said(text) if one.label != "updated"), None)
            facts.date_source = "text" if facts.published else None


def _dump_title(before: list[Line]) -> int | None:
    """Which line above the body is the headline: one like a title that comes twice, or near a date or byline."""
    counts = Counter(same_text(line.text) for line in before)
    best: tuple[float, int] | None = None
    nearest = max(0, len(before) - 30)
    for number in range(nearest, len(before)):
        text = one_line(before[number].text)
        if BULLET.match(before[number].raw) or not 10 <= len(text) <= 200 or (len(text.split()) < 2 and text.isascii()):
            continue
        if says_only_when(text) or byline_names(text) or is_counter(text) or is_promotion(text) or NOTICE.search(text):
            continue
        below = [line.text for line in before[number + 1 : number + 5]]
        score = min(len(text.split()), 8) / 4
        score += 2 * (counts[same_text(text)] > 1 and len(text.split()) > 3)
        score += 2 * any(
            says_only_when(other) or byline_names(other) or byline_part(other) for other in below if len(other) < 160
        )
        score -= 2 * text.endswith(".")
        if best is None or score >= best[0] + 0.5:  # of two as good, the first: a subtitle comes after
            best = (score, number)
    return best[1] if best else None


def _dump_site(lines: list[Line]) -> str | None:
    """The name in the copyright line, if it stands on a line of its own too."""
    alone = {same_text(line.text): line.text for line in lines if 3 < len(line.text) < 60}
    for line in lines:
        if len(line.text) < 200 and re.search(r"©|copyright", line.text, re.I):
            for part in re.split(
                r"©|\(c\)|copyright|all rights reserved|\b(?:19|20)\d\d\b|[.|]|\s-\s", line.text, flags=re.I
            ):
                if same_text(part) and same_text(part) in alone:
                    return one_line(alone[same_text(part)])
    return None


def _first_line_title(lines: list[Line]) -> str | None:
    line = next(line for line in lines if line.raw)
    text = one_line(line.text)
    several = sum(bool(line.raw) for line in lines[:50]) > 1
    return text if several and len(text) <= 150 and not ends_a_sentence(text) and text[-1] not in ",;:" else None


def _name(source: str | None) -> str | None:
    """A file's name as words."""
    if not source or "://" in source:
        return None
    return one_line(re.sub(r"[-_]+", " ", PurePath(source).stem)) or None


def _beginning(text: str) -> str:
    words = one_line(text[:400])
    return words if len(words) <= 80 else words[:80].rsplit(" ", 1)[0] + " …"
