"""What a person does, in a real Chromium against the real command: look, arrow, decide, undo, all without a mouse."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browsing import Look
from conftest import bright, picture_bytes
from daemon import wait_until
from gallery import Scene
from imgwatch.commands.context import open_ledger
from imgwatch.files import Identity
from imgwatch.ledger import Row
from imgwatch.lifecycle import FileState

pytestmark = pytest.mark.browser


def _cards(page: Page) -> Any:
    return page.locator(".card")


def _nothing_but(page: Page, text: str) -> None:
    expect(page.locator("#nothing")).to_be_visible()
    expect(page.locator("#nothing")).to_contain_text(text)


def _open_shelf(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).click()


def test_arrows_move_and_one_key_restores(scene: Scene, look: Look) -> None:
    scene.fill(5)
    page = look()
    expect(_cards(page)).to_have_count(5)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    name = page.locator("#name").inner_text()
    page.keyboard.press("r")
    expect(page.locator("#toast")).to_contain_text("1 picture restored")
    expect(_cards(page)).to_have_count(4)
    assert [path.name for path in scene.inbox.iterdir()] == [name]
    page.keyboard.press("u")
    expect(_cards(page)).to_have_count(5)
    assert list(scene.inbox.iterdir()) == []


def test_delete_later_and_undo_by_key(scene: Scene, look: Look) -> None:
    scene.fill(4)
    page = look()
    for key in "dk":
        page.keyboard.press(key)
    expect(page.locator("[data-count=open]")).to_have_text("2")
    expect(page.locator("[data-count=binned]")).to_have_text("1")
    expect(page.locator("[data-count=later]")).to_have_text("1")
    expect(page.locator("#toast")).to_contain_text("for later")
    for _ in "dk":
        page.keyboard.press("u")
    expect(page.locator("[data-count=open]")).to_have_text("4")
    assert len(list(scene.quarantine().list())) == 4


def test_bulk_delete_undo_and_empty_the_bin(scene: Scene, look: Look) -> None:
    scene.fill(12)
    page = look()
    expect(_cards(page)).to_have_count(12)
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".card[aria-pressed=true]")).to_have_count(4)
    page.keyboard.press("d")
    expect(page.locator("#toast")).to_contain_text("4 pictures in the bin")
    page.locator("#undo").click()
    expect(_cards(page)).to_have_count(12)
    page.keyboard.press("a")
    page.keyboard.press("d")
    _nothing_but(page, "All is well")
    _open_shelf(page, "Bin 12")
    page.get_by_role("button", name="Empty the bin").click()
    page.get_by_role("button", name="Delete for good").click()
    _nothing_but(page, "The bin is empty")
    assert list((scene.settings.quarantine.path / "pictures").iterdir()) == []


def test_near_identical_ones_are_selected_by_one_key(scene: Scene, look: Look) -> None:
    scene.fill(6)
    page = look()
    expect(page.locator(".stack").first).to_have_text("\u00d76", timeout=20000)
    page.keyboard.press("g")
    expect(page.locator(".card[aria-pressed=true]")).to_have_count(6)
    page.keyboard.press("Escape")
    expect(page.locator(".card[aria-pressed=true]")).to_have_count(0)


def test_new_pictures_arrive_by_themselves(scene: Scene, look: Look) -> None:
    page = look()
    _nothing_but(page, "All is well")
    scene.judge(bright(scene.inbox / "fresh.png"))
    expect(_cards(page)).to_have_count(1)
    expect(page.locator("#toast")).to_contain_text("1 new picture")


def test_a_restore_from_the_shell_shows_in_the_tab(scene: Scene, look: Look) -> None:
    scene.fill(2)
    page = look()
    expect(_cards(page)).to_have_count(2)
    command = [
        sys.executable,
        "-m",
        "imgwatch",
        "quarantine",
        "restore",
        "--all",
        "--config",
        str(scene.config),
    ]
    subprocess.run(command, check=True, capture_output=True)
    expect(_cards(page)).to_have_count(0)


def test_a_conflict_is_told_with_what_to_do(scene: Scene, look: Look) -> None:
    scene.fill(1)
    (scene.inbox / "junk_000.png").write_bytes(picture_bytes(3))
    page = look()
    expect(page.locator("#restoring")).to_contain_text("ever overwritten")
    page.keyboard.press("r")
    expect(page.locator("#trouble")).to_contain_text("in the way; move it aside")
    expect(_cards(page)).to_have_count(1)


def test_search_and_orders(scene: Scene, look: Look) -> None:
    scene.fill(12)
    page = look()
    page.keyboard.press("/")
    page.keyboard.type("junk_007")
    expect(_cards(page)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(_cards(page)).to_have_count(12)
    page.locator("#order").select_option("reason")
    expect(page.locator(".head h2")).to_have_text("brighter than your pictures")
    page.get_by_role("button", name="Select these 12").click()
    expect(page.locator(".card[aria-pressed=true]")).to_have_count(12)


def test_the_heat_map_lies_exactly_over_the_picture(scene: Scene, look: Look) -> None:
    scene.fill(1)
    page = look()
    page.keyboard.press("h")
    expect(page.locator("#heat")).to_be_visible(timeout=20000)
    assert page.locator("#heat").bounding_box() == page.locator("#large").bounding_box()


def test_the_slider_says_what_another_promise_would_move(scene: Scene, look: Look) -> None:
    scene.fill(3, normal=20)
    page = look("activity")
    slider = page.locator("#promise")
    slider.focus()
    page.keyboard.press("Home")
    strict = page.locator("#would").inner_text()
    page.keyboard.press("End")
    expect(page.locator("#said")).to_have_text("20 %")
    assert page.locator("#would").inner_text().startswith("0 of the present") or strict
    assert page.locator("#then").get_attribute("x1") != page.locator("#now").get_attribute("x1")


def test_a_phone_shows_pictures_verdicts_and_a_way_out(scene: Scene, look: Look) -> None:
    scene.fill(8)
    page = look(width=390, height=844)
    expect(page.locator("#panel")).to_be_hidden()
    _cards(page).nth(4).click()
    expect(page.get_by_role("button", name="Restore")).to_be_visible()
    card, panel = _cards(page).nth(4).bounding_box(), page.locator("#panel").bounding_box()
    assert card is not None
    assert panel is not None
    assert card["y"] + card["height"] <= panel["y"] + 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("[data-count=binned]")).to_have_text("1")
    page.get_by_role("button", name="Close the picture").click()
    expect(page.locator("#panel")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
@pytest.mark.parametrize("where", ["#clusters", "#open", "#binned", "activity", "training"])
def test_axe_finds_nothing(scene: Scene, look: Look, scheme: str, width: int, where: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    scene.fill(5, normal=3)
    page = look(where, width=width, scheme=scheme)
    if where == "#open":
        _cards(page).first.click()
        page.keyboard.press("x")
        page.locator("#order").select_option("reason")
        expect(page.locator("#restoring")).not_to_be_empty()
    violations = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in violations] == []


def test_of_fifty_thousand_pictures_only_those_in_sight_are_on_the_page(scene: Scene, look: Look) -> None:
    page = look()
    page.route("**/small", lambda route: route.fulfill(body=picture_bytes(90), content_type="image/png"))
    page.evaluate(
        """async () => {
        const { Grid } = await import('/static/grid.js');
        const row = n => ({ id: String(n), name: `p${n}`, folder: '', label: 'odd', share: '', beyond: .5 });
        const rows = [...Array(50000).keys()].map(row);
        const on = { active: () => '7', selected: () => false, like: () => 1, covered: () => 0, open: () => {} };
        document.getElementById('nothing').hidden = true;
        window.big = new Grid(document.getElementById('scroll'), document.getElementById('grid'), on);
        window.big.lay([{ title: null, rows }]);
        }"""
    )
    for at in (0.3, 0.9, 0.5, 1.0):
        page.evaluate(
            f"scroll => {{ scroll.scrollTop = {at} * scroll.scrollHeight }}", page.query_selector("#scroll")
        )
        expect(page.locator(".card").nth(5)).to_be_visible()
        assert page.locator(".card").count() < 200, "only what is in sight is on the page"
    expect(page.locator(".card", has_text="p49999")).to_be_visible()


def test_no_tab_and_no_search_is_cut_on_a_phone(scene: Scene, look: Look) -> None:
    scene.fill(3)
    page = look("#clusters", width=390, height=844)
    page.locator(".crowd").wait_for()
    for locator in (page.locator("nav a").last, page.locator("#find"), page.locator("#days")):
        box = locator.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.shared
def test_five_hundred_real_pictures_by_keyboard(scene: Scene, look: Look, shared: Path) -> None:
    """Every key is a person's: a look at each, one verdict each, and the books balance in the end."""
    places = ("irrelevant/photos", "junk/memes", "junk/screenshots", "junk/receipts", "junk/spam")
    pictures = [path for folder in places for path in sorted((shared / folder).glob("*.jpg"))][:500]
    assert len(pictures) == 500
    for number, path in enumerate(pictures):
        (scene.inbox / f"{number:03}_{path.name}").write_bytes(path.read_bytes())
    config = scene.config.read_text() + "threshold: {score: 0.0}\n"
    scene.config.write_text(config)
    scene.reload()
    scene.judge(*sorted(scene.inbox.iterdir()))
    page = look()
    expect(page.locator("[data-count=open]")).to_have_text("500")
    for number in range(500):
        page.keyboard.press("rdk"[number % 3])
    _nothing_but(page, "All is well")
    expect(page.locator("[data-count=binned]")).to_have_text("167", timeout=120000)
    _finish_or_undo_move(scene, {"restored": 167, "binned": 167, "later": 166})
    for _ in range(500):
        page.keyboard.press("u")
    expect(page.locator("[data-count=open]")).to_have_text("500", timeout=240000)
    _finish_or_undo_move(scene, {"restored": 0, "binned": 0, "later": 0})


def _finish_or_undo_move(scene: Scene, wanted: dict[str, int]) -> None:
    until = time.monotonic() + 120
    counts: dict[str, int] = {}
    while time.monotonic() < until:
        quarantine = scene.quarantine()
        standings = [quarantine.review_state(record) for record in quarantine.list()]
        counts = {
            "restored": len(list(scene.inbox.iterdir())),
            "binned": len(list(quarantine.binned())),
            "later": standings.count(type(standings[0]).LATER) if standings else 0,
        }
        if counts == wanted:
            return
        time.sleep(0.2)
    raise AssertionError(f"{counts} instead of {wanted}")


def test_the_activity_page_pauses(scene: Scene, look: Look) -> None:
    page = look("activity")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#paused")).to_contain_text("Paused. The daemon moves nothing")
    with open_ledger(scene.settings) as ledger:
        assert ledger.facts.breaker_reason == "paused by you"


def test_resume_stands_beside_the_pictures_that_are_held(scene: Scene, look: Look) -> None:
    held = bright(scene.inbox / "held.png")
    with open_ledger(scene.settings) as ledger:
        ledger.remember([Row(held, Identity.of(held.lstat()), FileState.HELD)], 0.0)
        ledger.facts.open_breaker("too many")
    page = look("activity")
    picture = page.locator(".audit img")
    picture.scroll_into_view_if_needed()
    wait_until(lambda: picture.evaluate("image => image.naturalWidth") > 0, says="the picture is shown")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#resumed")).to_contain_text("The breaker is closed")
    with open_ledger(scene.settings) as ledger:
        assert not ledger.facts.breaker_is_open
