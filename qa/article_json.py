"""An Article as JSON data, and back: between processes, and in exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from qa.types import Article, Block

FIELDS = tuple(field.name for field in fields(Article))
_LISTS = ("authors", "pages", "flags")


def to_json(article: Article) -> dict[str, Any]:
    """Its fields by their names; `blocks` as `blocks_to_json` gives them."""
    return {name: getattr(article, name) for name in FIELDS} | {"blocks": blocks_to_json(article)}


def blocks_to_json(article: Article) -> list[list[Any]]:
    """[kind, start, end, level] of each block; start and end in characters of the article's text.

    Stored articles and their fingerprints have it so.
    """
    return [[block.kind, block.start, block.end, block.level] for block in article.blocks]


def from_json(facts: Mapping[str, Any]) -> Article:
    """What `to_json` gave; of what others write, only id, title and text are needed.

    Raises InvalidInput, TypeError or ValueError where it is no article.
    """
    lists = {name: tuple(facts.get(name, ())) for name in _LISTS}
    return Article(**{**facts, **lists, "blocks": tuple(Block(*block) for block in facts.get("blocks", ()))})
