"""A real Chromium, and the real command whose pages it opens."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

from daemon import popen

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_PICTURE = re.compile(r"/pictures/\w+/(small|large)$")

Look = Callable[..., Page]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium of the system."""
    program = os.environ.get("IMGWATCH_CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def serving(config: Path, *arguments: str) -> Iterator[str]:
    """Run a command that serves pages, `imgwatch review` by default, and give the address that it prints first."""
    arguments = arguments or ("review", "--no-open")
    command = [sys.executable, "-m", "imgwatch", *arguments, "--config", str(config)]
    with popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0


@contextmanager
def reviewed(config: Path, browser: Browser) -> Iterator[Look]:
    """Yield what opens a page of the gallery, started at the first one; a page that complains is a fault."""
    complaints: list[str] = []
    with serving_later(config) as address:

        def look(where: str = "#open", width: int = 1300, height: int = 850, scheme: str = "light") -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.set_default_timeout(20000)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: _note(message, complaints))
            page.on("response", lambda answer: _note_answer(answer, complaints))
            page.goto(address())
            page.wait_for_selector("body[data-ready]")
            if where:
                page.goto(address().partition("?")[0] + where)
                page.wait_for_selector("body[data-ready]")
            return page

        yield look
        for context in browser.contexts:
            context.close()
    assert not complaints, complaints


@contextmanager
def serving_later(config: Path) -> Iterator[Callable[[], str]]:
    """Start the command when its address is asked for."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        urls: list[str] = []

        def address() -> str:
            if not urls:
                urls.append(stack.enter_context(serving(config)))
            return urls[0]

        yield address


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    is_gone = (
        _PICTURE.search(message.location["url"]) and "404" in message.text
    )  # decided while it was asked for
    if message.type == "error" and not is_gone:
        complaints.append(message.text)


def _note_answer(answer: Response, complaints: list[str]) -> None:
    if not answer.url.startswith("http://127.0.0.1:"):
        complaints.append(f"asked another host: {answer.url}")
