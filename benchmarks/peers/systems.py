"""The systems in their settings, and each of them in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from corpus import Corpus
from peer import Settings

from embeddings.model import PACKAGED_NAME, find_model

HERE = Path(__file__).resolve().parent
OURS = "article-qa"
ADAPTERS = {
    OURS: "ours",
    "tutorial stack": "tutorial",
    "txtai": "with_txtai",
    "LlamaIndex": "with_llamaindex",
    "Haystack": "with_haystack",
}
PEERS = tuple(name for name in ADAPTERS if name != OURS)
EASY_BATCH = 64
DEEPEST = 10  # hits that are looked at
# No download, no count of use sent anywhere, no GPU.
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "DO_NOT_TRACK": "1",
    "CUDA_VISIBLE_DEVICES": "",
}


@dataclass(frozen=True, slots=True)
class Variant:
    """A system in one setting: a row of each table."""

    system: str
    setting: str
    dtype: str
    batch: int | None = None
    plain: bool = True  # the weights as published; False: our default model

    @property
    def is_ours(self) -> bool:
        return self.system == OURS

    def settings(self, *, split: bool) -> dict[str, Any]:
        ours = PACKAGED_NAME if self.plain else ""
        model = ours if self.is_ours else str(find_model(PACKAGED_NAME).folder)
        return asdict(Settings(model, self.dtype, self.batch, split))


def variants(dtype: str) -> list[Variant]:
    """What is compared; `dtype` is what article-qa takes by itself, or was told to take."""
    ours = [Variant(OURS, f"{dtype}, default model", dtype, plain=False), Variant(OURS, dtype, dtype)]
    easy = Variant("", f"{dtype}, batch {EASY_BATCH}", dtype, EASY_BATCH)
    if dtype != "float32":
        ours.append(Variant(OURS, "float32", "float32"))
    found = list(ours)
    for name in PEERS:
        found += [Variant(name, "as documented", "auto"), replace(easy, system=name)]
    return found


class Process:
    """A worker that has loaded and warmed up."""

    def __init__(self, variant: Variant, python: Path, corpus: Corpus) -> None:
        self.variant = variant
        self._process = subprocess.Popen(
            [str(python), str(HERE / "worker.py"), ADAPTERS[variant.system]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **ENVIRONMENT},
        )
        few = [[f"warm-{number}", "", text.text] for number, text in enumerate(corpus.ready[:64])]
        self._do("start", settings=variant.settings(split=False), texts=few)

    def add(self, corpus: Corpus, *, split: bool) -> tuple[int, float]:
        """How many passages there are, and the seconds that adding took."""
        answer = self._do("add", settings=self.variant.settings(split=split), texts=corpus.texts(split=split))
        return answer["passages"], answer["seconds"]

    def search(self, questions: Sequence[str]) -> tuple[list[list[tuple[str, str]]], list[float]]:
        """The hits of each question as (id, text), and its seconds."""
        answer = self._do("search", questions=list(questions), k=DEEPEST)
        return [[(hit[0], hit[1]) for hit in hits] for hits in answer["found"]], answer["seconds"]

    def peak(self) -> float:
        """The most memory that the process held so far, MiB."""
        return float(self._do("memory")["peak"])

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _do(self, what: str, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **request}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.variant.system}, {self.variant.setting}: ended in {what!r}; see its lines above")
        answer: dict[str, Any] = json.loads(line)
        return answer
