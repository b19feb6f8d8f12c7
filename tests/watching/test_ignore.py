"""What is left alone: patterns as git reads them, and names that NAS boxes, systems and sync programs use."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imgwatch.ignore import Ignore
from imgwatch.scan import Scope, walk
from imgwatch.settings import DEFAULT_IGNORE


def left(root: Path, *patterns: str, names: tuple[str, ...]) -> set[str]:
    """Return what a walk yields of files with these names; what an event would say must be the same."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    scope = Scope(root, ignore=patterns)
    seen = {str((folder / name).relative_to(root)) for folder, listing in walk(scope) for name in listing}
    assert seen == {name for name in names if scope.admits(root / name)}
    return seen


NAMES = (
    "Family/a.jpg",
    "Family/sub/b.jpg",
    "sub/Family/c.jpg",
    "x/Raw/d.jpg",
    "x/Raw/deep/e.jpg",
    "keep.jpg",
    "f.jpg",
)


@pytest.mark.parametrize(
    ("patterns", "ignored"),
    [
        (["Family/"], {"Family/a.jpg", "Family/sub/b.jpg", "sub/Family/c.jpg"}),
        (["family"], {"Family/a.jpg", "Family/sub/b.jpg", "sub/Family/c.jpg"}),
        (["/Family"], {"Family/a.jpg", "Family/sub/b.jpg"}),
        (["/Family/"], {"Family/a.jpg", "Family/sub/b.jpg"}),
        (["Family/**"], {"Family/a.jpg", "Family/sub/b.jpg"}),
        (["Family/*.JPG"], {"Family/a.jpg"}),
        (["**/Family/**"], {"Family/a.jpg", "Family/sub/b.jpg", "sub/Family/c.jpg"}),
        (["**/Raw/*.jpg"], {"x/Raw/d.jpg"}),
        (["**/f.jpg"], {"f.jpg"}),
        (["/f.jpg", "/d.jpg"], {"f.jpg"}),
        (["f.jpg/"], set()),
        (["x/**/e.jpg"], {"x/Raw/deep/e.jpg"}),
        (["*.jpg", "!keep.jpg"], set(NAMES) - {"keep.jpg"}),
        (["*.jpg", "!Family/", "!keep.jpg", "keep.*"], set(NAMES)),
        (["Family/**", "!Family/a.jpg"], {"Family/sub/b.jpg"}),
        (["", "/"], set()),
    ],
)
def test_patterns_are_those_of_gitignore(tmp_path: Path, patterns: list[str], ignored: set[str]) -> None:
    assert left(tmp_path, *patterns, names=NAMES) == set(NAMES) - ignored


@given(
    st.lists(
        st.from_regex(r"/?(\*\*/)?([ab*?]{1,2}/){0,2}([ab*?]{1,2}|\*\*)/?", fullmatch=True).filter(
            lambda pattern: "***" not in pattern
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_git_agrees(tmp_path: Path, patterns: list[str]) -> None:
    names = ("a", "b", "ab/a", "ab/b", "ba/aa/b", "ba/bb/a", "aa/a", "aa/bb/ab")
    tree, git = tmp_path / "tree", ["git", f"--git-dir={tmp_path}/git", f"--work-tree={tmp_path}/tree"]
    if not tree.exists():
        tree.mkdir()
        subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "git" / "info" / "exclude").write_text("\n".join(patterns))
    listed = [*git, "ls-files", "-z", "--others", "--exclude-standard", "--", ":/"]
    seen = left(tree, *patterns, names=names)
    done = subprocess.run(listed, cwd=tree, capture_output=True, text=True, check=True)
    assert seen == {*done.stdout.split("\0")} - {""}


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir/IMG_1.JPG/SYNOPHOTO_THUMB_XL.jpg", "#recycle/a.jpg", "#snapshot/GMT-2026/a.jpg", "@Recycle/a.jpg",
        "@Recently-Snapshot/a.jpg", "$RECYCLE.BIN/a.jpg", "System Volume Information/a.jpg", "lost+found/a.jpg",
        ".stfolder/a.jpg", ".stversions/a.jpg", ".Trash-1000/files/a.jpg", ".thumbnails/1.jpg", "._IMG_1.JPG",
        "a.jpg.filepart", "b.jpg.opdownload", "c.jpg.download", "d.jpg.partial", "e.jpg~", "f.jpg.bak", "h.jpg.PART",
        "i.TMP", "~syncthing~j.jpg.tmp", "Unconfirmed 1234.crdownload", "o.jpg.!ut", "p.jpg.aria2", ".~lock.jpg",
        "@EADIR/a.jpg",
    ],
)  # fmt: skip
def test_the_default_knows_the_world(name: str) -> None:
    assert Ignore(DEFAULT_IGNORE).ignores(tuple(name.split("/")))


@pytest.mark.parametrize(
    "name", ["a.jpg", "eaDir.jpg", "recycle/a.png", "part.jpg", "a~b.jpg", "bak/tmp.webp"]
)
def test_the_default_leaves_alone_no_more(name: str) -> None:
    assert not Ignore(DEFAULT_IGNORE).ignores(tuple(name.split("/")))


def test_names_alone_ask_no_path() -> None:
    assert not Ignore(DEFAULT_IGNORE).has_paths
    ignore = Ignore(("*.part", "Raw/*.jpg", "Family/"))
    assert ignore.by_name("a.part")
    near = ignore.by_path("elsewhere")
    assert near is not None
    assert not near("a.jpg", False)


def test_a_part_of_a_watched_folder_keeps_its_patterns(tmp_path: Path) -> None:
    (tmp_path / "Raw").mkdir()
    (tmp_path / "Raw" / "a.jpg").touch()
    part = Scope(tmp_path / "Raw", ignore=("Raw/*.jpg",), base=tmp_path)
    assert list(walk(part)) == []
    assert not part.admits(tmp_path / "Raw" / "a.jpg")
