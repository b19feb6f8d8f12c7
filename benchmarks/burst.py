"""A burst of small files, more than the kernel's event queue holds: are all judged, is none lost?

    .venv/bin/python benchmarks/burst.py [--files 60000] [--model FILE]

Writes the files, one in a hundred junk, into a watched inbox as fast as it can while the real daemon watches, waits
until all are judged, and prints one line: seconds to write, seconds until judged, overflows noticed, files judged,
files left or moved, peak memory of one process. Ends with 1 if a file is missing or was judged twice. The model is
the tests' own (brightness), so that the figure is one of events and files; --model takes another.
"""

from __future__ import annotations

import argparse
import json
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from conftest import write_brightness_model

IMGWATCH = Path(sys.executable).with_name("imgwatch")


def tiny_png(number: int) -> bytes:
    """Return an 8x8 picture of its own, about 90 bytes; every hundredth is bright."""
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


def status(config: Path) -> dict[str, int]:
    """Ask how the daemon is."""
    asked = subprocess.run(
        [IMGWATCH, "status", "--json", "--config", config], stdout=subprocess.PIPE, check=False
    )
    return dict(json.loads(asked.stdout))


def main() -> None:
    """Run the burst and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=60_000)
    parser.add_argument("--model")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        inbox, config = place / "inbox", place / "config.yaml"
        inbox.mkdir()
        model = told.model or write_brightness_model(place / "brightness.onnx")
        config.write_text(
            f"watch: [{{path: {inbox}}}]\nmodel: {model}\nstate: {place / 'state'}\n"
            f"quarantine: {{path: {place / 'quarantine'}}}\nbreaker: {{window: 1000000, share: 1}}\n"
        )
        log = place / "log"
        with log.open("wb") as stream:
            daemon = subprocess.Popen([IMGWATCH, "watch", "--config", config], stderr=stream)
        try:
            while not status(config)["alive"]:
                time.sleep(0.2)
            contents = [tiny_png(number) for number in range(told.files)]
            start = time.monotonic()
            for number, content in enumerate(contents):
                (inbox / f"{number}.png").write_bytes(content)
            written = time.monotonic() - start
            while (now := status(config))["judged"] < told.files or now["backlog"]:
                time.sleep(1)
                if daemon.poll() is not None:
                    sys.exit(log.read_text())
            judged = time.monotonic() - start
        finally:
            daemon.terminate()
            daemon.wait()
        left, moved = len(list(inbox.iterdir())), len(list((place / "quarantine" / "pictures").glob("*")))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        overflows = log.read_text().count("more happened at once")
    print(
        f"{told.files} files written in {written:.1f} s, all judged after {judged:.0f} s; {overflows} overflows; "
        f"{now['judged']} judged, {left} left, {moved} quarantined; peak memory of one process {peak:.0f} MB"
    )
    sys.exit(0 if left + moved == told.files == now["judged"] else 1)


main()
