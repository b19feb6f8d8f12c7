"""A busy folder with faults thrown in: does the daemon's memory, descriptors and threads stay flat, is nothing lost?

    python benchmarks/soak.py [MINUTES] [--out FILE.md]

Pictures arrive in bursts and trickles, renamed, linked, rewritten, in folders made and removed; every so often a
fault: the folder goes and comes back, the ledger is locked, a decoder is killed, the model is damaged and mended,
the config is read again, a picture is hostile, everything in quarantine is restored. Ends with 1 if anything is
lost or grows.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

CHECKOUT = Path(__file__).parent.parent
sys.path.insert(0, str(CHECKOUT / "tests"))

from conftest import write_brightness_model  # noqa: E402 - the tests' model, for which bright is junk

_SETTLED_MINUTES = 1.0  # until then caches, pools and SQLite may grow
Row = tuple[float, int, int, int, int]  # minute, pictures put, memory in kB, descriptors, threads


def picture(random_: random.Random) -> bytes:
    """Return a picture of its own: one in five is bright, that is junk."""
    brightness = 230 if random_.random() < 0.2 else 40
    size = random_.choice((24, 200, 1000))
    pixels = np.full((size, size, 3), brightness, dtype=np.uint8)
    pixels[0] = (
        np.frombuffer(random_.randbytes(size * 3), dtype=np.uint8).reshape(size, 3) // 8 + brightness // 2
    )
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, random_.choice(("PNG", "JPEG", "WEBP")))
    return stream.getvalue()


class Soak:
    """A daemon, its folders, and what was put there."""

    def __init__(self, home: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.home, self.inbox = home, home / "inbox"
        self.inbox.mkdir()
        self.model = write_brightness_model(home / "model.onnx")
        self.config = home / "config.yaml"
        self.config.write_text(
            f"watch: [{{path: {self.inbox}}}]\nmodel: {self.model}\nquarantine: {{path: {home / 'quarantine'}}}\n"
            f"state: {home / 'state'}\nsettle_seconds: 0.3\nbreaker: {{window: 1000000, share: 1}}\n"
            "limits: {decode_seconds: 5}\n"
        )
        self.put: set[str] = set()
        self.number = 0
        self.faults: dict[str, int] = {}
        self.log = (home / "watch.log").open("ab")
        command = [sys.executable, "-m", "imgwatch", "watch", "--config", str(self.config)]
        self.daemon = subprocess.Popen(command, stderr=self.log)

    def drop(self, folder: Path) -> None:
        """Put one more picture there, in one of the ways in which pictures arrive."""
        content = picture(self.random)
        self.put.add(hashlib.sha256(content).hexdigest())
        self.number += 1
        path = folder / f"{self.number}.png"
        folder.mkdir(parents=True, exist_ok=True)
        if self.random.random() < 0.5:
            path.write_bytes(content)
        else:
            part = self.home / "part"
            part.write_bytes(content)
            part.rename(path)

    def burst(self) -> None:
        """Put many pictures at once, some in a new folder."""
        folder = self.inbox / f"folder{self.number}" if self.random.random() < 0.3 else self.inbox
        for _ in range(self.random.choice((1, 5, 60))):
            self.drop(folder)

    def tidy(self) -> None:
        """The user moves away what was kept, so that the folder itself does not grow."""
        kept = self.home / "kept"
        kept.mkdir(exist_ok=True)
        for path in [path for path in self.inbox.rglob("*.png") if time.time() - path.stat().st_mtime > 30]:
            path.rename(kept / path.name)
        for folder in self.inbox.glob("folder*"):
            with suppress(OSError):  # not empty yet
                folder.rmdir()

    def throw(self) -> None:
        """Throw in one fault."""
        faults: list[Callable[[], None]] = [
            self.folder_goes, self.ledger_locked, self.decoder_killed, self.model_damaged,
            self.reload, self.hostile, self.restore_all, self.touch_all,
        ]  # fmt: skip
        fault = self.random.choice(faults)
        self.faults[fault.__name__] = self.faults.get(fault.__name__, 0) + 1
        fault()

    def folder_goes(self) -> None:
        """The watched folder is away for a while."""
        self.inbox.rename(self.home / "away")
        time.sleep(3)
        (self.home / "away").rename(self.inbox)

    def ledger_locked(self) -> None:
        """Another process keeps the ledger locked, longer than the daemon waits."""
        other = sqlite3.connect(self.home / "state" / "ledger.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        self.burst()
        time.sleep(12)
        other.execute("ROLLBACK")
        other.close()

    def decoder_killed(self) -> None:
        """A decoding worker is killed at work."""
        self.burst()
        time.sleep(0.5)
        children = Path(f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children").read_text().split()
        for pid in children:
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(int(pid), signal.SIGKILL)

    def model_damaged(self) -> None:
        """The model file is cut off, and mended."""
        content = self.model.read_bytes()
        self.model.write_bytes(content[: len(content) // 2])
        time.sleep(3)
        self.model.write_bytes(content)

    def reload(self) -> None:
        """The config is read again, twice at once."""
        self.daemon.send_signal(signal.SIGHUP)
        self.burst()
        self.daemon.send_signal(signal.SIGHUP)

    def hostile(self) -> None:
        """A bomb, a torn picture, a FIFO, a sparse giant, an odd name."""
        os.mkfifo(self.inbox / f"fifo{self.number}.png")
        with (self.inbox / f"giant{self.number}.jpg").open("wb") as stream:
            stream.truncate(10_000_000_000)
        (self.inbox / f"torn{self.number}.gif").write_bytes(picture(self.random)[:500])
        self.drop(self.inbox / "new\nline \u202e \udcff")
        time.sleep(2)
        for path in self.inbox.glob("fifo*"):
            path.unlink()
        for path in self.inbox.glob("giant*"):
            path.unlink()

    def restore_all(self) -> None:
        """The user takes everything back."""
        command = [
            sys.executable,
            "-m",
            "imgwatch",
            "quarantine",
            "restore",
            "--all",
            "--config",
            str(self.config),
        ]
        subprocess.run(command, check=False, capture_output=True)

    def touch_all(self) -> None:
        """Every picture looks new."""
        for path in self.inbox.rglob("*.png"):
            path.touch()

    def measure(self) -> tuple[int, int, int]:
        """Return resident memory in kB, open descriptors and threads of the daemon itself."""
        process = Path(f"/proc/{self.daemon.pid}")
        status = dict(
            line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line
        )
        return int(status["VmRSS"].split()[0]), len(list((process / "fd").iterdir())), int(status["Threads"])

    def status(self) -> dict[str, object]:
        """Ask the daemon."""
        done = subprocess.run([sys.executable, "-m", "imgwatch", "status", "--json", "--config", str(self.config)],
                              check=False, capture_output=True, text=True)  # fmt: skip
        summary: dict[str, object] = json.loads(done.stdout or "{}")
        return summary

    def lost(self) -> set[str]:
        """Return digests of pictures that are nowhere any more."""
        there = {
            hashlib.sha256(path.read_bytes()).hexdigest()
            for folder in (self.inbox, self.home / "kept", self.home / "quarantine" / "pictures")
            for path in folder.rglob("*")
            if path.is_file() and path.stat().st_size < 10**9
        }
        return self.put - there


def main() -> int:
    """Run it and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("minutes", type=float, nargs="?", default=30)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="soak-"))
    soak = Soak(home, arguments.seed)
    time.sleep(5)
    rows = play(soak, arguments.minutes)
    status = soak.status()
    begun_stop = time.monotonic()
    soak.daemon.terminate()
    code = soak.daemon.wait(20)
    text = report(soak, rows, status, code, time.monotonic() - begun_stop)
    print(text)
    if arguments.out:
        arguments.out.write_text(text)
    lost = soak.lost()
    shutil.rmtree(home) if not lost else print(f"kept: {home}")
    return 1 if lost or has_grown(rows) or code else 0


def play(soak: Soak, minutes: float) -> list[Row]:
    """Put pictures, throw faults and tidy for so many minutes, until all is judged; return what was measured."""
    begun, rows, next_row, next_fault, next_tidy = time.monotonic(), [], 0.0, 20.0, 30.0
    while (passed := time.monotonic() - begun) < minutes * 60:
        assert soak.daemon.poll() is None, f"the daemon ended; see {soak.home}/watch.log"
        soak.burst()
        if passed >= next_fault:
            soak.throw()
            next_fault = passed + 20
        if passed >= next_tidy:
            soak.tidy()
            next_tidy = passed + 20
        if passed >= next_row:
            rows.append((passed / 60, len(soak.put), *soak.measure()))
            next_row = passed + max(minutes * 60 / 15, 10)
            print(*rows[-1], sep="\t", flush=True)
        time.sleep(soak.random.uniform(0.2, 2))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and soak.status().get("backlog"):
        time.sleep(2)
    return [*rows, ((time.monotonic() - begun) / 60, len(soak.put), *soak.measure())]


def has_grown(rows: Sequence[Row]) -> bool:
    """Return whether memory, descriptors or threads have grown since the daemon has settled."""
    first = next((row for row in rows if row[0] >= _SETTLED_MINUTES), rows[0])
    *_, memory, descriptors, threads = rows[-1]
    return memory > first[2] * 1.25 or descriptors > first[3] + 10 or threads > first[4] + 4


def report(soak: Soak, rows: list[Row], status: dict[str, object], code: int,
           stop_seconds: float) -> str:  # fmt: skip
    """Return the outcome as Markdown."""
    lines = ["| minute | pictures put | memory, MB | descriptors | threads |", "|---|---|---|---|---|"]
    lines += [f"| {m:.1f} | {n} | {kb / 1000:.0f} | {fds} | {threads} |" for m, n, kb, fds, threads in rows]
    faults = ", ".join(f"{name} {count}" for name, count in sorted(soak.faults.items()))
    lines += ["", f"Faults: {faults}.", f"Judged {status.get('judged')}, quarantined {status.get('quarantined')}, "
              f"restored {status.get('restored')}, unreadable {status.get('unreadable')}; lost: {len(soak.lost())}. "
              f"Stopped within {stop_seconds:.1f} s, exit {code}.", ""]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
