"""kill -9 before each step of a change that setup makes: config, model and unit are old or new; a second run finishes.

A step is whatever opens a file to write, renames, links, removes, locks or makes a folder, as Python's audit events
tell. The change runs in a fork, which is killed before its first step, then, begun anew, before its second, and so on.
"""

from __future__ import annotations

import itertools
import os
import pwd
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from conftest import write_brightness_model
from imgwatch.calibration.calibrated import Calibrated
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.config import load_config
from imgwatch.config.editing import last_change, redo, replace_config, undo
from imgwatch.config.yaml_text import with_key
from imgwatch.model.versions import previous_of, roll_back
from imgwatch.new_model import take_into_use
from imgwatch.setting_up import Setup
from imgwatch.systemd import installation
from imgwatch.systemd.installed import config_of
from imgwatch.systemd.plan import InstallPlan
from imgwatch.systemd.systemctl import Manager
from snapshot import Snapshot

pytestmark = pytest.mark.faults

STEPS = {
    "os.rename",
    "os.link",
    "os.remove",
    "os.mkdir",
    "os.chmod",
    "os.chown",
    "fcntl.flock",
    "shutil.copyfile",
}
TO_WRITE = os.O_WRONLY | os.O_RDWR
Change = Callable[[Path], object]


def is_step(event: str, arguments: tuple[Any, ...]) -> bool:
    return event in STEPS or (event == "open" and bool(arguments[2] & TO_WRITE))


def is_killed(change: Change, folder: Path, step: int) -> bool:
    """Begin a change in another process, which is killed before this step; tell whether it got that far."""
    child = os.fork()
    if not child:
        steps = itertools.count()

        def kill(event: str, arguments: tuple[Any, ...]) -> None:
            if is_step(event, arguments) and next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill)
        try:
            change(folder)
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL)
    return code != 0


def killed_before_each_step(change: Change, prepare: Change, root: Path) -> Iterator[Path]:
    """Yield the folder as each kill left it."""
    folder = root / "folder"
    folder.mkdir()
    prepare(folder)
    prepared = Snapshot(folder)
    for step in itertools.count():
        prepared.rewind()
        if not is_killed(change, folder, step):
            assert step > 3, "it has steps"
            return
        yield folder


@dataclass(frozen=True)
class Fitted:
    """What a calibration comes to, at no cost."""

    threshold: float

    def write(self, out: Path) -> None:
        write_brightness_model(out, threshold=self.threshold)

    def bytes(self, scratch: Path) -> bytes:
        return write_brightness_model(scratch / "scratch.onnx", threshold=self.threshold).read_bytes()


OLD, NEW = Fitted(0.5), Fitted(0.6)


def set_up(folder: Path, share: float, fitted: Fitted) -> None:
    """Do what `imgwatch setup` does when everything is answered."""
    setup = Setup.begin(folder / "config.yaml", folder, DEFAULT_MODEL)
    values = setup.chosen(share, only_reports=False) | {"model": str(folder / "models" / "model.onnx")}
    setup.write(values, cast(Calibrated, fitted))


def unfinished(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in (".unfinished", ".kept")]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_first_setup_writes_the_model_before_the_config_that_names_it(tmp_path: Path) -> None:
    whole = NEW.bytes(tmp_path)
    without_config = 0
    for folder in killed_before_each_step(lambda folder: set_up(folder, 0.01, NEW), lambda _: None, tmp_path):
        config, model = folder / "config.yaml", folder / "models" / "model.onnx"
        if config.exists():
            assert load_config(config).own_model == model
            assert model.exists()
        else:
            without_config += 1
        assert not model.exists() or model.read_bytes() == whole
        set_up(folder, 0.01, NEW)
        assert load_config(config).own_model == model
        assert model.read_bytes() == whole
        assert unfinished(folder) == []
    assert without_config > 3


def test_a_change_leaves_the_old_settings_or_the_new_and_keeps_the_model_that_it_replaces(
    tmp_path: Path,
) -> None:
    old, new = OLD.bytes(tmp_path), NEW.bytes(tmp_path)
    seen = set()

    def prepare(folder: Path) -> None:
        set_up(folder, 0.01, OLD)
        (folder / "models" / "model.new.onnx").write_bytes(b"trained, and not yet taken")

    for folder in killed_before_each_step(lambda folder: set_up(folder, 0.05, NEW), prepare, tmp_path):
        config, model = folder / "config.yaml", folder / "models" / "model.onnx"
        assert model.with_name("model.new.onnx").read_bytes() == b"trained, and not yet taken"
        settings = load_config(config)
        assert settings.own_model == model
        assert settings.threshold is not None
        seen.add((settings.threshold.false_alarms, model.read_bytes() == new))
        assert model.read_bytes() in (old, new)
        assert model.read_bytes() == old or previous_of(model).read_bytes() == old
        set_up(folder, 0.05, NEW)
        settings = load_config(config)
        assert settings.threshold is not None
        assert settings.threshold.false_alarms == 0.05
        assert "-  false_alarms: 0.01" in (last_change(config) or ""), "an undo takes the change back"
        assert (model.read_bytes(), previous_of(model).read_bytes()) == (new, old)
        assert model.with_name("model.new.onnx").read_bytes() == b"trained, and not yet taken"
        assert not model.with_name("model.draft.onnx").exists()
        assert unfinished(folder) == []
    assert {(0.01, False), (0.01, True)} <= seen <= {(0.01, False), (0.01, True), (0.05, True)}


def test_a_model_taken_back_is_one_of_both_and_neither_is_lost(tmp_path: Path) -> None:
    def prepare(folder: Path) -> None:
        set_up(folder, 0.01, OLD)
        set_up(folder, 0.01, NEW)

    def take_back(folder: Path) -> None:
        roll_back(folder / "models" / "model.onnx")

    contents = {OLD.bytes(tmp_path), NEW.bytes(tmp_path)}
    for folder in killed_before_each_step(take_back, prepare, tmp_path):
        model = folder / "models" / "model.onnx"
        assert model.read_bytes() in contents
        assert {path.read_bytes() for path in model.parent.iterdir()} == contents
        take_back(folder)
        assert {model.read_bytes(), previous_of(model).read_bytes()} == contents


def test_a_change_of_the_config_undone_is_the_old_config_or_the_new(tmp_path: Path) -> None:
    def prepare(folder: Path) -> None:
        set_up(folder, 0.01, OLD)
        config = folder / "config.yaml"
        for mode in ("report", "quarantine"):
            replace_config(config, with_key(config.read_text(), "mode", mode))

    for folder in killed_before_each_step(lambda folder: undo(folder / "config.yaml"), prepare, tmp_path):
        config = folder / "config.yaml"
        if load_config(config).mode == "quarantine":
            undo(config)
        assert load_config(config).mode == "report"
        assert load_config(config).threshold is not None
        undo(config)
        assert load_config(config).mode == "auto", "the change before is still there"
        redo(config)
        redo(config)
        assert load_config(config).mode == "quarantine", "an undo is undone"
        assert unfinished(folder) == []


def test_a_new_model_is_in_use_before_the_config_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # and back at the end
    monkeypatch.setattr("imgwatch.config.first_config.usual_model", lambda: Path.cwd() / "model.onnx")
    whole = NEW.bytes(tmp_path)

    def prepare(folder: Path) -> None:
        (folder / "config.yaml").write_text(f"watch: [{{path: {folder}}}]\nstate: {folder}/state\n")
        NEW.write(folder / "model.new.onnx")

    def take(folder: Path) -> None:
        os.chdir(folder)
        take_into_use(folder / "config.yaml", load_config(folder / "config.yaml"))

    for folder in killed_before_each_step(take, prepare, tmp_path):
        named = load_config(folder / "config.yaml").own_model
        assert named is None or named.read_bytes() == whole
        if named is None:
            take(folder)
        named = load_config(folder / "config.yaml").own_model
        assert named == folder / "model.onnx"
        assert named.read_bytes() == whole


class NoManager(Manager):
    """The systemd of a machine where none runs."""

    def is_running(self) -> bool:
        return False

    def verify(self, texts: object) -> None:
        """Take every unit."""


class Plan(InstallPlan):
    """A plan for a machine without systemd."""

    @property
    def manager(self) -> Manager:
        return NoManager(self.for_user)


def test_a_unit_is_whole_or_not_there_and_never_without_its_drop_in(tmp_path: Path) -> None:
    def planned(folder: Path) -> Plan:
        return Plan(
            config=folder / "config.yaml",
            file=folder / "units" / "imgwatch.service",
            drop_in="[Service]\n",
            user=pwd.getpwuid(os.getuid()),
            folders=(),
            destinations=(),
            notes=(),
            for_user=True,
        )

    def install(folder: Path) -> list[str]:
        return list(installation.install(planned(folder), start=True))

    for folder in killed_before_each_step(install, lambda _: None, tmp_path):
        plan = planned(folder)
        for file, text in plan.texts.items():
            assert not file.exists() or file.read_text() == text
        assert not plan.file.exists() or all(file.exists() for file in plan.texts)
        install(folder)
        assert {file: file.read_text() for file in plan.texts} == plan.texts
        assert config_of(plan.file) == plan.config
        assert unfinished(folder) == []
