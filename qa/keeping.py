"""What people do to an article that is stored: correct what its page has wrong, put back what was removed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qa import checked
from qa.blocks import one_line
from qa.checked import shown
from qa.encode import encode
from qa.errors import InvalidInput
from qa.split import split
from qa.store import EncodedPassage, Store
from qa.types import Article, Removed

if TYPE_CHECKING:
    from embeddings.encoder import Encoder

CORRECTABLE = ("title", "authors", "published", "site", "language")
_LONGEST_FACT = 1_000  # characters
_MOST_AUTHORS = 500
_LANGUAGE = re.compile("[a-z]{2,3}")


def correct(article_id: str, facts: Mapping[str, Any], *, store: Store, encoder: Callable[[], Encoder]) -> Article:
    """Store `article_id` with these facts, and note what its page says instead. See Library.correct."""
    facts = _checked(facts)
    while True:
        stored = store.as_removed(article_id)
        wanted, said = _corrected(stored, facts)
        if wanted == stored.article and said == stored.corrected:
            return wanted
        passages = _encoded(wanted, store, encoder)
        with store.write():
            if store.as_removed(article_id) != stored:
                continue  # its page was read again, or somebody else corrected it, while the passages were encoded
            store.put(
                wanted,
                fingerprint=stored.fingerprint,
                text_hash=stored.text_hash,
                passages=passages,
                corrected=said,
            )
        return wanted


def carried_over(article: Article, store: Store) -> tuple[Article, dict[str, Any]]:
    """A page that was read anew with what was corrected by hand in the version that is stored, and what it says there.

    That is the article itself and {} where there was none, or nothing was corrected.
    """
    said = store.corrected(article.id)
    if not said:
        return article, {}
    stored = store.article(article.id)
    names = [name for name in (*CORRECTABLE, "date_source") if name in said]
    kept = replace(article, **{name: getattr(stored, name) for name in names})
    return kept, {name: _plain(getattr(article, name)) for name in names}


def restore(removed: Removed, *, store: Store, encoder: Callable[[], Encoder]) -> None:
    """Put an article back with its locations. See Library.restore."""
    article = removed.article
    passages = _encoded(article, store, encoder)
    with store.write():
        if store.fingerprint(article.id) is not None:
            raise InvalidInput(f"an article with the id {article.id!r} is in the library again; nothing is put back")
        store.put(
            article,
            fingerprint=removed.fingerprint,
            text_hash=removed.text_hash,
            passages=passages,
            corrected=removed.corrected,
            position=removed.position,
        )
        for location, validators in removed.locations:
            store.place(location, article.id, validators)


def _corrected(stored: Removed, facts: Mapping[str, Any]) -> tuple[Article, dict[str, Any]]:
    """The article with these facts, and all that is corrected in it then, with what its page says instead."""
    said = dict(stored.corrected)
    wanted = replace(stored.article, **facts)
    for name in facts:
        page_says = said.get(name, _plain(getattr(stored.article, name)))
        if _plain(getattr(wanted, name)) == page_says:
            said.pop(name, None)
        else:
            said[name] = page_says
    # A date given by hand comes from no place in the page.
    where = said.pop("date_source", stored.article.date_source)
    if "published" in said:
        said["date_source"] = where
    return replace(wanted, date_source=None if "published" in said else where), said


def _encoded(article: Article, store: Store, encoder: Callable[[], Encoder]) -> list[EncodedPassage]:
    passages = [] if "consent-wall" in article.flags else split(article)
    return encode([(article, passage) for passage in passages], store, encoder)


def _checked(facts: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(facts, Mapping):
        raise checked.wrong_type(facts, "facts", f"a mapping of {', '.join(CORRECTABLE)}")
    for name in facts:
        checked.one_of(name, "a fact to correct", CORRECTABLE)
    return {name: _authors(value) if name == "authors" else _fact(value, name) for name, value in facts.items()}


def _authors(value: Any) -> tuple[str, ...]:
    names = checked.names(value, "authors", most=_MOST_AUTHORS)
    return tuple(filter(None, (_fact(each, "a name in authors") for each in names)))


def _fact(value: Any, name: str) -> str | None:
    """One line of text; None where there is none."""
    if value is not None and not isinstance(value, str):
        raise InvalidInput(f"{name} is {shown(value)}; give a text, or None")
    said = checked.text(value or "", name)
    if len(said) > _LONGEST_FACT:
        raise InvalidInput(f"{name} is {shown(said)}, of {len(said)} characters; give at most {_LONGEST_FACT}")
    text = one_line(said)
    if name == "title" and not text:
        raise InvalidInput(f"title is empty, {shown(value)}; give an article a title")
    if name == "language" and text:
        text = text.lower()
        if not _LANGUAGE.fullmatch(text):
            raise InvalidInput(f"language is {shown(value)}; give an ISO 639 code, as en or de")
    return text or None


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    return list(value) if isinstance(value, tuple) else value
