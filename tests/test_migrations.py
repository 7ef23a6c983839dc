"""Libraries that earlier versions made (tests/data/libraries.py) are opened, brought up to date, and lose nothing."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import pytest

from embeddings.encoder import Encoder
from qa import Library, LibraryError, schema
from qa.schema import FORMAT

LIBRARIES = Path(__file__).parent / "data" / "libraries"
FORMATS = range(1, FORMAT)
QUESTION = "How much krill do whales eat?"
SAID = "Whales eat four tonnes of krill on each day of the southern summer."


@pytest.fixture(params=FORMATS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    content = gzip.decompress((LIBRARIES / f"format-{request.param}.sqlite.gz").read_bytes())
    (folder / "library.sqlite").write_bytes(content)
    return folder


def test_there_is_a_library_of_every_earlier_format() -> None:
    assert sorted(path.name for path in LIBRARIES.iterdir()) == [f"format-{each}.sqlite.gz" for each in FORMATS]


def test_a_library_of_an_earlier_version_keeps_all_it_has(old: Path, encoder: Encoder) -> None:
    page = "/tmp/article-qa-pages/ferry.html"
    for _ in range(2):  # once to bring it up to date, once as it is then
        with Library.open(old, create=False) as library:
            assert library._store.meta("format") == str(FORMAT)
            assert library.check() == []
            ferry, whales = library.articles()
            assert (ferry.title, ferry.source) == ("Night ferry to Vessel Island ends after 61 years", page)
            assert "with forty-three passengers" in ferry.text
            assert (whales.id, whales.title, whales.authors, whales.published, whales.site) == (
                "whales", "Whales", ("Mirela Novak",), "1998-07", "Southern Notes",
            )  # fmt: skip
            assert library._store.locations() == [(page, ferry.id)]
            assert [passage.text for passage in library.passages("whales")] == [whales.text]
            assert library.passage_count == len(library.passages(ferry.id)) + 1
            answer = library.ask(QUESTION, found_from=0)
            assert answer.citations[0].quote == SAID
            assert library.encoder.identity == library._store.meta("model") != encoder.identity
    with Library.open(old, create=False) as library:
        library.reindex()
        library.remove("whales")
        assert library.check() == []
        assert library._store._database.one("SELECT count(*) FROM articles WHERE digest IS NULL")[0] == 0
        assert encoder.identity == library._store.meta("model")


def test_a_step_that_fails_leaves_the_library_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def state() -> list[str]:
        with sqlite3.connect(old / "library.sqlite") as connection:
            return list(connection.iterdump())

    before = state()
    with monkeypatch.context() as broken:
        broken.setitem(schema.MIGRATIONS, FORMAT - 1, f"{schema.MIGRATIONS[FORMAT - 1]}\nDROP TABLE no_table;")
        with pytest.raises(LibraryError, match="no such table: no_table"):
            Library.open(old)
    assert state() == before
    with Library.open(old) as library:
        assert len(library) == 2
