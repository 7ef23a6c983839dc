"""The door: whoever has no session gets the sign-in page, and whoever may only read is kept from what changes things.

Around the whole app, so that no route can be forgotten. What single events of the page allow is in qa/ui/roles.py.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from qa.accounts import Account
from qa.ui.draw import text
from qa.ui.sessions import LONGEST, Refused, SignIns
from qa.ui.words import COOKIE, LANGUAGES, Words, preferred, words

ACCOUNT = "article-qa.account"  # in the scope of a request: the Account that it comes from
_PAGE, _OUT = "/login", "/logout"
_MOST_TYPED = 10_000  # bytes of a filled form
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# What readers may send something to; each event of the page is looked at by itself (qa/ui/roles.py).
_READERS_POST = re.compile(
    rf"(/({'|'.join(LANGUAGES[1:])}))?/(export|gradio_api/(queue/join|cancel|reset|(run|api|call|call/v2)/[^/]+)/?)"
)


class SignIn:
    """Middleware that lets through who is signed in; everybody while no account is needed."""

    def __init__(self, app: Any, sign_ins: SignIns) -> None:
        self._app, self._sign_ins = app, sign_ins

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or not self._sign_ins.demanded:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = await self._answer(Request(scope, receive))
            await (answer or self._app)(scope, receive, send)
        else:
            raise RuntimeError(f"nothing is served over {scope['type']}")

    async def _answer(self, request: Request) -> Response | None:
        """What is answered here; None: the app answers, and finds the account in the scope."""
        path = request.scope["path"].rstrip("/")
        if path == _PAGE:
            return await self._sign_in(request) if request.method == "POST" else self._form(request)
        if path == _OUT and request.method == "POST":
            return self._sign_out(request)
        account = self._sign_ins.signed_in(request.cookies.get(_cookie(request), ""))
        if account is None and "authorization" in request.headers:
            basic = await self._basic(request)
            if isinstance(basic, Response):
                return basic
            account = basic
        if account is None:
            return _to_the_form(request)
        sends = request.method not in ("GET", "HEAD", "OPTIONS")
        if account.role != "editor" and sends and not _READERS_POST.fullmatch(request.scope["path"]):
            return PlainTextResponse(_said(request)("account.readers_only"), status_code=403)
        request.scope[ACCOUNT] = account
        return None

    async def _sign_in(self, request: Request) -> Response:
        if not _own(request):
            return PlainTextResponse("signing in works from this server's own page only", status_code=403)
        typed = await _typed(request)
        if typed is None:
            return PlainTextResponse("the form is longer than a name and a password", status_code=413)
        name, password = typed.get("username", ""), typed.get("password", "")
        onward = _local(typed.get("next", ""))
        tried = await self._sign_ins.try_in(name, password, _address(request))
        if isinstance(tried, Refused):
            return _refused(request, tried, _said(request, typed.get("language", ""), onward), name, onward)
        self._sign_ins.end(request.cookies.get(_cookie(request), ""))
        answer: Response = JSONResponse({"success": True})
        if _is_page(request):
            answer = RedirectResponse(onward, status_code=303)
        answer.set_cookie(
            _cookie(request),
            self._sign_ins.begin(tried),
            max_age=int(LONGEST),
            httponly=True,
            samesite="strict",
            secure=_is_https(request),
        )
        return answer

    async def _basic(self, request: Request) -> Account | Response | None:
        """The account of an Authorization header; None where it holds something else than a name and a password.

        One that was right is a session's secret from then on: the password is not hashed anew for each request.
        """
        header = request.headers["authorization"]
        if account := self._sign_ins.signed_in(header):
            return account
        kind, _, given = header.partition(" ")
        if kind.lower() != "basic" or len(given) > _MOST_TYPED:
            return None
        try:
            name, colon, password = base64.b64decode(given.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if not colon:
            return None
        tried = await self._sign_ins.try_in(name, password, _address(request))
        if isinstance(tried, Refused):
            answer = _refused(request, tried, _said(request))
            if answer.status_code == 401:
                answer.headers["WWW-Authenticate"] = 'Basic realm="article-qa", charset="UTF-8"'
            return answer
        self._sign_ins.begin(tried, header)
        return tried

    def _form(self, request: Request) -> Response:
        onward = _local(request.query_params.get("next", ""))
        if self._sign_ins.signed_in(request.cookies.get(_cookie(request), "")):
            return RedirectResponse(onward, status_code=303)
        return _page(_said(request, request.query_params.get("language", ""), onward), onward)

    def _sign_out(self, request: Request) -> Response:
        if not _own(request):
            return PlainTextResponse("signing out works from this server's own page only", status_code=403)
        self._sign_ins.end(request.cookies.get(_cookie(request), ""))
        answer = RedirectResponse(_PAGE, status_code=303)
        answer.delete_cookie(_cookie(request), httponly=True, samesite="strict")
        return answer


def account_html(account: Account | None, said: Words, *, demanded: bool) -> str:
    """Who is signed in, and a way out, as HTML for the page; nobody yet counts as a reader. "" where all may come."""
    if not demanded:
        return ""
    if account is None:
        return '<div class="qa-account" data-role="reader"></div>'
    who = said("account.signed_in", name="\0")
    before, after = (text(each) for each in who.split("\0"))
    role = text(said(f"account.{account.role}"))
    return (
        f'<form class="qa-account" data-role="{account.role}" method="post" action="{_OUT}"><span>{before}'
        f'<bdi>{text(account.name)}</bdi>{after} ({role})</span> <button class="qa-tool">'
        f"{text(said('account.sign_out'))}</button></form>"
    )


def _refused(request: Request, refused: Refused, said: Words, name: str = "", onward: str = "/") -> Response:
    wait = math.ceil(refused.wait)
    status, headers = (429, {"Retry-After": str(wait)}) if wait else (401, {})
    problem = said("account.wait", n=math.ceil(wait / 60)) if wait else said("account.wrong")
    if _is_page(request):
        return _page(said, onward, problem, name, status, headers)
    return JSONResponse({"detail": problem}, status_code=status, headers=headers)


def _page(
    said: Words,
    onward: str,
    problem: str = "",
    name: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """The sign-in page, which works without scripts."""
    alert = f'<p role="alert" id="problem">{text(problem)}</p>' if problem else ""
    wrong = ' aria-describedby="problem"' if problem else ""
    links = []
    for each in LANGUAGES:
        here = ' aria-current="page"' if each == said.language else ""
        address = text(f"{_PAGE}?{urlencode({'language': each, 'next': onward})}")
        links.append(f'<a href="{address}" lang="{each}" hreflang="{each}"{here}>{text(words(each).name)}</a>')
    title = text(said("account.title"))
    html = (
        f'<!DOCTYPE html><html lang="{said.language}" dir="{said.direction}"><head><meta charset="utf-8"><meta '
        'name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<link rel="icon" href="data:,"><title>{title} · {text(said("title"))}</title><style>{_style()}</style></head>'
        f'<body><main><p class="site">{text(said("title"))}</p><h1>{title}</h1>{alert}<form method="post" '
        f'action="{_PAGE}"><input type="hidden" name="next" value="{text(onward)}">'
        f'<input type="hidden" name="language" value="{said.language}">'
        f'<label for="username">{text(said("account.name"))}</label><input id="username" name="username" '
        f'value="{text(name)}" autocomplete="username" autocapitalize="none" spellcheck="false" dir="auto" required'
        f'{wrong}><label for="password">{text(said("account.password"))}</label><input id="password" name="password" '
        f'type="password" autocomplete="current-password" required{wrong}><button>'
        f"{text(said('account.sign_in'))}</button></form>"
        f'<nav aria-label="{text(said("header.languages"))}">{"".join(links)}</nav></main></body></html>'
    )
    # Not "no-referrer": the form would then say that it comes from nowhere.
    own = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
    return HTMLResponse(html, status_code=status, headers={**own, **(headers or {})})


def _to_the_form(request: Request) -> Response:
    if request.method not in ("GET", "HEAD") or not _is_page(request):
        return JSONResponse({"detail": _said(request)("account.needed")}, status_code=401)
    query = request.scope["query_string"].decode("latin-1")
    here = _local(quote(request.scope["path"]) + (f"?{query}" if query else ""))
    if request.headers.get("sec-fetch-site") == "cross-site":
        # A link on another site comes without the cookie, which is "strict"; the same asked from here has it.
        again = f'<meta http-equiv="refresh" content="0;url={text(here)}">'
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
        return HTMLResponse(f"<!DOCTYPE html><title>…</title>{again}", headers=headers)
    return RedirectResponse(f"{_PAGE}?{urlencode({'next': here})}", status_code=303)


async def _typed(request: Request) -> dict[str, str] | None:
    """The fields of a form; None where it is too long. What is no form has no fields."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_TYPED:
            return None
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


def _own(request: Request) -> bool:
    """Whether a request comes from this server's own page, or from no page at all: others must not sign anybody in."""
    site = request.headers.get("sec-fetch-site")  # only where the browser trusts the address: https and this computer
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _is_page(request: Request) -> bool:
    """Whether a browser asks for a page to show."""
    return "text/html" in request.headers.get("accept", "")


def _local(onward: str) -> str:
    """An address on this server; "/" for every other."""
    return onward if re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", onward) and not _is_door(onward) else "/"


def _is_door(onward: str) -> bool:
    return urlsplit(onward).path.rstrip("/") in (_PAGE, _OUT)


def _said(request: Request, chosen: str = "", onward: str = "") -> Words:
    """In the language that was chosen, else that of the page asked for, else the browser's."""
    places = [place.split("/")[1] for place in (onward, request.scope["path"]) if place.startswith("/")]
    for language in (chosen, *places, request.cookies.get(COOKIE, "")):
        if language in LANGUAGES:
            return words(language)
    return words(preferred(request.headers.get("accept-language", "")))


def _is_https(request: Request) -> bool:
    return bool(request.scope["scheme"] == "https")


def _cookie(request: Request) -> str:
    """One for each port: to browsers, all servers of a machine are one."""
    prefix = "__Host-" if _is_https(request) else ""
    return f"{prefix}article-qa-{(request.scope.get('server') or ('', 0))[1]}"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


@cache
def _style() -> str:
    return files("qa.ui").joinpath("assets", "sign-in.css").read_text(encoding="utf-8")
