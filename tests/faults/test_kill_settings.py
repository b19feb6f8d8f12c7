"""kill -9 in the middle of each change of the settings: config and model are the old ones or the new, never half."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import WriteConfig, write_brightness_model
from imgwatch.config import load_config
from imgwatch.config_edit import redo, replace_config, undo
from imgwatch.config_history import History
from imgwatch.config_text import with_key
from imgwatch.errors import InputMissing
from imgwatch.model import versions
from imgwatch.model.scorer import Scorer

pytestmark = pytest.mark.faults

KILLS = 60
LONG = "# " + "x" * 200_000 + "\n"  # so that writing takes some time


def killed(change: Callable[[], None], seconds: float) -> None:
    """Begin something again and again in another process, and kill that at some instant."""
    child = os.fork()
    if not child:
        while True:
            change()
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_config_is_the_old_one_or_the_new(write_config: WriteConfig) -> None:
    config, chance = write_config(), random.Random(0)
    texts = [LONG + config.read_text()]
    texts.append(with_key(texts[0], "mode", "report"))
    config.write_text(texts[0])

    def change() -> None:
        for text in reversed(texts):
            replace_config(config, text)

    for _ in range(KILLS):
        killed(change, chance.uniform(0.0, 0.03))
        assert config.read_text() in texts
        assert load_config(config).mode in ("auto", "report")
        assert {version.text for version in History.of(config).versions} <= set(texts)
    replace_config(config, texts[0])
    replace_config(config, texts[1])
    undo(config)
    assert config.read_text() == texts[0], "what was broken off does not stand in the way of an undo"
    assert {path.name for path in config.parent.iterdir()} >= {"config.yaml", "config.history.json"}
    assert not list(config.parent.glob("*.unfinished"))


def test_a_step_in_the_history_is_made_or_not(write_config: WriteConfig) -> None:
    config, chance = write_config(), random.Random(2)
    texts = [LONG + config.read_text()]
    config.write_text(texts[0])
    for threads in (1, 2, 3):
        texts.append(with_key(texts[-1], "threads", threads))
        replace_config(config, texts[-1])

    def change() -> None:
        for step in (undo, undo, redo, undo, undo, redo, redo, redo):
            try:
                step(config)
            except InputMissing:  # the process before was killed at another step
                continue

    for _ in range(KILLS):
        killed(change, chance.uniform(0.0, 0.05))
        history = History.of(config)
        assert [version.text for version in history.versions] == texts, "no change is lost, none is added"
        assert config.read_text() == history.text
    assert not list(config.parent.glob("*.unfinished"))


def test_the_config_never_names_a_model_that_is_not_there(tmp_path: Path, write_config: WriteConfig) -> None:
    config, chance, model = write_config(), random.Random(1), tmp_path / "own.onnx"
    before, after = config.read_text(), with_key(config.read_text(), "model", str(model))
    drafts = [write_brightness_model(tmp_path / f"{number}.onnx", threshold=number / 10) for number in (3, 4)]

    def change() -> None:
        for draft in drafts:
            fresh = tmp_path / "own.new.onnx"
            fresh.write_bytes(draft.read_bytes())
            versions.put_in_place(fresh, model)
            replace_config(config, after)
            replace_config(config, before)
            versions.roll_back(model)

    for _ in range(KILLS):
        killed(change, chance.uniform(0.0, 0.03))
        named = load_config(config).own_model
        assert named is not None
        assert Scorer(named, tried=None).contract.threshold.value in (0.3, 0.4, 0.5)
