"""The training pictures that look wrong are shown, and those chosen are left out of the next training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from conftest import bright, dark
from gallery import ORIGIN, Open, Scene
from imgwatch.commands.context import load_settings


def _trained(scene: Scene, tmp_path: Path) -> list[Path]:
    """Lay a list beside a model, as a training does."""
    model = tmp_path / "mine.onnx"
    shutil.copy(str(scene.settings.model), model)
    text = scene.config.read_text().replace(str(scene.settings.model), json.dumps(str(model)))
    scene.config.write_text(text)
    scene.settings = load_settings(scene.config)
    pictures = [bright(tmp_path / "album" / "odd.png"), dark(tmp_path / "album" / "fine <b>.png")]
    report = tmp_path / "mine-report"
    report.mkdir()
    (report / "strangest.txt").write_text("# a comment\n" + "".join(f"{path}\n" for path in pictures))
    return pictures


def test_suspicious_pictures_are_shown_and_left_out(scene: Scene, open_gallery: Open, tmp_path: Path) -> None:
    odd, fine = _trained(scene, tmp_path)
    browser = open_gallery(scene)
    text = browser.client.get("/training").text
    assert "odd.png" in text
    assert "fine &lt;b&gt;.png" in text
    assert browser.client.get("/training/0").headers["content-type"] == "image/jpeg"
    assert browser.client.get("/training/2").status_code == 404
    assert browser.post("/training", {"numbers": [0, 7]}) == {"left_out": 1}
    lines = (tmp_path / "mine-report" / "exclude.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [str(odd)]
    assert browser.client.get("/training").text.count('aria-pressed="true"') == 1
    assert fine.exists()
    assert odd.exists()


def test_what_was_left_out_stays_in_sight_and_can_be_taken_back(
    scene: Scene, open_gallery: Open, tmp_path: Path
) -> None:
    odd, _ = _trained(scene, tmp_path)
    browser = open_gallery(scene)
    browser.post("/training", {"numbers": [0]})
    (tmp_path / "mine-report" / "strangest.txt").write_text(f"{tmp_path / 'album' / 'fine <b>.png'}\n")
    text = browser.client.get("/training").text
    assert text.index("fine &lt;b&gt;.png") < text.index("odd.png")
    assert browser.post("/training", {"numbers": [0, 1]}) == {"left_out": 2}
    assert browser.post("/training", {"numbers": [0]}) == {"left_out": 1}
    lines = (tmp_path / "mine-report" / "exclude.txt").read_text().splitlines()
    assert str(odd) not in lines


def test_numbers_and_nothing_else(scene: Scene, open_gallery: Open, tmp_path: Path) -> None:
    _trained(scene, tmp_path)
    browser = open_gallery(scene)
    for asked in ({"numbers": ["/etc/passwd"]}, {"numbers": "0"}, {}):
        answer = browser.client.post("/training", json=asked, headers={"Origin": ORIGIN})
        assert answer.status_code == 400


def test_before_a_training_the_page_says_what_will_be_here(scene: Scene, open_gallery: Open) -> None:
    assert "imgwatch train" in open_gallery(scene).client.get("/training").text
