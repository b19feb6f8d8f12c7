"""The main job with an installed imgwatch, from nothing: run by the Python of that installation.

    PYTHON release/smoke.py IMGWATCH FOLDER

It draws an album, fits the general model to it, lets the daemon watch an inbox, drops a normal picture and junk into
that, and takes the junk back. It ends with a sentence about the first thing that is not as it should be.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PICTURES = 80


def main() -> None:
    """Play it through."""
    imgwatch, folder = sys.argv[1], Path(sys.argv[2])
    inbox, album = folder / "inbox", folder / "album"
    inbox.mkdir(parents=True)
    album.mkdir()
    rng = np.random.default_rng(0)
    for number in range(PICTURES):
        landscape(rng).save(album / f"{number}.jpg", quality=90)
    config = folder / "config.yaml"
    config.write_text(
        f"watch: [{{path: {inbox}}}]\nstate: {folder}/state\nquarantine: {{path: {folder}/quarantine}}\n"
    )
    say = Commands(imgwatch, config)
    print(say("--version", config=False).strip())
    say("calibrate", album, "--false-alarms", "0.05", "--out", folder / "model.onnx")
    with config.open("a") as stream:
        stream.write(f"model: {folder}/model.onnx\n")
    log = (folder / "watch.log").open("wb")
    daemon = subprocess.Popen([imgwatch, "watch", "--config", config], stderr=log)
    try:
        wait(lambda: say.status()["alive"], "the daemon is alive")
        landscape(rng).save(inbox / "normal.jpg", quality=90)
        advertisement().save(inbox / "offer.png")
        before = digests(inbox)
        wait(lambda: say.status()["quarantined"] == 1 and say.status()["judged"] == 2, "both are judged")
        assert [path.name for path in inbox.iterdir()] == ["normal.jpg"], "the wrong one was moved"
        (record,) = map(json.loads, say("quarantine", "list", "--json").splitlines())
        assert record["original"] == str(inbox / "offer.png"), record
        say("quarantine", "restore", record["id"])
        assert digests(inbox) == before, "what came back is not what went"
    finally:
        daemon.terminate()
        assert daemon.wait(30) == 0, "the daemon ended with a fault"
    print("learned, watched, moved and restored")


class Commands:
    """The commands of this installation, on one config."""

    def __init__(self, imgwatch: str, config: Path) -> None:
        self.imgwatch, self.config = imgwatch, config

    def __call__(self, *words: str | Path, config: bool = True, check: bool = True) -> str:
        """Run one and return what it prints."""
        command = [self.imgwatch, *words, *(("--config", self.config) if config else ())]
        return subprocess.run(command, check=check, stdout=subprocess.PIPE, text=True, timeout=300).stdout

    def status(self) -> dict[str, object]:
        """Ask how the daemon is."""
        return dict(json.loads(self("status", "--json", check=False)))


def landscape(rng: np.random.Generator) -> Image.Image:
    """Draw hills under a sky, smooth as photographs are: no two alike."""
    grid = rng.uniform(0.2, 0.8, (5, 6, 3)) * np.linspace(0.6, 1.0, 5)[:, None, None]
    picture = Image.fromarray((grid * 255).astype(np.uint8)).resize((320, 240), Image.Resampling.BICUBIC)
    grain = rng.normal(0, 6, (240, 320, 3))
    return Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))


def advertisement() -> Image.Image:
    """Draw words on a loud ground."""
    picture = Image.new("RGB", (320, 240), (250, 220, 40))
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(("MEGA SALE", "50 % off", "today only!", "click here")):
        draw.text((20, 10 + 56 * number), line, fill=(180, 10, 40), font=ImageFont.load_default(40))
    return picture


def digests(folder: Path, pattern: str = "*") -> list[str]:
    """Return the digests of the files of a folder, sorted."""
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob(pattern))


def wait(claim: object, says: str) -> None:
    """Wait two minutes for something to become true."""
    end = time.monotonic() + 120
    while not claim():  # type: ignore[operator]
        assert time.monotonic() < end, f"not within two minutes: {says}"
        time.sleep(0.2)


if __name__ == "__main__":
    main()
