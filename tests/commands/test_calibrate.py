"""What `calibrate --json` says of the model that it has fitted."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import pytest

from conftest import WriteConfig, picture_bytes
from daemon import objects, run
from imgwatch.calibration.calibrate import calibrate
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.picture.decoding import Limits
from imgwatch.progress import silent
from imgwatch.settings import ThresholdRule


@pytest.mark.e2e
def test_json_says_whether_reconstruction_is_left_out(tmp_path: Path, write_config: WriteConfig) -> None:
    album, model = tmp_path / "album", tmp_path / "learned.onnx"
    album.mkdir()
    for number in range(20):
        (album / f"{number}.png").write_bytes(picture_bytes(40 + 5 * number))
    fitted = calibrate(
        DEFAULT_MODEL, sorted(album.iterdir()), ThresholdRule(false_alarms=0.3), Limits(), 1, silent
    )
    facts = fitted.contract.training | {"calibrated_on_learned": True}
    learned = msgspec.structs.replace(fitted.contract, training=facts)
    dataclasses.replace(fitted, contract=learned).write(model)
    for named, is_left_out in (("default", False), (str(model), True)):
        config = write_config(model=named)
        [preview] = objects(run("calibrate", album, "--preview", "--json", config=config).stdout)
        assert preview["reconstruction_left_out"] is is_left_out
