"""The page that asks for the password, in a real browser: by keyboard, on a phone, and to axe's liking."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from browsing import serving
from gallery import Scene
from imgwatch.review import password

pytestmark = pytest.mark.browser

SECRET = "correct horse battery"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_password_lets_in_and_a_wrong_one_says_so(scene: Scene, browser: Browser, scheme: str) -> None:
    scene.fill(1)
    password.set_password(scene.settings.state / password.NAME, SECRET)
    with serving(scene.config, "review", "--serve", "--port", "0") as address:
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, color_scheme="dark" if scheme == "dark" else "light"
        )
        page = context.new_page()
        page.goto(address)
        assert Axe().run(page).violations_count == 0
        page.keyboard.type("not this one")  # the field has the focus
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        assert page.get_by_role("alert").inner_text() == "That is not the password."
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_label("The password").fill(SECRET)
        page.get_by_role("button", name="Open the gallery").click()
        page.wait_for_selector("body[data-ready]")
        (cookie,) = context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        page.goto(f"{address}/#open")
        page.wait_for_selector("body[data-ready]")
        context.close()
