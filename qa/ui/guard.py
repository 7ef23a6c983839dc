"""Who may ask the app anything, and what browsers may do with what it says: an ASGI middleware around all of it.

A page of another site that is open in the same browser must neither make the app do something nor read from it. Two
things tell such requests: the browser says where they come from (Sec-Fetch-Site, or Origin), and a name that was turned
to this machine's address (DNS rebinding) stands in Host. Programs, which send neither, are not hindered.

https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from fastapi.datastructures import Headers
from fastapi.responses import PlainTextResponse

# Of a document without a policy of its own: it may look as it likes and send its forms here, and run nothing.
_DOCUMENT = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Of everything else: were it shown as a document after all, it would be one that can do nothing.
_DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Other sites learn nothing. With "no-referrer" browsers would call the origin of our own forms "null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{name}=()" for name in ("camera", "display-capture", "geolocation", "microphone", "payment", "serial", "usb")
    ),
}  # fmt: skip
# What of the answers holds nothing of an article, and may be kept by the browser.
_KEPT = ("text/css", "text/javascript", "application/javascript", "image/", "font/")


class Guard:
    """Refuses what another site's page asks for, or what is asked under a name that is not ours; adds the headers.

    `names` are those that the app is reached by beside localhost and addresses. `changing` are the paths, as prefixes,
    at which a GET changes something: a link from elsewhere may open every other page.
    """

    def __init__(self, app: Any, *, names: Collection[str] = (), changing: tuple[str, ...] = ()) -> None:
        self._app = app
        self._names = frozenset(name.lower().rstrip(".") for name in names)
        self._changing = changing

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def with_headers(message: Any) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": _with_headers(message["headers"])}
            await send(message)

        if refusal := self._refusal(scope):
            await PlainTextResponse(refusal, status_code=403)(scope, receive, with_headers)
            return
        try:
            await self._app(scope, receive, with_headers)
        except Exception:
            if not begun:  # else Starlette would answer outside of this, without the headers
                await PlainTextResponse("Internal Server Error", status_code=500)(scope, receive, with_headers)
            raise

    def _refusal(self, scope: Any) -> str:
        """Why a request is not answered; "" where it is."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(_hostname(f"//{host}")):
            return (
                f"The app is not known as {host!r}. Open it by its address, or as localhost; or start it with "
                "`article-qa serve --name NAME` for the name that it is to have.\n"
            )
        if not self._is_from_elsewhere(headers):
            return ""
        opened = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
        if opened and scope["method"] in ("GET", "HEAD") and not scope["path"].startswith(self._changing):
            return ""
        return "This was asked by a page of another site, which may not use the app.\n"

    def _is_ours(self, name: str) -> bool:
        # No name server can turn an address into another one, and browsers know where localhost is.
        return name == "localhost" or name in self._names or _is_address(name)

    def _is_from_elsewhere(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site not in ("same-origin", "none")
        origin = headers.get("origin")  # all that browsers send to names and addresses without https
        if origin is None:
            return False
        # Behind a proxy the host may be the app's own address, and the origin the name that people know.
        return origin.partition("://")[2] != headers.get("host") and _hostname(origin) not in self._names


def _hostname(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _with_headers(raw: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with ours; what it says itself of its policy stays."""
    said = Headers(raw=raw)
    media_type = said.get("content-type", "")
    shown = media_type.startswith("text/html") and "content-disposition" not in said
    added = {"Content-Security-Policy": _DOCUMENT if shown else _DATA, **_HEADERS}
    ours = {name: value for name, value in added.items() if name not in said}
    if not media_type.startswith(_KEPT):
        raw = [(name, value) for name, value in raw if name.lower() != b"cache-control"]
        ours["Cache-Control"] = "no-store"
    return [*raw, *((name.lower().encode(), value.encode()) for name, value in ours.items())]
