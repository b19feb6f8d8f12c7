"""The workshop: every template draws, the same from the same seed, and says what it has drawn."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgwatch.judgement import Kind
from imgwatch_train.workshop.drawing import (
    INDEX,
    NORMAL,
    SPOILED,
    Drawing,
    draw,
    known_templates,
    plan,
    write,
)
from imgwatch_train.workshop.sheet import Sheet
from imgwatch_train.workshop.wear import wear
from imgwatch_train.workshop.words import SCRIPTS


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    paths = [folder / f"{number}.jpg" for number in range(3)]
    for path in paths:
        Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8)).resize((320, 240)).save(path)
    return paths


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def test_every_kind_that_has_a_name_is_drawn() -> None:
    assert {*known_templates(), *SPOILED} == {str(kind) for kind in Kind if kind is not Kind.STRANGER} | {
        NORMAL
    }


@pytest.mark.parametrize("kind", sorted(known_templates()))
def test_templates_write_the_same_page_from_the_same_seed_and_another_from_another(
    kind: str, photos: list[Path]
) -> None:
    for name, template in known_templates()[kind].items():
        pages = [template(Sheet(f"{kind}/{name}/{number}", photos)) for number in (0, 0, *range(1, 9))]
        assert pages[0] == pages[1], name
        assert len({page.html for page in pages}) > 1, name
        assert all(page.width <= 960 and page.height <= 900 for page in pages), name


def test_words_are_of_many_scripts() -> None:
    assert len(SCRIPTS) >= 12
    assert all(len(set(words)) >= 12 for words in SCRIPTS.values())


def test_kinds_are_drawn_equally_often_and_normal_pictures_twice() -> None:
    counts: dict[str, int] = {}
    for drawing in plan(1800):
        counts[drawing.kind] = counts.get(drawing.kind, 0) + 1
    assert counts.pop(NORMAL) == 400
    assert set(counts.values()) == {200}


def test_a_picture_is_worn_alike_from_the_same_seed(photos: list[Path]) -> None:
    def worn() -> np.ndarray:
        return np.asarray(wear(opened(photos[0]), "screenshot", Sheet("worn", photos).rng))

    np.testing.assert_array_equal(worn(), worn())


@pytest.mark.browser
def test_what_is_printed_is_the_page_and_is_not_printed_twice(photos: list[Path], tmp_path: Path) -> None:
    drawings = plan(1, ["card", "dark"])
    write(drawings, photos, tmp_path, lambda done, total: None)
    with (tmp_path / INDEX).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["file"] for row in rows] == [drawing.name for drawing in drawings]
    assert {row["source"] for row in rows} <= {path.name for path in photos}
    times = {row["file"]: (tmp_path / row["file"]).stat().st_mtime_ns for row in rows}
    assert all(np.asarray(opened(tmp_path / name)).std() > 1 for name in times)
    write(drawings, photos, tmp_path, lambda done, total: None)
    assert times == {row["file"]: (tmp_path / row["file"]).stat().st_mtime_ns for row in rows}


@pytest.mark.browser
def test_letters_of_every_script_leave_traces(photos: list[Path]) -> None:
    (_, picture), *_ = draw([Drawing("caption", "words_alone", 0)], photos)
    assert np.asarray(picture).std() > 5


@pytest.mark.browser
def test_the_command_draws_a_contact_sheet(photos: list[Path], tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.jpg"
    command = [sys.executable, "-m", "imgwatch_train.workshop", "--photos", str(photos[0].parent)]
    subprocess.run([*command, "--contact-sheet", str(sheet), "--kinds", "card"], check=True)
    assert opened(sheet).width > 500


def test_a_folder_without_photographs_is_told(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "imgwatch_train.workshop",
        "--photos",
        str(tmp_path),
        "--out",
        str(tmp_path),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 66
    assert "no photographs there" in ended.stderr
    assert "Traceback" not in ended.stderr
