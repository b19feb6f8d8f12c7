"""The gallery as a lasting service: a process behind the proxies that docs/review.md shows, started as systemd does."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import WriteConfig, bright, dark
from daemon import run, tree

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
        done = run("review", *options, config=config, code=78)
        assert "review.names: photos.home needs a password" in done.stderr


HTTP_PAGE = (ROOT / "docs" / "api-http.md").read_text()


def block(kind: str) -> str:
    (only,) = re.findall(rf"^```{kind}\n(.*?)^```", HTTP_PAGE, re.MULTILINE | re.DOTALL)
    return str(only)


@pytest.fixture
def token(write_config: WriteConfig) -> tuple[Path, str]:
    """A config without password or proxy, and a token that may judge."""
    config = write_config()
    return config, run("token", "add", "shop", config=config).stdout.strip()


def test_the_shop_of_the_page_takes_what_imgwatch_would(
    token: tuple[Path, str], listening: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, secret = token
    before = tree(tmp_path / "inbox")
    api = f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1"
    monkeypatch.setenv("IMGWATCH_API", api)
    monkeypatch.setenv("IMGWATCH_TOKEN", secret)
    shop: dict[str, Any] = {}
    exec(compile(block("python"), "api-http.md", "exec"), shop)
    pictures = [make(tmp_path / f"{make.__name__}.png") for make in (bright, dark)]
    with service(config, listening):
        says = [shop["answer_to_upload"](picture.read_bytes()) for picture in pictures]
        assert says[0].startswith("We cannot take this one: ")
        assert says[1] == "Thank you. It is online."
        assert "can read" in shop["answer_to_upload"](b"no picture")
        by_curl = subprocess.run(
            ["sh", "-c", block("sh")],
            env=os.environ | {"PICTURE": str(pictures[0])},
            capture_output=True,
            check=True,
        )
        row = shop["judged"](pictures[0].read_bytes())
        assert json.loads(by_curl.stdout) == row
        command = [sys.executable, "-m", "imgwatch", "score", "--json", "--config", str(config), "-"]
        with pictures[0].open("rb") as stream:
            scored = subprocess.run(command, stdin=stream, capture_output=True, check=True)
        assert row == json.loads(scored.stdout)
        monkeypatch.setenv("IMGWATCH_TOKEN", "imgwatch_" + "x" * 43)
        assert "Our staff" in shop["answer_to_upload"](pictures[1].read_bytes())
    assert tree(tmp_path / "inbox") == before
    assert not (tmp_path / "quarantine" / "pictures").exists()


def test_an_upload_may_come_in_small_pieces(
    token: tuple[Path, str], listening: socket.socket, tmp_path: Path
) -> None:
    config, secret = token
    content = bright(tmp_path / "bright.png").read_bytes()
    with service(config, listening):
        connection = http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=30)
        connection.putrequest("POST", "/api/v1/judge")
        connection.putheader("Authorization", f"Bearer {secret}")
        connection.putheader("Content-Length", str(len(content)))
        connection.endheaders()
        for begin in range(0, len(content), 50):
            connection.send(content[begin : begin + 50])
        answer = json.loads(connection.getresponse().read())
        connection.close()
    assert answer["verdict"] == "quarantine"
