"""What an adapter is given and gives back; it runs in the peers' Python, so nothing of this project is imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

WORDS = 110  # about how many a passage has, whoever splits


@dataclass(frozen=True, slots=True)
class Text:
    """An article, or a passage that is to be taken as it is; a passage's title is "", as its text begins with it."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found: the id of the Text that it is (a part of), and its own text."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Settings:
    """How to open a system.

    `model`: the folder of a sentence-transformers model; for article-qa also the name of one, or "" for its default.
    `dtype`: "auto" (what the system takes by itself), "float32" or "bfloat16". `batch`: texts to a forward pass; None
    for what the system's documentation has. `split`: False where the texts are passages already.
    """

    model: str
    dtype: str
    batch: int | None
    split: bool


class System(Protocol):
    """Opened as `System(settings)`: empty, its model loaded. Closed by being let go."""

    def add(self, texts: Sequence[Text]) -> int:
        """Split, encode and index the texts; called once. How many passages there are now."""

    def search(self, question: str, k: int) -> list[Found]:
        """The k best passages, best first."""
