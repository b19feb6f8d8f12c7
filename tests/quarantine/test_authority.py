"""Whoever writes beside the quarantine gains nothing: by no journal, folder, symlink, or file put in between."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import bright
from imgwatch.errors import ImgwatchError, OutsideRoots
from imgwatch.files import FolderEntry, Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.lifecycle import Event
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.journal import Journal, Operation
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.signing_key import NAME, SigningKey
from imgwatch.scan import identity_of
from imgwatch.trusted_root import TrustedRoot

JUNK = Judgement(Verdict.QUARANTINE, in_words("bright"), "m", 0.9, 0.5)


class Scene:
    """A watched folder with its quarantine, and a folder of somebody else's."""

    def __init__(self, folder: Path) -> None:
        self.inbox, self.private = folder / "inbox", folder / "private"
        self.inbox.mkdir(), self.private.mkdir()
        self.key = SigningKey(folder / "state" / NAME)
        self.quarantine = self.opened()

    def opened(self, file_ops: FileOps | None = None) -> Quarantine:
        folder = self.inbox.parent
        return Quarantine(folder / "quarantine", [self.inbox], file_ops, key=self.key)

    def take(self, path: Path, quarantine: Quarantine | None = None) -> Record:
        identity = identity_of(bright(path) if not path.exists() else path)
        assert identity is not None
        return (quarantine or self.quarantine).quarantine(path, identity, JUNK)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def write_journal(quarantine: Quarantine, operation: Operation, key: bytes | None) -> None:
    root = os.open(quarantine.path, os.O_RDONLY)
    descriptor = os.open("under_way", os.O_RDWR, dir_fd=root)
    try:
        Journal(descriptor, FileOps(), FolderEntry(root, "under_way", quarantine.path), key).write(operation)
    finally:
        os.close(descriptor), os.close(root)


@pytest.mark.parametrize("forged_key", [None, b"another key" * 3])
def test_a_journal_that_this_imgwatch_did_not_sign_moves_nothing_outside(
    scene: Scene, forged_key: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    record = scene.take(scene.inbox / "a.png")
    letter = scene.private / "letter.txt"
    letter.write_text("dear")
    lying = Identity.of(letter.stat())
    for event, file in ((Event.QUARANTINED, "letter.txt"), (Event.RESTORED, record.file)):
        forged = Operation(event, record.id, file, lying, 0, str(scene.private), letter.name)
        write_journal(scene.quarantine, forged, forged_key)
        scene.opened().recover()
        assert letter.read_text() == "dear"
        assert os.listdir(scene.private) == ["letter.txt"]
        assert scene.quarantine.picture(record).exists()
    assert "was not written by this imgwatch" in caplog.text


def test_the_key_is_its_owners_alone_and_lasts(scene: Scene) -> None:
    scene.take(scene.inbox / "a.png")
    path = scene.inbox.parent / "state" / NAME
    assert path.stat().st_mode & 0o777 == 0o600
    key = scene.key.load()
    assert key is not None
    path.chmod(0o644)
    assert SigningKey(path).load() == key
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(key[:5])
    assert SigningKey(path).load() is None, "torn: as if there were none"


def test_a_quarantine_that_others_may_look_into_is_narrowed(scene: Scene) -> None:
    record = scene.take(scene.inbox / "a.png")
    scene.quarantine.path.chmod(0o777)
    scene.quarantine.restore(record)
    assert scene.quarantine.path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_holds_other_things_is_not_taken_for_a_quarantine(scene: Scene) -> None:
    (scene.inbox.parent / "quarantine").mkdir(mode=0o755)
    (scene.inbox.parent / "quarantine" / "diary.txt").write_text("mine")
    with pytest.raises(ImgwatchError, match="name a folder of its own"):
        scene.take(scene.inbox / "a.png")
    assert (scene.inbox.parent / "quarantine").stat().st_mode & 0o777 == 0o755
    assert (scene.inbox / "a.png").exists()


@pytest.mark.root
def test_a_quarantine_of_another_user_is_refused_with_a_way_out(scene: Scene) -> None:
    record = scene.take(scene.inbox / "a.png")
    scene.inbox.parent.chmod(0o777)
    os.chown(scene.quarantine.path, 2001, 2001)
    with pytest.raises(ImgwatchError, match="belongs to user 2001"):
        scene.quarantine.restore(record)
    assert not (scene.inbox / "a.png").exists()


def test_a_watched_folder_that_became_a_symlink_is_not_followed(scene: Scene) -> None:
    bright(scene.private / "v.png")
    identity = identity_of(scene.private / "v.png")
    assert identity is not None
    scene.inbox.rmdir()
    scene.inbox.symlink_to(scene.private)
    with pytest.raises(OutsideRoots, match="has become a symlink"):
        scene.quarantine.quarantine(scene.inbox / "v.png", identity, JUNK)
    assert (scene.private / "v.png").exists()


def test_a_symlink_of_the_users_own_may_lead_elsewhere_later(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir(), (tmp_path / "two").mkdir()
    link = tmp_path / "link"
    link.symlink_to("one")
    root = TrustedRoot(link)
    assert root.resolve() == tmp_path / "one"
    link.unlink()
    link.symlink_to("two")
    assert root.resolve() == tmp_path / "two"


class Swapping(FileOps):
    """Puts another file in the picture's place just before it is renamed."""

    def __init__(self, stranger: Path) -> None:
        self._stranger = stranger

    def rename(self, source: FolderEntry, target: FolderEntry) -> None:
        if source.name == "a.png" and self._stranger.exists():
            self._stranger.rename(source.path)
        super().rename(source, target)


def test_what_slipped_in_before_the_move_goes_back_as_it_was(scene: Scene) -> None:
    secret = scene.private / "secret"
    secret.write_text("root's")
    secret.chmod(0o600)
    stranger = scene.private / "link"
    os.link(secret, stranger)
    with pytest.raises(ImgwatchError):
        scene.take(scene.inbox / "a.png", scene.opened(Swapping(stranger)))
    assert (scene.inbox / "a.png").read_text() == "root's"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert list(scene.quarantine.list()) == []
    assert scene.quarantine.check() == []


def test_owner_and_mode_of_a_file_with_another_name_elsewhere_stay(scene: Scene) -> None:
    record = scene.take(scene.inbox / "a.png")
    picture = scene.quarantine.picture(record)
    picture.chmod(0o600)
    os.link(picture, scene.private / "elsewhere")
    scene.quarantine.restore(record)
    assert (scene.private / "elsewhere").stat().st_mode & 0o777 == 0o600
