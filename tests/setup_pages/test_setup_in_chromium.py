"""From an empty home to a picture in quarantine, in a real Chromium, on a desktop and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browsing import chromium, serving
from conftest import noise
from daemon import Daemon
from imgwatch.config_edit import replace_config, with_key

pytestmark = pytest.mark.browser

SETUP = ("setup", "--web", "--no-open")


def learn(page: Page, home: Path) -> None:
    page.get_by_label("The folder to keep clean").fill(str(home / "Pictures" / "Inbox"))
    page.get_by_label("Folders of normal pictures").fill(str(home / "Pictures" / "Album"))
    page.get_by_role("button", name="Learn what is normal").press("Enter")
    expect(page.get_by_role("heading", name="2. Promise")).to_be_visible(timeout=60000)


@pytest.mark.parametrize("width", [1300, 390])
def test_from_nothing_to_a_picture_in_quarantine(home: Path, width: int) -> None:
    config = home / "config.yaml"
    with chromium() as browser, serving(config, *SETUP) as address:
        page = browser.new_page(viewport={"width": width, "height": 850})
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        learn(page, home)
        promise = page.get_by_label("At most this share")
        for _ in range(2):
            promise.press("ArrowRight")
        expect(page.locator("#share")).to_have_text("2 %")
        expect(page.locator("#moves")).to_contain_text("1 of 1 in the folder")
        expect(page.get_by_alt_text("junk.png")).to_be_visible()
        assert page.get_by_alt_text("junk.png").evaluate(
            "shot => shot.decode().then(() => shot.naturalWidth)"
        )
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut"
        assert not config.exists()
        page.reload()  # what was learned outlives the page
        page.get_by_role("button", name="Write it").press("Enter")
        expect(page.get_by_text("config.yaml is written.")).to_be_visible()
    with Daemon(config) as daemon:
        noise(home / "Pictures" / "Inbox" / "spam.png")
        daemon.wait_log("spam.png -> quarantine")


def test_the_last_change_is_undone_on_the_page(home: Path) -> None:
    config = home / "config.yaml"
    before = f"watch: [{{path: {home}/Pictures/Inbox}}] # <mine>\nstate: {home}/state\n"
    config.write_text(before)
    replace_config(config, with_key(before, "mode", "report"))
    with chromium() as browser, serving(config, *SETUP) as address:
        page = browser.new_page(viewport={"width": 390, "height": 850})
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        expect(page.get_by_label("What was changed last")).to_contain_text("+mode: report")
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut"
        page.get_by_role("button", name="Undo it").press("Enter")
        expect(page.get_by_text("is as it was before")).to_be_visible()
    assert config.read_text() == before


def test_what_cannot_be_is_said_on_the_page(home: Path) -> None:
    with chromium() as browser, serving(home / "config.yaml", *SETUP) as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        page.get_by_label("The folder to keep clean").fill("/nowhere")
        page.get_by_role("button", name="Learn what is normal").click()
        expect(page.get_by_role("alert")).to_contain_text("/nowhere: no such folder")
        page.get_by_label("The folder to keep clean").fill(str(home / "Pictures" / "Inbox"))
        page.get_by_role("button", name="Learn what is normal").click()
        expect(page.get_by_role("alert")).to_contain_text("at least 20 readable pictures", timeout=60000)
