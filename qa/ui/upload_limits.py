"""How much may be sent to the server: by one request, and by one person before it is added. No Gradio page here."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastapi import HTTPException
from fastapi.responses import PlainTextResponse
from gradio.route_utils import MultiPartException  # type: ignore[attr-defined] # Starlette's, which Gradio expects

from qa.ui.sign_in import ACCOUNT

FILE_MB = 50
MOST_SENT = 40_000_000  # bytes of any other request: a kept conversation has up to 32 million
MOST_WAITING, MOST_FILES = 1_000_000_000, 2_000  # bytes and files that one person has uploaded and not added yet
_UPLOAD = re.compile(r"(/[a-z]{2})?/gradio_api/upload/?")


class UploadLimits:
    """Middleware that refuses with 413 what is too much: by its Content-Length before it is read, else while it is.

    Gradio's own `max_file_size` limits each file.
    """

    def __init__(self, app: Any, *, most_waiting: int = MOST_WAITING, most_files: int = MOST_FILES) -> None:
        self._app, self._most_waiting, self._most_files = app, most_waiting, most_files
        self._waiting: dict[str, set[Path]] = {}
        self._arriving: dict[str, int] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
        elif _UPLOAD.fullmatch(scope["path"]):
            await self._upload(scope, receive, send)
        else:
            await self._other(scope, receive, send)

    async def _other(self, scope: Any, receive: Any, send: Any) -> None:
        problem = f"a request has at most {MOST_SENT:,} bytes"
        if _length(scope) > MOST_SENT:
            await PlainTextResponse(problem, status_code=413)(scope, receive, send)
            return
        sent = 0

        async def counted() -> Any:
            nonlocal sent
            message = await receive()
            sent += len(message.get("body", b""))
            if sent > MOST_SENT:
                raise HTTPException(413, problem)
            return message

        await self._app(scope, counted, send)

    async def _upload(self, scope: Any, receive: Any, send: Any) -> None:
        person = _person(scope)
        waiting, files = self._held(person)
        free = self._most_waiting - waiting - self._arriving.get(person, 0)
        if files >= self._most_files or _length(scope) > free:
            problem = (
                f"{files:,} files ({waiting / 1e6:,.0f} MB) are uploaded and not added yet; at most "
                f"{self._most_files:,} files ({self._most_waiting / 1e6:,.0f} MB) may wait. Add these first, or fewer"
            )
            await PlainTextResponse(problem, status_code=413)(scope, receive, send)
            return
        sent = 0
        answer = bytearray()

        async def counted() -> Any:
            nonlocal sent
            message = await receive()
            if message["type"] == "http.disconnect":
                # Gradio deletes the files of an upload that fails, not of one that is broken off.
                raise MultiPartException("the upload was broken off")
            sent += (more := len(message.get("body", b"")))
            self._arriving[person] = self._arriving.get(person, 0) + more
            if sent > free:
                raise MultiPartException(f"an upload is over the maximum allowed size of {free:,} bytes")
            return message

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.body":
                answer.extend(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, counted, noted)
        finally:
            self._arriving[person] = self._arriving.get(person, 0) - sent
            if self._arriving[person] <= 0:
                del self._arriving[person]
        self._waiting.setdefault(person, set()).update(_paths(bytes(answer)))

    def _held(self, person: str) -> tuple[int, int]:
        """Bytes and number of the files that wait; those that were deleted are forgotten."""
        sizes = {path: size for path in self._waiting.get(person, ()) if (size := _size(path)) is not None}
        if sizes:
            self._waiting[person] = set(sizes)
        else:
            self._waiting.pop(person, None)
        return sum(sizes.values()), len(sizes)


def _person(scope: Any) -> str:
    account = scope.get(ACCOUNT)
    return account.name if account else (scope.get("client") or ("",))[0]


def _length(scope: Any) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


def _paths(answer: bytes) -> Iterable[Path]:
    """The files that Gradio says it has kept; none where it refused."""
    try:
        kept = json.loads(answer)
    except ValueError:
        return ()
    return [Path(each) for each in kept if isinstance(each, str)] if isinstance(kept, list) else ()


def _size(path: Path) -> int | None:
    try:
        return os.stat(path).st_size
    except OSError:
        return None
