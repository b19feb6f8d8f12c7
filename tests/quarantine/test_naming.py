"""Names in the quarantine: any name goes in and comes back."""

from __future__ import annotations

import os

import pytest

from .scene import Scene, tree


def test_same_names_do_not_collide(scene: Scene) -> None:
    paths = [scene.add(f"{number}/cat.jpg", str(number).encode()) for number in range(3)]
    before = tree(scene.inbox)
    records = [scene.take(path) for path in paths]
    assert len({record.file for record in records}) == 3
    assert all(record.file.startswith("cat") and record.file.endswith(".jpg") for record in records)
    for record in records:
        scene.quarantine.restore(record)
    assert tree(scene.inbox) == before


@pytest.mark.parametrize(
    "name",
    [
        "new\nline.jpg",
        "\x1b[31mred.png",
        "--force.gif",
        "-",
        " ",
        ".hidden",
        "\u202egnp.exe",
        "\udcff\udcfe.jpg",
        "x" * 251 + ".jpg",
        "\u00e4" * 127,
        ".part",
        ".json",
        "a.json",
    ],
)
def test_any_name_goes_and_comes_back(scene: Scene, name: str) -> None:
    path = scene.add(name)
    other = scene.add("sub/" + name, b"other")
    before = tree(scene.inbox)
    records = [scene.take(path), scene.take(other)]
    assert tree(scene.inbox) == {}
    assert all(len(os.fsencode(record.file)) <= 250 for record in records)
    for record in scene.quarantine.list():
        scene.quarantine.restore(record)
    assert tree(scene.inbox) == before


def test_a_long_name_is_shortened_between_characters_and_keeps_its_extension(scene: Scene) -> None:
    record = scene.take(scene.add("\u00e4" * 125 + ".jpg"))
    assert record.file == "\u00e4" * 123 + ".jpg"
