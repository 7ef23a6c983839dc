"""How each cost grows from 10,000 passages to a million: disk, memory, opening, adding, removing, asking, recall.

    python benchmarks/growth.py SET [SET ...] --keep FOLDER [--sizes 10000 100000 1000000] [--out benchmarks/RESULTS.md]

The articles of the sets are added as they are. From there on articles of 20 passages are mixed from theirs: two thirds
of the sentences of one passage, a third of another one's, one word in seven drawn from a third one. What is stored of
such a passage is put together from what is stored of its parents: its vector is the mean of theirs by their share, with
noise (length 0.3) and cut to length 1, its token vectors are those of its sentences. So that a million passages are
made in minutes, not in hours, and lie as near to each other as passages on one subject do. Everything else is what
`add` does. A library that is kept is gone on with.

Recall is that of the whole `retrieve` (k=10), against the same with every vector compared and every word looked up.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import faiss
import numpy as np
from answers import processor, put
from numpy.typing import NDArray
from sets import SEED, read_set, table

from embeddings import index as vectors_module
from embeddings.late import TokenVectors
from qa import Article, Filters, Library, Passage
from qa import index as index_module
from qa.store import EncodedPassage, StoredPassage, Vectors

SIZES = (10_000, 100_000, 1_000_000)
PASSAGES_OF_ONE = 20
AT_ONCE = 4_000  # passages to a transaction
NOISE = 0.3
SITES = 100
QUESTIONS = 100
# A new process that opens the library and asks: seconds and memory, as JSON.
_OPENING = """
import json, resource, sys, time
began = time.perf_counter()
from qa import Library
library = Library.open(sys.argv[1], create=False, ranking="unread")
opened = time.perf_counter()
library.encoder
loaded = time.perf_counter()
library._store.near(library.encoder.encode_questions(["a"])[0], 5, __import__("qa").Filters())
followed = time.perf_counter()
library.ask("Who was the first?")
answered = time.perf_counter()
for question in sys.argv[2:]:
    library.ask(question)
status = dict(line.split(":") for line in open("/proc/self/status").read().splitlines() if ":" in line)
mb = {name: int(status[name].split()[0]) / 1000 for name in ("VmHWM", "VmRSS", "RssAnon", "RssFile")}
print(json.dumps({"open": opened - began, "index": followed - loaded, "answer": answered - began, **mb}))
"""


@dataclass(frozen=True, slots=True)
class Parent:
    """A stored passage that others are mixed from."""

    sentences: tuple[tuple[str, int, int], ...]  # text, first and last of its token vectors
    vector: NDArray[np.float32]
    signs: NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    sets = [read_set(folder, QUESTIONS) for folder in options.sets]
    questions = [one.question for each in sets for one in each.questions if not one.history]
    random.Random(SEED).shuffle(questions)
    columns: dict[str, dict[str, str]] = {}
    with Library.open(options.keep / "growing", ranking="unread") as library:
        if not len(library):
            added = library.add([a for each in sets for a in each.articles])
            print(f"{len(added.added):,} articles, {library.passage_count:,} passages of their own", file=sys.stderr)
        parents = _parents(library)
        for size in sorted(options.sizes):
            _grow(library, size, parents)
            columns[f"{library.passage_count:,}"] = measured(library, questions[:QUESTIONS], sets[0].articles)
            print(columns, file=sys.stderr)
    rows = [[name, *(column[name] for column in columns.values())] for name in next(iter(columns.values()))]
    when = (
        f"{time.strftime('%d %B %Y').lstrip('0')}, {os.cpu_count()} cores of {processor()}, FAISS {faiss.__version__}; "
        f"sets {', '.join(each.name for each in sets)}; {len(parents):,} passages are as they are, the others mixed."
    )
    text = f"{when}\n\n{table(['passages', *columns], rows)}"
    if options.out:
        put(options.out, "growth", text)
    else:
        print(text)


# -- making


def _parents(library: Library) -> list[Parent]:
    """The passages of the articles that were added as they are."""
    parents = []
    for article in library.articles():
        if article.id.startswith("mixed/"):
            break
        stored = library._store.stored_passages(library._store.passage_ids_of(article.id))
        parents += [parent for one in stored.values() if (parent := _parent(one, article)).sentences]
    return parents


def _parent(one: StoredPassage, article: Article) -> Parent:
    vector = one.vectors.vector.astype(np.float32)
    tokens = TokenVectors.from_bytes(one.vectors.tokens, len(vector))
    firsts = tokens.offsets[:, 0]
    sentences = []
    for start, end in one.passage.sentences:
        first, last = np.searchsorted(firsts, [start - one.passage.start, end - one.passage.start])
        sentences.append((article.text[start:end], int(first), int(last)))
    return Parent(tuple(sentences), vector, tokens.signs)


def _grow(library: Library, size: int, parents: Sequence[Parent]) -> None:
    """Add mixed articles until there are `size` passages."""
    store, number = library._store, len(library)
    draw, noise = random.Random(number), np.random.default_rng(number)
    while (left := size - library.passage_count) > 0:
        with store.write():
            for _ in range(max(1, min(left, AT_ONCE) // PASSAGES_OF_ONE)):
                article, encoded = _mixed(f"mixed/{number}", min(left, PASSAGES_OF_ONE), parents, draw, noise)
                store.put(article, fingerprint=article.id, text_hash=article.id, passages=encoded)
                number += 1
    library._store.checkpoint()


def _mixed(
    name: str, count: int, parents: Sequence[Parent], draw: random.Random, noise: np.random.Generator
) -> tuple[Article, list[EncodedPassage]]:
    """An article of `count` passages, each a paragraph, ready to be stored."""
    at = draw.randrange(len(parents))
    texts: list[str] = []
    passages: list[Passage] = []
    vectors: list[Vectors] = []
    start = 0
    for i in range(count):
        one, other, third = parents[(at + i // 2) % len(parents)], draw.choice(parents), draw.choice(parents)
        chosen = [(one, s) for s in draw.sample(one.sentences, -(-2 * len(one.sentences) // 3))]
        chosen += [(other, s) for s in draw.sample(other.sentences, -(-len(other.sentences) // 3))]
        words = third.sentences[0][0].split()
        spans, signs, offsets, said = [], [], [], ""
        for parent, (sentence, first, last) in chosen:
            mixed = " ".join(draw.choice(words) if draw.random() < 1 / 7 else word for word in sentence.split())
            said += " " if said else ""
            begun = len(said)
            said += mixed
            spans.append((start + begun, start + len(said)))
            signs.append(parent.signs[first:last])
            # where each token is, evenly: the words were changed
            offsets.append(np.linspace(begun, max(begun, len(said) - 1), last - first).astype(np.int16))
        starts = np.concatenate(offsets)
        tokens = TokenVectors(np.concatenate(signs), np.stack([starts, starts + 1], axis=1))
        share = sum(len(s[0]) for p, s in chosen if p is one) / max(1, sum(len(s[0]) for _, s in chosen))
        vector = share * one.vector + (1 - share) * other.vector
        vector += NOISE / np.sqrt(len(vector)) * noise.standard_normal(len(vector), np.float32)
        vectors.append(Vectors((vector / np.linalg.norm(vector)).astype(np.float16), tokens.to_bytes()))
        passages.append(Passage(name, start, start + len(said), said, "", tuple(spans)))
        texts.append(said)
        start += len(said) + 2
    text = "\n\n".join(texts)
    date = f"{2005 + draw.randrange(20)}-{1 + draw.randrange(12):02}-{1 + draw.randrange(28):02}"
    article = Article(
        name, " ".join(texts[0].split()[:6]), text, f"https://site{draw.randrange(SITES)}.example/{name}",
        published=date, site=f"Site {draw.randrange(SITES)}.", language="en",
    )  # fmt: skip
    return article, [
        EncodedPassage(passage, noise.bytes(16), each) for passage, each in zip(passages, vectors, strict=True)
    ]


# -- measuring


def measured(library: Library, questions: Sequence[str], articles: Sequence[Article]) -> dict[str, str]:
    """Each cost by name, in words."""
    folder = library.folder
    costs = {**_disk(library)}
    opening = json.loads(
        subprocess.run(
            [sys.executable, "-c", _OPENING, str(folder), *questions[:50]], check=True, capture_output=True, text=True
        ).stdout
    )
    costs["open the library, s"] = f"{opening['open']:.2f}"
    costs["open its index, s"] = f"{opening['index']:.2f}"
    costs["start of a process to its first answer, s"] = f"{opening['answer']:.1f}"
    costs["memory after 50 questions without mapped pages / with / most, MB"] = (
        f"{opening['RssAnon']:,.0f} / {opening['VmRSS']:,.0f} / {opening['VmHWM']:,.0f}"
    )
    filters = {
        "retrieve": Filters(),
        "retrieve, 1 % of the articles let through": Filters(sites=("Site 7.",)),
        "retrieve, 10 %": Filters(since="2005", until="2006"),
        "retrieve, 50 %": Filters(since="2015"),
    }
    for name, filter_ in filters.items():
        costs[f"{name}, p50 / p95 ms"] = _percentiles(lambda q, f=filter_: library.retrieve(q, filters=f), questions)
    costs["ask (without the reader), p50 / p95 ms"] = _percentiles(library.ask, questions)
    for name, filter_ in filters.items():
        costs[name.replace("retrieve", "recall@10", 1)] = f"{_recall(library, questions[:50], filter_):.3f}"
    costs.update(_changes(library, articles))
    return costs


def _disk(library: Library) -> dict[str, str]:
    """Bytes of a passage by part."""
    count = library.passage_count
    with library._store.write():
        pass
    sizes = dict(library._store._database.all("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    parts = {
        "token vectors": sizes.get("tokens", 0),
        "vectors and search terms": sizes.get("indexed", 0),
        "passages": sum(size for name, size in sizes.items() if name.startswith("passages")),
    }
    parts["articles and the rest"] = sum(sizes.values()) - sum(parts.values())
    index = {path.name: path.stat().st_size for path in library.folder.glob("index/*/*")}
    parts["index: vectors"] = index.get("vectors.faiss", 0)
    parts["index: words"] = sum(index.values()) - parts["index: vectors"]
    costs = {"on disk, MB": f"{sum(parts.values()) / 1e6:,.0f}"}
    for name, size in parts.items():
        costs[f"– {name}, bytes a passage"] = f"{size / count:,.0f}"
    return costs


def _percentiles(call: Callable[[str], object], questions: Sequence[str]) -> str:
    for question in questions[:10]:
        call(question)
    seconds = []
    for question in questions:
        began = time.perf_counter()
        call(question)
        seconds.append(time.perf_counter() - began)
    return f"{1000 * statistics.median(seconds):.1f} / {1000 * sorted(seconds)[int(0.95 * len(seconds))]:.1f}"


def _recall(library: Library, questions: Sequence[str], filters: Filters) -> float:
    def found() -> Iterator[set[tuple[str, int]]]:
        for question in questions:
            hits = library.retrieve(question, k=10, filters=filters)
            yield {(hit.article.id, hit.passage.start) for hit in hits}

    fast = list(found())
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(vectors_module, "_PROBED_LISTS", 1 << 40))
        stack.enter_context(mock.patch.object(index_module, "_COMMON_SHARE", 1.0))
        exact = list(found())
    return statistics.mean(len(one & other) / max(1, len(other)) for one, other in zip(fast, exact, strict=True))


def _changes(library: Library, articles: Sequence[Article]) -> dict[str, str]:
    """What adding and removing takes. The library is left as it was."""
    draw = random.Random(SEED)
    new, count = [], 0
    while count < 1000:
        article = draw.choice(articles)
        words = article.text.split()[:2_000]
        draw.shuffle(words)  # texts that nothing is known of
        sentences = ". ".join(" ".join(words[i : i + 18]).capitalize() for i in range(0, len(words), 18))
        new.append(Article(f"new/{len(new)}", article.title, sentences, language="en"))
        count += len(words) // 110
    before = library.passage_count
    began = time.perf_counter()
    library.add(new)
    adding = time.perf_counter() - began
    added = library.passage_count - before
    texts = [passage.text for article in new for passage in library.passages(article.id)]
    began = time.perf_counter()
    library.encoder.encode_passages(texts)
    encoding = time.perf_counter() - began
    began = time.perf_counter()
    library.remove(new[0].id)
    removing = time.perf_counter() - began
    began = time.perf_counter()
    library.retrieve("Who was the first?")
    asking = time.perf_counter() - began
    for article in new[1:]:
        library.remove(article.id)
    began = time.perf_counter()
    library._store._index.checkpoint(always=True)
    writing = time.perf_counter() - began
    return {
        "add 1,000 passages, s (encoding alone)": f"{1000 * adding / added:.1f} ({1000 * encoding / added:.1f})",
        "remove an article / the next question, ms": f"{1000 * removing:.0f} / {1000 * asking:.0f}",
        "write the index anew, s": f"{writing:.1f}",
    }


if __name__ == "__main__":
    main()
