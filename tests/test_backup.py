"""A library is copied while in use, comes back from a copy as it was, and what is wrong with one is said."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from test_store import _as_format_4

from qa import Article, InvalidInput, Library, LibraryError
from qa.cli import main
from qa.commands import BAD_INPUT, DONE, UNUSABLE

QUESTION = "How long was the Suez Canal blocked by the Ever Given?"


def answered(folder: Path) -> tuple[float, list[tuple[str, str, int, int]]]:
    with Library.open(folder, create=False, dtype="float32") as library:
        answer = library.ask(QUESTION)
        assert answer.citations
        return answer.support, [(each.article_id, each.quote, each.start, each.end) for each in answer.citations]


def test_a_library_comes_back_from_a_backup_as_it_was(example_copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "somewhere" / "backup.sqlite"
    with Library.open(example_copy, create=False) as library:
        assert library.back_up(file) is True
        articles = list(library.articles())
    assert sorted(path.name for path in file.parent.iterdir()) == ["backup.sqlite"]
    with Library.from_backup(file, tmp_path / "again") as again:
        assert list(again.articles()) == articles
        assert again.check() == []
        assert len(list((tmp_path / "again").glob("index/*/vectors.faiss"))) == 1
    assert answered(tmp_path / "again") == answered(example_copy)


def test_a_backup_is_one_state_while_others_write(tmp_path: Path) -> None:
    """Two notes go in together, again and again: a copy has both of a pair, or neither."""
    stopped = threading.Event()
    with Library.open(tmp_path / "library") as library, Library.open(tmp_path / "library") as other:

        def write() -> None:
            number = 0
            while not stopped.is_set():
                number += 1
                with library._store.write():
                    for half in "ab":
                        library._store.set_meta(f"{number}-{half}", "x" * 4_000)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(5):
                other.back_up(tmp_path / f"{number}.sqlite")
        finally:
            stopped.set()
            writer.join()
    sizes = []
    for number in range(5):
        with sqlite3.connect(tmp_path / f"{number}.sqlite") as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            keys = [row[0] for row in copy.execute("SELECT key FROM meta WHERE key GLOB '[0-9]*'")]
        assert {key[:-2] for key in keys if key[-1] == "a"} == {key[:-2] for key in keys if key[-1] == "b"}
        sizes.append(len(keys))
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]  # it went on meanwhile


def test_nothing_is_overwritten(example_copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    file.write_text("mine")
    with Library.open(example_copy, create=False) as library, pytest.raises(InvalidInput, match=r"backup\.sqlite is"):
        library.back_up(file)
    assert file.read_text() == "mine"
    file.unlink()
    with Library.open(example_copy, create=False) as library:
        library.back_up(file)
    before = (example_copy / "library.sqlite").read_bytes()
    with pytest.raises(InvalidInput, match="holds a library"):
        Library.from_backup(file, example_copy)
    assert (example_copy / "library.sqlite").read_bytes() == before


def test_a_drive_without_links_is_good_enough(
    example_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr("os.link", link)
    with Library.open(example_copy, create=False) as library:
        assert library.back_up(tmp_path / "out" / "backup.sqlite") is True
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["backup.sqlite"]
    with Library.from_backup(tmp_path / "out" / "backup.sqlite", tmp_path / "again") as again:
        assert again.check() == []


def test_a_stopped_backup_leaves_nothing(example_copy: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def stop(progress: object) -> bool:
        seen.append((progress.done, progress.total))  # type: ignore[attr-defined]
        return False

    with Library.open(example_copy, create=False) as library:
        assert library.back_up(tmp_path / "out" / "backup.sqlite", on_progress=stop) is False
    assert len(seen) == 1
    assert 0 < seen[0][0] <= seen[0][1]
    assert list((tmp_path / "out").iterdir()) == []


def test_a_backup_that_cannot_be_written_says_so(example_copy: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with Library.open(example_copy, create=False) as library, pytest.raises(LibraryError, match="could not be copied"):
        library.back_up(tmp_path / "file" / "backup.sqlite")


@pytest.mark.parametrize("damage", ["text", "short", "flipped", "other", "missing"])
def test_what_is_no_whole_backup_is_refused_and_leaves_nothing(damage: str, example_copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    with Library.open(example_copy, create=False) as library:
        library.back_up(file)
    content = bytearray(file.read_bytes())
    if damage == "text":
        file.write_text("a list of what to buy")
    elif damage == "short":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        for at in range(8_192, len(content), 40_000):
            content[at : at + 64] = bytes(each ^ 0xFF for each in content[at : at + 64])
        file.write_bytes(content)
    else:
        file.unlink()
    if damage == "other":
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE shopping (what TEXT)")
    with pytest.raises(InvalidInput, match=r"backup\.sqlite"):
        Library.from_backup(file, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_library_on_a_server_is_kept_by_its_server(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no folder"):
        Library.from_backup(tmp_path / "backup.sqlite", "milvus://127.0.0.1:19530/mine")


# -- check


def test_a_whole_library_has_no_problems(example_copy: Path) -> None:
    looked_at: list[int] = []
    with Library.open(example_copy, create=False) as library:
        assert library.check(on_progress=lambda progress: looked_at.append(progress.done)) == []
        assert looked_at == list(range(1, len(library) + 1))
        first, second = (summary.id for summary in library.summaries()[:2])
        library.correct(first, {"title": "Another title"})
        library.restore(library.remove(second))
        assert library.check() == []


def test_a_library_of_an_older_format_has_no_problems(example_copy: Path) -> None:
    with sqlite3.connect(example_copy / "library.sqlite") as old:
        _as_format_4(old)
    with Library.open(example_copy, create=False) as library:
        assert library.check() == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE texts SET text = replace(text, 'Suez', 'Sues')", "is not what was stored"),
        ("UPDATE texts SET text = replace(text, 'Suez', 'Sues')", "is not what stands there"),
        ("DELETE FROM texts WHERE rowid = 3", "1 articles without a text"),
        ("DELETE FROM tokens WHERE id = 5", "1 passages without token vectors"),
        ("DELETE FROM indexed WHERE id = 5", "1 passages without a vector"),
        ("INSERT INTO tokens VALUES (99999, x'00')", "1 token vectors without a passage"),
        ("UPDATE indexed SET vector = x'0000' WHERE id = 5", "1 vectors of another length"),
        ("UPDATE totals SET passages = passages + 2", "2 passages that are not counted"),
        ("UPDATE totals SET terms = terms - 3", "3 search terms that are not counted"),
        ("UPDATE articles SET passages = passages + 1 WHERE position = 1", "of its 7 passages 6 are there"),
        ("DELETE FROM names WHERE rowid = 2", "1 articles that are not found by name"),
        ("UPDATE passages SET sentences = x'00' WHERE id = 4", "cannot be read"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM articles WHERE position = 1", "texts without an article"),
    ],
)
def test_what_is_wrong_is_said(change: str, problem: str, example_copy: Path) -> None:
    with sqlite3.connect(example_copy / "library.sqlite") as database:
        database.executescript(f"DROP TRIGGER passage_removed; {change}")
    with Library.open(example_copy, create=False) as library:
        found = library.check()
    assert any(problem in each for each in found), found


def test_a_damaged_index_is_made_anew(example_copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = answered(example_copy)
    (file,) = example_copy.glob("index/*/vectors.faiss")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with Library.open(example_copy, create=False) as library:
        (problem,) = library.check()
    assert "the index is damaged, which loses nothing" in problem
    assert "made anew" in caplog.text
    with Library.open(example_copy, create=False) as library:
        assert library.check() == []
    assert answered(example_copy) == before


def test_commands(example_copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str | Path) -> tuple[int, str]:
        code = main([str(each) for each in arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    file = tmp_path / "backup.sqlite"
    assert run("check", "--library", example_copy) == (DONE, "18 articles, all whole\n")
    assert run("backup", file, "--library", example_copy) == (DONE, f"{file}: 18 articles\n")
    assert run("restore", file, "--library", tmp_path / "b") == (DONE, f"{tmp_path / 'b'}: 18 articles\n")
    assert run("restore", file, "--library", tmp_path / "b")[0] == BAD_INPUT
    with sqlite3.connect(tmp_path / "b" / "library.sqlite") as database:
        database.execute("UPDATE totals SET passages = 1")
    code, said = run("check", "--library", tmp_path / "b")
    assert code == UNUSABLE
    assert "passages that are not counted" in said
    assert "article-qa restore" in said
    with sqlite3.connect(tmp_path / "b" / "library.sqlite") as database:
        database.execute("UPDATE texts SET text = 'x' || text")
    code, said = run("check", "--library", tmp_path / "b")
    assert len(said.splitlines()) == 22
    assert "more; --json has all" in said


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("articles", "site = 'Another site'"),
        ("texts", "blocks = replace(blocks, 'paragraph', 'quote')"),
        ("passages", "hash = x'00'"),
        ("indexed", "vector = CAST(x'00' || substr(vector, 2) AS BLOB)"),
        ("indexed", "terms = terms || ' more'"),
        ("tokens", "tokens = CAST(x'00' || substr(tokens, 2) AS BLOB)"),
    ],
)
def test_whatever_is_changed_of_an_article_behind_its_back_is_said(example_copy: Path, table: str, change: str) -> None:
    with Library.open(example_copy, create=False) as library:
        article = next(library.articles())
        at = (
            "id = ?"
            if table in ("articles", "texts")
            else f"{table}.id = (SELECT min(id) FROM passages WHERE article_id = ?)"
        )
        library._store._database.run(f"UPDATE {table} SET {change} WHERE {at}", (article.id,))
        said = f"article {article.id} ({article.title!r}): something of it is not what was stored"
        counted = ["1 search terms that are not counted, or more counted than there are"] * ("terms" in change)
        assert library.check() == [*counted, said]
        library.reindex()
        assert library.check() == ([said] if table in ("articles", "texts") else []), "passages are made anew"


def test_a_full_disk_is_called_one_and_nothing_is_changed(example_copy: Path) -> None:
    with Library.open(example_copy, create=False) as library:
        database = library._store._database
        (pages,) = database.one("PRAGMA page_count")
        database.run(f"PRAGMA max_page_count = {pages}")  # as a disk without room does, it gives SQLITE_FULL
        articles, stamp = list(library.articles()), library.stamp
        with pytest.raises(
            LibraryError, match=r"no room is left on the disk of the library .*; free some and do it again"
        ):
            library.add(Article("long", "Long", "A sentence of many. " * 5_000))
        assert (list(library.articles()), library.stamp) == (articles, stamp)
        assert library.check() == []
        database.run(f"PRAGMA max_page_count = {pages * 10}")
        assert library.add(Article("long", "Long", "A sentence of many. " * 5_000)).added == ("long",)


_READ_ONLY = """
import sys
from qa import Article, Library, LibraryError
folder, backup = sys.argv[1:]
with Library.open(folder, create=False) as library:
    print(library.ask("How long was the Suez Canal blocked by the Ever Given?").citations[0].quote)
    first = next(library.articles()).id
    print(library.check(), library.back_up(backup))
    add = lambda: library.add(Article("a", "A", "Some text."))
    for change in (lambda: library.remove(first), add, library.reindex):
        try:
            change()
        except LibraryError as error:
            print(str(error).replace(folder, "FOLDER"))
"""


def test_a_library_that_nobody_may_write_to_is_asked_and_backed_up(example_copy: Path, tmp_path: Path) -> None:
    quote = answered(example_copy)[1][0][1]
    as_anyone = [sys.executable, "-c", _READ_ONLY, str(example_copy), str(tmp_path / "copy.sqlite")]
    if os.geteuid() == 0:  # who may write everywhere, unless that is taken away
        as_anyone[:0] = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    for path in (*example_copy.rglob("*"), example_copy):
        path.chmod(path.stat().st_mode & 0o555)
    try:
        done = subprocess.run(as_anyone, capture_output=True, text=True, check=False)
    finally:
        for path in (example_copy, *example_copy.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
    refused = (
        "the library FOLDER is read-only here, and nothing was changed; copy it to where you may write, or have its"
    )
    assert done.stdout.splitlines() == [quote, "[] True", *[f"{refused} permissions changed"] * 3], done.stderr
    with Library.from_backup(tmp_path / "copy.sqlite", tmp_path / "again") as again:
        assert again.check() == []
