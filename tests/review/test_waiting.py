"""Held pictures are shown as pictures, and resumed from the page; nothing else in the folder is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import bright, dark
from gallery import Open, Scene
from imgwatch.commands.context import open_ledger
from imgwatch.files import Identity
from imgwatch.ledger import Row
from imgwatch.lifecycle import FileState


def _hold(scene: Scene, path: Path, state: FileState = FileState.HELD) -> None:
    with open_ledger(scene.settings) as ledger:
        ledger.remember([Row(path, Identity.of(path.lstat()), state)], 0.0)
        ledger.facts.open_breaker("too many")


def _sources(text: str) -> list[str]:
    return re.findall(r'src="(/waiting/\w+)"', text)


@pytest.mark.parametrize("state", [FileState.HELD, FileState.REPORTED])
def test_what_waits_is_shown_as_a_picture(scene: Scene, open_gallery: Open, state: FileState) -> None:
    _hold(scene, bright(scene.inbox / "held.png"), state)
    browser = open_gallery(scene)
    text = browser.client.get("/activity").text
    (source,) = _sources(text)
    assert "held.png" in text
    shown = browser.client.get(source)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert browser.without_key.get(source).status_code == 403


def test_what_does_not_wait_any_more_is_not_shown(scene: Scene, open_gallery: Open) -> None:
    held = bright(scene.inbox / "held.png")
    _hold(scene, held)
    browser = open_gallery(scene)
    (source,) = _sources(browser.client.get("/activity").text)
    with open_ledger(scene.settings) as ledger:
        ledger.forget([held])
    assert browser.client.get(source).status_code == 404


def test_no_symlink_in_place_of_a_held_picture_is_followed(
    scene: Scene, open_gallery: Open, tmp_path: Path
) -> None:
    held = bright(scene.inbox / "held.png")
    _hold(scene, held)
    browser = open_gallery(scene)
    (source,) = _sources(browser.client.get("/activity").text)
    held.unlink()
    held.symlink_to(dark(tmp_path / "private.png"))
    assert browser.client.get(source).status_code == 404


def test_pause_opens_the_breaker(scene: Scene, open_gallery: Open) -> None:
    browser = open_gallery(scene)
    assert 'id="pause"' in browser.client.get("/activity").text
    assert browser.post("/pause") == {"was_open": False, "alive": False}
    assert browser.post("/pause")["was_open"] is True
    page = browser.client.get("/activity").text
    assert "Nothing is moved: paused by you" in page
    assert 'id="pause"' not in page
    assert browser.post("/resume")["was_open"] is True
    assert browser.client.post("/pause", json={}).status_code == 403, "no other site pauses"


def test_resume_closes_the_breaker(scene: Scene, open_gallery: Open) -> None:
    _hold(scene, bright(scene.inbox / "held.png"))
    browser = open_gallery(scene)
    assert 'id="resume"' in browser.client.get("/activity").text
    assert browser.post("/resume") == {"was_open": True, "held": 1, "alive": False}
    assert browser.post("/resume")["was_open"] is False
    assert 'id="resume"' not in browser.client.get("/activity").text
    assert browser.client.post("/resume", json={}).status_code == 403, "no other site resumes"
