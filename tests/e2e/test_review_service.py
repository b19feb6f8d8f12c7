"""The gallery as a lasting service: a process behind the proxies that docs/review.md shows, started as systemd does."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import WriteConfig

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "review.md").read_text()
PROXY = "{names: [photos.home], trust_proxy: {addresses: [127.0.0.1], user_header: X-Remote-User}}"


@contextmanager
def service(config: Path, listening: socket.socket) -> Iterator[subprocess.Popen[str]]:
    """Run it on a socket that it is given as number 3, and wait until it is ready."""
    script = 'exec 3<&"$0" && LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
    command = ["bash", "-c", script, str(listening.fileno()), sys.executable, "-m", "imgwatch", "review"]
    with subprocess.Popen(
        [*command, "--serve", "--config", str(config)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, pass_fds=[listening.fileno()],
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == f"http://127.0.0.1:{listening.getsockname()[1]}\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def status_of(port: int, headers: dict[str, str], method: str = "GET", path: str = "/") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        body = b"{}" if method == "POST" else None
        connection.request(method, path, body=body, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def headers_of_nginx(user: str) -> dict[str, str]:
    """Return what the page's nginx sends on, for a browser that asks for https://photos.home as this user."""
    (block,) = re.findall(r"^```nginx\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    values = {"$host": "photos.home", "$scheme": "https", "$remote_addr": "192.0.2.7", "$remote_user": user}
    headers = re.findall(r"proxy_set_header (\S+) (\S+);", block)
    return {name: values[value] for name, value in headers if values[value]}  # nginx sends no empty one


def headers_of_caddy(user: str) -> dict[str, str]:
    (block,) = re.findall(r"^```caddy\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    by_itself = {"Host": "photos.home", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    return by_itself | {name: user for name in re.findall(r"header_up (\S+) \{http\.auth\.user\.id\}", block)}


def test_what_the_page_says_of_proxies_works(write_config: WriteConfig, listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    with service(write_config(review=PROXY), listening) as process:
        for headers_of in (headers_of_nginx, headers_of_caddy):
            origin = {"Origin": "https://photos.home"}
            assert status_of(port, headers_of("alice")) == 200
            assert status_of(port, headers_of("alice") | origin, "POST", "/undo") == 200
            assert status_of(port, headers_of("")) == 403
            assert status_of(port, headers_of("alice") | {"Host": "other.home"}) == 421
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_name_that_anybody_could_open_is_refused(write_config: WriteConfig) -> None:
    config = write_config(review="{names: [photos.home]}")
    for options in (["--serve"], ["--no-open"]):
        command = [sys.executable, "-m", "imgwatch", "review", *options, "--config", str(config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
        assert done.returncode == 78
        assert "review.names: photos.home needs a password" in done.stderr
