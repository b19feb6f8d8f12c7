"""Disks that are full, read-only or bind mounts, for real: the picture stays and the message says why."""

import errno
import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imgwatch.errors import ImgwatchError, MoveFailed, MoveRefused
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.record import Record

pytestmark = [pytest.mark.faults, pytest.mark.root]
Mount = Callable[..., Path]


def run(*command: str | Path) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Yield a function that mounts a file system and returns where."""
    assert os.geteuid() == 0, "these tests mount file systems: run them as root"
    mounted: list[Path] = []

    def mounting(*options: str | Path) -> Path:
        mount_point = tmp_path / f"mount{len(mounted)}"
        mount_point.mkdir()
        run("mount", *options, mount_point)
        mounted.append(mount_point)
        return mount_point

    yield mounting
    for mount_point in reversed(mounted):
        run("umount", mount_point)


def add(folder: Path, name: str = "cat.jpg", size: int = 1000) -> Path:
    path = folder / name
    path.write_bytes(os.urandom(size))
    return path


def take(quarantine: Quarantine, path: Path) -> Record:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return quarantine.quarantine(
        path, Identity.of(path.stat()), Judgement(Verdict.QUARANTINE, in_words(""), "", 4.5, 3.2, sha256)
    )


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as opened, pytest.raises(OSError, match="No space"):
        write_for_ever(opened.fileno())
    return ballast


def write_for_ever(descriptor: int) -> None:
    while True:
        os.write(descriptor, bytes(4096))


def take_all(quarantine: Quarantine, paths: list[Path]) -> None:
    for path in paths:
        take(quarantine, path)


@pytest.mark.parametrize("first", [True, False], ids=["new quarantine", "used quarantine"])
def test_a_full_disk_leaves_the_picture_and_moving_goes_on_once_there_is_room(
    tmp_path: Path, mount: Mount, first: bool
) -> None:
    disk = mount("-t", "tmpfs", "-o", "size=1m", "none")
    quarantine = Quarantine(disk / "quarantine")
    if not first:
        take(quarantine, add(tmp_path, "before.jpg"))
    path = add(tmp_path, size=50_000)
    ballast = fill(disk)
    for _ in range(3):
        with pytest.raises(MoveFailed, match="make room") as caught:
            take(quarantine, path)
        assert caught.value.errno == errno.ENOSPC
        assert path.stat().st_size == 50_000
    ballast.unlink()
    take(quarantine, path)
    assert quarantine.check() == []
    assert len(list(quarantine.list())) == (1 if first else 2)


def test_no_inodes_left_leaves_the_picture(tmp_path: Path, mount: Mount) -> None:
    disk = mount("-t", "tmpfs", "-o", "size=1m,nr_inodes=20", "none")
    quarantine = Quarantine(disk / "quarantine")
    paths = [add(tmp_path, f"{number}.jpg") for number in range(20)]
    with pytest.raises(MoveFailed) as caught:
        take_all(quarantine, paths)
    assert caught.value.errno == errno.ENOSPC
    assert quarantine.check() == []
    assert len(list(quarantine.list())) + len(list(tmp_path.glob("*.jpg"))) == 20


def test_restoring_to_a_full_disk_keeps_the_picture_in_quarantine(tmp_path: Path, mount: Mount) -> None:
    disk = mount("-t", "tmpfs", "-o", "size=1m", "none")
    quarantine = Quarantine(tmp_path / "quarantine")
    record = take(quarantine, add(disk, size=50_000))
    ballast = fill(disk)
    with pytest.raises(MoveFailed):
        quarantine.restore(record)
    assert list(quarantine.list()) == [record]
    assert [path.name for path in disk.iterdir()] == ["ballast"]
    assert not quarantine.was_restored(record.sha256)
    ballast.unlink()
    assert quarantine.restore(record) == disk / "cat.jpg"


def test_a_read_only_quarantine_is_named_read_and_moves_nothing(tmp_path: Path, mount: Mount) -> None:
    disk = mount("-t", "tmpfs", "none")
    quarantine = Quarantine(disk / "quarantine")
    record = take(quarantine, add(tmp_path, "first.jpg"))
    path = add(tmp_path)
    run("mount", "-o", "remount,ro", disk)
    with pytest.raises(ImgwatchError, match="read-only") as caught:
        take(quarantine, path)
    assert str(disk) in str(caught.value)
    assert path.exists()
    assert list(quarantine.list()) == [record]
    assert len(list(quarantine.history())) == 1
    assert quarantine.check() == []
    run("mount", "-o", "remount,rw", disk)
    take(quarantine, path)


def test_a_watched_folder_that_is_read_only_keeps_its_picture(tmp_path: Path, mount: Mount) -> None:
    inbox = mount("-t", "tmpfs", "none")
    path = add(inbox)
    quarantine = Quarantine(tmp_path / "quarantine")
    run("mount", "-o", "remount,ro", inbox)
    with pytest.raises(MoveFailed):
        take(quarantine, path)
    assert path.exists()
    assert quarantine.check() == []
    assert list(quarantine.list()) == []


def test_two_bind_mounts_of_one_file_system_are_crossed_by_a_copy(tmp_path: Path, mount: Mount) -> None:
    for name in ("inbox", "hoard"):
        (tmp_path / name).mkdir()
    inbox, hoard = mount("--bind", tmp_path / "inbox"), mount("--bind", tmp_path / "hoard")
    quarantine = Quarantine(hoard / "quarantine", [inbox])
    path = add(inbox)
    os.chown(path, 1234, 2345)
    content = path.read_bytes()
    record = take(quarantine, path)
    assert not path.exists()
    assert quarantine.restore(record) == path
    assert path.read_bytes() == content
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_a_file_system_that_knows_no_attributes_refuses_what_would_be_lost(
    tmp_path: Path, mount: Mount
) -> None:
    disk = mount("-t", "ramfs", "none")
    quarantine = Quarantine(disk / "quarantine")
    path = add(tmp_path)
    os.setxattr(path, "user.note", b"mine")
    with pytest.raises(MoveRefused, match=r"attribute user\.note"):
        take(quarantine, path)
    assert os.getxattr(path, "user.note") == b"mine"
    assert quarantine.check() == []
    os.removexattr(path, "user.note")
    take(quarantine, path)


def test_an_immutable_picture_stays(tmp_path: Path, mount: Mount) -> None:
    image = tmp_path / "image"
    image.touch()
    os.truncate(image, 8 << 20)
    run("mkfs.ext4", "-q", image)
    inbox = mount("-o", "loop", image)
    path = add(inbox)
    run("chattr", "+i", path)
    for quarantine in (Quarantine(inbox / "quarantine"), Quarantine(tmp_path / "quarantine")):
        with pytest.raises(MoveFailed, match="right"):
            take(quarantine, path)
        assert path.exists()
        assert quarantine.check() == []
        assert list(quarantine.list()) == []
    run("chattr", "-i", path)
    take(Quarantine(inbox / "quarantine"), path)
