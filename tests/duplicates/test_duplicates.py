"""Copies of a picture go, the original stays, and never both; what the user decided about is left alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import WriteConfig
from daemon import Daemon, objects, run, wait_until
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.commands.context import load_settings, open_duplicates
from imgwatch.decisions import Decisions
from imgwatch.files import Identity
from imgwatch.judgement import Verdict
from imgwatch.judging import Judge, Judged
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileState
from imgwatch.model.scorer import Scorer
from imgwatch.moving import Result
from imgwatch.picture.decoding import Limits
from imgwatch.pipeline import Pipeline
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine
from imgwatch.wording import sentence

_CAMERA = 0x010F


def scene(seed: int, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """Return a dark picture with detail of all sizes, no two alike."""
    dice = np.random.default_rng(seed)
    total = np.zeros((size[1], size[0], 3))
    for cells in (3, 7, 15, 31):
        coarse = Image.fromarray(dice.integers(0, 200, (cells, cells, 3), dtype=np.uint8))
        total += np.asarray(
            coarse.resize(size, Image.Resampling.NEAREST if cells > 7 else Image.Resampling.BICUBIC)
        )
    return Image.fromarray((total / 8).astype(np.uint8))


def saved(image: Image.Image, path: Path, quality: int = 92, *, camera: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if camera:
        exif[_CAMERA] = "Maker"
    image.save(path, quality=quality, exif=exif)
    return path


@pytest.fixture
def judge(model_file: Path) -> Iterator[Judge]:
    with Judge(Scorer(model_file), None, Limits()) as opened:
        yield opened


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


@pytest.fixture
def quarantine(tmp_path: Path, inbox: Path) -> Quarantine:
    inbox.mkdir()
    return Quarantine(tmp_path / "quarantine", [inbox])


Opened = Callable[..., Pipeline]


@pytest.fixture
def pipeline(write_config: WriteConfig, judge: Judge, quarantine: Quarantine, ledger: Ledger) -> Opened:
    """Return what makes a pipeline with this `duplicates` in the config."""

    def opened(duplicates: str = "{action: quarantine}") -> Pipeline:
        settings = load_settings(write_config(duplicates=duplicates))
        return Pipeline(
            lambda: judge,
            quarantine,
            ledger,
            Policy.of(settings, lambda _: False, spares_existing=True),
            duplicates=open_duplicates(settings, ledger, lambda: [judge]),
        )

    return opened


def run_on(pipeline: Pipeline, *paths: Path) -> list[Result]:
    return list(pipeline.run(paths))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        (lambda image: image, "is compressed less"),
        (lambda image: image.resize((120, 90)), "has more pixels"),
        (lambda image: image.crop((40, 30, 424, 318)), "shows more of the scene"),
        (lambda image: on_screen(image), "has no bars or words around it"),
    ],
)
def test_a_copy_goes_and_says_why(
    changed: Callable[[Image.Image], Image.Image],
    because: str,
    inbox: Path,
    pipeline: Opened,
    quarantine: Quarantine,
) -> None:
    opened = pipeline()
    original = saved(scene(1), inbox / "a.jpg")
    others = [saved(scene(seed), inbox / f"other{seed}.jpg") for seed in range(2, 6)]
    run_on(opened, original, *others)
    run_on(opened, saved(changed(scene(1)), inbox / "copy.jpg", 60))
    [record] = quarantine.list()
    assert record.original == str(inbox / "copy.jpg")
    assert sentence(record.judgement.reason) == f"a copy of {original}, which {because}"
    assert record.judgement.reason.code == "duplicate"
    assert len(names(inbox)) == 5


def on_screen(image: Image.Image) -> Image.Image:
    screen = Image.new("RGB", (540, 1000), "black")
    screen.paste(image.resize((540, 405)), (0, 300))
    return screen


def test_an_exact_copy_goes(inbox: Path, pipeline: Opened, quarantine: Quarantine) -> None:
    original = saved(scene(1), inbox / "a.jpg")
    shutil.copyfile(original, inbox / "b.jpg")
    run_on(pipeline(), original, inbox / "b.jpg")
    [record] = quarantine.list()
    assert sentence(record.judgement.reason) == f"the same file as {original}, which was there first"
    assert names(inbox) == ["a.jpg"]


def test_an_original_that_comes_later_stays_and_the_forward_goes(
    inbox: Path, pipeline: Opened, quarantine: Quarantine, ledger: Ledger
) -> None:
    opened = pipeline()
    forward = saved(scene(1).resize((240, 180)), inbox / "forward.jpg", 60)
    run_on(opened, forward)
    run_on(opened, saved(scene(1), inbox / "camera.jpg", 60, camera=True))
    [record] = quarantine.list()
    assert (
        sentence(record.judgement.reason) == f"a copy of {inbox / 'camera.jpg'}, which comes from the camera"
    )
    assert names(inbox) == ["camera.jpg"]
    assert ledger.known(forward) is None


def test_what_the_user_restored_is_never_taken_again(
    inbox: Path, pipeline: Opened, quarantine: Quarantine, ledger: Ledger
) -> None:
    opened = pipeline()
    copy = saved(scene(1), inbox / "copy.jpg", 50)
    run_on(opened, saved(scene(1), inbox / "a.jpg"), copy)
    [record] = quarantine.list()
    Decisions(quarantine, ledger).restore(record)
    assert [result.state for result in opened.run([copy, inbox / "a.jpg"])] == [FileState.KEPT] * 2
    assert names(inbox) == ["a.jpg", "copy.jpg"]


def test_a_copy_stays_when_its_original_is_gone_at_the_moment_of_moving(
    inbox: Path, pipeline: Opened, quarantine: Quarantine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = pipeline()
    original, copy = saved(scene(1), inbox / "a.jpg"), saved(scene(1), inbox / "copy.jpg", 50)
    run_on(opened, original)
    outcome = opened.policy.outcome

    def removed_meanwhile(judged: Judged, now: float) -> object:
        original.unlink()
        return outcome(judged, now)

    monkeypatch.setattr(Policy, "outcome", lambda _, judged, now: removed_meanwhile(judged, now))
    [result] = run_on(opened, copy)
    assert result.state is FileState.KEPT
    assert result.judged.judgement.verdict is Verdict.KEEP
    known = ledger.known(copy)
    assert known is not None
    assert known.state is FileState.KEPT
    assert list(quarantine.list()) == []
    assert names(inbox) == ["copy.jpg"]


def test_a_general_model_that_judges_is_not_loaded_again(
    tmp_path: Path, write_config: WriteConfig, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = saved(scene(1), tmp_path / "inbox" / "a.jpg")
    settings = load_settings(write_config(duplicates="{action: quarantine}"))
    with Judge(Scorer(DEFAULT_MODEL), None, Limits()) as judge:
        monkeypatch.setattr("imgwatch.model.scorer.Scorer", None)  # nothing can be loaded
        opened = open_duplicates(settings, ledger, lambda: [judge])
        assert opened is not None
        ledger.remember([Row(picture, Identity.of(picture.lstat()), FileState.KEPT)], 0.0)
        list(opened.fill())
        assert ledger.signatures.paths() == [picture]


def test_pictures_of_a_reference_folder_are_compared_and_never_touched(
    tmp_path: Path, inbox: Path, pipeline: Opened, quarantine: Quarantine
) -> None:
    small = saved(scene(1).resize((240, 180)), tmp_path / "album" / "a.jpg", 50)
    opened = pipeline(f"{{action: quarantine, reference: [{small.parent}]}}")
    assert opened.duplicates is not None
    list(opened.duplicates.fill())
    run_on(opened, saved(scene(1), inbox / "a.jpg"))
    [record] = quarantine.list()
    assert sentence(record.judgement.reason) == f"a copy of {small}, which lies in a reference folder"
    assert small.exists()


def test_report_moves_nothing(inbox: Path, pipeline: Opened, quarantine: Quarantine) -> None:
    pictures = saved(scene(1), inbox / "a.jpg"), saved(scene(1), inbox / "b.jpg", 50)
    states = [result.state for result in run_on(pipeline("{action: report}"), *pictures)]
    assert states == [FileState.KEPT, FileState.REPORTED]
    assert list(quarantine.list()) == []


def test_nothing_is_looked_at_unless_it_is_asked_for(inbox: Path, pipeline: Opened) -> None:
    assert pipeline("{action: off}").duplicates is None
    assert pipeline("{}").duplicates is None


@pytest.mark.e2e
def test_the_daemon_knows_what_lay_there_and_takes_copies_of_it(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox = tmp_path / "inbox"
    original = saved(scene(1), inbox / "a.jpg")
    config = write_config(duplicates="{action: quarantine}", mode="quarantine")
    with Daemon(config):
        wait_until(lambda: _signatures(config) == 1, says="the picture of the first day is known")
        saved(scene(1), tmp_path / "copy.jpg", 50).rename(inbox / "copy.jpg")
        wait_until(lambda: names(inbox) == ["a.jpg"], says="the copy is gone")
    [row] = objects(run("quarantine", "list", "--json", config=config).stdout)
    assert row["reason"] == f"a copy of {original}, which is compressed less"


def _signatures(config: Path) -> int:
    settings = load_settings(config)
    opened = Ledger(settings.state / "ledger.sqlite")
    try:
        return len(opened.signatures.paths())
    finally:
        opened.close()


def test_the_shell_lists_groups(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    original = saved(scene(1), inbox / "a.jpg")
    copies = [saved(scene(1), inbox / f"copy{quality}.jpg", quality) for quality in (40, 60)]
    saved(scene(2), inbox / "other.jpg")
    config = write_config()
    [group] = objects(run("duplicates", "--json", config=config).stdout)
    assert group["kept"] == str(original)
    assert sorted(copy["path"] for copy in group["copies"]) == sorted(map(str, copies))
    assert {copy["because"] for copy in group["copies"]} == {"compression"}
    assert run("duplicates", config=config).stdout.splitlines()[-1] == (
        "2 copies of 1 picture; 4 pictures compared, nothing moved"
    )
