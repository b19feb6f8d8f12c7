"""Which folders the service may write: few, and so that a rename stays a rename."""

from __future__ import annotations

from pathlib import Path

from imgwatch.systemd import sandbox

HOME = Path("/home/alice")


def one_disk(_one: Path, _other: Path) -> bool:
    return True


def planned(watched: list[str], quarantine: str, others: list[str] | None = None) -> sandbox.Writable:
    return sandbox.plan([*map(Path, watched)], Path(quarantine), [*map(Path, others or [])], [HOME], one_disk)


def test_neighbours_get_one_common_tree_and_a_rename() -> None:
    plan = planned(["/home/alice/Pictures/Inbox"], "/home/alice/Pictures/.imgwatch-quarantine")
    assert plan.trees == (Path("/home/alice/Pictures"),)
    assert [way.is_rename for way in plan.ways] == [True]


def test_a_quarantine_inside_the_watched_folder_opens_just_that() -> None:
    assert planned(["/srv/upload"], "/srv/upload/.quarantine").trees == (Path("/srv/upload"),)


def test_a_whole_home_is_never_opened_and_a_better_place_is_named() -> None:
    plan = planned(["/home/alice/Pictures/Inbox"], "/home/alice/.local/share/imgwatch/quarantine")
    assert plan.trees == (
        Path("/home/alice/.local/share/imgwatch/quarantine"),
        Path("/home/alice/Pictures/Inbox"),
    )
    assert not plan.ways[0].is_rename
    assert "/home/alice/Pictures/.imgwatch-quarantine" in plan.ways[0].why


def test_the_place_that_is_named_would_be_a_rename() -> None:
    for watched in ("/srv/upload", "/mnt/disk", "/home/alice/Inbox"):
        why = planned([watched], "/var/lib/imgwatch/quarantine").ways[0].why
        named = why.partition("path: ")[2].partition("}")[0]
        assert planned([watched], named).ways[0].is_rename, (watched, named)


def test_two_file_systems_are_two_trees() -> None:
    plan = sandbox.plan([Path("/mnt/a/in")], Path("/mnt/a/q"), same_device=lambda _a, _b: False)
    assert plan.trees == (Path("/mnt/a/in"), Path("/mnt/a/q"))
    assert not plan.ways[0].is_rename


def test_a_tree_below_another_is_dropped_since_it_would_be_a_border() -> None:
    plan = planned(["/srv/pics/in", "/srv/pics/more/in"], "/srv/pics/q", ["/srv/pics/state", "/srv/state"])
    assert plan.trees == (Path("/srv/pics"), Path("/srv/state"))
    assert all(way.is_rename for way in plan.ways)


def test_a_folder_to_be_made_lies_on_the_disk_of_the_nearest_one_that_is_there(tmp_path: Path) -> None:
    assert sandbox.on_same_device(tmp_path / "not" / "there", tmp_path)
    assert not sandbox.on_same_device(Path("/proc/nothing"), tmp_path)
