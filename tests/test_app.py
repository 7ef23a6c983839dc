"""The running app without a browser: its API, the reading view, what handlers do, how the process starts and ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from gradio_client import Client  # type: ignore[import-untyped]

from qa import Article, Block, Filters, InvalidInput, Library
from qa.types import FLAGS, Progress
from qa.ui import shelf
from qa.ui.ask import NO_ARTICLES, asking, example_questions
from qa.ui.conversation import filters, history, messages, panels
from qa.ui.reading import article_page
from qa.ui.server import _address, _listener, running

ROOT = Path(__file__).resolve().parent.parent
SHARE = "How much of the electricity of Snorre and Gullfaks comes from floating turbines?"


@pytest.fixture(scope="module")
def address(example_library: Library) -> Iterator[str]:
    with running(example_library, port=free_port()) as url:
        yield url


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as library:
        yield library


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def get(url: str) -> tuple[int, str, dict[str, str]]:
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return response.status, response.read().decode(), {k.lower(): v for k, v in response.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), {k.lower(): v for k, v in error.headers.items()}


class TestEndpoints:
    def test_ask_answers_with_exact_citations(self, client: Client, example_library: Library) -> None:
        answer = client.predict(SHARE, api_name="/ask")
        assert answer["found"] is True
        assert "about 35 per cent" in answer["text"]
        assert [each["number"] for each in answer["citations"]] == list(range(1, len(answer["citations"]) + 1))
        for citation in answer["citations"]:
            text = example_library.article(citation["article_id"]).text
            assert text[citation["start"] : citation["end"]] == citation["quote"]
        assert len(answer["hits"]) == 5

    def test_retrieve_gives_what_the_library_gives(self, client: Client, example_library: Library) -> None:
        found = client.predict(SHARE, 3, None, {"authors": ["Abiodun"]}, api_name="/retrieve")
        expected = example_library.retrieve(SHARE, k=3, filters=Filters(authors=("Abiodun",)))
        assert [hit["passage"]["text"] for hit in found] == [hit.passage.text for hit in expected]
        assert {hit["article"]["authors"][0] for hit in found} == {"Jonas Abiodun"}

    def test_history_is_used(self, client: Client, example_library: Library) -> None:
        turns = [{"role": "user", "content": SHARE}, {"role": "assistant", "content": "About 35 per cent."}]
        answer = client.predict("And since when do they produce it?", 5, turns, api_name="/ask")
        expected = example_library.ask("And since when do they produce it?", history=turns)
        assert (answer["question"], answer["text"]) == (expected.question, expected.text)

    def test_errors_say_what_is_wrong(self, client: Client) -> None:
        with pytest.raises(Exception, match="unknown filter auther"):
            client.predict(SHARE, 3, None, {"auther": "x"}, api_name="/retrieve")

    def test_nothing_else_is_exposed(self, client: Client) -> None:
        api = client.view_api(print_info=False, return_format="dict")
        assert sorted(api["named_endpoints"]) == ["/ask", "/retrieve"]
        assert api["unnamed_endpoints"] == {}


class TestReadingView:
    def test_quote_is_marked_in_the_whole_article(self, address: str, client: Client, example_library: Library) -> None:
        citation = client.predict(SHARE, api_name="/ask")["citations"][0]
        article = example_library.article(citation["article_id"])
        status, page, headers = get(
            f"{address}article?id={article.id}&start={citation['start']}&end={citation['end']}#quote"
        )
        soup = BeautifulSoup(page, "html.parser")
        assert status == 200
        assert "default-src 'none'" in headers["content-security-policy"]
        assert soup.select_one("h1").text == article.title  # type: ignore[union-attr]
        assert soup.select_one("mark#quote").text == citation["quote"]  # type: ignore[union-attr]
        headings = [article.text[b.start : b.end] for b in article.blocks if b.kind == "heading"]
        shown = [heading.text for heading in soup.select("article h2, article h3, article h4")]
        assert shown
        assert shown == [heading for heading in headings if heading != article.title]
        words = " ".join(soup.select_one("article").get_text(" ").split())  # type: ignore[union-attr]
        assert article.text.split()[-1] in words

    def test_unknown_article_is_404_in_words(self, address: str) -> None:
        status, page, _ = get(f"{address}article?id=%3Cscript%3E")
        assert status == 404
        assert "No such article" in page
        assert "<script>" not in page

    def test_structure_is_drawn(self) -> None:
        text = "Top\n\nFirst para.\n\none\ntwo\n\nName | Height\nDam | 111 m\n\nA saying."
        kinds = [("Top", "heading", 2), ("First para.", "paragraph", 0), ("one", "item", 1), ("two", "item", 2)]
        kinds += [("Name | Height", "row", 1), ("Dam | 111 m", "row", 0), ("A saying.", "quote", 0)]
        blocks = tuple(
            Block(kind, text.index(part), text.index(part) + len(part), level)  # type: ignore[arg-type]
            for part, kind, level in kinds
        )
        article = Article(id="x", title="Title", text=text, blocks=blocks, url="javascript:alert(1)")
        soup = BeautifulSoup(article_page(article), "html.parser")
        drawn = [f"{tag.name}: {tag.text}" for tag in soup.select("article :is(h2, p, li, blockquote)")]
        assert drawn == ["h2: Top", "p: First para.", "li: one", "li: two", "blockquote: A saying."]
        assert [[cell.text for cell in row.select("th, td")] for row in soup.select("tr")] == [
            ["Name", "Height"],
            ["Dam", "111 m"],
        ]
        assert soup.select("a") == []
        assert soup.select("mark") == []

    def test_a_stretch_over_several_blocks_is_marked_in_each(self) -> None:
        article = Article(id="x", title="T", text="One two.\n\nThree four.\n\nFive.")
        soup = BeautifulSoup(article_page(article, start=4, end=15), "html.parser")
        assert [(mark.get("id"), mark.text) for mark in soup.select("mark")] == [("quote", "two."), (None, "Three")]

    @pytest.mark.parametrize(("start", "end"), [(-1, 3), (5, 5), (9, 2), (0, 10_000)])
    def test_impossible_stretches_mark_nothing(self, start: int, end: int) -> None:
        article = Article(id="x", title="T", text="One two.\n\nThree.")
        assert "<mark" not in article_page(article, start=start, end=end)

    def test_text_stays_text(self) -> None:
        bad = '<script>alert(1)</script><img src=x onerror="alert(2)">'
        article = Article(id="x", title=bad, text=bad, authors=(bad,), site=bad)
        soup = BeautifulSoup(article_page(article), "html.parser")
        assert soup.select("script, img") == []
        assert soup.select_one("h1").text == bad  # type: ignore[union-attr]
        assert soup.select_one("article p").text == bad  # type: ignore[union-attr]


class TestAsking:
    def test_steps_of_an_answer(self, example_library: Library) -> None:
        first, last = asking(example_library, f"  {SHARE} ", ())
        assert (first.conversation, first.pending) == ((), SHARE)
        (exchange,) = last.conversation
        assert "about 35 per cent" in exchange.reply
        assert [message["role"] for message in last.chat] == ["user", "assistant"]
        assert history(last.conversation) == [
            {"role": "user", "content": SHARE},
            {"role": "assistant", "content": exchange.reply},
        ]
        assert "<" not in exchange.reply

    def test_each_answer_keeps_its_numbers_and_only_the_newest_panel_is_shown(self, example_library: Library) -> None:
        *_, one = asking(example_library, SHARE, ())
        *_, two = asking(example_library, "Why did so few Tongans die in the 2022 tsunami?", one.conversation)
        sections = BeautifulSoup(panels(two.conversation), "html.parser").select("section")
        assert [(section["id"], section.has_attr("hidden")) for section in sections] == [
            ("a2-passages", False),
            ("a1-passages", True),
        ]
        said = BeautifulSoup("".join(m["content"] for m in messages(two.conversation)), "html.parser")
        for link in said.select("a.qa-cite"):
            assert any(section.select_one(f"mark[id='{str(link['href'])[1:]}']") for section in sections)

    def test_loading_is_said(self, example_library: Library) -> None:
        first, _ = asking(example_library, SHARE, (), ready=lambda: False)
        assert "loading" in first.notice

    @pytest.mark.parametrize(
        ("question", "since", "notice"),
        [("  ", "", "Type a question first."), (SHARE, "March", "“From” is 'March'; give a date that exists as")],
    )
    def test_what_cannot_be_asked_is_said_and_kept(
        self, example_library: Library, question: str, since: str, notice: str
    ) -> None:
        (view,) = asking(example_library, question, (), since=since)
        assert view.notice.startswith(notice)
        assert view.typed == question.strip()

    def test_filters_of_the_page(self, example_library: Library) -> None:
        assert filters("Abiodun, Brandt", "", "2021", "2023-02") == Filters(
            authors=("Abiodun", "Brandt"), since="2021", until="2023-02"
        )
        *_, view = asking(example_library, SHARE, (), authors="Abiodun")
        answer = view.conversation[0].panel
        assert answer is not None
        assert {hit.article.authors for hit in answer.hits} == {("Jonas Abiodun",)}

    def test_empty_library(self, library: Library) -> None:
        (view,) = asking(library, SHARE, ())
        assert view.notice == NO_ARTICLES
        assert example_questions(library) == []

    def test_example_questions_have_answers(self, example_library: Library, examples: Path) -> None:
        questions = example_questions(example_library)
        assert len(questions) == 4
        known = {
            entry["question"]: entry for entry in map(json.loads, (examples / "questions.jsonl").open(encoding="utf-8"))
        }
        for question in questions:
            quote = example_library.ask(question).citations[0].quote
            assert any(span in quote for span in known[question]["answers"]), question


class TestShelf:
    def test_adding_files_and_addresses(self, library: Library, tmp_path: Path) -> None:
        page = tmp_path / "upload" / "dam.txt"
        page.parent.mkdir()
        page.write_text("The dam\n\nThe dam on the river was begun in 1961. It was finished in 1968, after two floods.")
        secret = tmp_path / "secret.txt"
        secret.write_text("Secret\n\nThis file of the server must not be read by whoever has the page open.\n")
        steps: list[Progress] = []
        told = shelf.add(library, [str(page)], f"{secret}\nfile://{secret}\n", on_progress=steps.append)
        report = BeautifulSoup(told, "html.parser")
        assert [summary.text for summary in report.select("summary")] == ["1 article added", "2 not added"]
        assert f"{secret}: not a web address; it must start with https:// or http://" in report.text
        assert [article.title for article in library.articles()] == ["The dam"]
        assert (steps[-1].done, steps[-1].total) == (1, 1)
        page.unlink()  # the server's temporary files go; the library's own copy stays
        (article,) = library.articles()
        assert library.sync().removed == ()
        assert [each.title for each in library.articles()] == ["The dam"]
        copy = Path(library.folder) / "uploads" / "dam.txt"
        assert copy.exists()
        assert "1 article removed" in shelf.remove(library, [article.id])
        assert len(library) == 0
        assert not copy.exists()

    def test_a_bookmarks_file_is_kept_though_some_of_it_is_left_out(self, library: Library, tmp_path: Path) -> None:
        file = tmp_path / "bookmarks.html"
        file.write_text('<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p>\n<DT><A HREF="javascript:x()">Tool</A>\n</DL>')
        told = BeautifulSoup(shelf.add(library, [str(file)], ""), "html.parser")
        assert "bookmarks.html: entries left out that are no web addresses: 1 (javascript)" in told.text
        kept = Path(library.folder).resolve() / "uploads" / "bookmarks.html"
        assert kept.exists()
        assert [each.location for each in library.collections()] == [str(kept)]

    def test_stopping_is_said_and_the_same_again_goes_on(self, library: Library, tmp_path: Path) -> None:
        files = []
        for number, name in enumerate(("ash", "beech", "cedar")):
            file = tmp_path / f"{name}.txt"
            file.write_text(
                f"The {name}\n\nThe {name} in the park was planted in {1850 + number} by the town gardener.\n"
            )
            files.append(str(file))
        stopped = BeautifulSoup(shelf.add(library, files, "", on_progress=lambda step: step.done < 2), "html.parser")
        assert [summary.text for summary in stopped.select("summary")] == ["2 articles added"]
        assert "Stopped before the end. What was added stays; adding the same again goes on from there." in stopped.text
        assert sorted(article.title for article in library.articles()) == ["The ash", "The beech"]
        again = BeautifulSoup(shelf.add(library, files, "", on_progress=lambda step: True), "html.parser")
        assert [summary.text for summary in again.select("summary")] == ["1 article added", "2 articles already there"]
        assert "Stopped" not in again.text

    def test_two_uploads_of_one_name_are_two_articles(self, library: Library, tmp_path: Path) -> None:
        for place, subject in (("a", "dam on the upper river"), ("b", "weir below the old mill")):
            (tmp_path / place).mkdir()
            (tmp_path / place / "index.txt").write_text(
                f"The {subject}\n\nThis is about the {subject}, and about nothing else at all, as one can read here.\n"
            )
        shelf.add(library, [str(tmp_path / "a" / "index.txt")], "")
        shelf.add(library, [str(tmp_path / "b" / "index.txt")], "")
        assert sorted(article.title for article in library.articles()) == [
            "The dam on the upper river",
            "The weir below the old mill",
        ]

    def test_nothing_chosen_and_nothing_readable(self, library: Library, tmp_path: Path) -> None:
        assert "Choose files or paste addresses first" in shelf.add(library, [], " \n")
        empty = tmp_path / "<img src=x onerror=alert(1)>.txt"
        empty.write_text("")
        told = BeautifulSoup(shelf.add(library, [str(empty)], ""), "html.parser")
        assert told.select("img") == []
        assert told.select_one("summary").text == "1 not added"  # type: ignore[union-attr]
        assert list((Path(library.folder) / "uploads").iterdir()) == []

    def test_a_page_that_is_not_whole_is_named(self, library: Library, tmp_path: Path) -> None:
        page = tmp_path / "cut.html"
        page.write_text("<html><body><article><p>The pier stands on forty piles, and thirty-nine of them are ro")
        told = BeautifulSoup(shelf.add(library, [str(page)], ""), "html.parser")
        assert [each.get_text() for each in told.find_all("summary")] == ["1 article added", "1 not whole"]
        assert "the file ends in the middle; save or download it again" in told.get_text()
        mark = BeautifulSoup(shelf.table(library), "html.parser").select_one(".qa-flag")
        assert mark is not None
        assert (mark.get_text(), mark["title"]) == ("file cut short", FLAGS["cut-short"])

    def test_table_lists_searches_and_escapes(self, library: Library) -> None:
        assert "No articles yet" in shelf.table(library)
        bold = Article(
            id='x"<b>', title="<b>Bold</b> claims", text="A claim is made here. It is bold.", authors=("Ana",)
        )
        library.add(bold)
        library.add(Article(id="y", title="Other", text="Something else is said here.", published="2020-05"))
        rows = BeautifulSoup(shelf.table(library), "html.parser").select("tbody tr")
        assert sorted(row.select_one("th").text for row in rows) == ["<b>Bold</b> claims", "Other"]  # type: ignore[union-attr]
        (row,) = BeautifulSoup(shelf.table(library, "ANA"), "html.parser").select("tbody tr")
        assert [cell.text for cell in row.select("td")] == ["", "Ana", "", "", "1 passage"]
        assert row.input["value"] == 'x"<b>'  # type: ignore[index]
        assert "No title, author or site matches “&lt;zzz&gt;”" in shelf.table(library, "<zzz>")
        assert shelf.counts(library) == "2 articles · 2 passages"
        question = BeautifulSoup(shelf.confirmation(library, ['x"<b>']), "html.parser")
        assert question.text == "Remove “<b>Bold</b> claims” from the library?"
        assert shelf.confirmation(library, ["gone"]) == ""


class TestProcess:
    def test_taken_ports(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(InvalidInput, match=f"cannot listen on 127.0.0.1, port {port}"):
                _listener("127.0.0.1", port)
        with _listener("127.0.0.1", None) as first, _listener("127.0.0.1", None) as second:
            assert first.getsockname()[1] >= 7860
            assert second.getsockname()[1] > first.getsockname()[1]
            assert _address(first) == f"http://127.0.0.1:{first.getsockname()[1]}/"

    def test_page_asks_no_other_host(self, address: str) -> None:
        _, page, headers = get(address)
        tags = BeautifulSoup(page, "html.parser").select("script, link")
        loaded = [str(tag.get("src") or tag.get("href") or "") for tag in tags]
        assert [each for each in loaded if re.match(r"(https?:)?//", each)] == []
        assert headers["content-security-policy"].startswith("default-src 'self'")

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
    def test_python_app_py_starts_with_the_examples_and_ends_on_ctrl_c(self, tmp_path: Path) -> None:
        environment = {**os.environ, "ARTICLE_QA_LIBRARY": str(tmp_path / "new"), "PYTHONUNBUFFERED": "1"}
        log = tmp_path / "log"
        with log.open("w") as out:
            process = subprocess.Popen([sys.executable, str(ROOT / "app.py")], stderr=out, stdout=out, env=environment)
        try:
            deadline = time.monotonic() + 180
            while not (match := re.search(r"Open (http://\S+) in a browser", log.read_text())):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            while True:
                try:
                    status, page, _ = get(match[1])
                    break
                except urllib.error.URLError:
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.2)
            assert status == 200
            assert "<title>" in page or "gradio-app" in page
            assert "(18 articles)" in log.read_text()
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0
            assert "Traceback" not in log.read_text()
        finally:
            process.kill()
