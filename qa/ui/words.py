"""What the page says, in each of its languages: qa/ui/languages/*.toml, which all have the same keys."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "es", "fr", "ar")
COOKIE = "article-qa-language"  # holds the language that was chosen


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language by key; plain text, to be escaped by whoever draws it."""

    language: str
    name: str  # of the language, in itself
    direction: str  # "ltr" or "rtl"
    table: dict[str, Any]

    def __call__(self, key: str, **values: Any) -> str:
        """The text at `key`, as "ask.hint", with the values filled in. KeyError where there is none."""
        found: Any = self.table
        for part in key.split("."):
            found = found[part]
        return str(found).format(**values) if values else str(found)

    def count(self, key: str, number: int) -> str:
        """`number` of what `key` names, as "18 articles"."""
        form = "one" if number == 1 else "other"
        return self(f"{key}.{form}", n=f"{number:,}")

    def date(self, published: str | None) -> str:
        """An ISO day, month or year in words; "" for None."""
        parts = (published or "").split("-")
        if len(parts) == 1:
            return parts[0]
        month = self.table["dates"]["months"][int(parts[1]) - 1]
        if len(parts) == 2:
            return self("dates.month", year=parts[0], month=month)
        return self("dates.day", year=parts[0], month=month, day=int(parts[2]))


@functools.cache
def words(language: str = "en") -> Words:
    """The texts of one of LANGUAGES."""
    text = files("qa.ui").joinpath("languages", f"{language}.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return Words(language, table["name"], table["direction"], table)


def preferred(accept_language: str) -> str:
    """The first of LANGUAGES that a browser's Accept-Language header asks for; English where it asks for none."""
    wanted = []
    for position, part in enumerate(accept_language.split(",")):
        name, _, quality = part.strip().partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        wanted.append((-weight, position, name.strip().lower().split("-")[0]))
    return next((name for _, _, name in sorted(wanted) if name in LANGUAGES), "en")
