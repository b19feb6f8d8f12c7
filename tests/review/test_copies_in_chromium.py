"""Copies side by side with what was kept, in a real Chromium: by keyboard, by touch, on a phone, to axe's liking."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browsing import Look
from daemon import wait_until
from gallery import Scene
from kept_copies import names, take_copy

pytestmark = pytest.mark.browser


def _pictures_are_loaded(page: Page) -> None:
    are_loaded = "[...document.querySelectorAll('img.shot')].every((one) => one.naturalWidth > 0)"
    wait_until(lambda: page.evaluate(are_loaded), says="all pictures are shown")


def test_a_copy_is_restored_instead_and_undone_by_keyboard(scene: Scene, look: Look) -> None:
    take_copy(scene)
    page = look("copies")
    _pictures_are_loaded(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".copy")).to_be_focused()
    page.keyboard.press("i")
    expect(page.locator("#toast")).to_contain_text("Restored instead")
    expect(page.locator(".copy b")).to_have_text("kept.png")
    assert names(scene) == ["copy.png"]
    page.keyboard.press("u")
    expect(page.locator("#toast")).to_contain_text("Undone")
    expect(page.locator(".copy b")).to_have_text("copy.png")
    assert names(scene) == ["kept.png"]


def test_both_are_kept_or_the_copy_is_deleted_by_keyboard(scene: Scene, look: Look) -> None:
    for name in ("a.png", "b.png"):
        take_copy(scene, name)
    page = look("copies")
    expect(page.locator(".copy")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("b")
    expect(page.locator(".copy")).to_have_count(1)
    page.keyboard.press("d")
    expect(page.locator("#copies")).to_contain_text("No copies are in quarantine")
    expect(page.locator("[data-count=binned]")).to_have_text("1")
    assert names(scene) == ["a.png", "kept.png"]
    page.locator("#undo").click()
    expect(page.locator(".copy")).to_have_count(1)


def test_what_cannot_be_done_is_said(scene: Scene, look: Look) -> None:
    take_copy(scene)
    page = look("copies")
    (scene.inbox / "copy.png").write_bytes(b"another")
    page.keyboard.press("b")
    expect(page.locator("#trouble")).to_contain_text("copy.png")
    expect(page.locator(".copy")).to_have_count(1)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1300), ("dark", 390)])
def test_axe_finds_nothing_and_nothing_is_cut(scene: Scene, look: Look, scheme: str, width: int) -> None:
    for name in ("a.png", "a_copy_with_a_name_that_is_rather_long.png"):
        take_copy(scene, name)
    page = look("copies", width=width, scheme=scheme)
    _pictures_are_loaded(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    page.get_by_role("button", name="Keep both").first.click()
    expect(page.locator(".copy")).to_have_count(1)
