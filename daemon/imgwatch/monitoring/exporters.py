"""Where figures are read: a port of this machine, a text file for node_exporter. What they are, `metrics` knows."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from socketserver import TCPServer
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, MetricsHandler, generate_latest

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
TEXTFILE_SECONDS = 15.0
_RETRY_SECONDS = 60.0
_CLIENT_SECONDS = 2.0


class Outlet(Protocol):
    """One way to read figures."""

    trouble: str | None  # what stands in the way

    def keep(self) -> None:
        """Do what is due. Raises nothing: what fails is told once, and tried again."""

    def close(self) -> None:
        """End it."""


class TextFile:
    """A file that is replaced whole every 15 s, readable for node_exporter whatever the umask; removed at the end."""

    def __init__(self, path: Path, registry: CollectorRegistry, clock: Callable[[], float]) -> None:
        self._path, self._registry, self._clock = path, registry, clock
        self._next = 0.0
        self.trouble: str | None = None

    def keep(self) -> None:
        """Write it when that is due."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + TEXTFILE_SECONDS
        fresh = self._path.with_name(f".{self._path.name}.new")  # not *.prom: nobody reads it half-written
        try:
            fresh.write_bytes(generate_latest(self._registry))
            fresh.chmod(0o644)
            fresh.replace(self._path)
        except OSError as fault:
            what = f"metrics.textfile {self._path} cannot be written: {fault.strerror}"
            self.trouble = _told_once(self.trouble, what)
        else:
            self.trouble = None

    def close(self) -> None:
        """Remove it, so that nobody takes old figures for new ones."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


class Port:
    """An HTTP server for this machine alone, in a thread that sleeps until somebody asks: one request at a time."""

    def __init__(self, port: int, registry: CollectorRegistry, clock: Callable[[], float]) -> None:
        self._port, self._clock = port, clock
        self._handler = type("Handler", (_Handler,), {"registry": registry})
        self._next = 0.0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._closing = False
        self.trouble: str | None = None

    def keep(self) -> None:
        """Open it where it is not open; another program may have the port."""
        if self._server is not None or self._clock() < self._next:
            return
        self._next = self._clock() + _RETRY_SECONDS
        try:
            self._server = server = _Server((HOST, self._port), self._handler)
        except OSError as fault:
            what = f"metrics.port {self._port} cannot be opened: {fault.strerror}"
            self.trouble = _told_once(self.trouble, what)
            return
        self.trouble = None
        self._thread = threading.Thread(target=self._serve, args=(server,), name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close it."""
        self._closing = True
        if self._server is None or self._thread is None:
            return
        with suppress(OSError):
            self._server.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join(_CLIENT_SECONDS)
        self._server.server_close()

    def _serve(self, server: TCPServer) -> None:
        while not self._closing:
            server.handle_request()  # sleeps until somebody asks; serve_forever would wake up twice a second


class _Server(TCPServer):
    """Not http.server's, which asks the network for the name of this machine."""

    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say little of a client that went away."""
        log.debug("a request for metrics failed", exc_info=True)


class _Handler(MetricsHandler):
    """Gives up on a client that says nothing: nobody may keep the only thread."""

    timeout = _CLIENT_SECONDS


def _told_once(before: str | None, trouble: str) -> str:
    if before != trouble:
        log.error("%s; pictures are judged all the same, and it is tried again", trouble)
    return trouble
