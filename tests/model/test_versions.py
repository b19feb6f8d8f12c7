"""The model that was replaced is kept, and can be taken back; killed at any moment, none is lost."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from imgwatch.errors import InputMissing
from imgwatch.model.versions import previous_of, put_in_place, roll_back

KILLS = 60


def contents(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.iterdir()}


def test_what_is_replaced_is_kept_and_exchanged_back_and_forth(tmp_path: Path) -> None:
    model, fresh = tmp_path / "mine.onnx", tmp_path / "mine.new.onnx"
    fresh.write_bytes(b"1")
    put_in_place(fresh, model)
    with pytest.raises(InputMissing, match=r"mine\.previous\.onnx: does not exist"):
        roll_back(model)
    fresh.write_bytes(b"2")
    put_in_place(fresh, model)
    assert (model.read_bytes(), previous_of(model).read_bytes()) == (b"2", b"1")
    roll_back(model)
    assert (model.read_bytes(), previous_of(model).read_bytes()) == (b"1", b"2")
    roll_back(model)
    assert (model.read_bytes(), previous_of(model).read_bytes()) == (b"2", b"1")
    assert sorted(os.listdir(tmp_path)) == ["mine.onnx", "mine.previous.onnx"]


def test_without_hard_links_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    model, fresh = tmp_path / "mine.onnx", tmp_path / "mine.new.onnx"
    model.write_bytes(b"1")
    fresh.write_bytes(b"2")
    put_in_place(fresh, model)
    roll_back(model)
    assert (model.read_bytes(), previous_of(model).read_bytes()) == (b"1", b"2")


def test_a_rollback_killed_at_random_instants_loses_neither(tmp_path: Path) -> None:
    model, chance = tmp_path / "mine.onnx", random.Random(1)
    old, new = random.Random(2).randbytes(10_000), random.Random(3).randbytes(10_000)
    model.write_bytes(new)
    previous_of(model).write_bytes(old)
    for _ in range(KILLS):
        child = os.fork()
        if not child:
            while True:
                roll_back(model)
        time.sleep(chance.uniform(0.0, 0.01))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert model.read_bytes() in (old, new)
        assert contents(tmp_path) == {old, new}
    roll_back(model)
    assert {model.read_bytes(), previous_of(model).read_bytes()} == {old, new}
