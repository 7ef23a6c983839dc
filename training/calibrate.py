"""Fit the height and steepness of support on a set of questions with and without answers, asked as users ask them.

    PYTHONPATH=. python training/calibrate.py SET

Platt's scaling (1999): printed are the slope and offset by which the log-odds of `Answer.support` best tell whether the
first quote is right; the curve of `qa/support.py` times the slope, the offset added to its bias, is the new one.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from qa import Library
from qa.evaluate import evaluate, read_questions
from training.data import read_articles
from training.scores import auroc, logistic


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Library.open(folder) as library:
        library.add(read_articles(options.set, as_written=True))
        results = evaluate(library, read_questions(options.set / "questions.jsonl")).results
    known = [one for one in results if one.spans or not one.question.answerable]
    support = np.clip([one.support for one in known], 1e-6, 1 - 1e-6)
    right = np.array([one.quote_first for one in known])
    log_odds = np.log(support / (1 - support))
    slope, offset = logistic(np.stack([log_odds, np.ones(len(log_odds))], 1), right, penalty=0)
    print(f"{len(known)} questions, AUROC {auroc(log_odds, right):.3f}, slope {slope:.3f}, offset {offset:.3f}")


if __name__ == "__main__":
    main()
