"""Where inotify cannot be relied on, by the table of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from imgwatch import mounts

TABLE = """\
21 1 8:1 / / rw - ext4 /dev/sda1 rw
30 21 0:40 / /srv/in\\040box/share rw - nfs4 server:/x rw
31 21 0:41 / /mnt/fuse rw - fuse.bindfs /x rw
32 21 0:42 / /mnt/tmp rw - tmpfs none rw
broken line
"""


@pytest.fixture(autouse=True)
def _table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").write_text(TABLE)
    monkeypatch.setattr(mounts, "_TABLE", tmp_path / "mountinfo")


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "file_system_of", lambda _folder: "ext4")


@pytest.mark.usefixtures("local")
def test_a_share_below_the_folder_makes_it_blind() -> None:
    assert not mounts.sees_events(Path("/srv/in box"))
    assert mounts.sees_events(Path("/srv/in box"), recursive=False)
    assert mounts.sees_events(Path("/srv/other"))


def test_only_mounts_around_a_folder_concern_it() -> None:
    assert [point for _, point, _ in mounts.around([Path("/srv/in box")])] == [
        Path("/"),
        Path("/srv/in box/share"),
    ]
    assert [point for _, point, _ in mounts.around([Path("/mnt/tmp/a")])] == [Path("/"), Path("/mnt/tmp")]


@pytest.mark.parametrize(
    ("kind", "sees"), [("ext4", True), ("nfs4", False), ("fuse.sshfs", False), ("btrfs", True)]
)
def test_kinds(kind: str, sees: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "file_system_of", lambda _folder: kind)
    assert mounts.sees_events(Path("/nowhere")) is sees
