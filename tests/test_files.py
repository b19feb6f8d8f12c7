"""The file-system primitives, on the real file system."""

import ctypes
import errno
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from imgwatch import files
from imgwatch.files import (
    FolderEntry,
    Identity,
    digest_of,
    opened_file,
    opened_folder,
    read_own,
    rename_exclusive,
    status_of,
)
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.metadata import FileMetadata, apply_metadata, read_metadata


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    with opened_folder(tmp_path) as opened:
        yield opened


def entry_of(folder: int, tmp_path: Path, name: str) -> FolderEntry:
    return FolderEntry(folder, name, tmp_path / name)


@pytest.fixture(params=["renameat2", "link and unlink"])
def renaming(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "renameat2":
        # A C library or file system without the call is not at hand on every machine.
        monkeypatch.setattr(files, "_libc", object)


@pytest.mark.usefixtures("renaming")
def test_rename_moves_and_never_overwrites(folder: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    ino = (tmp_path / "a").stat().st_ino
    rename_exclusive(entry_of(folder, tmp_path, "a"), entry_of(folder, tmp_path, "-b\n"))
    assert (tmp_path / "-b\n").stat().st_ino == ino
    (tmp_path / "c").symlink_to("nowhere")
    for taken in ("-b\n", "c"):
        (tmp_path / "a").write_bytes(b"another")
        with pytest.raises(FileExistsError):
            rename_exclusive(entry_of(folder, tmp_path, "a"), entry_of(folder, tmp_path, taken))
    assert (tmp_path / "-b\n").read_bytes() == b"a"
    assert (tmp_path / "a").read_bytes() == b"another"


@pytest.mark.usefixtures("renaming")
def test_rename_says_what_is_missing(folder: int, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        rename_exclusive(entry_of(folder, tmp_path, "a"), entry_of(folder, tmp_path, "b"))


def test_the_c_library_here_has_the_rename() -> None:
    assert hasattr(ctypes.CDLL(None), "renameat2")


def test_folders_are_opened_without_following_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    with opened_folder(tmp_path, ["a", "b"]) as opened:
        assert os.path.samestat(os.fstat(opened), (tmp_path / "a" / "b").stat())
    for parts in (["link", "b"], ["link"], ["a", ".."], ["a", ""], ["a/b"], ["."]):
        with (
            pytest.raises(OSError, match=r"Not a directory|Too many levels|Invalid"),
            opened_folder(tmp_path, parts),
        ):
            pytest.fail("opened")


def test_no_descriptor_leaks(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "f").touch()
    before = len(os.listdir("/proc/self/fd"))
    with ExitStack() as stack:
        root = stack.enter_context(opened_folder(tmp_path, ["a"]))
        with pytest.raises(FileNotFoundError), opened_folder(tmp_path, ["a", "no", "such"]):
            pass
        with pytest.raises(FileNotFoundError), opened_file(entry_of(root, tmp_path, "f")):
            pass
    with opened_folder(tmp_path) as opened, opened_file(entry_of(opened, tmp_path, "f")):
        pass
    assert len(os.listdir("/proc/self/fd")) == before


def test_only_regular_files_are_opened(folder: int, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "file").write_bytes(b"content")
    for name in ("fifo", "folder", "link"):
        with (
            pytest.raises(OSError, match="not a regular file"),
            opened_file(entry_of(folder, tmp_path, name)),
        ):
            pytest.fail("opened")
    with opened_file(entry_of(folder, tmp_path, "file")) as opened:
        assert os.read(opened, 100) == b"content"


def test_own_files_are_read_to_a_limit_and_only_regular_ones(folder: int, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"/proc/self/fd/{folder}/socket")
        for name in ("fifo", "folder", "link", "socket"):
            with pytest.raises(OSError, match="not a regular file"):
                read_own(name, folder, 100)
    with pytest.raises(FileNotFoundError):
        read_own("gone", folder, 100)
    before = set(os.listdir("/proc/self/fd"))
    assert read_own("file", folder, 100) == b"content"
    assert read_own("file", folder, 3) == b"con"
    assert set(os.listdir("/proc/self/fd")) == before


def test_the_digest_is_that_of_the_whole_file_wherever_it_was_read_to(folder: int, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "big").write_bytes(b"x" * ((1 << 20) + 1))
    with opened_file(entry_of(folder, tmp_path, "empty")) as opened:
        assert digest_of(opened).startswith("e3b0c442")
    with opened_file(entry_of(folder, tmp_path, "big")) as opened:
        os.read(opened, 10)
        assert digest_of(opened) == digest_of(opened)
        assert os.lseek(opened, 0, os.SEEK_CUR) == 10


def test_identity_tells_versions_apart(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")
    first = Identity.of(path.stat())
    assert Identity.of(path.stat()) == first
    path.write_bytes(b"22")
    assert Identity.of(path.stat()) != first


@pytest.mark.parametrize(("inode", "seconds"), [(2**64 - 1, 0), (2**63 + 7, -(2**40)), (5, 2**40)])
def test_what_a_file_system_counts_beyond_64_bits_fits_into_an_identity(
    tmp_path: Path, inode: int, seconds: int
) -> None:
    fields = [0o100644, inode, 1, 1, 0, 0, 10, 0, seconds, 0]
    status = os.stat_result([*fields, *[float(seconds)] * 3, *[seconds * 10**9] * 3])
    identity = Identity.of(status)
    assert identity.ino == inode % 2**63
    assert all(-(2**63) <= number < 2**63 for number in identity)
    assert identity.size == 10


def test_status_follows_no_symlink(folder: int, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    assert status_of(entry_of(folder, tmp_path, "link")) is not None
    assert status_of(entry_of(folder, tmp_path, "nothing")) is None


def test_traits_are_read_put_back_and_compared(folder: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch(0o600)
    with opened_file(entry_of(folder, tmp_path, "file")) as opened:
        now = read_metadata(opened)
        wanted = FileMetadata(now.uid, now.gid, 0o640, 5, 10**18 + 1, {"user.note": b"x"})
        assert apply_metadata(opened, wanted) == []
        assert read_metadata(opened) == wanted


def test_traits_that_cannot_be_set_are_named(folder: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch(0o600)
    with opened_file(entry_of(folder, tmp_path, "file")) as opened:
        now = read_metadata(opened)
        far = FileMetadata(now.uid, now.gid, now.mode, now.atime_ns, now.mtime_ns, {"nonsense.note": b"x"})
        assert apply_metadata(opened, far) == ["attribute nonsense.note"]


def test_a_record_gives_no_rights() -> None:
    forged = FileMetadata(
        0, 0, 0o6755, 0, 0, {"security.capability": b"all", "user.note": b"x", "trusted.x": b""}
    )
    assert forged.harmless() == FileMetadata(0, 0, 0o755, 0, 0, {"user.note": b"x"})


@pytest.mark.root
def test_what_root_creates_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    assert os.geteuid() == 0, "this test needs root"
    os.chown(tmp_path, 1234, 2345)
    with opened_folder(tmp_path) as opened:
        os.close(FileOps().create(opened, "file"))
        FileOps().make_folder(opened, "folder", 0o700)
    for name in ("file", "folder"):
        status = (tmp_path / name).stat()
        assert (status.st_uid, status.st_gid) == (1234, 2345)


def test_a_folder_that_knows_no_fsync_is_no_fault() -> None:
    reading, writing = os.pipe()
    try:
        FileOps().sync(writing)  # fsync of a pipe says EINVAL, as some FUSE file systems do of a folder
    finally:
        os.close(reading)
        os.close(writing)


def test_other_faults_of_fsync_are_told() -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is what is asked for
        FileOps().sync(1 << 20)
    assert caught.value.errno == errno.EBADF
