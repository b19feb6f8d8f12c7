"""Copies beside the picture that was kept: shown, restored instead of it, kept both, and undone; never do both go."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gallery import Browser, Open, Scene
from imgwatch.commands.configured_models import open_judge
from imgwatch.commands.context import open_ledger
from imgwatch.feedback.learner import FeedbackLearner
from imgwatch.judgement import Reason, ReasonCode
from imgwatch.lifecycle import ReviewState
from imgwatch.quarantine.record import Record
from imgwatch.wording import sentence
from kept_copies import names, take_copy, take_out, write


def restore_instead(browser: Browser, copy: Record) -> dict[str, object]:
    [version] = set(re.findall(r'data-version="([-0-9]+)"', browser.client.get("/copies").text))
    return browser.post(f"/copies/{copy.id}/instead", {"shown_as": "open", "version": version})


def test_a_group_shows_what_was_kept_and_why(scene: Scene, open_gallery: Open) -> None:
    copy = take_copy(scene)
    browser = open_gallery(scene)
    text = browser.client.get("/copies").text
    for said in ("kept.png", "copy.png", "96 \u00d7 96", "48 \u00d7 48", "The kept one has more pixels."):
        assert said in text
    shown = browser.client.get(f"/copies/{copy.id}/kept")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert browser.without_key.get(f"/copies/{copy.id}/kept").status_code == 403


def test_a_copy_is_restored_instead_and_undone(scene: Scene, open_gallery: Open) -> None:
    copy = take_copy(scene)
    browser = open_gallery(scene)
    answer = restore_instead(browser, copy)
    assert (answer["done"], answer["failed"]) == ([copy.id], {})
    assert names(scene) == ["copy.png"]
    [gone] = scene.quarantine().list()
    assert sentence(gone.judgement.reason) == f"a copy of {scene.inbox / 'copy.png'}, which was chosen by you"
    text = browser.client.get("/copies").text
    assert "It is no longer there" not in text
    assert "48 \u00d7 48" in text
    assert browser.post("/undo")["failed"] == {}
    assert names(scene) == ["kept.png"]
    [again] = scene.quarantine().list()
    assert (again.sha256, again.original) == (copy.sha256, copy.original)


def test_companions_go_with_the_picture_that_was_kept(scene: Scene, open_gallery: Open) -> None:
    copy = take_copy(scene)
    (scene.inbox / "kept.xmp").write_text("<x/>")
    browser = open_gallery(scene)
    restore_instead(browser, copy)
    assert names(scene) == ["copy.png"]
    browser.post("/undo")
    assert names(scene) == ["kept.png", "kept.xmp"]


def test_both_stay_if_the_kept_one_cannot_go(scene: Scene, open_gallery: Open) -> None:
    copy = take_copy(scene)
    with (scene.inbox / "kept.png").open("r+b"):
        answer = restore_instead(open_gallery(scene), copy)
    assert "open for writing" in str(answer["failed"])
    assert names(scene) == ["copy.png", "kept.png"]


@pytest.mark.parametrize("figures", [{"exact": True}, {"because": "reference"}])
def test_what_is_the_same_file_or_never_touched_is_not_offered(
    scene: Scene, open_gallery: Open, figures: dict[str, str | bool]
) -> None:
    copy = take_copy(scene, **figures)
    browser = open_gallery(scene)
    assert 'data-verb="instead"' not in browser.client.get("/copies").text
    asked = {"shown_as": "open", "version": ""}
    refused = browser.client.post(
        f"/copies/{copy.id}/instead", json=asked, headers={"Origin": "http://127.0.0.1:8123"}
    )
    assert refused.status_code == 409
    assert names(scene) == ["kept.png"]


def test_another_version_of_the_kept_one_is_left_alone(scene: Scene, open_gallery: Open) -> None:
    copy = take_copy(scene)
    browser = open_gallery(scene)
    [version] = set(re.findall(r'data-version="([-0-9]+)"', browser.client.get("/copies").text))
    write(scene.inbox / "kept.png", 120, seed=2)
    refused = browser.client.post(
        f"/copies/{copy.id}/instead",
        json={"shown_as": "open", "version": version},
        headers={"Origin": "http://127.0.0.1:8123"},
    )
    assert refused.status_code == 409
    assert names(scene) == ["kept.png"]


def test_a_file_that_the_ledger_does_not_know_is_not_shown(
    scene: Scene, open_gallery: Open, tmp_path: Path
) -> None:
    private = write(tmp_path / "private.png", 64)
    copy = take_copy(scene)
    forged = Reason(ReasonCode.DUPLICATE, {"kept": str(private), "because": "pixels", "exact": False})
    record = take_out(scene, write(scene.inbox / "other.png", 40, seed=3), forged)
    browser = open_gallery(scene)
    assert browser.client.get(f"/copies/{copy.id}/kept").status_code == 200
    assert browser.client.get(f"/copies/{record.id}/kept").status_code == 404


def test_a_copy_is_not_taken_back_while_its_original_is_gone(scene: Scene, open_gallery: Open) -> None:
    copy = take_copy(scene)
    browser = open_gallery(scene)
    browser.decide("restore", copy.id)
    (scene.inbox / "kept.png").unlink()
    assert str(scene.inbox / "kept.png") in str(browser.post("/undo")["failed"])
    assert names(scene) == ["copy.png"]


def test_a_deleted_copy_teaches_nothing(scene: Scene, open_gallery: Open) -> None:
    """Its original shows the same, and stays."""
    copy = take_copy(scene)
    scene.quarantine().mark(copy, ReviewState.BINNED)
    with open_ledger(scene.settings) as ledger, open_judge(scene.settings) as judge:
        FeedbackLearner(scene.quarantine(), ledger).refresh(judge)
        assert not ledger.feedback.has(copy.sha256)
