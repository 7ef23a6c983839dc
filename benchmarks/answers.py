"""How well questions are answered, beside what simpler ways answer: one command, one dated table.

    python benchmarks/answers.py SET [SET ...] [--limit 600] [--out benchmarks/RESULTS.md] [--keep FOLDER]
                                 [--ablate] [--latency]

A SET is a folder as benchmarks/sets.py describes. Every set is asked as it is, as people speak, without its
conversations and in a person's rewriting, where it has these, by each of SYSTEMS. Every question is answered, whatever
the support; what is below FOUND_FROM then counts as declined. From the same answers comes a second table, with two SVG
charts beside --out: the product's support against the share that is right, and what each threshold costs. Other tables
instead of these:

    --ablate        the product with each of ABLATIONS, and what was lost
    --latency       milliseconds of each stage at 1,000 and 10,000 passages (benchmarks/latency.py)

`--out FILE` puts each table between its own two markers in FILE, as `<!-- answers -->` and `<!-- /answers -->`, after
every set; a file that lacks them gets them at its end. Without it they are printed. `--keep FOLDER` keeps libraries
and the recipe's vectors for the next call; delete it when the way that articles are cut has changed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import latency
import numpy as np
import reliability
import torch
from recipe import Recipe, plain_encoder
from sets import SEED, QuestionSet, fraction, milliseconds, per_cent, read_set, table

import qa
from embeddings.index import Neighbours, VectorIndex
from embeddings.model import find_model
from embeddings.reader import Reader, Reading
from qa import Library
from qa.evaluate import Answering, Evaluation, Result, Scores, evaluate, score
from qa.questions import Question
from qa.support import FOUND_FROM

# Systems: how to open each on a set whose library stands in a folder.

System = Callable[[QuestionSet, Path], AbstractContextManager[Answering]]

SYSTEMS: dict[str, System] = {
    "product": lambda _, folder: Library.open(folder, create=False),
    "without the reader": lambda _, folder: Library.open(folder, create=False, ranking="unread"),
    "dense only": lambda _, folder: Library.open(folder, create=False, ranking="dense"),
    "BM25 only": lambda _, folder: Library.open(folder, create=False, ranking="lexical"),
    "recipe": lambda questions, folder: nullcontext(Recipe(questions.articles, encoder=plain_encoder(), folder=folder)),
}

# Ablations: what is done to an open library while it is asked.

Way = Callable[[Library], AbstractContextManager[Any]]


def weights(**changes: float) -> Way:
    """The ranking with other weights (qa.retriever.Settings)."""

    def way(library: Library) -> AbstractContextManager[Any]:
        from qa.retriever import Settings

        return mock.patch.object(library, "_settings", replace(library._settings or Settings(), **changes))

    return way


def constants(module: str, **values: Any) -> Way:
    """Other values of a module's names. AttributeError here and now where it has no such name any more."""
    there = importlib.import_module(module)
    for name in values:
        getattr(there, name)
    return lambda _: mock.patch.multiple(module, **values)


@contextmanager
def _without_dense(library: Library) -> Iterator[None]:
    nothing = Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
    with weights(dense=0)(library), mock.patch.object(VectorIndex, "search", return_value=nothing):
        yield


def without(*parts: str) -> Way:
    """Sentences scored without these parts (qa.scoring.Parts)."""
    from qa import scoring

    nothing = dict.fromkeys(parts, 0.0)
    return constants(
        "qa.scoring",
        WEIGHTS=replace(scoring.WEIGHTS, **nothing),
        WEIGHTS_UNREAD=replace(scoring.WEIGHTS_UNREAD, **nothing),
    )


ABLATIONS: dict[str, Way] = {
    "product": lambda _: nullcontext(),
    "no dense": _without_dense,
    "no lexical": weights(lexical=0),
    "no late": weights(late=0),
    "no names": weights(named=0),
    "no reader": weights(reader=False),
    "one passage read": constants("qa.answer", PASSAGES_READ=1),
    "no neighbours quoted": constants("qa.quotes", _WITHIN_BESIDE=-1.0),
    "sentences: no MaxSim": constants("qa.scoring", token_scores=lambda *_: np.empty((0, 0), np.float32)),
    "sentences: no passage score": without("passage"),
    "sentences: no words held": without("held"),
    "sentences: no kind": without("kind"),
    "sentences: no length": without("length"),
    "sentences: no news": without("news"),
}


def answering_everything() -> AbstractContextManager[Any]:
    """Every question is answered while inside, whatever the support."""
    return mock.patch("qa.support.FOUND_FROM", 0.0)


@contextmanager
def readings_kept() -> Iterator[None]:
    """What the reader made of a question and a text is kept while inside: the ways read mostly the same."""
    kept: dict[tuple[str, str], Reading] = {}
    read = Reader.read

    def kept_or_read(reader: Reader, question: str, passages: Sequence[str]) -> list[Reading]:
        new = [passage for passage in dict.fromkeys(passages) if (question, passage) not in kept]
        kept.update(zip(((question, passage) for passage in new), read(reader, question, new), strict=True))
        return [kept[question, passage] for passage in passages]

    with mock.patch.object(Reader, "read", kept_or_read):
        yield


# Tables

COLUMNS: dict[str, Callable[[Scores], str]] = {
    "hit@1": lambda scores: per_cent(scores.recall_1),
    "hit@3": lambda scores: per_cent(scores.recall_3),
    "hit@10": lambda scores: per_cent(scores.recall_10),
    "hit@150w": lambda scores: per_cent(scores.within_150),
    "MRR@10": lambda scores: fraction(scores.mrr_10),
    "art@1": lambda scores: per_cent(scores.article_first),
    "quote@1": lambda scores: per_cent(scores.quote_first),
    "quote@all": lambda scores: per_cent(scores.quote_any),
    "answered": lambda scores: per_cent(scores.answered),
    "declined": lambda scores: per_cent(scores.declined),
    "AUROC": lambda scores: fraction(scores.auroc),
    "ECE": lambda scores: fraction(scores.ece if scores.placed else None),
    "text exact": lambda scores: per_cent(scores.text_exact),
    "retrieve p50 / p95 ms": lambda scores: f"{milliseconds(scores.retrieve_s)} / {milliseconds(scores.retrieve_95_s)}",
    "ask p50 / p95 ms": lambda scores: f"{milliseconds(scores.ask_s)} / {milliseconds(scores.ask_95_s)}",
}
# What the ablations show: the score's name, in which direction it is better, how it is written.
ABLATED = {"hit@1": "recall_1", "MRR@10": "mrr_10", "quote@1": "quote_first", "AUROC": "auroc"}


def declining(results: Sequence[Result]) -> list[Result]:
    """The results as if what has a support below FOUND_FROM had not been answered."""
    return [
        one if one.support >= FOUND_FROM else replace(one, found=False, quote_first=False, quote_any=False)
        for one in results
    ]


def answers_rows(questions: QuestionSet, folder: Path) -> tuple[list[list[str]], tuple[Result, ...]]:
    """A row for each block of the set and each system, and what the product answered to the questions as they are."""
    rows: dict[str, list[list[str]]] = {block: [] for block in questions.blocks}
    of_product: tuple[Result, ...] = ()
    for name, system in SYSTEMS.items():
        with system(questions, folder) as opened, answering_everything():
            for block, asked in questions.blocks.items():
                results = _evaluated(opened, asked, f"{questions.name}, {block or 'as it is'}, {name}").results
                if name == "product" and not block:
                    of_product = tuple(results)
                # the recipe declines by a border of its own
                scores = score(results if name == "recipe" else declining(results))
                label = f"{questions.name}, {block}" if block else questions.name
                rows[block].append([label, name, *(column(scores) for column in COLUMNS.values())])
    return [row for block in rows.values() for row in block], of_product


def ablations(questions: QuestionSet, folder: Path) -> dict[str, Scores]:
    """The scores of the product's ways, each alone, answering everything."""
    found = {}
    with Library.open(folder, create=False) as library, answering_everything(), readings_kept():
        for name, way in ABLATIONS.items():
            with way(library):
                found[name] = _evaluated(library, questions.questions, f"{questions.name}, {name}").scores
    return found


def ablation_table(found: dict[str, dict[str, Scores]]) -> str:
    """A row for each way: the scores of each set, and the mean of the sets with what it lost against the product."""

    def mean(way: str, field: str) -> float | None:
        values = [value for scores in found.values() if (value := getattr(scores[way], field)) is not None]
        return statistics.fmean(values) if values else None

    rows = []
    for way in ABLATIONS:
        for name, scores in found.items():
            rows.append([way, name, *(per_cent(getattr(scores[way], field)) for field in ABLATED.values())])
        cells = []
        for field in ABLATED.values():
            own, product = mean(way, field), mean("product", field)
            lost = "" if own is None or product is None or way == "product" else f" ({100 * (own - product):+.1f})"
            cells.append(f"**{per_cent(own)}**{lost}")
        rows.append([f"**{way}**", "**mean**", *cells])
    return table(["way", "set", *ABLATED], rows)


def _evaluated(system: Answering, questions: Sequence[Question], label: str) -> Evaluation:
    system.retrieve(questions[0].question, k=1, history=())  # loads what the first question would wait for
    began = time.monotonic()
    result = evaluate(system, questions)
    print(f"{label}: {len(questions)} questions in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return result


def dated(limit: int) -> str:
    """When and on what the table was made."""
    encoder = plain_encoder()
    return (
        f"{time.strftime('%d %B %Y').lstrip('0')}, at most {limit} questions of each set (seed {SEED}); article-qa "
        f"{qa.__version__} with {find_model(None).identity} in {encoder.dtype}, torch {torch.__version__}, "
        f"{os.cpu_count()} cores of {processor()}."
    )


def processor() -> str:
    """The machine's processor by its name."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def put(path: Path | None, name: str, text: str) -> None:
    """Write `text` between the markers called `name` in `path`."""
    if path is None:
        return
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    if begin not in old or end not in old:
        old = f"{old.rstrip()}\n\n{begin}\n{end}\n".lstrip()
    before, _, rest = old.partition(begin)
    path.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--limit", type=int, default=600, help="questions of each set")
    parser.add_argument("--out", type=Path, metavar="FILE.md")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("--latency", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        keep = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="article-qa-answers-")))
        when = dated(options.limit)
        texts: dict[str, str] = {}

        def say(name: str, text: str) -> None:
            texts[name] = f"{when}\n\n{text}"
            put(options.out, name, texts[name])

        if options.latency:
            sets = [read_set(folder, options.limit) for folder in options.sets]
            say("latency", latency.report(sets, _model_folder(keep), options.limit))
        rows: list[list[str]] = []
        ablated: dict[str, dict[str, Scores]] = {}
        answered: dict[str, tuple[Result, ...]] = {}
        for place in options.sets if not options.latency or options.ablate else []:
            questions = read_set(place, options.limit)
            folder = _filled(questions, _model_folder(keep) / questions.name)
            if options.ablate:
                ablated[questions.name] = ablations(questions, folder)
                say("ablation", ablation_table(ablated))
            else:
                own, answered[questions.name] = answers_rows(questions, folder)
                rows += own
                say("answers", table(["set", "system", *COLUMNS], rows))
                say("reliability", reliability.report(answered, options.out.parent if options.out else Path()))
        if options.out is None:
            print(*texts.values(), sep="\n\n")


def _model_folder(keep: Path) -> Path:
    """Libraries of another model are no use: each model has a folder."""
    return keep / find_model(None).identity.replace("/", "-")


def _filled(questions: QuestionSet, folder: Path) -> Path:
    """The folder with a library of the set's articles, and nothing else."""
    if folder.is_dir():
        with Library.open(folder) as library:
            if {article.id for article in library.articles()} - {article.id for article in questions.articles}:
                library.close()
                shutil.rmtree(folder)
    with Library.open(folder) as library:
        library.add(questions.articles)
        given = {article.id: article.text for article in questions.articles}
        stored = {article.id: article.text for article in library.articles()}
        # Text that is kept to the letter is what the measures of exact places rest on.
        if stored != given:
            raise SystemExit(f"{questions.name}: the library does not hold the articles as they were given")
    return folder


if __name__ == "__main__":
    main()
