"""What the page needs of Gradio's routes: the rest is not there. And the policy of the page that Gradio serves.

Gradio's routes also serve files by path, fetch addresses on its behalf, log people in, keep deep links and edit the
program; each has had its holes, and none is used here.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Any

from fastapi.responses import PlainTextResponse

_NAME = r"[A-Za-z0-9_-]+"
_NEEDED = {
    "HEAD": re.compile("/"),
    "GET": re.compile(
        r"/|/config/?|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt|/(assets|static)/(?!.*(\.\.|//))\w[\w./-]*|"
        rf"/gradio_api/(info/?|startup-events|upload_progress|theme\.css|queue/data|heartbeat/{_NAME}|"
        rf"call/(v2/)?{_NAME}/{_NAME})"
    ),
    "POST": re.compile(rf"/gradio_api/(queue/join|cancel|reset/?|upload|(run|api)/{_NAME}/?|call/(v2/)?{_NAME}/?)"),
}
_SCRIPT = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)


class NeededRoutes:
    """An ASGI middleware inside of Gradio's app: what the page does not need is answered with 404.

    Scripts that stand in the page itself run only where they are Gradio's or `head`'s, by their digests; what anyone
    else's markup brings along does not. Gradio makes functions of texts, the templates of gr.HTML among them, so
    'unsafe-eval' has to be: without it the page stays empty.
    """

    def __init__(self, app: Any, *, head: str = "") -> None:
        self._app = app
        self._digests = tuple(_digests(head))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        needed = _NEEDED.get(scope["method"])
        if needed is None or not needed.fullmatch(path):
            await PlainTextResponse("Not Found", status_code=404)(scope, receive, send)
        elif path == "/" and scope["method"] == "GET":
            await self._page(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _page(self, scope: Any, receive: Any, send: Any) -> None:
        """The page, whole, with the digests of its scripts. In the data that Gradio writes into them "<" is escaped, so
        that what stands between tags is Gradio's."""
        start: Any = None
        body = b""

        async def collected(message: Any) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body", False):
                return
            policy = _policy((*_digests(body.decode()), *self._digests))
            await send({**start, "headers": [*start["headers"], (b"content-security-policy", policy.encode())]})
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, collected)


def _digests(html: str) -> Iterable[str]:
    for script in _SCRIPT.findall(html):
        if script:
            yield f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _policy(digests: Iterable[str]) -> str:
    return (
        f"default-src 'none'; script-src 'self' 'unsafe-eval' {' '.join(digests)}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
