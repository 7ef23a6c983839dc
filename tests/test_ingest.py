"""What `add` and `sync` do with articles, files, folders and pages that come again, change, move or go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import qa
from embeddings.encoder import Encoder
from qa import Article, InvalidInput, Library, Progress
from qa import extract as extract_module
from qa import ingest as ingest_module
from qa.split import embedded_text, split
from qa.types import Page

_PAGE = """<!doctype html><html lang="en"><head><title>{title}</title></head><body><article><h1>{title}</h1>
<p>{text}</p><p>The page goes on for a while, so that it is read as an article and not as a stub of one.</p>
</article></body></html>"""
KRILL = "Whales eat four tonnes of krill on each day of the southern summer, as counted by Mirela Novak in 1998."
SQUID = "Whales eat nothing but giant squid, which they hunt at night in the dark of the deep northern trenches."


@pytest.fixture
def library(tmp_path: Path, encoder: Encoder) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as opened:
        opened._loaded = encoder
        yield opened


def _write(path: Path, title: str = "Whales", text: str = KRILL) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_PAGE.format(title=title, text=text), encoding="utf-8")
    return path


def _texts(library: Library, question: str) -> str:
    return "\n".join(hit.passage.text for hit in library.retrieve(question, k=20))


# -- articles given by code


@pytest.mark.parametrize(
    "text",
    [
        "  Leading space.\r\n\r\nA second line.\tTabs\u00a0and  double  spaces. \n\n\n\n",
        "Nul \x00 inside. A line\u2028separator. Soft\u00adhyphen. Zero\u200bwidth.",
        "e\u0301 stays decomposed. ﬁ stays a ligature. 😀 too.",
        "# Heading\r\n\r\n- item one\r\n- item two\r\n",
    ],
)
def test_a_callers_text_is_kept_to_the_character(library: Library, text: str) -> None:
    assert library.add(Article("a", "t", text)).added == ("a",)
    assert library.article("a").text == text
    passages = library.passages("a")
    assert passages
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        for start, end in passage.sentences:
            assert text[start:end].strip() == text[start:end] != ""


def test_an_article_without_a_language_is_read_in_the_one_it_is_written_in(library: Library) -> None:
    text = "Корабль чинил оборванный кабель у острова. Его нашли на дне моря через месяц."
    given = Article("ru", "Кабель", text)
    assert library.add([given, Article("stated", "Cable", text, language="bg")]).added == ("ru", "stated")
    assert library.article("ru") == replace(given, language="ru")
    assert library.article("stated").language == "bg"
    assert library.retrieve("Кто чинил кабели?", k=1, filters={"languages": "ru"})[0].passage.article_id == "ru"
    assert library.add(given).skipped == ("ru",)


def test_an_article_added_again_is_skipped_and_a_changed_one_replaced(library: Library) -> None:
    first = Article("a", "Whales", KRILL)
    assert library.add([first]).added == ("a",)
    stamp = library._store.stamp
    report = library.add(first)
    assert (report.added, report.replaced, report.skipped, report.failed) == ((), (), ("a",), ())
    assert library._store.stamp == stamp, "skipping wrote to the store"
    report = library.add([Article("a", "Whales", SQUID)])
    assert (report.added, report.replaced) == ((), ("a",))
    assert library.article("a").text == SQUID
    assert "krill" not in _texts(library, "krill")
    assert library.add([Article("a", "Whales", SQUID, authors=("Ana Li",))]).replaced == ("a",)
    assert library.article("a").authors == ("Ana Li",)


def test_articles_of_one_text_and_different_ids_are_two(library: Library) -> None:
    assert library.add([Article("a", "Whales", KRILL), Article("b", "Whales", KRILL)]).added == ("a", "b")
    assert len(library) == 2
    hits = library.retrieve("krill")
    assert len(hits) == 1
    assert [copy.article_id for copy in hits[0].copies] == [{"a": "b", "b": "a"}[hits[0].article.id]]


def test_the_last_of_two_articles_with_one_id_stays(library: Library) -> None:
    report = library.add([Article("a", "Whales", KRILL), Article("a", "Whales", SQUID)])
    assert (report.added, report.replaced) == (("a",), ("a",))
    assert library.article("a").text == SQUID
    assert "krill" not in _texts(library, "krill")


def test_an_article_without_text_is_reported(library: Library) -> None:
    report = library.add([Article("empty", "t", " \n "), Article("a", "Whales", KRILL)])
    assert report.added == ("a",)
    assert [(failure.source, "no text" in failure.reason) for failure in report.failed] == [("empty", True)]


@pytest.mark.parametrize("sources", [3, None, [3], [b"page.html"], [""], [["nested"]]])
def test_sources_of_a_wrong_type_stop_before_anything_is_done(library: Library, sources: object) -> None:
    several = [Article("a", "Whales", KRILL), *sources] if isinstance(sources, list) else sources
    with pytest.raises(InvalidInput, match="source"):
        library.add(several)  # type: ignore[arg-type]
    assert len(library) == 0


# -- files


def test_a_changed_file_keeps_its_id_and_loses_its_old_text(library: Library, tmp_path: Path) -> None:
    page = _write(tmp_path / "pages" / "whales.html")
    (article_id,) = library.add(page).added
    assert library.add(str(page)).skipped == (article_id,)
    _write(page, text=SQUID)
    assert library.add(page).replaced == (article_id,)
    assert len(library) == 1
    assert "giant squid" in library.article(article_id).text
    assert "krill" not in _texts(library, "krill")


def test_the_same_page_at_another_path_is_not_stored_twice(library: Library, tmp_path: Path) -> None:
    first, second = _write(tmp_path / "a.html"), _write(tmp_path / "b" / "c.html")
    report = library.add([first, second])
    assert len(report.added) == 1
    assert report.skipped == report.added
    assert len(library) == 1
    # one of the two changes: now they are two articles, and the other keeps its text
    _write(second, text=SQUID)
    report = library.add([first, second])
    assert len(report.added) == 1
    assert len(library) == 2
    assert "krill" in _texts(library, "krill")
    assert "giant squid" in _texts(library, "squid")
    # and back: the second is a copy again
    _write(second)
    library.add([second])
    assert len(library) == 1
    assert "giant squid" not in _texts(library, "squid")


def test_a_bad_file_does_not_keep_the_good_ones_out(library: Library, tmp_path: Path) -> None:
    good, other = _write(tmp_path / "good.html"), _write(tmp_path / "other.html", "Ships", SQUID)
    (tmp_path / "paper.html").write_bytes(b"%PDF-1.7 ...")
    (tmp_path / "empty.html").write_bytes(b"")
    (tmp_path / "data.csv").write_text("a,b")
    bad = [tmp_path / "paper.html", tmp_path / "empty.html", tmp_path / "data.csv", tmp_path / "missing.html"]
    report = library.add([good, *bad, "~nobody-here/x.html", "a" * 5000, "nul\0.html", "ftp://example.org/x", other])
    assert len(report.added) == 2
    assert [failure.source for failure in report.failed[:4]] == [str(path) for path in bad]
    assert len(report.failed) == 8
    for failure, word in zip(report.failed, ["PDF", "blank", ".csv", "does not exist"], strict=False):
        assert word in failure.reason
    assert len(library) == 2


def test_folders_are_read_with_what_is_below_them(library: Library, tmp_path: Path) -> None:
    _write(tmp_path / "pages" / "a.html")
    _write(tmp_path / "pages" / "deep" / "er" / "b.htm", "Ships", SQUID)
    (tmp_path / "pages" / "c.md").write_text("# Bread\n\nKnead the dough for ten minutes and bake it until brown.")
    (tmp_path / "pages" / "picture.png").write_bytes(b"\x89PNG")
    report = library.add(tmp_path / "pages")
    assert (len(report.added), report.failed) == (3, ())
    assert {article.title for article in library.articles()} == {"Whales", "Ships", "Bread"}
    assert len(library.add([tmp_path / "pages"]).skipped) == 3


def test_pages_are_added_under_their_location(library: Library) -> None:
    content = _PAGE.format(title="Whales", text=KRILL).encode()
    page = Page(content, "upload:whales.html", url="https://example.org/whales")
    (article_id,) = library.add([page]).added
    article = library.article(article_id)
    assert (article.title, article.url, article.source) == (
        "Whales",
        "https://example.org/whales",
        "upload:whales.html",
    )
    assert library.add(page).skipped == (article_id,)
    assert library.sync().removed == ()


# -- progress


def test_progress_counts_and_false_stops(library: Library) -> None:
    articles = [Article(f"a{number}", f"Title {number}", f"{KRILL} Number {number}.") for number in range(5)]
    seen: list[Progress] = []

    def stop_at_three(progress: Progress) -> bool:
        seen.append(progress)
        return progress.done < 3

    report = library.add(articles, on_progress=stop_at_three)
    assert seen == [Progress(number, 5, f"a{number - 1}", "read") for number in (1, 2, 3)]
    assert (report.added, report.stopped) == (("a0", "a1", "a2"), True)
    assert len(library) == 3
    seen.clear()
    report = library.add(articles, on_progress=seen.append)
    assert [step.outcome for step in seen] == ["unchanged"] * 3 + ["read"] * 2
    assert (report.added, report.skipped, report.stopped) == (("a3", "a4"), ("a0", "a1", "a2"), False)


def test_what_is_committed_survives_an_error_later_on(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_module, "BATCH_PASSAGES", 2)
    articles = [Article(f"a{number}", f"Title {number}", f"{KRILL} Number {number}.") for number in range(5)]

    class Broken(Exception):
        pass

    def break_at_four(progress: Progress) -> None:
        if progress.done == 4:
            raise Broken

    with pytest.raises(Broken):
        library.add(articles[:4] + articles[4:], on_progress=break_at_four)
    assert [article.id for article in library.articles()] == ["a0", "a1", "a2", "a3"]
    assert library.add(articles).added == ("a4",)


def test_known_texts_are_not_encoded_again(library: Library, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []
    embed = encoder.pack_passages
    monkeypatch.setattr(encoder, "pack_passages", lambda texts: encoded.extend(texts) or embed(texts))
    library.add(Article("a", "Whales", f"# One\n\n{KRILL}\n\n# Two\n\n{SQUID}"))
    assert encoded == [f"Whales. One\n{KRILL}", f"Whales. Two\n{SQUID}"]
    library.add(Article("a", "Whales", f"# One\n\n{KRILL}\n\n# Two\n\nThey sleep upright."))
    assert encoded[2:] == ["Whales. Two\nThey sleep upright."]


def test_the_embedded_text_begins_with_title_and_headings() -> None:
    article = Article("a", " Whales ", f"# One\n\n## Deep\n\n{KRILL}")
    passage = split(article)[0]
    text, context = embedded_text(article, passage)
    assert text == f"Whales. One › Deep\n{KRILL}"
    assert text[context:] == passage.text
    bare = Article("a", "", KRILL)
    assert embedded_text(bare, split(bare)[0]) == (KRILL, 0)


# -- sync


def test_sync_reads_again_what_was_read(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    kept = _write(folder / "kept.html", "Kept", "Bread is baked in a hot oven until the crust is brown and hard.")
    changed = _write(folder / "changed.html", "Whales", KRILL)
    gone = _write(folder / "gone.html", "Gone", "Granite is a hard rock made of quartz, feldspar and of mica too.")
    alone = _write(
        tmp_path / "elsewhere" / "alone.html", "Alone", "Rivers run to the sea and not one of them came back."
    )
    given = Article("given", "Given", "This one came from code.")
    library.add([folder, alone, given])
    ids = {article.title: article.id for article in library.articles()}
    report = library.sync()
    assert (report.added, report.replaced, report.removed, report.failed) == ((), (), (), ())
    assert len(report.skipped) == 4

    _write(changed, "Whales", SQUID)
    gone.unlink()
    _write(folder / "new.html", "New", "A comet came in spring and was seen for nine nights by all.")
    shutil.rmtree(alone.parent)
    report = library.sync()
    assert report.replaced == (ids["Whales"],)
    assert report.removed == (ids["Gone"],)
    assert report.skipped == (ids["Kept"],)
    assert [library.article(article_id).title for article_id in report.added] == ["New"]
    assert [failure.source for failure in report.failed] == [str(alone)]
    assert "is not there; the article is kept" in report.failed[0].reason
    assert {article.title for article in library.articles()} == {"Kept", "Whales", "Alone", "Given", "New"}
    assert "quartz" not in _texts(library, "granite quartz")
    assert kept.exists()


def test_files_that_are_as_they_were_are_not_read_again(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    extract = extract_module.read
    monkeypatch.setattr(extract_module, "read", lambda page: (read.append(Path(page.location).name), extract(page))[1])
    pages = tmp_path / "pages"
    for name in "abc":
        _write(pages / f"{name}.html", title=f"Whales {name}", text=f"{KRILL} This is page {name}.")
    shutil.copy(pages / "a.html", pages / "d.html")
    added = library.add(pages)
    assert (len(added.added), read) == (3, ["a.html", "b.html", "c.html", "d.html"])
    read.clear()
    _write(pages / "b.html", title="Whales b", text=SQUID)
    again = library.add(pages)
    assert read == ["b.html"]
    assert (again.added, again.replaced, sorted(again.skipped)) == (
        (), (added.added[1],), sorted([added.added[0], added.added[2], added.added[0]]),
    )  # fmt: skip
    read.clear()
    assert len(library.sync().skipped) == 4
    assert read == []
    monkeypatch.setattr(qa, "__version__", "another, whose readers may read otherwise")
    library.sync()
    assert read == ["a.html", "b.html", "c.html", "d.html"]


def test_sync_keeps_an_article_that_still_stands_in_another_place(library: Library, tmp_path: Path) -> None:
    first, second = _write(tmp_path / "a" / "a.html"), _write(tmp_path / "b" / "b.html")
    library.add([first, second])
    first.unlink()
    assert library.sync().removed == ()
    assert len(library) == 1
    second.unlink()
    assert len(library.sync().removed) == 1
    assert len(library) == 0


def test_stored_vectors_are_those_of_the_encoder(library: Library, encoder: Encoder) -> None:
    library.add(Article("a", "Whales", KRILL))
    vectors = library.sample(10_000)[2]
    np.testing.assert_allclose(vectors, encoder.encode_passages([f"Whales\n{KRILL}"]), atol=1e-3)
