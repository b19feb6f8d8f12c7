from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pebble import ProcessFuture, ProcessPool

from conftest import SHAPE, dark, noise
from daemon import wait_until
from imgwatch.picture import decoder
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits
from imgwatch.picture.unreadable import Unreadable
from killing import decoders_killed
from zeros import black_png

pytestmark = pytest.mark.usefixtures("spawned_workers")


def test_order_is_kept_and_faults_are_values(tmp_path: Path) -> None:
    paths = [dark(tmp_path / f"{n}.png") for n in range(20)]
    paths[3].write_bytes(b"no picture")
    paths[7].unlink()
    with Decoder(SHAPE, Limits(), workers=2) as opened:
        results = list(opened.decode(paths))
    assert [path for path, _ in results] == paths
    assert isinstance(results[3][1], Unreadable)
    assert isinstance(results[7][1], FileNotFoundError)
    assert sum(isinstance(outcome, Decoded) for _, outcome in results) == 18


def test_a_picture_comes_with_its_fingerprint(tmp_path: Path) -> None:
    """The worker computes it: one process hands out files and acts, for all workers."""
    with Decoder(SHAPE, Limits()) as opened:
        [(_, outcome)] = opened.decode([noise(tmp_path / "a.png")])
    assert isinstance(outcome, Decoded)
    came = vars(outcome).pop("fingerprint")
    assert came is not None
    assert came == outcome.fingerprint


@pytest.fixture
def slow_picture(tmp_path: Path) -> Path:
    path = tmp_path / "slow.png"
    path.write_bytes(black_png(14000))
    return path


@pytest.mark.e2e
def test_a_picture_that_takes_too_long_costs_only_itself(tmp_path: Path, slow_picture: Path) -> None:
    paths = [dark(tmp_path / "a.png"), slow_picture, dark(tmp_path / "b.png")]
    with Decoder(SHAPE, Limits(megapixels=1000, decode_seconds=0.2)) as opened:
        list(opened.decode(paths[:1]))  # the worker has started
        outcomes = dict(opened.decode(paths))
    assert "limits.decode_seconds" in str(outcomes[slow_picture])
    assert isinstance(outcomes[paths[2]], Decoded)


@pytest.mark.e2e
def test_a_picture_that_kills_its_workers_costs_only_itself(tmp_path: Path, slow_picture: Path) -> None:
    with Decoder(SHAPE, Limits(megapixels=1000)) as opened:
        list(opened.decode([dark(tmp_path / "first.png")]))  # the worker has started
        with decoders_killed(os.getpid(), above_bytes=200e6) as killed:  # its pixels are 588 MB
            [(_, outcome)] = opened.decode([slow_picture])
        assert len(killed) == 2
        assert "crashed the decoder twice" in str(outcome)
        [(_, after)] = opened.decode([dark(tmp_path / "a.png")])
        assert isinstance(after, Decoded)


@pytest.mark.e2e
def test_memory_of_a_worker_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(black_png(9000))
    with Decoder(SHAPE, Limits(decode_megabytes=100), workers=1) as opened:
        [(_, outcome)] = opened.decode([path])
    assert "limits.decode_megabytes" in str(outcome)


def test_workers_are_started_ahead_and_not_waited_for(tmp_path: Path) -> None:
    path = dark(tmp_path / "a.png")
    with Decoder(SHAPE, Limits()) as opened:
        assert opened.is_resting
        opened.start()
        assert not opened.is_resting
        assert [isinstance(outcome, Decoded) for _, outcome in opened.decode([path])] == [True]
        opened.rest()
        assert opened.is_resting


def test_works_again_after_a_rest(tmp_path: Path) -> None:
    path = dark(tmp_path / "a.png")
    with Decoder(SHAPE, Limits()) as opened:
        for _ in range(2):
            assert all(isinstance(outcome, Decoded) for _, outcome in opened.decode([path]))
            opened.rest()


def test_interrupt_ends_early(tmp_path: Path) -> None:
    paths = [dark(tmp_path / f"{n}.png") for n in range(50)]
    with Decoder(SHAPE, Limits()) as opened:
        seen = 0
        for _ in opened.decode(paths):
            seen += 1
            opened.interrupt()
    assert seen < 50


@pytest.mark.e2e
def test_a_picture_that_the_pool_has_lost_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "_GRACE_SECONDS", 1.0)
    schedule, lost = ProcessPool.schedule, list[object]()

    def losing(self: ProcessPool, *given: Any, **named: Any) -> object:
        if lost:
            return schedule(self, *given, **named)
        lost.append(ProcessFuture())
        return lost[0]

    monkeypatch.setattr(ProcessPool, "schedule", losing)
    with Decoder(SHAPE, Limits(decode_seconds=4)) as opened:
        [(_, outcome)] = opened.decode([dark(tmp_path / "a.png")])
    assert isinstance(outcome, Decoded)
    assert lost


def test_a_worker_killed_between_two_pictures_is_replaced(tmp_path: Path) -> None:
    """pebble gives its whole pool up then; seen in a soak."""
    pictures = [dark(tmp_path / f"d{number}.png") for number in range(3)]
    with Decoder(SHAPE, Limits()) as decoder:
        for picture in pictures:
            assert [type(outcome).__name__ for _, outcome in decoder.decode([picture])] == ["Decoded"]
            for child in multiprocessing.active_children():
                child.kill()
                child.join()


def test_a_pool_that_stumbles_over_a_worker_that_ends_is_stopped_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, faults = ProcessPool.stop, iter([KeyError(7)])

    def stumble(pool: ProcessPool) -> None:
        for fault in faults:
            raise fault
        stop(pool)  # type: ignore[no-untyped-call]  # pebble

    monkeypatch.setattr(ProcessPool, "stop", stumble)
    with Decoder(SHAPE, Limits()) as opened:
        assert len(list(opened.decode([dark(tmp_path / "a.png")]))) == 1
        assert multiprocessing.active_children() != []
    assert multiprocessing.active_children() == []


def _status(pid: int, key: str) -> str:
    """Return a line of a process's status; "" once it has ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((line.partition(":")[2].strip() for line in lines if line.startswith(f"{key}:")), "")
    return ""


def _writes_nowhere_or_has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/fd/2").readlink() == Path(os.devnull)
    except OSError:
        return True


def test_a_worker_that_still_starts_is_not_interrupted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Ctrl+C goes to all processes of a terminal."""
    path = dark(tmp_path / "a.png")
    with Decoder(SHAPE, Limits()) as opened:
        opened.start()
        [worker] = multiprocessing.active_children()
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGINT)
        assert [isinstance(outcome, Decoded) for _, outcome in opened.decode([path])] == [True]
        assert [child.pid for child in multiprocessing.active_children()] == [worker.pid]
    assert capfd.readouterr().err == ""


def test_a_worker_that_still_starts_ends_silently_with_the_others(capfd: pytest.CaptureFixture[str]) -> None:
    """The first one is stopped while the second one goes on starting."""
    opened = Decoder(SHAPE, Limits(), workers=2)
    opened.start()
    workers = [child.pid for child in multiprocessing.active_children() if child.pid is not None]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    closing = threading.Thread(target=opened.close)
    closing.start()
    try:
        terminated = 1 << (signal.SIGTERM - 1)
        wait_until(lambda: any(int(_status(pid, "ShdPnd") or "0", 16) & terminated for pid in workers))
        [second] = [pid for pid in workers if not int(_status(pid, "ShdPnd") or "0", 16) & terminated]
        os.kill(second, signal.SIGCONT)
        wait_until(lambda: _writes_nowhere_or_has_ended(second))
    finally:
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        closing.join()
    assert capfd.readouterr().err == ""
