"""Files, folders and addresses to pages; the addresses are answered by a server in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from qa import sources, web
from qa.errors import FetchError, InvalidInput, SourceError, UnsupportedSource
from qa.sources import expand, load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.html",
        "a.htm",
        "notes.md",
        "c.txt",
        "picture.png",
        ".hidden.html",
        "sub/d.HTML",
        "sub/deep/e.markdown",
        ".git/f.html",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<p>words</p>")
    return tmp_path


def test_a_folder_is_its_readable_files_in_order(folder: Path) -> None:
    names = [str(Path(location).relative_to(folder)) for location in expand(folder)]
    assert names == ["a.htm", "b.html", "c.txt", "notes.md", "sub/d.HTML", "sub/deep/e.markdown"]


def test_each_location_is_listed_once_and_in_the_order_given(folder: Path) -> None:
    listed = expand(
        [folder / "c.txt", "https://a.example/x#part", str(folder), folder / "b.html", "https://a.example/x"]
    )
    assert listed[:3] == [str(folder / "c.txt"), "https://a.example/x", str(folder / "a.htm")]
    assert len(listed) == len(set(listed)) == 7


def test_loops_of_links_end(folder: Path) -> None:
    (folder / "sub" / "again").symlink_to(folder, target_is_directory=True)
    (folder / "broken.html").symlink_to(folder / "nowhere.html")
    assert len(expand(folder)) == 6


def test_the_parts_of_a_saved_page_are_no_pages(folder: Path) -> None:
    (folder / "b_files").mkdir()
    (folder / "b_files" / "frame.html").write_text("<p>advertisement</p>")
    assert [location for location in expand(folder) if "frame" in location] == []


def test_a_path_is_absolute_and_resolved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "sub")
    assert expand("../b.html") == [str((folder / "b.html").resolve())]
    assert load("../b.html").location == str((folder / "b.html").resolve())


def test_a_file_is_its_bytes_and_kind(folder: Path) -> None:
    page = load(folder / "notes.md")
    assert (page.content, page.media_type, page.url, page.charset) == (b"<p>words</p>", "text/markdown", None, None)


def test_what_is_no_readable_file_says_so(folder: Path) -> None:
    with pytest.raises(UnsupportedSource, match=r"picture\.png.*\.html, \.htm"):
        load(folder / "picture.png")
    with pytest.raises(SourceError, match=r"gone\.html does not exist"):
        load(folder / "gone.html")
    with pytest.raises(SourceError, match="is a folder"):
        load(folder)
    with pytest.raises(UnsupportedSource, match="ftp addresses are not read"):
        load("ftp://a.example/x.html")
    with pytest.raises(SourceError):
        load("a\0b.html")
    assert expand(folder / "picture.png") == [str(folder / "picture.png")]  # refused by load, so that it is reported


def test_too_large_a_file_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 5)
    with pytest.raises(SourceError, match="has 12 bytes"):
        load(folder / "b.html")


@pytest.mark.parametrize("source", [3, None, "", "  "])
def test_what_is_no_source_is_invalid(source: object) -> None:
    with pytest.raises(InvalidInput):
        expand([source])  # type: ignore[list-item]


class Site(BaseHTTPRequestHandler):
    """A small web site: each path answers in its own way."""

    seen: ClassVar[list[str]] = []  # the User-Agents that asked

    def do_GET(self) -> None:
        self.seen.append(self.headers["User-Agent"])
        if self.path == "/page":
            self.answer(200, {"Content-Type": "text/html; charset=windows-1252"}, "<p>caf\u00e9</p>".encode("cp1252"))
        elif self.path == "/moved":
            self.answer(301, {"Location": "/page#here"})
        elif self.path == "/loop":
            self.answer(302, {"Location": "/loop"})
        elif self.path == "/image":
            self.answer(200, {"Content-Type": "image/png"}, b"\x89PNG")
        elif self.path == "/large":
            self.answer(200, {"Content-Type": "text/html"}, b"x" * 5000)
        elif self.path == "/slow":
            self.server.released.wait(5)  # type: ignore[attr-defined]
            self.answer(200, {}, b"late")
        elif self.path == "/cut":
            self.answer(200, {"Content-Type": "text/html", "Content-Length": "100"}, b"short", length=False)
        elif self.path == "/plain":
            self.answer(200, {"Content-Type": "text/plain"}, b"words")
        elif self.path == "/bare":
            self.answer(200, {}, b"<p>words</p>")
        else:
            self.answer(404, {"Content-Type": "text/html"}, b"<p>gone</p>")

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"", *, length: bool = True) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


@pytest.fixture
def site(on_the_web: None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.released = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.released.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_address_is_fetched_with_what_the_server_says_of_it(site: str) -> None:
    page = load(f"{site}/page#part")
    assert page.content == "<p>caf\u00e9</p>".encode("cp1252")
    assert (page.media_type, page.charset) == ("text/html", "windows-1252")
    assert page.location == page.url == f"{site}/page"
    assert Site.seen[-1].startswith("article-qa/")


def test_a_moved_page_is_where_it_is_now(site: str) -> None:
    assert load(f"{site}/moved").location == f"{site}/page"


def test_kinds_come_from_the_server_and_html_is_assumed(site: str) -> None:
    assert load(f"{site}/plain").media_type == "text/plain"
    assert load(f"{site}/bare").media_type == "text/html"


def test_what_cannot_be_fetched_says_which_address_and_why(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FetchError, match=r"/nothing answered 404"):
        load(f"{site}/nothing")
    with pytest.raises(FetchError, match=r"/loop was redirected more than 10 times"):
        load(f"{site}/loop")
    with pytest.raises(FetchError, match=r"/cut could not be fetched"):
        load(f"{site}/cut")
    with pytest.raises(UnsupportedSource, match=r"/image is image/png; readable are"):
        load(f"{site}/image")
    with pytest.raises(FetchError, match="could not be fetched"):
        load("http://127.0.0.1:9/")
    for broken in ("http://[", "http://a b.example/", "https://" + "a" * 300 + ".example/", "http://:80:80/"):
        with pytest.raises(FetchError):
            load(broken)
    monkeypatch.setattr(web, "TIMEOUT", 0.2)
    with pytest.raises(FetchError, match="did not answer within"):
        load(f"{site}/slow")
    monkeypatch.setattr(web, "MAX_BYTES", 1000)
    with pytest.raises(FetchError, match="larger than 1000 bytes"):
        load(f"{site}/large")
