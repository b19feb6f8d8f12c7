"""What a daemon costs while nothing happens, while much happens, and how soon one picture is moved."""

from __future__ import annotations

import logging
import os
import random
import statistics
import struct
import time
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from figures import Figure, Setting
from pictures import SMALL, make
from processes import Peak, Workspace, memory_megabytes, processor_seconds, tree_of, wake_ups

from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits
from imgwatch.quarantine import Quarantine

_IDLE_SECONDS = 120
_SETTLE_SECONDS, _DEFAULT_SETTLE_SECONDS = 0.5, 1.0


def idle(setting: Setting) -> Iterator[Figure]:
    """A daemon with the model that ships: after one picture, once its worker has been let go; then another picture."""
    workspace = Workspace(setting.scratch).set_up(
        threshold={"score": -1e9}, settle_seconds=_DEFAULT_SETTLE_SECONDS
    )
    first, second = make(setting.pictures / "two", 2, SMALL)
    with workspace.watching() as pid:
        _until_moved(workspace, first, 0, _DEFAULT_SETTLE_SECONDS)
        yield Figure("idle daemon: just after a picture", memory_megabytes(pid), "MB")
        time.sleep(70)  # the worker leaves after a minute
        computed, woken = processor_seconds(pid), wake_ups(pid)
        time.sleep(setting.sized(_IDLE_SECONDS, 20))
        passed = setting.sized(_IDLE_SECONDS, 20)
        share = 100 * (processor_seconds(pid) - computed) / passed
        yield Figure("idle daemon: processor", share, "%", at_most=0.1)
        yield Figure("idle daemon: wake-ups", (wake_ups(pid) - woken) / passed, "/s")
        yield Figure("idle daemon: processes", len(tree_of(pid)), "")
        yield Figure("idle daemon: memory of all its processes", memory_megabytes(pid), "MB", at_most=150)
        woken_up = 1000 * _until_moved(workspace, second, 1, _DEFAULT_SETTLE_SECONDS)
        yield Figure("idle daemon: the next picture, closed to quarantined", woken_up, "ms")


def latency(setting: Setting) -> Iterator[Figure]:
    """One picture at a time: from its close to its name in the quarantine, settle time taken off.

    On this disk, and on one of memory: what a disk's fsync takes at the worst is not the daemon's. All in turns, so
    that each has lain idle as long: a model that was not asked for a second has left the processor's caches.
    """
    pictures = make(setting.pictures / "small", 200, SMALL)[: setting.sized(200, 10)]
    with TemporaryDirectory(dir="/dev/shm") as memory:
        waits, without_disk, works, bare = _in_turns((setting.scratch, Path(memory)), pictures)
    moves = _moves(setting, pictures)[2:]
    work = statistics.median(works)
    yield Figure("one picture: decode and model alone, median", 1000 * work, "ms")
    yield Figure("one picture: closed to quarantined, median", 1000 * statistics.median(waits), "ms")
    yield Figure("one picture: of that the move (fsyncs), median", 1000 * statistics.median(moves), "ms")
    yield Figure("one picture: median / work", statistics.median(waits) / work, "", at_most=1.5)
    yield Figure("one picture: 99th percentile / work", float(np.percentile(waits, 99)) / work, "", at_most=4)
    slow = float(np.percentile(bare, 99))
    yield Figure("one picture: its steps on this disk alone, 99th percentile / work", slow / work, "")
    for name, share, most in (("median", 50, 1.5), ("99th percentile", 99, 4)):
        ratio = float(np.percentile(without_disk, share)) / work
        yield Figure(f"one picture, disk of memory: {name} / work", ratio, "", at_most=most)


def _in_turns(homes: tuple[Path, Path], pictures: list[Path]) -> tuple[list[float], ...]:
    """Return for each picture how long a daemon in each home takes, the work alone in the daemon's own way, and what
    the first home's disk takes for the steps of a move alone.
    """
    disk, memory = (
        Workspace(home).set_up(threshold={"score": -1e9}, settle_seconds=_SETTLE_SECONDS) for home in homes
    )
    scorer, rows, bare = Scorer(DEFAULT_MODEL), [], _BareMoves(homes[0] / "bare")
    with disk.watching(), memory.watching(), Decoder(scorer.contract.shape, Limits()) as decoder:
        for number, path in enumerate(pictures):
            waits = [_until_moved(workspace, path, number, _SETTLE_SECONDS) for workspace in (disk, memory)]
            rows.append((*waits, _work(scorer, decoder, path), bare.move(path.name, path.read_bytes())))
    return tuple(list(column) for column in zip(*rows[2:], strict=True))


def _work(scorer: Scorer, decoder: Decoder, path: Path) -> float:
    """Return how long a picture takes to be decoded, in a guarded worker as the daemon's, and scored."""
    start = time.perf_counter()
    outcome = decoder.look_at(path, scorer.contract.shape)
    assert isinstance(outcome, Decoded)
    scorer.score(outcome.pixels[None])
    return time.perf_counter() - start


class _BareMoves:
    """The steps of a move by themselves, each with its fsync, for what the disk takes for them."""

    def __init__(self, home: Path) -> None:
        self._journal, self._log = home / "under_way", home / "log"
        self._inbox, self._records, self._pictures = (
            home / name for name in ("inbox", "records", "pictures")
        )
        for folder in (self._inbox, self._records, self._pictures):
            folder.mkdir(parents=True)
        self._journal.write_bytes(bytes(8192))

    def move(self, name: str, content: bytes) -> float:
        """Return the seconds from journal and record until the file has its new name; what follows is not counted."""
        source, record = self._inbox / name, self._records.with_name(f".{name}")
        source.write_bytes(content)
        start = time.perf_counter()
        _write_durably(self._journal, bytes(1000), os.O_WRONLY)
        _write_durably(record, bytes(1000), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        record.rename(self._records / name)
        _sync_folder(self._records)
        source.rename(self._pictures / name)
        took = time.perf_counter() - start
        _sync_folder(self._pictures)
        _sync_folder(self._inbox)
        _write_durably(self._log, bytes(1000), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        return took


def _write_durably(path: Path, content: bytes, flags: int) -> None:
    descriptor = os.open(path, flags)
    os.write(descriptor, content)
    os.fsync(descriptor)
    os.close(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)


def _until_moved(workspace: Workspace, picture: Path, number: int, settle_seconds: float) -> float:
    """Drop a picture and return the seconds until it lies in the quarantine, without the settle time."""
    content, target = picture.read_bytes(), workspace.moved / f"{number}.jpg"
    time.sleep(random.uniform(0.05, 0.15))
    (workspace.inbox / target.name).write_bytes(content)
    start = time.perf_counter()
    while not target.exists():
        if time.perf_counter() - start > 30:
            raise RuntimeError("not moved within 30 s")
        time.sleep(0.0005)
    return time.perf_counter() - start - settle_seconds


def _moves(setting: Setting, pictures: list[Path]) -> list[float]:
    """Return how long the quarantine alone takes for each picture."""
    from imgwatch.scan import identity_of

    logging.disable(logging.INFO)
    home = setting.scratch / "moves"
    home.mkdir()
    quarantine, seconds = Quarantine(home / "quarantine"), []
    for number, path in enumerate(pictures):
        copy = home / f"{number}.jpg"
        copy.write_bytes(path.read_bytes())
        digest = sha256(copy.read_bytes()).hexdigest()
        judgement = Judgement(Verdict.QUARANTINE, in_words("measured"), "m-1", 1.0, 0.5, digest)
        identity = identity_of(copy)
        assert identity is not None
        start = time.perf_counter()
        quarantine.quarantine(copy, identity, judgement)
        seconds.append(time.perf_counter() - start)
    return seconds


def burst(setting: Setting) -> Iterator[Figure]:
    """60,000 tiny files as fast as they can be written, beside 600; the model is a tiny one too."""
    few, many = 600, setting.sized(60_000, 6000)
    small_peak, _, _ = _burst(setting, few)
    peak, written, judged = _burst(setting, many)
    yield Figure(f"burst of {few}: peak memory of all processes", small_peak, "MB")
    yield Figure(f"burst of {many}: peak memory of all processes", peak, "MB")
    yield Figure("burst: peak / peak of 600", peak / small_peak, "", at_most=1.2)
    yield Figure("burst: seconds to write", written, "s")
    yield Figure("burst: seconds until all are judged", judged, "s")


def _burst(setting: Setting, count: int) -> tuple[float, float, float]:
    from tests_model import write_brightness_model

    home = setting.scratch / f"burst-{count}"
    home.mkdir()
    model = write_brightness_model(home / "brightness.onnx")
    workspace = Workspace(home).set_up(model=str(model))
    contents = [tiny_png(number) for number in range(count)]
    with workspace.watching() as pid, Peak(pid) as peak:
        start = time.perf_counter()
        for number, content in enumerate(contents):
            (workspace.inbox / f"{number}.png").write_bytes(content)
        written = time.perf_counter() - start
        while (now := workspace.status())["judged"] < count or now["backlog"]:
            time.sleep(1)
        judged = time.perf_counter() - start
    left = sum(1 for _ in os.scandir(workspace.inbox)) + sum(1 for _ in os.scandir(workspace.moved))
    if left != count or now["judged"] != count:
        raise RuntimeError(f"{count} written, {now['judged']} judged, {left} found afterwards")
    return peak.megabytes, written, judged


def tiny_png(number: int) -> bytes:
    """Return an 8x8 picture of its own, about 90 bytes; every hundredth is bright, which is junk."""
    ground = bytes([230 if number % 100 == 0 else 40])
    rows = b"\0" + ground * 4 + struct.pack(">I", number) + (b"\0" + ground * 8) * 7
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
