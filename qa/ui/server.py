"""The web app around the page, and the process that runs it: routes, the port, start and end."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import os
import socket
import ssl
import sys
import threading
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import gradio as gr
import uvicorn
from fastapi import FastAPI, Query, Request
from fastapi.middleware import Middleware
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from tqdm import tqdm

from qa import export
from qa.accounts import FILE, Accounts, accounts_file
from qa.checked import shown
from qa.errors import ArticleQAError, InvalidInput, LibraryClosed, UnknownArticle
from qa.types import Progress
from qa.ui import uploads
from qa.ui.conversation import reopened
from qa.ui.guard import Guard
from qa.ui.kept import Sessions
from qa.ui.page import build, mount_options
from qa.ui.reading import article_page, missing_page
from qa.ui.routes import NeededRoutes
from qa.ui.sessions import SignIns
from qa.ui.shared import Shared
from qa.ui.sign_in import ACCOUNT, SignIn
from qa.ui.upload_limits import UploadLimits
from qa.ui.words import COOKIE, LANGUAGES, preferred, words

if TYPE_CHECKING:
    from qa.library import Library

log = logging.getLogger(__name__)

DEFAULT_PORT = 7860
PORTS_TRIED = 50
_LONGEST_HOST = 253  # characters, of any name (RFC 1035)

_READING_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MOST_KEPT = 32_000_000  # bytes of a conversation that is to be exported


def create_app(
    library: Library,
    *,
    local: bool = True,
    allow_private: bool = False,
    auth: bool = True,
    accounts: Accounts | None = None,
    names: Sequence[str] = (),
) -> FastAPI:
    """The page at `/` and, in the other languages, at `/es/`, `/fr/` and `/ar/`; below each of them `article`, the
    reading view of one article, and `export`, which makes documents of conversations.

    `local`: it is served to this computer alone, and may be told to read its folders, unless there are accounts: then
    others are expected. `allow_private`: who uses it may add web pages of this computer and its network. `accounts`, by
    default those of the library's folder: where there are some, whoever comes must sign in; `auth` False asks nobody.
    `names`: what the app is called beside localhost and addresses, as people type it into a browser. The model starts
    loading when the app starts, so that the first question need not wait for it.
    """
    warm = threading.Event()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    sign_ins = SignIns((accounts or Accounts(library.folder / FILE)) if auth else None)
    shared = Shared(
        library,
        local=local and not sign_ins.demanded,
        allow_private=allow_private,
        ready=warm.is_set,
        sign_ins=sign_ins,
    )
    uploads.keep_apart()
    uploads.clear_aside(library)

    def read(
        request: Request, article_id: Annotated[str, Query(alias="id")], start: int = 0, end: int = 0
    ) -> HTMLResponse:
        headers = {"Content-Security-Policy": _READING_POLICY}
        said = words(_language_of(request.url.path))
        try:
            return HTMLResponse(article_page(library.article(article_id), said, start=start, end=end), headers=headers)
        except UnknownArticle:
            return HTMLResponse(missing_page(said), status_code=404, headers=headers)

    async def exported(request: Request, format_: Annotated[str, Query(alias="format")]) -> Response:
        """The conversation in the request's body, as the browser keeps it, as a document in this format."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_KEPT:
                return PlainTextResponse(f"a conversation has more than {_MOST_KEPT:,} bytes", status_code=413)
        try:
            media_type, document = await asyncio.to_thread(_document, library, body, format_)
        except ArticleQAError as error:
            return PlainTextResponse(str(error), status_code=422)
        return Response(document, media_type=media_type, headers={"Content-Disposition": "attachment"})

    def set_language(language: str) -> Response:
        chosen = language if language in LANGUAGES else "en"
        response = RedirectResponse("/" if chosen == "en" else f"/{chosen}/", status_code=303)
        response.set_cookie(COOKIE, chosen, max_age=31_536_000, samesite="lax", httponly=True)
        return response

    for place in ("", *(f"/{language}" for language in LANGUAGES[1:])):
        app.add_api_route(f"{place}/article", read, response_class=HTMLResponse)
        app.add_api_route(f"{place}/export", exported, methods=["POST"], response_model=None)
    app.add_api_route("/language/{language}", set_language, response_model=None)

    def load_model() -> None:
        try:
            library.encoder.encode_questions(["warm up"])
        except LibraryClosed:
            log.debug("the library was closed before its model was loaded")
        except Exception:
            log.exception("the model could not be loaded")  # the first question will say so to whoever asks
        finally:
            warm.set()

    threading.Thread(target=load_model, name="load-model", daemon=True).start()
    app.add_middleware(UploadLimits)
    app.add_middleware(SignIn, sign_ins=sign_ins)
    app.add_middleware(_OwnLanguage)
    app.add_middleware(Guard, names=names, changing=("/language/",))  # the last is the outermost
    for language in (*LANGUAGES[1:], "en"):  # what is mounted at "/" takes all that no other has
        page = build(library, language=language, shared=shared)
        options = mount_options(language)
        inside = {"middleware": [Middleware(NeededRoutes, head=options["head"])]}
        path = "/" if language == "en" else f"/{language}"
        gr.mount_gradio_app(app, page, path=path, auth_dependency=_name_of, app_kwargs=inside, **options)
        mounted: Any = app.routes[-1]
        mounted.app.state_holder = Sessions(page)
    app.state.shared = shared
    return app


def _name_of(request: Request) -> str:
    """Of who is signed in, as handlers see it in `gr.Request.username`; "" where nobody is asked."""
    account = request.scope.get(ACCOUNT)
    return account.name if account else ""


def _document(library: Library, body: bytes, format_: str) -> tuple[str, str]:
    """(media type, text) of a kept conversation. Raises InvalidInput."""
    try:
        kept = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the conversation is not JSON: {error}") from error
    conversation = reopened(kept, library)
    title = kept.get("title") or "Conversation"
    asked = [(one.question, one.answer) for one in conversation.exchanges]
    if format_ == "md":
        return "text/markdown", export.conversation_markdown(title, asked)
    if format_ == "html":
        return "text/html", export.conversation_html(title, asked)
    articles = export.cited(asked, library.article)
    if format_ == "bib":
        return "application/x-bibtex", export.bibtex(articles)
    if format_ == "json":
        return "application/vnd.citationstyles.csl+json", export.csl_json(articles)
    raise InvalidInput(f"format is {format_!r}; use md, html, bib or json")


def _language_of(path: str) -> str:
    """The language of the page at this path."""
    first = path.split("/")[1] if "/" in path else ""
    return first if first in LANGUAGES else "en"


@contextmanager
def running(
    library: Library,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    allow_private: bool = False,
    auth: bool = True,
    accounts: Accounts | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    names: Sequence[str] = (),
) -> Iterator[str]:
    """Runs the app in a thread of its own and gives its address; ends it on leaving."""
    listener = _listener(host, port)
    app = create_app(library, allow_private=allow_private, auth=auth, accounts=accounts, names=names)
    server = _server(app, certificate, key)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield _address(listener, "https" if certificate else "http")
    finally:
        server.should_exit = True
        app.state.shared.end()
        thread.join(timeout=15)
        listener.close()


def serve(
    folder: str | Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    examples: str | Path | None = None,
    names: Sequence[str] = (),
    open_browser: bool = False,
    allow_private: bool = False,
    auth: bool = True,
    accounts: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
) -> None:
    """Opens the library in `folder` and serves the page until Ctrl-C.

    `folder`, or an address as `Library.open` takes it, is by default the one that ARTICLE_QA_LIBRARY names, else
    `library` here; it is made where it is missing. `port` None takes the first free one from 7860. `examples` names a
    folder whose articles are added first where the library is empty; `allow_private` and `names` are as in
    `create_app`.

    Whoever comes must sign in where the file `accounts`, by default `accounts.json` in the library's folder, has
    accounts (`article-qa account` makes them); where `host` is not this computer's own it must have one, unless `auth`
    is False: then nobody is asked. `certificate` and `key` are PEM files to serve https with.

    Raises InvalidInput where `host` and `port` cannot be listened on, need an account, or the certificate cannot be
    used, and what `Library.open` raises.
    """
    from qa.library import Library

    chosen = folder or os.environ.get("ARTICLE_QA_LIBRARY") or "library"
    file = Path(accounts) if accounts is not None else accounts_file(chosen)
    _check_certificate(certificate, key)
    listener = _listener(host, port)
    try:
        _look_at_the_door(listener, Accounts(file) if file and auth else None, auth=auth, tls=certificate is not None)
    except ArticleQAError:
        listener.close()
        raise
    with listener, Library.open(chosen) as library:
        if examples is not None and len(library) == 0:
            _add_examples(library, Path(examples))
        address = _address(listener, "https" if certificate else "http")
        _say(f"Library: {chosen if '://' in str(chosen) else library.folder.resolve()} ({len(library)} articles)")
        _say(f"Open {address} in a browser. Ctrl-C ends it.")
        app = create_app(
            library,
            local=_is_loopback(listener),
            allow_private=allow_private,
            auth=auth,
            accounts=Accounts(file) if file else None,
            names=names,
        )
        server = _server(app, certificate, key)
        if open_browser:
            threading.Timer(1.0, webbrowser.open, [address]).start()
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            _say("Ended.")
        finally:
            app.state.shared.end()


def _add_examples(library: Library, folder: Path) -> None:
    with tqdm(desc="Adding the example articles", unit="article", file=sys.stderr) as bar:

        def show(step: Progress) -> None:
            bar.total = step.total
            bar.update(step.done - bar.n)

        report = library.add(folder, on_progress=show)
    for failure in report.failed:
        log.warning("example article %s was not added: %s", failure.source, failure.reason)


def _server(app: Any, certificate: str | Path | None = None, key: str | Path | None = None) -> uvicorn.Server:
    # Open pages keep a connection for events, which the end of the server cuts: no reason for a traceback.
    logging.getLogger("uvicorn.error").addFilter(_not_a_cut_connection)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            timeout_graceful_shutdown=2,
            access_log=False,
            ws="none",
            proxy_headers=False,  # X-Forwarded-For would let whoever is on this machine try passwords without end
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
    )


def _not_a_cut_connection(record: logging.LogRecord) -> bool:
    cut = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    message = record.getMessage()
    # A second Ctrl-C cuts the app's own end too, which uvicorn tells as the text of a traceback.
    cut = cut or message.rstrip().endswith("asyncio.exceptions.CancelledError")
    return not cut and "timeout graceful shutdown exceeded" not in message


def _listener(host: str, port: int | None) -> socket.socket:
    """A bound socket: on `port`, or with None on the first free one from 7860."""
    if len(host) > _LONGEST_HOST:
        raise InvalidInput(f"host is {shown(host)}; give the name or address of this computer")
    wanted = [port] if port is not None else list(range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED))
    problem: OSError | None = None
    for each in wanted:
        try:
            return socket.create_server((host, each), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except (OSError, OverflowError, ValueError, TypeError) as error:  # a name that is none for a host
            problem = error if isinstance(error, OSError) else OSError(str(error))
    tried = f"port {port}" if port is not None else f"any port from {wanted[0]} to {wanted[-1]}"
    raise InvalidInput(f"cannot listen on {host}, {tried}: {problem}. Choose another host or port") from problem


def _address(listener: socket.socket, scheme: str = "http") -> str:
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:  # listens on every address: this machine is one of them
        host = "127.0.0.1"
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


def _is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def _look_at_the_door(listener: socket.socket, accounts: Accounts | None, *, auth: bool, tls: bool) -> None:
    """Says what others may do who reach this address. Raises InvalidInput where they could do all unasked."""
    some = bool(accounts.all()) if accounts is not None else False
    if _is_loopback(listener):
        return
    host = listener.getsockname()[0]
    if auth and not some:
        where = f"in {accounts.path}" if accounts is not None else "as no file of accounts is named"
        how = "`article-qa account NAME --role editor`"
        if accounts is None:
            how = "`article-qa account NAME --role editor --accounts FILE`, and give --accounts FILE here too"
        raise InvalidInput(
            f"other computers reach {host}, and there is no account to ask a password for, {where}. Make one with "
            f"{how}, or say --no-auth to let everybody in who reaches it"
        )
    if not auth:
        _say(f"Warning: nobody is asked for a password. Whoever reaches {host} can read, add and remove articles.")
    elif not tls:
        _say(
            f"Warning: passwords and articles travel in clear to {host}. Give --certificate and --key, or listen on "
            "127.0.0.1 behind a reverse proxy that speaks https."
        )


def _check_certificate(certificate: str | Path | None, key: str | Path | None) -> None:
    """Raises InvalidInput where these files cannot be used."""
    if certificate is None and key is not None:
        raise InvalidInput(f"a key is given ({key}) and no certificate; give both")
    if certificate is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        except OSError as error:  # ssl.SSLError is one
            raise InvalidInput(
                f"the certificate {certificate} with the key {key or 'in it'} cannot be used: {error.strerror or error}"
            ) from error


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


class _OwnLanguage:
    """Leads a browser that asks for the page to the one in its language, unless another was chosen."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in ("/", *_BARE):
            request = Request(scope)
            language = scope["path"].strip("/")
            if not language:
                language = request.cookies.get(COOKIE, "")
            if language not in LANGUAGES:
                language = preferred(request.headers.get("accept-language", ""))
            if language != "en":
                query = f"?{request.url.query}" if request.url.query else ""
                await RedirectResponse(f"/{language}/{query}", status_code=307)(scope, receive, send)
                return
        await self._app(scope, receive, send)


_BARE = tuple(
    f"/{language}" for language in LANGUAGES[1:]
)  # without the slash, the page's own addresses would be wrong
