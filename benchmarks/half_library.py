"""How many questions are answered where their article is in the library, and declined where it is not.

    python benchmarks/half_library.py SET [SET ...] [--questions 150]

A SET is a folder with `articles.jsonl` (id, title, text) and `questions.jsonl` (question, article_ids). Every second
article goes into a library; of the questions on either half the same seeded sample is asked.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from qa import Article, Library


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--questions", type=int, default=150)
    options = parser.parse_args()
    for folder in options.sets:
        articles, questions = read(folder / "articles.jsonl"), read(folder / "questions.jsonl")
        random.Random(1).shuffle(questions)
        held = {article["id"] for article in articles[::2]}
        within = [one["question"] for one in questions if set(one["article_ids"]) <= held][: options.questions]
        outside = [one["question"] for one in questions if not held & set(one["article_ids"])][: options.questions]
        with tempfile.TemporaryDirectory() as place, Library.open(place) as library:
            library.add([Article(id=a["id"], title=a["title"], text=a["text"]) for a in articles if a["id"] in held])
            answered = sum(library.ask(question).found for question in within) / len(within)
            declined = sum(not library.ask(question).found for question in outside) / len(outside)
        print(f"{folder.name:24} answered {100 * answered:5.1f}   declined {100 * declined:5.1f}   per cent")


if __name__ == "__main__":
    main()
