"""Measuring models on labelled folders, with a model that finds bright pictures strange."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgwatch.errors import InputMissing
from imgwatch.evaluation.evaluate import evaluate
from imgwatch.evaluation.evaluation_report import write_evaluation
from imgwatch.evaluation.evaluation_table import json_of, lines_of
from imgwatch.evaluation.intervals import clopper_pearson
from imgwatch.evaluation.labelled import Labelled
from imgwatch.model.scorer import Scorer
from imgwatch.settings import ThresholdRule


def _greys(folder: Path, shades: list[int]) -> Path:
    folder.mkdir(parents=True)
    for number, shade in enumerate(shades):
        Image.fromarray(np.full((20, 20, 3), shade, np.uint8)).save(folder / f"{number:03}.png")
    return folder


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Labelled:
    """Normal 10 to 127 with one bright picture; bright junk, one dark; one unreadable file each."""
    root = tmp_path_factory.mktemp("labelled")
    normal = _greys(root / "normal", [*range(10, 127, 3), 200])
    junk = _greys(root / "flyers", [*range(140, 255, 5), 20]), _greys(root / "memes", [60, 150, 230])
    for folder in (normal, junk[0]):
        (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    return Labelled(normal, junk)


def test_figures_in_all_and_by_folder(labelled: Labelled, model_file: Path) -> None:
    (evaluated,) = evaluate([Scorer(model_file)], labelled)
    overall, (flyers, memes) = evaluated.overall, evaluated.by_folder
    assert (overall.normal, overall.junk, overall.unreadable) == (40, 27, 2)
    assert (flyers.junk, flyers.unreadable, memes.junk, memes.unreadable) == (24, 1, 3, 0)
    assert overall.at_threshold.threshold == 0.5  # the model's own: half as bright as can be
    assert overall.at_threshold.realised_false_alarms == 1 / 40
    assert overall.at_threshold.caught == 25 / 27
    assert (overall.at_threshold.caught_low, overall.at_threshold.caught_high) == clopper_pearson(25, 27)
    assert overall.auroc_low < overall.auroc < overall.auroc_high
    assert overall.precision_at_100 == 27 / 67


def test_thresholds_of_target_rates_come_from_the_calibration_in_the_model(
    labelled: Labelled, model_file: Path
) -> None:
    scorer = Scorer(model_file)
    (evaluated,) = evaluate([scorer], labelled)
    assert [at.false_alarms for at in evaluated.overall.at] == [0.005, 0.01, 0.05]
    for at in evaluated.overall.at:
        assert at.false_alarms is not None
        assert at.threshold == scorer.contract.calibration.threshold_for(at.false_alarms)


def test_a_rule_overrides_the_threshold_of_the_model(labelled: Labelled, model_file: Path) -> None:
    (evaluated,) = evaluate([Scorer(model_file)], labelled, ThresholdRule(score=0.9))
    assert evaluated.threshold == evaluated.overall.at_threshold.threshold == 0.9


def test_json_is_one_object_a_model_with_the_promised_fields(labelled: Labelled, model_file: Path) -> None:
    (line,) = _said(labelled, [model_file], None, as_json=True)
    measured = json.loads(line)
    assert {"auroc", "auroc_low", "auroc_high", "precision_at_100", "normal", "junk", "unreadable"} <= set(
        measured
    )
    assert {"false_alarms", "realised_false_alarms", "caught"} <= set(measured["at"][0])
    assert [Path(row["folder"]).name for row in measured["folders"]] == ["flyers", "memes"]


def test_models_are_compared_on_the_same_pictures(
    labelled: Labelled, model_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "figures"
    lines = _said(labelled, [model_file, model_file], out, as_json=True)
    assert len(lines) == 2
    assert lines[0] == lines[1]
    assert {path.name for path in out.iterdir()} == {
        "report.html", "report.json", "roc.png", "histogram.png",
        "worst-normal-1.jpg", "worst-junk-1.jpg", "worst-normal-2.jpg", "worst-junk-2.jpg",
    }  # fmt: skip


@pytest.mark.e2e
def test_the_page_shows_the_worst_mistakes(labelled: Labelled, model_file: Path, tmp_path: Path) -> None:
    lines = _said(labelled, [model_file], tmp_path / "figures", as_json=False)
    page = (tmp_path / "figures" / "report.html").read_text()
    assert page.count("data:image/jpeg") == 1 + 2  # one normal picture above, two of junk not above
    assert any(line.startswith("flyers") for line in lines)
    with Image.open(tmp_path / "figures" / "worst-junk.jpg") as sheet:
        assert sheet.format == "JPEG"


@pytest.mark.e2e
def test_a_cluster_gives_the_same_figures(labelled: Labelled, model_file: Path) -> None:
    (here,) = evaluate([Scorer(model_file)], labelled)
    (there,) = evaluate([Scorer(model_file)], replace(labelled, cluster="local"))
    assert there.facts() == here.facts()
    assert there.junk[0].unreadable == here.junk[0].unreadable


def test_a_folder_without_a_readable_picture_is_named(
    labelled: Labelled, model_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InputMissing, match="broken"):
        evaluate([Scorer(model_file)], Labelled(labelled.normal, (tmp_path / "broken",)))


def test_evaluating_needs_no_tensorflow() -> None:
    code = (
        "import sys, imgwatch.evaluation.evaluation_report, imgwatch_train.recipe\n"
        "sys.exit(sum(name in sys.modules for name in ('tensorflow', 'keras', 'tf2onnx', 'onnx', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _said(labelled: Labelled, models: list[Path], out: Path | None, as_json: bool) -> list[str]:
    def progress(stage: str, done: int, total: int) -> None:
        assert done <= total

    evaluations = evaluate([Scorer(model) for model in models], labelled, progress=progress)
    if out:
        assert write_evaluation(evaluations, out, labelled.limits) == out / "report.html"
    return list(json_of(evaluations) if as_json else lines_of(evaluations))
