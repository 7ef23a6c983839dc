"""Which addresses are asked: names are looked up by stubs here, and everything else is real, on 127.0.0.0/8.

Where `on_the_web` is at work (also in `web_site`), 127.0.0.1 stands for a host on the web; 127.0.0.2 never does.
"""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websites import Response, WebSite

from qa import connections, web
from qa.addresses import is_named_inside, is_public
from qa.errors import FetchError, InvalidInput
from qa.gather import Item, opened, read
from qa.types import Validators
from qa.web import Web

TYPES = frozenset({"text/html", "text/plain"})
Serve = Callable[[Callable[[socket.socket], None]], int]


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """By name: what its lookups give, one after the other. A name that is looked up once more does not exist."""
    answers: dict[str, list[list[str]]] = {}
    whole = socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **named: Any) -> Any:
        if host not in answers:
            return whole(host, *arguments, **named)
        if not answers[host]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [one for address in answers[host].pop(0) for one in whole(address, *arguments, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers on 127.0.0.1 that treat each connection with a function; gives the port."""
    listeners = []

    def start(treat: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def answer(connection: socket.socket) -> None:
            try:
                with connection:
                    treat(connection)
            except OSError:  # the other side has had enough
                pass

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "DELAY", 0)


def fetch(reader: Web, url: str, *, private: bool = True) -> str:
    page = reader.fetch(url, types=TYPES, private=private).page
    assert page is not None
    return page.content.decode()


@pytest.mark.parametrize(
    ("addresses", "public"),
    [
        ("1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1", True),
        ("168.63.129.15 169.253.255.255 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 198.20.0.0", True),
        ("2000:: 2606:4700::1111 2a00:1450:4001::8 64:ff9b::808:808 2001:200::1 2003::1", True),
        ("0.0.0.0 0.255.255.255 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255", False),
        ("169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1", False),
        ("168.63.129.16 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1", False),
        ("255.255.255.255 :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 fec0::1 ff02::1 100::1", False),
        ("::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::1 2002:7f00:1:: 2002:808:808::1 2001::1 2001:10::1 2001:20::1 2001:db8::1 3fff::1", False),
    ],
)
def test_what_is_out_on_the_web(addresses: str, public: bool) -> None:
    assert {address: is_public(address) for address in addresses.split()} == dict.fromkeys(addresses.split(), public)


def test_what_lies_inside_by_its_name() -> None:
    inside = "localhost LocalHost. a.localhost printer.local 127.1 0x7f.1 0177.0.0.1 2130706433 [::1] 192.168.1.1 0"
    outside = "a.example 8.8.8.8 134744072 [2606:4700::1111] local.example localhost.example"
    for names, expected in ((inside, True), (outside, False)):
        assert {name: is_named_inside(f"http://{name}/") for name in names.split()} == dict.fromkeys(
            names.split(), expected
        )


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "2130706433",
        "0",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "a.example@127.0.0.1",
        "a.example:80@127.0.0.1",
        "a.example%2f@127.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "ⓛocalhost",
        "127.0.0.1%00.a.example",
        "a.example\\@127.0.0.1",
    ],
)
def test_this_machine_is_not_asked_whatever_it_is_called(host: str, serve: Serve) -> None:
    connected: list[object] = []
    port = serve(connected.append)
    with Web() as reader, pytest.raises(FetchError):
        reader.fetch(f"http://{host}:{port}/a", types=TYPES)
    assert connected == []


def test_who_means_the_own_machine_is_told_how_to_say_so(serve: Serve) -> None:
    port = serve(lambda connection: None)
    for name in ("localhost", "127.0.0.1"):
        with (
            Web() as reader,
            pytest.raises(
                FetchError,
                match=rf"^http://{name}:{port}/a is at (127\.0\.0\.1|::1), on this machine or its own network; "
                r"--allow-private \(in Python allow_private=True\) reads it if you mean it$",
            ),
        ):
            fetch(reader, f"http://{name}:{port}/a")
    with pytest.raises(InvalidInput, match="allow_private is 'no'; give True or False"):
        Web(allow_private="no")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example/", "ws://a.example/", "data:text/html,x", "javascript:alert(1)"]
)
def test_only_http_and_https_are_asked(url: str) -> None:
    with Web() as reader, pytest.raises(FetchError, match="begins with neither http:// nor https://"):
        fetch(reader, url)


def test_each_connection_looks_a_name_up_once_and_goes_to_what_was_checked(
    web_site: WebSite, start_site: Callable[..., WebSite], lookups: dict[str, list[list[str]]]
) -> None:
    """A name that changes its mind (DNS rebinding) leads nowhere: each answer is checked, and used once."""
    inside = start_site("127.0.0.2")
    port = web_site.url.rpartition(":")[2]
    web_site.pages = {"/a": Response("out on the web")}
    lookups["rebinding.example"] = [["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"]]
    with Web() as reader:
        assert fetch(reader, f"http://rebinding.example:{port}/a") == "out on the web"
        assert {request.headers["host"] for request in web_site.requests} == {f"rebinding.example:{port}"}
        assert lookups["rebinding.example"] == [["127.0.0.2"]], "once for robots.txt, once for the page"
        with pytest.raises(FetchError, match=rf"rebinding.example:{port}/a is at 127\.0\.0\.2, on this machine"):
            fetch(reader, f"http://rebinding.example:{port}/a")
        lookups["rebinding.example"] = [["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"]]
        for _ in range(2):  # with one address inside, the others are not asked either
            with pytest.raises(FetchError, match=r"is at 127\.0\.0\.2"):
                fetch(reader, f"http://rebinding.example:{port}/b")
    assert (web_site.asked(), inside.requests) == (["/a"], [])


def test_another_address_of_a_host_is_tried_where_one_does_not_answer(
    web_site: WebSite, lookups: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.addresses.is_public", lambda address: True)
    web_site.pages = {"/a": Response("a")}
    lookups["two.example"] = [["127.0.0.3", "127.0.0.1"]] * 2
    with Web() as reader:
        assert fetch(reader, web_site.url.replace("127.0.0.1", "two.example") + "/a") == "a"


def test_nothing_on_the_web_leads_inside(
    web_site: WebSite, start_site: Callable[..., WebSite], lookups: dict[str, list[list[str]]]
) -> None:
    inside, other = start_site("127.0.0.2"), start_site()
    inside.pages = {"/a": Response("secret"), "/on": Response(status=302, headers={"Location": "/a"})}
    named = inside.url.replace("127.0.0.2", "intranet.example")
    lookups["intranet.example"] = [["127.0.0.2"]] * 9
    web_site.pages = {
        "/number": Response(status=302, headers={"Location": f"{inside.url}/a"}),
        "/name": Response(status=307, headers={"Location": f"{named}/a"}),
        "/twice": Response(status=301, headers={"Location": "/name"}),
        "/feed": Response(f"<rss><item><link>{named}/a</link></item><item><link>{inside.url}/a</link></item></rss>"),
    }
    other.pages = {"/robots.txt": Response(status=302, headers={"Location": f"{inside.url}/robots.txt"})}
    for allow_private in (False, True):
        with Web(allow_private=allow_private) as reader:
            for path in ("/number", "/name", "/twice"):
                with pytest.raises(
                    FetchError,
                    match=rf"{path} leads to [\w.]+, at 127\.0\.0\.2, on this machine or its own network, where",
                ):
                    fetch(reader, f"{web_site.url}{path}")
            with pytest.raises(FetchError, match=r"/b leads to 127\.0\.0\.2, at"):
                fetch(reader, f"{other.url}/b")
            listed, problems = opened(feed := Item(f"{web_site.url}/feed"), read(feed, reader, known=lambda _: None))
            assert [item.name for item in listed] == [f"{named}/a"]
            assert problems[0].startswith("entries left out that lead into your own network: 1;")
            with pytest.raises(FetchError, match=r"intranet.example:\d+/a is at 127\.0\.0\.2, .* nothing on the web"):
                read(listed[0], reader, known=lambda _: None)
            assert inside.requests == []


def test_with_leave_what_was_given_and_what_it_leads_to_inside_is_read(
    web_site: WebSite, start_site: Callable[..., WebSite], tmp_path: Path
) -> None:
    inside = start_site("127.0.0.2")
    web_site.pages = {"/back": Response(status=302, headers={"Location": f"{inside.url}/a"})}
    inside.pages = {
        "/a": Response("a"),
        "/on": Response(status=302, headers={"Location": f"{inside.url.replace('127.0.0.2', 'localhost')}/a"}),
        "/out": Response(status=302, headers={"Location": f"{web_site.url}/back"}),
        "/feed": Response(f"<rss><item><link>{inside.url}/a</link></item></rss>"),
    }
    bookmarks = tmp_path / "list.txt"
    bookmarks.write_text(f"{inside.url}/a\n")
    with Web() as reader, pytest.raises(FetchError, match=r"/a is at 127\.0\.0\.2"):
        fetch(reader, f"{inside.url}/a")
    assert inside.requests == []
    with Web(allow_private=True) as reader:
        assert fetch(reader, f"{inside.url}/a") == "a"
        with pytest.raises(FetchError, match="refused"):  # "localhost" has no server there, and was asked
            fetch(reader, f"{inside.url}/on")
        with pytest.raises(FetchError, match="where nothing on the web may lead"):
            fetch(reader, f"{inside.url}/out")
        for collection in (f"{inside.url}/feed", str(bookmarks)):
            listed, _ = opened(item := Item(collection), read(item, reader, known=lambda _: None))
            assert [(each.name, each.private) for each in listed] == [(f"{inside.url}/a", True)]


def test_a_connection_that_was_allowed_serves_none_that_is_not(serve: Serve) -> None:
    """Connections are kept for the next request to a host, whoever makes it."""
    heard: list[bytes] = []

    def treat(connection: socket.socket) -> None:
        while request := connection.recv(65_536):
            heard.append(request.partition(b" HTTP/")[0])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/html\r\n\r\nhi")

    url = f"http://127.0.0.1:{serve(treat)}"
    with Web(allow_private=True) as reader:
        assert fetch(reader, f"{url}/a") == "hi"
        with pytest.raises(FetchError, match="nothing on the web may lead"):
            fetch(reader, f"{url}/b", private=False)
    assert heard == [b"GET /robots.txt", b"GET /a"]


def test_the_library_asks_its_own_network_only_with_leave(
    start_site: Callable[..., WebSite], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from qa.cli import main

    inside = start_site("127.0.0.2")
    words = "The lamp was lit in 1874, and the keeper climbed the stairs each night to trim it by hand. " * 3
    inside.pages = {"/a": Response(f"<title>Lamps</title><article><h1>Lamps</h1><p>{words}</p></article>")}

    def run(command: str, *arguments: str) -> str:
        main([command, *arguments, "--delay", "0", "--library", str(tmp_path / "library")])
        said = capsys.readouterr()
        return said.out + said.err

    assert "--allow-private (in Python allow_private=True) reads it" in run("add", f"{inside.url}/a")
    assert inside.requests == []
    assert run("add", f"{inside.url}/a", "--allow-private").endswith("1 added, 0 replaced, 0 unchanged, 0 failed\n")
    inside.requests.clear()
    assert "--allow-private (in Python allow_private=True) reads it" in run("sync")
    assert inside.requests == []
    assert "1 unchanged" in run("sync", "--allow-private")
    assert inside.asked() == ["/a"]
    questions = tmp_path / "questions.jsonl"
    asked = {"question": "Who sold the lamp?", "article_ids": [], "answers": [], "answerable": False}
    questions.write_text(json.dumps(asked), encoding="utf-8")
    evaluation = ("eval", str(questions), "--articles", f"{inside.url}/a")
    assert "--allow-private (in Python allow_private=True) reads it" in run(*evaluation)
    assert "failed" not in run(*evaluation, "--allow-private")


def test_proxies_and_passwords_of_the_environment_are_left_alone(
    web_site: WebSite, start_site: Callable[..., WebSite], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = start_site()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv(name.lower(), proxy.url)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    web_site.pages = {"/a": Response("a")}
    with Web() as reader:
        assert fetch(reader, f"{web_site.url}/a") == "a"
    assert proxy.requests == []
    assert [name for request in web_site.requests for name in request.headers if "auth" in name] == []


def test_certificates_are_checked_by_name(
    serve: Serve, on_the_web: None, lookups: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = Path(__file__).parent / "data" / "tls" / "site.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    asked: list[str | None] = []
    context.sni_callback = lambda _, name, __: asked.append(name)

    def treat(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            host = secured.recv(65_536).partition(b"Host: ")[2].partition(b"\r\n")[0]
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n#" + host)

    port = serve(treat)
    lookups["site.example"] = [["127.0.0.1"]] * 2
    lookups["other.example"] = [["127.0.0.1"]] * 2
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with Web() as reader:
        assert fetch(reader, f"https://site.example:{port}/a") == f"#site.example:{port}"
        assert asked == ["site.example"] * 2
        with pytest.raises(FetchError, match="certificate verify failed: Hostname mismatch"):
            fetch(reader, f"https://other.example:{port}/a")
    monkeypatch.delenv("SSL_CERT_FILE")
    lookups["site.example"] = [["127.0.0.1"]]
    with Web() as reader, pytest.raises(FetchError, match="certificate verify failed: self-signed"):
        fetch(reader, f"https://site.example:{port}/a")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@pytest.mark.parametrize(
    ("begins", "piece"),
    [
        (b"", b"H"),
        (HEAD + b"X-Word: ", b"x"),
        (HEAD + b"Content-Length: 9999\r\n\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Word: ", b"x"),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"", mtime=0)),
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("of", [b"GET /robots.txt", b"GET /a"])
def test_a_server_that_dribbles_is_left_when_the_time_is_up(
    serve: Serve, on_the_web: None, monkeypatch: pytest.MonkeyPatch, begins: bytes, piece: bytes, of: bytes
) -> None:
    """Whatever it dribbles, each piece in time: lines, headers, chunks, empty gzip members, interim answers."""
    monkeypatch.setattr(web, "TOTAL_TIMEOUT", 0.4)
    done = threading.Event()

    def treat(connection: socket.socket) -> None:
        if not connection.recv(65_536).startswith(of):
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            if not connection.recv(65_536):
                return
        connection.sendall(begins)
        for _ in itertools.count():
            connection.sendall(piece)
            if done.wait(0.02):
                return

    port = serve(treat)
    with Web() as reader, pytest.raises(FetchError, match="/a took longer than 0 seconds"):
        fetch(reader, f"http://127.0.0.1:{port}/a")
    done.set()


def test_headers_and_bodies_without_end_are_cut_off(
    serve: Serve, on_the_web: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_BYTES", 300_000)
    floods = {
        b"/long": b"X-Word: " + b"x" * 1000,
        b"/many": b"X-Word: x\r\n" * 100,
        b"/body": b"\r\n" + b"x" * 1000,
        b"/chunks": b"Transfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * 1000,
    }

    def treat(connection: socket.socket) -> None:
        path = connection.recv(65_536).split(b" ")[1]
        if path == b"/robots.txt":
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
            return
        connection.sendall(HEAD + floods[path])
        repeated = floods[path].rpartition(b"\r\n\r\n")[2].rpartition(b"1;")[2]
        while True:
            connection.sendall(repeated)

    port = serve(treat)
    with Web() as reader:
        for path, reason in (
            ("/long", "could not be fetched: Receive buffer too long"),
            ("/many", "could not be fetched: Receive buffer too long"),
            ("/body", "is larger than 300000 bytes"),
            ("/chunks", "could not be fetched: "),
        ):
            with pytest.raises(FetchError, match=f"{path} {reason}"):
                fetch(reader, f"http://127.0.0.1:{port}{path}")


def test_time_that_is_waited_on_purpose_does_not_count(web_site: WebSite, monkeypatch: pytest.MonkeyPatch) -> None:
    spent = []

    class Counted(connections.Transport):
        def close(self) -> None:
            spent.append(web.TOTAL_TIMEOUT - self.seconds)
            super().close()

    monkeypatch.setattr(connections, "Transport", Counted)
    now = [0.0]
    monkeypatch.setattr(web, "clock", lambda: now[0])
    web_site.pages = {"/a": Response(status=302, headers={"Location": "/b"}), "/b": Response("b")}
    with Web(delay=3600, sleep=lambda seconds: now.__setitem__(0, now[0] + seconds)) as reader:
        reader.fetch(f"{web_site.url}/a", types=TYPES, known=lambda _: Validators())
    assert now == [3600]
    assert 0 < spent[0] < web.TOTAL_TIMEOUT
