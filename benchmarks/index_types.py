"""What kinds of FAISS index give on a library's own vectors: recall, milliseconds, bytes, seconds to build.

    python benchmarks/index_types.py LIBRARY [--vectors 200000] [--slow] [--out benchmarks/RESULTS.md]

The questions are vectors of passages that are left out of the index, with noise (length 0.3), so that there are many.
Recall@10 is against every vector compared in single precision. --slow also builds HNSW and a product quantizer, which
take minutes.
Then words: the same search terms looked up in SQLite's FTS5 and in qa/postings.py, in tantivy and bm25s where these are
installed (pip install tantivy bm25s).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import faiss
import numpy as np
from answers import processor, put
from numpy.typing import NDArray
from sets import table

from qa import Filters, Library, postings
from qa.postings import Collected

QUESTIONS = 200
NOISE = 0.3
TERMS = 8  # of a question that words are looked up for


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--vectors", type=int, default=200_000)
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    vectors, texts = _read(options.library, options.vectors + QUESTIONS)
    draw = np.random.default_rng(0)
    order = draw.permutation(len(vectors))
    questions = vectors[order[:QUESTIONS]]
    questions = questions + NOISE / np.sqrt(questions.shape[1]) * draw.standard_normal(questions.shape, np.float32)
    questions /= np.linalg.norm(questions, axis=1, keepdims=True)
    kept = np.ascontiguousarray(vectors[np.sort(order[QUESTIONS:])])
    parts = [_vectors(kept, questions, slow=options.slow), _words(texts)]
    when = (
        f"{time.strftime('%d %B %Y').lstrip('0')}, {os.cpu_count()} cores of {processor()}, FAISS {faiss.__version__}, "
        f"one thread a question; {len(kept):,} vectors of {kept.shape[1]} dimensions."
    )
    text = "\n\n".join([when, *parts])
    if options.out:
        put(options.out, "index types", text)
    else:
        print(text)


def _read(folder: Path, most: int) -> tuple[NDArray[np.float32], list[str]]:
    """Vectors and search terms of the first passages."""
    with Library.open(folder, create=False) as library:
        rows = library._store._database.all("SELECT vector, terms FROM indexed ORDER BY id LIMIT ?", (most,))
    matrix = np.frombuffer(b"".join(row[0] for row in rows), np.float16).reshape(len(rows), -1)
    return matrix.astype(np.float32), [row[1] for row in rows]


def _vectors(vectors: NDArray[np.float32], questions: NDArray[np.float32], *, slow: bool) -> str:
    dimension, lists = vectors.shape[1], int(4 * np.sqrt(len(vectors)))
    product = faiss.METRIC_INNER_PRODUCT
    kinds = {
        "flat, float16": "SQfp16",
        "flat, 8 bits": "SQ8",
        f"IVF{lists}, float16, 32 lists": f"IVF{lists},SQfp16",
        f"IVF{lists}, 8 bits, 32 lists": f"IVF{lists},SQ8",
    }
    if slow:
        kinds["HNSW32, float16"] = "HNSW32_SQfp16"
        kinds[f"IVF{lists}, product quantizer of 48 bytes, 32 lists"] = f"IVF{lists},PQ48"
    exact = faiss.IndexFlatIP(dimension)
    exact.add(vectors)
    expected = exact.search(questions, 10)[1]
    rows = []
    for name, kind in kinds.items():
        index = faiss.index_factory(dimension, kind, product)
        began = time.perf_counter()
        index.train(vectors[:: max(1, len(vectors) // (64 * lists))])
        index.add(vectors)
        building = time.perf_counter() - began
        if hasattr(index, "nprobe"):
            index.nprobe = 32
        with tempfile.NamedTemporaryFile() as file:
            faiss.write_index(index, file.name)
            size = Path(file.name).stat().st_size
        faiss.omp_set_num_threads(1)
        found, seconds = [], []
        for question in questions:
            began = time.perf_counter()
            found.append(index.search(question[None], 10)[1][0])
            seconds.append(time.perf_counter() - began)
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        recall = statistics.mean(len({*a} & {*b}) / 10 for a, b in zip(found, expected.tolist(), strict=True))
        rows.append([
            name, f"{recall:.3f}", f"{1000 * statistics.median(seconds):.2f}", f"{size / 1e6:,.0f}", f"{building:.1f}"
        ])  # fmt: skip
    return table(["vectors", "recall@10", "p50 ms", "MB", "s to build"], rows)


def _words(texts: Sequence[str]) -> str:
    """The same questions, of words of one passage each, with both."""
    draw = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "terms.sqlite")
        began = time.perf_counter()
        database.execute("CREATE VIRTUAL TABLE terms USING fts5 (body)")
        database.executemany("INSERT INTO terms (rowid, body) VALUES (?, ?)", enumerate(texts))
        database.commit()
        filled = time.perf_counter() - began
        began = time.perf_counter()
        collected = Collected()
        collected.add(texts)
        own = collected.postings()
        collecting = time.perf_counter() - began
        asked = []
        for text in (texts[i] for i in draw.integers(len(texts), size=60)):
            words = list(dict.fromkeys(text.split()))
            chosen = draw.permutation(words)[:TERMS].tolist()
            rare = [word for word in chosen if len(own.holding(word)[0]) <= 0.1 * len(texts)]
            asked.append((chosen, rare or chosen[:1]))
        search = _searcher(own)

        def by_sqlite(words: Sequence[str]) -> None:
            match = " OR ".join(f'"{word}"' for word in words)
            database.execute("SELECT rowid FROM terms WHERE terms MATCH ? ORDER BY rank LIMIT 50", (match,)).fetchall()

        elsewhere = []
        for name, started in (("tantivy", _tantivy), ("bm25s", _bm25s)):
            if importlib.util.find_spec(name):
                began = time.perf_counter()
                theirs = started(texts, folder)
                starting = time.perf_counter() - began
                elsewhere += [
                    [f"{name}, every term", _median(theirs, [chosen for chosen, _ in asked]), f"{starting:.1f}"],
                    [f"{name}, terms in at most a tenth", _median(theirs, [rare for _, rare in asked]), ""],
                ]
        rows = [
            ["FTS5, every term", _median(by_sqlite, [chosen for chosen, _ in asked[:20]]), f"{filled:.1f}"],
            ["FTS5, terms in at most a tenth", _median(by_sqlite, [rare for _, rare in asked]), ""],
            ["qa/postings.py, every term", _median(search, [chosen for chosen, _ in asked]), f"{collecting:.1f}"],
            ["qa/postings.py, terms in at most a tenth", _median(search, [rare for _, rare in asked]), ""],
            *elsewhere,
        ]
        database.close()
    return table([f"words, {len(texts):,} passages, 50 best", "p50 / p95 ms", "s to build"], rows)


def _tantivy(texts: Sequence[str], folder: str) -> Callable[[Sequence[str]], object]:
    import tantivy

    fields = tantivy.SchemaBuilder()
    fields.add_integer_field("id", stored=True)
    fields.add_text_field("body", tokenizer_name="whitespace", index_option="freq")
    schema = fields.build()
    (place := Path(folder) / "tantivy").mkdir()
    index = tantivy.Index(schema, path=str(place))
    writer = index.writer()
    for number, text in enumerate(texts):
        writer.add_document(tantivy.Document(id=number, body=text))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(words: Sequence[str]) -> object:
        each = [(tantivy.Occur.Should, tantivy.Query.term_query(schema, "body", word)) for word in words]
        hits = searcher.search(tantivy.Query.boolean_query(each), 50).hits
        return [searcher.doc(address)["id"][0] for _, address in hits]

    return search


def _bm25s(texts: Sequence[str], _: str) -> Callable[[Sequence[str]], object]:
    import bm25s

    index = bm25s.BM25()
    index.index([text.split() for text in texts], show_progress=False)
    return lambda words: index.retrieve([list(words)], k=50, show_progress=False)


def _searcher(own: postings.Postings) -> Callable[[Sequence[str]], object]:
    """What `Index.best` does, over these."""
    from qa.index import _Held, _Rows, _scored

    count = len(own)
    rows = _Rows(1, "", None, None, [own], np.arange(count), own.lengths)  # type: ignore[arg-type]

    def search(words: Sequence[str]) -> object:
        held = [_Held(*own.holding(word), len(own.holding(word)[0])) for word in words]
        return _scored(rows, [one for one in held if one.count], rows.masks.get(Filters()), 50)

    return search


def _median(call: Callable[[Sequence[str]], object], asked: Sequence[Sequence[str]]) -> str:
    seconds = []
    for words in asked:
        began = time.perf_counter()
        call(words)
        seconds.append(1000 * (time.perf_counter() - began))
    return f"{statistics.median(seconds):.1f} / {sorted(seconds)[int(0.95 * len(seconds))]:.1f}"


if __name__ == "__main__":
    main()
