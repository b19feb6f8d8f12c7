"""Checks whether a daemon runs without trouble, and whether the installed units still fit the config."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from imgwatch import kind_rules
from imgwatch.doctor.finding import Finding, Subject, fault, ok, warning
from imgwatch.status import is_held, read_status
from imgwatch.systemd import sandbox
from imgwatch.systemd.installed import installed_for, text_of
from imgwatch.wording import counted


def check_daemon(subject: Subject) -> Iterator[Finding]:
    """Check the running daemon for troubles."""
    state = subject.settings.state
    if not is_held(state):
        yield warning("no daemon is running with this config", "imgwatch service install, or imgwatch watch")
        return
    report = read_status(state)
    if not report:
        yield warning("a daemon is starting", "look again in a moment: imgwatch status")
        return
    if report.get("alive"):
        yield ok(
            f"daemon: alive, pid {report.get('pid')}, {counted(report.get('backlog', 0), 'picture')} waiting"
        )
    else:
        yield fault("a daemon is waiting, and cannot start", "see its reason in the next line")
    for trouble in report.get("troubles", []):
        yield warning(f"the daemon says: {trouble}", "mend what it names")
    for folder, how in report.get("folders", {}).items():
        if how == "gone":
            yield fault(f"{folder}: gone, the daemon waits for it", "mount it or make it again")


def check_units(subject: Subject) -> Iterator[Finding]:
    """Check the sandbox of the installed units against what the config needs now."""
    settings = subject.settings
    needed = [*(watch.path for watch in settings.watch), settings.quarantine.path, settings.state]
    needed += kind_rules.folders_of(settings)
    if settings.metrics.textfile is not None:
        needed.append(settings.metrics.textfile.parent)
    for file in installed_for(subject.config):
        text = text_of(file)
        if "ProtectSystem=strict" not in text:
            yield ok(f"{file}: the service may write to every folder")
            continue
        closed = [path for path in needed if not sandbox.is_covered(path.resolve(), writable_in(text))]
        for path in closed:
            yield fault(f"{file}: the service may not write to {path}", "imgwatch service install")
        if not closed:
            yield ok(f"{file}: the service may write all that the config names")


def writable_in(text: str) -> list[Path]:
    """Return the folders that a unit and its drop-ins open for writing; an empty value cancels those before it."""
    paths: dict[str, list[Path]] = {"ReadWritePaths": [], "StateDirectory": []}
    for option, value in re.findall(r"^(ReadWritePaths|StateDirectory)=(.*)$", text, re.MULTILINE):
        words = [word.removeprefix("-").replace("%%", "%") for word in shlex.split(value)]
        paths[option] = [*paths[option], *(Path("/var/lib", word) for word in words)] if words else []
    return [*paths["ReadWritePaths"], *paths["StateDirectory"]]
