"""A file system whose inode numbers do not last: nothing is moved, nothing is lost, and `status` says why."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from conftest import WriteConfig, bright
from daemon import Daemon, digests, wait_until
from imgwatch.errors import InodesChange
from imgwatch.files import FolderEntry, Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.file_ops import FileOps
from memory import folder_on_another_file_system
from mounts import Mount

pytestmark = pytest.mark.faults


class Renumbering(FileOps):
    """Gives a file below a folder a new inode when it is renamed, as mergerfs without use_ino seems to do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rename(self, source: FolderEntry, target: FolderEntry) -> None:
        super().rename(source, target)
        self._renumber(target)

    def rename_within(self, source: FolderEntry, target: FolderEntry) -> None:
        super().rename_within(source, target)
        self._renumber(target)

    def _renumber(self, entry: FolderEntry) -> None:
        if not entry.path.is_relative_to(self.folder):
            return
        status, content = entry.path.stat(), entry.path.read_bytes()
        other = entry.path.with_name(".other")
        other.write_bytes(content)
        os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
        other.replace(entry.path)


@pytest.mark.parametrize("across", [False, True], ids=["one file system", "across"])
def test_a_move_is_refused_and_undone(tmp_path: Path, across: bool) -> None:
    with folder_on_another_file_system(tmp_path) if across else nullcontext(tmp_path) as home:
        refuse_and_undo(tmp_path, home)


def refuse_and_undo(tmp_path: Path, home: Path) -> None:
    inbox = tmp_path / "inbox"  # all below the test's folder loses its inodes, what is elsewhere keeps them
    picture = bright(inbox / "a.png")
    quarantine = Quarantine(home / "quarantine", [inbox], Renumbering(tmp_path))
    before = digests(inbox)
    [sha256] = before
    with pytest.raises(InodesChange, match="use_ino"):
        quarantine.quarantine(
            picture,
            Identity.of(picture.stat()),
            Judgement(Verdict.QUARANTINE, in_words("strange"), "m", 0.9, 0.5, sha256),
        )
    assert digests(inbox, quarantine.path / "pictures") == before
    assert picture.exists()
    assert quarantine.check() == []
    assert list(quarantine.list()) == []
    quarantine.recover()
    assert digests(inbox, quarantine.path / "pictures") == before


@pytest.mark.root
@pytest.mark.e2e
def test_mergerfs_without_lasting_inodes(tmp_path: Path, mount: Mount, write_config: WriteConfig) -> None:
    branch = tmp_path / "branch"
    branch.mkdir()
    inbox = mount("pool", "-t", "fuse.mergerfs", "-o", "allow_other", str(branch)) / "inbox"
    config = write_config(inbox)
    with Daemon(config) as daemon:
        pictures = [bright(inbox / f"{number}.png") for number in range(3)]
        daemon.wait_judged(3)
        wait_until(lambda: any("use_ino" in trouble for trouble in daemon.status()["troubles"]))
        assert all(path.exists() for path in pictures)
        assert daemon.log.read_text().count("use_ino") == 1
