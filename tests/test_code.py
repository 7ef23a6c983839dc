"""What the code never does: run what it was given, or take objects out of data."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted([*(ROOT / "qa").rglob("*.py"), *(ROOT / "embeddings").rglob("*.py"), ROOT / "app.py"])

NEVER_IMPORTED = frozenset(
    """
    cPickle cloudpickle code codeop commands dbm dill joblib jsonpickle marshal pickle pickletools pty runpy shelve yaml
    """.split()
)
NEVER_CALLED = frozenset(
    """
    __import__ compile eval exec os.execl os.execle os.execlp os.execv os.execve os.execvp os.popen os.posix_spawn
    os.spawnl os.spawnv os.system pandas.read_pickle pd.read_pickle subprocess.call subprocess.check_call
    subprocess.check_output subprocess.getoutput subprocess.getstatusoutput torch.hub.load torch.load torch.jit.load
    """.split()
)
NEVER_TRUE = frozenset(("allow_pickle", "shell", "trust_remote_code", "external_file_access", "unsafe_allow_html"))
STARTS_PROCESSES = {"qa/readers/pdflines.py", "qa/readahead.py"}  # this program itself, to read a PDF or other files


def dotted(node: ast.expr) -> str:
    """ "a.b.c" for what is written so; "" for anything else."""
    if isinstance(node, ast.Attribute):
        return f"{before}.{node.attr}" if (before := dotted(node.value)) else ""
    return node.id if isinstance(node, ast.Name) else ""


def _is_python(command: ast.List) -> bool:
    return bool(command.elts) and dotted(command.elts[0]) == "sys.executable"


def sins(source: str) -> Iterator[str]:
    """What `source` does of that."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.split(".")[0] in NEVER_IMPORTED)
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in NEVER_IMPORTED:
                yield str(node.module)
            names = {f"{node.module}.{each.name}" for each in node.names}
            yield from sorted(names & NEVER_CALLED)
            if node.module == "subprocess":
                yield "from subprocess import"
        elif isinstance(node, ast.Call):
            called = dotted(node.func)
            if called in NEVER_CALLED:
                yield called
            starts = called in ("subprocess.run", "subprocess.Popen")
            if starts and not (node.args and isinstance(node.args[0], ast.List) and _is_python(node.args[0])):
                yield f"{called} of another program"
            for keyword in node.keywords:
                may_be_true = not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
                if keyword.arg in NEVER_TRUE and may_be_true:
                    yield f"{keyword.arg}={ast.unparse(keyword.value)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_was_given_is_run_or_unpickled(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert list(sins(source)) == []
    assert "subprocess" not in source or str(path.relative_to(ROOT)) in STARTS_PROCESSES


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pickle", "pickle"),
        ("from pickle import loads", "pickle"),
        ("import yaml.loader", "yaml.loader"),
        ("eval(x)", "eval"),
        ("os.system(x)", "os.system"),
        ("from os import system", "os.system"),
        ("from subprocess import run", "from subprocess import"),
        ("subprocess.run(x)", "subprocess.run of another program"),
        ("subprocess.Popen(['sh', x])", "subprocess.Popen of another program"),
        ("subprocess.run([sys.executable, x], shell=True)", "shell=True"),
        ("np.load(x, allow_pickle=y)", "allow_pickle=y"),
        ("torch.load(x)", "torch.load"),
        ("AutoModel.from_pretrained(x, trust_remote_code=True)", "trust_remote_code=True"),
    ],
)
def test_each_of_it_would_be_seen(source: str, found: str) -> None:
    assert list(sins(source)) == [found]
    assert (
        list(sins("np.load(x, allow_pickle=False)\nsubprocess.run([sys.executable])\nre.compile(x)\nmodel.eval()"))
        == []
    )
