"""Show the main job on real photographs: calibrate, watch, drop pictures and junk in, see what is moved, take one back.

    python demo/run.py            # fit the general model to an album: no TensorFlow
    python demo/run.py --train    # train a model instead: with TensorFlow, in minutes

The photographs are samples that lie in the wheel of scikit-image; the junk is drawn here. Everything happens
below demo/out, with the commands that you would type.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from imgwatch.config.first_config import with_keys

OUT = Path(__file__).parent / "out"
INBOX, ALBUM, CONFIG, MODEL = OUT / "inbox", OUT / "album", OUT / "config.yaml", OUT / "model.onnx"
IMGWATCH = Path(sys.executable).with_name("imgwatch")
PHOTOGRAPHS = (
    "astronaut.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "motorcycle_left.png",
    "rocket.jpg",
)
ALBUM_SIZE = 300


def main() -> None:
    """Play the whole story, and end by itself."""
    shutil.rmtree(OUT, ignore_errors=True)
    INBOX.mkdir(parents=True)
    ALBUM.mkdir()
    rng = np.random.default_rng(0)
    photographs = list(sample_photographs())
    for number in range(ALBUM_SIZE):
        view(photographs[number % len(photographs)], rng).save(ALBUM / f"photo-{number:03d}.jpg", quality=90)

    learn = "train" if "--train" in sys.argv else "calibrate"
    how = {"train": "trained on", "calibrate": "fitted, without TensorFlow, to"}[learn]
    tell(f"A config for one watched folder, and a model {how} an album of normal pictures:")
    shell("init", "--watch", INBOX, "--config", CONFIG)
    shell(learn, ALBUM, "--false-alarms", "0.02", "--out", MODEL, "--config", CONFIG)
    settle_here()

    tell("The daemon starts. Six photographs and four pieces of junk arrive in the inbox:")
    with (OUT / "watch.log").open("wb") as log:
        daemon = subprocess.Popen([IMGWATCH, "watch", "--config", CONFIG], stderr=log)
    try:
        wait_until(lambda: status()["alive"])
        drop(photographs, rng)
        wait_until(lambda: status()["judged"] >= 10 and status()["backlog"] == 0)
        print((OUT / "watch.log").read_text())

        tell("What is in quarantine, and why:")
        shell("quarantine", "list", "--config", CONFIG)
        tell("One of them is taken back; it will never be quarantined again:")
        records = [
            json.loads(line)
            for line in output("quarantine", "list", "--json", "--config", CONFIG).splitlines()
        ]
        wanted = next((record for record in records if "holiday" in record["original"]), records[-1])
        shell("quarantine", "restore", wanted["id"], "--config", CONFIG)
        tell("How the daemon is:")
        shell("status", "--config", CONFIG)
    finally:
        daemon.terminate()
        daemon.wait()
    tell(
        f"Done; all of it lies in {OUT}. Next, for your own pictures:\n"
        "  imgwatch setup      which folder, what is normal, what would move; then it writes the config\n"
        "  imgwatch watch      or `imgwatch service install`\n"
        "  imgwatch review     the quarantine in a browser (with the extra `review`)"
    )


def sample_photographs() -> Iterator[Image.Image]:
    """Yield the photographs in RGB; scikit-image itself is not imported, nor what it depends on."""
    spec = importlib.util.find_spec("skimage")
    if spec is None or spec.origin is None:
        sys.exit("pip install --no-deps scikit-image first: the sample photographs lie in its wheel")
    for name in PHOTOGRAPHS:
        yield Image.open(Path(spec.origin).parent / "data" / name).convert("RGB")


def view(photograph: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Take another picture of the same thing: a random part of it, perhaps mirrored."""
    width, height = photograph.size
    part = rng.uniform(0.65, 0.95)
    left, top = rng.uniform(0, 1 - part) * width, rng.uniform(0, 1 - part) * height
    box = tuple(int(edge) for edge in (left, top, left + part * width, top + part * height))
    taken = photograph.crop(box).resize((480, 360))
    return taken.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else taken


def drop(photographs: list[Image.Image], rng: np.random.Generator) -> None:
    """Put new views and drawn junk into the inbox."""
    for number, photograph in enumerate(photographs):
        view(photograph, rng).save(INBOX / f"holiday-{number}.jpg", quality=90)
    advertisement("MEGA SALE", "50 % off everything,", "today only! Click here", "www.example.com").save(
        INBOX / "offer.png"
    )
    advertisement("Good Morning!", "Forward this to ten", "friends you love").save(INBOX / "greeting.png")
    receipt().save(INBOX / "scan.png")
    photographs[1].resize((480, 360)).filter(ImageFilter.GaussianBlur(9)).save(INBOX / "shaken.jpg")


def advertisement(title: str, *lines: str) -> Image.Image:
    """Draw promotional text on a loud ground."""
    picture = Image.new("RGB", (480, 360), (250, 220, 40))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 480, 110), fill=(210, 20, 40))
    draw.text((24, 24), title, fill="white", font=ImageFont.load_default(52))
    for number, line in enumerate(lines):
        draw.text((24, 140 + 60 * number), line, fill=(20, 20, 90), font=ImageFont.load_default(34))
    return picture


def receipt() -> Image.Image:
    """Draw a printed bill."""
    picture = Image.new("RGB", (300, 420), "white")
    draw = ImageDraw.Draw(picture)
    for number in range(22):
        draw.text(
            (18, 12 + 18 * number), f"item {number:02d}  qty 1", fill="black", font=ImageFont.load_default(13)
        )
        draw.text(
            (220, 12 + 18 * number), f"{number * 1.37:6.2f}", fill="black", font=ImageFont.load_default(13)
        )
    return picture


def settle_here() -> None:
    """Point the config to the new model, and keep quarantine and state below demo/out."""
    keys = {
        "model": str(MODEL),
        "quarantine.path": str(OUT / "quarantine"),
        "state": str(OUT / "state"),
        "threshold.false_alarms": 0.02,
    }
    CONFIG.write_text(with_keys(CONFIG.read_text(), keys))


def tell(text: str) -> None:
    """Say what comes next."""
    print(f"\n# {text}", flush=True)


def shell(*arguments: str | Path) -> None:
    """Run a command as a person would, and show it."""
    print("$ imgwatch", *(str(argument) for argument in arguments), flush=True)
    print(output(*arguments), end="", flush=True)


def output(*arguments: str | Path) -> str:
    """Run a command and return what it prints."""
    return subprocess.run([IMGWATCH, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def status() -> dict[str, int]:
    """Ask how the daemon is."""
    done = subprocess.run(
        [IMGWATCH, "status", "--json", "--config", CONFIG], stdout=subprocess.PIPE, text=True, check=False
    )
    return dict(json.loads(done.stdout))


def wait_until(claim: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for the daemon."""
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            sys.exit(
                f"The daemon did not get there in {seconds:g} s. Its log:\n{(OUT / 'watch.log').read_text()}"
            )
        time.sleep(0.2)


main()
