"""Make `0.1.0.tar.gz`: run by the Python of imgwatch 0.1.0 (commit 2f89e2f), from its own checkout.

    python .../make_0_1_0.py && tar -C /tmp/imgwatch-migration -czf .../0.1.0.tar.gz .

The folder's path stands in what is written; `test_0_1_0.py` puts one of the same length in its place.
Everything is done by that version's own commands and classes. The pictures are drawn here, 24 pixels wide.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, "tests")
from conftest import write_brightness_model

FOLDER = Path("/tmp/imgwatch-migration")
COMMAND = [sys.executable, "-m", "imgwatch"]
CONFIG = FOLDER / "config.yaml"


def draw(name: str, brightness: int) -> Path:
    path = FOLDER / "inbox" / name
    pixels = np.full((24, 24, 3), brightness, dtype=np.uint8)
    pixels[0, 0] = (len(name), sum(name.encode()) % 256, brightness)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    path.write_bytes(stream.getvalue())
    os.utime(path, (1_760_000_000, 1_760_000_000))
    return path


def run(*arguments: str) -> str:
    return subprocess.run([*COMMAND, *arguments, "--config", CONFIG], capture_output=True, text=True).stdout


def ids() -> list[str]:
    return [line.split()[0] for line in run("quarantine", "list").splitlines()[1:]]


def watch(until: str) -> None:
    log = FOLDER / "watch.log"
    with log.open("w") as stream:
        process = subprocess.Popen([*COMMAND, "watch", "--config", CONFIG], stderr=stream)
        while until not in log.read_text():
            time.sleep(0.1)
        time.sleep(2.5)
        process.send_signal(signal.SIGTERM)
        process.wait()
    log.unlink()


def main() -> None:
    (FOLDER / "inbox").mkdir(parents=True)
    write_brightness_model(FOLDER / "model.onnx")
    keys = f"watch: [{{path: {FOLDER}/inbox}}]\nmodel: {FOLDER}/model.onnx\nsettle_seconds: 0.2\n"
    keys += f"quarantine: {{path: {FOLDER}/quarantine}}\nstate: {FOLDER}/state\n"
    CONFIG.write_text(keys + "breaker: {window: 4, share: 1}\n")
    draw("existing.png", 230)
    watch("watching")  # the first start: what lies there is left alone
    for name, brightness in (("kept.png", 40), ("restored.png", 220), ("binned.png", 221), ("later.png", 222),
                             ("open.png", 223), ("deleted.png", 224), ("back.png", 225)):  # fmt: skip
        draw(name, brightness)
    damaged = FOLDER / "inbox" / "damaged.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n")
    os.utime(damaged, (1_760_000_000, 1_760_000_000))  # the archive keeps whole seconds
    run("rescan", *(str(path) for path in (FOLDER / "inbox").iterdir() if path.name != "existing.png"))
    by_name = {
        line.split()[4].rpartition("/")[2]: line.split()[0]
        for line in run("quarantine", "list").splitlines()[1:]
    }
    run("quarantine", "restore", by_name["restored.png"])
    run("quarantine", "restore", by_name["back.png"])
    run("quarantine", "undo")
    run("quarantine", "delete", by_name["binned.png"])
    run("quarantine", "keep", by_name["later.png"])
    run("quarantine", "delete", "--now", by_name["deleted.png"])
    watch("watching")  # learns what was decided
    for number in range(5):
        draw(f"held{number}.png", 226 + number)
    watch("breaker opened")
    interrupt()


def interrupt() -> None:
    """End a move as kill -9 does, between the record and the rename."""
    script = (
        "import os, sys; from imgwatch.quarantine.mover import RealMover; from imgwatch.quarantine import Quarantine\n"
        "from imgwatch.scan import identity_of; from imgwatch.verdict import Judgement, Verdict\n"
        "from pathlib import Path\n"
        "class Dies(RealMover):\n"
        "    def rename(self, source, target):\n"
        "        if source.name == 'interrupted.png': os._exit(9)\n"
        "        super().rename(source, target)\n"
        "folder = Path(sys.argv[1]); path = folder / 'inbox' / 'interrupted.png'\n"
        "Quarantine(folder / 'quarantine', [folder / 'inbox'], mover=Dies()).quarantine(\n"
        "    path, identity_of(path), Judgement(Verdict.QUARANTINE, 'bright', 'm', 0.9, 0.5))\n"
    )
    draw("interrupted.png", 231)
    subprocess.run([sys.executable, "-c", script, FOLDER])


if __name__ == "__main__":
    main()
