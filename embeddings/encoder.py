"""Texts to unit vectors, and to one vector a token, with a sentence-transformers model.

One forward pass gives both: the pooled vector that the index searches, and the token vectors that late
interaction (embeddings/late.py) compares.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from embeddings.errors import ModelError
from embeddings.model import PACKAGED_SHA256, ModelFiles, find_model

logger = logging.getLogger(__name__)

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, slots=True)
class Embedding:
    """One text, embedded.

    `vector`: float32 (dim,), length 1. `tokens`: float32 (n, dim), every row of length 1, without the
    tokenizer's special tokens. `offsets`: int32 (n, 2), the characters of the text that each token covers.
    `weights`: float32 (n,), how much each token counts in a question; their sum is 1, and all are equal for passages
    and for models of which nothing is known. `familiarity`: 0..1, how well the model knows the text's language; set for
    questions, 1 for passages and for models of which nothing is known.
    """

    vector: NDArray[np.float32]
    tokens: NDArray[np.float32]
    offsets: NDArray[np.int32]
    weights: NDArray[np.float32]
    familiarity: float = 1.0


class Encoder:
    """A loaded model. Safe to call from several threads (one forward pass at a time).

    `dtype` is "float32", "bfloat16", "float16" or "auto": bfloat16 where the processor multiplies it in
    hardware (AMX-BF16 or AVX512-BF16: 3 to 4.6 times as fast, cosine 0.998 to float32), else float32.
    `device` is a torch device; None takes a GPU where there is one.
    """

    def __init__(self, model: ModelFiles | str | Path | None = None, *, dtype: str = "auto", device: str | None = None):
        self.files = model if isinstance(model, ModelFiles) else find_model(model)
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.dtype = pick_dtype(dtype, self.device)
        self._model, self._importance = _load(self.files, self.device, DTYPES[self.dtype])
        self._lock = threading.RLock()

    @property
    def identity(self) -> str:
        return self.files.identity

    @property
    def is_ours(self) -> bool:
        """Whether this is the packaged model, of which it is known what languages it reads."""
        return self.files.tuning is not None or self.files.digest == PACKAGED_SHA256

    @cached_property
    def dimension(self) -> int:
        return int(self._model.get_embedding_dimension() or len(self.encode_questions(["dimension"])[0]))

    def encode_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 (len(texts), dim); row i embeds `texts[i]`; every row has length 1."""
        return self._vectors(texts, "document")

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As `encode_passages`, with the model's prompt for questions where it has one."""
        return self._vectors(texts, "query")

    def embed_passages(self, texts: Sequence[str], *, batch_size: int = 32) -> list[Embedding]:
        """Vectors and token vectors of `texts`, in their order; what exceeds the model's window is cut off."""
        return self._embed(texts, "document", batch_size)

    def embed_question(self, text: str) -> Embedding:
        """Vector, token vectors and familiarity of one question."""
        with self._lock:  # see embeddings/threads.py; the lock keeps a batch of passages from running meanwhile
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                embedding = self._embed([text], "query", 1)[0]
            finally:
                torch.set_num_threads(threads)
        known = familiarity(text, embedding.offsets) if self.is_ours else 1.0
        return replace(embedding, familiarity=known)

    def _vectors(self, texts: Sequence[str], prompt: str) -> NDArray[np.float32]:
        if not len(texts):
            return np.empty((0, self.dimension), np.float32)
        return np.stack([embedding.vector for embedding in self._embed(texts, prompt, 32)])

    def _embed(self, texts: Sequence[str], prompt: str, batch_size: int) -> list[Embedding]:
        prefix = (self._model.prompts or {}).get(prompt) or ""
        result: list[Embedding | None] = [None] * len(texts)
        # Batches of about equal length pad little: by characters, longest first, so that memory peaks at once.
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for at in range(0, len(order), batch_size):
            rows = order[at : at + batch_size]
            with self._lock:
                batch = list(self._forward([prefix + texts[i] for i in rows]))  # run while the lock is held
            for i, embedding in zip(rows, batch, strict=True):
                result[i] = _without_prefix(embedding, len(prefix)) if prefix else embedding
        return [embedding for embedding in result if embedding is not None]

    def _forward(self, texts: list[str]) -> Iterator[Embedding]:
        features = self._model.tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=self._model.max_seq_length,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            return_tensors="pt",
        )
        offsets = features.pop("offset_mapping").numpy().astype(np.int32)
        special = features.pop("special_tokens_mask").numpy().astype(bool)
        with torch.inference_mode():
            output = self._model({name: tensor.to(self.device) for name, tensor in features.items()})
            vectors = torch.nn.functional.normalize(output["sentence_embedding"].float(), dim=-1).cpu().numpy()
            hidden = output["token_embeddings"].float()
            tokens = torch.nn.functional.normalize(hidden, dim=-1).cpu().numpy()
            importance = np.zeros(special.shape, np.float32)
            if self._importance is not None:
                importance = (hidden @ self._importance).cpu().numpy()
        keep = ~special
        for i in range(len(texts)):
            yield Embedding(vectors[i], tokens[i][keep[i]], offsets[i][keep[i]], _softmax(importance[i][keep[i]]))


def familiarity(text: str, offsets: NDArray[np.int32]) -> float:
    """0..1: how well an English model's tokenizer, and so the model, knows the language of `text`.

    What it knows it cuts into words, what it does not into letters. `offsets` are those of the text's tokens. Letters
    to a token, mean over 200 questions each: English 4.0 to 4.7, Spanish and German 2.8, Arabic, Russian and Chinese
    1.0 to 1.1. One letter gives 0, three or more give 1.
    """
    lengths = [end - start for start, end in offsets.tolist() if text[start:end].isalpha()]
    return float(np.clip((np.mean(lengths) - 1) / 2, 0, 1)) if lengths else 1.0


def _without_prefix(embedding: Embedding, length: int) -> Embedding:
    inside = embedding.offsets[:, 0] >= length
    weights = embedding.weights[inside]
    return Embedding(
        embedding.vector, embedding.tokens[inside], embedding.offsets[inside] - length, weights / weights.sum()
    )


def _softmax(values: NDArray[np.float32]) -> NDArray[np.float32]:
    powers: NDArray[np.float32] = np.exp(values - values.max(initial=-np.inf))
    total = np.float32(powers.sum() if len(values) else 1)
    return powers / total


def pick_dtype(dtype: str, device: str) -> str:
    if dtype == "auto":
        if device != "cpu":
            return "float16" if device.startswith("cuda") else "float32"
        return "bfloat16" if _has_bfloat16() else "float32"
    if dtype not in DTYPES:
        raise ModelError(f"dtype is {dtype!r}; use auto, {', '.join(DTYPES)}")
    return dtype


def _has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware; elsewhere it is emulated and slower than float32."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def _load(files: ModelFiles, device: str, dtype: torch.dtype) -> tuple[Any, torch.Tensor | None]:
    """The model, and what the importance of a question's token is read off with, float32 (dim,), where it is known."""
    from safetensors.torch import load_file
    from sentence_transformers import SentenceTransformer

    importance = None
    try:
        with quiet_loading():
            # A change is added in full precision: in bfloat16 most of it would be rounded away.
            loaded_as = dtype if files.tuning is None else torch.float32
            model = SentenceTransformer(
                str(files.folder), device=device, local_files_only=True, model_kwargs={"dtype": loaded_as}
            )
            if files.tuning is not None:
                backbone: Any = model[0].auto_model
                importance = _tune(backbone.encoder, load_file(files.tuning, device=device)).to(device)
                backbone.to(dtype)
    except Exception as error:  # the loaders raise anything from OSError to KeyError on a damaged folder
        raise ModelError(f"the model in {files.folder} could not be loaded: {type(error).__name__}: {error}") from error
    if not getattr(model.tokenizer, "is_fast", False):
        raise ModelError(f"the model in {files.folder} has no fast tokenizer, which late interaction needs for offsets")
    return model.eval(), importance


def _tune(layers: Any, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    """Add each low-rank change B·A to the weight it is named after (LoRA, Hu et al., 2021); the importance vector."""
    modules = dict(layers.named_modules())
    with torch.no_grad():
        for name in [name.removesuffix(".a") for name in tensors if name.endswith(".a")]:
            modules[name].weight += tensors[f"{name}.b"].float() @ tensors[f"{name}.a"].float()
    return tensors["importance"].float()


@contextlib.contextmanager
def quiet_loading() -> Iterator[None]:
    """No progress bar for the half second that loading takes, and no thread-pool warnings after a fork."""
    from transformers.utils import logging as transformers_logging

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    was_on = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if was_on:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
