"""How to cut articles into passages: length, context embedded with the text, overlap.

    python benchmarks/passages.py SET [SET ...] [--words 60,80,110,150,200] [--context all,none] [--overlap 0,1,2]

A SET is a folder with `questions.jsonl` (see qa/questions.py) and either `articles.jsonl` (id, title, text) or a folder
`articles` of pages, as examples/ is. Every combination of the settings is measured in a library of its own.

    words      about how many a passage has
    context    "all": title, headings and what else a passage knows are embedded before its text; "none": its text only
    overlap    sentences of the passage before that are repeated at a passage's start

Printed in per cent, over the questions whose answer's place is known: a gold answer in the first passage (hit@1), the
mean reciprocal rank of the first that holds one (mrr10), a gold answer in the first 150 and 500 words read from the top
(150w, 500w: longer passages gain nothing there), and in the first quote of the answer (quote@1). Then the unanswerable
questions that were declined, and how many passages there are, of how many words.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from qa import Article, Library, read_page
from qa.evaluate import MOST_QUOTE_WORDS
from qa.ingest import encode
from qa.questions import Question, gold_spans, read_questions
from qa.split import split
from qa.types import Passage

Place = tuple[str, int, int]  # article id, start, end


def read_articles(folder: Path) -> list[Article]:
    if (folder / "articles.jsonl").is_file():
        records = map(json.loads, (folder / "articles.jsonl").read_text(encoding="utf-8").splitlines())
        return [Article(id=record["id"], title=record["title"], text=record["text"]) for record in records]
    pages = sorted((folder / "articles").glob("*.html"))
    return [replace(read_page(page.read_bytes()), id=page.stem) for page in pages]


def placed_questions(path: Path) -> list[Question]:
    """Those of the file whose answer is known, or known not to be there."""
    with tempfile.TemporaryDirectory() as place:
        kept = Path(place) / path.name
        lines = path.read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines if line.strip()]
        known = [one for one in records if one["answers"] or not one.get("answerable", True)]
        kept.write_text("\n".join(json.dumps(one) for one in known), encoding="utf-8")
        return read_questions(kept)


def cut(article: Article, words: int, overlap: int) -> Iterator[Passage]:
    """The article's passages, each beginning with the last `overlap` sentences of the one before in its section."""
    before: Passage | None = None
    for passage in split(article, words=words):
        if overlap and before is not None and before.heading == passage.heading:
            spans = (*before.sentences[-overlap:], *passage.sentences)
            start = min(spans[0][0], passage.start)
            text = article.text[start : passage.end]
            yield replace(passage, start=start, text=text, sentences=spans, leads=())
        else:
            yield passage
        before = passage


def fill(library: Library, articles: Sequence[Article], *, words: int, context: bool, overlap: int) -> list[int]:
    """Put the articles into the library, cut by these settings; the passages' lengths in words."""
    store, lengths = library._store, []
    library._encoder_for_writing()
    for at in range(0, len(articles), 50):
        some = articles[at : at + 50]
        passages = [(article, passage) for article in some for passage in cut(article, words, overlap)]
        embedded = passages if context else [(replace(a, title=""), _bare(p)) for a, p in passages]
        encoded = encode(embedded, store, lambda: library.encoder)
        for article in some:
            own = [
                replace(one, passage=passage)
                for one, (_, passage) in zip(encoded, passages, strict=True)
                if passage.article_id == article.id
            ]
            store.put(article, fingerprint=article.id, text_hash=article.id, passages=own)
        lengths += [len(passage.text.split()) for _, passage in passages]
    return lengths


def _bare(passage: Passage) -> Passage:
    return replace(passage, heading="", leads=())


def holds(place: Place, spans: Sequence[Place]) -> bool:
    return any(place[0] == other and place[1] <= start and end <= place[2] for other, start, end in spans)


def within(places: Sequence[Place], spans: Sequence[Place], words: int, texts: dict[str, str]) -> bool:
    """Whether a gold answer stands in the first `words` words of the passages, read one after the other."""
    for article_id, start, end in places:
        ends = [start + match for match in _word_ends(texts[article_id][start:end])][:words]
        if ends and holds((article_id, start, ends[-1]), spans):
            return True
        words -= len(ends)
        if words <= 0:
            return False
    return False


def _word_ends(text: str) -> Iterator[int]:
    at = 0
    for word in text.split():
        at = text.index(word, at) + len(word)
        yield at


def measure(library: Library, articles: Sequence[Article], questions: Sequence[Question]) -> dict[str, float]:
    by_id = {article.id: article for article in articles}
    texts = {article.id: article.text for article in articles}
    rows: dict[str, list[float]] = {name: [] for name in ("hit@1", "mrr10", "150w", "500w", "quote@1", "declined")}
    for question in questions:
        answer = library.ask(question.question, k=10)
        if not question.answerable:
            rows["declined"].append(not answer.found)
            continue
        spans = [
            (span.article_id, span.start, span.end)
            for name in question.article_ids
            if name in by_id
            for span in gold_spans(question, by_id[name])
        ]
        if not spans:
            continue
        places = [(hit.passage.article_id, hit.passage.start, hit.passage.end) for hit in answer.hits]
        rank = next((number for number, place in enumerate(places, 1) if holds(place, spans)), None)
        rows["hit@1"].append(rank == 1)
        rows["mrr10"].append(1 / rank if rank else 0.0)
        rows["150w"].append(within(places, spans, 150, texts))
        rows["500w"].append(within(places, spans, 500, texts))
        first = answer.citations[0] if answer.found else None
        rows["quote@1"].append(
            first is not None
            and len(first.quote.split()) <= MOST_QUOTE_WORDS
            and holds((first.article_id, first.start, first.end), spans)
        )
    return {name: 100 * statistics.fmean(values) if values else float("nan") for name, values in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--words", default="60,80,110,150,200")
    parser.add_argument("--context", default="all")
    parser.add_argument("--overlap", default="0")
    parser.add_argument("--questions", type=int, default=300)
    options = parser.parse_args()
    settings = list(
        itertools.product(
            map(int, options.words.split(",")), options.context.split(","), map(int, options.overlap.split(","))
        )
    )
    means: dict[tuple[int, str, int], list[dict[str, float]]] = {}
    columns = ("hit@1", "mrr10", "150w", "500w", "quote@1", "declined")
    print(
        f"{'set':22}{'words':>6}{'context':>9}{'overlap':>8}"
        + "".join(f"{name:>9}" for name in columns)
        + "   passages"
    )
    for folder in options.sets:
        articles, questions = read_articles(folder), placed_questions(folder / "questions.jsonl")
        random.Random(7).shuffle(questions)
        for words, context, overlap in settings:
            with tempfile.TemporaryDirectory() as place, Library.open(place) as library:
                lengths = fill(library, articles, words=words, context=context != "none", overlap=overlap)
                row = measure(library, articles, questions[: options.questions])
            means.setdefault((words, context, overlap), []).append(row)
            cells = "".join(f"{row[name]:9.1f}" for name in columns)
            sizes = f"{len(lengths):8} of {statistics.fmean(lengths):.0f}"
            print(f"{folder.name:22}{words:6}{context:>9}{overlap:8}{cells}{sizes}", flush=True)
    if len(options.sets) > 1:
        for (words, context, overlap), rows in means.items():
            cells = "".join(f"{statistics.fmean(row[name] for row in rows):9.1f}" for name in columns[:-1])
            print(f"{'mean':22}{words:6}{context:>9}{overlap:8}{cells}", flush=True)


if __name__ == "__main__":
    main()
