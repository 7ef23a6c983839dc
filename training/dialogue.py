"""Prints the weights of qa/dialogue.py: `python training/dialogue.py QUESTIONS`, the same every time; under a minute.

QUESTIONS is CANARD (Elgohary et al., 2019; CC BY-SA 4.0) as JSON lines: {"id", "question", "rewrite", "history"},
where `history` holds an article's title and section, then questions and answers in turn. A word of the history
belongs to the follow-up if the rewrite holds it. The title opens the first question, as nobody sees it in a chat.

Logistic regression with ridge penalty 1, by Newton's method. Beside each conversation as it is, half of them are read
in lower case, so that names are not everything, and half behind a conversation on another subject. Prints precision and
recall on a fifth of the articles held out, then the weights of all.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.dialogue import CARRIED_FROM, FEATURES, on_subject, word_features, word_keys
from qa.types import Turn

SEED = 7
RIDGE = 1.0


class Example(NamedTuple):
    conversation: str
    question: str
    rewrite: str
    said: tuple[Turn, ...]


def read(path: Path) -> list[Example]:
    examples = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        title, section, *spoken = row["history"]
        turns = [Turn("assistant" if at % 2 else "user", text) for at, text in enumerate(spoken)] or [Turn("user", "")]
        turns[0] = Turn("user", f"{title}, {section}. {turns[0].content}")
        examples.append(Example(row["id"].rsplit("_", 2)[0], row["question"], row["rewrite"], tuple(turns)))
    return examples


def lowered(example: Example) -> Example:
    said = tuple(Turn(turn.role, turn.content.lower()) for turn in example.said)
    return Example(example.conversation, example.question.lower(), example.rewrite.lower(), said)


def behind(first: Example, second: Example) -> Example:
    return second._replace(said=first.said + second.said)


def varied(examples: Sequence[Example], chance: random.Random) -> list[Example]:
    half = len(examples) // 2
    strangers = zip(chance.sample(examples, half), chance.sample(examples, half), strict=True)
    changes = [behind(one, other) for one, other in strangers if one.conversation != other.conversation]
    return [*examples, *map(lowered, chance.sample(examples, half)), *changes]


def table(examples: Sequence[Example]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows of features, one a word of a history, and 1 where the word belongs to the follow-up."""
    rows, wanted = [], []
    for example in examples:
        belongs = word_keys(example.rewrite)
        for key, features in word_features(example.question, on_subject(example.said)).items():
            rows.append([features.get(name, 0.0) for name in FEATURES])
            wanted.append(float(key in belongs))
    return np.array(rows), np.array(wanted)


def fit(rows: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.zeros(rows.shape[1])
    for _ in range(20):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (chance - wanted) + RIDGE * weights
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + RIDGE * np.eye(len(weights))
        weights -= np.linalg.solve(curve, slope)
    return weights


def main() -> None:
    examples = read(Path(sys.argv[1]))
    chance = random.Random(SEED)
    conversations = sorted({example.conversation for example in examples})
    held = set(chance.sample(conversations, len(conversations) // 5))
    weights = fit(*table(varied([example for example in examples if example.conversation not in held], chance)))
    rows, wanted = table([example for example in examples if example.conversation in held])
    picked = rows @ weights >= CARRIED_FROM
    right = float((picked * wanted).sum())
    print(f"held out: precision {right / picked.sum():.2f}, recall {right / wanted.sum():.2f}")
    for name, weight in zip(FEATURES, fit(*table(varied(examples, chance))), strict=True):
        print(f'    "{name}": {weight:.2f},')


if __name__ == "__main__":
    main()
