"""Articles and passages to rows of a Milvus library's collections (qa/milvus_schema.py), and back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa import records
from qa.milvus_engine import HASH_END, TEXT_BYTES
from qa.milvus_schema import MOST_TERMS, NO_VECTOR, TERM_BYTES, Kind, hashed
from qa.store import EncodedPassage, Names, Vectors
from qa.types import Article, ArticleSummary, Passage

PASSAGE_FIELDS = ["id", "article", "version", "start", "data"]
FULL_FIELDS = [*PASSAGE_FIELDS, "words", "tokens", "vector"]
_PIECE_BYTES = 60_000
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encoded(value: Any) -> str:
    return _JSON.encode(value)


# -- records


def record(
    key: str, kind: Kind, value: Any = None, *, owner: int = 0, version: int = 0, data: str | None = None
) -> dict[str, Any]:
    return {
        "key": key,
        "kind": int(kind),
        "owner": owner,
        "version": version,
        "spread": hashed(key) % HASH_END,
        "data": encoded(value) if data is None else data,
        "vector": NO_VECTOR,
    }


def long_records(key: str, kind: Kind, text: str, *, owner: int = 0, version: int = 0) -> Iterator[dict[str, Any]]:
    """A text of any length as records `key`.0, `key`.1 …; the first begins with how many there are."""
    pieces = list(_pieces(text.encode())) or [""]
    pieces[0] = f"{len(pieces)}|{pieces[0]}"
    for i, piece in enumerate(pieces):
        yield record(f"{key}.{i}", kind, owner=owner, version=version, data=piece)


def pieces_of(first: str) -> int:
    """In how many pieces a text is that begins so."""
    return int(first[: first.index("|")])


def joined(pieces: Sequence[str]) -> str:
    return "".join([pieces[0][pieces[0].index("|") + 1 :], *pieces[1:]])


def _pieces(text: bytes) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = min(start + _PIECE_BYTES, len(text))
        while end < len(text) and text[end] & 0xC0 == 0x80:  # not within a character
            end -= 1
        yield text[start:end].decode()
        start = end


# -- articles


@dataclass(frozen=True, slots=True)
class Kept:
    """What an article's row says of it beside its facts."""

    fingerprint: str
    text_hash: str
    corrected: dict[str, Any]
    names: tuple[str, str, str, str]  # title, headings, authors, site; as records.NAMES_SEPARATOR joins them


def article_row(
    article: Article, kept: Kept, passages: Sequence[EncodedPassage], words: Sequence[str], *, version: int
) -> tuple[dict[str, Any], str]:
    """The row of an article of which `words` are the passages' terms, without `position` and `changed`; and its body.

    The body has all that the row has; the row leaves out what is too long for it.
    """
    facts = encoded(records.facts_row(article))
    data = encoded([kept.fingerprint, kept.text_hash, kept.corrected, kept.names])
    body = encoded([facts, data, article.text, records.blocks_text(article)])
    title, headings, authors, site = kept.names
    row = {
        "number": hashed(article.id),
        "id": article.id,
        "version": version,
        "passages": len(passages),
        "words": sum(len(each.split()) for each in words),
        "name_words": sum(len(each.replace(records.NAMES_SEPARATOR, " ").split()) for each in kept.names),
        "text_key": hashed(kept.text_hash),
        "language": _optional(article.language),
        "published": _optional(article.published),
        "facts": facts if _fits(facts) else "",
        "data": data if _fits(data) else "",
        "title": term_set(title),
        "headings": term_set(headings),
        "authors": term_set(authors),
        "site": term_set(site),
        "vector": NO_VECTOR,
    }
    return row, body


def gone_row(number: int) -> dict[str, Any]:
    """Where an article was: version 0, so that who follows the articles learns of it."""
    empty: list[str] = []
    texts = dict.fromkeys(("id", "language", "published", "facts", "data"), "")
    counts = dict.fromkeys(("version", "position", "passages", "words", "name_words", "text_key"), 0)
    names = {"title": empty, "headings": empty, "authors": empty, "site": empty}
    return {"number": number, "vector": NO_VECTOR, **texts, **counts, **names}


def optional(text: str) -> str | None:
    """A text or None, of a field that always holds a text."""
    return text[1:] if text else None


def _optional(text: str | None) -> str:
    return "" if text is None else f"={text}"


def article_of(body: str) -> Article:
    facts, _, text, blocks = json.loads(body)
    article_id, title, url, authors, published, site, language, source, date_source, pages, flags = json.loads(facts)
    return records.article(
        (article_id, title, text, url, authors, published, site, language, blocks, source, date_source, pages, flags)
    )


def summary_of(facts: str, passages: int) -> ArticleSummary:
    article_id, title, url, authors, published, site, language, _, date_source, _, flags = json.loads(facts)
    return records.summary((article_id, title, authors, published, site, language, url, passages, flags, date_source))


def source_of(facts: str) -> str | None:
    return json.loads(facts)[7]  # type: ignore[no-any-return]


def kept_of(data: str) -> Kept:
    fingerprint, text_hash, corrected, names = json.loads(data)
    return Kept(fingerprint, text_hash, corrected, tuple(names))


def names_of(kept: Kept, published: str | None) -> Names:
    title, headings, authors, site = kept.names
    return Names(
        tuple(title.split()),
        records.split_names(headings),
        records.split_names(authors),
        tuple(site.split()),
        published,
    )


# -- passages


def passage_id(number: int, version: int, place: int) -> int:
    """Of the passage at `place` of a version of an article."""
    return hashed(f"{number}:{version}:{place}")


def passage_row(
    one: EncodedPassage, words: str, *, number: int, version: int, place: int, halves: bool
) -> tuple[dict[str, Any], str]:
    """The row of a passage, and what does not fit into it: "" where all does."""
    passage, vector = one.passage, one.vectors.vector
    tokens = base64.b64encode(one.vectors.tokens).decode()
    data = encoded([passage.article_id, passage.end, passage.text, passage.heading, passage.sentences, passage.leads])
    row = {
        "id": passage_id(number, version, place),
        "article": number,
        "version": version,
        "start": passage.start,
        "hash": one.hash.hex(),
        "words": words if _fits(words) else words.encode()[:TEXT_BYTES].decode(errors="ignore").rpartition(" ")[0],
        "terms": term_set(words),
        "data": data,
        "tokens": tokens,
        "vector": vector if halves else vector.astype(np.float32).tolist(),
    }
    if _fits(data) and _fits(tokens) and _fits(words):
        return row, ""
    more = encoded([data, words, tokens])
    return {**row, "data": "", "tokens": ""}, more


def passage_of(row: Mapping[str, Any]) -> Passage:
    article_id, end, text, heading, sentences, leads = json.loads(row["data"])
    return Passage(
        article_id,
        row["start"],
        end,
        text,
        heading,
        tuple((first, last) for first, last in sentences),
        tuple(None if lead is None else (lead[0], lead[1]) for lead in leads),
    )


def vectors_of(row: Mapping[str, Any]) -> Vectors:
    return Vectors(half(row["vector"]), base64.b64decode(row["tokens"]))


def half(vector: Any) -> NDArray[np.float16]:
    """float16 (dim,), from what the client gives: bytes in a list, or numbers."""
    if isinstance(vector, (list, tuple)) and vector and isinstance(vector[0], bytes):
        vector = vector[0]
    if isinstance(vector, bytes):
        return np.frombuffer(vector, np.float16)
    return np.asarray(vector, np.float32).astype(np.float16)


def with_more(row: Mapping[str, Any], more: str) -> dict[str, Any]:
    """A row with what did not fit into it."""
    data, words, tokens = json.loads(more)
    return {**row, "data": data, "words": words, "tokens": tokens}


def pending_text(vectors: Vectors) -> str:
    return " ".join(base64.b64encode(part).decode() for part in (vectors.vector.tobytes(), vectors.tokens))


def pending_of(text: str) -> Vectors:
    vector, _, tokens = text.partition(" ")
    return Vectors(np.frombuffer(base64.b64decode(vector), np.float16), base64.b64decode(tokens))


def term_set(words: str) -> list[str]:
    """The distinct terms, each as an array holds it; NAMES_SEPARATOR is none."""
    return list(dict.fromkeys(term_key(term) for term in words.replace(records.NAMES_SEPARATOR, " ").split()))[
        :MOST_TERMS
    ]


def term_key(term: str) -> str:
    """A term as far as an array holds it."""
    if len(term) * 4 <= TERM_BYTES:
        return term
    return term.encode()[:TERM_BYTES].decode(errors="ignore")


def _fits(text: str) -> bool:
    return len(text) * 4 <= TEXT_BYTES or len(text.encode()) <= TEXT_BYTES
