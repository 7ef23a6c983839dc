"""Fit how sentences are weighed, and what support they lend, on questions held out of the other trainings.

    PYTHONPATH=. python training/scores.py SET... [--without-reader]

Every held-out question is asked in a library of its article among others, as `ask` does it. Printed are the weights of
`qa/scoring.py` (softmax over the sentences of a question's passages) and of `qa/support.py` (logistic regression of the
best sentence being right; half of the questions are asked without their article, or without the sentence that answers).
The curve's height and steepness are then fitted by training/calibrate.py.
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
from qa.evaluate import auroc as area
from qa.scoring import PASSAGES_READ, Parts, Sentence, score_sentences
from qa.types import Filters
from training.data import held_out, knows_the_passage, read_articles, read_set

NAMES = [field.name for field in fields(Parts)]


def ask(library: Library, question: str, reader: Reader | None, without: str | None = None) -> list[Sentence]:
    """The scored sentences; with `without`, as if that article were not there."""
    _, embedded, candidates = library._find(library._stand_alone(question, ()), k=PASSAGES_READ + 4, filters=Filters())
    candidates = [one for one in candidates if one.stored.passage.article_id != without][:PASSAGES_READ]
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
    absent: list[list[Sentence]] = []
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
                if rng.random() < 0.5:
                    absent.append(ask(library, question, reader, without=article))
                else:  # a near miss: what stands beside the answer
                    absent.append([one for one, right in zip(*asked[-1], strict=True) if not right])
            print(f"{folder.name}: {len(library)} articles, {len(questions)} questions", flush=True)
    before = np.mean([right[0] for _, right in asked if right])
    weights = fit([(matrix(s), right) for s, right in asked if any(right)])
    weights /= weights[0]
    after = np.mean([right[int(np.argmax(matrix(s) @ weights))] for s, right in asked if right])
    print(f"first sentence right: {100 * before:.1f} before, {100 * after:.1f} with")
    print("weights:", said(weights))
    known = [evidence(s, weights, right) for s, right in asked if s]
    rows = [row for row, _ in known] + [evidence(s, weights, [])[0] for s in absent if s]
    labels = [label for _, label in known] + [False] * len([s for s in absent if s])
    curve = logistic(np.array(rows), np.array(labels))
    print(f"support: AUROC {auroc(np.array(rows) @ curve, np.array(labels)):.3f}")
    print("curve:", said(curve[:-2]), f"ahead={curve[-2]:.3g}, bias={curve[-1]:.3g}")


def said(values: np.ndarray) -> str:
    return "Parts(" + ", ".join(f"{name}={value:.3g}" for name, value in zip(NAMES, values, strict=True)) + ")"


def evidence(sentences: list[Sentence], weights: np.ndarray, right: list[bool]) -> tuple[np.ndarray, bool]:
    """The parts of the sentence that `weights` put first, how far it is ahead, and 1; and whether it is right."""
    parts = matrix(sentences)
    scores = parts @ weights
    order = np.argsort(-scores)
    ahead = scores[order[0]] - scores[order[1]] if len(order) > 1 else 0.0
    return np.array([*parts[order[0]], ahead, 1.0]), bool(right and right[int(order[0])])


def logistic(rows: np.ndarray, labels: np.ndarray, penalty: float = 1e-3) -> np.ndarray:
    """Weights of logistic regression; the last column is 1."""
    weights = torch.zeros(rows.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=300, line_search_fn="strong_wolfe")
    inputs, wanted = torch.tensor(rows, dtype=torch.float32), torch.tensor(labels, dtype=torch.float32)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(inputs @ weights, wanted)
        loss = loss + penalty * weights[:-1].square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return weights.detach().numpy()


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    return area(scores[labels].tolist(), scores[~labels].tolist()) or 0.0


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
