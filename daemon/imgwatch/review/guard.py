"""Admits requests: of browsers with a session, of programs with a token, under our names, from our own pages.

It wraps the whole application, so that every answer has its headers, and knows nothing about pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imgwatch.review.answers import answer
from imgwatch.review.api_door import is_api, is_upload, refusal
from imgwatch.review.connections import ADMITTED
from imgwatch.review.door import Door
from imgwatch.review.keys import Keys
from imgwatch.review.login import PATH as LOGIN
from imgwatch.review.login import Login, login_page
from imgwatch.review.session_cookie import SessionCookie
from imgwatch.review.tries import WrongTries

_LONGEST_REQUEST_BYTES = 4 << 20
_WELCOME = (
    '<!doctype html><meta http-equiv="refresh" content="0; url=/"><title>imgwatch</title><a href="/">Open</a>'
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True)
class Hosts:
    """The host names of this server; a name that resolves here by DNS rebinding is none of them."""

    port: int | None  # None: a unix socket, where the port says nothing
    listens_to_others: bool = False
    names: frozenset[str] = frozenset()  # of a proxy, which has a port of its own

    def admits(self, host: str) -> bool:
        """Return whether a Host header names this server. Other machines may use its address and the config's names."""
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if name in self.names:
            return True
        if self.port is not None and port != self.port:
            return False
        return name in ("127.0.0.1", "localhost", "::1") or (self.listens_to_others and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """The application with access control."""

    def __init__(self, app: ASGIApp, keys: Keys, hosts: Hosts, door: Door, refusal_page: str) -> None:
        self._app = app
        self._keys = keys
        self._hosts = hosts
        self._proxy = door.proxy
        self._refusal_page = refusal_page
        self._cookie = SessionCookie(f"imgwatch_{hosts.port or 'socket'}")
        self._tokens = door.tokens
        self._longest_upload_bytes = door.longest_upload_bytes
        file = door.password_file
        self._login = Login(file, keys, self._cookie, self._proxy, WrongTries(keys.clock)) if file else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse the request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":

            async def send_guarded(message: Message) -> None:
                if message["type"] == "http.response.start":
                    headers = MutableHeaders(scope=message)
                    for name, value in _HEADERS.items():
                        headers.setdefault(name, value)
                    headers.setdefault("Cache-Control", "no-store")
                await send(message)

            receive = _bounded(receive, self._longest(scope))
            await (self._refusal(scope) or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers, is_page = Headers(scope=scope), scope["method"] in ("GET", "HEAD")
        if not self._hosts.admits(headers.get("host", "")):
            return _refused(scope, 421, "This server does not answer to that host name.")
        if not is_api(scope) and self._is_of_another_page(scope, headers):
            return _refused(scope, 403, "This request did not come from a page of this server.")
        if not is_page and ("content-length" not in headers or "transfer-encoding" in headers):
            return _refused(scope, 411, "The request needs a Content-Length.")
        if not _is_short(headers.get("content-length", "0"), self._longest(scope)):
            return _refused(scope, 413, "The request is too large.")
        return refusal(scope, self._tokens) if is_api(scope) else self._without_key(scope, headers)

    def _longest(self, scope: Scope) -> int:
        return self._longest_upload_bytes if is_upload(scope) else _LONGEST_REQUEST_BYTES

    def _is_of_another_page(self, scope: Scope, headers: Headers) -> bool:
        is_page = scope["method"] in ("GET", "HEAD")
        ours = f"{self._proxy.scheme(scope)}://{headers.get('host', '')}"
        if not is_page and headers.get("origin") != ours:
            return True
        is_visit = is_page and headers.get("sec-fetch-mode") == "navigate"
        return headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not is_visit

    def _without_key(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        if self._login is not None:
            self._login.end_sessions_of_old()
        if self._proxy.user(scope) or self._keys.use_session(self._cookie.brought(headers)):
            scope.setdefault("state", {})[ADMITTED] = True
            return None
        if scope["path"].startswith("/static/"):
            return None
        if self._login is not None and (scope["method"], scope["path"]) == ("POST", LOGIN):
            return self._login
        return self._welcome(scope) or self._closed()

    def _closed(self) -> Response:
        if self._login is not None:
            return login_page()
        return Response(self._refusal_page, 403, media_type="text/html")

    def _welcome(self, scope: Scope) -> Response | None:
        """Return an answer that exchanges the address's code or token for a session; None without a valid one."""
        if scope["method"] != "GET":
            return None
        query = parse_qs(scope["query_string"].decode("latin-1"))
        code, token = query.get("code", [""])[0], query.get("token", [""])[0]
        welcome: Response
        if session := self._keys.redeem_code(code):
            welcome = HTMLResponse(_WELCOME)  # no redirect: after one from a file no strict cookie is sent
        elif session := self._keys.redeem_token(token):
            welcome = RedirectResponse(scope["path"], 303)
        else:
            return None
        self._cookie.put(welcome, session, self._proxy.scheme(scope))
        return welcome


def _refused(scope: Scope, status: int, message: str) -> Response:
    return answer({"error": message}, status) if is_api(scope) else Response(message, status)


def _is_short(length: str, longest: int) -> bool:
    return len(length) < 12 and length.isascii() and length.isdigit() and int(length) <= longest


def _bounded(receive: Receive, longest: int) -> Receive:
    """Return a `receive` that refuses a longer body, whatever the header says."""
    size = 0

    async def receive_bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > longest:
            raise HTTPException(413, "the request is too large")
        return message

    return receive_bounded
