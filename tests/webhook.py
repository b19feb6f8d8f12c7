"""A small HTTP server on this machine that takes messages, for tests of `notify`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

SECRET = "hush-4711"


class Webhook(HTTPServer):
    """Answers with `status` and keeps what came; while `must_hang` is set it does not answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.must_hang = False
        self.has_request = threading.Event()
        self.go_on = threading.Event()
        self.messages: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"json://alice:{SECRET}@127.0.0.1:{self.server_address[1]}/{SECRET}"

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.messages]


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.has_request.set()
        if self.server.must_hang:
            self.server.go_on.wait()
            return
        if self.server.status == 200:
            self.server.messages.append(json.loads(content))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Serve until the end of the with statement."""
    with Webhook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.go_on.set()
            server.shutdown()
            thread.join()
