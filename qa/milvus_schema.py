"""The collections of a library on Milvus: what they hold, and how they are made.

    articles              one row an article: what lists, filters and names are made of, and which version counts
    records               by key: longer texts in pieces, locations, collections, what the library knows of itself …
    passages_<dimension>  one row a passage: its vector, its search terms, its text, its token vectors

Vectors are compared one by one ("flat"): what is nearest is found, at once.
Tried with 15,000 passages; how far that carries on one server was not measured.
Past that, or where a server has other work, there is the graph ("hnsw"): of the nearest 10 of 15,081 passages it found
0.997, but 0.85 in the minutes until it was built, as what is new has a coarser index in the meantime.

Rows that are looked up by a text are keyed by a hash of it: a text of an article is never part of a condition.
"""

from __future__ import annotations

import enum
import hashlib
import time
from typing import Any

from qa.errors import LibraryError
from qa.milvus_engine import TEXT_BYTES, Engine

FORMAT = "1"
MOST_TERMS = 4_096  # to an array
TERM_BYTES = 1_000  # of a term in an array
LIGHT = [  # of an article, without its texts
    "number", "id", "version", "position", "changed", "passages", "words", "name_words", "language", "published",
]  # fmt: skip
NO_VECTOR = [1.0, 0.0]  # every collection has to have one
_DEGREE, _WIDTH_BUILT = 16, 200  # HNSW's M and efConstruction
_WAIT_SECONDS = 60.0


class Kind(enum.IntEnum):
    """Of a record. `owner` and `version` are what is said here; else 0."""

    META = 1
    STAMP = 2
    SPACE = 3  # a dimension that there are passages of: version
    MARK = 4  # an article (owner) of which a version is being written
    LOCATION = 5  # owner: the article; version: when it was placed
    ALIAS = 6  # owner: the hash of the location
    REMOVED = 7
    COLLECTION = 8
    PENDING = 9
    BODY = 10  # an article's (owner) texts, of one version
    PASSAGE = 11  # what does not fit into a row of a passage: owner and version are the passage's
    TERM = 12  # a word that stands in a passage, or once stood there


def hashed(text: str) -> int:
    """1 .. 2**63 - 1. Among a million texts, the chance that any two have the same is 1 in 18 million."""
    return max(1, int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1)


def key(kind: Kind, text: str) -> str:
    """Of a record that is found by a text of any length."""
    return f"{kind:d}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def passages_name(engine: Engine, dimension: int) -> str:
    return f"{engine.address.name}_passages_{dimension}"


def articles_name(engine: Engine) -> str:
    return f"{engine.address.name}_articles"


def records_name(engine: Engine) -> str:
    return f"{engine.address.name}_records"


def make_articles(engine: Engine) -> None:
    schema, kinds = _schema(engine)
    schema.add_field("number", kinds.INT64, is_primary=True)
    _add(schema, kinds.INT64, "version", "position", "changed", "passages", "words", "name_words", "text_key")
    _add(schema, kinds.VARCHAR, "id", "language", "published", "facts", "data", max_length=TEXT_BYTES)
    for column in ("title", "headings", "authors", "site"):
        _add_terms(schema, kinds, column)
    _made(engine, articles_name(engine), schema, kinds)


def make_records(engine: Engine) -> None:
    schema, kinds = _schema(engine)
    schema.add_field("key", kinds.VARCHAR, is_primary=True, max_length=TERM_BYTES + 100)
    _add(schema, kinds.INT64, "kind", "owner", "version", "spread")
    _add(schema, kinds.VARCHAR, "data", max_length=TEXT_BYTES)
    _made(engine, records_name(engine), schema, kinds)


def make_passages(engine: Engine, dimension: int) -> None:
    schema, kinds = _schema(engine)
    schema.add_field("id", kinds.INT64, is_primary=True)
    _add(schema, kinds.INT64, "article", "version", "start")
    _add(schema, kinds.VARCHAR, "hash", max_length=64)
    _add_terms(schema, kinds, "terms")
    # A server that can reads these from disk: they are many times what is searched.
    mapped = {"mmap_enabled": True} if engine.version >= (2, 5) else {}
    _add(schema, kinds.VARCHAR, "data", "tokens", max_length=TEXT_BYTES, **mapped)
    if engine.has_bm25:
        from pymilvus import Function, FunctionType

        # Our own stems, as they are: nothing is folded or stemmed again.
        analyzer = {"tokenizer": "whitespace"}
        schema.add_field("words", kinds.VARCHAR, max_length=TEXT_BYTES, enable_analyzer=True, analyzer_params=analyzer)
        schema.add_field("sparse", kinds.SPARSE_FLOAT_VECTOR)
        schema.add_function(
            Function(
                name="bm25", function_type=FunctionType.BM25, input_field_names=["words"], output_field_names="sparse"
            )
        )
    else:
        _add(schema, kinds.VARCHAR, "words", max_length=TEXT_BYTES)
    _made(engine, passages_name(engine, dimension), schema, kinds, dimension)


def has_halves(engine: Engine) -> bool:
    """Whether vectors are float16 there; else the same numbers as float32."""
    return engine.has_bm25


def _schema(engine: Engine) -> tuple[Any, Any]:
    from pymilvus import DataType

    return engine.client.create_schema(auto_id=False, enable_dynamic_field=False), DataType


def _add(schema: Any, kind: Any, *names: str, **options: Any) -> None:
    for name in names:
        schema.add_field(name, kind, **options)


def _add_terms(schema: Any, kinds: Any, name: str) -> None:
    schema.add_field(name, kinds.ARRAY, element_type=kinds.VARCHAR, max_capacity=MOST_TERMS, max_length=TERM_BYTES)


def _made(engine: Engine, name: str, schema: Any, kinds: Any, dimension: int = 0) -> None:
    """Have the collection, indexed and loaded, whoever else is making it at this moment."""
    index = engine.client.prepare_index_params()
    if dimension:
        schema.add_field("vector", kinds.FLOAT16_VECTOR if has_halves(engine) else kinds.FLOAT_VECTOR, dim=dimension)
        if engine.address.index == "flat" or engine.is_double:
            index.add_index("vector", index_type="FLAT", metric_type="COSINE")
        else:
            graph = {"M": _DEGREE, "efConstruction": _WIDTH_BUILT}
            index.add_index("vector", index_type="HNSW", metric_type="COSINE", params=graph)
        if engine.has_bm25:
            # k1 and b as in qa/postings.py
            params = {"bm25_k1": 1.2, "bm25_b": 0.75}
            index.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=params)
            if not engine.is_double:
                for column in ("article", "hash", "terms"):
                    index.add_index(column, index_type="INVERTED")
    else:
        schema.add_field("vector", kinds.FLOAT_VECTOR, dim=len(NO_VECTOR))
        index.add_index("vector", index_type="FLAT", metric_type="L2")
    if not engine.has(name):
        options = {"schema": schema, "consistency_level": "Strong", "num_shards": engine.address.shards}
        try:
            engine.call(engine.client.create_collection, name, **options)
        except LibraryError:
            if not engine.has(name):  # else another process was first
                raise
    have_ready(engine, name, index)


def have_ready(engine: Engine, name: str, index: Any = None) -> None:
    """Have a collection that is there indexed and loaded."""
    from pymilvus.client.types import LoadState

    client = engine.client
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            if index is not None and len(engine.call(client.list_indexes, name)) < len(list(index)):
                engine.call(client.create_index, name, index)
            if engine.call(client.get_load_state, name)["state"] == LoadState.Loaded:
                return
            engine.call(client.load_collection, name, replica_number=engine.address.replicas)
        except LibraryError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)  # another process is at the same
