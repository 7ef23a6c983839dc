"""Articles go out as lines of JSON and come back as they were; saved quotes are held against the library."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa import Article, InvalidInput, Library, LibraryError
from qa.cli import main
from qa.commands import BAD_INPUT, DONE, SOME_FAILED
from qa.saved import answer_dict, record
from qa.types import Progress

QUESTION = "How long was the Suez Canal blocked by the Ever Given?"
WHALES = Article("whales", "Whales", "Whales eat four tonnes of krill on each day of the southern summer.")


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def answered(library: Library) -> tuple[float, list[tuple[str, str, int]]]:
    answer = library.ask(QUESTION)
    assert answer.citations
    return answer.support, [(each.article_id, each.quote, each.start) for each in answer.citations]


# -- export and import


def test_a_library_goes_out_and_comes_back_as_it_was(example_copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "out" / "articles.jsonl"
    with Library.open(example_copy, create=False, dtype="float32") as library:
        first = next(library.articles()).id
        library.correct(first, {"authors": ["Ann Lee"], "published": "2020-02-29"})
        library._store.remember(str(tmp_path), "folder", given=True)
        assert library.export_jsonl(file) is True
        articles, corrected, answer = list(library.articles()), library.corrected(first), answered(library)
        places = sorted(library._store.locations())
        kept = {one.id: library._store.as_removed(one.id) for one in articles}
        collections = library.collections()
    assert [path.name for path in file.parent.iterdir()] == ["articles.jsonl"]
    assert len(lines_of(file)) == len(articles) + len(collections)
    with Library.open(tmp_path / "again", dtype="float32") as again:
        report = again.import_jsonl(file)
        assert (report.added, report.failed) == (tuple(one.id for one in articles), ())
        assert list(again.articles()) == articles
        assert sorted(again._store.locations()) == places
        assert {
            one.id: replace(again._store.as_removed(one.id), position=kept[one.id].position) for one in articles
        } == kept
        assert again.corrected(first) == corrected != {}
        assert again.collections() == collections
        assert again.check() == []
        support, quotes = answered(again)
        assert quotes == answer[1]
        assert support == pytest.approx(answer[0], abs=0.01), "its vectors may have been made in another precision"
        stamp = again.stamp
        assert again.import_jsonl(file).skipped == report.added, "once more changes nothing"
        assert again.stamp == stamp
        assert again.sync().replaced == (), "its pages are known as the versions that were read"


def test_lines_of_another_program_come_in_and_bad_ones_are_named(tmp_path: Path, encoder: Any) -> None:
    file = tmp_path / "articles.jsonl"
    good = {"article": {"id": "whales", "title": WHALES.title, "text": WHALES.text}}
    bad = [
        ("{", "JSONDecodeError"),
        ("[]", 'it has neither "article" nor "collection"'),
        ('{"article": {"id": "a", "title": "t"}}', "missing 1 required positional argument: 'text'"),
        ('{"article": {"id": "a", "title": "t", "text": "  "}}', "holds no text that could be searched"),
        ('{"article": {"id": "a", "title": "t", "text": "x", "weight": 3}}', "article has 'weight'"),
        ('{"article": {"id": "a", "title": "t", "text": "x", "published": "2023-02-30"}}', "Article.published"),
        ('{"article": {"id": "a", "title": "t", "text": "Enough."}, "locations": [[1, null, null]]}', "location is 1"),
        (
            '{"article": {"id": "whales", "title": "t", "text": "Others."}}',
            "has another version of the article 'whales'",
        ),
        ("[" * 100_000, "RecursionError"),
    ]
    file.write_text("\n".join([json.dumps(good), "", *(line for line, _ in bad)]), encoding="utf-8")
    with Library.open(tmp_path / "library") as library:
        library._loaded = encoder
        report = library.import_jsonl(file)
        assert report.added == ("whales",)
        assert list(library.articles()) == [WHALES]
        assert library.check() == []
    assert [one.source for one in report.failed] == [f"{file}, line {number}" for number in range(3, 3 + len(bad))]
    for failure, (_, why) in zip(report.failed, bad, strict=True):
        assert why in failure.reason


def test_a_version_from_outside_is_no_header(tmp_path: Path, encoder: Any) -> None:
    file = tmp_path / "articles.jsonl"
    place = ["https://example.org/whales", 'x"\r\nCookie: stolen', "Mon, 01 Jan 2024 00:00:00 GMT"]
    said = {"article": {"id": "whales", "title": WHALES.title, "text": WHALES.text}, "locations": [place]}
    file.write_text(json.dumps(said), encoding="utf-8")
    with Library.open(tmp_path / "library") as library:
        library._loaded = encoder
        library.import_jsonl(file)
        version = library._store.validators("https://example.org/whales")
        assert version is not None
        assert (version.etag, version.modified) == (None, place[2])


def test_an_export_that_is_stopped_or_fails_leaves_no_file(example_copy: Path, tmp_path: Path) -> None:
    with Library.open(example_copy, create=False) as library:
        assert library.export_jsonl(tmp_path / "a.jsonl", on_progress=lambda step: step.done < 2) is False
        assert not list(tmp_path.glob("*.jsonl*"))
        (tmp_path / "there.jsonl").write_text("mine")
        with pytest.raises(InvalidInput, match="is there already; name a file that is not"):
            library.export_jsonl(tmp_path / "there.jsonl")
        with pytest.raises(LibraryError, match="could not be written to"):
            library.export_jsonl(tmp_path / "there.jsonl" / "no-folder.jsonl")
        with pytest.raises(InvalidInput, match=r"none\.jsonl cannot be read"):
            library.import_jsonl(tmp_path / "none.jsonl")
    assert (tmp_path / "there.jsonl").read_text() == "mine"


def test_an_import_that_is_stopped_goes_on(example_copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "articles.jsonl"
    seen: list[Progress] = []

    def stop(step: Progress) -> bool:
        seen.append(step)
        return len(seen) < 5

    with Library.open(example_copy, create=False) as library:
        library.export_jsonl(file)
        ids = [one.id for one in library.articles()]
    with Library.open(tmp_path / "again") as again:
        first = again.import_jsonl(file, on_progress=stop)
        assert first.stopped
        assert 0 < len(first.added) <= 5
        assert seen[-1].total == file.stat().st_size > seen[-1].done
        second = again.import_jsonl(file)
        assert second.skipped == first.added
        assert [*first.added, *second.added] == ids == [one.id for one in again.articles()]


def test_export_and_import_as_commands(example_copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "articles.jsonl"
    assert main(["export", str(file), "--library", str(example_copy)]) == DONE
    assert main(["import", str(file), "--library", str(tmp_path / "again"), "--json", "--quiet"]) == DONE
    said = capsys.readouterr().out
    assert said.splitlines()[0] == f"{file}: 18 articles"
    assert len(json.loads(said.partition("\n")[2])["added"]) == 18
    file.write_text('{"article": {}}\n')
    assert main(["import", str(file), "--library", str(tmp_path / "again"), "--quiet"]) == SOME_FAILED
    assert main(["export", str(file), "--library", str(example_copy)]) == BAD_INPUT


# -- verify


def test_saved_quotes_are_intact_changed_or_gone(
    tmp_path: Path, encoder: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file = tmp_path / "library", tmp_path / "answers.json"
    texts = {
        "krill": "Whales eat four tonnes of krill on each day of the southern summer.",
        "canal": "The Suez Canal was blocked for six days by the Ever Given.",
        "ozone": "The Montreal Protocol was signed in September 1987.",
    }
    questions = (
        "How much krill do whales eat?",
        "How long was the Suez Canal blocked?",
        "When was the Montreal Protocol signed?",
    )
    with Library.open(folder) as library:
        library._loaded = encoder
        library.add([Article(key, key.title(), text) for key, text in texts.items()])
        answers = [library.ask(question, found_from=0, quotes=1) for question in questions]
        quoted = [answer.citations[0] for answer in answers]
        assert [one.article_id for one in quoted] == ["krill", "canal", "ozone"]
        # Two forms, in one another: what `ask --json` writes, and what the browser keeps.
        kept = {"mine": [answer_dict(answers[0]), {"exchanges": [{"answer": record(one)} for one in answers[1:]]}]}
        file.write_text(json.dumps(kept), encoding="utf-8")
        library.add(Article("krill", "Krill", f"A line before it. {texts['krill']}"))
        library.add(Article("canal", "Canal", texts["canal"].replace("six", "seven")))
        library.remove("ozone")
        found = library.verify(json.loads(file.read_text()))
    assert [(one.question, one.article_id, one.quote, one.standing, one.start) for one in found] == [
        (answers[0].question, "krill", texts["krill"], "intact", len("A line before it. ")),
        (answers[1].question, "canal", texts["canal"], "changed", None),
        (answers[2].question, "ozone", texts["ozone"], "gone", None),
    ]
    assert main(["verify", str(file), "--library", str(folder)]) == SOME_FAILED
    assert capsys.readouterr().out.splitlines() == [
        f"intact: Krill, at 18: “{texts['krill']}”",
        f"changed: Canal: “{texts['canal']}”",
        f"gone: Ozone: “{texts['ozone']}”",
        "1 intact, 1 changed, 1 gone",
    ]
    file.write_text(json.dumps(kept["mine"][0]), encoding="utf-8")
    assert main(["verify", str(file), "--library", str(folder), "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["counts"] == {"intact": 1}


def test_words_that_were_altered_after_saving_are_told(example_copy: Path) -> None:
    with Library.open(example_copy, create=False) as library:
        saved = answer_dict(library.ask(QUESTION))
        article = library.article(saved["citations"][0]["article_id"])
        assert [one.standing for one in library.verify(saved)] == ["intact"] * len(saved["citations"])
        other = article.text[:40]  # stands in the article, and is not what was cited
        saved["citations"][0]["quote"] = other
        first = library.verify(saved)[0]
    assert (first.standing, first.altered, first.quote) == ("changed", True, other)


def test_ids_that_can_be_none_are_gone(example_copy: Path) -> None:
    saved = [
        {"citations": [{"article_id": key, "quote": "q", "start": 0, "end": 1}]} for key in ("", "half \ud800", "\0")
    ]
    with Library.open(example_copy, create=False) as library:
        assert [one.standing for one in library.verify(saved)] == ["gone"] * 3


@pytest.mark.parametrize(
    ("saved", "why"),
    [
        ([], "there is no answer in it"),
        ("text", "there is no answer in it"),
        ({"citations": [3]}, "a saved citation cannot be read: TypeError"),
        ({"citations": [{"article_id": "a", "quote": "q", "start": 0}]}, "KeyError: 'end'"),
        ({"citations": [{"article_id": 1, "quote": "q", "start": 0, "end": 1}]}, "article_id of a saved citation is 1"),
        (
            {"citations": [{"article_id": "a", "quote": "q", "start": True, "end": 1}]},
            "start of a saved citation is True",
        ),
    ],
)
def test_what_is_no_saved_answer_is_said(example_copy: Path, saved: object, why: str) -> None:
    with Library.open(example_copy, create=False) as library, pytest.raises(InvalidInput, match=why):
        library.verify(saved)
