"""Questions to begin with, made from the library's own titles and headings, each tried before it is offered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from qa.support import LIKELY_FROM

if TYPE_CHECKING:
    from qa.library import Library

MOST_TRIED = 16  # questions; each costs an answer
_ARTICLES = 60  # newest ones that are looked at
_LONGEST = 110  # characters of a question that reads at a glance
_ASKS = re.compile(
    r"(?:who|whom|whose|what|when|where|why|how|which|qué|quién|quiénes|cuándo|dónde|por qué|cómo|cuál|qui|que|quoi|"
    r"quand|où|pourquoi|comment|quel|quelle|wer|was|wann|wo|warum|wie|welche[rs]?|من|ما|متى|أين|لماذا|كيف)\b",
    re.IGNORECASE,
)
_END = re.compile(r"[?？؟]")
_PARTS = re.compile(r"\s*(?::|\s[–—|]\s)\s*")


def suggestions(library: Library, most: int = 4, *, going: Callable[[], bool] = lambda: True) -> list[str]:
    """At most `most` questions, each of another article, which the library answers from that article.

    `going` is asked before each one is tried: once it says False, what has been found is all.
    """
    found: list[str] = []
    tried = 0
    waiting = [
        (summary.id, questions(summary.title, [passage.heading for passage in library.passages(summary.id)]))
        for summary in library.browse(order="added", descending=True, limit=_ARTICLES).articles
    ]
    while waiting and len(found) < most and tried < MOST_TRIED:
        later = []
        for article_id, left in waiting:  # one question of each article, then a second one of those without
            question = next(left, None)
            if question is None or len(found) >= most or tried >= MOST_TRIED or not going():
                continue
            tried += 1
            answer = library.ask(question)
            first = answer.citations[0].article_id if answer.found and answer.citations else None
            if first == article_id and answer.support >= LIKELY_FROM:
                found.append(question)
            else:
                later.append((article_id, left))
        waiting = later
    return found


def questions(title: str, headings: Iterable[str]) -> Iterator[str]:
    """What an article's title and headings ask, after its subject where they need it; then what else is a heading.

    `headings` are paths, outermost first, joined by " › " as in Passage.heading.
    """
    topic, *rest = _PARTS.split(title.strip(), maxsplit=1)
    if end := _END.search(title):
        yield from _fit(title[: end.end()])
        topic = title[end.end() :].strip() or topic
    elif rest and _ASKS.match(rest[0]):
        yield from _fit(f"{topic}: {_asked(rest[0])}")
    last = [path.split(" › ")[-1].strip() for path in dict.fromkeys(headings)]
    asking = [heading for heading in last if _END.search(heading) or _ASKS.match(heading)]
    for heading in asking:
        yield from _fit(f"{topic}: {_asked(heading)}")
    for heading in last:
        if heading not in asking and " " in heading:
            yield from _fit(f"{topic}: {heading}")


def _asked(words: str) -> str:
    """With a small letter, as it stands after a colon."""
    first = words.split()[0]
    return words if first[1:] != first[1:].lower() else words[0].lower() + words[1:]


def _fit(question: str) -> Iterator[str]:
    if len(question) <= _LONGEST:
        yield question
