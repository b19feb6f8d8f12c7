"""Who may use the HTTP interface: requests with a token that has the permission. Cookies do not count."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from imgwatch.errors import ConfigError
from imgwatch.review.answers import answer
from imgwatch.review.connections import ADMITTED
from imgwatch.review.openapi import PREFIX, UPLOAD
from imgwatch.review.tokens import Permission, Token, Tokens

_TOKEN = "token"
_OPEN = f"{PREFIX}/openapi.json"  # says nothing that the source does not


def is_api(scope: Scope) -> bool:
    """Return whether a request is for the HTTP interface."""
    return str(scope["path"]).startswith("/api/")


def is_upload(scope: Scope) -> bool:
    """Return whether a request may be as long as a picture."""
    return str(scope["path"]) == UPLOAD


def refusal(scope: Scope, tokens: Tokens | None) -> Response | None:
    """Return the answer that refuses a request; None admits it, and notes its token."""
    if scope["path"] == _OPEN:
        return None
    scheme, _, brought = Headers(scope=scope).get("authorization", "").partition(" ")
    try:
        token = tokens.of(brought.strip()) if tokens and scheme.lower() == "bearer" else None
    except ConfigError as fault:
        return answer({"error": str(fault)}, 503)
    if token is None:
        refused = answer(
            {"error": "Bring a token, as Authorization: Bearer TOKEN; `imgwatch token add` makes one."}, 401
        )
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused
    scope.setdefault("state", {}).update({ADMITTED: True, _TOKEN: token})
    return None


def require(request: Request, permission: Permission) -> None:
    """Answer with 403 unless the request's token may do that."""
    token: Token = request.scope["state"][_TOKEN]
    if permission not in token.can:
        raise HTTPException(
            403, f"the token {token.name} may not {permission}: make one with --can {permission}"
        )
