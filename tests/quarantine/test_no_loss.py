"""No sequence of operations and faults loses a picture."""

from __future__ import annotations

import errno
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory import folder_in_memory

from .faulty_steps import assert_whole, attempt
from .scene import HOW, KILL, Quick, Scene, Stumbling

OPERATIONS = ("quarantine", "restore", "restore_to", "delete", "purge")
STUMBLES = st.one_of(
    st.none(),
    st.builds(
        Stumbling,
        st.integers(0, 40),
        st.sampled_from([KILL, errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS]),
        st.sampled_from(HOW),
        lasting=st.booleans(),
    ),
)


def do_one(scene: Scene, operation: str, number: int) -> None:
    files = [path for path in scene.inbox.iterdir() if path.is_file()]
    outside = sorted(path for path in files if not path.name.startswith(".imgwatch-"))  # no scan takes these
    inside = list(scene.quarantine.list())
    if operation == "quarantine" and outside:
        path = outside[number % len(outside)]
        scene.take(path, [p.name for p in outside if p.stem == path.stem and p != path])
    elif operation == "purge":
        scene.quarantine.purge(max_bytes=20 * number)
    elif inside and operation != "quarantine":
        record = inside[number % len(inside)]
        if operation == "delete":
            scene.quarantine.delete(record)
        else:
            scene.quarantine.restore(record, to=scene.elsewhere if operation == "restore_to" else None)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    across=st.booleans(),
    steps=st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 9), STUMBLES), max_size=12),
)
def test_no_sequence_of_operations_and_faults_loses_a_picture(
    across: bool, steps: list[tuple[str, int, Stumbling | None]]
) -> None:
    with folder_in_memory() as folder:
        scene = Scene(folder, across=across)
        for name in ("a.jpg", "b.jpg", "b.mov", "b.xmp", "c\n.png", "c\n.aae", "\udcff.gif", "a.JPG"):
            scene.add(name, name.encode("utf-8", "surrogateescape") * 3)
        before = scene.everything()
        for operation, number, stumbling in steps:
            act = partial(do_one, operation=operation, number=number)
            attempt(scene, act, stumbling or Quick(), may_refuse=True)
        scene.quarantine.recover()
        assert_whole(scene, before)


def test_what_waits_for_the_end_of_an_interrupted_move_is_not_deleted() -> None:
    for step in range(50):
        with folder_in_memory() as folder:
            scene = Scene(folder, across=True)
            for name in ("a.jpg", "a.xmp"):
                scene.add(name)
            before = scene.everything()
            attempt(scene, lambda scene: do_one(scene, "quarantine", 0), Stumbling(step, KILL, "after"))
            attempt(scene, lambda scene: do_one(scene, "delete", 0), Stumbling(1))
            scene.quarantine.recover()
            assert_whole(scene, before)
