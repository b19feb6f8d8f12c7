"""Files of formats that are not read: told once by everything that a user asks, and judged once they are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import WriteConfig, bright, dark
from daemon import Daemon, objects, run, wait_until
from moving import encoded, film, grey

pytestmark = pytest.mark.e2e

_WITHOUT = """
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name in ("av", "pillow_heif"):
            raise ImportError(name)

sys.meta_path.insert(0, Without())
"""


@pytest.fixture
def without_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Start what is started meanwhile in an environment that has neither PyAV nor pillow-heif."""
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "sitecustomize.py").write_text(_WITHOUT)
    with monkeypatch.context() as context:
        context.setenv("PYTHONPATH", str(tmp_path / "without"))
        yield context


def test_what_is_not_read_is_told_and_judged_once_it_can_be(
    tmp_path: Path, write_config: WriteConfig, without_packages: pytest.MonkeyPatch
) -> None:
    config, inbox = write_config(unreadable="quarantine"), tmp_path / "inbox"
    with Daemon(config) as daemon:
        for number in range(3):
            (inbox / f"IMG_{number}.HEIC").write_bytes(encoded(grey(230), "HEIF"))
        (inbox / "normal.heic").write_bytes(encoded(grey(40), "HEIF"))
        (inbox / "VID_1.mp4").write_bytes(film([240] * 9))
        (inbox / "a.jxl").write_bytes(b"\xff\x0a" + bytes(90))
        dark(inbox / "d.png"), bright(inbox / "b.png")
        daemon.wait_judged(2)
        wait_until(lambda: len(daemon.status()["not_looked_at"]) == 3)
        daemon.told_once("1 HEIC file is not looked at: pillow-heif is missing")
        daemon.told_once("1 film is not looked at: the extra `video` is missing")
    assert len(list(inbox.iterdir())) == 7
    sentences = json.loads(run("status", "--json", config=config, code=3).stdout)["not_looked_at"]
    assert sentences[0].startswith("4 HEIC files are not looked at: pillow-heif is missing; pip install")
    assert "4 HEIC files" in run("status", config=config, code=3).stdout
    doctor = run("doctor", config=config, code=None).stdout
    assert "4 HEIC files are not looked at" in doctor
    assert "imgwatch[video]" in doctor
    listed = objects(run("status", "--list", "passed-over", "--json", config=config).stdout)
    assert sorted(row["reason"] for row in listed) == ["HEIC"] * 4 + ["JPEG XL", "film"]
    assert "4 HEIC files are not looked at" in run("score", inbox, config=config).stderr
    assert "1 film is not looked at" in run("rescan", config=config).stderr
    assert "1 film is not looked at" in run("rescan", "--dry-run", "--json", config=config).stderr
    named = objects(run("score", "--json", inbox / "IMG_0.HEIC", config=config).stdout)
    assert [(row["verdict"], row["reason_code"]) for row in named] == [
        ("unreadable", "temporarily_unreadable")
    ]

    without_packages.undo()
    with Daemon(config) as daemon:
        wait_until(lambda: not any(inbox.glob("IMG_*")) and not any(inbox.glob("*.mp4")))
        assert daemon.status()["not_looked_at"] == ["1 JPEG XL file is not looked at: this version does not read them "
                                                    "(docs/pictures.md says why)"]  # fmt: skip
        assert "4 HEIC files" not in daemon.log.read_text()
    assert sorted(path.name for path in inbox.iterdir()) == ["a.jxl", "d.png", "normal.heic"]
