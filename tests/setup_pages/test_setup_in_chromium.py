"""From an empty home to a picture in quarantine, in a real Chromium, on a desktop and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browsing import chromium, serving
from conftest import noise, write_brightness_model
from daemon import Daemon
from imgwatch.config import load_config
from imgwatch.config.editing import replace_config
from imgwatch.config.yaml_text import with_key

pytestmark = pytest.mark.browser

SETUP = ("setup", "--web", "--no-open")


def learn(page: Page, home: Path) -> None:
    page.get_by_label("The folder to keep clean").fill(str(home / "Pictures" / "Inbox"))
    page.get_by_label("Folders of normal pictures").fill(str(home / "Pictures" / "Album"))
    page.get_by_role("button", name="Learn what is normal").press("Enter")
    expect(page.get_by_role("heading", name="2. Promise")).to_be_visible(timeout=60000)


def follow_link(browser: Browser, address: str, width: int, link: str, name: str) -> Page:
    """Open the setup, by touch on a phone's width, and from there another page."""
    page = browser.new_context(viewport={"width": width, "height": 850}, has_touch=width < 500).new_page()
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    there = page.get_by_role("link", name=link)
    there.tap() if width < 500 else there.press("Enter")
    page.wait_for_selector(f"body[data-ready][data-page={name}]")
    return page


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


@pytest.mark.parametrize("width", [1300, 390])
def test_changes_are_undone_one_after_another_on_the_page(home: Path, width: int) -> None:
    config = home / "config.yaml"
    before = f"watch: [{{path: {home}/Pictures/Inbox}}] # <mine>\nstate: {home}/state\n"
    config.write_text(before)
    replace_config(config, with_key(before, "mode", "report"))
    by_hand = config.read_text() + "threads: 3\n"
    config.write_text(by_hand)
    with chromium() as browser, serving(config, *SETUP) as address:
        page = follow_link(browser, address, width, "Changes of the config", "history")
        expect(page.get_by_role("listitem")).to_have_count(2)
        expect(page.get_by_role("listitem").nth(1)).to_contain_text("mode: report")
        expect(page.get_by_label("What changed: threads: 3")).to_contain_text("+threads: 3")
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut"
        for button in ("Undo this change by hand", "Undo this change"):
            step = page.get_by_role("button", name=button, exact=True)
            step.tap() if width < 500 else step.press("Enter")
            expect(page.get_by_text("is as it was before")).to_be_visible()
        expect(page.get_by_role("button", name="Undo")).to_have_count(0)
        assert config.read_text() == before
        for text in (with_key(before, "mode", "report"), by_hand):
            again = page.get_by_role("button", name="again")
            again.tap() if width < 500 else again.press("Enter")
            expect(page.get_by_text("is changed again")).to_be_visible()
            assert config.read_text() == text
        config.write_text(before)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("alert")).to_contain_text("load the page again")
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


@pytest.mark.parametrize("width", [1300, 390])
def test_models_are_compared_and_a_new_one_is_taken(home: Path, width: int) -> None:
    config, model = home / "config.yaml", home / "mine.onnx"
    write_brightness_model(model)
    write_brightness_model(home / "mine.new.onnx", threshold=0.2)
    new = (home / "mine.new.onnx").read_bytes()
    config.write_text(f"watch: [{{path: {home}/Pictures/Inbox}}]\nmodel: {model}\nstate: {home}/state\n")
    (home / "state").mkdir()
    (home / "state" / "training.log").write_text("epoch: 1 of 2\n" * 60 + "<b>written</b>\n")
    with chromium() as browser, serving(config, *SETUP) as address:
        page = follow_link(browser, address, width, "Train a model, or compare models", "model")
        training = page.get_by_label("Log of the training")
        expect(training).to_contain_text("<b>written</b>")
        assert training.evaluate("log => log.scrollTop + log.clientHeight >= log.scrollHeight - 1"), "its end"
        compare = page.get_by_role("button", name="Compare the models")
        compare.tap() if width < 500 else compare.press("Enter")
        expect(page.get_by_role("heading", name="new: mine.new-")).to_be_visible(timeout=60000)
        expect(page.locator("#models")).to_contain_text(
            "Of 1 picture in the folders it would move 1: stranger 1."
        )
        page.reload()  # what was compared outlives the page
        use = page.get_by_role("button", name="Use the new model")
        expect(use).to_be_visible()
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut"
        use.tap() if width < 500 else use.press("Enter")
        expect(page.get_by_text("The new model is in use.")).to_be_visible()
    assert model.read_bytes() == new


@pytest.mark.parametrize("width", [1300, 390])
def test_kinds_and_folders_are_changed_on_the_page(home: Path, width: int) -> None:
    config = home / "config.yaml"
    config.write_text(f"watch:\n  - path: {home}/Pictures/Inbox  # mine\nstate: {home}/state\n")
    with chromium() as browser, serving(config, *SETUP) as address:
        page = follow_link(browser, address, width, "Settings", "settings")
        screens = page.get_by_role("group", name="screenshot")
        screens.get_by_label("Action").select_option("move")
        screens.get_by_label("To", exact=True).fill(f"{home}/Screens/%Y")
        screens.get_by_label("After days").fill("30")
        screens.get_by_label("After days").press("Tab")
        difference = page.get_by_label("What changes in the config")
        expect(difference).to_contain_text(
            f"screenshot: {{action: move, to: {home}/Screens/%Y, after_days: 30"
        )
        page.get_by_label("Another folder").fill("/nowhere")
        page.get_by_role("button", name="Add it").press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("/nowhere: no such folder")
        page.get_by_label("Another folder").fill(str(home / "Pictures" / "Album"))
        page.get_by_role("button", name="Add it").press("Enter")
        expect(page.get_by_role("button", name=f"Remove {home}/Pictures/Album")).to_be_visible()
        promise = page.get_by_label("At most this share")
        promise.fill("2")
        promise.press("Tab")
        expect(difference).to_contain_text("false_alarms: 0.02")
        promise.fill("")
        promise.press("Tab")
        expect(difference).to_contain_text("threshold: null")
        page.get_by_role("group", name="document").get_by_label("Action").select_option("keep")
        expect(difference).to_contain_text("document: keep")
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut"
        write = page.get_by_role("button", name="Write it")
        write.tap() if width < 500 else write.press("Enter")
        expect(page.get_by_text("config.yaml is written.")).to_be_visible()
    settings = load_config(config)
    assert settings.kinds.of("screenshot")[0].after_days == 30
    assert [watch.path.name for watch in settings.watch] == ["Inbox", "Album"]
    assert "# mine" in config.read_text()
