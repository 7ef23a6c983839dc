"""How pages are fetched: what a real server on this machine is asked, in which order, and after how much time."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websites import Response, WebSite

from qa import web
from qa.addresses import is_address, nearly_same
from qa.errors import FetchError, InvalidInput, UnsupportedSource
from qa.types import Validators
from qa.web import Fetched, Web

TYPES = frozenset({"text/html", "text/plain"})


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(web, "clock", lambda: clock.now)
    monkeypatch.setattr(web, "sleep", clock.sleep)
    return clock


@pytest.fixture
def reader(clock: Clock, on_the_web: None) -> Iterator[Web]:
    with Web() as opened:
        yield opened


def fetch(reader: Web, url: str, **known: Validators) -> Fetched:
    by_url = {url.rpartition("/")[0] + "/" + name: each for name, each in known.items()}
    return reader.fetch(url, types=TYPES, known=by_url.get)


def text(reader: Web, url: str) -> str:
    page = fetch(reader, url).page
    assert page is not None
    return page.content.decode()


# -- robots.txt


def test_robots_is_asked_for_once_and_kept_to(web_site: WebSite, reader: Web) -> None:
    rules = "User-agent: *\nDisallow: /private/\n\nUser-agent: article-qa\nDisallow: /closed\nAllow: /closed/but-open\n"
    web_site.pages = {"/robots.txt": Response(rules, "text/plain")}
    for path in ("/a", "/private/b", "/closed", "/closed/c", "/closed/but-open"):
        web_site.pages[path] = Response(path)
    assert text(reader, f"{web_site.url}/a") == "/a"
    assert text(reader, f"{web_site.url}/private/b") == "/private/b"  # the rules for us are those with our name
    assert text(reader, f"{web_site.url}/closed/but-open") == "/closed/but-open"
    for path in ("/closed", "/closed/c"):
        with pytest.raises(FetchError, match=f"{path} is closed to programs by its site's robots.txt; .*save the page"):
            fetch(reader, f"{web_site.url}{path}")
    assert {request.headers["user-agent"] for request in web_site.requests} == {web.USER_AGENT}
    assert web_site.asked(robots=True) == ["/robots.txt", "/a", "/private/b", "/closed/but-open"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_without_a_robots_file_everything_is_open(web_site: WebSite, reader: Web, status: int) -> None:
    web_site.pages = {"/a": Response("a"), "/robots.txt": Response("User-agent: *\nDisallow: /", status=status)}
    assert text(reader, f"{web_site.url}/a") == "a"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_where_robots_cannot_be_read_nothing_is_open(web_site: WebSite, reader: Web, status: int) -> None:
    web_site.pages = {"/a": Response("a"), "/robots.txt": Response("", status=status)}
    for _ in range(2):
        with pytest.raises(FetchError, match=rf"/a could not be fetched: .*/robots\.txt answered {status} .*try again"):
            fetch(reader, f"{web_site.url}/a")
    assert web_site.asked(robots=True) == ["/robots.txt"], "asked once, and the page not at all"


def test_an_unreachable_host_is_tried_once(reader: Web) -> None:
    for _ in range(2):
        with pytest.raises(
            FetchError, match=r"http://127\.0\.0\.1:9/a could not be fetched: .*refused; check the address"
        ):
            fetch(reader, "http://127.0.0.1:9/a")


def test_robots_is_followed_through_five_redirects(web_site: WebSite, reader: Web, clock: Clock) -> None:
    hops = {f"/{n}": Response(status=302, headers={"Location": f"/{n + 1}"}) for n in range(1, 5)}
    web_site.pages = {
        "/robots.txt": Response(status=301, headers={"Location": "/1"}),
        **hops,
        "/5": Response("User-agent: *\nDisallow: /a"),
        "/a": Response("a"),
    }
    with pytest.raises(FetchError, match="closed to programs"):
        fetch(reader, f"{web_site.url}/a")
    assert web_site.asked(robots=True) == ["/robots.txt", "/1", "/2", "/3", "/4", "/5"]
    web_site.pages |= {
        "/5": Response(status=302, headers={"Location": "/6"}),
        "/6": Response("User-agent: *\nDisallow: /"),
    }
    with Web() as other:
        assert text(other, f"{web_site.url}/a") == "a"


def test_a_long_or_broken_robots_file_is_read_as_far_as_it_goes(web_site: WebSite, clock: Clock) -> None:
    padding = "# padding\n" * (web.MAX_ROBOTS_BYTES // 10 - 10)
    rules = f"\ufeff<p>\n:\nUser-agent: *\nCrawl-delay: soon\nDisallow: /a\n{padding}"
    web_site.pages = {
        "/robots.txt": Response(rules + "x" * 200 + "\nDisallow: /b\n"),
        "/b": Response("b"),
    }
    for packed in (False, True):
        if packed:
            body = gzip.compress(f"{rules}{'x' * 200}\nDisallow: /b\n".encode())
            web_site.pages["/robots.txt"] = Response(body, headers={"Content-Encoding": "gzip"})
        with Web() as reader:
            assert text(reader, f"{web_site.url}/b") == "b"
            with pytest.raises(FetchError, match="closed to programs"):
                fetch(reader, f"{web_site.url}/a")


# -- time


def test_a_second_lies_between_two_requests_to_a_host(web_site: WebSite, reader: Web, clock: Clock) -> None:
    web_site.pages = {"/a": Response("a"), "/b": Response("b"), "/c": Response(status=301, headers={"Location": "/a"})}
    text(reader, f"{web_site.url}/a")
    assert clock.slept == []  # robots.txt and the first page are one visit
    text(reader, f"{web_site.url}/b")
    assert clock.slept == [1]
    clock.now += 0.75
    text(reader, f"{web_site.url}/c")
    assert clock.slept == [1, 0.25, 1]
    clock.now += 60
    text(reader, f"{web_site.url}/a")
    with pytest.raises(FetchError):
        fetch(reader, f"{web_site.url}/nothing")
    text(reader, f"{web_site.url}/a")
    assert clock.slept == [1, 0.25, 1, 1, 1]


@pytest.mark.parametrize(
    ("rules", "delay", "expected"),
    [
        ("User-agent: *\nCrawl-delay: 7", None, 7),
        ("User-agent: *\nCrawl-delay: 0.1", None, 1),
        ("User-agent: *\nCrawl-delay: 7", 10, 10),
        ("User-agent: *\nCrawl-delay: 3600", 0, web.MAX_CRAWL_DELAY),
        ("User-agent: *\nRequest-rate: 1/5s", 0, 5),
        ("User-agent: other\nCrawl-delay: 9", 0, None),
        ("", 2.5, 2.5),
        ("", 0, None),
    ],
)
def test_the_longer_of_our_delay_and_the_sites_counts(
    web_site: WebSite, clock: Clock, rules: str, delay: float | None, expected: float | None
) -> None:
    web_site.pages = {"/robots.txt": Response(rules, "text/plain"), "/a": Response("a")}
    with Web(delay=delay) as reader:
        text(reader, f"{web_site.url}/a")
        text(reader, f"{web_site.url}/a")
    assert clock.slept == ([] if expected is None else [expected])


@pytest.mark.parametrize("delay", [-1, float("nan"), float("inf"), "1", True, 4000])
def test_a_delay_is_a_time(delay: Any) -> None:
    with pytest.raises(InvalidInput, match=f"delay is {delay!r}"):
        Web(delay=delay)


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Tue, 04 Jun 2024 10:00:20 GMT", "Date": "Tue, 04 Jun 2024 10:00:00 GMT"}, 20),
        ({"Retry-After": "Tue, 04 Jun 2024 09:00:00 GMT", "Date": "Tue, 04 Jun 2024 10:00:00 GMT"}, 1),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_names_a_time_is_asked_again_then(
    web_site: WebSite, reader: Web, clock: Clock, headers: dict[str, str], waited: float, status: int
) -> None:
    answers = iter([Response("busy", status=status, headers=headers), Response("a")])
    web_site.pages = {"/a": lambda _: next(answers)}
    assert text(reader, f"{web_site.url}/a") == "a"
    assert (web_site.asked(), clock.slept) == (["/a", "/a"], [waited])


def test_a_server_that_stays_busy_is_left_alone(web_site: WebSite, reader: Web, clock: Clock) -> None:
    web_site.pages = {"/a": Response("busy", status=429, headers={"Retry-After": "3"}), "/b": Response("b")}
    with pytest.raises(
        FetchError, match=r"/a could not be fetched: 127\.0\.0\.1 answered 429 .*; try again later"
    ) as told:
        fetch(reader, f"{web_site.url}/a")
    assert told.value.status == 429
    assert (web_site.asked(), clock.slept) == (["/a", "/a"], [3])
    with pytest.raises(FetchError, match=r"/b was not fetched: 127\.0\.0\.1 answered 429"):
        fetch(reader, f"{web_site.url}/b")
    assert web_site.asked() == []


def test_a_server_that_wants_long_rest_is_not_waited_for(web_site: WebSite, reader: Web, clock: Clock) -> None:
    web_site.pages = {"/a": Response("busy", status=503, headers={"Retry-After": "61"}), "/b": Response("b")}
    with pytest.raises(FetchError, match="answered 503 Service Unavailable and asks for 61 seconds of rest"):
        fetch(reader, f"{web_site.url}/a")
    with pytest.raises(FetchError, match="61 seconds of rest"):
        fetch(reader, f"{web_site.url}/b")
    assert (web_site.asked(), clock.slept) == (["/a"], [])


def test_one_page_out_of_order_does_not_close_its_host(web_site: WebSite, reader: Web) -> None:
    web_site.pages = {"/a": Response("broken", status=503), "/b": Response("b")}
    with pytest.raises(FetchError, match="answered 503"):
        fetch(reader, f"{web_site.url}/a")
    assert text(reader, f"{web_site.url}/b") == "b"
    assert web_site.asked() == ["/a", "/b"]


def test_a_wait_can_be_broken_off(web_site: WebSite, clock: Clock) -> None:
    class Enough(Exception):
        pass

    def refuse(seconds: float) -> None:
        raise Enough

    web_site.pages = {"/a": Response("a")}
    with Web(sleep=refuse) as reader:
        text(reader, f"{web_site.url}/a")
        with pytest.raises(Enough):
            text(reader, f"{web_site.url}/a")
    assert web_site.asked() == ["/a"]


# -- what has changed


def test_a_known_version_is_not_sent_again(web_site: WebSite, reader: Web) -> None:
    held = {"ETag": 'W/"7 a"', "Last-Modified": "Tue, 04 Jun 2024 10:00:00 GMT"}
    web_site.pages = {"/a": Response("a", headers=held), "/b": Response("b", headers={"ETag": "é" * 3})}
    first = fetch(reader, f"{web_site.url}/a")
    assert first.validators == Validators(held["ETag"], held["Last-Modified"])
    again = fetch(reader, f"{web_site.url}/a", a=first.validators)
    assert (again.page, again.location, again.validators) == (None, f"{web_site.url}/a", first.validators)
    sent = web_site.requests[-1].headers
    assert (sent["if-none-match"], sent["if-modified-since"]) == (held["ETag"], held["Last-Modified"])
    for part in (Validators(etag=held["ETag"]), Validators(modified=held["Last-Modified"])):
        assert fetch(reader, f"{web_site.url}/a", a=part).page is None
    assert fetch(reader, f"{web_site.url}/a", a=Validators(etag='"8"')).page is not None
    assert fetch(reader, f"{web_site.url}/b").validators == Validators()
    assert "if-none-match" not in web_site.requests[-1].headers


def test_a_304_that_nobody_asked_for_is_an_error(web_site: WebSite, reader: Web) -> None:
    web_site.pages = {"/a": Response(status=304, media_type=None)}
    with pytest.raises(FetchError, match="answered 304"):
        fetch(reader, f"{web_site.url}/a")


def test_the_known_version_is_asked_for_where_the_redirects_end(web_site: WebSite, reader: Web) -> None:
    web_site.pages = {
        "/old": Response(status=301, headers={"Location": "new#part"}),
        "/new": Response("a", headers={"ETag": '"1"'}),
    }
    fetched = fetch(reader, f"{web_site.url}/old", new=Validators('"1"'))
    assert (fetched.page, fetched.location) == (None, f"{web_site.url}/new")


# -- redirects


def test_each_host_on_the_way_is_asked_for_its_rules(
    web_site: WebSite, start_site: Callable[[], WebSite], reader: Web
) -> None:
    other = start_site()
    web_site.pages = {
        "/closed": Response("never"),
        "/robots.txt": Response("User-agent: *\nDisallow: /closed"),
        "/to-closed": Response(status=302, headers={"Location": "/closed"}),
        "/out": Response(status=307, headers={"Location": f"{other.url}/page"}),
        "/out-closed": Response(status=308, headers={"Location": f"{other.url}/secret"}),
    }
    other.pages = {"/robots.txt": Response("User-agent: *\nDisallow: /secret"), "/page": Response("page")}
    with pytest.raises(FetchError, match=rf"/to-closed leads to {web_site.url}/closed, which is closed to programs"):
        fetch(reader, f"{web_site.url}/to-closed")
    fetched = fetch(reader, f"{web_site.url}/out")
    assert fetched.location == f"{other.url}/page"
    assert fetched.page is not None
    assert fetched.page.location == fetched.page.url == f"{other.url}/page"
    with pytest.raises(FetchError, match=f"/out-closed leads to {other.url}/secret, which is closed to programs"):
        fetch(reader, f"{web_site.url}/out-closed")
    assert other.asked(robots=True) == ["/robots.txt", "/page"]
    assert "/closed" not in web_site.asked()


@pytest.mark.parametrize("target", ["file:///etc/passwd", "javascript:alert(1)", "http://", "http://[", "mailto:a@b.c"])
def test_redirects_lead_to_web_addresses_only(web_site: WebSite, reader: Web, target: str) -> None:
    web_site.pages = {"/a": Response(status=302, headers={"Location": target})}
    with pytest.raises(FetchError):
        fetch(reader, f"{web_site.url}/a")


def test_cookies_last_for_one_page(web_site: WebSite, reader: Web) -> None:
    web_site.pages = {
        "/in": Response(status=302, headers={"Location": "/a", "Set-Cookie": "seen=1; Path=/"}),
        "/a": Response("a", headers={"Set-Cookie": "count=1; Path=/"}),
    }
    text(reader, f"{web_site.url}/in")
    assert web_site.requests[-1].headers["cookie"] == "seen=1"
    text(reader, f"{web_site.url}/a")
    assert "cookie" not in web_site.requests[-1].headers


# -- bounds


def test_the_bound_holds_after_decompression(web_site: WebSite, reader: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_BYTES", 100_000)
    packed = {"Content-Encoding": "gzip"}
    bomb = gzip.compress(bytes(200_000_000))
    assert len(bomb) < 250_000
    web_site.pages = {
        "/fits": Response(gzip.compress(b"x" * 100_000), headers=packed),
        "/parts": Response(gzip.compress(b"one ") + gzip.compress(b"two") + bytes(20), headers=packed),
        "/empty": Response(b"", headers=packed),
        "/bomb": Response(gzip.compress(bytes(90_000_000)), headers=packed),
        "/twice": Response(gzip.compress(bomb), headers={"Content-Encoding": "gzip, gzip"}),
        "/cut": Response(gzip.compress(b"x" * 1000)[:-9], headers=packed),
        "/no-gzip": Response(b"words", headers=packed),
        "/plain": Response(b"x" * 100_001),
        "/brotli": Response(b"words", headers={"Content-Encoding": "br"}),
    }
    assert len(text(reader, f"{web_site.url}/fits")) == 100_000
    assert text(reader, f"{web_site.url}/parts") == "one two"
    assert text(reader, f"{web_site.url}/empty") == ""
    for path, reason in (
        ("/bomb", "is larger than 100000 bytes"),
        ("/plain", "is larger than 100000 bytes"),
        ("/twice", "came compressed as gzip, gzip"),
        ("/brotli", "came compressed as br"),
        ("/cut", "ends in the middle"),
        ("/no-gzip", "damaged gzip data"),
    ):
        with pytest.raises(FetchError, match=rf"{path} .*{reason}"):
            fetch(reader, f"{web_site.url}{path}")
    assert web_site.requests[-1].headers["accept-encoding"] == "gzip"


def test_a_kind_that_is_not_wanted_is_not_downloaded(web_site: WebSite, reader: Web) -> None:
    web_site.pages = {"/film": Response(b"x", "video/mp4")}
    with pytest.raises(UnsupportedSource, match=r"/film is video/mp4; readable are text/html, text/plain"):
        fetch(reader, f"{web_site.url}/film")


@pytest.mark.parametrize("status", [404, 410, 403, 500])
def test_an_error_has_the_servers_status(web_site: WebSite, reader: Web, status: int) -> None:
    web_site.pages = {"/a": Response("no", status=status)}
    with pytest.raises(FetchError, match=f"/a answered {status}") as told:
        fetch(reader, f"{web_site.url}/a")
    assert told.value.status == status


# -- addresses


def test_what_an_address_is() -> None:
    assert all(
        map(is_address, ("http://a.example", "HTTPS://A.example/x?y#z", "https://é.example/ü", "http://1.2.3.4:5/"))
    )
    wrong = ("ftp://a.example", "http://", "https:///x", "a.example", "http://a b.example/", "http://[", "http://a\0b/")
    assert not any(map(is_address, (*wrong, "http://a.example/\ud800", "http://a.example/" + "x" * 8000)))
    assert nearly_same("http://www.a.example/x/", "https://a.example/x")
    assert not nearly_same("https://a.example/x?p=1", "https://a.example/x?p=2")
