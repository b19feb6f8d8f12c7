"""What reviews teach a training, told by the real commands: train, judge, decide, train again, offer back, replace."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from imgwatch.cli import app
from imgwatch.commands.context import load_settings, open_ledger, open_quarantine

pytestmark = pytest.mark.train

EARTH, SEA = (1.2, 1.0, 0.7), (0.5, 0.9, 1.5)
QUICK = {"seed": 1, "perceptual": {"pseudo_junk": 36, "hidden": 24, "epochs": 4}}


def _tiles(rng: np.random.Generator, colour: tuple[float, ...], across: int) -> Image.Image:
    """A sharp scene of tiles, unlike any other of its colour."""
    tiles = rng.integers(40, 160, (24, across, 3)) * np.array(colour)
    return Image.fromarray(tiles.clip(0, 255).astype(np.uint8)).resize((160, 160), Image.Resampling.NEAREST)


def _fill(folder: Path, name: str, count: int, colour: tuple[float, ...], across: int = 24) -> list[Path]:
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(len(name))
    paths = [folder / f"{name}-{number:02}.png" for number in range(count)]
    for path in paths:
        _tiles(rng, colour, across).save(path)
    return paths


@dataclass(frozen=True)
class User:
    """Someone with an album of earthen tiles and an inbox in which pictures of the sea arrive, and greetings."""

    home: Path

    @property
    def album(self) -> Path:
        return self.home / "album"

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def model(self) -> Path:
        return self.home / "mine.onnx"

    @property
    def config(self) -> Path:
        return self.home / "config.yaml"

    def write_config(self) -> None:
        self.inbox.mkdir()
        settings = {
            "watch": [{"path": str(self.inbox)}],
            "model": str(self.model),
            "quarantine": {"path": str(self.home / "quarantine")},
            "state": str(self.home / "state"),
            "breaker": {"window": 10000, "share": 1},
            "train": QUICK,
        }
        self.config.write_text(json.dumps(settings))

    def says(self, *words: str | Path) -> str:
        done = CliRunner().invoke(app(), [*map(str, words), "--config", str(self.config)])
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    def lines(self, *words: str | Path) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.says(*words, "--json").splitlines()]

    def ids(self, name: str) -> list[str]:
        return [row["id"] for row in self.lines("quarantine", "list") if f"/{name}-" in row["original"]]


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> User:
    """Train, judge, restore most of the sea, delete the greetings."""
    user = User(tmp_path_factory.mktemp("user"))
    _fill(user.album, "earth", 36, EARTH)
    user.write_config()
    user.says("train", user.album, "--out", user.model)
    _fill(user.inbox, "sea", 24, SEA)
    _fill(user.inbox, "greeting", 4, (2.0, 0.4, 0.4), across=3)
    _fill(user.inbox, "more-earth", 6, EARTH)
    user.says("rescan")
    assert len(user.ids("sea")) == 24
    assert len(user.ids("greeting")) == 4
    greeting = user.ids("greeting")[0]
    settings = load_settings(user.config)
    with open_ledger(settings) as ledger:
        quarantine = open_quarantine(settings, ledger)
        shutil.copy(quarantine.picture(quarantine.find(greeting)), user.album / "slipped-in.png")
    user.says("quarantine", "restore", *user.ids("sea")[:18])
    user.says("quarantine", "delete", *user.ids("greeting"))
    return user


@pytest.fixture(scope="module")
def trained(user: User) -> dict[str, object]:
    """Train anew from the reviews, in the place of the model in use; return what the command says."""
    (said,) = user.lines("train", user.album, "--from-reviews", "--out", user.model)
    return dict(said)


def test_restored_pictures_come_in_and_copies_of_deleted_ones_stay_out(trained: dict[str, object]) -> None:
    training = trained["training"]
    assert isinstance(training, dict)
    assert training["pictures"]["held_out"] == 36 + 18
    assert training["pictures"]["duplicates"] == 0


def test_the_new_model_by_itself_keeps_what_was_restored(user: User, trained: dict[str, object]) -> None:
    assert trained["model"] == str(user.model)
    restored = sorted(user.inbox.glob("sea-*.png"))
    judged = user.lines("score", *restored)
    assert len(judged) == 18
    assert [line["verdict"] for line in judged] == 18 * ["keep"]
    assert [line["verdict"] for line in user.lines("score", user.album / "slipped-in.png")] == ["quarantine"]


def test_before_it_replaced_the_old_one_it_was_compared_with_it(
    user: User, trained: dict[str, object]
) -> None:
    shadow = trained["shadow"]
    assert isinstance(shadow, dict)
    assert shadow["kept"] == 18 + 6
    assert shadow["held"] == 6
    assert set(shadow["returns"]) <= set(user.ids("sea"))
    assert len(shadow["returns"]) >= 4
    assert not [path for path in shadow["moves"] if "sea-" in path], "what was restored never moves"
    assert not user.model.with_name("mine.new.onnx").exists()


def test_what_is_no_longer_junk_is_offered_back_and_nothing_else(
    user: User, trained: dict[str, object]
) -> None:
    shadow = trained["shadow"]
    assert isinstance(shadow, dict)
    offered = {line["id"] for line in user.lines("rescan", "--quarantine")}
    assert offered >= set(shadow["returns"])
    assert offered <= set(user.ids("sea"))
    assert "imgwatch quarantine restore" in user.says("rescan", "--quarantine")
