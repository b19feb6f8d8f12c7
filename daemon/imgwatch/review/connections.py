"""Limits on a browser's connections: the time for a request, and their number.

Idle connections give way to those with requests, so that the owner always gets in.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

ADMITTED = "is_admitted"  # set in a request's state once it has brought the key
ASK_SECONDS = 15.0  # for a whole request, head and body, however slowly it comes
MOST_CONNECTIONS = 128
BACKLOG = 64


class BoundedConnection(H11Protocol):
    """A connection that ends without a request in time, and that makes room when there are too many."""

    ask_seconds = ASK_SECONDS
    most_connections = MOST_CONNECTIONS
    _patience: asyncio.TimerHandle | None = None
    _opened_at = 0.0
    _has_come_on = False

    @property
    def is_admitted(self) -> bool:
        """Return whether its latest request was authenticated."""
        return bool(self.scope and self.scope.get("state", {}).get(ADMITTED))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept it, and drop the oldest connection that is not admitted if there are too many; else drop this one."""
        others = [cast(BoundedConnection, other) for other in self.connections]
        super().connection_made(transport)
        self._opened_at = time.monotonic()
        _send_at_once(transport)
        self._expect_request()
        if len(others) >= self.most_connections:
            strangers = [other for other in others if not other.is_admitted]
            victim = min(strangers, key=lambda other: other._opened_at, default=self)
            victim.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass the data on. A stranger's time for a request runs from its beginning, not from its latest byte."""
        super().data_received(data)
        self._has_come_on = True
        if self._has_whole_request():
            self._stop_waiting()
        else:
            self._expect_request()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._expect_request()

    def drop(self) -> None:
        """Close the connection."""
        self._stop_waiting()
        self.connections.discard(self)
        self.transport.abort()

    def _has_whole_request(self) -> bool:
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.more_body

    def _expect_request(self) -> None:
        if self._patience is None and not self.transport.is_closing():
            self._has_come_on = False
            self._patience = self.loop.call_later(self.ask_seconds, self._lose_patience)

    def _lose_patience(self) -> None:
        """Close the connection, unless an admitted browser is still sending something long."""
        self._patience = None
        if self.is_admitted and self._has_come_on and not self._is_answered():
            self._expect_request()
        else:
            self.drop()

    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _send_at_once(transport: Any) -> None:
    """Disable Nagle's algorithm: an answer in two parts would wait 40 ms for the browser's acknowledgement."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
