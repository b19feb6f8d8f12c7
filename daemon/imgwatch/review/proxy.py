"""What a reverse proxy says of a request: believed from its own address, and from nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import Scope


@dataclass(frozen=True)
class Proxy:
    """The addresses of the proxies, and the header in which they name the user; without addresses there is none."""

    addresses: frozenset[str] = frozenset()
    user_header: str | None = None

    def sent(self, scope: Scope) -> bool:
        """Return whether a request comes from one of the proxies."""
        return _address_of(scope) in self.addresses

    def scheme(self, scope: Scope) -> str:
        """Return what the browser spoke, http or https."""
        said = Headers(scope=scope).get("x-forwarded-proto", "") if self.sent(scope) else ""
        return said if said in ("http", "https") else str(scope["scheme"])

    def visitor(self, scope: Scope) -> str:
        """Return from where the browser asks: its address, or the network of 64 bits that an IPv6 address is in."""
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
        """Return whom the proxy has let in; None if it names nobody, or more than one."""
        if self.user_header is None or not self.sent(scope):
            return None
        named = Headers(scope=scope).getlist(self.user_header)
        return named[0].strip() or None if len(named) == 1 else None


def _address_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
