"""The articles that every system adds, the questions it is asked, and where what it finds stands."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from peer import Text
from sets import SEED, read_set

from qa import Article
from qa.questions import Question, Span, gold_spans
from qa.split import embedded_text, split
from qa.types import Passage


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, with the places of its gold answers."""

    question: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """The articles and what is asked of them. `passages` are ours; those of equal number in `ready` are their texts."""

    articles: tuple[Article, ...]
    passages: tuple[Passage, ...]
    ready: tuple[Text, ...]
    asked: tuple[Asked, ...]

    @property
    def words(self) -> int:
        return sum(len(article.text.split()) for article in self.articles)

    def texts(self, *, split: bool) -> list[list[str]]:
        if split:
            return [[article.id, article.title, article.text] for article in self.articles]
        return [[text.id, text.title, text.text] for text in self.ready]


def read_corpus(folders: Sequence[Path], most: int, questions: int) -> Corpus:
    """Articles of the sets, always from the one with the fewest passages so far, until there are `most` passages."""
    sets = [read_set(folder, 10**6) for folder in folders]
    queues = [list(each.articles) for each in sets]
    sizes = [0] * len(sets)
    articles: list[Article] = []
    passages: list[Passage] = []
    ready: list[Text] = []
    own: list[set[str]] = [set() for _ in sets]
    while sum(sizes) < most and any(queues):
        number = min((n for n, queue in enumerate(queues) if queue), key=lambda n: sizes[n])
        original = queues[number].pop(0)
        article = replace(original, id=f"{number}/{original.id}")
        own[number].add(original.id)
        articles.append(article)
        cut = split(article)
        sizes[number] += len(cut)
        for passage in cut:
            ready.append(Text(str(len(passages)), "", embedded_text(article, passage)[0]))
            passages.append(passage)
    by_id = {article.id: article for article in articles}
    asked: list[Asked] = []
    for number, each in enumerate(sets):
        wanted = [one for one in each.questions if own[number].issuperset(one.article_ids) and not one.history]
        random.Random(SEED).shuffle(wanted)
        placed = [Asked(one.question, _spans(one, number, by_id)) for one in wanted]
        asked += [one for one in placed if one.spans][: questions // len(sets)]
    return Corpus(tuple(articles), tuple(passages), tuple(ready), tuple(asked))


def _spans(question: Question, number: int, articles: dict[str, Article]) -> tuple[Span, ...]:
    own = [articles[f"{number}/{name}"] for name in question.article_ids]
    return tuple(span for article in own for span in gold_spans(question, article))


class Places:
    """Where a found text stands in its article."""

    def __init__(self, corpus: Corpus) -> None:
        self._articles = {article.id: article.text for article in corpus.articles}
        self._passages = corpus.passages
        self._known: dict[tuple[str, str], list[tuple[str, int, int]]] = {}
        self.lost = 0

    def of(self, name: str, text: str) -> list[tuple[str, int, int]]:
        """(article id, start, end) of each place; white space may differ. A ready passage is known by its number."""
        key = (name, text)
        if key not in self._known:
            if name in self._articles:
                pattern = r"\s+".join(map(re.escape, text.split()))
                found = re.finditer(pattern, self._articles[name]) if pattern else iter(())
                self._known[key] = [(name, match.start(), match.end()) for match in found]
                self.lost += not self._known[key]
            else:
                passage = self._passages[int(name)]
                self._known[key] = [(passage.article_id, passage.start, passage.end)]
        return self._known[key]


def rank_of(asked: Asked, hits: Sequence[tuple[str, str]], places: Places) -> int | None:
    """The rank, from 1, of the first hit that holds a gold answer; None where none does."""
    for rank, (name, text) in enumerate(hits, start=1):
        for article_id, start, end in places.of(name, text):
            if any(span.article_id == article_id and start <= span.start and span.end <= end for span in asked.spans):
                return rank
    return None
