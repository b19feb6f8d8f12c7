"""From an older version to this one and back, with the daemon running: run by the Python of either installation.

    PYTHON release/upgrade.py OLD_IMGWATCH NEW_IMGWATCH FOLDER

Every picture must be in exactly one place at each step, and nothing be judged twice or forgotten. It ends with a
sentence about the first thing that is not so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from smoke import PICTURES, Commands, advertisement, digests, landscape, wait


def main() -> None:
    """Play it through."""
    told_old, told_new, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    game = Game(
        folder, Commands(told_old, folder / "config.yaml"), Commands(told_new, folder / "config.yaml")
    )
    game.begin()
    game.live_with_the_old_one()
    game.upgrade()
    game.go_back()
    game.upgrade_again()


class Game:
    """A folder that two versions look after in turn; `drawn` are the digests of all pictures that ever arrived."""

    def __init__(self, folder: Path, old: Commands, new: Commands) -> None:
        self.inbox, self.quarantine, self.folder = folder / "inbox", folder / "quarantine", folder
        self.old, self.new = old, new
        self.rng = np.random.default_rng(1)
        self.drawn: list[str] = []
        self.restored = ""

    def begin(self) -> None:
        """Let the old version write its config, and fit a model."""
        self.inbox.mkdir(parents=True)
        (self.folder / "album").mkdir()
        for number in range(PICTURES):
            landscape(self.rng).save(self.folder / "album" / f"{number}.jpg", quality=90)
        config = self.folder / "config.yaml"
        config.write_text(
            f"watch: [{{path: {self.inbox}}}]\nstate: {self.folder}/state\n"
            f"quarantine: {{path: {self.quarantine}}}\nbreaker: {{window: 1000, share: 1}}\n"
        )
        model = self.folder / "model.onnx"
        self.old("calibrate", self.folder / "album", "--false-alarms", "0.05", "--out", model)
        with config.open("a") as stream:
            stream.write(f"model: {model}\n")

    def live_with_the_old_one(self) -> None:
        """Let the old daemon work; look at it with the new commands, and let it work on."""
        with self.daemon(self.old, "old.log"):
            self.drop("a", junk=3, normal=3)
            self.wait_moved(self.old, 3)
            ids = [record["id"] for record in self.list_pictures(self.old)]
            self.old("quarantine", "restore", ids[0])
            self.old("quarantine", "delete", ids[1])
            self.restored = next(path.name for path in self.inbox.iterdir() if path.suffix == ".png")
            for words in (("quarantine", "list"), ("status",), ("doctor",), ("status", "--json")):
                self.new(*words, check=False)  # while the old one runs
            self.all_are_there()
            self.drop("b", junk=2, normal=2)
            wait(lambda: self.count_in_quarantine() == 4, "the old daemon works on under the new commands")
        self.all_are_there()

    def upgrade(self) -> None:
        """Let the new daemon go on: what the old one knew is known, and what arrives is judged, once."""
        before = sorted(path.name for path in self.inbox.iterdir())
        known = {record["id"] for record in self.list_pictures(self.new)}
        assert len(known) == 3, f"of 3 pictures in quarantine {len(known)} are listed"
        with self.daemon(self.new, "new.log"):
            self.drop("c", junk=2, normal=2)
            wait(lambda: self.count_in_quarantine() == 6, "the new daemon moves what arrives")
            wait(lambda: self.new.status()["backlog"] == 0, "nothing waits")
            assert known < {record["id"] for record in self.list_pictures(self.new)}
        kept = [path.name for path in self.inbox.iterdir()]
        assert set(before) <= set(kept), "what the old one had kept was moved by the new one"
        assert self.new.status()["judged"] == 14, (
            f"14 pictures arrived, {self.new.status()['judged']} were judged"
        )
        self.all_are_there()

    def go_back(self) -> None:
        """Let the old daemon try on what the new one left: it refuses, or is right; nothing kept is moved."""
        before = sorted(path.name for path in self.inbox.iterdir())
        log = self.folder / "back.log"
        with log.open("wb") as stream:
            daemon = subprocess.Popen(
                [self.old.imgwatch, "watch", "--config", self.old.config], stderr=stream
            )
            time.sleep(15)
            how = "refuses" if daemon.poll() is not None else "goes on"
            daemon.terminate()
            daemon.wait(60)
        assert sorted(path.name for path in self.inbox.iterdir()) == before, "the old one moved what was kept"
        assert "Traceback" not in log.read_text(), log.read_text()
        self.all_are_there()
        print(f"back to the old version: it {how}, and moves nothing that was kept")

    def upgrade_again(self) -> None:
        """Let the new daemon take over once more; the user's decisions still hold."""
        with self.daemon(self.new, "again.log"):
            self.drop("d", junk=1, normal=1)
            wait(
                lambda: self.count_in_quarantine() == 7,
                "the new daemon moves what arrives after the way back",
            )
        assert (self.inbox / self.restored).exists(), "a restored picture was moved again"
        self.all_are_there()
        ids = [record["id"] for record in self.list_pictures(self.new)]
        self.new("quarantine", "restore", *ids)
        self.all_are_there()
        print("up, back and up again: every picture in one place, decisions kept, nothing judged twice")

    @contextmanager
    def daemon(self, commands: Commands, log: str) -> Iterator[None]:
        """Run a daemon, and stop it at the end."""
        with (self.folder / log).open("wb") as stream:
            running = subprocess.Popen(
                [commands.imgwatch, "watch", "--config", commands.config], stderr=stream
            )
            try:
                wait(lambda: commands.status().get("alive"), "the daemon is alive")
                yield
            finally:
                running.terminate()
                running.wait(60)
        assert "Traceback" not in (self.folder / log).read_text(), (self.folder / log).read_text()

    def drop(self, name: str, junk: int, normal: int) -> None:
        """Put pictures into the inbox: junk are the PNG files."""
        for number in range(normal):
            landscape(self.rng).save(self.inbox / f"{name}{number}.jpg", quality=90)
            self.drawn += digests(self.inbox, f"{name}{number}.jpg")
        for number in range(junk):
            picture = advertisement()
            picture.paste(Image.new("RGB", (9, 9), (number * 40, ord(name), 9)), (300, 220))
            picture.save(self.folder / "next.png")
            self.drawn += digests(self.folder, "next.png")
            (self.folder / "next.png").rename(self.inbox / f"{name}{number}.png")

    def wait_moved(self, commands: Commands, number: int) -> None:
        """Wait until so many are in quarantine, and nothing waits any more."""
        wait(lambda: self.count_in_quarantine() == number, f"{number} are in quarantine")
        wait(lambda: commands.status()["backlog"] == 0, "nothing waits")

    def list_pictures(self, commands: Commands) -> list[dict[str, str]]:
        """Return what a version lists."""
        return [json.loads(line) for line in commands("quarantine", "list", "--json").splitlines()]

    def count_in_quarantine(self) -> int:
        """Count the pictures in quarantine, those in the bin too."""
        return len(list(self.quarantine.glob("pictures/*")))

    def all_are_there(self) -> None:
        """See that each picture that ever arrived is in exactly one place."""
        present = digests(self.inbox) + digests(self.quarantine / "pictures")
        assert sorted(present) == sorted(self.drawn), "a picture is lost, or there twice"


if __name__ == "__main__":
    main()
