"""The doctor's checks: each subject's faults are found, worded, and keep no other check from being made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from conftest import WriteConfig, bright
from imgwatch import doctor
from imgwatch.commands.configured_models import model_path
from imgwatch.commands.context import LEDGER, load_settings, open_ledger, open_quarantine
from imgwatch.doctor import CHECKS, OF_A_RUNNING_SERVICE, examine
from imgwatch.doctor.finding import Finding, Grade, Subject
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Reason, ReasonCode, Verdict
from imgwatch.judging import Judge
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits
from imgwatch.pipeline import Pipeline
from imgwatch.policy import Policy


@pytest.fixture
def subject(write_config: WriteConfig) -> Subject:
    config = write_config()
    settings = load_settings(config)
    return Subject(config, settings, model_path(settings), settings.state / LEDGER)


def bad(findings: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(finding.grade, finding.what) for finding in findings if finding.grade is not Grade.OK]


def test_before_the_first_start_nothing_is_wrong(subject: Subject) -> None:
    assert bad(examine(subject, before_install=True)) == []
    assert [what for _, what in bad(examine(subject))] == ["no daemon is running with this config"]


def test_every_check_of_the_room_is_made() -> None:
    modules = {check.__module__.rpartition(".")[2] for check in CHECKS + OF_A_RUNNING_SERVICE}
    room = Path(doctor.__file__).parent
    assert modules == {path.stem for path in room.glob("*.py")} - {"__init__", "finding"}


def test_a_model_that_is_none_is_a_fault_with_a_way_out(subject: Subject, tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    [finding] = list(doctor.check_model(Subject(subject.config, subject.settings, broken, subject.ledger)))
    assert finding.grade is Grade.FAULT
    assert "broken.onnx" in finding.what
    assert "ONNXRuntimeError" not in finding.what
    assert finding.to_do


def test_what_does_not_belong_together_in_quarantine_is_named_and_counted(subject: Subject) -> None:
    pictures = subject.settings.quarantine.path
    with open_ledger(subject.settings) as ledger, Judge(Scorer(subject.model), None, Limits()) as judge:
        pipeline = Pipeline(lambda: judge, open_quarantine(subject.settings, ledger), ledger, Policy())
        list(pipeline.run([bright(subject.settings.watch[0].path / "b.png")]))
    assert bad(doctor.check_quarantine(subject)) == []
    for number in range(7):
        (pictures / "pictures" / f"alone{number}.png").write_bytes(b"x")
    findings = [what for _, what in bad(doctor.check_quarantine(subject))]
    assert len(findings) == 6
    assert "2 more such problems" in findings[-1]


def test_a_companion_that_came_after_its_picture_was_moved_on_is_named(
    subject: Subject, tmp_path: Path
) -> None:
    picture, folder = bright(subject.settings.watch[0].path / "b.jpg"), tmp_path / "Screenshots"
    folder.mkdir()
    with open_ledger(subject.settings) as ledger:
        quarantine = open_quarantine(subject.settings, ledger)
        judgement = Judgement(Verdict.QUARANTINE, Reason(ReasonCode.TEXT, {"text": "odd"}), "m-1")
        quarantine.move_on(
            quarantine.quarantine(picture, Identity.of(picture.lstat()), judgement, (), folder)
        )
    picture.with_suffix(".txt").write_text("no companion")
    assert bad(doctor.check_left_behind(subject)) == []
    picture.with_suffix(".xmp").write_text("<x/>")
    [(grade, what)] = bad(doctor.check_left_behind(subject))
    assert grade == "warning"
    assert str(picture.with_suffix(".xmp")) in what
    assert str(folder / "b.jpg") in what
    bright(picture)  # a new picture of that name, to which it belongs
    assert bad(doctor.check_left_behind(subject)) == []


def test_an_open_breaker_is_a_warning_that_agrees_in_number(subject: Subject) -> None:
    with open_ledger(subject.settings) as ledger:
        ledger.facts.open_breaker("40 of the last 50 pictures would be quarantined")
    [(grade, what)] = bad(doctor.check_ledger(subject))
    assert (grade, what) == ("warning", "the breaker is open: 0 pictures held back")


def test_one_check_that_cannot_look_stops_no_other(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: Subject) -> Iterator[Finding]:
        raise PermissionError(13, "Permission denied", "/closed")
        yield

    monkeypatch.setattr(doctor, "CHECKS", (failing, *CHECKS))
    findings = list(examine(subject, before_install=True))
    assert findings[1].what == "/closed: Permission denied"
    assert len(findings) > 5


def with_ignore(subject: Subject, *patterns: str) -> Subject:
    folder = subject.settings.watch[0].path
    for name in ("Family/a.png", "WhatsApp/Sent/b.png", "c.png"):
        bright(folder / name)
    listed = ", ".join(f"'{pattern}'" for pattern in patterns)
    config = subject.config.with_name("other.yaml")
    config.write_text(
        subject.config.read_text().replace(f"path: {folder}", f"path: {folder}, ignore: [{listed}]")
    )
    return Subject(config, load_settings(config), subject.model, subject.ledger)


def test_patterns_that_match_nothing_are_named(subject: Subject) -> None:
    good = ("Family/", "WhatsApp/**", "**/Sent/*.png", "!c.png", "*.PNG", "@eaDir")
    findings = bad(doctor.check_contents(with_ignore(subject, *good, "Familly/", "/Sent/", "*.gif")))
    assert [what.split("'")[1] for _, what in findings] == ["Familly/", "/Sent/", "*.gif"]
    assert bad(doctor.check_contents(with_ignore(subject, *good))) == []


@pytest.mark.parametrize(
    ("mark", "by"),
    [
        (".stfolder", "Syncthing"),
        (".sync_1a2b.db", "Nextcloud"),
        ("._sync_0f.db-wal", "Nextcloud"),
        (".dropbox.cache", "Dropbox"),
    ],
)
def test_a_folder_that_is_synced_is_warned_of_unless_nothing_is_moved(
    subject: Subject, mark: str, by: str
) -> None:
    (subject.settings.watch[0].path / mark).mkdir()
    [(grade, what)] = bad(doctor.check_contents(subject))
    assert grade is Grade.WARNING
    assert by in what
    assert "deleted on your other devices" in what
    reporting = msgspec.structs.replace(subject.settings, mode="report")
    assert bad(doctor.check_contents(Subject(subject.config, reporting, subject.model, subject.ledger))) == []
