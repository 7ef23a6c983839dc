"""What people do to an article that is stored: correct what its page has wrong, put back what was removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qa.encode import encode
from qa.errors import InvalidInput
from qa.split import split
from qa.store import EncodedPassage, Store
from qa.types import Article, Removed

if TYPE_CHECKING:
    from embeddings.encoder import Encoder

CORRECTABLE = ("title", "authors", "published", "site", "language")


def correct(article_id: str, facts: Mapping[str, Any], *, store: Store, encoder: Callable[[], Encoder]) -> Article:
    """Store `article_id` with these facts, and note what its page says instead. See Library.correct."""
    facts = _checked(facts)
    while True:
        stored = store.as_removed(article_id)
        wanted, said = _corrected(stored, facts)
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
    if not isinstance(facts, Mapping) or (unknown := sorted(str(name) for name in facts if name not in CORRECTABLE)):
        wrong = type(facts).__name__ if not isinstance(facts, Mapping) else unknown[0]
        raise InvalidInput(f"facts to correct: {wrong!r} is none; give a mapping of {', '.join(CORRECTABLE)}")
    checked: dict[str, Any] = {}
    for name, value in facts.items():
        if name == "authors":
            values = (value,) if isinstance(value, str) else tuple(value or ())
            if not all(isinstance(each, str) for each in values):
                raise InvalidInput(f"authors is {value!r}; give a list of names")
            checked[name] = tuple(each.strip() for each in values if each.strip())
            continue
        if value is not None and not isinstance(value, str):
            raise InvalidInput(f"{name} is {value!r}; give a text, or None")
        text = (value or "").strip()
        if name == "title" and not text:
            raise InvalidInput("title is empty; give an article a title")
        checked[name] = (text.lower() if name == "language" else text) or None
    return checked


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    return list(value) if isinstance(value, tuple) else value
