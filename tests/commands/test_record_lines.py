"""What is in quarantine, as people read it: lists that fit their terminal, and words instead of raw figures."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conftest import WriteConfig, bright
from daemon import objects, run
from imgwatch import console
from imgwatch.commands.record_lines import COLUMNS, row_of, shortened, size_of
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.quarantine.metadata import FileMetadata
from imgwatch.quarantine.record import Record
from terminal import in_a_terminal


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.e2e
def test_a_list_fits_its_terminal(tmp_path: Path, write_config: WriteConfig, columns: int) -> None:
    config, name = write_config(), "a picture with a name that is rather long for such a narrow terminal.png"
    bright(tmp_path / "inbox" / "family" / name)
    run("rescan", config=config)
    [record] = objects(run("quarantine", "list", "--json", config=config).stdout)
    listed = in_a_terminal(
        "quarantine", "list", "--config", str(config), answers={}, columns=columns
    ).decode()
    lines = listed.splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[0].startswith(record["id"])
    assert lines[1].endswith("terminal.png")
    assert record["original"] in run("quarantine", "list", config=config).stdout, "nothing is cut in a pipe"


def test_a_list_shows_local_time_and_escapes_what_does_not_print(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("cat.jpg", "a\nkeep\x1b.jpg")
    judgement = Judgement(Verdict.QUARANTINE, in_words("strange"), "m-1", 4.5678, 3.2, "ab" * 32)
    at, metadata = datetime(2026, 5, 1, 12, 34, 59, tzinfo=UTC), FileMetadata(0, 0, 0, 0, 0)
    records = [Record("0123456789ab", name, f"/inbox/{name}", 7, metadata, judgement, at) for name in names]
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        console.table(COLUMNS, map(row_of, records))
    time.tzset()
    assert capsys.readouterr().out.splitlines() == [
        "id            quarantined       score  from                    reason",
        "0123456789ab  2026-05-01 21:34  4.57   /inbox/cat.jpg          strange",
        r"0123456789ab  2026-05-01 21:34  4.57   /inbox/a\nkeep\x1b.jpg  strange",
    ]


@pytest.mark.e2e
def test_show_and_status_speak_in_words(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config()
    picture = bright(tmp_path / "inbox" / "a.png")
    picture.chmod(0o640)
    run("rescan", config=config)
    shown = run("quarantine", "show", "a.png", config=config).stdout
    assert "rights: rw-r-----" in shown
    assert "where 0.5 is the threshold" in shown
    assert "mtime_ns" not in shown
    status = run("status", config=config, code=3).stdout
    assert "quarantined: 1\n" in status
    assert "_" not in status.replace(str(tmp_path), "")
    assert ": -" not in status


def test_texts_are_shortened_in_the_middle() -> None:
    assert shortened("short", 5) == "short"
    assert shortened("/home/me/Pictures/IMG-1.jpg", 20) == "/home/me/...MG-1.jpg"
    assert all(len(shortened("x" * 99, width)) == width for width in range(4, 99))


def test_sizes_have_the_unit_that_suits_them() -> None:
    assert [size_of(number) for number in (0, 999, 1000, 2_345_678, 5 * 10**15)] == [
        "0 bytes", "999 bytes", "1 kB", "2.35 MB", "5 PB",
    ]  # fmt: skip
