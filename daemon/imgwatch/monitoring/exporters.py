"""Where metrics are read: a port of this machine, a text file for node_exporter. `metrics` defines them."""

from __future__ import annotations

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer, ThreadingMixIn
from typing import Any, Protocol
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, MetricsHandler, generate_latest

from imgwatch.atomic_file import replacing

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
TEXTFILE_SECONDS = 15.0
_RETRY_SECONDS = 60.0
_CLIENT_SECONDS = 2.0
_MOST_CLIENTS = 16
_NAMES = ("127.0.0.1", "localhost")  # not "::1": it does not listen there


class Exporter(Protocol):
    """One way to read the metrics."""

    trouble: str | None  # what stands in the way

    def keep(self) -> None:
        """Do what is due. Raises nothing: a failure is logged once, and tried again."""

    def close(self) -> None:
        """Stop exporting."""


class TextFile:
    """A file that is replaced whole every 15 s, readable for node_exporter whatever the umask; removed at the end."""

    def __init__(self, path: Path, registry: CollectorRegistry, clock: Callable[[], float]) -> None:
        self._path, self._registry, self._clock = path, registry, clock
        self._next = 0.0
        self.trouble: str | None = None

    def keep(self) -> None:
        """Write the file when that is due."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + TEXTFILE_SECONDS
        try:
            with replacing(self._path, is_durable=False) as stream:
                stream.write(generate_latest(self._registry))
        except OSError as fault:
            trouble = f"metrics.textfile {self._path} cannot be written: {fault.strerror}"
            self.trouble = _warn_once(self.trouble, trouble, str(self._path))
        else:
            _note_over(self.trouble, str(self._path))
            self.trouble = None

    def close(self) -> None:
        """Remove the file, so that nobody takes old metrics for new ones."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


class Port:
    """An HTTP server for this machine alone, in a thread that sleeps until a request; each request has a thread."""

    def __init__(self, port: int, registry: CollectorRegistry, clock: Callable[[], float]) -> None:
        self._port, self._clock = port, clock
        self._handler = type("Handler", (_Handler,), {"registry": registry})
        self._next = 0.0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._closing = False
        self.trouble: str | None = None

    def keep(self) -> None:
        """Open the port if it is not open yet; another program may have it."""
        if self._server is not None or self._clock() < self._next:
            return
        self._next = self._clock() + _RETRY_SECONDS
        try:
            self._server = server = _Server((HOST, self._port), self._handler)
        except OSError as fault:
            trouble = f"metrics.port {self._port} cannot be opened: {fault.strerror}"
            self.trouble = _warn_once(self.trouble, trouble, f"port {self._port}")
            return
        _note_over(self.trouble, f"port {self._port}")
        self.trouble = None
        self._thread = threading.Thread(target=self._serve, args=(server,), name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close the port."""
        self._closing = True
        if self._server is None or self._thread is None:
            return
        with suppress(OSError):
            self._server.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join(_CLIENT_SECONDS)
        self._server.server_close()
        self._server.drop_clients()

    def _serve(self, server: TCPServer) -> None:
        while not self._closing:
            server.handle_request()  # sleeps until somebody asks; serve_forever would wake up twice a second


class _Server(ThreadingMixIn, TCPServer):
    """A TCP server: http.server's would ask the network for this machine's name. Too many clients end the oldest."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseRequestHandler]) -> None:
        self._clients: deque[socket.socket] = deque()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, after making room for one more client."""
        self._clients.append(request)
        while len(self._clients) > _MOST_CLIENTS:
            _hang_up(self._clients.popleft())
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a client that has its answer."""
        with suppress(ValueError):
            self._clients.remove(request)
        super().shutdown_request(request)

    def drop_clients(self) -> None:
        """Close all connections."""
        for client in list(self._clients):
            _hang_up(client)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log in one line that a client went away."""
        log.debug("a request for metrics failed", exc_info=True)


class _Handler(MetricsHandler):
    """Drops a silent client, and refuses a host name that another site may have made resolve to this machine."""

    timeout = _CLIENT_SECONDS

    def do_GET(self) -> None:
        """Answer, or refuse the request."""
        if _names_this_machine(self.headers.get("Host", "")):
            super().do_GET()
        else:
            self.send_error(421, "This server does not answer to that host name")


def _names_this_machine(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name in _NAMES


def _hang_up(client: socket.socket) -> None:
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


def _warn_once(before: str | None, trouble: str, which: str) -> str:
    if before != trouble:
        log.error(
            "%s; pictures are judged all the same, and it is tried again",
            trouble,
            extra={"cause": f"metrics {which}"},
        )
    return trouble


def _note_over(before: str | None, which: str) -> None:
    if before is not None:
        log.info("metrics are given out again: %s", which, extra={"cause": f"metrics {which}"})
