"""The container's files name commands, options and folders that are there."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main
import yaml

from imgwatch.cli import app

OCI = Path(__file__).parent.parent.parent / "release" / "oci"


def test_compose_runs_commands_that_are_there_and_gives_no_rights() -> None:
    compose = yaml.safe_load((OCI / "compose.yaml").read_text())
    commands = typer.main.get_command(app()).commands  # type: ignore[attr-defined]
    for service in compose["services"].values():
        name, *words = service["command"]
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["user"] != "0:0"
    (published,) = compose["services"]["gallery"]["ports"]
    assert published.startswith("127.0.0.1:")


def test_the_image_runs_as_nobody_special_and_copies_what_a_release_has() -> None:
    text = (OCI / "Containerfile").read_text()
    assert re.search(r"^USER 1000:1000$", text, re.MULTILINE)
    sources = re.findall(r"^COPY (?!--from)(\S+)", text, re.MULTILINE)
    assert sources == ["constraints.txt", "dist/imgwatch-*.whl"]
    volumes = yaml.safe_load((OCI / "compose.yaml").read_text())["services"]["imgwatch"]["volumes"]
    assert {volume.partition(":")[2] for volume in volumes} == {"/config", "/state", "/pictures"}
