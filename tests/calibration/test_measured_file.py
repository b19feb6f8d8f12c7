"""What calibrating keeps for the next run: nothing is measured twice, and nothing wrong is believed."""

from __future__ import annotations

import os
import random
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgwatch.calibration.measured_file import MOST_FILES, MOST_ROWS, MeasuredFile, identity_of
from imgwatch.calibration.measuring import Measured, measure
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits

LIMITS = Limits()


def paint(path: Path, level: int) -> Path:
    Image.new("RGB", (32, 32), (level, level, level)).save(path)
    return path


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    return [paint(folder / f"{number}.png", 10 * number) for number in range(12)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "measured"


def run(model: Path, paths: list[Path], folder: Path | None) -> tuple[Measured, int]:
    """Measure, and count the batches that were measured now."""
    batches: list[int] = []
    measured = measure(
        Scorer(model), paths, LIMITS, 1, lambda what, done, total: batches.append(done), folder
    )
    return measured, len(batches)


def same(one: Measured, other: Measured) -> bool:
    return one.paths == other.paths and all(
        np.array_equal(one.numbers[name], other.numbers[name]) for name in one.numbers
    )


def test_a_second_run_measures_nothing_and_says_the_same(
    model_file: Path, paths: list[Path], folder: Path
) -> None:
    first, batches = run(model_file, paths, folder)
    second, batches_again = run(model_file, paths, folder)
    assert (batches > 0, batches_again) == (True, 0)
    assert same(first, second)
    assert same(first, run(model_file, paths, None)[0])


def test_only_new_and_changed_pictures_are_measured(
    model_file: Path, paths: list[Path], folder: Path
) -> None:
    run(model_file, paths, folder)
    paint(paths[3], 250)
    paths.append(paint(paths[0].with_name("new.png"), 200))
    paths[0].unlink()
    again, batches = run(model_file, paths, folder)
    assert batches == 1  # both in one
    assert same(again, run(model_file, paths, None)[0])
    assert again.unreadable == 1


def test_a_picture_edited_with_its_old_size_and_time_is_measured_anew(paths: list[Path]) -> None:
    before, status = identity_of(paths[0], LIMITS), paths[0].stat()
    content = bytearray(paths[0].read_bytes())
    content[-20] ^= 1
    paths[0].write_bytes(content)
    os.utime(paths[0], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert paths[0].stat().st_mtime_ns == status.st_mtime_ns
    assert identity_of(paths[0], LIMITS) != before


def test_a_link_is_no_picture_where_links_are_not_followed(paths: list[Path]) -> None:
    link = paths[0].with_name("link.png")
    link.symlink_to(paths[0])
    assert identity_of(link, LIMITS) == identity_of(paths[0], LIMITS)
    strict = Limits(follows_links=False)
    assert identity_of(link, strict) != identity_of(paths[0], strict)


@pytest.mark.parametrize("damage", ["empty", "half", "text", "array"])
def test_a_damaged_file_is_dropped(model_file: Path, paths: list[Path], folder: Path, damage: str) -> None:
    first, _ = run(model_file, paths, folder)
    (file,) = folder.iterdir()
    content = file.read_bytes()
    if damage == "array":
        with file.open("wb") as stream:
            np.save(stream, np.zeros(3))
    else:
        file.write_bytes(
            {"empty": b"", "half": content[: len(content) // 2], "text": b"not an archive"}[damage]
        )
    assert MeasuredFile(folder, Scorer(model_file), LIMITS).read(["score"]) == {}
    assert not file.exists()
    again, batches = run(model_file, paths, folder)
    assert batches
    assert same(first, again)


def test_no_flipped_byte_changes_what_is_believed(model_file: Path, paths: list[Path], folder: Path) -> None:
    run(model_file, paths, folder)
    kept = MeasuredFile(folder, Scorer(model_file), LIMITS)
    content, names = kept.path.read_bytes(), ["score", "parts", "embedding"]
    rows = kept.read(names)
    dice = random.Random(0)
    for _ in range(200):
        broken = bytearray(content)
        broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
        kept.path.write_bytes(broken)
        for identity, row in kept.read(names).items():
            assert all(np.array_equal(row[name], rows[identity][name]) for name in names)


def test_it_is_private_and_bounded(model_file: Path, paths: list[Path], folder: Path, tmp_path: Path) -> None:
    for number in range(MOST_FILES + 2):
        model = tmp_path / f"{number}.onnx"
        shutil.copy(model_file, model)
        with model.open("ab") as stream:  # an unknown field of protobuf: another file, the same model
            stream.write(b"\xfa\x3f\x01" + bytes([number]))
        run(model, paths, folder)
    assert len(list(folder.iterdir())) == MOST_FILES
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_of_too_many_pictures_the_first_are_kept(model_file: Path, folder: Path) -> None:
    kept = MeasuredFile(folder, Scorer(model_file), LIMITS)
    row = {"score": np.float32(1)}
    kept.write({(1, number, 3, 4, 5): row for number in range(MOST_ROWS + 5)})
    assert [identity[1] for identity in kept.read(["score"])] == list(range(MOST_ROWS))


def test_a_folder_that_others_look_into_is_left_alone(
    model_file: Path, paths: list[Path], folder: Path
) -> None:
    folder.mkdir(parents=True)
    (folder / "of somebody").touch()
    folder.chmod(0o777)
    first, _ = run(model_file, paths, folder)
    assert [file.name for file in folder.iterdir()] == ["of somebody"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777
    assert len(first.paths) == len(paths)


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(
    model_file: Path, paths: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    assert len(run(model_file, paths, tmp_path / "file" / "measured")[0].paths) == len(paths)
