"""The cookie with a browser's session: no script can read it, and no other site sends it."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.responses import Response


@dataclass(frozen=True)
class SessionCookie:
    """A cookie whose name includes the port, as cookies are shared between ports."""

    name: str

    def put(self, response: Response, session: str, scheme: str) -> None:
        """Set the cookie; over TLS, for TLS alone."""
        response.set_cookie(self.name, session, httponly=True, samesite="strict", secure=scheme == "https")

    def brought(self, headers: Headers) -> str:
        """Return the session of a request; "" for none."""
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self.name)
        except CookieError:
            return ""
        return cookie.value if cookie else ""
