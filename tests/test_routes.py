"""What the running app answers to whom, over plain HTTP: its headers, other sites and names, Gradio's own routes."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import loops
import pytest

from qa import Article, Library
from qa.ui.guard import Guard
from qa.ui.server import running

TEXT = "The lighthouse of Vell was built in 1881 by the mason Ida Kron. Its lamp burns oil of rape."
Reply = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("routes") / "library") as library:
        library.add(Article(id="vell", title="</script><script>alert(1)</script>", text=TEXT, authors=("Ida <b>",)))
        yield library


@pytest.fixture(scope="module")
def address(library: Library) -> Iterator[str]:
    with running(library, names=["Reading-Room.example"]) as url:
        yield url


@pytest.fixture(scope="module")
def adding(address: str) -> int:
    """The number by which the page calls what adds to the library."""
    config = httpx.get(f"{address}config").json()
    (button,) = (each["id"] for each in config["components"] if each["props"].get("elem_id") == "qa-add-button")
    (number,) = (each["id"] for each in config["dependencies"] if [button, "click"] in each["targets"])
    return int(number)


def send(address: str, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> Reply:
    """Sends the path as it is written."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    own = {"Content-Type": "application/json"} if content is not None else {}
    try:
        connection.request(method, path, body=content, headers=own | (headers or {}))
        response = connection.getresponse()
        read = b"" if "event-stream" in response.headers.get("content-type", "") else response.read()
        return response.status, {name.lower(): value for name, value in response.headers.items()}, read
    finally:
        connection.close()


SAME_EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), serial=(), usb=()",
}
DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
READING = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' 6 digests; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
KEPT = {"id": "x", "title": "T", "exchanges": []}


class TestHeaders:
    @pytest.mark.parametrize(
        ("method", "path", "body", "status", "policy"),
        [
            ("GET", "/", None, 200, PAGE),
            ("GET", "/ar/", None, 200, PAGE),
            ("GET", "/article?id=vell", None, 200, READING),
            ("GET", "/article?id=none", None, 404, READING),
            ("GET", "/article", None, 422, DATA),
            ("POST", "/export?format=html", KEPT, 200, DATA),
            ("POST", "/export?format=exe", KEPT, 422, DATA),
            ("GET", "/export", None, 404, DATA),
            ("GET", "/language/fr", None, 303, DATA),
            ("GET", "/config", None, 200, DATA),
            ("GET", "/gradio_api/info", None, 200, DATA),
            ("GET", "/gradio_api/heartbeat/abc", None, 200, DATA),
            ("POST", "/gradio_api/upload", b"", 400, DATA),
            ("POST", "/gradio_api/run/predict", b"{", 422, DATA),
            ("GET", "/gradio_api/file=/etc/passwd", None, 404, DATA),
            ("GET", "/nothing", None, 404, DATA),
        ],
    )
    def test_every_answer_has_them(
        self, address: str, method: str, path: str, body: Any, status: int, policy: str
    ) -> None:
        answered, headers, _ = send(address, method, path, body=body)
        assert answered == status
        assert {name: headers.get(name) for name in SAME_EVERYWHERE} == SAME_EVERYWHERE
        assert headers["cache-control"] == "no-store"
        digests = r"('sha256-[A-Za-z0-9+/=]{44}' ?)+"
        count = len(re.findall("sha256", headers["content-security-policy"]))
        found = re.sub(digests, f"{count} digests", headers["content-security-policy"])
        assert found == policy

    def test_what_holds_no_article_may_be_kept(self, address: str) -> None:
        page = send(address, "GET", "/")[2].decode()
        (script,) = re.findall(r'src="\./(assets/index-[^"]+\.js)"', page)
        status, headers, _ = send(address, "GET", f"/{script}")
        assert (status, headers.get("cache-control")) == (200, None)
        assert {name: headers.get(name) for name in SAME_EVERYWHERE} == SAME_EVERYWHERE

    def test_an_article_adds_no_script_to_the_page(self, address: str, library: Library) -> None:
        """The page holds the list of articles; were its title a script, it would have got a digest of its own."""
        page = send(address, "GET", "/")[2].decode()
        assert "u003cscript" in page
        assert len(re.findall(r"<script\b", page)) == 6

    @pytest.mark.parametrize("begun", [False, True])
    def test_an_error_that_nobody_foresaw(self, begun: bool) -> None:
        async def fails(scope: Any, receive: Any, send: Any) -> None:
            if begun:
                await send({"type": "http.response.start", "status": 200, "headers": []})
            raise ZeroDivisionError

        sent: list[Any] = []

        async def call() -> None:
            async def keep(message: Any) -> None:
                sent.append(message)

            scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"localhost")]}
            await Guard(fails)(scope, None, keep)

        with pytest.raises(ZeroDivisionError):
            loops.run(call())
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        assert [each.get("status") for each in sent] == ([200] if begun else [500, None])
        assert headers["x-frame-options"] == "DENY"


CROSS = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
NEIGHBOUR = {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:9"}
OPENED = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


class TestOtherSites:
    @pytest.mark.parametrize(
        ("host", "status"),
        [
            ("127.0.0.1:7860", 200),
            ("localhost", 200),
            ("LocalHost:99", 200),
            ("[::1]:7860", 200),
            ("192.168.7.7:7860", 200),
            ("reading-room.example:7860", 200),
            ("evil.example", 403),
            ("evil.example:7860", 403),
            ("localhost.evil.example", 403),
            ("127.0.0.1.evil.example", 403),
            ("0x7f.1", 403),
            ("2130706433", 403),
            ("evil.example@127.0.0.1", 200),  # its host is the address
            ("127.0.0.1@evil.example", 403),
            ("[::1", 403),
            ("", 403),
        ],
    )
    def test_only_under_its_own_names(self, address: str, host: str, status: int) -> None:
        """A name that an attacker turned to this machine has the attacker's pages for same-origin."""
        for path in ("/", "/config", "/article?id=vell"):
            answered, _, body = send(address, "GET", path, {"Host": host, "Sec-Fetch-Site": "same-origin"})
            assert answered == status, path
            assert (b"lighthouse" in body or b"Ask your articles" in body or b"components" in body) == (status == 200)

    @pytest.mark.parametrize(
        "headers",
        [
            CROSS,
            NEIGHBOUR,
            {"Origin": "https://evil.example"},
            {"Origin": "http://127.0.0.1:9"},
            {"Origin": "http://localhost:9"},
            {"Origin": "null"},
            {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
            {**OPENED, "Origin": "https://evil.example"},
        ],
    )
    @pytest.mark.parametrize(
        ("path", "media_type"),
        [
            ("/gradio_api/run/predict", "application/json"),
            ("/gradio_api/run/predict", "text/plain"),
            ("/gradio_api/queue/join", "text/plain"),
            ("/gradio_api/call/ask", "text/plain"),
            ("/gradio_api/upload", "multipart/form-data; boundary=x"),
            ("/gradio_api/cancel", "text/plain"),
            ("/export?format=md", "text/plain"),
            ("/fr/export?format=md", "application/x-www-form-urlencoded"),
        ],
    )
    def test_another_site_makes_it_do_nothing(
        self, address: str, adding: int, library: Library, headers: dict[str, str], path: str, media_type: str
    ) -> None:
        body = {"data": [None, "https://evil.example/x", ""], "fn_index": adding, "session_hash": "s", "exchanges": []}
        status, answered, said = send(address, "POST", path, {**headers, "Content-Type": media_type}, body)
        assert status == 403
        assert said == b"This was asked by a page of another site, which may not use the app.\n"
        assert not [name for name in answered if name.startswith("access-control")]
        assert len(library) == 1

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
    @pytest.mark.parametrize(
        "path",
        ["/", "/article?id=vell", "/config", "/gradio_api/info", "/gradio_api/queue/data?session_hash=s",
         "/gradio_api/heartbeat/s", "/gradio_api/startup-events", "/language/ar"],
    )  # fmt: skip
    @pytest.mark.parametrize("headers", [CROSS, NEIGHBOUR, {"Origin": "null"}, {**OPENED, "Sec-Fetch-Dest": "iframe"}])
    def test_another_site_reads_nothing(self, address: str, method: str, path: str, headers: dict[str, str]) -> None:
        asked = {"Access-Control-Request-Method": "POST"} if method == "OPTIONS" else {}
        status, answered, _ = send(address, method, path, headers | asked)
        assert status == 403
        assert not [name for name in answered if name.startswith(("access-control", "set-cookie"))]

    def test_a_link_from_elsewhere_opens_the_page_and_changes_nothing(self, address: str) -> None:
        for path in ("/", "/?q=Who", "/es/", "/article?id=vell"):
            assert send(address, "GET", path, OPENED)[0] == 200
        status, headers, _ = send(address, "GET", "/language/ar", OPENED)
        assert (status, "set-cookie" in headers) == (403, False)
        own = {**OPENED, "Sec-Fetch-Site": "same-origin"}
        assert "article-qa-language=ar" in send(address, "GET", "/language/ar", own)[1]["set-cookie"]

    @pytest.mark.parametrize(
        "headers",
        [
            {},  # a program
            {"Sec-Fetch-Site": "none"},  # typed, or from a bookmark
            {"Sec-Fetch-Site": "same-origin", "Origin": "https://proxy.example"},
            {"Origin": "{own}"},
            {"Host": "reading-room.example", "Origin": "https://reading-room.example"},
            {"Origin": "https://reading-room.example"},  # a proxy that names the app's own address as the host
        ],
    )
    def test_its_own_page_and_programs_are_served(self, address: str, headers: dict[str, str]) -> None:
        own = {name: value.format(own=address.rstrip("/")) for name, value in headers.items()}
        assert send(address, "POST", "/export?format=md", own, KEPT)[0] == 200


# What the published advisories asked for, and the like: method, path, body. All are CVE-2023-51449, -2024-1183, -1561,
# -1728, -2206, -4941, -34510, -47084, -47164 to -47872, -51751, -2025-23042, -2026-28414 to -28416, -27167, -48545,
# -49119, -59806 or -134825, or stand in Gradio 6.31 unused.
ABSENT = [
    ("GET", "/gradio_api/file=/etc/passwd", None),
    ("GET", "/file=/etc/passwd", None),
    ("GET", "/gradio_api/file/etc/passwd", None),
    ("GET", "/gradio_api/file=../../../../etc/passwd", None),
    ("GET", "/gradio_api/file=..%2f..%2f..%2fetc%2fpasswd", None),
    ("GET", "/gradio_api/file=%252e%252e%252fetc%252fpasswd", None),
    ("GET", "/gradio_api/file=/proc/self/environ", None),
    ("GET", "/gradio_api/file=C:%5CWindows%5Cwin.ini", None),
    ("GET", "/gradio_api/file=%5C%5Cevil.example%5Cshare", None),
    ("GET", "/gradio_api/file=/etc/passwd%00.png", None),
    ("GET", "/gradio_api/file={folder}/library.sqlite", None),
    ("GET", "/gradio_api/file={folder}/uploads/note.html", None),
    ("GET", "/gradio_api/file={uploaded}", None),
    ("HEAD", "/gradio_api/file={uploaded}", None),
    ("GET", "/es/gradio_api/file={uploaded}", None),
    ("GET", "/gradio_api/file=http://{other}/x", None),
    ("GET", "/gradio_api/file=https://evil.example/x", None),
    ("GET", "/gradio_api/proxy=http://{other}/x", None),
    ("GET", "/proxy=http://{other}/x", None),
    ("GET", "/static/../../../../../../../etc/passwd", None),
    ("GET", "/static//etc/passwd", None),
    ("GET", "/static/..%2f..%2f..%2f..%2fetc%2fpasswd", None),
    ("GET", "/static/%2e%2e/%2e%2e/routes.py", None),
    ("GET", "/static//windows/win.ini", None),
    ("GET", "/static/C:%5CWindows%5Cwin.ini", None),
    ("GET", "/assets/../index.html", None),
    ("GET", "/assets/..%5c..%5cindex.html", None),
    ("GET", "/assets/index%00.js", None),
    ("GET", "/svelte/../../routes.py", None),
    ("GET", "/gradio_api/custom_component/x/client/component/..%2findex.js", None),
    ("POST", "/gradio_api/component_server",
     {"component_id": 1, "data": "/etc/passwd", "fn_name": "move_resource_to_block_cache", "session_hash": "s"}),
    ("POST", "/component_server", {"component_id": 1, "data": "/etc/passwd", "fn_name": "x", "session_hash": "s"}),
    ("POST", "/gradio_api/stream/x", {"data": []}),
    ("GET", "/gradio_api/stream/s/1/2/playlist.m3u8", None),
    ("POST", "/gradio_api/process_recording", None),
    ("GET", "/gradio_api/run-history/buckets", None),
    ("POST", "/gradio_api/run-history/connect", {"bucket_id": "a/b"}),
    ("GET", "/gradio_api/runs", None),
    ("GET", "/gradio_api/deep_link?session_hash=s", None),
    ("GET", "/gradio_api/user", None),
    ("GET", "/gradio_api/token", None),
    ("GET", "/gradio_api/app_id", None),
    ("GET", "/gradio_api/login_check", None),
    ("GET", "/gradio_api/queue/status", None),
    ("GET", "/gradio_api/openapi.json", None),
    ("GET", "/openapi.json", None),
    ("GET", "/docs", None),
    ("POST", "/login", {"username": "admin", "password": "admin"}),
    ("GET", "/login/huggingface?_target_url=https://evil.example", None),
    ("GET", "/login/callback?_target_url=https://evil.example", None),
    ("GET", "/logout?_target_url=https://evil.example", None),
    ("GET", "/monitoring", None),
    ("GET", "/monitoring/summary", None),
    ("GET", "/monitoring/x", None),
    ("GET", "/gradio_api/dev/reload", None),
    ("GET", "/gradio_api/profiling/traces", None),
    ("POST", "/gradio_api/vibe-edit", {"prompt": "x"}),
    ("GET", "/gradio_api/vibe-code", None),
    ("POST", "/gradio_api/vibe-code", {"code": "x"}),
    ("POST", "/gradio_api/undo-vibe-edit", {"hash": "../../x"}),
    ("GET", "/gradio_api/mcp/", None),
    ("POST", "/gradio_api/mcp/http", {}),
    ("GET", "/pwa_icon/100000", None),
    ("PUT", "/gradio_api/upload", None),
    ("DELETE", "/", None),
]  # fmt: skip


@contextmanager
def other_server() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine, and the paths that it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it overrides
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def upload(address: str, name: str, content: bytes) -> httpx.Response:
    return httpx.post(f"{address}gradio_api/upload", files={"files": (name, content)}, timeout=60)


class TestGradiosRoutes:
    def test_what_the_page_does_not_need_is_not_there(self, address: str, library: Library) -> None:
        (library.folder / "uploads").mkdir(exist_ok=True)
        (library.folder / "uploads" / "note.html").write_text("<p>kept</p>")
        (uploaded,) = upload(address, "secret.txt", b"what somebody else uploaded").json()
        answers = {}
        with other_server() as (other, asked):
            for method, path, body in ABSENT:
                filled = path.replace("{folder}", str(library.folder)).replace("{uploaded}", uploaded)
                status, _, said = send(address, method, filled.replace("{other}", other), body=body)
                answers[method, path] = (status, said)
        given = {each: got for each, got in answers.items() if got not in ((404, b"Not Found"), (404, b""))}
        assert given == {}
        assert asked == []

    def test_what_the_page_needs_is_there(self, address: str) -> None:
        for path in ("/config", "/theme.css", "/gradio_api/startup-events", "/static/img/logo.svg", "/favicon.ico"):
            assert send(address, "GET", path)[0] == 200, path

    @pytest.mark.parametrize("marked", [True, False], ids=["as file", "as a look-alike"])
    @pytest.mark.parametrize("path", ["{outside}", "{folder}/../outside.txt", "{link}", "http://{other}/x.html",
                                      "/proc/self/environ"])  # fmt: skip
    def test_only_what_was_uploaded_is_taken_for_a_file(
        self, address: str, adding: int, library: Library, tmp_path: Path, path: str, marked: bool
    ) -> None:
        """Else a call could have any file of this machine read, and any address of its network fetched."""
        outside, link = library.folder.parent / "outside.txt", tmp_path / "link.txt"
        outside.write_text("The secret of the mason Ida Kron is kept in the third drawer of her desk in Vell.")
        link.symlink_to(outside)
        with other_server() as (other, asked):
            filled = path.format(outside=outside, folder=library.folder, link=link, other=other)
            file: dict[str, Any] = {"path": filled, "orig_name": "x.txt"}
            if marked:
                file["meta"] = {"_type": "gradio.FileData"}
            body = {"data": [[file], "", ""], "fn_index": adding, "session_hash": "s"}
            status, _, said = send(address, "POST", "/gradio_api/run/predict", body=body)
            assert status == 500
            assert b"third drawer" not in said
            if path.startswith("http") and marked:  # Gradio itself would refuse only addresses of this network
                assert b"not named by its address" in said
            history = {"data": ["Who built it?", 5, file, file, 3]}
            status, _, said = send(address, "POST", "/gradio_api/call/ask", body=history)
            event = json.loads(said)["event_id"]
            result = httpx.get(f"{address}gradio_api/call/ask/{event}", timeout=60).text
            assert result.startswith("event: error")
            assert "outside" not in result or not marked
            assert asked == []
        time.sleep(0.1)
        assert [each.id for each in library.articles()] == ["vell"]

    def test_names_of_uploads_stay_in_their_folder(self, address: str) -> None:
        (folder,) = upload(address, "a.txt", b"one").json()
        for name in ("../../../etc/x.txt", "..\\..\\x.txt", "/etc/x.txt", "C:\\x.txt", "a\x00b.txt", "<img src=x>.txt"):
            response = upload(address, name, b"one")
            if response.status_code == 200:
                (path,) = response.json()
                assert Path(path).parent == Path(folder).parent, name
            else:
                assert response.status_code == 400, name

    def test_an_upload_has_a_limit(self, address: str) -> None:
        assert upload(address, "big.txt", b"x" * (50 * 2**20 + 1)).status_code == 413
