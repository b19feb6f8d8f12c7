"""Verdicts: what they do, that each can be undone, and that the loser of a race is told."""

from __future__ import annotations

from pathlib import Path

from conftest import bright, picture_bytes
from gallery import Browser, Open, Scene
from imgwatch.lifecycle import ReviewState


def _ids(browser: Browser) -> list[str]:
    return [str(row["id"]) for row in browser.rows()]


def _standings(browser: Browser) -> set[object]:
    return {row["standing"] for row in browser.rows()}


def test_restore_puts_the_picture_back_and_undo_takes_it_in_again(scene: Scene, open_gallery: Open) -> None:
    scene.fill(1)
    browser, original = open_gallery(scene), scene.inbox / "junk_000.png"
    assert not original.exists()
    answer = browser.decide("restore", *_ids(browser))
    assert answer["failed"] == {}
    assert original.exists()
    assert _ids(browser) == []
    browser.post("/undo")
    assert not original.exists()
    assert len(_ids(browser)) == 1


def test_an_undone_restore_is_judged_like_any_other_again(scene: Scene, open_gallery: Open) -> None:
    scene.fill(1)
    browser = open_gallery(scene)
    browser.decide("restore", *_ids(browser))
    digest = next(scene.quarantine().history()).record.sha256
    assert scene.quarantine().was_restored(digest)
    browser.post("/undo")
    assert not scene.quarantine().was_restored(digest)


def test_delete_only_goes_to_the_bin_until_the_bin_is_emptied(scene: Scene, open_gallery: Open) -> None:
    scene.fill(3)
    browser = open_gallery(scene)
    first, second, third = _ids(browser)
    browser.decide("delete", first, second)
    quarantine = scene.quarantine()
    assert {record.id for record in quarantine.list()} == {third}
    assert {record.id for record in quarantine.binned()} == {first, second}
    assert all(quarantine.picture(record).exists() for record in quarantine.binned())
    browser.post("/undo")
    assert _standings(browser) == {"open"}
    browser.decide("delete", first)
    answer = browser.post("/empty")
    assert answer["done"] == [first]
    assert set(_ids(browser)) == {second, third}
    assert len(list((scene.settings.quarantine.path / "pictures").iterdir())) == 2


def test_what_was_deleted_for_good_is_not_offered_to_undo(scene: Scene, open_gallery: Open) -> None:
    scene.fill(2)
    browser = open_gallery(scene)
    first, second = _ids(browser)
    browser.decide("later", second)
    browser.decide("delete", first)
    browser.post("/empty")
    assert browser.post("/undo")["verb"] == "later"
    assert browser.post("/undo")["verb"] == "nothing"


def test_a_picture_taken_out_of_the_bin_is_not_deleted_with_it(scene: Scene, open_gallery: Open) -> None:
    scene.fill(2)
    browser = open_gallery(scene)
    first, second = _ids(browser)
    browser.decide("delete", first, second)
    browser.decide("restore", first, shown_as="binned")
    assert browser.post("/empty")["done"] == [second]
    assert len(list(scene.inbox.iterdir())) == 1


def test_later_is_kept_over_a_restart(scene: Scene, open_gallery: Open) -> None:
    scene.fill(2)
    browser = open_gallery(scene)
    browser.decide("later", _ids(browser)[0])
    again = open_gallery(scene)
    assert _standings(again) == {"open", "later"}


def test_a_group_goes_on_though_one_cannot_and_says_why(scene: Scene, open_gallery: Open) -> None:
    scene.fill(3)
    (scene.inbox / "junk_001.png").write_bytes(picture_bytes(10))
    browser = open_gallery(scene)
    answer = browser.decide("restore", *_ids(browser))
    assert str(answer["done"]).count("'") == 2 * 2
    assert "in the way" in str(answer["failed"])
    assert len(_ids(browser)) == 1


def test_the_conflict_is_foreseen(scene: Scene, open_gallery: Open) -> None:
    scene.fill(1)
    browser = open_gallery(scene)
    (picture,) = _ids(browser)
    assert browser.client.get(f"/pictures/{picture}").json()["restore"]["works"]
    (scene.inbox / "junk_000.png").write_bytes(b"something else")
    restore = browser.client.get(f"/pictures/{picture}").json()["restore"]
    assert not restore["works"]
    assert f"restore {picture} --to DIR" in restore["says"]


def test_two_tabs_never_conflict_the_slower_one_is_told(scene: Scene, open_gallery: Open) -> None:
    scene.fill(1)
    one, other = open_gallery(scene), open_gallery(scene)
    (picture,) = _ids(one)
    one.decide("delete", picture)
    for verb in ("restore", "later", "delete"):
        answer = other.decide(verb, picture, shown_as="open")
        assert answer["done"] == []
        assert "by now" in str(answer["failed"])
    assert _standings(one) == {"binned"}


def test_the_shell_and_a_tab_never_conflict(scene: Scene, open_gallery: Open) -> None:
    scene.fill(1)
    browser = open_gallery(scene)
    (picture,) = _ids(browser)
    scene.quarantine().restore(picture)
    answer = browser.decide("delete", picture)
    assert answer["done"] == []
    assert "no longer in quarantine" in str(answer["failed"])
    assert (scene.inbox / "junk_000.png").exists()


def test_undo_leaves_a_picture_that_was_changed_since(scene: Scene, open_gallery: Open) -> None:
    scene.fill(1)
    browser = open_gallery(scene)
    browser.decide("restore", *_ids(browser))
    (scene.inbox / "junk_000.png").write_bytes(picture_bytes(9))
    answer = browser.post("/undo")
    assert "changed" in str(answer["failed"])
    assert (scene.inbox / "junk_000.png").exists()


def test_what_the_daemon_moves_arrives_without_reading_all_again(scene: Scene, open_gallery: Open) -> None:
    scene.fill(1)
    browser = open_gallery(scene)
    assert len(_ids(browser)) == 1
    scene.judge(bright(scene.inbox / "new.png"))
    assert len(_ids(browser)) == 2


def test_no_picture_is_lost_whatever_is_decided(scene: Scene, open_gallery: Open, tmp_path: Path) -> None:
    scene.fill(6)
    browser = open_gallery(scene)
    ids = _ids(browser)
    browser.decide("restore", *ids[:3])
    browser.decide("later", ids[3])
    browser.decide("delete", *ids[4:])
    browser.decide("later", *ids[4:], shown_as="binned")
    for _ in range(4):
        browser.post("/undo")
    assert len(_ids(browser)) == 6
    assert _standings(browser) == {"open"}
    quarantine = scene.quarantine()
    assert quarantine.check() == []
    assert {quarantine.review_state(record) for record in quarantine.list()} == {ReviewState.OPEN}
    del tmp_path
