"""What flows between the stages: Page, Article, Passage, Hit, Citation, Answer, and the reports.

Every value is frozen. Offsets are characters into `Article.text`, `start` inclusive, `end`
exclusive, and `article.text[start:end]` is exactly the text that a Passage or Citation shows:
citations rest on that, so the constructors check what can be checked without the article.
"""

from __future__ import annotations

import hashlib
import re
import sys
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from qa import checked
from qa.checked import shown
from qa.errors import InvalidInput

BlockKind = Literal["heading", "paragraph", "item", "row", "caption", "quote", "code"]
BLOCK_KINDS: frozenset[str] = frozenset(get_args(BlockKind))

DateSource = Literal["json-ld", "meta", "time", "url", "text", "file", "feed"]
DATE_SOURCES: frozenset[str] = frozenset(get_args(DateSource))

AnswerKind = Literal["quotes", "passages", "articles"]
ANSWER_KINDS: frozenset[str] = frozenset(get_args(AnswerKind))

Standing = Literal["intact", "changed", "gone"]  # of what was quoted once

# What is wrong with a page that was read all the same, and what can be done about it.
FLAGS: Mapping[str, str] = {
    "consent-wall": "the page shows a request for consent and no article; accept it in a browser, then save the page",
    "paywall": "only the beginning is readable without paying or signing in; save the page while signed in",
    "cut-short": "the file ends in the middle; save or download it again",
}

# What the fields of the values that there are many of are.
_BLOCK = {"kind": str, "start": int, "end": int, "level": int}
_PASSAGE = {
    "article_id": str, "start": int, "end": int, "text": str, "heading": str, "sentences": tuple, "leads": tuple,
}  # fmt: skip
_CITATION = {
    "article_id": str, "title": str, "url": str | None, "quote": str, "start": int, "end": int, "link": str | None,
    "lead": str, "published": str | None, "cut_before": bool, "cut_after": bool,
}  # fmt: skip

# A year, a month or a day; what follows a day (a time of day) is cut off.
_ISO_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ].*)?)?)?$", re.DOTALL)
_MOST_NAMES = 500  # of a filter
_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Page:
    """One source as it was found: bytes and what the transport said of them."""

    content: bytes
    location: str  # absolute path or final URL
    url: str | None = None  # where the page lives on the web, when that is known
    media_type: str = "text/html"  # without parameters
    charset: str | None = None  # as the transport named it; None: look inside

    def __post_init__(self) -> None:
        checked.fields(self, {"content": bytes, "media_type": str, "charset": str | None})
        checked.text(self.location, "Page.location")
        checked.text_or_none(self.url, "Page.url")


@dataclass(frozen=True, slots=True)
class Validators:
    """What tells whether a page is still the version that was read.

    The headers ETag and Last-Modified as the server sent them, None where there was none; of a file, `etag` is our own:
    of its content, and of the version of this package that read it.
    """

    etag: str | None = None
    modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.modified)


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of an article's text that is one thing: a paragraph, a heading, a list item, a table row.

    `level` is the heading's rank (1..6) or the list item's depth (1 = outermost), else 0. A row whose
    cells are column heads has `level` 1. Blocks are in order of `start` and do not overlap.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0

    def __post_init__(self) -> None:
        checked.fields(self, _BLOCK)
        if self.kind not in BLOCK_KINDS:
            raise InvalidInput(f"a block's kind is {shown(self.kind)}; use one of {', '.join(sorted(BLOCK_KINDS))}")
        if not 0 <= self.start < self.end:
            raise InvalidInput(
                f"a block spans {shown(self.start)}..{shown(self.end)}; it must start at 0 or later and not be empty"
            )
        if self.level < 0:
            raise InvalidInput(f"a block's level is {shown(self.level)}; give 0, or a rank or depth from 1")


@dataclass(frozen=True, slots=True)
class Article:
    """One article: its text, its structure, and what is known of it.

    `text` given by a caller is kept to the character. `blocks` may be empty: then the structure is
    read off the text (blank lines, Markdown headings, lists and tables). `published` is ISO 8601: a
    day, or only a month or year where no more is known; `date_source` says where that stands (one of
    DATE_SOURCES), None where a caller gave it. `url` is where the page lives on the web; `source` is
    where it was read from (a path or URL), None for articles made by code. `pages` are the offsets at
    which the pages of a paginated source begin, `pages[0]` of page 1; () where there are none. `flags`
    are keys of FLAGS: what is wrong with the page.
    """

    id: str
    title: str
    text: str
    url: str | None = None
    authors: tuple[str, ...] = ()
    published: str | None = None
    site: str | None = None
    language: str | None = None  # ISO 639-1, lower case
    blocks: tuple[Block, ...] = ()
    source: str | None = None
    date_source: DateSource | None = None
    pages: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("id", "title", "text"):
            checked.text(getattr(self, name), f"Article.{name}")
        for name in ("url", "site", "language", "source"):
            checked.text_or_none(getattr(self, name), f"Article.{name}")
        if not self.id.strip():
            raise InvalidInput(f"Article.id is empty, {shown(self.id)}; give every article an id of its own")
        if isinstance(self.authors, str):
            name = shown(self.authors)
            raise InvalidInput(f"Article.authors is the str {name}; give a tuple, as ({name},)")
        for name, kind in (("authors", str), ("blocks", Block), ("pages", int), ("flags", str)):
            object.__setattr__(self, name, checked.tuple_of(getattr(self, name), kind, f"Article.{name}"))
        for author in self.authors:
            checked.text(author, "a name in Article.authors")
        if self.date_source is not None:
            checked.one_of(self.date_source, "Article.date_source", sorted(DATE_SOURCES))
        if unknown := [flag for flag in self.flags if flag not in FLAGS]:
            raise InvalidInput(f"Article.flags holds {shown(unknown[0])}; use {', '.join(FLAGS)}")
        if any(not 0 <= page <= len(self.text) for page in self.pages) or list(self.pages) != sorted(self.pages):
            raise InvalidInput(
                f"Article.pages of {shown(self.id)} are {shown(self.pages)}; give offsets into its text of "
                f"{len(self.text)} characters, in order"
            )
        if self.published is not None:
            object.__setattr__(self, "published", iso_date(self.published, "Article.published"))
        position = 0
        for block in self.blocks:
            if block.start < position or block.end > len(self.text):
                raise InvalidInput(
                    f"Article {shown(self.id)}: block {block.kind} {block.start}..{block.end} overlaps the one before "
                    f"it or leaves the text of {len(self.text)} characters"
                )
            position = block.end

    def page_at(self, offset: int) -> int | None:
        """The number, from 1, of the page that `text[offset]` stands on; None where there are no pages."""
        return bisect_right(self.pages, offset) or 1 if self.pages else None


@dataclass(frozen=True, slots=True)
class ArticleSummary:
    """An article without its text, for lists; `passages` is how many it was split into."""

    id: str
    title: str
    authors: tuple[str, ...]
    published: str | None
    site: str | None
    language: str | None
    url: str | None
    passages: int
    flags: tuple[str, ...] = ()
    date_source: DateSource | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list of articles: `articles`, of the `total` that match."""

    total: int
    articles: tuple[ArticleSummary, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What a library holds, as numbers of articles by year ("2021"; "" without a date), site, author and language.

    Years are in order; the others have the most frequent first. An article counts for each of its authors.
    """

    years: Mapping[str, int]
    sites: Mapping[str, int]
    authors: Mapping[str, int]
    languages: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Removed:
    """An article that was taken out, with all that `Library.restore` needs to put it back.

    `locations` are where it had been read, `corrected` the facts of it that were corrected by hand.
    """

    article: Article
    position: int
    fingerprint: str
    text_hash: str
    corrected: Mapping[str, Any]
    locations: tuple[tuple[str, Validators], ...] = ()

    def __post_init__(self) -> None:
        kinds = {"article": Article, "position": int, "fingerprint": str, "text_hash": str, "corrected": Mapping}
        checked.fields(self, kinds)


@dataclass(frozen=True, slots=True)
class Passage:
    """A few whole sentences of one article, the unit that is embedded and found.

    Invariant: `article.text[start:end] == text`. `heading` is the path of headings above the passage,
    outermost first, joined by " › "; "" where there is none. `sentences` are the spans that may be quoted,
    (start, end) in the article's text, in order: sentences, list items, table rows. `leads` says of each of them
    where the line is that it leans on: the sentence that leads into its list, or its table's column heads; None
    where it stands by itself, () where all do. Column heads are quoted with their rows only.
    """

    article_id: str
    start: int
    end: int
    text: str
    heading: str = ""
    sentences: tuple[tuple[int, int], ...] = ()
    leads: tuple[tuple[int, int] | None, ...] = ()

    def __post_init__(self) -> None:
        checked.fields(self, _PASSAGE)
        if self.start < 0 or self.end - self.start != len(self.text):
            raise InvalidInput(
                f"a passage of {shown(self.article_id)} spans {shown(self.start)}..{shown(self.end)} but has "
                f"{len(self.text)} characters"
            )
        if self.leads and len(self.leads) != len(self.sentences):
            raise InvalidInput(
                f"a passage of {shown(self.article_id)} has {len(self.leads)} leads for {len(self.sentences)} sentences"
            )

    @property
    def outside(self) -> tuple[int, int] | None:
        """Where the line is that the passage's beginning leans on, if the passage does not hold it itself."""
        first = self.leads[0] if self.leads else None
        return first if first and first[0] < self.start else None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question. Higher is better in every score.

    `score` is what hits are ordered by, about 0..1; its parts are `dense` (cosine, -1..1), `lexical`
    (BM25 over words and letters, as a share of the best for this question, 0..1) and `late` (MaxSim over the
    question's tokens, the mean of the passage's and of its best sentence's, -1..1; 0 where the passage was not
    reranked, the mean of the two others where it has no token vectors). `named` is how much of what the question
    names the article goes by (title, author, site, date; 0..1). `copies` are near-duplicate passages of other places
    that were folded into this one, best first.
    """

    passage: Passage
    article: Article
    score: float
    dense: float = 0.0
    lexical: float = 0.0
    late: float = 0.0
    copies: tuple[Passage, ...] = ()
    named: float = 0.0

    def __post_init__(self) -> None:
        checked.fields(self, {"passage": Passage, "article": Article, "copies": tuple})
        for name in ("score", "dense", "lexical", "late", "named"):
            checked.number(getattr(self, name), f"Hit.{name}", "a finite number", least=-_LARGEST, most=_LARGEST)


@dataclass(frozen=True, slots=True)
class Citation:
    """One verbatim quote and its place. Invariant: `article.text[start:end] == quote`.

    `number` counts from 1 in the order the answer reads. `link` opens the page at the quote (a URL
    with a text fragment); None where the article has neither a web address nor a file. `lead` is what the
    quote leans on, verbatim: the sentence that leads into its list, or its table's column heads; "" where it
    stands by itself. `span` is the place within the quote of the words that answer a who, when, where or how-many
    question, (start, end) in the article's text; None where that is not known. `published` is the article's date.
    `cut_before` and `cut_after` say that the quote is a part of a long sentence, which goes on there.
    """

    number: int
    article_id: str
    title: str
    url: str | None
    quote: str
    start: int
    end: int
    link: str | None = None
    lead: str = ""
    span: tuple[int, int] | None = None
    published: str | None = None
    cut_before: bool = False
    cut_after: bool = False

    def __post_init__(self) -> None:
        checked.fields(self, _CITATION)
        checked.whole_number(self.number, "Citation.number")
        if self.start < 0 or self.end - self.start != len(self.quote):
            raise InvalidInput(
                f"citation {shown(self.number)} spans {shown(self.start)}..{shown(self.end)} but quotes "
                f"{len(self.quote)} characters"
            )
        if self.span is None:
            return
        first, last = checked.span(self.span, "Citation.span")
        if not self.start <= first < last <= self.end:
            raise InvalidInput(
                f"citation {self.number} of {self.start}..{self.end} has the span {shown(first)}..{shown(last)}; "
                "it must lie within and not be empty"
            )

    @property
    def hash(self) -> str:
        """SHA-256 of the quote and its place, hexadecimal: what is saved of an answer can be told from what was not."""
        return quote_hash(self.article_id, self.start, self.end, self.quote)


def quote_hash(article_id: str, start: int, end: int, quote: str) -> str:
    """`Citation.hash` of a citation with these values."""
    return hashlib.sha256(f"{article_id}\n{start}\n{end}\n{quote}".encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of a saved quote: `standing` is "intact", "changed" or "gone".

    Intact: the article says it still, word for word; `start` is where it stands now. Changed: the article is there and
    does not say it, or what was saved is not what was cited (`altered`: its hash is of other words). Gone: the article
    is not in the library. `question` is the one that was answered, "" where that was not saved.
    """

    question: str
    number: int
    article_id: str
    title: str
    quote: str
    standing: Standing
    start: int | None = None
    altered: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What `ask` returns.

    `found`: the articles answer the question well enough to say so. `text` is the quotes, word for word, with their
    numbers, as "… sentence. [1] … [2]", list items after the line that leads into their list, table rows after their
    column heads; or, where not found, a sentence that says so. `support` is the estimated probability, 0..1, that
    the first quote answers the question. `hits` holds the nearest passages, best first, also where nothing was
    found. `question` is the question that was searched for: the one asked, made to stand alone where the history
    was needed, without what its speaker took back, and with slips of spelling repaired.

    `kind` says what was asked for: "quotes", what the articles say; "articles", the articles themselves, answered from
    what is known of them (`text` is then a sentence or a list of titles, with the citations' numbers); "passages", the
    best passages about a name or a phrase that is no question. `differs` are the numbers of the citations that give
    another number, date or name for the same fact; () where none do. `said_by` are the ids of the articles that say
    what the first quote says, each in words of its own: the first quote's, then further independent sources.
    """

    question: str
    found: bool
    text: str
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    support: float
    kind: AnswerKind = "quotes"
    differs: tuple[int, ...] = ()
    said_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checked.fields(self, {"question": str, "found": bool, "text": str})
        checked.number(self.support, "Answer.support", "a probability, 0 to 1", least=0, most=1)
        checked.one_of(self.kind, "an answer's kind", sorted(ANSWER_KINDS))
        for name, kind in (("citations", Citation), ("hits", Hit), ("differs", int), ("said_by", str)):
            object.__setattr__(self, name, checked.tuple_of(getattr(self, name), kind, f"Answer.{name}"))
        if unknown := set(self.differs) - {citation.number for citation in self.citations}:
            raise InvalidInput(f"Answer.differs names citation {min(unknown)}, which the answer does not have")


@dataclass(frozen=True, slots=True)
class Step:
    """Where answering is: what is done next, or "answered" for the last step, which alone has the `answer`.

    `hits` are the passages found so far, best first.
    """

    name: Literal["searching", "reading", "answered"]
    hits: tuple[Hit, ...] = ()
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    content: str

    def __post_init__(self) -> None:
        checked.one_of(self.role, "Turn.role", ("user", "assistant"))
        checked.fields(self, {"content": str})


@dataclass(frozen=True, slots=True)
class Filters:
    """Which articles may be searched. Each field that is given must hold; values within a field are alternatives.

    Authors and sites match without regard to case or accents, as a part of the name ("ahmed" matches
    "Zahid Shahab Ahmed"). `since` and `until` are ISO 8601 dates, both inclusive; an article without a
    date is left out when either is given.
    """

    authors: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    article_ids: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None

    def __post_init__(self) -> None:
        for name in ("authors", "sites", "languages", "article_ids"):
            most = None if name == "article_ids" else _MOST_NAMES
            object.__setattr__(self, name, checked.names(getattr(self, name), f"filter {name}", most=most))
        for name in ("since", "until"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value in (None, "") else iso_date(value, f"filter {name}"))
        if self.since and self.until:
            precision = min(len(self.since), len(self.until))
            if self.since[:precision] > self.until[:precision]:
                raise InvalidInput(f"filter since is {self.since}, until {self.until}: no date lies between them")

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    @classmethod
    def of(cls, value: Filters | Mapping[str, Any] | None) -> Filters:
        """Filters from what callers pass: None, Filters, or a mapping with these fields' names."""
        if value is None:
            return cls()
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise checked.wrong_type(value, "filters", "qa.Filters, a mapping with their names, or None")
        known = [field.name for field in fields(cls)]
        for key in value:
            if key not in known:
                said = key if isinstance(key, str) and key.isidentifier() and len(key) < 100 else shown(key)
                raise InvalidInput(f"unknown filter {said}; known: {', '.join(known)}")
        return cls(**{key: item for key, item in value.items() if item is not None})


@dataclass(frozen=True, slots=True)
class Collection:
    """Where `sync` looks for new pages: `location` is a path or URL; `kind` is "folder", "feed", "sitemap" …"""

    location: str
    kind: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that did not become an article, and why."""

    source: str
    reason: str

    @property
    def said(self) -> str:
        """What went wrong as what follows the source's name, which most reasons begin with."""
        return self.reason[len(self.source) :] if self.reason.startswith(f"{self.source} ") else f": {self.reason}"


@dataclass(frozen=True, slots=True)
class Flagged:
    """An article that was stored though its page is not whole; `flag` is a key of FLAGS."""

    article_id: str
    source: str
    flag: str


@dataclass(frozen=True, slots=True)
class AddReport:
    """What `add` did, as article ids. `stopped`: it was stopped before the end; adding the same again goes on.

    `flagged` names those of the added and replaced articles that have a flag.
    """

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    stopped: bool = False
    flagged: tuple[Flagged, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncReport(AddReport):
    """What `sync` did: an AddReport, and the articles removed because their file is gone.

    `gone` are the articles whose web page is there no longer, or leads to another; they are kept.
    """

    removed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long call is: `done` of `total` sources; `current` is the one just finished.

    `outcome` says what became of it where that is known: "read", "unchanged", "failed" with the `reason`, or "listed"
    for a feed or list whose pages were put in line.
    """

    done: int
    total: int
    current: str = ""
    outcome: Literal["", "read", "unchanged", "failed", "listed"] = ""
    reason: str = ""


def iso_date(value: str, name: str) -> str:
    """`value` as an ISO 8601 day, month or year; InvalidInput where it is none that exists."""
    import datetime

    match = _ISO_DATE.match(value.strip()) if isinstance(value, str) else None
    try:
        if match is None:
            raise ValueError("not of the form")
        year, month, day = (int(part) if part else None for part in match.groups())
        datetime.date(year or 0, month or 1, day or 1)
    except ValueError as error:
        raise InvalidInput(
            f"{name} is {shown(value)}; give a date that exists as 2023-02-17, 2023-02 or 2023"
        ) from error
    return "-".join(part for part in match.groups() if part)


def turns(history: Sequence[Turn | Mapping[str, Any]]) -> tuple[Turn, ...]:
    """A conversation from what chat APIs and Gradio pass: mappings with `role` and `content`.

    `content` is a str, or a list of parts of which the text parts count. Other roles than user and
    assistant (system, tool) are passed over.
    """
    if isinstance(history, (str, bytes, Mapping)) or not isinstance(history, Sequence):
        raise checked.wrong_type(history, "history", "a list of {'role': …, 'content': …}")
    result = []
    for entry in history:
        if isinstance(entry, Turn):
            result.append(Turn(entry.role, checked.whole_characters(entry.content)))
            continue
        if not isinstance(entry, Mapping) or not isinstance(entry.get("role"), str):
            raise InvalidInput(f"history holds {shown(entry)}; each entry needs a 'role' and a 'content'")
        content = entry.get("content")
        if isinstance(content, Sequence) and not isinstance(content, str):
            parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
            content = " ".join(part for part in parts if isinstance(part, str))
        if not isinstance(content, str):
            continue  # a picture or a component: nothing to read
        role = entry["role"]
        if role == "user" or role == "assistant":
            result.append(Turn(role, checked.whole_characters(content)))
    return tuple(result)
