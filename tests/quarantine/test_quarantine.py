"""The quarantine: what is moved, restored and deleted, and that no picture is ever lost, whatever fails when."""

import errno
import fcntl
import hashlib
import json
import os
import socket
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imgwatch.errors import (
    AlreadyRestored,
    Changed,
    Conflict,
    ImgwatchError,
    MoveFailed,
    MoveRefused,
    OutsideRoots,
    RecordAmbiguous,
    RecordMissing,
    Unavailable,
)
from imgwatch.files import FolderEntry, Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.lifecycle import Event
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.record import Record

KILL = -9
LATE = "subject.aae"  # comes when subject.jpg is in quarantine
SET = ("subject.xmp", "subject.jpg.json", "subject.mov")  # what belongs to subject.jpg
HOW = ("before", "torn", "after")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
Act = Callable[["Scene"], None]


class Killed(BaseException):
    """Stands for kill -9: nothing in the program may catch it."""


class Quick(FileOps):
    """Moves for real, but waits for no disk; with `across`, the folders lie on different file systems."""

    across = False

    def sync(self, descriptor: int) -> None:
        pass

    def rename(self, source: FolderEntry, target: FolderEntry) -> None:
        folders = {source.path.parent, target.path.parent}
        if self.across and len(folders) == 2 and "pictures" in {folder.name for folder in folders}:
            raise OSError(errno.EXDEV, "other file system")
        super().rename(source, target)


class Stumbling(Quick):
    """Fails at its n-th step: before, in the middle or after it, once or from then on, by an errno or KILL."""

    def __init__(
        self, step: int, fault: int = errno.EIO, how: str = "before", *, lasting: bool = False
    ) -> None:
        self.steps_left, self.fault, self.how, self.lasting = step, fault, how, lasting
        self.has_failed = False

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        return self.stumbling(found) if name in vars(FileOps) and callable(found) else found

    def stumbling(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def attempt(*args: Any) -> Any:
            self.steps_left -= 1
            fails = self.steps_left < 0 if self.lasting else self.steps_left == -1
            if not fails:
                return step(*args)
            self.has_failed = True
            if self.how == "after":
                step(*args)
            elif self.how == "torn" and step.__name__ == "write":
                step(args[0], args[1][: len(args[1]) // 2], args[2])
            if self.fault == KILL:
                raise Killed
            raise OSError(self.fault, os.strerror(self.fault))

        return attempt


class Scene:
    """A folder of pictures and a quarantine beside it."""

    def __init__(self, folder: Path, *, across: bool = False) -> None:
        self.inbox, self.path, self.elsewhere = folder / "inbox", folder / "quarantine", folder / "elsewhere"
        self.inbox.mkdir()
        self.across = across
        self.now = NOON
        self.quarantine = self.opened(Quick())
        self.deleted: Counter[str] = Counter()

    def opened(self, file_ops: Quick) -> Quarantine:
        file_ops.across = self.across
        return Quarantine(self.path, [self.inbox], file_ops, lambda: self.now)

    def add(self, name: str = "cat.jpg", content: bytes | None = None) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode("utf-8", "surrogateescape") if content is None else content)
        return path

    def take(self, path: Path, companions: Sequence[str] = ()) -> Record:
        return self.quarantine.quarantine(path, Identity.of(path.stat()), judged(path), companions)

    def everything(self) -> Counter[str]:
        """All digests outside and in the quarantine, and those deleted by the user."""
        folders = (self.inbox, self.elsewhere, self.path / "pictures")
        files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
        return Counter(map(digest, files)) + self.deleted

    def last_events(self) -> dict[str, Event]:
        return {entry.record.id: entry.event for entry in self.quarantine.history()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def judged(path: Path) -> Judgement:
    return Judgement(
        Verdict.QUARANTINE, in_words("strange colours"), "m-1", 4.5, 3.2, digest(path), {"colour": 0.5}
    )


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(params=[False, True], ids=["one file system", "across file systems"])
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Scene:
    return Scene(tmp_path, across=request.param)


def test_a_picture_is_moved_with_its_record_and_comes_back_as_it_was(scene: Scene) -> None:
    path = scene.add("deep/down/cat.jpg")
    path.chmod(0o640)
    os.setxattr(path, "user.note", b"\0\xff")
    os.utime(path, ns=(10**18 + 7, 10**18 + 3))
    before = path.stat()
    record = scene.take(path)
    assert tree(scene.inbox) == {}
    assert (scene.path / "pictures" / "cat.jpg").read_bytes() == b"deep/down/cat.jpg"
    written = json.loads((scene.path / "records" / "cat.jpg.json").read_text())
    assert written == record.to_json()
    assert written["original"] == str(path)
    assert list(scene.quarantine.list()) == [record]
    path.parent.rmdir()
    assert scene.quarantine.restore(record.id) == path
    after = path.stat()
    same = ("st_mode", "st_uid", "st_gid", "st_size", "st_mtime_ns")
    assert [getattr(after, key) for key in same] == [getattr(before, key) for key in same]
    assert os.getxattr(path, "user.note") == b"\0\xff"
    assert list(scene.quarantine.list()) == []
    assert tree(scene.path / "records") == {}
    assert [entry.event for entry in scene.quarantine.history()] == [Event.QUARANTINED, Event.RESTORED]
    assert scene.quarantine.check() == []


def test_everything_in_the_quarantine_is_private(scene: Scene) -> None:
    scene.take(scene.add())
    folders = [scene.path, scene.path / "pictures", scene.path / "records"]
    files = [p for p in scene.path.rglob("*") if p.is_file() and p.parent.name != "pictures"]
    assert {f.stat().st_mode & 0o777 for f in folders} == {0o700}
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}


def test_same_names_do_not_collide(scene: Scene) -> None:
    paths = [scene.add(f"{number}/cat.jpg", str(number).encode()) for number in range(3)]
    before = tree(scene.inbox)
    records = [scene.take(path) for path in paths]
    assert len({record.file for record in records}) == 3
    assert all(record.file.startswith("cat") and record.file.endswith(".jpg") for record in records)
    for record in records:
        scene.quarantine.restore(record)
    assert tree(scene.inbox) == before


@pytest.mark.parametrize(
    "name",
    [
        "new\nline.jpg",
        "\x1b[31mred.png",
        "--force.gif",
        "-",
        " ",
        ".hidden",
        "\u202egnp.exe",
        "\udcff\udcfe.jpg",
        "x" * 251 + ".jpg",
        "\u00e4" * 127,
        ".part",
        ".json",
        "a.json",
    ],
)
def test_any_name_goes_and_comes_back(scene: Scene, name: str) -> None:
    path = scene.add(name)
    other = scene.add("sub/" + name, b"other")
    before = tree(scene.inbox)
    records = [scene.take(path), scene.take(other)]
    assert tree(scene.inbox) == {}
    assert all(len(os.fsencode(record.file)) <= 250 for record in records)
    for record in scene.quarantine.list():
        scene.quarantine.restore(record)
    assert tree(scene.inbox) == before


def test_a_long_name_is_shortened_between_characters_and_keeps_its_extension(scene: Scene) -> None:
    record = scene.take(scene.add("\u00e4" * 125 + ".jpg"))
    assert record.file == "\u00e4" * 123 + ".jpg"


def test_what_is_no_longer_the_judged_file_stays(scene: Scene) -> None:
    path = scene.add()
    identity, judgement = Identity.of(path.stat()), judged(path)
    path.write_bytes(b"another picture")
    with pytest.raises(Changed):
        scene.quarantine.quarantine(path, identity, judgement)
    path.unlink()
    with pytest.raises(Changed):
        scene.quarantine.quarantine(path, identity, judgement)
    path.symlink_to(scene.add("other.jpg"))
    with pytest.raises(Changed):
        scene.quarantine.quarantine(path, identity, judgement)
    assert not list(scene.quarantine.list())


def test_a_file_swapped_in_just_before_the_rename_goes_back(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    path = scene.add()

    class Swapping(Quick):
        def rename(self, source: FolderEntry, target: FolderEntry) -> None:
            if source.path == path:
                path.unlink()
                path.write_bytes(b"swapped in")
            super().rename(source, target)

    with pytest.raises(Changed):
        scene.opened(Swapping()).quarantine(path, Identity.of(path.stat()), judged(path))
    assert tree(scene.inbox) == {"cat.jpg": b"swapped in"}
    assert scene.quarantine.check() == []


def test_a_file_swapped_in_goes_back_also_if_the_mover_was_killed_then(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    path = scene.add()

    class SwappingAndKilled(Quick):
        def rename(self, source: FolderEntry, target: FolderEntry) -> None:
            if source.path == path:
                scene.add("other", b"swapped in").replace(path)
            super().rename(source, target)
            if source.path == path:
                raise Killed

    with pytest.raises(Killed):
        scene.opened(SwappingAndKilled()).quarantine(path, Identity.of(path.stat()), judged(path))
    assert scene.quarantine.recover()
    assert tree(scene.inbox) == {"cat.jpg": b"swapped in"}
    assert scene.quarantine.check() == []
    assert list(scene.quarantine.history()) == []


def test_a_picture_changed_in_place_after_it_was_copied_stays_alone(tmp_path: Path) -> None:
    scene = Scene(tmp_path, across=True)
    path = scene.add()

    class Rewriting(Quick):
        def rename(self, source: FolderEntry, target: FolderEntry) -> None:
            super().rename(source, target)
            if source.name.endswith(".part"):
                path.write_bytes(b"a newer version")

    file_ops = Rewriting()
    with pytest.raises(Changed):
        scene.opened(file_ops).quarantine(path, Identity.of(path.stat()), judged(path))
    assert tree(scene.inbox) == {"cat.jpg": b"a newer version"}
    assert tree(scene.path / "pictures") == {}
    assert scene.quarantine.check() == []


@pytest.mark.e2e
def test_a_lock_kept_by_a_stopped_process_stops_nobody_for_ever(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    record = scene.take(scene.add())
    impatient = Quarantine(scene.path, [scene.inbox], lock_seconds=0)
    with (scene.path / ".lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="another process"):
            impatient.restore(record)
        assert not impatient.was_restored(record.sha256)
        assert list(impatient.list()) == [record]
    impatient.restore(record)


def test_a_symlink_below_the_root_is_not_followed(scene: Scene) -> None:
    scene.elsewhere.mkdir()
    outside = scene.elsewhere / "cat.jpg"
    outside.write_bytes(b"not yours")
    (scene.inbox / "link").symlink_to(scene.elsewhere)
    path = scene.inbox / "link" / "cat.jpg"
    with pytest.raises(OutsideRoots):
        scene.take(path)
    with pytest.raises(OutsideRoots):
        scene.take(outside)
    with pytest.raises(OutsideRoots):
        scene.quarantine.quarantine(
            (scene.inbox, Path("../elsewhere/cat.jpg")), Identity.of(path.stat()), judged(path)
        )
    assert outside.exists()


def test_restore_does_not_follow_a_symlink_put_in_the_way(scene: Scene) -> None:
    record = scene.take(scene.add("sub/cat.jpg"))
    (scene.inbox / "sub").rmdir()
    scene.elsewhere.mkdir()
    (scene.inbox / "sub").symlink_to(scene.elsewhere)
    with pytest.raises(OutsideRoots):
        scene.quarantine.restore(record.id)
    assert tree(scene.elsewhere) == {}
    assert list(scene.quarantine.list()) == [record]


def test_a_root_that_is_itself_a_symlink_is_resolved_once(scene: Scene) -> None:
    path = scene.add()
    (scene.inbox.parent / "link").symlink_to(scene.inbox)
    quarantine = Quarantine(scene.path, [scene.inbox.parent / "link"])
    record = quarantine.quarantine(
        scene.inbox.parent / "link" / "cat.jpg", Identity.of(path.stat()), judged(path)
    )
    assert record.original == str(path)
    assert quarantine.restore(record.id) == path


def test_only_regular_files_are_taken(scene: Scene) -> None:
    fifo, folder, sock = (scene.inbox / name for name in ("fifo.jpg", "folder.jpg", "socket.jpg"))
    os.mkfifo(fifo)
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(sock))
        for path in (fifo, folder, sock):
            with pytest.raises(Changed):
                scene.quarantine.quarantine(
                    path,
                    Identity.of(path.stat()),
                    Judgement(Verdict.QUARANTINE, in_words(""), "", 1, 0, "0" * 64),
                )


def test_the_quarantine_takes_nothing_from_itself(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.path = scene.inbox / "quarantine"
    scene.quarantine = scene.opened(Quick())
    record = scene.take(scene.add())
    with pytest.raises(OutsideRoots):
        scene.take(scene.quarantine.picture(record))


def test_restore_never_overwrites(scene: Scene) -> None:
    record = scene.take(scene.add())
    scene.add("cat.jpg", b"newer")
    with pytest.raises(Conflict, match=r"inbox/cat\.jpg"):
        scene.quarantine.restore(record.id)
    (scene.inbox / "cat.jpg").unlink()
    (scene.inbox / "cat.jpg").symlink_to("nowhere")
    with pytest.raises(Conflict):
        scene.quarantine.restore(record.id)
    assert scene.quarantine.restore(record.id, to=scene.elsewhere) == scene.elsewhere / "cat.jpg"
    assert tree(scene.elsewhere) == {"cat.jpg": b"cat.jpg"}


def test_a_restored_picture_is_not_taken_again_by_any_process(scene: Scene) -> None:
    other_process = scene.opened(Quick())
    path = scene.quarantine.restore(scene.take(scene.add()))
    for quarantine in (scene.quarantine, other_process, scene.opened(Quick())):
        with pytest.raises(AlreadyRestored):
            quarantine.quarantine(path, Identity.of(path.stat()), judged(path))
        assert quarantine.was_restored(digest(path))
    assert path.exists()


def test_a_hard_link_elsewhere_survives_a_rename_and_refuses_a_copy(scene: Scene) -> None:
    path = scene.add()
    scene.elsewhere.mkdir()
    (scene.elsewhere / "link.jpg").hardlink_to(path)
    if scene.across:
        with pytest.raises(MoveRefused, match="hard links"):
            scene.take(path)
        assert path.exists()
        assert scene.quarantine.check() == []
    else:
        scene.quarantine.restore(scene.take(path))
    assert (scene.elsewhere / "link.jpg").samefile(path)


def test_a_copy_that_cannot_keep_owner_or_attributes_is_refused(tmp_path: Path) -> None:
    class Poor(Quick):
        def apply_metadata(self, descriptor: int, wanted: object) -> list[str]:
            return ["owner 7:7"]

    scene = Scene(tmp_path, across=True)
    path = scene.add()
    with pytest.raises(MoveRefused, match="owner 7:7"):
        scene.opened(Poor()).quarantine(path, Identity.of(path.stat()), judged(path))
    assert path.exists()
    assert scene.quarantine.check() == []
    record = scene.take(path)
    assert scene.opened(Poor()).restore(record.id) == path


def test_a_picture_that_somebody_still_writes_is_not_copied_away(tmp_path: Path) -> None:
    scene = Scene(tmp_path, across=True)
    path = scene.add()
    with path.open("ab"), pytest.raises(Changed, match="being changed"):
        scene.take(path)
    assert path.exists()
    assert scene.quarantine.check() == []
    scene.take(path)


def test_a_copy_that_is_not_the_judged_picture_is_given_up(tmp_path: Path) -> None:
    scene = Scene(tmp_path, across=True)
    path = scene.add()
    wrong = Judgement(Verdict.QUARANTINE, in_words(""), "", 1, 0, "0" * 64)
    with pytest.raises(Changed):
        scene.quarantine.quarantine(path, Identity.of(path.stat()), wrong)
    assert path.exists()
    assert scene.quarantine.check() == []


def test_delete_and_purge_are_final_and_stay_in_the_log(scene: Scene) -> None:
    first, second = scene.take(scene.add("a.jpg")), scene.take(scene.add("b.jpg"))
    scene.quarantine.delete(first.id[:6])
    assert [record.id for record in scene.quarantine.list()] == [second.id]
    with pytest.raises(RecordMissing):
        scene.quarantine.restore(first)
    assert scene.quarantine.purge(max_bytes=0) == [second]
    assert tree(scene.path / "pictures") == {}
    assert scene.last_events() == {first.id: Event.DELETED, second.id: Event.PURGED}


def test_purge_takes_the_oldest_first_and_only_what_exceeds_the_limits(scene: Scene) -> None:
    records = []
    for day in range(4):
        scene.now = NOON + timedelta(days=day)
        records.append(scene.take(scene.add(f"{day}.jpg", b"x" * 100 + bytes([day]))))
    assert scene.quarantine.purge(keep_days=30, max_bytes=10_000, now=scene.now) == []
    assert scene.quarantine.purge(keep_days=2.5, now=scene.now) == records[:1]
    assert scene.quarantine.purge(max_bytes=250, now=scene.now) == records[1:2]
    assert list(scene.quarantine.list()) == records[2:]


def test_a_wrong_clock_purges_nothing_by_age(scene: Scene) -> None:
    old = scene.take(scene.add("old.jpg"))
    scene.now = NOON + timedelta(days=1000)
    scene.take(scene.add("future.jpg"))
    assert scene.quarantine.purge(keep_days=5, now=NOON + timedelta(days=999)) == []
    assert scene.quarantine.purge(keep_days=5, now=NOON + timedelta(days=1001)) == [old]


def test_ids_are_found_by_what_they_begin_with(scene: Scene) -> None:
    record, _ = scene.take(scene.add("a.jpg")), scene.take(scene.add("b.jpg"))
    assert scene.quarantine.find(record.id) == record
    with pytest.raises(RecordMissing):
        scene.quarantine.find("zz")
    with pytest.raises(RecordMissing):
        scene.quarantine.find("")
    for number in range(20):
        scene.take(scene.add(f"{number}.png"))
    firsts = Counter(record.id[0] for record in scene.quarantine.list())
    with pytest.raises(RecordAmbiguous):
        scene.quarantine.find(firsts.most_common(1)[0][0])


def test_a_missing_quarantine_is_empty_and_looking_does_not_make_it(scene: Scene) -> None:
    assert list(scene.quarantine.list()) == []
    assert list(scene.quarantine.history()) == []
    assert scene.quarantine.check() == []
    assert scene.quarantine.purge(keep_days=1) == []
    assert scene.quarantine.events_since(0) == ([], 0)
    assert not scene.quarantine.recover()
    assert not scene.path.exists()


def test_crafted_records_are_reported_never_followed_and_end_nothing(scene: Scene) -> None:
    good = scene.take(scene.add("good.jpg"))
    records = scene.path / "records"
    crafted = {
        "a.json": b"{",
        "b.json": b"[" * 100_000,
        "c.json": json.dumps({**good.to_json(), "file": "../../inbox/x"}).encode(),
        "d.json": json.dumps({**good.to_json(), "file": "d", "original": "/tmp/../etc/x"}).encode(),
        "e.json": json.dumps({**good.to_json(), "file": "good.jpg"}).encode(),
        "f.json": b" " * (1 << 21),
        "\udcff": b"null",
    }
    for name, content in crafted.items():
        (records / name).write_bytes(content)
    (records / "link.json").symlink_to("/etc/passwd")
    os.mkfifo(records / "fifo.json")
    assert list(scene.quarantine.list()) == [good]
    named = {problem.path.name for problem in scene.quarantine.check()}
    assert named == {*crafted, "link.json", "fifo.json"}


def test_a_record_that_leads_out_of_the_roots_restores_nothing(scene: Scene) -> None:
    record = scene.take(scene.add())
    place = scene.path / "records" / "cat.jpg.json"
    for original in ("/etc/cat.jpg", str(scene.path / "pictures" / "x.jpg"), str(scene.inbox)):
        place.write_text(json.dumps({**record.to_json(), "original": original}))
        with pytest.raises(OutsideRoots):
            scene.quarantine.restore(record.id)
    place.write_text(json.dumps({**record.to_json(), "original": "/etc/cat.jpg", "mode": 0o4777}))
    back = scene.quarantine.restore(record.id, to=scene.elsewhere)
    assert back == scene.elsewhere / "cat.jpg"
    assert back.stat().st_mode & 0o7000 == 0


def test_check_names_what_lies_alone(scene: Scene) -> None:
    scene.take(scene.add("gone.jpg"))
    (scene.path / "pictures" / "gone.jpg").unlink()
    (scene.path / "pictures" / "stray.jpg").write_bytes(b"")
    assert {problem.path.name for problem in scene.quarantine.check()} == {"gone.jpg.json", "stray.jpg"}
    with pytest.raises(RecordMissing):
        scene.quarantine.restore(scene.quarantine.find(next(iter(scene.last_events()))))


def test_a_torn_log_line_is_passed_over_and_kept_apart(scene: Scene) -> None:
    scene.take(scene.add("a.jpg"))
    with (scene.path / "log.jsonl").open("ab") as log:
        log.write(b'{"event": "resto')
    record = scene.take(scene.add("b.jpg"))
    scene.quarantine.restore(record)
    assert [entry.event for entry in scene.quarantine.history()] == [
        Event.QUARANTINED,
        Event.QUARANTINED,
        Event.RESTORED,
    ]
    entries, offset = scene.quarantine.events_since(0)
    assert len(entries) == 3
    assert scene.quarantine.events_since(offset) == ([], offset)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO])
def test_what_the_disk_refuses_is_a_typed_error_that_says_what_to_do(scene: Scene, number: int) -> None:
    scene.take(scene.add("first.jpg"))
    path = scene.add()
    before = scene.everything()
    with pytest.raises(MoveFailed) as caught:
        scene.opened(Stumbling(2, number, lasting=True)).quarantine(
            path, Identity.of(path.stat()), judged(path)
        )
    assert caught.value.errno == number
    assert "; " in str(caught.value)
    assert path.exists()
    assert scene.everything() == before


def do_quarantine(scene: Scene) -> None:
    path = scene.inbox / "subject.jpg"
    scene.take(path, [name for name in SET if (scene.inbox / name).exists()])


def do_restore(scene: Scene) -> None:
    scene.quarantine.restore(subject(scene))


def do_restore_to(scene: Scene) -> None:
    scene.quarantine.restore(subject(scene), to=scene.elsewhere)


def do_delete(scene: Scene) -> None:
    scene.quarantine.delete(subject(scene))


def do_purge(scene: Scene) -> None:
    scene.quarantine.purge(keep_days=1, now=scene.now + timedelta(days=3))


def do_join(scene: Scene) -> None:
    scene.quarantine.join(subject(scene), scene.inbox / LATE)


def do_recover(scene: Scene) -> None:
    scene.quarantine.recover()


def subject(scene: Scene) -> Record:
    return next(record for record in scene.quarantine.list() if "subject" in record.file)


ACTS: list[Act] = [do_quarantine, do_restore, do_restore_to, do_delete, do_purge, do_join]


def set_up(folder: Path, act: Act, *, across: bool, companions: Sequence[str] = ()) -> Scene:
    """A scene in which the act can be done: an old picture stays, the subject is moved, restored or deleted."""
    scene = Scene(folder, across=across)
    scene.now = NOON + timedelta(days=30)
    scene.add("kept.jpg")
    scene.take(scene.add("bystander.jpg"))
    scene.now = NOON
    path = scene.add("subject.jpg", b"subject" * 1000)
    for name in companions:
        scene.add(name, name.encode() * 300)
    if act is not do_quarantine:
        scene.take(path, companions)
    if act is do_join:
        scene.add(LATE)
    scene.now = NOON + timedelta(days=30)
    return scene


def attempt(scene: Scene, act: Act, file_ops: Quick) -> None:
    honest, scene.quarantine = scene.quarantine, scene.opened(file_ops)
    try:
        act(scene)
    except (ImgwatchError, Killed):
        pass
    finally:
        scene.quarantine = honest


def assert_counted(scene: Scene, before: Counter[str]) -> None:
    """Nothing lost, nothing twice."""
    gone = [e.record for e in scene.quarantine.history() if e.event in (Event.DELETED, Event.PURGED)]
    scene.deleted = Counter(sha256 for record in gone for sha256 in record.digests.values())
    assert scene.everything() == before
    subject = {"subject.jpg", *SET}
    folders = (scene.inbox, scene.elsewhere, scene.path / "pictures")
    there = [subject & {path.name for path in folder.rglob("*")} for folder in folders]
    assert sum(map(bool, there)) <= 1, "the picture and its companions are in one place"


def assert_whole(scene: Scene, before: Counter[str]) -> None:
    """Records and pictures one to one as well, and the log says what is."""
    assert_counted(scene, before)
    assert scene.quarantine.check() == []
    here = {record.id for record in scene.quarantine.list()}
    said = {
        ident for ident, event in scene.last_events().items() if event in (Event.QUARANTINED, Event.JOINED)
    }
    assert here == said
    said_so = [(entry.record.id, entry.event) for entry in scene.quarantine.history()]
    assert len(said_so) == len(set(said_so))
    assert not list(scene.inbox.rglob(".imgwatch*"))
    assert not list(scene.elsewhere.rglob(".imgwatch*"))


def faults() -> Iterator[tuple[int, str, bool]]:
    for how in HOW:
        yield KILL, how, False
        yield errno.EIO, how, False
        yield errno.EIO, how, True
    yield errno.ENOSPC, "before", True


@pytest.mark.parametrize("across", [False, True], ids=["one file system", "across"])
@pytest.mark.parametrize("companions", [(), SET], ids=["alone", "set"])
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("fault", list(faults()), ids=str)
def test_whatever_step_fails_the_picture_is_whole_in_one_place(
    tmp_path: Path, act: Act, across: bool, companions: Sequence[str], fault: tuple[int, str, bool]
) -> None:
    for step in range(200):
        folder = tmp_path / str(step)
        folder.mkdir()
        scene = set_up(folder, act, across=across, companions=companions)
        before = scene.everything()
        number, how, lasting = fault
        file_ops = Stumbling(step, number, how, lasting=lasting)
        attempt(scene, act, file_ops)
        if number != KILL and not lasting:
            assert_counted(scene, before)  # whole before the next start as well
        scene.quarantine.recover()
        assert_whole(scene, before)
        if not file_ops.has_failed:
            assert step > 5
            return
    pytest.fail("the operation never came to its end")


@pytest.mark.parametrize("across", [False, True], ids=["one file system", "across"])
@pytest.mark.parametrize("companions", [(), SET[:2]], ids=["alone", "set"])
@pytest.mark.parametrize("act", ACTS)
def test_recovery_itself_may_be_killed_at_any_step(
    tmp_path: Path, act: Act, across: bool, companions: Sequence[str]
) -> None:
    step, again = 0, 0
    for number in range(2000):
        folder = tmp_path / str(number)
        folder.mkdir()
        scene = set_up(folder, act, across=across, companions=companions)
        before = scene.everything()
        first, second = Stumbling(step, KILL), Stumbling(again, KILL, "torn")
        attempt(scene, act, first)
        attempt(scene, do_recover, second)
        scene.quarantine.recover()
        assert_whole(scene, before)
        if not first.has_failed:
            return
        step, again = (step, again + 1) if second.has_failed else (step + 1, 0)
    pytest.fail("the operation never came to its end")


class LinkUnlink(Stumbling):
    """A file system without a rename that cannot overwrite: link, then unlink, and a kill in between."""

    def rename(self, source: FolderEntry, target: FolderEntry) -> None:
        self.link(source, target)
        self.unlink(source)

    def link(self, source: FolderEntry, target: FolderEntry) -> None:
        os.link(
            source.name,
            target.name,
            src_dir_fd=source.folder,
            dst_dir_fd=target.folder,
            follow_symlinks=False,
        )


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("fault", [KILL, errno.EIO])
@pytest.mark.parametrize("companions", [(), SET], ids=["alone", "set"])
def test_a_rename_made_of_link_and_unlink_may_break_in_the_middle(
    tmp_path: Path, act: Act, fault: int, companions: Sequence[str]
) -> None:
    for step in range(200):
        folder = tmp_path / str(step)
        folder.mkdir()
        scene = set_up(folder, act, across=False, companions=companions)
        before = scene.everything()
        file_ops = LinkUnlink(step, fault)
        attempt(scene, act, file_ops)
        scene.quarantine.recover()
        assert_whole(scene, before)
        if not file_ops.has_failed:
            return
    pytest.fail("the operation never came to its end")


OPERATIONS = ("quarantine", "restore", "restore_to", "delete", "purge")
STUMBLES = st.one_of(
    st.none(),
    st.builds(
        Stumbling,
        st.integers(0, 40),
        st.sampled_from([KILL, errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS]),
        st.sampled_from(HOW),
        lasting=st.booleans(),
    ),
)


def do_one(scene: Scene, operation: str, number: int) -> None:
    outside = sorted(path for path in scene.inbox.iterdir() if path.is_file())
    inside = list(scene.quarantine.list())
    if operation == "quarantine" and outside:
        path = outside[number % len(outside)]
        scene.take(path, [p.name for p in outside if p.stem == path.stem and p != path])
    elif operation == "purge":
        scene.quarantine.purge(max_bytes=20 * number)
    elif inside and operation != "quarantine":
        record = inside[number % len(inside)]
        if operation == "delete":
            scene.quarantine.delete(record)
        else:
            scene.quarantine.restore(record, to=scene.elsewhere if operation == "restore_to" else None)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    across=st.booleans(),
    steps=st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 9), STUMBLES), max_size=12),
)
def test_no_sequence_of_operations_and_faults_loses_a_picture(
    across: bool, steps: list[tuple[str, int, Stumbling | None]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder), across=across)
        for name in ("a.jpg", "b.jpg", "b.mov", "b.xmp", "c\n.png", "c\n.aae", "\udcff.gif", "a.JPG"):
            scene.add(name, name.encode("utf-8", "surrogateescape") * 3)
        before = scene.everything()
        for operation, number, stumbling in steps:
            attempt(scene, lambda scene, o=operation, n=number: do_one(scene, o, n), stumbling or Quick())  # type: ignore[misc]
        scene.quarantine.recover()
        assert_whole(scene, before)
