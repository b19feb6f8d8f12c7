"""What belongs to a picture, through the real daemon and the commands."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from conftest import WriteConfig, picture_bytes
from daemon import Daemon, digests, objects, run, tree, wait_until

pytestmark = pytest.mark.e2e
SIDECARS = ("IMG_1.AAE", "IMG_1.xmp", "IMG_1.JPG.xmp", "IMG_1.JPG.supplemental-metadata.json", "IMG_1.CR3")


def write_set(folder: Path, brightness: int = 230) -> Path:
    """Write a set that is to be renamed into a watched folder, all at once: its RAW would be judged alone."""
    folder.mkdir()
    for name in SIDECARS:
        (folder / name).write_bytes(name.encode())
    (folder / "IMG_1.JPG").write_bytes(picture_bytes(brightness, file_format="JPEG"))
    return folder


def test_a_set_moves_comes_back_and_is_taken_again_by_undo(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox, pictures = tmp_path / "inbox", tmp_path / "quarantine" / "pictures"
    content = b"film" * 1000
    with Daemon(write_config()) as daemon:
        written = write_set(tmp_path / "set")
        (written / "IMG_1.MOV").write_bytes(content)
        before, everything = (
            {f"set/{name}": sha256 for name, sha256 in tree(written).items()},
            digests(written),
        )
        with (written / "IMG_1.MOV").open("wb") as film:
            written.rename(inbox / "set")
            for start in range(0, len(content), 500):  # longer than the picture takes to settle
                film.write(content[start : start + 500])
                film.flush()
                time.sleep(0.1)
        daemon.wait_judged(1)
        assert tree(inbox) == {}
        assert digests(pictures) == everything
        [record] = objects(run("quarantine", "list", "--json", config=daemon.config).stdout)
        assert {one["name"] for one in record["companions"]} == {*SIDECARS, "IMG_1.MOV"}
        assert "IMG_1.MOV" in run("quarantine", "show", record["id"], config=daemon.config).stdout
        run("quarantine", "restore", record["id"], config=daemon.config)
        assert tree(inbox) == before
        run("quarantine", "undo", "--yes", config=daemon.config)
        assert tree(inbox) == {}
        [again] = objects(run("quarantine", "list", "--json", config=daemon.config).stdout)
        run("quarantine", "restore", again["id"], config=daemon.config)
        assert tree(inbox) == before
        assert daemon.status()["judged"] == 1


def test_a_set_whose_picture_is_normal_or_that_is_shared_stays(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox = tmp_path / "inbox"
    with Daemon(write_config()) as daemon:
        written = write_set(tmp_path / "set", brightness=20)
        for name in ("b.jpg", "b.png"):
            (written / name).write_bytes(picture_bytes(230, file_format="JPEG" if name == "b.jpg" else "PNG"))
        (written / "b.xmp").write_bytes(b"of which?")
        written.rename(inbox / "set")
        daemon.wait_judged(3)
        assert set(tree(inbox / "set")) == {*SIDECARS, "IMG_1.JPG", "b.xmp"}


def test_alone_means_alone(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    with Daemon(write_config(companions="alone")) as daemon:
        write_set(tmp_path / "set").rename(inbox / "set")
        daemon.wait_judged(1)
        assert set(tree(inbox / "set")) == set(SIDECARS)


def test_a_picture_waits_for_a_film_that_is_open_although_it_is_quiet(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox = tmp_path / "inbox"
    with Daemon(write_config()) as daemon:
        written = write_set(tmp_path / "set")
        film = os.open(written / "IMG_1.MOV", os.O_CREAT | os.O_WRONLY)
        os.write(film, b"half")
        written.rename(inbox / "set")
        wait_until(lambda: daemon.status().get("judged", 0) >= 1)
        assert "IMG_1.JPG" in tree(inbox / "set")
        os.write(film, b"whole")
        os.close(film)
        wait_until(lambda: tree(inbox) == {}, says="the set is moved")
        assert daemon.status()["breaker"] == "closed"


@pytest.mark.parametrize("method", ["auto", "poll"])
def test_what_comes_later_follows_its_picture(tmp_path: Path, write_config: WriteConfig, method: str) -> None:
    inbox, pictures = tmp_path / "inbox", tmp_path / "quarantine" / "pictures"
    inbox.mkdir(exist_ok=True)
    config = write_config(watch=f"[{{path: {inbox}, method: {method}}}]")
    with Daemon(config) as daemon:
        (inbox / "IMG_1.JPG").write_bytes(picture_bytes(230, file_format="JPEG"))
        daemon.wait_judged(1)
        wait_until(lambda: tree(inbox) == {}, says="the picture is moved")
        for name in (*SIDECARS, "IMG_1.MOV", "IMG_2.xmp"):
            (inbox / name).write_bytes(name.encode())
        wait_until(lambda: set(tree(inbox)) == {"IMG_2.xmp"}, says="the others follow")
        assert set(tree(pictures)) == {"IMG_1.JPG", *SIDECARS, "IMG_1.MOV"}
        [record] = objects(run("quarantine", "list", "--json", config=config).stdout)
        run("quarantine", "restore", record["id"], config=config)
        assert set(tree(inbox)) == {"IMG_1.JPG", *SIDECARS, "IMG_1.MOV", "IMG_2.xmp"}
        assert daemon.status()["judged"] == 1, "the RAW was not judged by itself"


@pytest.mark.parametrize("method", ["auto", "poll"])
def test_what_comes_later_follows_a_picture_that_was_moved_on(
    tmp_path: Path, write_config: WriteConfig, method: str
) -> None:
    inbox, there = tmp_path / "inbox", tmp_path / "sorted"
    inbox.mkdir(exist_ok=True)
    config = write_config(
        watch=f"[{{path: {inbox}, method: {method}}}]", kinds=f"{{stranger: {{action: move, to: {there}}}}}"
    )
    late = {"IMG_1.AAE", "IMG_1.xmp"}
    with Daemon(config) as daemon:
        (inbox / "IMG_1.JPG").write_bytes(picture_bytes(230, file_format="JPEG"))
        wait_until(lambda: (there / "IMG_1.JPG").exists(), says="the picture is moved on")
        for name in (*late, "IMG_2.xmp"):
            (inbox / name).write_bytes(name.encode())
        wait_until(lambda: set(tree(inbox)) == {"IMG_2.xmp"}, says="the others follow")
        wait_until(lambda: set(tree(there)) == {"IMG_1.JPG", *late}, says="the set is there")
        assert daemon.status()["judged"] == 1
    (inbox / "IMG_1.JPG.xmp").write_bytes(b"while no daemon runs")
    assert "would follow" in run("rescan", "--dry-run", config=config).stdout
    assert "1 late companion moved" in run("rescan", config=config).stdout
    assert set(tree(there)) == {"IMG_1.JPG", "IMG_1.JPG.xmp", *late}
    run("quarantine", "restore", "IMG_1.JPG", config=config)
    assert set(tree(inbox)) == {"IMG_1.JPG", "IMG_1.JPG.xmp", "IMG_2.xmp", *late}
    assert tree(there) == {}
