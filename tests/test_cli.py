"""The command line on real libraries: what is printed, as text and as JSON, and the exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qa import AddReport, Article, Failure, Library, Progress, __version__
from qa.cli import RANKINGS, build_parser, main
from qa.commands import BAD_INPUT, DONE, INTERRUPTED, NO_ANSWER, SOME_FAILED, UNUSABLE, _reported
from qa.terminal import progress_bar
from qa.types import DATE_SOURCES

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "Whose estimate put the goods delayed by the Suez closure at 9.6 billion dollars a day?"
PAGE = """<!DOCTYPE html><html lang="en"><head><title>{title}</title></head><body><article><h1>{title}</h1>
<p>{text} The harbour master wrote the day into his book, and the pilots of the port were told the same evening.</p>
<p>Two more tugs were hired for the winter, because the currents at the mole had become stronger every year.</p>
</article></body></html>"""


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    for name, text in (("mole", "The mole was finished in 1911."), ("light", "The lighthouse was lit in 1874.")):
        (folder / f"{name}.html").write_text(PAGE.format(title=f"About the {name}", text=text), encoding="utf-8")
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in an empty folder; gives its exit code, what it said on stdout, and on stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARTICLE_QA_LIBRARY", raising=False)

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


# Options


@pytest.mark.parametrize("arguments", [["--library", "x", "--json", "list"], ["list", "--library", "x", "--json"]])
def test_shared_options_stand_before_or_after_the_command(arguments: list[str]) -> None:
    options = build_parser().parse_args(arguments)
    assert (options.library, options.json, options.quiet) == ("x", True, False)


@pytest.mark.parametrize(
    "arguments", [[], ["forget"], ["ask"], ["ask", "Who?", "--k", "x"], ["eval", "q", "--compare", "x"]]
)
def test_wrong_usage_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == BAD_INPUT
    assert capsys.readouterr().err.startswith("usage: article-qa")


def test_version_and_documented_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"article-qa {__version__}\n"
    with pytest.raises(SystemExit):
        main(["ask", "--help"])
    shown = capsys.readouterr().out
    for code in (DONE, SOME_FAILED, BAD_INPUT, UNUSABLE, NO_ANSWER, INTERRUPTED):
        assert f"\n  {code:<4} " in shown


def test_rankings_are_those_of_the_library() -> None:
    from qa import retriever

    assert set(RANKINGS) == set(retriever.RANKINGS)


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("add", "ask", "list", "remove", "sync", "sources", "reindex", "serve", "eval"):
        with pytest.raises(SystemExit) as exit_:
            main([name, "--help"])
        assert exit_.value.code == 0
        assert "--json" in capsys.readouterr().out


# add, list, sync, remove, reindex


def test_add_reports_and_is_idempotent(run: Any, pages: Path) -> None:
    assert run("add", pages) == (DONE, "2 added, 0 replaced, 0 unchanged, 0 failed\n", "")
    assert run("add", pages) == (DONE, "0 added, 0 replaced, 2 unchanged, 0 failed\n", "")
    assert (Path.cwd() / "library").is_dir()


def test_add_names_what_failed(run: Any, pages: Path) -> None:
    code, out, err = run("add", pages / "mole.html", pages / "none.html")
    assert (code, err) == (SOME_FAILED, "")
    failed, counts = out.splitlines()
    assert failed.startswith("failed: ")
    assert "none.html" in failed
    assert counts == "1 added, 0 replaced, 0 unchanged, 1 failed"
    code, out, _ = run("add", pages / "none.html", "--json")
    report = json.loads(out)
    assert (code, report["added"], len(report["failed"])) == (SOME_FAILED, [], 1)
    assert "none.html" in report["failed"][0]["source"]


def test_add_and_list_name_what_is_not_whole(run: Any, tmp_path: Path) -> None:
    page = tmp_path / "cut.html"
    page.write_text("<html><body><article><p>The pier stands on forty piles, and thirty-nine of them are ro")
    code, out, _ = run("add", page)
    assert code == DONE
    assert out.splitlines()[0] == f"not whole: {page}: the file ends in the middle; save or download it again"
    assert run("list")[1].splitlines()[0].endswith(" (cut-short)")
    listed = json.loads(run("list", "--json")[1])["articles"]
    assert [article["flags"] for article in listed] == [["cut-short"]]


def test_library_from_the_environment(run: Any, pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTICLE_QA_LIBRARY", str(tmp_path / "mine"))
    run("add", pages)
    assert (tmp_path / "mine").is_dir()
    assert not (tmp_path / "library").exists()


def test_list_shows_and_searches(run: Any, example_folder: Path) -> None:
    code, out, err = run("list", "--library", example_folder)
    *articles, counts = out.splitlines()
    assert (code, err) == (DONE, "")
    assert counts.startswith(f"{len(articles)} articles, ")
    assert len(articles) == 18
    code, out, _ = run("list", "eyjafjalla", "--library", example_folder, "--json")
    found = json.loads(out)
    assert [article["title"] for article in found["articles"] if "Eyjafjalla" in article["title"]] != []
    assert len(found["articles"]) < 18
    assert {article["date_source"] for article in found["articles"] if article["published"]} <= DATE_SOURCES
    assert found["passages"] == sum(article["passages"] for article in found["articles"]) > 0
    assert run("list", "no such title", "--library", example_folder)[1] == "0 articles, 0 passages\n"


def test_sync_replaces_and_removes(run: Any, pages: Path) -> None:
    run("add", pages)
    (pages / "light.html").write_text(PAGE.format(title="The light", text="It was lit in 1875."), encoding="utf-8")
    (pages / "mole.html").unlink()
    code, out, _ = run("sync")
    assert (code, out) == (DONE, "0 added, 1 replaced, 0 unchanged, 1 removed, 0 gone, 0 failed\n")
    listed = json.loads(run("list", "--json")[1])["articles"]
    assert [article["title"] for article in listed] == ["The light"]


def test_remove_asks_first(run: Any, pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("add", pages)
    ids = [article["id"] for article in json.loads(run("list", "--json")[1])["articles"]]
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))  # no terminal: nobody to ask
    code, out, err = run("remove", *ids)
    assert (code, out) == (BAD_INPUT, "")
    assert "--yes" in err
    assert len(json.loads(run("list", "--json")[1])["articles"]) == 2

    code, out, err = run("remove", ids[0], "no-such-id", "--yes")
    assert (code, out) == (BAD_INPUT, "")
    assert "no-such-id" in err
    assert len(json.loads(run("list", "--json")[1])["articles"]) == 2

    assert run("remove", ids[0], "--yes") == (DONE, "removed 1 article\n", "")
    assert json.loads(run("remove", ids[1], ids[1], "--yes", "--json")[1]) == {"removed": [ids[1]]}
    assert json.loads(run("list", "--json")[1]) == {"articles": [], "passages": 0}


@pytest.mark.parametrize(("reply", "left"), [("n", 2), ("", 2), ("y", 1)])
def test_remove_heeds_the_reply(run: Any, pages: Path, monkeypatch: pytest.MonkeyPatch, reply: str, left: int) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    run("add", pages)
    first = json.loads(run("list", "--json")[1])["articles"][0]
    monkeypatch.setattr("sys.stdin", Terminal(f"{reply}\n"))
    code, out, err = run("remove", first["id"])
    assert code == DONE
    assert out == ("removed 1 article\n" if reply == "y" else "nothing removed\n")
    assert first["title"] in err
    assert "Remove 1 article? [y/N]" in err
    assert len(json.loads(run("list", "--json")[1])["articles"]) == left


def test_reindex_keeps_everything(run: Any, pages: Path) -> None:
    run("add", pages)
    before = json.loads(run("list", "--json")[1])
    code, out, _ = run("reindex", "--json")
    after = json.loads(out)
    assert (code, after["articles"], after["passages"]) == (DONE, 2, before["passages"])
    assert "MiniLM" in after["model"]
    assert json.loads(run("list", "--json")[1]) == before


# ask


def test_ask_prints_cited_sentences(run: Any, example_folder: Path) -> None:
    code, out, err = run("ask", QUESTION, "--library", example_folder)
    assert (code, err) == (DONE, "")
    answer, sources, support = out.strip().split("\n\n")
    assert "Lloyd's List" in answer
    assert "[1]" in answer
    assert sources.startswith("[1] ")
    assert support in {"support: strong", "support: likely", "support: weak"}


def test_ask_quotes_as_many_sentences_as_are_asked_for(run: Any, example_folder: Path) -> None:
    several = "What causes faults in submarine cables?"
    for number in (1, 2):
        _, out, _ = run("ask", several, "--quotes", str(number), "--library", example_folder, "--json")
        assert len(json.loads(out)["citations"]) == number
    code, _, err = run("ask", several, "--quotes", "21", "--library", example_folder)
    assert code == BAD_INPUT
    assert "quotes is 21; give a whole number from 1 to 20" in err


def test_ask_json_holds_the_answer(run: Any, example_folder: Path) -> None:
    code, out, err = run("ask", QUESTION, "--k", "3", "--library", example_folder, "--json")
    answer = json.loads(out)
    assert (code, err, answer["found"]) == (DONE, "", True)
    assert [citation["number"] for citation in answer["citations"]] == list(range(1, len(answer["citations"]) + 1))
    assert len(answer["hits"]) <= 3
    with Library.open(example_folder) as library:
        for citation in answer["citations"]:
            text = library.article(citation["article_id"]).text
            assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_ask_says_when_there_is_no_answer(run: Any, example_folder: Path) -> None:
    code, out, err = run("ask", "How do bees make royal jelly?", "--library", example_folder)
    assert (code, err) == (NO_ANSWER, "")
    assert "\n\nNearest passages:\n1. " in out
    assert run("ask", "How do bees make royal jelly?", "--library", example_folder, "--json")[0] == NO_ANSWER


def test_ask_filters(run: Any, example_folder: Path) -> None:
    question = ("ask", "When was the volcano's eruption?", "--library", example_folder, "--json")
    hits = json.loads(run(*question, "--since", "2022", "--k", "8")[1])["hits"]
    assert hits
    assert all(hit["article"]["published"] >= "2022" for hit in hits)
    hits = json.loads(run(*question, "--language", "es")[1])["hits"]
    assert {hit["article"]["language"] for hit in hits} == {"es"}
    nobody = json.loads(run(*question, "--author", "nobody of that name")[1])
    assert (nobody["found"], nobody["hits"]) == (False, [])


def test_ask_with_history(run: Any, example_folder: Path, tmp_path: Path) -> None:
    said = [
        {"role": "user", "content": "How many containers can the MSC Irina carry?"},
        {"role": "assistant", "content": "The MSC Irina can carry 24,346 of them."},
    ]
    (tmp_path / "said.json").write_text(json.dumps(said), encoding="utf-8")
    question = ("ask", "Who owns it?", "--library", example_folder, "--json")
    assert json.loads(run(*question)[1])["question"] == "Who owns it?"
    assert "Irina" in json.loads(run(*question, "--history", "said.json")[1])["question"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--since", "some year"), "'some year'"),
        (("--since", "2023", "--until", "2022"), "no date lies between"),
        (("--k", "0"), "0"),
        (("--history", "none.json"), "'none.json' cannot be read"),
        (("--history", "broken.json"), "'broken.json' is not JSON"),
        (("--history", "object.json"), "'object.json': history is dict"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    run: Any, example_folder: Path, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "broken.json").write_text("[", encoding="utf-8")
    (tmp_path / "object.json").write_text("{}", encoding="utf-8")
    code, out, err = run("ask", "Who?", "--library", example_folder, *arguments)
    assert (code, out) == (BAD_INPUT, "")
    assert err.startswith("article-qa: ")
    assert err.count("\n") == 1
    assert complaint in err


# Libraries that cannot be used


@pytest.mark.parametrize("command", [("list",), ("ask", "Who?"), ("sync",), ("remove", "x", "--yes"), ("reindex",)])
def test_a_library_that_is_not_there_is_not_made(run: Any, tmp_path: Path, command: tuple[str, ...]) -> None:
    code, out, err = run(*command, "--library", tmp_path / "none")
    assert (code, out) == (UNUSABLE, "")
    assert str(tmp_path / "none") in err
    assert not (tmp_path / "none").exists()


def test_errors_are_json_too(run: Any, tmp_path: Path) -> None:
    code, out, err = run("list", "--library", tmp_path / "none", "--json")
    error = json.loads(out)["error"]
    assert code == UNUSABLE
    assert error["type"].startswith("Library")
    assert error["message"] in err


def test_another_model_is_refused(run: Any, example_copy: Path) -> None:
    code, out, err = run("ask", "Who?", "--model", "./no-such-model", "--library", example_copy)
    assert (code, out) == (UNUSABLE, "")
    assert "no-such-model" in err


# eval


def test_eval_compares(run: Any, examples: Path, example_folder: Path) -> None:
    questions = examples / "questions.jsonl"
    arguments = ("eval", questions, "--library", example_folder, "--compare", "dense", "--limit", "6")
    code, out, err = run(*arguments)
    assert (code, err) == (DONE, "")
    lines = out.splitlines()
    assert lines[0].split() == ["per", "cent", "full", "dense", "difference"]
    assert [line.split()[0] for line in lines[1:6]] == ["recall@1", "recall@3", "recall@5", "recall@10", "MRR@10"]
    assert lines[-1].startswith("6 questions; ")
    rankings = json.loads(run(*arguments, "--json")[1])["rankings"]
    assert set(rankings) == {"full", "dense"}
    assert rankings["full"]["questions"] == 6
    assert 0 <= rankings["full"]["mrr_10"] <= 1


def test_eval_on_pages_of_its_own(run: Any, pages: Path, tmp_path: Path) -> None:
    records = [
        {"id": "a", "question": "When was the mole finished?", "article_ids": ["mole"], "answers": ["1911"]},
        {"id": "b", "question": "When was the lighthouse lit?", "article_ids": ["light"], "answers": ["1874"]},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    code, out, _ = run("eval", path, "--articles", pages, "--json")
    full = json.loads(out)["rankings"]["full"]
    assert (code, full["placed"], full["recall_1"]) == (DONE, 2, 1.0)
    assert not (tmp_path / "library").exists()


@pytest.mark.parametrize("arguments", [("none.jsonl",), ("q.jsonl", "--limit", "0"), ("q.jsonl",)])
def test_eval_refuses_bad_input(run: Any, example_folder: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    record = {"question": "Who?", "article_ids": ["of another library"], "answers": ["he"]}
    (tmp_path / "q.jsonl").write_text(json.dumps(record), encoding="utf-8")
    code, out, err = run("eval", *arguments, "--library", example_folder)
    assert (code, out) == (BAD_INPUT, "")
    assert err.startswith("article-qa: ")


# serve


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_serve_refuses_a_port_that_is_none(run: Any, port: str) -> None:
    code, _, err = run("serve", "--port", port)
    assert code == BAD_INPUT
    assert port in err


# Streams


def test_text_from_pages_does_not_steer_the_terminal(run: Any, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        text = "The mole was built in 1911. \x1b[31mRed."
        library.add(Article(id="x", title="Bad \x1b[2J\x07 title\r\u202egnihton", text=text))
    for command in (("list",), ("ask", "When was the mole built?")):
        _, out, _ = run(*command)
        assert "title" in out
        assert not set(out) & set("\x1b\x07\r")


def test_a_closed_pipe_is_no_error(example_folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "qa", "list", "--library", str(example_folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    try:
        closed = subprocess.run(command, env=environment, stdout=writer, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writer)
    assert (closed.returncode, closed.stderr) == (DONE, b"")


def test_other_alphabets_on_a_narrow_terminal(example_folder: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "qa", "list", "--library", str(example_folder)]
    narrow = subprocess.run(command, env=environment, capture_output=True, check=False)
    wide = subprocess.run([*command, "--json"], env=environment, capture_output=True, check=False)
    assert (narrow.returncode, narrow.stderr) == (DONE, b"")
    assert b"\\x" in narrow.stdout  # the Spanish title
    titles = "".join(article["title"] for article in json.loads(wide.stdout.decode("utf-8"))["articles"])
    assert not titles.isascii()


# Interruption


def test_ctrl_c_stops_after_what_is_committed() -> None:
    before = signal.getsignal(signal.SIGINT)
    with progress_bar("adding", quiet=False) as on_progress:
        assert on_progress(Progress(1, 3, "a.html")) is True
        signal.raise_signal(signal.SIGINT)
        assert on_progress(Progress(2, 3, "b.html")) is False
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_stopped_add_says_so() -> None:
    outcome = _reported(AddReport(added=("a",), failed=(Failure("b", "no\narticle"),), stopped=True))
    assert outcome.code == INTERRUPTED
    assert outcome.text.splitlines() == [
        "failed: b: no article",
        "1 added, 0 replaced, 0 unchanged, 1 failed",
        "stopped before the end; the same command goes on from here",
    ]
