"""Texts to unit vectors, and to one vector a token, with a sentence-transformers model.

One forward pass gives both: the pooled vector that the index searches, and the token vectors that late
interaction (embeddings/late.py) compares.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from embeddings.errors import ModelError
from embeddings.imports import deferred
from embeddings.model import PACKAGED_SHA256, ModelFiles, find_model

logger = logging.getLogger(__name__)

# Tokens of a batch, padding among them: 1,024 to 4,096 are alike on two cores, twice as many are slower.
_TOKENS_AT_ONCE = 2_048
_TOKENS_AT_ONCE_ELSEWHERE = 32_768
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

    @property
    def signs(self) -> NDArray[np.uint8]:
        """As PackedEmbedding has them."""
        return np.packbits(self.tokens > 0, axis=1)


@dataclass(frozen=True, slots=True)
class PackedEmbedding:
    """One text, embedded, and of its token vectors what is stored of them (embeddings/late.py).

    `vector` and `offsets` are as in Embedding; `signs`: uint8 (n, ⌈dim/8⌉), bit j of row i is 1 where dimension j of
    token i is positive.
    """

    vector: NDArray[np.float32]
    signs: NDArray[np.uint8]
    offsets: NDArray[np.int32]


class Encoder:
    """A loaded model. Safe to call from several threads (one forward pass at a time).

    `dtype` is "float32", "bfloat16", "float16" or "auto": bfloat16 where the processor multiplies it in
    hardware (AVX512-BF16: 1.7 to 3 times as fast, AMX-BF16 more; cosine 0.998 to float32), else float32.
    `device` is a torch device ("cpu", "cuda", "cuda:1"); None takes a GPU where there is one. Batches are made smaller
    where its memory is too full for them; ModelError where it has no room for one text.
    """

    def __init__(self, model: ModelFiles | str | Path | None = None, *, dtype: str = "auto", device: str | None = None):
        self.files = model if isinstance(model, ModelFiles) else find_model(model)
        self.device = pick_device(device)
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

    def embed_passages(self, texts: Sequence[str]) -> list[Embedding]:
        """Vectors and token vectors of `texts`, in their order; what exceeds the model's window is cut off."""
        return self._embed(texts, "document", _embeddings)

    def pack_passages(self, texts: Sequence[str]) -> list[PackedEmbedding]:
        """As `embed_passages`, with only the signs of the token vectors, which spares laying them out in full."""
        return self._embed(texts, "document", _packed)

    def embed_question(self, text: str) -> Embedding:
        """Vector, token vectors and familiarity of one question."""
        with self._lock:  # see embeddings/threads.py; the lock keeps a batch of passages from running meanwhile
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                embedding = self._embed([text], "query", _embeddings)[0]
            finally:
                torch.set_num_threads(threads)
        known = familiarity(text, embedding.offsets) if self.is_ours else 1.0
        return replace(embedding, familiarity=known)

    def _vectors(self, texts: Sequence[str], prompt: str) -> NDArray[np.float32]:
        if not len(texts):
            return np.empty((0, self.dimension), np.float32)
        return np.stack(self._embed(texts, prompt, _vectors))

    def _embed(self, texts: Sequence[str], prompt: str, results: Callable[[_Output], Iterable[T]]) -> list[T]:
        """What `results` makes of each text, in their order."""
        if not len(texts):
            return []
        prefix = (self._model.prompts or {}).get(prompt) or ""
        with self._lock:  # a tokenizer is not safe for several threads while its settings change
            features = self._model.tokenizer(
                [prefix + text for text in texts],
                truncation=True,
                max_length=self._model.max_seq_length,
                return_offsets_mapping=True,
                return_special_tokens_mask=True,
            )
        lengths = [len(ids) for ids in features["input_ids"]]
        order = sorted(range(len(texts)), key=lambda i: -lengths[i])  # longest first: memory peaks at once
        found: dict[int, T] = {}
        for rows in _batches(order, lengths, _TOKENS_AT_ONCE if self.device == "cpu" else _TOKENS_AT_ONCE_ELSEWHERE):
            found.update(zip(rows, self._results(features, rows, len(prefix), results), strict=True))
        return [found[i] for i in range(len(texts))]

    def _results(
        self, features: Mapping[str, Any], rows: Sequence[int], prefix: int, results: Callable[[_Output], Iterable[T]]
    ) -> list[T]:
        """What `results` makes of each of `rows`, in batches as small as the memory has room for."""
        try:
            with self._lock:
                output = self._forward({name: [features[name][i] for i in rows] for name in features}, prefix)
            return list(results(output))
        except torch.OutOfMemoryError as error:
            if len(rows) == 1:
                tokens = len(features["input_ids"][rows[0]])
                raise memory_full(self.device, f"encode a text of {tokens} tokens") from error
        half = len(rows) // 2  # out here: the error kept hold of what the batch had taken
        return [part for side in (rows[:half], rows[half:]) for part in self._results(features, side, prefix, results)]

    def _forward(self, features: dict[str, list[Any]], prefix: int) -> _Output:
        offsets = features.pop("offset_mapping")
        special = features.pop("special_tokens_mask")
        padded = self._model.tokenizer.pad(features, return_tensors="pt")
        with torch.inference_mode():
            output = self._model({name: tensor.to(self.device) for name, tensor in padded.items()})
            vectors = torch.nn.functional.normalize(output["sentence_embedding"].float(), dim=-1).cpu().numpy()
        kept = []
        for places, marks in zip(offsets, special, strict=True):
            of_text = np.array(places, np.int32).reshape(-1, 2) - prefix
            # neither the tokenizer's own tokens nor those of the prompt
            kept.append((np.flatnonzero((np.array(marks) == 0) & (of_text[:, 0] >= 0)), of_text))
        return _Output(vectors, output["token_embeddings"], kept, self._importance)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Output:
    """What the model gives for a batch.

    `hidden` (n, longest, dim), of the tokens; `kept`: of each text the places of its own tokens, and of all of them the
    characters that they cover.
    """

    vectors: NDArray[np.float32]
    hidden: torch.Tensor
    kept: list[tuple[NDArray[np.int64], NDArray[np.int32]]]
    importance: torch.Tensor | None


def _vectors(output: _Output) -> Iterable[NDArray[np.float32]]:
    return output.vectors


def _packed(output: _Output) -> Iterator[PackedEmbedding]:
    positive = (output.hidden > 0).cpu().numpy()
    for i, (own, offsets) in enumerate(output.kept):
        yield PackedEmbedding(output.vectors[i], np.packbits(positive[i, own], axis=1), offsets[own])


def _embeddings(output: _Output) -> Iterator[Embedding]:
    with torch.inference_mode():
        hidden = output.hidden.float()
        tokens = torch.nn.functional.normalize(hidden, dim=-1).cpu().numpy()
        importance = np.zeros(hidden.shape[:2], np.float32)
        if output.importance is not None:
            importance = (hidden @ output.importance).cpu().numpy()
    for i, (own, offsets) in enumerate(output.kept):
        yield Embedding(output.vectors[i], tokens[i, own], offsets[own], _softmax(importance[i, own]))


def _batches(order: Sequence[int], lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """`order`, in which lengths fall, cut into runs of at most `tokens` tokens with their padding."""
    at = 0
    while at < len(order):
        rows = list(order[at : at + max(1, tokens // max(1, lengths[order[at]]))])
        yield rows
        at += len(rows)


def familiarity(text: str, offsets: NDArray[np.int32]) -> float:
    """0..1: how well an English model's tokenizer, and so the model, knows the language of `text`.

    What it knows it cuts into words, what it does not into letters. `offsets` are those of the text's tokens. Letters
    to a token, mean over 200 questions each: English 4.0 to 4.7, Spanish and German 2.8, Arabic, Russian and Chinese
    1.0 to 1.1. One letter gives 0, three or more give 1.
    """
    lengths = [end - start for start, end in offsets.tolist() if text[start:end].isalpha()]
    return float(np.clip((np.mean(lengths) - 1) / 2, 0, 1)) if lengths else 1.0


def _softmax(values: NDArray[np.float32]) -> NDArray[np.float32]:
    powers: NDArray[np.float32] = np.exp(values - values.max(initial=-np.inf))
    total = np.float32(powers.sum() if len(values) else 1)
    return powers / total


def pick_device(device: str | None) -> str:
    """`device` as torch names it, the processor always "cpu"; None takes a GPU where there is one.

    Raises ModelError for one that is not here.
    """
    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device).cpu()  # torch knows many a device by name that this machine or build has not
    except Exception as error:  # RuntimeError, AssertionError or ImportError, as the kind of device has it
        here = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
        why = re.split(r"\.\s|\n", str(error))[0]  # what follows is about torch's own insides
        raise ModelError(
            f"device is {device!r}, which cannot be used here ({why}); use {', '.join(here)}, or leave it out"
        ) from error
    known = torch.device(device)
    return "cpu" if known.type == "cpu" else str(known)


def memory_full(device: str, work: str) -> ModelError:
    return ModelError(
        f"the memory of {device} is too full to {work}; end other programs that use it, or give cpu as the device"
    )


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

    # Evaluators and losses call functions of these; to import them takes twice as long as to import torch.
    with deferred({"scipy.optimize", "scipy.stats", "sklearn.metrics"}, {"sentence_transformers", "transformers"}):
        from sentence_transformers import SentenceTransformer

    importance = None
    try:
        with quiet_loading(device):
            # A change is added in full precision: in bfloat16 most of it would be rounded away.
            loaded_as = dtype if files.tuning is None else torch.float32
            model = SentenceTransformer(
                str(files.folder),
                device=device,
                local_files_only=True,
                model_kwargs={"dtype": loaded_as, "use_safetensors": True},  # never pickled weights beside them
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
def quiet_loading(device: str) -> Iterator[None]:
    """No progress bar for the half second that loading takes, and with the processor no thread-pool warnings after a
    fork."""
    from transformers.utils import logging as transformers_logging

    if device == "cpu":  # a GPU would wait for that one thread: benchmarks/RESULTS.md, "On a GPU"
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    was_on = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if was_on:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
