"""Fit support on sets of questions with and without answers, asked as users ask them.

    PYTHONPATH=. python training/calibrate.py SET... [--held-out SET...] [--questions 1000] [--level SET]
                                              [--without-reader]

Logistic regression of the first quote being right on the evidence of qa/support.py; printed is the curve. The questions
are those that come last in the order in which the scorer draws its sample, which thus stays unseen. Of the sets
`--held-out` only the articles that are kept from training are asked, as many questions with an answer as without.
With `--level` the sets count alike, however many questions they have, and the curve is then laid upon the questions of
this set alone, its log-odds times one number and plus another (Platt, 1999).
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray

from qa import Library, answer
from qa.calibration import auroc, calibration_error
from qa.evaluate import evaluate
from qa.questions import read_questions
from qa.scoring import Sentence
from qa.support import Curve, Evidence, evidence
from training.data import held_out, read_articles

Asked = tuple[NDArray[np.float64], NDArray[np.bool_]]

SCORERS_SEED = 7
SEEN: list[Evidence] = []


class Recorder(Curve):
    """Answers everything, and remembers on what evidence."""

    def support(self, sentences: Sequence[Sentence]) -> float:
        SEEN.append(evidence(sentences))
        return 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", type=Path)
    parser.add_argument("--held-out", nargs="*", type=Path, default=[], help="sets that were trained on")
    parser.add_argument("--questions", type=int, default=1000, help="of each set, at most")
    parser.add_argument("--level", metavar="SET", help="one of the sets, or its name")
    parser.add_argument("--without-reader", action="store_true")
    options = parser.parse_args()
    ranking = "unread" if options.without_reader else "full"
    folders = [*options.sets, *options.held_out]
    if not folders:
        parser.error("name a set")
    levels = [at for at, folder in enumerate(folders) if options.level in (str(folder), folder.name)]
    if options.level is not None and not levels:
        parser.error(f"--level is {options.level}; use one of the sets")
    found = [asked(folder, options.questions, ranking, of_training=folder in options.held_out) for folder in folders]
    weights = fitted(found, levels[0] if levels else None)
    names = (*Evidence._fields, "bias")
    print("Curve(" + ", ".join(f"{name}={weight:.2f}" for name, weight in zip(names, weights, strict=True)) + ")")
    for folder, (rows, right) in zip(folders, found, strict=True):
        log_odds = rows @ weights
        support = 1 / (1 + np.exp(-log_odds))
        area = auroc(log_odds[right].tolist(), log_odds[~right].tolist()) or 0.0
        error = calibration_error(list(zip(support.tolist(), right.tolist(), strict=True)))
        print(f"{folder.name}: {len(rows)} questions, {right.mean():.2f} right, AUROC {area:.3f}, ECE {error:.3f}")


def asked(folder: Path, most: int, ranking: str, *, of_training: bool = False) -> Asked:
    """For each question its evidence and 1, and whether the first quote is right."""
    questions = read_questions(folder / "questions.jsonl")
    articles = read_articles(folder, as_written=True)
    if of_training:
        articles = [article for article in articles if held_out(article.id)]
        kept = {article.id for article in articles}
        questions = [one for one in questions if kept.issuperset(one.article_ids)]
    random.Random(SCORERS_SEED).shuffle(questions)
    if of_training:
        kinds = [[one for one in questions if one.answerable == kind] for kind in (True, False)]
        each = min(most // 2, *map(len, kinds))
        questions = [one for kind in kinds for one in kind[-each:]]
    rows, labels = [], []
    recorder = Recorder(0, 0, 0, 0)
    with tempfile.TemporaryDirectory() as place, Library.open(place, ranking=ranking) as library:
        library.add(articles)
        with mock.patch.multiple(answer, CURVE=recorder, UNREAD=recorder):
            for question in questions[-most:]:
                SEEN.clear()
                (result,) = evaluate(library, [question]).results
                if SEEN and (result.spans or not question.answerable):
                    rows.append([*SEEN[0], 1.0])
                    labels.append(result.quote_first)
    return np.array(rows), np.array(labels)


def fitted(found: Sequence[Asked], level: int | None) -> NDArray[np.float32]:
    """The weights for the rows and labels of several sets; `level` is the position of the one that the level is of."""
    rows, right = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if level is None:
        return logistic(rows, right)
    weights = logistic(rows, right, np.concatenate([np.full(len(own), 1 / len(own)) for _, own in found]))
    rows, right = found[level]
    times, plus = logistic(np.stack([rows @ weights, np.ones(len(rows))], axis=1), right)
    weights = times * weights
    weights[-1] += plus
    return weights


def logistic(
    rows: NDArray[np.float64], labels: NDArray[np.bool_], counts: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """Weights of logistic regression; the last column of `rows` is 1, `counts` says how much each row counts."""
    weights = torch.zeros(rows.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=300, line_search_fn="strong_wolfe")
    inputs, wanted = torch.tensor(rows, dtype=torch.float32), torch.tensor(labels, dtype=torch.float32)
    counted = None if counts is None else torch.tensor(counts / counts.mean(), dtype=torch.float32)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(inputs @ weights, wanted, counted)
        loss.backward()
        return loss

    optimizer.step(closure)
    return weights.detach().numpy()


if __name__ == "__main__":
    main()
