"""The cookie by which a browser shows its session: no script reads it, and no other site sends it."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.responses import Response


@dataclass(frozen=True)
class SessionCookie:
    """Its name has the port, as cookies do not tell ports apart."""

    name: str

    def put(self, response: Response, session: str, scheme: str) -> None:
        """Set it in the browser; over TLS, for TLS alone."""
        response.set_cookie(self.name, session, httponly=True, samesite="strict", secure=scheme == "https")

    def brought(self, headers: Headers) -> str:
        """Return the session that a request brings, "" for none."""
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self.name)
        except CookieError:
            return ""
        return cookie.value if cookie else ""
