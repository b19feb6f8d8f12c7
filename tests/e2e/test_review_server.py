"""The gallery as a process: what other users see of its key, a crowd at its door, and how it ends."""

from __future__ import annotations

import http.client
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conftest import WriteConfig
from daemon import wait_until

pytestmark = pytest.mark.e2e

_FEW_FILES = 400


@contextmanager
def _review(config: Path, *options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `imgwatch review` with few descriptors; give it and the address that it prints first."""
    command = [sys.executable, "-m", "imgwatch", "review", *options, "--config", str(config)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (_FEW_FILES, _FEW_FILES)),
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def _get(url: str, cookie: str = "") -> tuple[int, str, str]:
    """Return status, body and the cookie that was set."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), (answer.getheader("set-cookie") or "").partition(";")[0]
    finally:
        connection.close()


def test_the_browser_is_told_a_file_that_only_its_owner_reads_and_that_opens_once(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    runtime, called = tmp_path / "run", tmp_path / "called"
    runtime.mkdir(mode=0o700)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" > {called}.new\nmv {called}.new {called}\n')
    browser.chmod(0o755)
    with _review(write_config(), BROWSER=f"{browser} %s", XDG_RUNTIME_DIR=str(runtime)) as (process, url):
        wait_until(called.exists, says="the browser was started")
        arguments = called.read_text()
        token = url.partition("token=")[2]
        assert token
        assert token not in arguments
        assert "code=" not in arguments
        page = Path(arguments.strip().removeprefix("file://"))
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
        assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700
        (link,) = set(re.findall(r"http://[^\"]+", page.read_text()))
        assert _get(link)[0] == 200
        assert _get(link)[0] == 403, "the code opens once"
        assert _get(url)[0] == 303, "the person at the terminal may come again"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert not page.parent.exists()


def test_a_crowd_that_asks_nothing_does_not_keep_the_owner_out(write_config: WriteConfig) -> None:
    with _review(write_config(), "--no-open") as (process, url), ExitStack() as crowd:
        base = url.partition("/?")[0]
        _, _, cookie = _get(url)
        parts = urlsplit(url)
        for _ in range(_FEW_FILES + 200):
            crowd.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=30))
        assert _get(f"{base}/pictures", cookie)[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_without_a_traceback_while_a_page_listens(write_config: WriteConfig, number: int) -> None:
    with _review(write_config(), "--no-open") as (process, url):
        _, _, cookie = _get(url)
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        connection.request("GET", "/live", headers={"Cookie": cookie})
        answer = connection.getresponse()
        assert answer.readline()
        process.send_signal(number)
        assert process.wait(30) == 0
        connection.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
