"""`imgwatch quarantine restore-instead`, the shell's *Restore instead*: done, undone, and refused as in the gallery."""

from __future__ import annotations

import json

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gallery import Open, Scene
from imgwatch.cli import app
from imgwatch.judgement import Reason, ReasonCode
from imgwatch.quarantine import Quarantine
from imgwatch.wording import sentence
from kept_copies import names, take_copy, take_out, write


def shell(scene: Scene, *arguments: str) -> Result:
    return CliRunner().invoke(app(["quarantine"]), ["quarantine", *arguments, "--config", str(scene.config)])


def test_a_copy_is_restored_instead_and_undone(scene: Scene) -> None:
    copy = take_copy(scene)
    (scene.inbox / "kept.xmp").write_text("<x/>")
    done = shell(scene, "restore-instead", "copy.png", "--json")
    assert names(scene) == ["copy.png"], done.output
    [gone] = scene.quarantine().list()
    assert sentence(gone.judgement.reason) == f"a copy of {scene.inbox / 'copy.png'}, which was chosen by you"
    assert json.loads(done.stdout) == {
        "id": copy.id,
        "event": "restored instead",
        "result": f"restored to {scene.inbox / 'copy.png'}; {scene.inbox / 'kept.png'} is in quarantine as {gone.id}",
    }
    unconfirmed = shell(scene, "undo")
    assert f"into quarantine again, and {scene.inbox / 'kept.png'} back?" in str(unconfirmed.exception)
    assert shell(scene, "undo", "--yes").exit_code == 0
    assert names(scene) == ["kept.png", "kept.xmp"]
    [again] = scene.quarantine().list()
    assert (again.sha256, again.original) == (copy.sha256, copy.original)


def test_the_shell_undoes_what_the_gallery_did(scene: Scene, open_gallery: Open) -> None:
    copy = take_copy(scene)
    browser = open_gallery(scene)
    version = browser.client.get("/copies").text.split('data-version="')[1].split('"')[0]
    browser.post(f"/copies/{copy.id}/instead", {"shown_as": "open", "version": version})
    assert names(scene) == ["copy.png"]
    assert shell(scene, "undo", "--yes").exit_code == 0
    assert names(scene) == ["kept.png"]


def test_undoing_a_plain_restore_leaves_earlier_exchanges_alone(scene: Scene) -> None:
    take_copy(scene, "first.png")
    assert shell(scene, "restore-instead", "first.png").exit_code == 0
    assert names(scene) == ["first.png"]
    other = Reason(ReasonCode.DUPLICATE, {"kept": str(scene.inbox / "first.png"), "because": "pixels"})
    take_out(scene, write(scene.inbox / "second.png", 40, seed=2), other)
    assert shell(scene, "restore", "second.png").exit_code == 0
    assert shell(scene, "undo", "--yes").exit_code == 0
    assert names(scene) == ["first.png"]


def test_what_was_exchanged_and_undone_can_be_exchanged_again(scene: Scene) -> None:
    take_copy(scene)
    for _ in range(2):
        done = shell(scene, "restore-instead", "copy.png")
        assert (done.exit_code, names(scene)) == (0, ["copy.png"]), done.output
        undone = shell(scene, "undo", "--yes")
        assert (undone.exit_code, names(scene)) == (0, ["kept.png"]), undone.output
    assert shell(scene, "undo", "--yes").stdout == "Nothing to undo.\n"
    assert names(scene) == ["kept.png"]


def test_after_an_undone_exchange_undo_takes_back_what_was_decided_before_it(scene: Scene) -> None:
    scene.fill(1)
    take_copy(scene)
    assert shell(scene, "delete", "junk_000.png").exit_code == 0
    assert shell(scene, "restore-instead", "copy.png").exit_code == 0
    assert shell(scene, "undo", "--yes").exit_code == 0
    assert len(list(scene.quarantine().binned())) == 1
    assert shell(scene, "undo").exit_code == 0
    assert list(scene.quarantine().binned()) == []
    assert names(scene) == ["kept.png"]


def test_undoing_what_is_no_exchange_looks_at_no_other_record(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.fill(1)
    assert shell(scene, "delete", "junk_000.png").exit_code == 0
    monkeypatch.setattr(Quarantine, "list", lambda _: pytest.fail("a damaged record would be named here"))
    assert shell(scene, "undo").exit_code == 0
    assert shell(scene, "undo").stdout == "Nothing to undo.\n"


def test_what_gave_way_and_was_restored_beside_the_copy_goes_again(scene: Scene) -> None:
    take_copy(scene)
    assert shell(scene, "restore-instead", "copy.png").exit_code == 0
    assert shell(scene, "restore", "kept.png").exit_code == 0
    assert names(scene) == ["copy.png", "kept.png"]
    assert shell(scene, "undo", "--yes").exit_code == 0
    assert names(scene) == ["copy.png"]


def test_what_the_user_restored_before_can_give_way(scene: Scene) -> None:
    take_copy(scene)
    odd = Reason(ReasonCode.TEXT, {"text": "odd"})
    scene.quarantine().restore(take_out(scene, scene.inbox / "kept.png", odd))  # it is never judged again
    assert shell(scene, "restore-instead", "copy.png").exit_code == 0
    assert names(scene) == ["copy.png"]


def test_both_stay_if_the_kept_one_cannot_go(scene: Scene) -> None:
    take_copy(scene)
    with (scene.inbox / "kept.png").open("r+b"):
        failed = shell(scene, "restore-instead", "copy.png")
    assert (failed.exit_code, names(scene)) == (74, ["copy.png", "kept.png"])
    assert "the picture that was kept stays, too" in failed.output
    assert "open for writing" in failed.output


@pytest.mark.parametrize(
    ("figures", "code", "said"),
    [
        ({"exact": True}, 73, "both files have the same bytes"),
        ({"because": "reference"}, 73, "a reference folder, which is never touched"),
        ({"kept": "/gone.png"}, 66, "/gone.png was kept, and is no longer there"),
    ],
)
def test_what_cannot_give_way_is_refused_with_a_way_out(
    scene: Scene, figures: dict[str, str | bool], code: int, said: str
) -> None:
    take_copy(scene, **figures)
    refused = shell(scene, "restore-instead", "copy.png")
    assert (refused.exit_code, names(scene)) == (code, ["kept.png"])
    assert said in refused.output
    assert "`imgwatch quarantine restore` restores it alone" in refused.output


def test_junk_is_no_copy(scene: Scene) -> None:
    scene.fill(1)
    refused = shell(scene, "restore-instead", "junk_000.png")
    assert (refused.exit_code, names(scene)) == (2, [])
    assert "it is not a copy" in refused.output
