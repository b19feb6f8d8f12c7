"""Promises of kinds from the shell: `calibrate` says what they come to, and `status` what the daemon keeps."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from conftest import WriteConfig, brightness_contract, brightness_graph, picture_bytes
from daemon import Daemon, objects, run, wait_until
from imgwatch.kind_promises import LOOK_ALIKE
from imgwatch.model.contract import Threshold, write_model
from imgwatch.settings import ThresholdRule


@pytest.mark.e2e
def test_calibrate_and_status_tell_the_promises_by_kind(tmp_path: Path, write_config: WriteConfig) -> None:
    album, model = tmp_path / "album", tmp_path / "mine.onnx"
    album.mkdir()
    for number in range(24):
        (album / f"{number}.png").write_bytes(picture_bytes(40 + 5 * number))
    keys = {"threshold": {"false_alarms": 0.3}, "kinds": {"screenshot": {"false_alarms": 0.1}}}
    config = write_config(model="default", **keys)
    refused = run("score", album, config=config, code=78).stderr
    assert "not calibrated by kind" in refused
    assert "run `imgwatch calibrate`" in refused
    made, _ = objects(run("calibrate", album, "--out", model, "--json", "--no-use", config=config).stdout)
    lines = {line["kind"]: line for line in made["kinds"]}
    assert (lines["screenshot"]["promise"], lines["screenshot"]["can_be_kept"]) == (0.1, True)
    assert lines["card"]["promise"] is None
    assert lines["screenshot"]["would_move"] <= 2  # of 24
    config = write_config(model=str(model), **keys)
    assert "screenshot" in run("calibrate", album, "--preview", config=config).stdout
    with Daemon(config) as daemon:
        daemon.wait_alive()
        wait_until(lambda: daemon.status()["promises"])
        assert daemon.status()["promises"] == {"screenshot": 0.1, "others": pytest.approx(0.2)}
        assert "screenshot (10 %), others (20 %)" in run("status", config=config).stdout


@pytest.mark.e2e
def test_a_silent_kind_is_told_of_the_model_and_by_the_daemon(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    contract, rule = brightness_contract(), ThresholdRule(false_alarms=0.02)
    threshold = Threshold.of(rule, contract.calibration)
    contract = msgspec.structs.replace(contract, threshold=threshold, training={LOOK_ALIKE: {"document": 9}})
    write_model(brightness_graph(), contract, tmp_path / "m.onnx")
    config = write_config(model=str(tmp_path / "m.onnx"))
    says = "9 of your 200 normal pictures look like that, more than the promised 2 %; this kind is silent"
    [shown] = objects(run("model", "--json", config=config).stdout)
    assert shown["in_use"]["silent"] == {"document": says}
    assert f"silent: document: {says}" in run("model", config=config).stdout
    with Daemon(config) as daemon:
        daemon.wait_alive()
        wait_until(lambda: daemon.status()["silent"] == {"document": says})
