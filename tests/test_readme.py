"""What the README shows is what happens: its Python runs, its commands run and print what it says they print.

The blocks run from top to bottom in a folder that holds nothing but a copy of `examples/`; Python blocks share
one namespace, and commands share the folder with them. In expected output a line "…" or "..." stands for any
lines, and both stand for any text within a line. A block right after the comment `<!-- not run: why -->` is only
checked for what can be checked without running it: Python compiles, `article-qa` commands parse.
"""

from __future__ import annotations

import doctest
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qa.cli import build_parser, main
from qa.commands import DONE, NO_ANSWER

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<body>.*?)^(?P=indent)```\s*$", re.MULTILINE | re.DOTALL
)
NOT_RUN = re.compile(r"<!--\s*not run:\s*\S[^>]*-->\s*$")
SHELLS = {"console", "bash", "sh", "shell"}
NEVER_ENDS = {"serve"}


@dataclass(frozen=True, slots=True)
class Snippet:
    """A fenced block of the README; `runs` False where a comment says that it is not run."""

    line: int
    language: str
    body: str
    runs: bool


def snippets(text: str) -> list[Snippet]:
    found = []
    for match in FENCE.finditer(text):
        indent = match["indent"]
        body = "".join(line.removeprefix(indent) for line in match["body"].splitlines(keepends=True))
        runs = not NOT_RUN.search(text[: match.start()].rstrip())
        found.append(Snippet(text.count("\n", 0, match.start()) + 1, match["language"], body, runs))
    return found


def commands(snippet: Snippet) -> list[tuple[list[str], list[str]]]:
    """The `article-qa` commands of a shell block, each as its arguments and the lines it is shown to print.

    In ```console blocks commands start with "$ " and output follows; in the others every line is a command. A ">" with
    a file's name stays among the arguments.
    """
    found: list[tuple[list[str], list[str]]] = []
    listening = False
    for line in snippet.body.replace("\\\n", " ").splitlines():
        command = line.removeprefix("$ ") if snippet.language != "console" or line.startswith("$ ") else None
        if command is None:
            if listening:
                found[-1][1].append(line)
            continue
        words = shlex.split(command, comments=True)
        listening = words[:1] == ["article-qa"]
        if listening:
            found.append((words[1:], []))
    return found


def matches(expected: list[str], printed: str) -> bool:
    """Whether `printed` is what is expected, with "…" and "..." standing for anything."""
    want = "\n".join(line.rstrip() for line in expected).strip("\n").replace("…", "...")
    got = "\n".join(line.rstrip() for line in printed.splitlines()).strip("\n").replace("…", "...")
    return doctest.OutputChecker().check_output(want + "\n", got + "\n", doctest.ELLIPSIS)


def run_command(snippet: Snippet, arguments: list[str], expected: list[str], capsys: Any) -> None:
    where = f"README.md:{snippet.line}: article-qa {shlex.join(arguments)}"
    kept_in = Path(arguments.pop()) if arguments[-2:-1] == [">"] and arguments.pop(-2) else None
    options = build_parser().parse_args(arguments)
    if not snippet.runs or options.run.__name__.strip("_") in NEVER_ENDS:
        return
    capsys.readouterr()
    code = main(arguments)
    said = capsys.readouterr()
    assert code in {DONE, NO_ANSWER}, f"{where}: exit code {code}: {said.err}"
    if kept_in is not None:
        kept_in.write_text(said.out, encoding="utf-8")
    if expected:
        assert matches(expected, said.out), f"{where} printed:\n{said.out}"


@pytest.mark.skipif(not README.exists(), reason="there is no README.md yet")
def test_readme_is_true(
    examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "examples").symlink_to(examples, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARTICLE_QA_LIBRARY", raising=False)
    namespace: dict[str, Any] = {"__name__": "readme"}
    ran = 0
    for snippet in snippets(README.read_text(encoding="utf-8")):
        if snippet.language == "python":
            # Padded, so that a traceback names the README's own lines.
            code = compile("\n" * snippet.line + snippet.body, str(README), "exec")
            if snippet.runs:
                exec(code, namespace)
                ran += 1
        elif snippet.language in SHELLS:
            for arguments, expected in commands(snippet):
                run_command(snippet, arguments, expected, capsys)
                ran += 1
    assert ran >= 2, "the README shows neither code nor commands"


@pytest.mark.skipif(not README.exists(), reason="there is no README.md yet")
def test_readme_names_the_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(
        re.findall(r"\bmake ([a-z][a-z-]+)", " ".join(re.findall(r"`[^`]*`|```.*?```", README.read_text(), re.DOTALL)))
    )
    assert {"run", "test"} <= named <= targets


# The reading of the README itself

SAMPLE = """
```python
x = 1
```

<!-- not run: needs the network -->
```python
raise SystemExit
```

1. First:
   ```console
   $ article-qa ask "Who owns it?" \\
       --k 3   # a comment
   Shoei … [1]

   $ ls
   library
   $ article-qa list
   ```

```bash
pip install article-qa
article-qa add pages/
```
"""


def test_snippets_and_commands_are_found() -> None:
    python, not_run, console, bash = snippets(SAMPLE)
    assert (python.line, python.body, python.runs) == (2, "x = 1\n", True)
    assert (not_run.language, not_run.runs) == ("python", False)
    assert commands(console) == [(["ask", "Who owns it?", "--k", "3"], ["Shoei … [1]", ""]), (["list"], [])]
    assert commands(bash) == [(["add", "pages/"], [])]


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (["a", "b"], "a\nb\n", True),
        (["a", "c"], "a\nb\n", False),
        (["a"], "a\nb\n", False),
        (["a", "…"], "a\nb\nc\n", True),
        (["a … d"], "a b c d\n", True),
        (["a … e"], "a b c d\n", False),
    ],
)
def test_expected_output_is_compared(expected: list[str], printed: str, same: bool) -> None:
    assert matches(expected, printed) is same
