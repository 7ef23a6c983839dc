"""The web app around the page, and the process that runs it: routes, the port, start and end."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import gradio as gr
import uvicorn
from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse
from tqdm import tqdm

from qa.errors import InvalidInput, LibraryClosed, UnknownArticle
from qa.types import Progress
from qa.ui.page import build, mount_options
from qa.ui.reading import article_page, missing_page

if TYPE_CHECKING:
    from qa.library import Library

log = logging.getLogger(__name__)

DEFAULT_PORT = 7860
PORTS_TRIED = 50

# Belt to the page's braces: even if something of Gradio wanted to, the browser would ask no other host.
_PAGE_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'self'; form-action 'self'"
)
_READING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def create_app(library: Library) -> FastAPI:
    """The page at `/`, and at `/article?id=…&start=…&end=…` the reading view of one article.

    The model starts loading when the app starts, so that the first question need not wait for it.
    """
    warm = threading.Event()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/article", response_class=HTMLResponse)
    def read(article_id: Annotated[str, Query(alias="id")], start: int = 0, end: int = 0) -> HTMLResponse:
        headers = {"Content-Security-Policy": _READING_POLICY, "Referrer-Policy": "no-referrer"}
        try:
            return HTMLResponse(article_page(library.article(article_id), start=start, end=end), headers=headers)
        except UnknownArticle:
            gone = missing_page("It may have been removed from the library since this link was made.")
            return HTMLResponse(gone, status_code=404, headers=headers)

    def load_model() -> None:
        try:
            library.encoder.encode_questions(["warm up"])
        except LibraryClosed:
            log.debug("the library was closed before its model was loaded")
        except Exception:
            log.exception("the model could not be loaded")  # the first question will say so to whoever asks
        finally:
            warm.set()

    page = build(library, ready=warm.is_set)
    threading.Thread(target=load_model, name="load-model", daemon=True).start()
    app.add_middleware(_PolicyHeader)
    gr.mount_gradio_app(app, page, path="/", **mount_options())
    return app


@contextmanager
def running(library: Library, *, host: str = "127.0.0.1", port: int | None = None) -> Iterator[str]:
    """Runs the app in a thread of its own and gives its address; ends it on leaving."""
    listener = _listener(host, port)
    server = _server(create_app(library))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield _address(listener)
    finally:
        server.should_exit = True
        thread.join(timeout=15)
        listener.close()


def serve(
    folder: str | Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    examples: str | Path | None = None,
    open_browser: bool = False,
) -> None:
    """Opens the library in `folder` and serves the page until Ctrl-C.

    `folder` is by default the one that ARTICLE_QA_LIBRARY names, else `library` here; it is made where it is
    missing. `port` None takes the first free one from 7860. `examples` names a folder whose articles are added
    first where the library is empty. Raises InvalidInput where `host` and `port` cannot be listened on, and what
    `Library.open` raises.
    """
    from qa.library import Library

    chosen = Path(folder or os.environ.get("ARTICLE_QA_LIBRARY") or "library")
    listener = _listener(host, port)
    with listener, Library.open(chosen) as library:
        if examples is not None and len(library) == 0:
            _add_examples(library, Path(examples))
        address = _address(listener)
        _say(f"Library: {chosen.resolve()} ({len(library)} articles)")
        _say(f"Open {address} in a browser. Ctrl-C ends it.")
        server = _server(create_app(library))
        if open_browser:
            threading.Timer(1.0, webbrowser.open, [address]).start()
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            _say("Ended.")


def _add_examples(library: Library, folder: Path) -> None:
    with tqdm(desc="Adding the example articles", unit="article", file=sys.stderr) as bar:

        def show(step: Progress) -> None:
            bar.total = step.total
            bar.update(step.done - bar.n)

        report = library.add(folder, on_progress=show)
    for failure in report.failed:
        log.warning("example article %s was not added: %s", failure.source, failure.reason)


def _server(app: Any) -> uvicorn.Server:
    # Open pages keep a connection for events, which the end of the server cuts: no reason for a traceback.
    logging.getLogger("uvicorn.error").addFilter(_not_a_cut_connection)
    return uvicorn.Server(
        uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2, access_log=False, ws="none")
    )


def _not_a_cut_connection(record: logging.LogRecord) -> bool:
    cut = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    message = record.getMessage()
    # A second Ctrl-C cuts the app's own end too, which uvicorn tells as the text of a traceback.
    cut = cut or message.rstrip().endswith("asyncio.exceptions.CancelledError")
    return not cut and "timeout graceful shutdown exceeded" not in message


def _listener(host: str, port: int | None) -> socket.socket:
    """A bound socket: on `port`, or with None on the first free one from 7860."""
    wanted = [port] if port is not None else list(range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED))
    problem: OSError | None = None
    for each in wanted:
        try:
            return socket.create_server((host, each), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except (OSError, OverflowError) as error:
            problem = error if isinstance(error, OSError) else OSError(str(error))
    tried = f"port {port}" if port is not None else f"any port from {wanted[0]} to {wanted[-1]}"
    raise InvalidInput(f"cannot listen on {host}, {tried}: {problem}. Choose another host or port") from problem


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:  # listens on every address: this machine is one of them
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


class _PolicyHeader:
    """Adds the content security policy to every page that has none of its own."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                if not any(name.lower() == b"content-security-policy" for name, _ in headers):
                    message = {**message, "headers": [*headers, (b"content-security-policy", _PAGE_POLICY.encode())]}
            await send(message)

        await self._app(scope, receive, with_policy if scope["type"] == "http" else send)
