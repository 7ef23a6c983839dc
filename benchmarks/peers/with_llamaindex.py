"""LlamaIndex: a vector index and its BM25 retriever, joined by reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.retrievers.bm25 import BM25Retriever
from peer import WORDS, Found, Settings, Text

NEEDS = (
    "The network once, for the weights; no key as long as no question is rewritten (it asks for OpenAI's unless told "
    "otherwise). In memory; the BM25 part is made anew with every change."
)
TOKENS = round(1.6 * WORDS)  # its splitter counts tokens, and stays below the number on the mean


class System:
    def __init__(self, settings: Settings) -> None:
        options = {"embed_batch_size": settings.batch} if settings.batch else {}
        loading = {} if settings.dtype == "auto" else {"dtype": settings.dtype}
        self._encoder = HuggingFaceEmbedding(model_name=settings.model, model_kwargs=loading, **options)
        self._splitter = SentenceSplitter(chunk_size=TOKENS, chunk_overlap=0) if settings.split else None

    def add(self, texts: Sequence[Text]) -> int:
        if self._splitter:
            documents = [Document(text=text.text, id_=text.id, metadata={"title": text.title}) for text in texts]
            nodes = self._splitter.get_nodes_from_documents(documents)
        else:
            nodes = [TextNode(text=text.text, id_=text.id) for text in texts]
        self._vectors = VectorStoreIndex(nodes, embed_model=self._encoder)
        self._words = BM25Retriever.from_defaults(nodes=nodes)
        return len(nodes)

    def search(self, question: str, k: int) -> list[Found]:
        self._words.similarity_top_k = k
        retriever = QueryFusionRetriever(
            [self._vectors.as_retriever(similarity_top_k=k), self._words],
            llm=MockLLM(),
            similarity_top_k=k,
            num_queries=1,
            mode=FUSION_MODES.RECIPROCAL_RANK,
            use_async=False,
        )
        return [Found(hit.node.ref_doc_id or hit.node.node_id, hit.text) for hit in retriever.retrieve(question)]
