"""A GPU beside the processor of its machine: pace, memory, vectors, and whether the answers are the same.

    python benchmarks/gpu.py SET [SET ...] [--device cuda] [--passages 5000] [--questions 100] [--rounds 3] [--out FILE]

For a machine with a torch that reaches the GPU: PyPI's has CUDA, the one that `make` installs has not. The articles of
the sets, filled up with shuffled copies (benchmarks/latency.py), are encoded and added to libraries in every number
format on both; each library is asked by what made it, and those of the formats that "auto" takes also by the other.
All is compared with the processor in float32.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from add_pace import texts_of
from answers import processor, put
from latency import pool
from numpy.typing import NDArray
from sets import milliseconds, per_cent, read_set, table

from embeddings.encoder import DTYPES, Encoder, pick_dtype
from qa import Answer, Article, Library

_NEAREST = 10
_WARM = 3


@dataclass(frozen=True, slots=True)
class Way:
    device: str
    dtype: str

    def __str__(self) -> str:
        return f"{self.device}, {self.dtype}"


@dataclass(frozen=True, slots=True)
class Encoded:
    """`passages` and `questions`: float32 (n, dim); `paces`: passages a second of each round; `mib`: most at once."""

    passages: NDArray[np.float32]
    questions: NDArray[np.float32]
    paces: list[float]
    mib: float | None

    def nearest(self) -> NDArray[np.int64]:
        """(questions, _NEAREST) rows of the passages."""
        return np.argsort(-self.questions @ self.passages.T, axis=1, kind="stable")[:, :_NEAREST]


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers to the questions, and the seconds that each `retrieve` and `ask` took."""

    answers: list[Answer]
    retrieve: list[float]
    ask: list[float]


def encoded(way: Way, texts: Sequence[str], questions: Sequence[str], rounds: int) -> Encoded:
    on_gpu = way.device.startswith("cuda")
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(way.device)
    encoder = Encoder(device=way.device, dtype=way.dtype)
    encoder.encode_passages(texts[:256])
    paces = []
    for _ in range(rounds):
        began = time.perf_counter()
        passages = encoder.encode_passages(texts)
        paces.append(len(texts) / (time.perf_counter() - began))
    vectors = encoder.encode_questions(questions)
    return Encoded(passages, vectors, paces, torch.cuda.max_memory_allocated(way.device) / 2**20 if on_gpu else None)


def added(folder: Path, way: Way, articles: Sequence[Article]) -> float:
    """Passages a second of `Library.add`, with the model loaded."""
    with Library.open(folder, device=way.device, dtype=way.dtype) as library:
        library.encoder.encode_passages(["warm"])
        began = time.perf_counter()
        library.add(articles)
        return library.passage_count / (time.perf_counter() - began)


def asked(folder: Path, way: Way, questions: Sequence[str]) -> Asked:
    answers, retrieve, ask = [], [], []
    with Library.open(folder, device=way.device, dtype=way.dtype, create=False) as library:
        for question in questions[:_WARM]:
            library.ask(question)
        for question in questions:
            began = time.perf_counter()
            library.retrieve(question)
            retrieve.append(time.perf_counter() - began)
            began = time.perf_counter()
            answers.append(library.ask(question))
            ask.append(time.perf_counter() - began)
    return Asked(answers, retrieve, ask)


def encoding_table(found: dict[Way, Encoded], reference: Encoded) -> str:
    lines = []
    nearest = reference.nearest()
    for way, each in found.items():
        cosines = np.sum(each.passages * reference.passages, axis=1)
        same = [len(set(own) & set(theirs)) for own, theirs in zip(each.nearest(), nearest, strict=True)]
        lines.append([
            str(way), f"{statistics.median(each.paces):,.0f} ({min(each.paces):,.0f}–{max(each.paces):,.0f})",
            "–" if each.mib is None else f"{each.mib:,.0f}", f"{cosines.min():.6f}", f"{cosines.mean():.6f}",
            per_cent(sum(same) / (len(same) * _NEAREST)),
        ])  # fmt: skip
    head = ["encoded by", "passages a second", "GPU MiB", "cosine, least", "mean", f"nearest {_NEAREST} the same, %"]
    return table(head, lines)


def answer_table(found: dict[tuple[Way, Way], Asked], paces: dict[Way, float], reference: Asked) -> str:
    lines = []
    for (made, way), each in found.items():
        pairs = list(zip(each.answers, reference.answers, strict=True))
        lines.append([
            str(made), str(way), f"{paces[made]:,.0f}" if made == way else "–",
            per_cent(statistics.mean(places(own) == places(theirs) for own, theirs in pairs)),
            per_cent(statistics.mean(quotes(own)[:1] == quotes(theirs)[:1] for own, theirs in pairs)),
            per_cent(statistics.mean(quotes(own) == quotes(theirs) for own, theirs in pairs)),
            f"{max(abs(own.support - theirs.support) for own, theirs in pairs):.3f}",
            *(
                f"{milliseconds(statistics.median(took))} / {milliseconds(sorted(took)[int(0.95 * (len(took) - 1))])}"
                for took in (each.retrieve, each.ask)
            ),
        ])  # fmt: skip
    head = [
        "made by", "asked by", "passages added a second", "same passages in order, %", "same first quote",
        "same quotes", "support apart, most", "retrieve p50 / p95 ms", "ask p50 / p95 ms",
    ]  # fmt: skip
    return table(head, lines)


def places(answer: Answer) -> list[tuple[str, int]]:
    return [(hit.passage.article_id, hit.passage.start) for hit in answer.hits]


def quotes(answer: Answer) -> list[tuple[str, int, int]]:
    """Where they stand; none where it was declined."""
    return [(cited.article_id, cited.start, cited.end) for cited in answer.citations] if answer.found else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--passages", type=int, default=5000)
    parser.add_argument("--questions", type=int, default=100, help="of each set")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    sets = [read_set(folder, options.questions) for folder in options.sets]
    questions = [question.question for each in sets for question in each.questions]
    articles, copied = pool(sets, options.passages)
    texts = texts_of(articles)

    ways = [Way("cpu", "float32"), Way("cpu", "bfloat16"), *(Way(options.device, dtype) for dtype in DTYPES)]
    by_default = [Way(device, pick_dtype("auto", device)) for device in ("cpu", options.device)]
    vectors = {way: encoded(way, texts, questions, options.rounds) for way in ways}
    paces: dict[Way, float] = {}
    answers: dict[tuple[Way, Way], Asked] = {}
    with tempfile.TemporaryDirectory() as keep:
        folders = {way: Path(keep) / str(way) for way in ways}
        for way in ways:
            paces[way] = added(folders[way], way, articles)
            answers[way, way] = asked(folders[way], way, questions)
        for made, way in (by_default, by_default[::-1]):
            answers[made, way] = asked(folders[made], way, questions)

    card = torch.cuda.get_device_name(options.device) if options.device.startswith("cuda") else options.device
    when = (
        f"{time.strftime('%d %B %Y').lstrip('0')}, {card}, {os.cpu_count()} cores of {processor()}, torch "
        f"{torch.__version__}; {len(texts):,} passages, {copied:,} of them shuffled, {options.rounds} rounds; "
        f"{len(questions)} questions."
    )
    text = "\n\n".join([
        when, encoding_table(vectors, vectors[ways[0]]), answer_table(answers, paces, answers[ways[0], ways[0]])
    ])  # fmt: skip
    if options.out:
        put(options.out, "gpu", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
