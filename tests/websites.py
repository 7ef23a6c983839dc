"""Web sites of tests: what they answer, and what they were asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Response:
    """What a test's web site answers. A string body is UTF-8; ETag and Last-Modified are answered with 304 if asked."""

    body: bytes | str = b""
    media_type: str | None = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Request:
    """What came in: the path with its query, and the headers by their lower-case names."""

    path: str
    headers: dict[str, str]


class WebSite:
    """A web site of a test: `pages` by path, each a Response or a function that gives one; all else is 404."""

    def __init__(self, host: str, port: int) -> None:
        self.url = f"http://{host}:{port}"
        self.pages: dict[str, Response | Callable[[Request], Response]] = {}
        self.requests: list[Request] = []

    def asked(self, *, robots: bool = False) -> list[str]:
        """The paths asked for since the last call, in order."""
        paths = [request.path for request in self.requests if robots or request.path != "/robots.txt"]
        self.requests.clear()
        return paths

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        page = self.pages.get(request.path, Response("nothing here", status=404))
        response = page if isinstance(page, Response) else page(request)
        for asked, held in (("if-none-match", "ETag"), ("if-modified-since", "Last-Modified")):
            if asked in request.headers and request.headers[asked] == response.headers.get(held):
                return Response(status=304, media_type=None, headers=response.headers)
        return response
