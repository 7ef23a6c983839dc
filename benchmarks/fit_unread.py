"""The constants that stand in for what the model says of a text it has not read (`qa/scoring.py`, `qa/retriever.py`).

    python benchmarks/fit_unread.py SET [SET ...]

A SET is an English training set: `articles.jsonl` (id, title, text) and `questions.jsonl` (question, article_ids,
answers). Printed are the mean parts of the best passage's score, the line of a sentence's MaxSim over the share of the
question's words it holds, and what has to be added to that line so that `support` stays a probability (least log loss)
where no sentence is read: then no function words and no kinds of question are known either, as in other languages.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from embeddings.encoder import Embedding
from embeddings.late import token_scores
from qa import Article, Library, function_words, lexical, scoring
from qa.support import UNREAD
from qa.types import Filters

ARTICLES, QUESTIONS = 800, 300


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


@contextmanager
def half_of(folder: Path) -> Iterator[tuple[Library, list[dict[str, Any]], list[dict[str, Any]]]]:
    """A library of every second article, and questions on those and on the other ones."""
    articles, questions = read(folder / "articles.jsonl")[:ARTICLES], read(folder / "questions.jsonl")
    random.Random(1).shuffle(questions)
    inside, outside = ({article["id"] for article in articles[start::2]} for start in (0, 1))
    with tempfile.TemporaryDirectory() as place, Library.open(place) as library:
        library.add([Article(id=a["id"], title=a["title"], text=a["text"]) for a in articles if a["id"] in inside])
        within, without = (
            [one for one in questions if set(one["article_ids"]) <= ids][:QUESTIONS] for ids in (inside, outside)
        )
        yield library, within, without


def as_unread(embed: Callable[[str], Embedding], text: str) -> Embedding:
    return replace(embed(text), familiarity=0.0)


def main() -> None:
    parts, held, met, log_odds, right = [], [], [], [], []
    for folder in map(Path, sys.argv[1:]):
        with half_of(folder) as (library, within, without):
            store, embed = library._store, library.encoder.embed_question
            plain = set(lexical.question_terms(" ".join(function_words.ENGLISH), store.languages()))
            for one in within:
                found = library._find(library._stand_alone(one["question"], ()), k=8, filters=Filters())
                embedded, candidates = found.embedded, found.candidates
                parts.append((candidates[0].dense, candidates[0].late))
                asked = set(lexical.question_terms(one["question"], store.languages()))
                weights = scoring._term_weights(asked - plain or asked, store)
                for candidate in candidates:
                    passage, offsets = candidate.stored.passage, candidate.tokens.offsets
                    similarity = token_scores(embedded.tokens, candidate.tokens)
                    text = library.article(passage.article_id).text
                    for start, end in passage.sentences:
                        within_it = (offsets[:, 0] >= start - passage.start) & (offsets[:, 1] <= end - passage.start)
                        if within_it.any():
                            told = set(lexical.terms(text[start:end]))
                            held.append(sum(weights.get(term, 0.0) for term in told) / (sum(weights.values()) or 1))
                            met.append(similarity[:, within_it].max(axis=1).mean())
            unread = patch.object(library.encoder, "embed_question", partial(as_unread, embed))
            unasked = patch.object(scoring, "asked_for", return_value=None)
            plainly = patch.multiple(function_words, ENGLISH=frozenset(), ELSEWHERE=frozenset())
            with unread, unasked, plainly:
                for one, known in [*((one, True) for one in within), *((one, False) for one in without)]:
                    found = library._find(library._stand_alone(one["question"], ()), k=8, filters=Filters())
                    embedded, candidates = found.embedded, found.candidates
                    ids = {candidate.stored.passage.article_id for candidate in candidates}
                    articles = store.articles_by_id(ids)
                    sentences = scoring.score_sentences(
                        one["question"], embedded, candidates, articles=articles, store=store
                    )
                    first = sentences[0]
                    quote = articles[first.candidate.stored.passage.article_id].text[first.start : first.end]
                    support = UNREAD.support(sentences)
                    log_odds.append(np.log(support / (1 - support)) - UNREAD.score * scoring._NONE_READ)
                    right.append(known and any(gold in quote for gold in one["answers"]))
    dense, late = np.mean(parts, axis=0)
    slope, height = np.polyfit(held, met, 1)
    print(f"best passage: dense {dense:.2f}, late {late:.2f}")
    print(f"MaxSim = {height:.2f} + {slope:.2f} × held, r = {np.corrcoef(held, met)[0, 1]:.2f}, n = {len(held)}")

    def loss(added: float) -> float:
        logits = np.array(log_odds) + UNREAD.score * added
        return float(np.mean(np.logaddexp(0, np.where(right, -logits, logits))))

    print(f"added where nothing is read: {min(np.arange(-0.5, 0.5, 0.01), key=loss):.2f}")


if __name__ == "__main__":
    main()
