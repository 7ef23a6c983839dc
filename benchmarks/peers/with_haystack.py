"""Haystack: an indexing pipeline, and one that joins its BM25 and its embedding retriever by reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Sequence

from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from peer import WORDS, Found, Settings, Text

NEEDS = (
    "The network once, for the weights; no key; counts its use over the network unless told not to. In memory; other "
    "stores are packages and servers of their own."
)


class System:
    def __init__(self, settings: Settings) -> None:
        loading = {} if settings.dtype == "auto" else {"dtype": settings.dtype}
        store = InMemoryDocumentStore()
        self._indexing, self._asking = Pipeline(), Pipeline()
        if settings.split:
            self._indexing.add_component("split", DocumentSplitter(split_by="word", split_length=WORDS))
        self._indexing.add_component(
            "embed",
            SentenceTransformersDocumentEmbedder(
                model=settings.model,
                model_kwargs=loading,
                batch_size=settings.batch or 32,
                meta_fields_to_embed=["title"] if settings.split else [],
                progress_bar=False,
            ),
        )
        self._indexing.add_component("write", DocumentWriter(store))
        if settings.split:
            self._indexing.connect("split", "embed")
        self._indexing.connect("embed", "write")
        self._asking.add_component(
            "embed",
            SentenceTransformersTextEmbedder(model=settings.model, model_kwargs=loading, progress_bar=False),
        )
        self._asking.add_component("vectors", InMemoryEmbeddingRetriever(store))
        self._asking.add_component("words", InMemoryBM25Retriever(store))
        self._asking.add_component("join", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        self._asking.connect("embed.embedding", "vectors.query_embedding")
        self._asking.connect("vectors", "join")
        self._asking.connect("words", "join")
        self._indexing.warm_up()
        self._asking.warm_up()
        self._first = "split" if settings.split else "embed"

    def add(self, texts: Sequence[Text]) -> int:
        documents = [Document(content=text.text, meta={"text": text.id, "title": text.title}) for text in texts]
        written = self._indexing.run({self._first: {"documents": documents}})
        return int(written["write"]["documents_written"])

    def search(self, question: str, k: int) -> list[Found]:
        found = self._asking.run(
            {
                "embed": {"text": question},
                "vectors": {"top_k": k},
                "words": {"query": question, "top_k": k},
                "join": {"top_k": k},
            }
        )
        return [Found(document.meta["text"], document.content) for document in found["join"]["documents"]]
