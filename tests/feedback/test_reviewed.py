"""What reviews say to the next training, and to what is in quarantine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from conftest import bright, write_brightness_model
from gallery import Scene
from imgwatch import load_model
from imgwatch.cli import app
from imgwatch.commands.context import load_settings, open_ledger
from imgwatch.decisions import Decisions
from imgwatch.feedback.reviewed import reviewed
from imgwatch.lifecycle import ReviewState
from imgwatch.scan import list_pictures
from imgwatch.shadow import shadow


def _scene(tmp_path: Path, config: Path) -> Scene:
    return Scene(tmp_path / "inbox", config, load_settings(config))


def test_restored_pictures_come_in_and_copies_of_deleted_ones_stay_out(
    tmp_path: Path, write_config: object
) -> None:
    assert callable(write_config)
    scene = _scene(tmp_path, write_config())
    scene.fill(3)
    quarantine = scene.quarantine()
    first, second, third = quarantine.list()
    copy = tmp_path / "album" / "copy.png"
    copy.parent.mkdir()
    shutil.copy(quarantine.picture(second), copy)
    shutil.copy(quarantine.picture(third), copy.with_name("undecided.png"))
    quarantine.restore(first)
    quarantine.mark(second, ReviewState.BINNED)
    quarantine.mark(third, ReviewState.BINNED)
    quarantine.mark(third, ReviewState.OPEN)
    pictures = reviewed(quarantine, [tmp_path / "album"])
    assert pictures.restored == (Path(first.original),)
    assert pictures.deleted == (copy,)
    assert pictures.trusted == {first.sha256}
    inside = reviewed(quarantine, [scene.inbox])
    assert (inside.restored, inside.trusted) == ((), {first.sha256})


def test_a_new_model_offers_back_what_is_no_longer_junk(tmp_path: Path, write_config: object) -> None:
    assert callable(write_config)
    scene = _scene(tmp_path, write_config())
    scene.fill(2)
    generous = write_brightness_model(tmp_path / "generous.onnx", threshold=0.99)
    config = write_config(model=json.dumps(str(generous)))
    done = CliRunner().invoke(app(), ["rescan", "--quarantine", "--json", "--config", str(config)])
    assert done.exit_code == 0, done.output
    offered = {json.loads(line)["id"] for line in done.output.splitlines()}
    assert offered == {record.id for record in scene.quarantine().list()}
    assert list(scene.inbox.iterdir()) == []


def test_another_model_says_what_it_would_do_otherwise_and_does_nothing(
    tmp_path: Path, write_config: object
) -> None:
    assert callable(write_config)
    scene = _scene(tmp_path, write_config())
    scene.fill(2, normal=3)
    suspicious = write_brightness_model(tmp_path / "suspicious.onnx", threshold=0.01)
    generous = write_brightness_model(tmp_path / "generous.onnx", threshold=0.99)
    before = sorted(scene.inbox.iterdir())
    with open_ledger(scene.settings) as ledger:
        shadows = []
        for model in (suspicious, generous):
            with load_model(model) as judge:
                shadows.append(shadow(judge, ledger, scene.quarantine()))
    assert [(len(s.moves), len(s.returns)) for s in shadows] == [(3, 0), (0, 2)]
    assert "of the latest 3 kept pictures 3 would move" in shadows[0].summary
    assert sorted(scene.inbox.iterdir()) == before


def test_what_was_restored_does_not_move_whatever_another_model_says(
    tmp_path: Path, write_config: object
) -> None:
    assert callable(write_config)
    scene = _scene(tmp_path, write_config())
    scene.fill(2)
    with open_ledger(scene.settings) as ledger:
        quarantine = scene.quarantine()
        Decisions(quarantine, ledger).restore(next(quarantine.list()))
        with load_model(write_brightness_model(tmp_path / "suspicious.onnx", threshold=0.01)) as judge:
            shadowed = shadow(judge, ledger, quarantine)
    assert (shadowed.kept, shadowed.held, shadowed.moves) == (1, 1, ())


def test_a_single_picture_can_be_trained_on_too(tmp_path: Path) -> None:
    picture = bright(tmp_path / "album" / "one.png")
    other = bright(tmp_path / "elsewhere" / "two.png")
    listed = list_pictures([picture.parent, other], [], ())
    assert listed == [picture, other]
    assert list_pictures([picture.parent, other], [other], ()) == [picture]
