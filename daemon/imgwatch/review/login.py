"""The page that asks for the password, and the check of the answer."""

from __future__ import annotations

import asyncio
import logging
import math
from pathlib import Path
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from imgwatch.errors import ConfigError
from imgwatch.files import Identity
from imgwatch.review import password
from imgwatch.review.answers import page
from imgwatch.review.keys import Keys
from imgwatch.review.proxy import Proxy
from imgwatch.review.session_cookie import SessionCookie
from imgwatch.review.tries import WrongTries

PATH = "/login"
log = logging.getLogger(__name__)

# The page posts a form to us: for that the browser must say from where, and may send it.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}


class Login:
    """Exchanges the password for a session; it checks one password at a time, others wait."""

    def __init__(
        self, file: Path, keys: Keys, cookie: SessionCookie, proxy: Proxy, tries: WrongTries
    ) -> None:
        self._file = file
        self._keys = keys
        self._cookie = cookie
        self._proxy = proxy
        self._tries = tries
        self._one_at_a_time = asyncio.Semaphore(1)
        self._version = _version_of(file)

    def end_sessions_of_old(self) -> None:
        """End the sessions that were opened with an earlier password."""
        version = _version_of(self._file)
        if version != self._version:
            self._version = version
            self._keys.end_sessions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the page's form."""
        answer = await self._answer(scope, Request(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, request: Request) -> Response:
        visitor = self._proxy.visitor(scope)
        if pause := self._tries.pause(visitor):
            seconds = math.ceil(pause)
            refused = login_page(f"Too many wrong passwords. Try again in {seconds} s.", 429)
            refused.headers["Retry-After"] = str(seconds)
            return refused
        self._tries.note(visitor)
        form = parse_qs((await request.body()).decode(errors="replace"), max_num_fields=8)
        try:
            async with self._one_at_a_time:
                is_right = await run_in_threadpool(
                    password.matches, self._file, form.get("password", [""])[0]
                )
        except ConfigError as fault:
            log.error("%s", fault)
            return login_page("The password file cannot be used; the log says why.", 503)
        if not is_right:
            log.warning("a wrong password from %s", visitor)
            return login_page("That is not the password.", 403)
        self._tries.forgive(visitor)
        welcome = RedirectResponse("/", 303)
        self._cookie.put(welcome, self._keys.new_session(), self._proxy.scheme(scope))
        return welcome


def _version_of(file: Path) -> Identity | None:
    try:
        return Identity.of(file.stat())
    except OSError:
        return None


def login_page(message: str = "", status: int = 403) -> Response:
    """Answer with the page that asks for the password."""
    return HTMLResponse(page("login", message=message), status, headers=_HEADERS)
