"""Where a first config, its model and its folders go: a user's into the home, root's where a service can read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgwatch.config import first_config


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "IMGWATCH_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_in_a_home_everything_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert first_config.usual_config() == tmp_path / ".config/imgwatch/config.yaml"
    assert first_config.usual_model() == tmp_path / ".local/share/imgwatch/model.onnx"
    assert first_config.usual_quarantine() == tmp_path / ".local/share/imgwatch/quarantine"
    assert first_config.machine_keys() == {}


@pytest.mark.root
def test_roots_own_home_holds_nothing_that_the_service_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", os.path.expanduser("~root"))  # noqa: PTH111 - as the module itself
    assert first_config.usual_config() == Path("/etc/imgwatch/config.yaml")
    assert first_config.usual_model() == Path("/etc/imgwatch/model.onnx")
    assert first_config.machine_keys() == {
        "state": "/var/lib/imgwatch",
        "quarantine.path": "/var/lib/imgwatch/quarantine",
    }


@pytest.mark.root
def test_a_config_that_root_has_already_stays_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGWATCH_CONFIG", str(tmp_path / "named.yaml"))
    assert first_config.usual_config() == tmp_path / "named.yaml"
    monkeypatch.delenv("IMGWATCH_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert first_config.usual_config() == tmp_path / "imgwatch" / "config.yaml"
