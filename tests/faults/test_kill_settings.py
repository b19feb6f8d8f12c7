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
from imgwatch.config.editing import redo, replace_config, undo
from imgwatch.config.history import History
from imgwatch.config.yaml_text import with_key
from imgwatch.errors import InputMissing
from imgwatch.model import versions
from imgwatch.model.scorer import Scorer

pytestmark = pytest.mark.faults

KILLS = 60


def killed(change: Callable[[], None], seconds: float) -> None:
    """Do something again and again in another process, and kill that at some instant behind the first time."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            change()
            os.write(writing, b"done once")
            while True:
                change()
        finally:
            os._exit(1)
    os.close(writing)
    assert os.read(reading, 9)
    os.close(reading)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "it fell before it was killed"


def unfinished(folder: Path) -> list[Path]:
    return list(folder.glob("*.unfinished"))


def test_a_config_is_the_old_one_or_the_new(write_config: WriteConfig) -> None:
    config, chance = write_config(), random.Random(0)
    texts = [config.read_text()]
    texts.append(with_key(texts[0], "mode", "report"))
    seen, broken_off = set(), 0

    def change() -> None:
        for text in reversed(texts):
            replace_config(config, text)

    for _ in range(KILLS):
        killed(change, chance.uniform(0.0, 0.03))
        assert config.read_text() in texts
        seen.add(load_config(config).mode)
        assert {version.text for version in History.of(config).versions} <= set(texts)
        broken_off += len(unfinished(config.parent))
    assert seen == {"auto", "report"}
    assert broken_off > 0, "killed in the middle of writing"
    replace_config(config, texts[0])
    replace_config(config, texts[1])
    undo(config)
    assert config.read_text() == texts[0], "what was broken off does not stand in the way of an undo"
    assert {path.name for path in config.parent.iterdir()} >= {"config.yaml", "config.history.json"}
    assert not unfinished(config.parent)


def test_a_step_in_the_history_is_made_or_not(write_config: WriteConfig) -> None:
    config, chance = write_config(), random.Random(2)
    texts, seen = [config.read_text()], set()
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
        seen.add(history.text)
    assert len(seen) > 1, "killed between steps"
    change()
    assert not unfinished(config.parent)


def test_the_config_never_names_a_model_that_is_not_there(tmp_path: Path, write_config: WriteConfig) -> None:
    config, chance, model = write_config(), random.Random(1), tmp_path / "own.onnx"
    before, after = config.read_text(), with_key(config.read_text(), "model", str(model))
    drafts = [write_brightness_model(tmp_path / f"{number}.onnx", threshold=number / 10) for number in (3, 4)]
    seen = set()

    def put_in_place(draft: Path) -> None:
        fresh = tmp_path / "own.new.onnx"
        fresh.write_bytes(draft.read_bytes())
        versions.put_in_place(fresh, model)

    for draft in drafts:
        put_in_place(draft)

    def change() -> None:
        for draft in drafts:
            put_in_place(draft)
            replace_config(config, after)
            replace_config(config, before)
            versions.roll_back(model)

    for _ in range(KILLS):
        killed(change, chance.uniform(0.0, 0.03))
        named = load_config(config).own_model
        assert named is not None
        seen.add(Scorer(named, tried=None).contract.threshold.value)
    assert seen == {0.3, 0.4, 0.5}, "killed between steps"
