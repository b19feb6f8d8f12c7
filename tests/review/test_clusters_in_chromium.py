"""One verdict for many, and the full-size view, in a real Chromium against the real command."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browsing import Look
from conftest import bright
from daemon import wait_until
from gallery import Scene

pytestmark = pytest.mark.browser


def _open(page: Page, number: str) -> None:
    expect(page.locator("[data-count=open]")).to_have_text(number)


def _wait_until_compared(page: Page) -> None:
    page.locator(".bit").first.wait_for()
    address = f"/pictures/{page.locator('.bit').first.get_attribute('data-id')}"
    similar = f"async () => (await (await fetch('{address}')).json()).similar"
    wait_until(lambda: len(page.evaluate(similar)) == 3, says="the nearest normal pictures are known")


def _touch(page: Page, kind: str, finger: int, x: int) -> None:
    event = {"pointerId": finger, "clientX": x, "clientY": 200, "pointerType": "touch", "bubbles": True}
    page.locator("#full-picture").dispatch_event(kind, event)


def test_one_verdict_settles_a_cluster_and_one_undo_takes_it_back(scene: Scene, look: Look) -> None:
    scene.fill(6)
    page = look("")
    expect(page.locator(".crowd h2")).to_have_text("6 pictures unlike yours like these")
    expect(page.locator(".teaches")).not_to_be_empty()
    page.get_by_role("button", name="Delete all 6").click()
    expect(page.locator("#toast")).to_contain_text("6 pictures in the bin")
    expect(page.locator(".crowd")).to_have_count(0)
    assert len(list(scene.quarantine().binned())) == 6
    page.keyboard.press("u")
    expect(page.locator("#toast")).to_contain_text("Undone: 6 pictures no longer in the bin")
    expect(page.locator(".bit")).to_have_count(6)
    assert list(scene.quarantine().binned()) == []


def test_a_cluster_of_one_speaks_of_one_picture(scene: Scene, look: Look) -> None:
    scene.fill(1)
    page = look("")
    expect(page.locator(".crowd h2")).to_have_text("1 picture unlike yours")
    expect(page.get_by_role("button", name="Delete 1")).to_be_visible()


def test_what_is_left_out_of_a_verdict_stays(scene: Scene, look: Look) -> None:
    scene.fill(5)
    page = look("#clusters")
    page.locator(".bit").nth(1).click()
    page.get_by_role("button", name="Restore 4").click()
    _open(page, "1")
    expect(page.locator("#toast")).to_contain_text("4 pictures restored")
    expect(page.locator(".bit[aria-pressed=false]")).to_have_count(1)
    assert len(list(scene.inbox.iterdir())) == 4


def test_clusters_are_decided_by_keyboard_alone(scene: Scene, look: Look) -> None:
    scene.fill(5)
    page = look("#clusters")
    page.locator(".bit").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("d")
    _open(page, "1")
    page.keyboard.press("d")
    _open(page, "")
    page.keyboard.press("u")
    page.keyboard.press("u")
    _open(page, "5")


def test_a_large_cluster_splits_and_a_verdict_goes_for_its_half_only(scene: Scene, look: Look) -> None:
    scene.fill(60)
    page = look("#clusters")
    expect(page.locator(".bit")).to_have_count(48)
    expect(page.locator(".more")).to_have_text("48 of 60 are shown, spread evenly.")
    page.get_by_role("button", name="Split by likeness").click()
    expect(page.locator(".crowd")).to_have_count(2)
    half = page.locator(".crowd").first.evaluate("node => node.crowd.rows.length")
    page.locator(".crowd").first.get_by_role("button", name="Delete").click()
    expect(page.locator("#toast")).to_contain_text(f"{half} pictures in the bin")
    _open(page, str(60 - half))
    assert len(list(scene.quarantine().binned())) == half


def test_one_by_one_selects_the_cluster_in_the_grid(scene: Scene, look: Look) -> None:
    scene.fill(4)
    page = look("#clusters")
    page.get_by_role("button", name="One by one").click()
    expect(page.locator(".card[aria-pressed=true]")).to_have_count(4)
    page.get_by_role("link", name="Clusters").click()
    expect(page.locator(".crowd")).to_have_count(1)


def test_filters_narrow_clusters_and_grid(scene: Scene, look: Look) -> None:
    scene.fill(3)
    (scene.inbox / "sub").mkdir()
    scene.judge(bright(scene.inbox / "sub" / "other.png"))
    page = look("#clusters")
    folders = page.locator("#folder option")
    expect(folders).to_have_count(3)
    page.locator("#folder").select_option(index=2)
    expect(page.locator(".bit")).to_have_count(1)
    page.get_by_role("link", name="Grid").click()
    expect(page.locator(".card")).to_have_count(1)
    page.locator("#folder").select_option(index=0)
    page.locator("#kind").select_option("stranger")
    page.locator("#days").select_option("1")
    expect(page.locator(".card")).to_have_count(4)


@pytest.mark.parametrize("where", ["#clusters", "#open"])
@pytest.mark.parametrize("verdict", ["d", "r"])
def test_a_verdict_that_did_not_happen_is_never_shown_as_done(
    scene: Scene, look: Look, where: str, verdict: str
) -> None:
    scene.fill(3)
    page = look(where)
    page.locator(".bit, .card").first.wait_for()
    for address in ("**/decide", "**/pictures"):
        page.route(address, lambda route: route.fulfill(body="cut off"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    if where == "#clusters":
        page.keyboard.press("x")
    page.keyboard.press(verdict)
    expect(page.locator("#trouble")).to_be_visible()
    _open(page, "3")
    expect(page.locator(".bit, .card")).to_have_count(3)
    expect(page.locator("#toast")).to_be_hidden()
    assert len(list(scene.quarantine().list())) == 3


def test_the_full_size_view_shows_the_nearest_normal_picture_and_decides(scene: Scene, look: Look) -> None:
    scene.fill(4, normal=5)
    page = look("#clusters")
    _wait_until_compared(page)
    page.get_by_role("link", name="Grid").click()
    expect(page.locator(".stack").first).to_have_text("\u00d74", timeout=20000)
    page.locator(".card").first.click()
    page.keyboard.press("Enter")
    expect(page.locator("#full")).to_be_visible()
    expect(page.locator("#full-normal")).to_be_visible(timeout=20000)
    expect(page.locator("#full-burst button")).to_have_count(4)
    before = page.locator(".full-verdict").bounding_box()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#full-name")).to_contain_text("2 of 4")
    page.keyboard.press("d")
    expect(page.locator("#full-name")).to_contain_text("2 of 3")
    assert page.locator(".full-verdict").bounding_box() == before, "the buttons stay where they are"
    _open(page, "3")
    page.keyboard.press("Escape")
    expect(page.locator("#full")).to_be_hidden()
    page.locator(".card").first.dblclick()
    expect(page.locator("#full")).to_be_visible()


def test_two_fingers_zoom_and_one_swipes(scene: Scene, look: Look) -> None:
    scene.fill(2)
    page = look("#clusters", width=390, height=844)
    page.locator(".bit").first.dblclick()
    for finger, x in ((1, 100), (2, 200)):
        _touch(page, "pointerdown", finger, x)
    _touch(page, "pointermove", 2, 300)
    assert "scale(2)" in str(page.locator("#full-image").get_attribute("style"))
    _touch(page, "pointermove", 2, 150)
    for finger, x in ((1, 100), (2, 150)):
        _touch(page, "pointerup", finger, x)
    _touch(page, "pointerdown", 3, 300)
    _touch(page, "pointerup", 3, 100)
    expect(page.locator("#full-name")).to_contain_text("2 of 2")


@pytest.mark.parametrize("width", [1300, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_full_size_view(scene: Scene, look: Look, scheme: str, width: int) -> None:
    scene.fill(4, normal=3)
    page = look("#clusters", width=width, scheme=scheme)
    _wait_until_compared(page)
    page.locator(".bit").first.dblclick()
    expect(page.locator("#full-normal")).to_be_visible(timeout=20000)
    violations = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in violations] == []
