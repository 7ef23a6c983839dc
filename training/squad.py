"""Make a question set of SQuAD's training articles and of questions that people wrote so that these do not answer them.

    PYTHONPATH=. python training/squad.py PAGES PAIRS --out FOLDER --without SET...

PAGES: the folder `explore/1.1/train` of github.com/rajpurkar/SQuAD-explorer, as it was on 28 August 2016: a page an
article with its paragraphs, questions and answers (Rajpurkar et al., 2016, CC BY-SA 4.0). PAIRS: the folder `QG` of
github.com/haichao592/UnAnsQ, of which train-* and dev-* are read: questions of SQuAD 2.0's training articles without an
answer, each beside the question with one that it was made from (Rajpurkar et al., 2018; paired by Zhu et al., 2019,
"Learning to Ask Unanswerable Questions for Machine Reading Comprehension"; CC BY-SA 4.0). Which paragraph such a
question is about is told by that other one. Paragraphs that share thirteen words in a row with an article of the sets
`--without` are left out: what is measured on these is not trained on.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from training.data import read_articles, untokenized

_IN_A_ROW = 13
_QUOTES = re.compile(r"``|''")


def paragraphs_of(page: bytes) -> Iterator[tuple[str, list[tuple[str, list[str]]]]]:
    """(paragraph, [(question, answers)]) of one article's page."""
    for part in BeautifulSoup(page, "lxml").find_all("div", "para-wrap"):
        asked = [
            (
                wrap.find("strong", "question").get_text().strip(),
                [one.get_text() for one in wrap.find_all(class_="answer")],
            )
            for wrap in part.find_all("div", "qa-wrap")
            if isinstance(wrap, Tag)
        ]
        yield part.find("pre").get_text(), asked


def unanswered(folder: Path) -> Iterator[tuple[str, str]]:
    """(question with an answer, question without) of the pairs."""
    for part in ("train", "dev"):
        answerable, unanswerable = (
            [line.split("\t")[1] for line in (folder / f"{part}-{kind}-questions.txt").read_text("utf-8").splitlines()]
            for kind in ("answerable", "unanswerable")
        )
        yield from zip(answerable, unanswerable, strict=True)


def key_of(question: str) -> str:
    """Letters and digits alone: the pairs are written in lower case, with spaces between all signs."""
    return "".join(character for character in question.casefold() if character.isalnum())


def runs_of(text: str) -> set[tuple[str, ...]]:
    """The runs of so many words that count as the same text."""
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[at : at + _IN_A_ROW]) for at in range(len(words) - _IN_A_ROW + 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--without", nargs="*", type=Path, default=[])
    options = parser.parse_args()
    measured = {run for folder in options.without for article in read_articles(folder) for run in runs_of(article.text)}
    options.out.mkdir(parents=True, exist_ok=True)
    places: dict[str, set[tuple[str, str]]] = {}
    counts = [0, 0, 0]
    with (
        (options.out / "articles.jsonl").open("w", encoding="utf-8") as articles,
        (options.out / "questions.jsonl").open("w", encoding="utf-8") as questions,
    ):
        for path in sorted(options.pages.glob("*.html")):
            paragraphs = [one for one in paragraphs_of(path.read_bytes()) if measured.isdisjoint(runs_of(one[0]))]
            title = path.stem.replace("_", " ")
            text = "\n\n".join(paragraph for paragraph, _ in paragraphs)
            articles.write(json.dumps({"id": path.stem, "title": title, "text": text}) + "\n")
            for paragraph, asked in paragraphs:
                for question, answers in asked:
                    places.setdefault(key_of(question), set()).add((path.stem, paragraph))
                    questions.write(_line(question, path.stem, paragraph, answers))
                    counts[0] += 1
        for answerable, unanswerable in unanswered(options.pairs):
            counts[1] += 1
            where = places.get(key_of(answerable), set())
            if len(where) == 1:  # else which paragraph is meant is not known
                article_id, paragraph = next(iter(where))
                questions.write(_line(untokenized(_QUOTES.sub('"', unanswerable)), article_id, paragraph, []))
                counts[2] += 1
    print(f"{counts[0]} questions with an answer, {counts[2]} of {counts[1]} without placed")


def _line(question: str, article_id: str, paragraph: str, answers: list[str]) -> str:
    record = {
        "question": question, "article_ids": [article_id], "answers": answers, "answerable": bool(answers),
        "gold_paragraph": paragraph,
    }  # fmt: skip
    return json.dumps(record) + "\n"


if __name__ == "__main__":
    main()
