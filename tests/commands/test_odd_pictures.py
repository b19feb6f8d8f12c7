"""Pictures that stand out from a folder are shown and asked about; what is called junk is left out of the next run."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import WriteConfig, picture_bytes
from daemon import objects, run
from imgwatch.calibration.odd_pictures import OddPictures
from imgwatch.commands.odd_pictures import numbers_in
from imgwatch.errors import UsageError
from terminal import in_a_terminal


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Return a folder of dark pictures with a bright one among them."""
    folder = tmp_path / "album"
    folder.mkdir()
    for number in range(24):
        (folder / f"{number}.png").write_bytes(picture_bytes(40 + number))
    (folder / "odd.png").write_bytes(picture_bytes(250))
    return folder


def test_what_is_called_junk_is_left_out_of_the_next_calibration(
    tmp_path: Path, album: Path, write_config: WriteConfig, model_file: Path
) -> None:
    config, model = write_config(model=str(model_file)), tmp_path / "new.onnx"
    calibrate = ("calibrate", album, "--out", model, "--json", "--no-use")
    said, _ = objects(run(*calibrate, config=config).stdout)
    assert said["pictures"] == 25
    assert [Path(entry["path"]).name for entry in said["standing_out"]] == ["odd.png"]
    odd = OddPictures(model)
    assert odd.strangest()[0] == album / "odd.png"
    odd.leave_out([album / "odd.png"])
    again = run(*calibrate, config=config)
    assert objects(again.stdout)[0]["pictures"] == 24
    assert f"1 picture that you chose is left out: {odd.list_file}" in again.stderr
    assert album / "odd.png" not in odd.strangest()
    assert (album / "odd.png").exists()


def test_calibrate_leaves_out_what_a_file_names(
    tmp_path: Path, album: Path, write_config: WriteConfig, model_file: Path
) -> None:
    config, listed = write_config(model=str(model_file)), tmp_path / "not-normal.txt"
    listed.write_text(f"# junk\n{album / 'odd.png'}\n{album / '3.png'}\n")
    told = run("calibrate", album, "--preview", "--json", "--exclude", listed, config=config)
    assert objects(told.stdout)[0]["pictures"] == 23
    run("calibrate", album, "--preview", "--exclude", tmp_path / "none.txt", config=config, code=66)


@pytest.mark.e2e
def test_on_a_terminal_they_are_asked_about(
    tmp_path: Path, album: Path, write_config: WriteConfig, model_file: Path
) -> None:
    config, model = write_config(model=str(model_file)), tmp_path / "new.onnx"
    command = ["calibrate", str(album), "--out", str(model), "--config", str(config), "--review", "--no-use"]
    said = in_a_terminal(*command, answers={b"Which of them are junk": b"1\n"}, columns=400).decode()
    assert "1 of your pictures stands out from the rest, but counts as normal too" in said
    assert "24 pictures, 0 unreadable" in said
    assert OddPictures(model).left_out() == [album / "odd.png"]
    in_a_terminal(*command, answers={b"Which of them are junk": b"\n"}, columns=400)
    assert OddPictures(model).left_out() == [album / "odd.png"]


def test_where_nobody_can_be_asked_the_gallery_is_named(
    album: Path, write_config: WriteConfig, model_file: Path
) -> None:
    config = write_config(model=str(model_file))
    told = run("calibrate", album, "--review", config=config, code=2).stderr
    assert "training page of the gallery" in told
    assert "leave out one of them" in run("train", album, "--review", "--json", config=config, code=2).stderr


def test_an_answer_names_numbers_and_ranges() -> None:
    assert numbers_in("", 5) == []
    assert numbers_in("4, 1-2 2", 5) == [1, 2, 4]
    for answer in ("6", "0", "3-2", "two", "1-", "-1", "9999999"):
        with pytest.raises(UsageError, match="not a number from 1 to 5"):
            numbers_in(answer, 5)
