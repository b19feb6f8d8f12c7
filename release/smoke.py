"""The main job with an installed imgwatch, from nothing: run by the Python of that installation.

    PYTHON release/smoke.py IMGWATCH FOLDER

It draws an album, has `imgwatch setup` fit the general model to it, lets the daemon watch an inbox, drops a normal
picture and junk into that, takes the junk back, and has a copy of a picture named. With the extra `video` a film
is judged. It ends with a sentence about the first thing that is not as it should be.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PICTURES = 80


def main() -> None:
    """Play it through."""
    imgwatch, folder = sys.argv[1], Path(sys.argv[2])
    inbox, normal = folder / "inbox", folder / "album"
    inbox.mkdir(parents=True)
    rng = album(normal)
    os.environ["XDG_DATA_HOME"] = str(folder / "share")  # where `setup` puts the model
    config = folder / "config.yaml"
    config.write_text(
        f"watch: [{{path: {inbox}}}]\nstate: {folder}/state\nquarantine: {{path: {folder}/quarantine}}\n"
    )
    say = Commands(imgwatch, config)
    print(say("--version", config=False).strip())
    say("setup", "--normal", normal, "--false-alarms", "0.05", "--yes", "--no-service")
    assert f"model: {folder}/share/imgwatch/model.onnx\n" in config.read_text(), config.read_text()
    watch(say, inbox, rng)
    name_copy(say, inbox, rng)
    if importlib.util.find_spec("av"):
        film(folder / "film.mp4", landscape(rng))
        judged = json.loads(say("score", folder / "film.mp4", "--json"))
        assert judged["verdict"] in ("keep", "quarantine"), judged
    print("set up, watched, moved and restored; a copy was named")


def watch(say: Commands, inbox: Path, rng: np.random.Generator) -> None:
    """Let the daemon judge two pictures and move one, and restore that."""
    log = (say.config.parent / "watch.log").open("wb")
    daemon = subprocess.Popen([say.imgwatch, "watch", "--config", say.config], stderr=log)
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


def name_copy(say: Commands, inbox: Path, rng: np.random.Generator) -> None:
    """Name a picture that was saved again as a copy of the first."""
    village(rng).save(inbox / "village.jpg", quality=90)
    Image.open(inbox / "village.jpg").save(inbox / "sent.jpg", quality=60)
    (copied,) = map(json.loads, say("duplicates", "--json").splitlines())
    assert copied["kept"] == str(inbox / "village.jpg"), copied
    assert [copy["path"] for copy in copied["copies"]] == [str(inbox / "sent.jpg")], copied


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


def album(folder: Path | str) -> np.random.Generator:
    """Make a folder of normal pictures; return what draws further ones."""
    rng = np.random.default_rng(0)
    Path(folder).mkdir(parents=True)
    for number in range(PICTURES):
        landscape(rng).save(Path(folder) / f"{number}.jpg", quality=90)
    return rng


def landscape(rng: np.random.Generator) -> Image.Image:
    """Draw hills under a sky, smooth as photographs are: no two alike."""
    grid = rng.uniform(0.2, 0.8, (5, 6, 3)) * np.linspace(0.6, 1.0, 5)[:, None, None]
    picture = Image.fromarray((grid * 255).astype(np.uint8)).resize((320, 240), Image.Resampling.BICUBIC)
    grain = rng.normal(0, 6, (240, 320, 3))
    return Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))


def village(rng: np.random.Generator) -> Image.Image:
    """Draw houses in a landscape: copies are recognised by edges, and grain is none."""
    picture = landscape(rng)
    draw = ImageDraw.Draw(picture)
    for left in range(12, 300, 48):
        width, height = (int(value) for value in rng.integers(22, 40, 2))
        walls = tuple(int(value) for value in rng.integers(90, 230, 3))
        draw.rectangle((left, 200 - height, left + width, 200), fill=walls)
        draw.polygon(
            ((left, 200 - height), (left + width, 200 - height), (left + width // 2, 180 - height)), "#622"
        )
        draw.rectangle((left + 6, 180, left + 12, 190), fill="#223")
    return picture


def advertisement() -> Image.Image:
    """Draw words on a loud ground."""
    picture = Image.new("RGB", (320, 240), (250, 220, 40))
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(("MEGA SALE", "50 % off", "today only!", "click here")):
        draw.text((20, 10 + 56 * number), line, fill=(180, 10, 40), font=ImageFont.load_default(40))
    return picture


def film(path: Path, picture: Image.Image) -> None:
    """Write two seconds of one picture."""
    import av

    with av.open(str(path), "w") as opened:
        video = opened.add_stream("mpeg4", rate=10)
        video.width, video.height = picture.size
        for _ in range(20):
            opened.mux(video.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
        opened.mux(video.encode())


def digests(folder: Path, pattern: str = "*") -> list[str]:
    """Return the digests of the files of a folder, sorted."""
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob(pattern))


def wait(claim: Callable[[], object], goal: str) -> None:
    """Wait two minutes for something to become true."""
    end = time.monotonic() + 120
    while not claim():
        assert time.monotonic() < end, f"not within two minutes: {goal}"
        time.sleep(0.2)


if __name__ == "__main__":
    main()
