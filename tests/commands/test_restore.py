"""`quarantine restore` and its like: who is meant, and where it goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import WriteConfig, bright
from daemon import objects, run, tree
from imgwatch.commands.choosing import follow_renamed
from imgwatch.errors import OutsideRoots
from imgwatch.files import Identity
from imgwatch.former_folders import FormerFolders
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.quarantine import Quarantine

pytestmark = pytest.mark.e2e


def fill(config: Path, inbox: Path, *names: str) -> None:
    for number, name in enumerate(names):
        bright(inbox / name)
        os.utime(inbox / name, (1_700_000_000 + number,) * 2)
    run("rescan", "--yes", config=config)


def left(config: Path) -> list[str]:
    listed = objects(run("quarantine", "list", "--json", config=config).stdout)
    return sorted(Path(record["original"]).name for record in listed)


def test_by_name_path_and_folder_and_one_in_the_way_stops_no_other(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox = write_config(breaker="{window: 1000}"), tmp_path / "inbox"
    fill(config, inbox, "a/1.png", "a/2.png", "a/3.png", "b/4.png", "b/5.png", "6.png")
    (inbox / "a" / "2.png").write_bytes(b"in the way")
    done = run("quarantine", "restore", inbox / "a", "6.png", "none.png", config=config, code=None)
    assert done.returncode == 73
    assert "2.png is in the way" in done.stderr
    assert "none.png" in done.stderr
    assert "3 restored, 2 not." in done.stdout
    assert left(config) == ["2.png", "4.png", "5.png"]
    run("quarantine", "keep", inbox / "b" / "4.png", config=config)
    run("quarantine", "delete", inbox / "b", config=config)
    assert left(config) == ["2.png"]
    assert "5.png" in run("quarantine", "show", "5.png", config=config).stdout
    run("quarantine", "undo", inbox / "b", config=config)
    assert left(config) == ["2.png", "4.png", "5.png"]


def test_to_keeps_the_folders_below_the_watched_one_and_numbers_what_collides(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox, out = write_config(breaker="{window: 1000}"), tmp_path / "inbox", tmp_path / "out"
    fill(config, inbox, "a/1.png", "a/b/1.png", "2.png")
    (inbox / "2.xmp").write_bytes(b"companion")
    (out / "a").mkdir(parents=True)
    (out / "a" / "1.png").write_bytes(b"there already")
    run("quarantine", "restore", "--all", "--to", out, config=config)
    assert set(tree(out)) == {"a/1.png", "a/1-2.png", "a/b/1.png", "2.png"}
    assert run("quarantine", "restore", "--all", "--flat", config=config, code=2).stderr


def test_flat_puts_all_into_one_folder(tmp_path: Path, write_config: WriteConfig) -> None:
    config, inbox, out = write_config(breaker="{window: 1000}"), tmp_path / "inbox", tmp_path / "out"
    for name in ("a/1.xmp", "b/1.xmp"):
        (inbox / name).parent.mkdir(parents=True)
        (inbox / name).write_bytes(name.encode())
    fill(config, inbox, "a/1.png", "b/1.png")
    run("quarantine", "restore", "--all", "--to", out, "--flat", config=config)
    assert set(tree(out)) == {"1.png", "1.xmp", "1-2.png", "1-2.xmp"}
    pairs = {(out / f"{stem}.xmp").read_bytes()[:1] for stem in ("1", "1-2")}
    assert pairs == {b"a", b"b"}


def test_where_the_watched_folder_was_renamed_the_new_one_is_offered(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox, new = write_config(breaker="{window: 1000}"), tmp_path / "inbox", tmp_path / "pictures"
    fill(config, inbox, "a/1.png")
    inbox.rename(new)
    config.write_text(config.read_text().replace(str(inbox), str(new)))
    refused = run("quarantine", "restore", "--all", config=config, code=74)
    assert f"{inbox}, where pictures came from, seems to be {new} now: add --to {new}" in refused.stderr
    run("quarantine", "restore", "--all", "--to", new, config=config)
    assert set(tree(new)) == {"a/1.png"}


def test_a_renamed_folder_is_known_by_its_inode_or_as_the_only_watched_one(tmp_path: Path) -> None:
    old, new, other = tmp_path / "old", tmp_path / "new", tmp_path / "other"
    picture = old / "a" / "1.png"
    for folder in (new, other):
        folder.mkdir()
    ino = new.stat().st_ino
    by_inode = FormerFolders([old, other], [old, other], {old: ino, other: 1})
    assert by_inode.move_of(picture) == (old, new)
    assert by_inode.below(picture, [picture]) == Path("a")
    assert FormerFolders([other], [other], {old: 0}).move_of(picture) == (old, other)
    assert FormerFolders([new, other], [new, other], {old: 0}).move_of(picture) is None, "which of the two?"
    assert FormerFolders([old, other], [old, other], {}).move_of(picture) is None, "its disk may be away"
    assert FormerFolders([other], [other], {}).move_of(picture) is None
    strays = [picture, old / "b" / "2.png"]
    assert FormerFolders([other], [other], {}).below(picture, strays) == Path("a")
    old.mkdir()
    assert by_inode.move_of(picture) is None


def test_on_a_terminal_each_new_folder_is_asked_for_once(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    quarantine = Quarantine(tmp_path / "quarantine")
    judgement = Judgement(Verdict.QUARANTINE, in_words("bright"), "m", 0.9, 0.5)
    records = []
    for name in ("1.png", "2.png"):
        path = bright(old / name)
        records.append(quarantine.quarantine(path, Identity.of(path.stat()), judgement))
    old.rename(new)
    folders = FormerFolders([new], [new], {old: new.stat().st_ino})
    asked: list[str] = []

    def agrees(question: str) -> bool:
        asked.append(question)
        return True

    assert follow_renamed(records, folders, agrees) == (records, {record.id: new for record in records})
    assert asked == [f"{old}, where pictures came from, seems to be {new} now. Restore them there?"]
    refused, agreed = follow_renamed(records, folders, lambda _: False)
    assert agreed == {}
    assert all(isinstance(fault, OutsideRoots) for fault in refused)
