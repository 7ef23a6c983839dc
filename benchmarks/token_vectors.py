"""Ways of keeping a passage's token vectors: what each costs in quality, bytes and milliseconds.

    python benchmarks/token_vectors.py SET [SET ...] --fit SET [SET ...] --keep FOLDER [--questions 200]
        [--ways PATTERN]

A SET is a folder with `articles.jsonl` and `questions.jsonl` (see sets.py). All ways rank the same candidates of the
same questions: the 50 best of 0.5 × cosine + 0.3 × BM25, by that + 1.2 × MaxSim; the question stays in float32. What
has to be fitted (PCA, codebooks, means) is fitted on the sets of --fit, which are to be others. --keep is a folder for
the vectors, so that a second run does not encode again.

    MRR@10, hit@1   of the first passage that holds a gold answer, questions whose answer's place is known
    sentence        share of right best sentences: MaxSim of its own tokens + 0.7 × the passage's score, 8 passages
    noise           standard deviation of a candidate's MaxSim from the exact one, × 1000; what is the same for all
                    candidates of a question changes no order and is not counted
    bytes           of a passage, mean and 95th percentile, with 4 bytes a token that say where in the text it stands
    ms              processor time for the MaxSim of 50 candidates, median: from their bytes, and with reading them from
                    SQLite as well
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from recipe import BM25
from sets import SEED, QuestionSet, read_set, table

from embeddings.encoder import Embedding, Encoder
from embeddings.late import TokenVectors, maxsim
from embeddings.threads import one_thread
from qa import Passage, function_words
from qa.questions import gold_spans
from qa.scoring import PASSAGES_READ
from qa.split import embedded_text, split

DENSE, LEXICAL, LATE, SENTENCE_SHARE = 0.5, 0.3, 1.2, 0.7
CANDIDATES, DEPTH = 50, 10
FITTED_ON = 1_000  # passages
FITTED_ON_TOKENS = 50_000
OFFSET_BYTES = 4
SHORT = ", no function words"
TIMED = 100  # questions
_BLOCK = 64  # tokens: what is unpacked of them stays in the processor's cache

Floats = NDArray[np.float32]
Codes = NDArray[np.uint8]


# -- ways to keep token vectors


@dataclass(frozen=True, slots=True)
class Way:
    """`pack`: float32 (n, dim) to uint8 (n, bytes). `similarity`: question float32 (q, dim) and codes to (q, n)."""

    name: str
    pack: Callable[[Floats], Codes]
    similarity: Callable[[Floats, Codes], Floats]
    without_function_words: bool = False


def floats() -> Way:
    return Way(
        "float32",
        lambda tokens: np.ascontiguousarray(tokens, np.float32).view(np.uint8),
        lambda question, codes: question @ codes.view(np.float32).T,
    )


def codebook(name: str, pack: Callable[[Floats], Codes], book: Floats, turn: Floats | None = None) -> Way:
    """A way in which a byte stands for eight dimensions: `book`, float32 (bytes, 256, 8). Sign bits are one too."""
    width = book.shape[0]
    flat = np.ascontiguousarray(book.reshape(-1, 8))
    shift = (256 * np.arange(width)).astype(np.intp)

    def similarity(question: Floats, codes: Codes) -> Floats:
        turned = question if turn is None else question @ turn
        result = np.empty((len(question), len(codes)), np.float32)
        rows = np.empty((_BLOCK, width, 8), np.float32)
        for at in range(0, len(codes), _BLOCK):
            part = codes[at : at + _BLOCK] + shift
            np.take(flat, part, axis=0, out=rows[: len(part)], mode="clip")
            np.matmul(turned, rows[: len(part)].reshape(len(part), -1).T, out=result[:, at : at + len(part)])
        return result

    return Way(name, pack, similarity)


def signs(name: str, turn: Floats) -> Way:
    """One bit a dimension after `turn`, (dim, dim); scaled back to cosines as embeddings/late.py does."""
    dimension = turn.shape[1]
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32) * 2 - 1
    bits /= np.float32(np.sqrt(dimension) * np.sqrt(2 / np.pi))
    book = np.broadcast_to(bits, (dimension // 8, 256, 8))
    return codebook(name, lambda tokens: np.packbits(tokens @ turn > 0, axis=1), book, turn)


def levels(name: str, turn: Floats, bits: int, centres: Floats | None = None) -> Way:
    """`bits` (1, 2, 4 or 8) a dimension after `turn`, (dim, kept), and two bytes a token for their scale.

    With `centres`, (c, dim), c ≤ 256, what is kept is the rest to the nearest (the residual of ColBERTv2), and one
    more byte, where there are several, says which it is. The levels are evenly spaced; the scale makes the product
    of the rest with what is kept of it right.
    """
    per_byte, top = 8 // bits, 2 ** (bits - 1)
    each = np.arange(256, dtype=np.uint8)[:, None] >> np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    values = (each & (2**bits - 1)).astype(np.float32) - (top - 0.5)  # (256, per byte)
    # the step, in standard deviations, that loses least of a normal distribution with so many even steps
    step = {1: 1.596, 2: 0.9957, 4: 0.3352, 8: 0.0308}[bits]
    turned_centres = None if centres is None else centres @ turn

    def pack(tokens: Floats) -> Codes:
        rest, nearest = tokens, np.empty((len(tokens), 0), np.uint8)
        if centres is not None:
            number = np.argmax(tokens @ centres.T - (centres**2).sum(axis=1) / 2, axis=1)
            rest = tokens - centres[number]
            if len(centres) > 1:
                nearest = number.astype(np.uint8)[:, None]
        rest = rest @ turn
        width = rest.std(axis=1, keepdims=True) * step + 1e-9
        level = np.clip(np.floor(rest / width), -top, top - 1) + 0.5
        scale = (rest**2).sum(axis=1) / np.maximum((rest * level).sum(axis=1), 1e-9)
        whole = (level + (top - 0.5)).astype(np.uint8).reshape(len(rest), -1, per_byte)
        packed = np.zeros(whole.shape[:2], np.uint8)
        for place in range(per_byte):
            packed |= whole[:, :, place] << (8 - bits * (place + 1))
        return np.hstack([packed, scale.astype(np.float16)[:, None].view(np.uint8), nearest])

    def similarity(question: Floats, codes: Codes) -> Floats:
        turned = question @ turn
        kept = turn.shape[1] // per_byte
        scale = np.ascontiguousarray(codes[:, kept : kept + 2]).view(np.float16)[:, 0].astype(np.float32)
        result = np.empty((len(question), len(codes)), np.float32)
        rows = np.empty((_BLOCK, kept, per_byte), np.float32)
        for at in range(0, len(codes), _BLOCK):
            part = codes[at : at + _BLOCK, :kept]
            if per_byte == 1:
                np.subtract(part[:, :, None], np.float32(top - 0.5), out=rows[: len(part)])
            else:
                np.take(values, part, axis=0, out=rows[: len(part)], mode="clip")
            np.matmul(turned, rows[: len(part)].reshape(len(part), -1).T, out=result[:, at : at + len(part)])
        result *= scale
        if turned_centres is not None:
            near = turned @ turned_centres.T  # (q, c)
            result += near[:, codes[:, -1]] if near.shape[1] > 1 else near
        return result

    return Way(name, pack, similarity)


def product_quantiser(name: str, sample: Floats, *, parts: int, bits: int, rotated: bool = False) -> Way:
    """Each of `parts` pieces of a vector by the number of its nearest centre (Jégou et al., 2011); `rotated`: OPQ."""
    import faiss

    dimension, turn = sample.shape[1], None
    if rotated:
        matrix = faiss.OPQMatrix(dimension, parts)
        matrix.niter, matrix.max_train_points = 8, 20_000
        matrix.train(sample)
        turn = faiss.vector_to_array(matrix.A).reshape(dimension, dimension).T.astype(np.float32)
        sample = sample @ turn
    quantiser = faiss.ProductQuantizer(dimension, parts, bits)
    quantiser.train(np.ascontiguousarray(sample))
    width = quantiser.code_size
    every = np.repeat(np.arange(256, dtype=np.uint8)[:, None], width, axis=1)
    book = quantiser.decode(every).reshape(256, width, 8).transpose(1, 0, 2)

    def pack(tokens: Floats) -> Codes:
        turned = tokens if turn is None else tokens @ turn
        return np.asarray(quantiser.compute_codes(np.ascontiguousarray(turned)))

    return codebook(name, pack, book, turn)


def principal(sample: Floats) -> Floats:
    """float32 (dim, dim): directions in the order in which they carry most of the sample; nothing is subtracted."""
    _, vectors = np.linalg.eigh(sample.T @ sample)
    return np.ascontiguousarray(vectors[:, ::-1], np.float32)


def ways(sample: Floats, wanted: re.Pattern[str]) -> Iterator[Way]:
    """Those whose names hold `wanted`, and float32, which the others are measured against."""
    import faiss

    dimension = sample.shape[1]
    as_it_is = np.eye(dimension, dtype=np.float32)
    by_chance, main = _rotation(dimension), principal(sample)

    def centres() -> Floats:
        kmeans = faiss.Kmeans(dimension, 256, niter=15, seed=SEED)
        kmeans.train(sample)
        return np.asarray(kmeans.centroids)

    tried: dict[str, Callable[[str], Way]] = {
        "sign bits": lambda name: signs(name, as_it_is),
        "sign bits, rotated": lambda name: signs(name, by_chance),
        "sign bits, a scale": lambda name: levels(name, as_it_is, 1),
        "sign bits of the rest to the mean, rotated, a scale": lambda name: levels(
            name, by_chance, 1, sample.mean(axis=0, keepdims=True)
        ),
        "sign bits of the rest to 256 centres, a scale": lambda name: levels(name, as_it_is, 1, centres()),
        "sign bits of the rest to 256 centres, rotated, a scale": lambda name: levels(name, by_chance, 1, centres()),
        "2 bits": lambda name: levels(name, as_it_is, 2),
        "4 bits": lambda name: levels(name, as_it_is, 4),
        "int8": lambda name: levels(name, as_it_is, 8),
        "PCA 128, int8": lambda name: levels(name, main[:, :128].copy(), 8),
        "PCA 96, int8": lambda name: levels(name, main[:, :96].copy(), 8),
        "PCA 64, int8": lambda name: levels(name, main[:, :64].copy(), 8),
        "PCA 128, 4 bits": lambda name: levels(name, main[:, :128].copy(), 4),
        "PCA 192, rotated, 2 bits": lambda name: levels(name, main[:, :192] @ _rotation(192), 2),
        "PQ 48 × 8 bits": lambda name: product_quantiser(name, sample, parts=48, bits=8),
        "PQ 96 × 4 bits": lambda name: product_quantiser(name, sample, parts=96, bits=4),
        "OPQ 48 × 8 bits": lambda name: product_quantiser(name, sample, parts=48, bits=8, rotated=True),
    }
    yield floats()
    for name, make in tried.items():
        if wanted.search(name) or wanted.search(name + SHORT):
            yield make(name)


def _rotation(dimension: int) -> Floats:
    normal = np.random.default_rng(SEED).normal(size=(dimension, dimension))
    return np.linalg.qr(normal)[0].astype(np.float32)


# -- passages and questions


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of many passages, one after the other: those of passage i are rows starts[i] to starts[i + 1].

    `vectors` float16 (n, dim), finer than bfloat16 weights give them; `offsets` int32 (n, 2), characters of the
    passage; `content` bool (n,), whether the token is more than punctuation or a function word; `pooled` float32
    (passages, dim), the passages' own vectors.
    """

    vectors: NDArray[np.float16]
    offsets: NDArray[np.int32]
    content: NDArray[np.bool_]
    starts: NDArray[np.int64]
    pooled: Floats


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its candidates (numbers of passages), what the fusion gives them, and the right places."""

    embedded: Embedding
    candidates: NDArray[np.int64]
    fused: Floats
    gold: tuple[tuple[str, int, int], ...]


def encode(pairs: Sequence[tuple[str, int]], encoder: Encoder, keep: Path) -> Tokens:
    """The tokens of texts, each with how many characters of context stand in front of the passage."""
    key = hashlib.sha256(repr((encoder.identity, encoder.dtype, pairs)).encode()).hexdigest()[:16]
    names = ("vectors", "offsets", "content", "starts", "pooled")
    paths = [keep / f"token-vectors-{key}-{name}.npy" for name in names]
    if not all(path.is_file() for path in paths):
        parts: list[list[np.ndarray]] = [[] for _ in names]
        for at in range(0, len(pairs), 256):
            some = pairs[at : at + 256]
            for (text, context), one in zip(some, encoder.embed_passages([text for text, _ in some]), strict=True):
                row = (
                    one.tokens.astype(np.float16),
                    one.offsets - context,
                    _content(text, one.offsets),
                    len(one.tokens),
                    one.vector,
                )
                for part, value in zip(parts, row, strict=True):
                    part.append(np.asarray(value))
        lengths = np.array(parts[3], np.int64)
        arrays = [
            np.concatenate(parts[0]),
            np.concatenate(parts[1]).astype(np.int32),
            np.concatenate(parts[2]),
            np.concatenate([[0], np.cumsum(lengths)]),
            np.stack(parts[4]),
        ]
        keep.mkdir(parents=True, exist_ok=True)
        for path, array in zip(paths, arrays, strict=True):
            np.save(path, array)
    return Tokens(*(np.load(path) for path in paths))


def _content(text: str, offsets: NDArray[np.int32]) -> NDArray[np.bool_]:
    return np.array([_is_content(text, start, end) for start, end in offsets.tolist()], bool)


def _is_content(text: str, start: int, end: int) -> bool:
    part_of_word = text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()
    token = text[start:end].casefold()
    return any(c.isalnum() for c in token) and (part_of_word or token not in function_words.ENGLISH)


def passages_of(each: QuestionSet) -> list[tuple[Passage, str, int]]:
    """Passages with the text that is embedded, and how many characters of it are context."""
    pairs = ((article, passage) for article in each.articles for passage in split(article))
    return [(passage, *embedded_text(article, passage)) for article, passage in pairs]


def ask(each: QuestionSet, passages: Sequence[Passage], pooled: Floats, encoder: Encoder, limit: int) -> list[Asked]:
    articles = {article.id: article for article in each.articles}
    bm25 = BM25([passage.text for passage in passages])
    asked: list[Asked] = []
    for question in each.questions:
        if len(asked) == limit:
            break
        own = [articles[article_id] for article_id in question.article_ids if article_id in articles]
        spans = [span for article in own for span in gold_spans(question, article)]
        if not spans:
            continue
        embedded = encoder.embed_question(question.question)
        words = bm25.scores(question.question)
        fused = DENSE * (pooled @ embedded.vector) + LEXICAL * words / max(float(words.max()), 1e-9)
        best = np.argsort(-fused, kind="stable")[:CANDIDATES]
        gold = tuple((span.article_id, span.start, span.end) for span in spans)
        asked.append(Asked(embedded, best, fused[best].astype(np.float32), gold))
    return asked


# -- measuring


@dataclass(frozen=True, slots=True)
class Kept:
    """The passages' tokens as a way keeps them."""

    codes: Codes
    offsets: NDArray[np.int32]
    starts: NDArray[np.int64]

    def rows(self, passage: int) -> slice:
        return slice(int(self.starts[passage]), int(self.starts[passage + 1]))


def keep_by(way: Way, tokens: Tokens) -> Kept:
    chosen = tokens.content if way.without_function_words else np.ones(len(tokens.content), bool)
    codes = []
    for at in range(0, len(chosen), 16_384):
        some = chosen[at : at + 16_384]
        codes.append(way.pack(tokens.vectors[at : at + 16_384][some].astype(np.float32)))
    starts = np.concatenate([[0], np.cumsum(chosen)])[tokens.starts]
    return Kept(np.concatenate(codes), tokens.offsets[chosen], starts)


def best_matches(similarity: Floats, lengths: NDArray[np.int64]) -> Floats:
    """float32 (q, passages): each question token's best among the tokens of each passage; 0 where it has none."""
    best = np.zeros((len(similarity), len(lengths)), np.float32)
    filled = np.flatnonzero(lengths)
    starts = (np.cumsum(lengths) - lengths)[filled]
    best[:, filled] = np.maximum.reduceat(similarity, starts, axis=1)
    return best


@dataclass(frozen=True, slots=True)
class Outcome:
    late: Floats  # (candidates,)
    reciprocal: float
    first: bool
    sentence: bool


def answer(way: Way, one: Asked, kept: Kept, passages: Sequence[Passage]) -> Outcome:
    rows = [kept.rows(number) for number in one.candidates]
    lengths = np.array([row.stop - row.start for row in rows])
    similarity = way.similarity(one.embedded.tokens, np.concatenate([kept.codes[row] for row in rows]))
    late = one.embedded.weights @ best_matches(similarity, lengths)
    score = (one.fused + LATE * late) / (DENSE + LEXICAL + LATE)
    order = np.argsort(-score, kind="stable")
    holding = [_holds(passages[one.candidates[i]].article_id, passages[one.candidates[i]], one.gold) for i in order]
    rank = next((number for number, holds in enumerate(holding[:DEPTH], 1) if holds), None)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    sentences = []
    for i in order[:PASSAGES_READ]:
        passage, offsets = passages[one.candidates[i]], kept.offsets[rows[i]]
        own = similarity[:, starts[i] : starts[i + 1]]
        for start, end in passage.sentences:
            inside = (offsets[:, 0] >= start - passage.start) & (offsets[:, 1] <= end - passage.start)
            if inside.any():
                met = float(one.embedded.weights @ own[:, inside].max(axis=1))
                right = any(a == passage.article_id and start <= s and e <= end for a, s, e in one.gold)
                sentences.append((met + SENTENCE_SHARE * float(score[i]), right))
    right = max(sentences, key=lambda sentence: sentence[0])[1] if sentences else False
    return Outcome(late, 1 / rank if rank else 0.0, bool(holding and holding[0]), right)


def _holds(article_id: str, passage: Passage, gold: Sequence[tuple[str, int, int]]) -> bool:
    return any(a == article_id and passage.start <= s and e <= passage.end for a, s, e in gold)


def milliseconds(way: Way, asked: Sequence[Asked], kept: Kept) -> tuple[float, float]:
    """Medians for the MaxSim of a question's candidates: from their bytes, and with reading these from SQLite."""
    width = kept.codes.shape[1]
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "tokens.sqlite")
        database.execute("CREATE TABLE passages (id INTEGER PRIMARY KEY, tokens BLOB NOT NULL)")
        wanted = {int(i) for one in asked for i in one.candidates}
        blobs = ((i, kept.codes[kept.rows(i)].tobytes() + bytes(OFFSET_BYTES * _length(kept, i))) for i in wanted)
        database.executemany("INSERT INTO passages VALUES (?, ?)", blobs)
        database.commit()
        marks = ",".join("?" * CANDIDATES)
        query = f"SELECT tokens FROM passages WHERE id IN ({marks})"  # noqa: S608 - question marks only

        def score(one: Asked, blobs: Sequence[bytes]) -> None:
            lengths = np.array([len(blob) // (width + OFFSET_BYTES) for blob in blobs])
            parts = [np.frombuffer(b, np.uint8, n * width) for b, n in zip(blobs, lengths.tolist(), strict=True)]
            similarity = way.similarity(one.embedded.tokens, np.concatenate(parts).reshape(-1, width))
            one.embedded.weights @ best_matches(similarity, lengths)

        without, with_reading = [], []
        for one in asked:
            began = time.thread_time()
            blobs_read = [row[0] for row in database.execute(query, one.candidates.tolist())]
            read = time.thread_time()
            score(one, blobs_read)
            done = time.thread_time()
            without.append(done - read)
            with_reading.append(done - began)
        database.close()
    return 1000 * statistics.median(without), 1000 * statistics.median(with_reading)


def _length(kept: Kept, passage: int) -> int:
    return int(kept.starts[passage + 1] - kept.starts[passage])


def product_milliseconds(asked: Sequence[Asked], kept: Kept) -> float:
    """As `milliseconds`, without reading, for what the product itself does with its sign bits."""
    took = []
    for one in asked:
        blobs = []
        for i in one.candidates:
            rows = kept.rows(i)
            blobs.append(TokenVectors(kept.codes[rows], kept.offsets[rows].astype(np.int16)).to_bytes())
        began = time.thread_time()
        tokens = [TokenVectors.from_bytes(blob, one.embedded.tokens.shape[1]) for blob in blobs]
        maxsim(one.embedded.tokens, tokens, one.embedded.weights)
        took.append(time.thread_time() - began)
    return 1000 * statistics.median(took)


@dataclass(frozen=True, slots=True)
class Row:
    """What one way comes to on one set: per cent, × 1000, bytes, milliseconds."""

    mrr: float
    hit: float
    sentence: float
    noise: float
    size: float
    size_95: float
    ms: float
    ms_read: float


def measure(way: Way, tokens: Tokens, asked: Sequence[Asked], passages: Sequence[Passage], exact: list[Floats]) -> Row:
    """`exact` holds the exact MaxSims of the questions' candidates, and is filled where it is empty."""
    kept = keep_by(way, tokens)
    outcomes = [answer(way, one, kept, passages) for one in asked]
    if not exact:
        exact += [outcome.late for outcome in outcomes]
    off = [outcome.late - right for outcome, right in zip(outcomes, exact, strict=True)]
    noise = statistics.fmean(float((each - each.mean()).std()) for each in off)
    sizes = np.diff(kept.starts) * (kept.codes.shape[1] + OFFSET_BYTES)
    times = milliseconds(way, asked[:TIMED], kept)
    if way.name == "sign bits" and not way.without_function_words:
        print(f"  (the product's own maxsim: {product_milliseconds(asked[:TIMED], kept):.1f} ms)", flush=True)
    return Row(
        100 * statistics.fmean(outcome.reciprocal for outcome in outcomes),
        100 * statistics.fmean(outcome.first for outcome in outcomes),
        100 * statistics.fmean(outcome.sentence for outcome in outcomes),
        1000 * noise,
        float(sizes.mean()),
        float(np.percentile(sizes, 95)),
        *times,
    )


def sample_of(folders: Sequence[Path], encoder: Encoder, keep: Path) -> Floats:
    """Token vectors of some passages of these sets."""
    pairs = []
    for folder in folders:
        pairs += [(text, context) for _, text, context in passages_of(read_set(folder, 1))]
    random.Random(SEED).shuffle(pairs)
    vectors = encode(pairs[:FITTED_ON], encoder, keep).vectors
    rows = np.random.default_rng(SEED).permutation(len(vectors))[:FITTED_ON_TOKENS]
    return vectors[np.sort(rows)].astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--fit", nargs="+", type=Path, metavar="SET", required=True)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--ways", type=re.compile, default=re.compile(""), metavar="PATTERN")
    options = parser.parse_args()
    encoder = Encoder()
    made = list(ways(sample_of(options.fit, encoder, options.keep), options.ways))
    tried = [way for way in made if way.name == "float32" or options.ways.search(way.name)]
    short = [Way(way.name + SHORT, way.pack, way.similarity, True) for way in made]
    tried += [way for way in short if options.ways.search(way.name)]
    results: dict[str, list[Row]] = {}
    with one_thread():
        for folder in options.sets:
            each = read_set(folder, 10**6)
            found = passages_of(each)
            tokens = encode([(text, context) for _, text, context in found], encoder, options.keep)
            passages = [passage for passage, _, _ in found]
            asked = ask(each, passages, tokens.pooled, encoder, options.questions)
            print(f"{each.name}: {len(passages)} passages, {len(asked)} questions", flush=True)
            exact: list[Floats] = []
            for way in tried:
                row = measure(way, tokens, asked, passages, exact)
                results.setdefault(way.name, []).append(row)
                print(f"  {way.name:70} {row.mrr:6.2f} {row.hit:6.2f} {row.sentence:6.2f}", flush=True)
    names = [folder.resolve().name for folder in options.sets]
    head = ["way", *names, "MRR@10", "hit@1", "sentence", "noise", "bytes", "p95", "ms", "ms, read"]
    print("\n" + table(head, [_cells(name, rows) for name, rows in results.items()]))


def _cells(name: str, rows: Sequence[Row]) -> list[str]:
    def mean(field: str, digits: int) -> str:
        return f"{statistics.fmean(getattr(row, field) for row in rows):,.{digits}f}"

    return [
        name,
        *(f"{row.mrr:.1f}" for row in rows),
        *(mean(field, 1) for field in ("mrr", "hit", "sentence", "noise")),
        *(mean(field, 0) for field in ("size", "size_95")),
        *(mean(field, 1) for field in ("ms", "ms_read")),
    ]


if __name__ == "__main__":
    main()
