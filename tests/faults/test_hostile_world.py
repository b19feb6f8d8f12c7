"""Whatever lies in the folders or is written into the daemon's files: nothing but a stop ends it, nothing is lost.

`IMGWATCH_HOSTILE_WORLDS=200 pytest tests/faults/test_hostile_world.py` tries so many worlds, other ones each time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import binary, booleans, integers, sampled_from

from conftest import bright, note_as_tried, picture_bytes, write_brightness_model
from daemon import wait_until
from running_service import Running

WORLDS = int(os.environ.get("IMGWATCH_HOSTILE_WORLDS", "0"))

pytestmark = [pytest.mark.faults, pytest.mark.timeout(0 if WORLDS else 300)]

STEMS = (
    b"plain", b"new\nline", b"\x1b[31mred", b"invalid \xff\xfe utf", b"-rf", b"--help", b" ", b".hidden", b"..dots",
    b"right\xe2\x80\xaeto left", b"'quote\"", b"%s%n{}", b"back\\slash", b"x" * 240, b"\x01\x02",
)  # fmt: skip
SECONDS = (
    -11_644_473_600, -(2**31) - 1, -1, 0, 2**31, 2**32, 9_214_646_400, 10_000_000_000, 253_402_300_800, 2**62,
)  # fmt: skip
MODES = (0, 0o200, 0o400, 0o777, 0o4755)
OWN_FILES = ("state/ledger.sqlite", "state/status.json", "quarantine/log.jsonl", "quarantine/under_way")
LINES = {
    "empty": b"\n",
    "no keys": b"{}\n",
    "null": b"null\n",
    "last day": b'{"at": "9999-12-31T23:59:59Z", "event": "restored"}\n',
    "nested": b"[" * 5000 + b"\n",
    "no UTF-8": b'{"event": "\xff"}\n',
    "long": b"x" * 100_000,
    "zeros": b"\x00" * 4096,
}
DEPTH = 1000


def files_below(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield all regular files, however deep they lie."""
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield entry


class HostileWorld(RuleBasedStateMachine):
    """A watched folder, and somebody who does what he likes in it and to the files of the daemon."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="imgwatch-hostile-"))
        self.inbox = self.root / "inbox"
        self.aside = self.root / "aside"
        self.inbox.mkdir()
        self.config = self.root / "config.yaml"
        self.config.write_text(
            f"watch: [{{path: {self.inbox}}}]\n"
            f"model: {write_brightness_model(self.root / 'model.onnx')}\n"
            f"quarantine: {{path: {self.root / 'quarantine'}}}\n"
            f"state: {self.root / 'state'}\n"
            "settle_seconds: 0.05\n"
            "breaker: {window: 100000, share: 1}\n"
        )
        self.note_as_tried()
        self.written: set[str] = set()  # digests of all pictures
        self.number = 0
        self.running: Running | None = None
        self.start()

    def start(self) -> None:
        self.running = Running(self.config)
        self.thread = threading.Thread(target=self.running.work, args=(None,), daemon=True)
        self.thread.start()
        run = self.running
        wait_until(lambda: run.is_ready.is_set() or run.ended or run.troubles, says="the daemon's first sign")

    def note_as_tried(self) -> None:
        """A trial of the model at each start is not what this is about."""
        note_as_tried(self.root / "model.onnx", self.root / "state")

    def stop(self) -> None:
        run, self.running = self.running, None
        if run is not None:
            wait_until(lambda: hasattr(run, "service") or run.ended, says="a daemon that can be stopped")
            if hasattr(run, "service"):
                run.service.stop()
            self.thread.join(60)
            assert not self.thread.is_alive()
            assert run.ended is None, repr(run.ended)

    def name(self, stem: bytes, extension: bytes = b".png") -> Path:
        self.number += 1
        return self.inbox / os.fsdecode(stem + b"%d" % self.number + extension)

    @property
    def has_inbox(self) -> bool:
        return self.inbox.is_dir() and not self.inbox.is_symlink()

    @precondition(lambda self: self.has_inbox)
    @rule(
        stem=sampled_from(STEMS),
        brightness=sampled_from((40, 230)),
        seconds=sampled_from((None, *SECONDS)),
        mode=sampled_from((0o644, *MODES)),
    )
    def drop_picture(self, stem: bytes, brightness: int, seconds: int | None, mode: int) -> None:
        path, content = self.name(stem), picture_bytes(brightness)
        self.written.add(hashlib.sha256(content).hexdigest())
        with path.open("xb") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), mode)
            if seconds is not None:
                with suppress(OSError, OverflowError):  # a time that this file system cannot keep
                    os.utime(stream.fileno(), (seconds, seconds))

    @precondition(lambda self: self.has_inbox)
    @rule(
        stem=sampled_from(STEMS),
        extension=sampled_from((b".png", b".jpg", b".gif", b".heic", b".mp4", b".dng", b"")),
        content=binary(max_size=200),
        begins_well=booleans(),
    )
    def drop_rubbish(self, stem: bytes, extension: bytes, content: bytes, begins_well: bool) -> None:
        head = picture_bytes(230)[:60] if begins_well else b""
        self.name(stem, extension).write_bytes(head + content)

    @precondition(lambda self: self.has_inbox)
    @rule(
        stem=sampled_from(STEMS),
        sort=sampled_from(("loop", "dangling", "to root", "fifo", "socket", "folder", "deep", "sparse")),
    )
    def drop_oddity(self, stem: bytes, sort: str) -> None:
        path = self.name(stem)
        if sort == "loop":
            path.symlink_to(path.name)
        elif sort == "dangling":
            path.symlink_to("nowhere")
        elif sort == "to root":
            path.symlink_to("/")
        elif sort == "fifo":
            os.mkfifo(path)
        elif sort == "socket":
            short = self.name(b"s")
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(str(short))
        elif sort == "folder":
            path.mkdir()
        elif sort == "deep":
            descriptor = os.open(self.inbox, os.O_DIRECTORY)
            for _ in range(DEPTH):
                with suppress(FileExistsError):
                    os.mkdir("d", dir_fd=descriptor)
                below = os.open("d", os.O_DIRECTORY, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            os.close(descriptor)
        else:
            with path.open("xb") as stream:
                stream.write(picture_bytes(230)[:40])
                stream.truncate(1 << 40)

    @precondition(lambda self: self.has_inbox)
    @rule(which=integers(0, 99), sort=sampled_from(("hard link", "rename", "touch")))
    def change(self, which: int, sort: str) -> None:
        with suppress(OSError, IndexError):  # nothing lies there, or the daemon was quicker
            paths = sorted(self.inbox.iterdir())
            path = (paths * 100)[which]
            if sort == "hard link":
                os.link(path, self.name(b"linked"), follow_symlinks=False)
            elif sort == "rename":
                path.rename(self.name(b"renamed"))
            else:
                os.utime(path, follow_symlinks=False)

    @rule(
        which=sampled_from(OWN_FILES),
        content=sampled_from(sorted(LINES)) | binary(min_size=1, max_size=64),
        at=integers(0, 9000) | sampled_from((None,)),
    )
    def write_into(self, which: str, content: str | bytes, at: int | None) -> None:
        path = self.root / which
        if path.parent.is_dir():
            with path.open("r+b" if path.exists() else "xb") as stream:
                stream.seek(0 if at is None else at, os.SEEK_END if at is None else os.SEEK_SET)
                stream.write(LINES[content] if isinstance(content, str) else content)

    @rule(line=sampled_from(sorted(LINES)))
    def write_record(self, line: str) -> None:
        records = self.root / "quarantine" / "records"
        if records.is_dir():
            self.number += 1
            (records / f"odd{self.number}.json").write_bytes(LINES[line])

    @precondition(lambda self: self.has_inbox)
    @rule(instead=sampled_from(("nothing", "file", "link", "dangling link")))
    def take_folder_away(self, instead: str) -> None:
        self.inbox.rename(self.aside)
        if instead == "file":
            self.inbox.write_bytes(b"x")
        elif instead == "link":
            self.inbox.symlink_to("/etc")
        elif instead == "dangling link":
            self.inbox.symlink_to("nowhere")

    @precondition(lambda self: self.aside.exists())
    @rule()
    def bring_folder_back(self) -> None:
        if self.inbox.is_symlink() or self.inbox.is_file():
            self.inbox.unlink()
        self.aside.rename(self.inbox)

    @rule()
    def restart(self) -> None:
        self.stop()
        self.start()

    @invariant()
    def nothing_has_ended_it(self) -> None:
        assert self.running is not None
        assert self.running.ended is None, repr(self.running.ended)

    def teardown(self) -> None:
        try:
            if self.aside.exists():
                self.bring_folder_back()
            self.stop()
            self.nothing_is_lost()
            self.works_once_its_files_are_new()
            self.nothing_is_lost()
        finally:
            with suppress(AssertionError):
                self.stop()
            subprocess.run(["rm", "-rf", self.root], check=True)

    def works_once_its_files_are_new(self) -> None:
        """Take away what was written into; the daemon begins anew, and moves what it should."""
        for name in (*OWN_FILES, "quarantine/lock"):
            (self.root / name).unlink(missing_ok=True)
        shutil.rmtree(self.root / "state", ignore_errors=True)
        self.note_as_tried()
        for record in (self.root / "quarantine" / "records").glob("odd*.json"):
            record.unlink()
        self.start()
        assert self.running is not None
        wait_until(self.running.is_ready.is_set, says="it watches again")
        junk = bright(self.name(b"last"))
        wait_until(lambda: not junk.exists(), says="junk is moved again")
        self.stop()

    def nothing_is_lost(self) -> None:
        present = set()
        for entry in files_below(self.root):
            if entry.stat().st_size < 1 << 20:
                present.add(hashlib.sha256(Path(entry.path).read_bytes()).hexdigest())
        assert self.written <= present


HostileWorld.TestCase.settings = settings(
    max_examples=WORLDS or 6, stateful_step_count=15, deadline=None, derandomize=not WORLDS
)
TestHostileWorld = HostileWorld.TestCase
