"""A reverse proxy's headers about a request, trusted only from the proxy's own address."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import Scope


@dataclass(frozen=True)
class Proxy:
    """The addresses of the proxies, and the header in which they name the user; no proxy without addresses."""

    addresses: frozenset[str] = frozenset()
    user_header: str | None = None

    def sent(self, scope: Scope) -> bool:
        """Return whether a request comes from one of the proxies."""
        return _address_of(scope) in self.addresses

    def scheme(self, scope: Scope) -> str:
        """Return the browser's scheme, http or https."""
        scheme = Headers(scope=scope).get("x-forwarded-proto", "") if self.sent(scope) else ""
        return scheme if scheme in ("http", "https") else str(scope["scheme"])

    def visitor(self, scope: Scope) -> str:
        """Return the browser's address, or the /64 network of an IPv6 address."""
        address = _address_of(scope)
        if self.sent(scope):
            forwarded = Headers(scope=scope).getlist("x-forwarded-for")
            address = (
                forwarded[-1].rpartition(",")[2].strip() if forwarded else address
            )  # what the proxy added
        try:
            parsed = ip_address(address)
        except ValueError:
            return _address_of(scope)
        return parsed.exploded[:19] if isinstance(parsed, IPv6Address) else address

    def user(self, scope: Scope) -> str | None:
        """Return the user that the proxy authenticated; None if it names none, or several."""
        if self.user_header is None or not self.sent(scope):
            return None
        named = Headers(scope=scope).getlist(self.user_header)
        return named[0].strip() or None if len(named) == 1 else None


def _address_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
