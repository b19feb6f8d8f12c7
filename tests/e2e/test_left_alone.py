"""What lay there on the first day, and what the user took back, is left alone whatever is done with it afterwards."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from conftest import WriteConfig, bright
from daemon import Daemon, objects, run

pytestmark = pytest.mark.e2e


def rate(path: Path, *, in_place: bool = False) -> None:
    """Write a rating into a picture, as photo managers do: its pixels stay, its bytes and times do not."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Rating", "5")
    stream = io.BytesIO()
    with Image.open(path) as picture:
        picture.save(stream, "PNG", pnginfo=texts)
    if in_place:
        path.write_bytes(stream.getvalue())
    else:
        path.with_name(".new").write_bytes(stream.getvalue())
        path.with_name(".new").replace(path)


def move_inside(path: Path) -> None:
    (path.parent / "album").mkdir()
    path.rename(path.parent / "album" / path.name)


def rename_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("Summer 2019"))


def copy_to_new_disk(path: Path) -> None:
    copy = path.parent.with_name(".copy")
    shutil.copytree(path.parent, copy, copy_function=shutil.copy2)
    shutil.rmtree(path.parent)
    copy.rename(path.parent)


HANDLING: dict[str, Callable[[Path], object]] = {
    "renamed": lambda path: path.rename(path.with_name("new name.png")),
    "moved inside": move_inside,
    "folder renamed": rename_folder,
    "rated": rate,
    "rated in place": lambda path: rate(path, in_place=True),
    "copied to a new disk": copy_to_new_disk,
}


def taken(config: Path) -> set[str]:
    """Return the names of what is in quarantine."""
    return {
        Path(row["original"]).name
        for row in objects(run("quarantine", "list", "--json", config=config).stdout)
    }


def add_new_junk(daemon: Daemon, inbox: Path, name: str) -> None:
    """Drop a picture that is new, and wait until it is taken: what lay there was looked at before."""
    bright(inbox / name)
    daemon.wait_log(f"{name} -> quarantine")


@pytest.mark.parametrize("is_running", [True, False], ids=["while it runs", "while it does not"])
def test_a_picture_of_the_first_day(tmp_path: Path, write_config: WriteConfig, is_running: bool) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    pictures = {name: bright(inbox / name / "sub" / "old.png") for name in HANDLING}
    with Daemon(config) as daemon:
        if is_running:
            for name, handle in HANDLING.items():
                handle(pictures[name])
            add_new_junk(daemon, inbox, "junk.png")
    if not is_running:
        for name, handle in HANDLING.items():
            handle(pictures[name])
    with Daemon(config) as daemon:
        add_new_junk(daemon, inbox, "later.png")
    assert taken(config) <= {"junk.png", "later.png"}
    assert len([path for path in inbox.rglob("*.png") if path.is_file()]) == len(HANDLING)


def test_a_rated_picture_is_known_by_its_pixels_from_then_on(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    picture = bright(inbox / "old.png")
    with Daemon(config) as daemon:
        rate(picture)
        daemon.wait_judged(1)
        rate(picture)
        picture.rename(inbox / "chosen.png")
        add_new_junk(daemon, inbox, "junk.png")
    assert taken(config) == {"junk.png"}


@pytest.mark.parametrize("before", ["recursive: false", "ignore: [sub]"])
def test_what_lies_where_nobody_looked_before(tmp_path: Path, write_config: WriteConfig, before: str) -> None:
    inbox = tmp_path / "inbox"
    bright(inbox / "sub" / "old.png")
    config = write_config(watch=f"[{{path: {inbox}, {before}}}]")
    with Daemon(config) as daemon:
        add_new_junk(daemon, inbox, "junk.png")
    write_config()
    with Daemon(config) as daemon:
        add_new_junk(daemon, inbox / "sub", "new.png")
    assert taken(config) == {"junk.png", "new.png"}


def test_an_old_name_does_not_cover_another_picture(tmp_path: Path, write_config: WriteConfig) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    bright(inbox / "latest.png")
    with Daemon(config) as daemon:
        new = inbox / ".new"
        Image.effect_noise((400, 400), 20).point(lambda value: min(255, value + 110)).convert("RGB").save(
            new, "PNG"
        )
        assert new.stat().st_size > 70_000
        new.replace(inbox / "latest.png")
        daemon.wait_log("latest.png -> quarantine")


def test_a_new_copy_of_what_was_deleted_by_hand_is_junk_as_before(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox, pictures = write_config(), tmp_path / "inbox", tmp_path / "quarantine" / "pictures"
    with Daemon(config) as daemon:
        add_new_junk(daemon, inbox, "spam.png")
        (pictures / "spam.png").unlink()
        again = bright(inbox / ".again.png")
        os.utime(again, (1.6e9, 1.6e9))
        again.rename(inbox / "again.png")
        daemon.wait_log("again.png -> quarantine")
    assert not list(inbox.iterdir())


@pytest.mark.parametrize("how", ["restored", "dragged back", "dragged back under another name"])
@pytest.mark.parametrize("is_rated", [False, True], ids=["as it was", "rated"])
def test_what_the_user_took_back(tmp_path: Path, write_config: WriteConfig, how: str, is_rated: bool) -> None:
    config, inbox, pictures = write_config(), tmp_path / "inbox", tmp_path / "quarantine" / "pictures"
    with Daemon(config) as daemon:
        add_new_junk(daemon, inbox, "mine.png")
        if how == "restored":
            run("quarantine", "restore", "--all", config=config)
            if is_rated:
                rate(inbox / "mine.png")
        else:
            if is_rated:
                rate(pictures / "mine.png")
            (pictures / "mine.png").rename(inbox / ("mine.png" if how == "dragged back" else "best.png"))
        add_new_junk(daemon, inbox, "junk.png")
    assert taken(config) == {"junk.png"}
    assert len(list(inbox.iterdir())) == 1
    if how == "restored" and not is_rated:
        return
    os.utime(next(inbox.iterdir()))  # a new version of the file: it is judged once more
    with Daemon(config) as daemon:
        add_new_junk(daemon, inbox, "more.png")
    assert taken(config) == {"junk.png", "more.png"}
    assert "is a record without a picture" not in run("doctor", config=config, code=None).stdout
