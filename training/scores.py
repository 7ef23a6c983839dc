"""Fit how sentences are weighed, on questions held out of the other trainings.

    PYTHONPATH=. python training/scores.py SET... [--without-reader]

Every held-out question is asked in a library of its article among others, as `ask` does it. Printed are the weights of
`qa/scoring.py`: softmax over the sentences of a question's passages.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch

from embeddings.reader import Reader
from qa import Library
from qa.scoring import PASSAGES_READ, Parts, Sentence, score_sentences
from qa.types import Filters
from training.data import held_out, knows_the_passage, read_articles, read_set

NAMES = [field.name for field in fields(Parts)]


def ask(library: Library, question: str, reader: Reader | None) -> list[Sentence]:
    """The scored sentences."""
    _, embedded, candidates = library._find(library._stand_alone(question, ()), k=PASSAGES_READ, filters=Filters())
    candidates = candidates[:PASSAGES_READ]
    articles = library._store.articles_by_id(one.stored.passage.article_id for one in candidates)
    return score_sentences(question, embedded, candidates, articles=articles, store=library._store, reader=reader)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--without-reader", action="store_true")
    parser.add_argument("--articles", type=int, default=700, help="others in each library")
    parser.add_argument("--questions", type=int, default=350, help="of each set")
    options = parser.parse_args()
    rng = random.Random(7)
    reader = None if options.without_reader else Reader()
    asked: list[tuple[list[Sentence], list[bool]]] = []
    for folder in options.sets:
        _, examples = read_set(folder)
        golds: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for one in examples:
            if held_out(one.article) and not knows_the_passage(one.question):
                golds.setdefault((one.article, one.question), []).extend(one.places)
        records = read_articles(folder)
        own = {article for article, _ in golds}
        rest = [record.id for record in records if record.id not in own]
        most = options.articles if len(records) > 1000 else options.articles // 12
        wanted = own | set(rng.sample(rest, min(len(rest), most)))
        with tempfile.TemporaryDirectory() as place, Library.open(place) as library:
            library.add([record for record in records if record.id in wanted])
            questions = rng.sample(sorted(golds), min(len(golds), options.questions))
            for article, question in questions:
                spans = golds[article, question]
                sentences = ask(library, question, reader)
                asked.append(
                    (
                        sentences,
                        [
                            one.candidate.stored.passage.article_id == article
                            and any(one.start <= a and b <= one.end for a, b in spans)
                            for one in sentences
                        ],
                    )
                )
            print(f"{folder.name}: {len(library)} articles, {len(questions)} questions", flush=True)
    before = np.mean([right[0] for _, right in asked if right])
    weights = fit([(matrix(s), right) for s, right in asked if any(right)])
    weights /= weights[0]
    after = np.mean([right[int(np.argmax(matrix(s) @ weights))] for s, right in asked if right])
    print(f"first sentence right: {100 * before:.1f} before, {100 * after:.1f} with")
    print("weights:", said(weights))


def said(values: np.ndarray) -> str:
    return "Parts(" + ", ".join(f"{name}={value:.3g}" for name, value in zip(NAMES, values, strict=True)) + ")"


def matrix(sentences: list[Sentence]) -> np.ndarray:
    return np.array([[getattr(one.parts, name) for name in NAMES] for one in sentences], np.float32)


def fit(questions: list[tuple[np.ndarray, list[bool]]]) -> np.ndarray:
    """Weights of the parts by which the right sentences stand out among the others."""
    weights = torch.zeros(len(NAMES), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")
    data = [(torch.tensor(m), torch.tensor(r)) for m, r in questions]

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = sum((m @ weights).logsumexp(0) - (m @ weights)[r].logsumexp(0) for m, r in data) / len(data)
        loss = loss + 1e-4 * weights.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return weights.detach().numpy()


if __name__ == "__main__":
    main()
