"""The reader: a question and a passage read together, for where the answer is and whether there is one.

A cross-encoder with the shape of the packaged model: its word vectors are the packaged ones, its layers were trained
(training/reader.py). Start and end of the answer are picked by a linear layer over the tokens, as in BERT (Devlin et
al., 2019), and the first token stands for "no answer here".
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from embeddings.encoder import DTYPES, memory_full, pick_device, pick_dtype
from embeddings.errors import ModelError
from embeddings.model import PACKAGED_NAME, find_model

READER = Path(__file__).parent / "weights" / "reader.safetensors"
_LONGEST = 288  # tokens of question and passage
_LONGEST_QUESTION = 66
_LONGEST_ANSWER = 32  # tokens
_OF_THE_PACKAGED_MODEL = ("embeddings.word_embeddings.", "embeddings.position_ids", "pooler.")


@dataclass(frozen=True, slots=True)
class Reading:
    """One passage, read for one question; all values are log-odds-like, higher is better, about -15..15.

    `relevance`: the passage holds an answer. `starts`, `ends`: float32 (n,), that the answer starts or ends at each
    token; `none`: the same sum for no answer at all, so that `starts[i] + ends[j] - none` weighs a span. `offsets`:
    int32 (n, 2), the characters of the passage that each token covers.
    """

    relevance: float
    starts: NDArray[np.float32]
    ends: NDArray[np.float32]
    none: float
    offsets: NDArray[np.int32]

    def best_span(self, start: int, end: int) -> tuple[float, int, int] | None:
        """(weight, start, end) in characters of the best span within `start`..`end`; None where no token is."""
        inside = np.flatnonzero((self.offsets[:, 0] >= start) & (self.offsets[:, 1] <= end))
        if not len(inside):
            return None
        pairs = self.starts[inside, None] + self.ends[None, inside]
        order = np.arange(len(inside))
        length = order[None, :] - order[:, None]
        pairs = np.where((length >= 0) & (length < _LONGEST_ANSWER), pairs, -np.inf)
        first, last = np.unravel_index(int(pairs.argmax()), pairs.shape)
        weight = float(pairs[first, last]) - self.none
        return weight, int(self.offsets[inside[first], 0]), int(self.offsets[inside[last], 1])


class Reader:
    """The trained reader. Safe to call from several threads (one forward pass at a time)."""

    def __init__(self, weights: Path = READER, *, dtype: str = "auto", device: str | None = None) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
        from transformers import AutoModel, AutoTokenizer

        from embeddings.encoder import quiet_loading

        self.device = pick_device(device)
        self.dtype = pick_dtype(dtype, self.device)
        folder = find_model(PACKAGED_NAME).folder
        try:
            tensors = load_file(weights)
        except (OSError, SafetensorError) as error:
            raise ModelError(f"the reader's weights {weights} could not be loaded: {error}") from error
        with quiet_loading(self.device):
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            # with its pooling layer, which is not used: the loader reports weights that it has no place for
            self._model = AutoModel.from_pretrained(folder, local_files_only=True, dtype=DTYPES[self.dtype])
        layers = {name.removeprefix("backbone."): t for name, t in tensors.items() if name.startswith("backbone.")}
        missing, unexpected = self._model.load_state_dict(layers, strict=False)
        if unexpected or any(not name.startswith(_OF_THE_PACKAGED_MODEL) for name in missing):
            raise ModelError(f"{weights} is no reader of this version: {(*missing, *unexpected)[:3]} do not fit")
        self._model.eval().to(self.device)
        self._heads = {
            name: t.float().to(self.device) for name, t in tensors.items() if not name.startswith("backbone.")
        }
        self._lock = threading.Lock()

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        """A Reading for each of `passages`, in their order; what exceeds the reader's window, of a question its
        first 64 tokens, is not read. Raises ModelError where the device's memory is full."""
        if not passages:
            return []
        asked = self._tokenizer(question, truncation=True, max_length=_LONGEST_QUESTION, return_offsets_mapping=True)
        question = question[: max(end for _, end in asked["offset_mapping"])]
        features = self._tokenizer(
            [question] * len(passages), list(passages), padding=True, truncation="only_second", max_length=_LONGEST,
            return_offsets_mapping=True, return_tensors="pt",
        )  # fmt: skip
        offsets = features.pop("offset_mapping").numpy().astype(np.int32)
        of_passage = (features["token_type_ids"].numpy() == 1) & (offsets[..., 1] > offsets[..., 0])
        try:
            with self._lock, torch.inference_mode():
                output = self._model(**{name: tensor.to(self.device) for name, tensor in features.items()})
                hidden = output.last_hidden_state.float()
                spans = (hidden @ self._heads["span.weight"].T + self._heads["span.bias"]).cpu().numpy()  # (n, t, 2)
                first = hidden[:, 0] @ self._heads["relevance.weight"][0] + self._heads["relevance.bias"][0]
                relevance = first.cpu().numpy()
        except torch.OutOfMemoryError as error:
            raise memory_full(self.device, f"read {len(passages)} passages") from error
        return [
            Reading(
                float(relevance[i]), spans[i, of_passage[i], 0], spans[i, of_passage[i], 1], float(spans[i, 0].sum()),
                offsets[i, of_passage[i]],
            )
            for i in range(len(passages))
        ]  # fmt: skip
