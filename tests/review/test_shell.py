"""The shell has every verdict of the gallery."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from gallery import Scene
from imgwatch.cli import app
from imgwatch.commands.context import load_settings, open_ledger
from imgwatch.errors import UsageError
from imgwatch.ledger.feedback import Remembered
from imgwatch.lifecycle import ReviewState


def _run(scene: Scene, *arguments: str) -> str:
    done = CliRunner().invoke(app(), ["quarantine", *arguments, "--config", str(scene.config)])
    assert done.exit_code == 0, done.output
    return done.output


def _ids(scene: Scene, *options: str) -> list[str]:
    return [json.loads(line)["id"] for line in _run(scene, "list", "--json", *options).splitlines()]


@pytest.mark.parametrize("verdict", [("keep",), ("delete",)])
def test_undo_by_id_and_of_the_last(scene: Scene, verdict: tuple[str, ...]) -> None:
    scene.fill(2)
    one, other = _ids(scene)
    for picture in (one, other):
        _run(scene, *verdict, picture)
    assert len(_ids(scene, "--bin")) == (0 if verdict == ("keep",) else 2)
    _run(scene, "undo", one)
    _run(scene, "undo")
    quarantine = scene.quarantine()
    assert {quarantine.review_state(record) for record in quarantine.list()} == {ReviewState.OPEN}
    assert "Nothing to undo" in _run(scene, "undo")


def test_undo_of_a_restore(scene: Scene) -> None:
    scene.fill(1)
    _run(scene, "restore", *_ids(scene))
    assert _ids(scene) == []
    refused = CliRunner().invoke(app(), ["quarantine", "undo", "--config", str(scene.config)])
    assert isinstance(refused.exception, UsageError)
    assert "junk_000.png, which was restored, into quarantine again?" in str(refused.exception)
    assert [path.name for path in scene.inbox.iterdir()] == ["junk_000.png"]
    _run(scene, "undo", "--yes")
    assert len(_ids(scene)) == 1
    assert list(scene.inbox.iterdir()) == []
    assert "Nothing to undo" in _run(scene, "undo")


def test_delete_now_is_final(scene: Scene) -> None:
    scene.fill(2)
    first, *_ = _ids(scene)
    assert "1 deleted" in _run(scene, "delete", "--now", first)
    assert _ids(scene, "--bin") == []
    assert len(_ids(scene)) == 1


def test_empty_deletes_the_bin_and_nothing_else(scene: Scene) -> None:
    scene.fill(3)
    first, *_ = _ids(scene)
    _run(scene, "delete", first)
    assert first not in _ids(scene)
    refused = CliRunner().invoke(app(), ["quarantine", "empty", "--config", str(scene.config)])
    assert isinstance(refused.exception, UsageError)
    assert _ids(scene, "--bin") == [first]
    assert "1 deleted" in _run(scene, "empty", "--yes")
    assert len(_ids(scene)) == 2
    assert _ids(scene, "--bin") == []


def test_what_was_taught_is_forgotten_only_by_word(scene: Scene) -> None:
    scene.fill(1)
    with open_ledger(load_settings(scene.config)) as ledger:
        ledger.feedback.remember(Remembered("ab" * 32, True, 1.0, "m-1", b""))
    refused = CliRunner().invoke(app(), ["quarantine", "forget", "--config", str(scene.config)])
    assert isinstance(refused.exception, UsageError)
    with open_ledger(load_settings(scene.config)) as ledger:
        assert ledger.feedback.count() == 1
    assert "1 decision forgotten" in _run(scene, "forget", "--yes")
