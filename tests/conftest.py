"""What many tests share: the example articles, and a library of them that is built once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Tests run without the network: an attempt to reach the model hub fails at once.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"

if TYPE_CHECKING:
    from embeddings.encoder import Encoder
    from qa import Library

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The packaged model in float32, loaded once."""
    from embeddings.encoder import Encoder

    return Encoder(dtype="float32")


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder with `articles/` and `questions.jsonl`. Not to be written to."""
    return ROOT / "examples"


@pytest.fixture(scope="session")
def example_folder(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library's folder that holds the example articles, closed. Not to be written to: see `example_copy`."""
    from qa import Library

    folder = tmp_path_factory.mktemp("examples") / "library"
    with Library.open(folder) as library:
        report = library.add(examples / "articles")
        assert not report.failed
        assert len(report.added) == len(list((examples / "articles").glob("*.html")))
    return folder


@pytest.fixture(scope="session")
def example_library(example_folder: Path) -> Iterator[Library]:
    """That library, open. Only to be asked."""
    from qa import Library

    with Library.open(example_folder, create=False) as library:
        yield library


@pytest.fixture
def example_copy(example_folder: Path, tmp_path: Path) -> Path:
    """A copy of that library's folder, to be changed."""
    return Path(shutil.copytree(example_folder, tmp_path / "library"))
