"""The gallery shows no decision as done that the disk refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon import run
from gallery import Browser, Open, Scene

pytestmark = pytest.mark.root


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Mount a folder on itself, read-only."""
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def standings(browser: Browser) -> dict[str, str]:
    return {str(row["id"]): str(row["standing"]) for row in browser.rows()}


def test_a_picture_that_cannot_be_deleted_stays_in_the_bin_and_is_named(
    scene: Scene, open_gallery: Open
) -> None:
    scene.fill(2)
    browser = open_gallery(scene)
    first, second = standings(browser)
    browser.decide("delete", first)
    pictures = scene.settings.quarantine.path / "pictures"
    with read_only(pictures):
        answer = browser.post("/empty")
        assert answer["done"] == []
        assert list(answer["failed"]) == [first]
        assert standings(browser) == {first: "binned", second: "open"}
    assert len(list(pictures.iterdir())) == 2
    assert {record.id for record in scene.quarantine().binned()} == {first}
    assert browser.post("/empty")["done"] == [first]
    assert standings(browser) == {second: "open"}


def test_a_delete_that_cannot_be_written_down_leaves_the_picture_as_it_stood(
    scene: Scene, open_gallery: Open
) -> None:
    scene.fill(2)
    browser = open_gallery(scene)
    first, second = standings(browser)
    with read_only(scene.settings.quarantine.path):
        answer = browser.decide("delete", first)
        assert answer["done"] == []
        assert list(answer["failed"]) == [first]
        assert standings(browser) == {first: "open", second: "open"}
    assert browser.decide("delete", first)["done"] == [first]
    assert standings(browser) == {first: "binned", second: "open"}


def test_one_that_cannot_be_deleted_stops_no_other(scene: Scene, open_gallery: Open) -> None:
    scene.fill(3)
    browser = open_gallery(scene)
    ids = list(standings(browser))
    browser.decide("delete", *ids)
    held = scene.quarantine().picture(scene.quarantine().find(ids[1]))
    with read_only(held):
        answer = browser.post("/empty")
        assert sorted(answer["done"]) == sorted([ids[0], ids[2]])
        assert list(answer["failed"]) == [ids[1]]
        assert standings(browser) == {ids[1]: "binned"}
        refused = run("quarantine", "empty", "--yes", config=scene.config, code=None)
        assert refused.returncode != 0
        assert "0 deleted." in refused.stdout
        assert held.name in refused.stderr
        assert held.exists()
    assert "1 deleted." in run("quarantine", "empty", "--yes", config=scene.config).stdout
