"""Passages a second of `Library.add`, beside those of the bare encoder on the same passages.

    python benchmarks/add_pace.py SET [SET ...] [--pages FOLDER] [--passages 400] [--rounds 3] [--out FILE]

The articles of the sets come in turn until there are as many passages; --pages is a folder of saved web pages. Rows
take turns in every round; a row's pace is its median over the rounds, and its share is that of each round's bare
encoder, the median of these. Above the table stands how fast this processor multiplies the layers' matrices in each
number format: no encoder of these weights gains more from a format than that.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path

import torch
from answers import processor, put
from sets import read_set, table

from embeddings.encoder import Encoder
from qa import Article, Library
from qa.split import embedded_text, split

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def texts_of(articles: Sequence[Article]) -> list[str]:
    """What is encoded of them."""
    return [embedded_text(article, passage)[0] for article in articles for passage in split(article)]


def chosen(folders: Sequence[Path], passages: int) -> list[Article]:
    articles: list[Article] = []
    count = 0
    for turn in zip_longest(*(read_set(folder, 1).articles for folder in folders)):
        for article in filter(None, turn):
            own = len(split(article))
            if count + own <= passages:
                articles.append(article)
                count += own
    return articles


def added(sources: Sequence[Article] | Path, dtype: str) -> tuple[int, float]:
    """(passages, seconds) of adding to a new library whose encoder is loaded."""
    with tempfile.TemporaryDirectory() as folder, Library.open(folder, dtype=dtype) as library:
        library.encoder.encode_passages(["warm"])
        began = time.perf_counter()
        library.add(sources)
        return library.passage_count, time.perf_counter() - began


def products(dtype: str) -> float:
    """Floating-point operations a second in the linear layers of one block, 2,048 tokens at once."""
    shapes = ((384, 1152), (384, 384), (384, 1536), (1536, 384))
    pairs = [(torch.randn(2048, i).to(DTYPES[dtype]), torch.randn(o, i).to(DTYPES[dtype])) for i, o in shapes]
    fastest = float("inf")
    with torch.inference_mode():
        for _ in range(20):
            began = time.perf_counter()
            for tokens, weights in pairs:
                torch.nn.functional.linear(tokens, weights)
            fastest = min(fastest, time.perf_counter() - began)
    return sum(2 * 2048 * i * o for i, o in shapes) / fastest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--passages", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    articles = chosen(options.sets, options.passages)
    texts = texts_of(articles)
    rows: dict[tuple[str, str], Callable[[], tuple[int, float]]] = {}
    for dtype in DTYPES:
        encoder = Encoder(dtype=dtype)
        encoder.encode_passages(texts[:32])

        def bare(encoder: Encoder = encoder, texts: Sequence[str] = texts) -> tuple[int, float]:
            began = time.perf_counter()
            for at in range(0, len(texts), 256):  # as many at once as `add` encodes
                encoder.encode_passages(texts[at : at + 256])
            return len(texts), time.perf_counter() - began

        def theirs(encoder: Encoder = encoder) -> tuple[int, float]:
            began = time.perf_counter()
            encoder._model.encode(texts, batch_size=32, show_progress_bar=False)
            return len(texts), time.perf_counter() - began

        rows[dtype, "bare encoder"] = bare
        rows[dtype, "SentenceTransformer.encode"] = theirs
        rows[dtype, "add, articles"] = lambda dtype=dtype: added(articles, dtype)
        if options.pages:
            rows[dtype, "add, web pages"] = lambda dtype=dtype: added(options.pages, dtype)
    paces: dict[tuple[str, str], list[float]] = {row: [] for row in rows}
    counts: dict[tuple[str, str], int] = {}
    for _ in range(options.rounds):
        for row, run in rows.items():
            counts[row], seconds = run()
            paces[row].append(counts[row] / seconds)
    lines = []
    for (dtype, name), pace in paces.items():
        shares = [own / of for own, of in zip(pace, paces[dtype, "bare encoder"], strict=True)]
        low, high = min(pace), max(pace)
        lines.append([
            dtype, name, f"{counts[dtype, name]:,}", f"{statistics.median(pace):.1f} ({low:.1f}–{high:.1f})",
            f"{100 * statistics.median(shares):.0f} %",
        ])  # fmt: skip
    pages = f"; {sum(1 for _ in options.pages.rglob('*.*'))} pages" if options.pages else ""
    when = (
        f"{time.strftime('%d %B %Y').lstrip('0')}, {os.cpu_count()} cores of {processor()}, torch {torch.__version__}, "
        f"{options.rounds} rounds; {len(articles)} articles{pages}. Matrix products of the layers: "
        + ", ".join(f"{products(dtype) / 1e9:.0f} billion operations a second in {dtype}" for dtype in DTYPES)
        + "."
    )
    text = f"{when}\n\n{table(['dtype', 'what', 'passages', 'passages a second', 'of the bare encoder'], lines)}"
    if options.out:
        put(options.out, "add pace", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
