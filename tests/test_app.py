"""The running app without a browser: its API, the reading view, what handlers do, how the process starts and ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup
from gradio_client import Client  # type: ignore[import-untyped]
from gradio_client.exceptions import AppError  # type: ignore[import-untyped]

from qa import Article, Block, Filters, InvalidInput, Library
from qa import answer as answering
from qa.ui import shared as shared_module
from qa.ui.ask import asking
from qa.ui.conversation import Conversation, exchange_record
from qa.ui.kept import Sessions
from qa.ui.line import Line
from qa.ui.reading import article_page
from qa.ui.server import _address, _listener, create_app, running
from qa.ui.words import words

EN = words()
ROOT = Path(__file__).resolve().parent.parent
SHARE = "How much of the electricity of Snorre and Gullfaks comes from floating turbines?"


@pytest.fixture(scope="module")
def address(example_library: Library) -> Iterator[str]:
    with running(example_library, port=free_port()) as url:
        yield url


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


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
        soup = BeautifulSoup(article_page(article, EN), "html.parser")
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
        soup = BeautifulSoup(article_page(article, EN, start=4, end=15), "html.parser")
        assert [(mark.get("id"), mark.text) for mark in soup.select("mark")] == [("quote", "two."), (None, "Three")]

    @pytest.mark.parametrize(("start", "end"), [(-1, 3), (5, 5), (9, 2), (0, 10_000)])
    def test_impossible_stretches_mark_nothing(self, start: int, end: int) -> None:
        article = Article(id="x", title="T", text="One two.\n\nThree.")
        assert "<mark" not in article_page(article, EN, start=start, end=end)

    def test_headings_are_listed_with_links_to_them(self) -> None:
        text = "## First\n\nOne.\n\n## <Second>\n\nTwo.\n\n### Third\n\nThree."
        soup = BeautifulSoup(article_page(Article(id="x", title="T", text=text), EN), "html.parser")
        links = soup.select("nav a")
        assert [link.text for link in links] == ["First", "<Second>", "Third"]
        assert [soup.select_one(f"[id='{link['href'][1:]}']").name for link in links] == ["h2", "h2", "h3"]  # type: ignore[index, union-attr]
        assert soup.select("script") == []

    def test_it_speaks_the_page_s_language(self, address: str, example_library: Library) -> None:
        article = next(example_library.articles())
        _, page, _ = get(f"{address}ar/article?id={article.id}")
        html = BeautifulSoup(page, "html.parser").html
        assert (html["lang"], html["dir"]) == ("ar", "rtl")  # type: ignore[index]
        status, page, _ = get(f"{address}fr/article?id=none")
        assert (status, "Article introuvable" in page) == (404, True)

    def test_text_stays_text(self) -> None:
        bad = '<script>alert(1)</script><img src=x onerror="alert(2)">'
        article = Article(id="x", title=bad, text=bad, authors=(bad,), site=bad)
        soup = BeautifulSoup(article_page(article, EN), "html.parser")
        assert soup.select("script, img") == []
        assert soup.select_one("h1").text == bad  # type: ignore[union-attr]
        assert soup.select_one("article p").text == bad  # type: ignore[union-attr]


class TestLanguages:
    @pytest.mark.parametrize(
        ("path", "headers", "to"),
        [
            ("", {"Accept-Language": "fr-CH, fr;q=0.9, en;q=0.8"}, "/fr/"),
            ("?q=hola&site=X", {"Accept-Language": "es"}, "/es/?q=hola&site=X"),
            ("", {"Accept-Language": "de, en;q=0.5"}, None),
            ("", {"Accept-Language": "fr", "Cookie": "article-qa-language=en"}, None),
            ("", {"Accept-Language": "en", "Cookie": "article-qa-language=ar"}, "/ar/"),
            ("", {}, None),
            ("es", {}, "/es/"),
        ],
    )
    def test_a_browser_is_led_to_its_language(
        self, address: str, path: str, headers: dict[str, str], to: str | None
    ) -> None:
        response = httpx.get(f"{address}{path}", headers=headers)
        assert response.headers.get("location") == to
        assert response.status_code == (307 if to else 200)

    def test_choosing_a_language_is_remembered(self, address: str) -> None:
        response = httpx.get(f"{address}language/ar")
        assert response.headers["location"] == "/ar/"
        assert "article-qa-language=ar" in response.headers["set-cookie"]
        assert httpx.get(f"{address}language/xx").headers["location"] == "/"


@pytest.fixture(scope="module")
def kept(example_library: Library) -> dict[str, object]:
    """A conversation of one question as a browser keeps it."""
    *_, view = asking(example_library, SHARE, Conversation(), EN)
    (one,) = view.conversation.exchanges
    return {"id": "x", "title": "My <talk>", "exchanges": [exchange_record(one)]}


class TestExport:
    @pytest.mark.parametrize(
        ("format_", "media_type", "held"),
        [
            ("md", "text/markdown", "# My \\<talk\\>"),
            ("html", "text/html", '<h1 dir="auto">My &lt;talk&gt;</h1>'),
            ("bib", "application/x-bibtex", "author = {Abiodun, Jonas}"),
            ("json", "application/vnd.citationstyles.csl+json", '"family": "Abiodun"'),
        ],
    )
    def test_a_conversation_becomes_a_document(
        self, address: str, kept: dict[str, object], format_: str, media_type: str, held: str
    ) -> None:
        response = httpx.post(f"{address}export?format={format_}", json=kept)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith(media_type)
        assert response.headers["content-disposition"] == "attachment"
        assert held in response.text

    @pytest.mark.parametrize(
        ("format_", "body", "reason"),
        [
            ("md", "{", "not JSON"),
            ("md", "[]", "needs an object"),
            ("exe", '{"exchanges": []}', "use md, html, bib or json"),
            ("md", '{"exchanges": [{"question": "x", "answer": 3}]}', "must be an object"),
        ],
    )
    def test_what_cannot_be_exported_is_said(self, address: str, format_: str, body: str, reason: str) -> None:
        response = httpx.post(f"{address}export?format={format_}", content=body)
        assert response.status_code == 422
        assert reason in response.text


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
        assert headers["content-security-policy"].startswith("default-src 'none'")

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


def test_a_call_that_finds_no_place_in_the_line_is_told_so_and_one_that_is_cancelled_ends(
    example_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(at_once=1, waiting=0)
    monkeypatch.setattr(shared_module, "Line", lambda: line)
    read: list[str] = []
    compose = answering.compose
    monkeypatch.setattr(
        answering, "compose", lambda text, *rest, **named: (read.append(text), compose(text, *rest, **named))[1]
    )
    with Library.open(example_copy) as library, running(library) as url:
        client = Client(url, verbose=False)
        with library._store._index._lock:  # type: ignore[attr-defined]
            first = client.submit("Who was Nikolai Vavilov?", api_name="/ask")
            _until(lambda: line.answering == 1)
            with pytest.raises(AppError, match="0 questions are waiting already; ask again in a moment"):
                client.predict("When was the Montreal Protocol signed?", api_name="/retrieve")
            first.cancel()
        _until(lambda: line.answering == 0)
        assert "Who was Nikolai Vavilov?" not in read
        answer = client.predict("When was the Montreal Protocol signed?", api_name="/ask")
        assert answer["found"]
        assert "When was the Montreal Protocol signed?" in read


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_calls_leave_little_behind(example_copy: Path) -> None:
    with Library.open(example_copy) as library:
        app = create_app(library)
        sessions = app.routes[-1].app.state_holder  # type: ignore[attr-defined]
        assert isinstance(sessions, Sessions)
        opened = sessions["a page"]
        opened[next(key for key, block in opened.blocks_config.blocks.items() if block.stateful)] = "what it holds"
        for number in range(300):
            assert sessions[f"call {number}"].config_values == {}
        assert list(sessions.session_data)[:2] == ["a page", "call 200"]
        assert len(sessions.session_data) == len(sessions.time_last_used) == 101
        app.state.shared.end()
