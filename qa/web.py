"""Pages over HTTP, fetched as a polite reader does, over connections that `qa.connections` opens and nothing else does.

A `Web` lives for one call of `add` or `sync`. It reads each site's robots.txt once and keeps to it
(RFC 9309), leaves time between requests to one host, comes back when a server asks it to, and asks only
for what has changed where it knows the version that was read before. What lies on this machine or its network is asked
only where that is allowed, and then only for who named it here: no page of the web leads there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from qa import checked
from qa.addresses import host as host_of
from qa.addresses import without_fragment
from qa.errors import FetchError, InvalidInput, UnsupportedSource
from qa.inflate import TooMuch, inflated
from qa.types import Page, Validators

if TYPE_CHECKING:
    import httpx
    from protego import Protego

    from qa.connections import PrivateAddress, Transport

MAX_BYTES = 50 * 2**20  # of a page, also after decompression
TIMEOUT = 20.0  # seconds, for connecting and for each wait for more bytes
TOTAL_TIMEOUT = 120.0  # seconds on the network, for the whole page with its redirects and their robots.txt
MAX_REDIRECTS = 10
DELAY = 1.0  # seconds between two requests to one host
MAX_CRAWL_DELAY = 30.0  # seconds; a robots.txt that asks for more gets this
MAX_RETRY_AFTER = 60.0  # seconds; a server that asks for more is left alone for the rest of the run
MAX_ROBOTS_BYTES = 500 * 1024  # what RFC 9309 (2.5) asks a reader to take in at least; the rest is not read
MAX_ROBOTS_REDIRECTS = 5
ROBOT = "article-qa"  # the name that a robots.txt can address
USER_AGENT = f"{ROBOT}/1.0 (reads pages its user asked for)"

clock: Callable[[], float] = time.monotonic
sleep: Callable[[float], None] = time.sleep

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_VALIDATOR = 1_000  # characters; a longer header is of no use and not ours to keep
_SAVE_IT = "open it in a browser, save the page and add the file"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered. `page` is None where the known version is still the current one (304).

    `location` is where the redirects ended, without a fragment; `private`: on this machine or its network.
    """

    location: str
    page: Page | None
    validators: Validators
    private: bool = False


@dataclass(frozen=True, slots=True)
class _Rules:
    """A site's robots.txt; `problem` says why it could not be read, `silence` how the site failed to answer at all."""

    parser: Protego | None = None
    problem: str | None = None
    silence: str | None = None


class Web:
    """HTTP for one run. A context manager; not for several threads at once.

    `delay`: seconds between two requests to one host, at least; a site's Crawl-delay counts where it is
    longer. `sleep` waits that long; what it raises ends the wait and the fetch. `allow_private`: whether any page
    of this machine and its network is read.
    """

    def __init__(
        self,
        *,
        delay: float | None = None,
        sleep: Callable[[float], None] | None = None,
        allow_private: bool = False,
    ) -> None:
        if not isinstance(allow_private, bool):
            raise InvalidInput(f"allow_private is {allow_private!r}; give True or False")
        self._delay = checked_delay(DELAY if delay is None else delay)
        self._sleep = sleep
        self._allow_private = allow_private
        self._client: httpx.Client | None = None
        self._transport: Transport | None = None  # the client's
        self._rules: dict[tuple[str, bool], _Rules] = {}  # by scheme, host and port, and who may ask
        self._crawl_delays: dict[str, float] = {}  # by host, as the rest
        self._free_at: dict[str, float] = {}  # on `clock`
        self._resting: dict[str, str] = {}  # hosts that want no more requests for now, and what they said

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def __enter__(self) -> Web:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fetch(
        self,
        url: str,
        *,
        types: Collection[str],
        known: Callable[[str], Validators | None] = lambda _: None,
        private: bool = True,
    ) -> Fetched:
        """The page at `url`, which may be of the media types `types`.

        `known` is asked for each address on the way what is known of its stored version; where the server
        says that it is still the current one, the answer has no page. `private`: whether `url` comes from
        someone who may name pages of the own network, where this Web reads them.
        Raises UnsupportedSource for other media types, FetchError for everything that keeps the page away,
        also the site's robots.txt; its `status` is the server's.
        """
        from qa.connections import OutOfTime, PrivateAddress

        asked = _checked(url)
        if self._client is not None:
            self._client.cookies.clear()  # a redirect may need them; from page to page nobody is followed
        if self._transport is not None:
            self._transport.seconds = TOTAL_TIMEOUT
        try:
            return self._fetch(asked, types, known, private=private and self._allow_private)
        except PrivateAddress as error:
            raise self._refused(asked, error, given=private) from error
        except OutOfTime as error:
            raise FetchError(
                f"{asked} took longer than {TOTAL_TIMEOUT:.0f} seconds; try again, or save it as a file"
            ) from error

    def _fetch(
        self, asked: str, types: Collection[str], known: Callable[[str], Validators | None], *, private: bool
    ) -> Fetched:
        current, retried, hops = asked, False, 0
        while True:
            self._permit(asked, current, private=private)
            validators = known(current) or Validators()
            with self._answer(asked, current, _headers(types, validators), private=private) as response:
                from_inside = response.extensions["private"]
                if response.status_code in _REDIRECTS and "location" in response.headers:
                    hops += 1
                    if hops > MAX_REDIRECTS:
                        raise FetchError(
                            f"{asked} was redirected more than {MAX_REDIRECTS} times; give the address it ends at"
                        )
                    current, private = _next(asked, current, response.headers["location"]), private and from_inside
                    continue
                if response.status_code == 304 and validators:
                    return Fetched(current, None, validators, from_inside)
                if response.status_code in (429, 503):
                    retried = self._come_back(asked, current, response, retried=retried)
                    continue
                if response.status_code != 200:
                    raise FetchError(
                        f"{asked} answered {response.status_code} {response.reason_phrase}; "
                        "open it in a browser to see why",
                        status=response.status_code,
                    )
                media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                if media_type and media_type not in types:
                    raise UnsupportedSource(f"{asked} is {media_type}; readable are {', '.join(sorted(types))}")
                content = _body(asked, response)
            page = Page(
                content=content,
                location=current,
                url=current,
                media_type=media_type or "text/html",
                charset=response.charset_encoding,
            )
            return Fetched(current, page, _validators(response), from_inside)

    def _refused(self, asked: str, error: PrivateAddress, *, given: bool) -> FetchError:
        """What to say where a request would have gone to a private address."""
        import httpx

        itself = error.host == httpx.URL(asked).raw_host.decode()
        leads = "is" if itself else f"leads to {error.host},"
        where = f"{asked} {leads} at {error.address}, on this machine or its own network"
        if itself and given and not self._allow_private:
            return FetchError(f"{where}; --allow-private (in Python allow_private=True) reads it if you mean it")
        return FetchError(f"{where}, where nothing on the web may lead; add that by itself if you mean it")

    # -- robots.txt

    def _permit(self, asked: str, url: str, *, private: bool) -> None:
        """Raises FetchError where the site does not want `url` to be fetched."""
        host = host_of(url)
        if host in self._resting:
            raise FetchError(f"{asked} was not fetched: {self._resting[host]}", status=429)
        rules = self._rules_of(url, private=private)
        if rules.silence is not None:
            raise FetchError(f"{asked} {rules.silence}; check the address, or try again later")
        if rules.problem is not None:
            raise FetchError(
                f"{asked} could not be fetched: what programs may read there is not known, as {rules.problem}; "
                f"try again later, or {_SAVE_IT}"
            )
        if rules.parser is not None and not rules.parser.can_fetch(url, ROBOT):
            led = "" if url == asked else f"leads to {url}, which "
            raise FetchError(f"{asked} {led}is closed to programs by its site's robots.txt; {_SAVE_IT}")

    def _rules_of(self, url: str, *, private: bool) -> _Rules:
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if (site, private) not in self._rules:
            rules = self._rules[site, private] = self._read_robots(f"{site}/robots.txt", private=private)
            if rules.parser is not None:
                asked_for = rules.parser.crawl_delay(ROBOT) or 0.0
                rate = rules.parser.request_rate(ROBOT)
                if rate is not None and rate.requests:
                    asked_for = max(asked_for, rate.seconds / rate.requests)
                host = host_of(url)
                self._crawl_delays[host] = max(self._crawl_delays.get(host, 0.0), min(asked_for, MAX_CRAWL_DELAY))
        return self._rules[site, private]

    def _read_robots(self, url: str, *, private: bool) -> _Rules:
        """RFC 9309 (2.3.1): 4xx and too many redirects allow everything, 5xx and silence nothing.

        429 counts as 5xx: a server that says "too many requests" does not say "read on".
        """
        from protego import Protego

        target = url
        try:
            for _ in range(MAX_ROBOTS_REDIRECTS + 1):
                # No time is left after it: a page and its robots.txt are one visit.
                with self._answer(
                    url, target, {"Accept": "text/plain, */*;q=0.1"}, private=private, counts=False
                ) as response:
                    if response.status_code in _REDIRECTS and "location" in response.headers:
                        target = _next(url, target, response.headers["location"])
                        private = private and response.extensions["private"]
                        continue
                    if response.status_code == 429 or response.status_code >= 500:
                        return _Rules(problem=f"{url} answered {response.status_code} {response.reason_phrase}")
                    if response.status_code != 200:
                        return _Rules()
                    return _Rules(
                        Protego.parse(_body(url, response, cut_at=MAX_ROBOTS_BYTES).decode("utf-8", "replace"))
                    )
        except FetchError as error:
            said = str(error).partition("; ")[0]
            if error.status is None and said.startswith(f"{url} "):  # no answer: as good as the page's own failure
                return _Rules(silence=said.removeprefix(f"{url} "))
            return _Rules(problem=said)
        return _Rules()

    # -- requests and the time between them

    @contextmanager
    def _answer(
        self, asked: str, url: str, headers: dict[str, str], *, private: bool, counts: bool = True
    ) -> Iterator[httpx.Response]:
        """One request, after the time that its host is due. The one place where the network's errors become ours."""
        import httpcore
        import httpx

        from qa.connections import Transport

        host = host_of(url)
        left = self._free_at.get(host, -math.inf) - clock()
        if left > 0:
            (self._sleep or sleep)(left)
        try:
            if self._client is None:
                self._transport = Transport()
                self._transport.seconds = TOTAL_TIMEOUT
                self._client = httpx.Client(
                    transport=self._transport,
                    trust_env=False,  # no proxies: they would look names up themselves
                    follow_redirects=False,
                    timeout=TIMEOUT,
                    # Only what `inflated` keeps within bounds: httpx would also ask for brotli, and nested encodings.
                    headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
                )
            with self._client.stream("GET", url, headers=headers, extensions={"private": private}) as response:
                yield response
        except httpx.InvalidURL as error:
            raise FetchError(f"{asked} is no address: {error}") from error
        except httpcore.TimeoutException as error:
            raise FetchError(f"{asked} did not answer within {TIMEOUT:.0f} seconds; try again later") from error
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            httpx.HTTPError,
            httpx.StreamError,
            OSError,
            ValueError,
        ) as error:
            raise FetchError(f"{asked} could not be fetched: {error or type(error).__name__}") from error
        finally:
            if counts:
                pause = max(self._delay, self._crawl_delays.get(host, 0.0))
                self._free_at[host] = max(self._free_at.get(host, -math.inf), clock() + pause)

    def _come_back(self, asked: str, url: str, response: httpx.Response, *, retried: bool) -> bool:
        """True, with the host's next time set, where another try is due; else raises FetchError."""
        host, status = host_of(url), response.status_code
        pause = _retry_after(response)
        if not retried and pause is not None and pause <= MAX_RETRY_AFTER:
            self._free_at[host] = clock() + pause
            return True
        said = f"{host} answered {status} {response.reason_phrase}"
        if pause is not None and pause > MAX_RETRY_AFTER:
            said += f" and asks for {pause:.0f} seconds of rest"
        if status == 429 or (pause is not None and pause > MAX_RETRY_AFTER):
            self._resting[host] = f"{said}; try again later"
        raise FetchError(f"{asked} could not be fetched: {said}; try again later", status=status)


def checked_delay(delay: float) -> float:
    """`delay` in seconds; InvalidInput where it is no time that can be waited."""
    wanted = "the seconds between two requests to one host, 0 to 3600"
    return float(checked.number(delay, "delay", wanted, least=0, most=3600))


def _checked(url: str) -> str:
    """`url` without its fragment; FetchError where it is no http or https address, or names no host to be asked."""
    import httpx

    url = without_fragment(url.strip())
    if not url.lower().startswith(("http://", "https://")):
        raise FetchError(f"{url} is no web address: it begins with neither http:// nor https://")
    try:
        host = httpx.URL(url).host
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(f"{url} is no address: {error}") from error
    if not host or not host_of(url):
        raise FetchError(f"{url} is no address: it names no host")
    return url


def _next(asked: str, url: str, location: str) -> str:
    """Where a redirect from `url` leads; also from https to http, as some sites still have it: no secrets are sent."""
    try:
        return _checked(urljoin(url, location))
    except (FetchError, ValueError) as error:
        raise FetchError(f"{asked} was redirected to {location}, where nothing can be fetched: {error}") from error


def _headers(types: Collection[str], validators: Validators) -> dict[str, str]:
    others = sorted(set(types) - {"text/html", "application/xhtml+xml"})
    accept = ["text/html", "application/xhtml+xml", *(f"{media_type};q=0.9" for media_type in others)]
    headers = {"Accept": ", ".join(accept)}
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.modified:
        headers["If-Modified-Since"] = validators.modified
    return headers


def _validators(response: httpx.Response) -> Validators:
    said = (response.headers.get(name, "").strip() for name in ("etag", "last-modified"))
    return Validators(*map(sendable, said))


def sendable(value: object) -> str | None:
    """What tells a version, where it can be sent back in a header; None for anything else."""
    sound = isinstance(value, str) and value.isascii() and value.isprintable() and 0 < len(value) <= _LONGEST_VALIDATOR
    return value if isinstance(value, str) and sound else None


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait (RFC 9110, 10.2.3): a number, or a date against the server's own clock."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        when = parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None
    try:
        now = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        now = time.time()
    return max(when - now, 0.0)


def _body(asked: str, response: httpx.Response, *, cut_at: int | None = None) -> bytes:
    """The content, decompressed. `cut_at`: no more of it is read, and what is there is enough."""
    limit = MAX_BYTES if cut_at is None else cut_at

    def received() -> Iterator[bytes]:
        size = 0
        for part in response.iter_raw():
            size += len(part)
            if size > limit and cut_at is None:
                raise TooMuch
            yield part

    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise FetchError(f"{asked} came compressed as {encoding}, which was not asked for; {_SAVE_IT}")
    parts = inflated(received(), limit=limit) if encoding.endswith("gzip") else received()
    content = bytearray()
    try:
        for part in parts:
            content += part
            if cut_at is not None and len(content) >= cut_at:
                return bytes(content[:cut_at])
    except TooMuch as error:
        if cut_at is None:
            raise FetchError(f"{asked} is larger than {MAX_BYTES} bytes; save the part you need as a file") from error
    except ValueError as error:
        raise FetchError(f"{asked} could not be fetched: {error}") from error
    return bytes(content)
