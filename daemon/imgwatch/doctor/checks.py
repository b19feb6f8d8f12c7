"""Look for what will not work before the user finds out: each check yields findings, and changes nothing.

What concerns folders and disks is in `surroundings`; here: model, quarantine, ledger, daemon, unit, clock.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from imgwatch.errors import ImgwatchError, QuarantineGone
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.model.scorer import Scorer
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.volume import Volume
from imgwatch.settings import Settings
from imgwatch.status import is_held, read_status
from imgwatch.systemd import sandbox
from imgwatch.systemd.installation import installed_for

_MIN_YEAR = 2025  # no clock was right before this program was written
_SHOWN = 5  # problems of one kind; the rest is counted


class Grade(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # it works, but not as well as it could
    FAULT = "fault"  # it does not work


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it is, and what to do about it."""

    grade: Grade
    what: str
    to_do: str = ""


def ok(what: str) -> Finding:
    """Return a finding that needs nothing done."""
    return Finding(Grade.OK, what)


def warning(what: str, to_do: str) -> Finding:
    """Return a finding that could be better."""
    return Finding(Grade.WARNING, what, to_do)


def fault(what: str, to_do: str) -> Finding:
    """Return a finding that keeps imgwatch from its work."""
    return Finding(Grade.FAULT, what, to_do)


def check_model(path: Path, settings: Settings) -> Iterator[Finding]:
    """Load the model, with its self-test, and take the threshold from it."""
    try:
        scorer = Scorer(path)
        threshold = scorer.contract.effective_threshold(settings.threshold)
    except ImgwatchError as found:
        yield fault(f"model: {found}", "imgwatch train, or set `model` in the config")
        return
    yield ok(f"model {scorer.name}: reproduces its self-test, threshold {threshold:.4g}")
    if scorer.contract.generic:
        yield warning(
            "the general model has seen none of your pictures", "imgwatch calibrate, or imgwatch train"
        )


def check_quarantine(path: Path) -> Iterator[Finding]:
    """Look for records and pictures that do not belong together."""
    if not path.exists():
        yield ok(f"quarantine {path}: not there yet, made at the first picture")
        return
    try:
        problems = Quarantine(path).check()
    except (ImgwatchError, OSError) as found:
        yield fault(f"quarantine {path}: cannot be read: {found}", f"look at the rights of {path}")
        return
    for problem in problems[:_SHOWN]:
        yield warning(f"{problem.path} {problem.what}", "look at it; imgwatch leaves it alone")
    if len(problems) > _SHOWN:
        yield warning(f"{len(problems) - _SHOWN} more such problems in {path}", "look at them")
    if not problems:
        yield ok(f"quarantine {path}: every record has its picture, every picture its record")


def check_volume(volume: Volume) -> Iterator[Finding]:
    """Look whether the quarantine's disk is there."""
    try:
        volume.check()
    except QuarantineGone as found:
        yield fault(str(found), "mount its disk")


def check_ledger(path: Path, is_daemon_alive: bool) -> Iterator[Finding]:
    """Read the ledger through. A daemon that starts sets a damaged one aside by itself."""
    if not path.exists():
        yield ok(f"ledger {path}: not there yet, made at the first start")
        return
    mend = "restart the daemon" if is_daemon_alive else "start the daemon"
    try:
        ledger = Ledger(path, mend=False)
    except ImgwatchError as found:
        yield fault(str(found), f"{mend}: it keeps a damaged file aside and begins a new one")
        return
    try:
        damage = ledger.find_damage()
        held = len(ledger.waiting(FileState.HELD)) if ledger.facts.breaker_is_open else None
    except ImgwatchError as found:
        damage, held = str(found), None
    finally:
        ledger.close()
    if damage:
        yield fault(
            f"ledger {path}: {damage}", f"{mend}: it keeps the damaged file aside and begins a new one"
        )
    else:
        yield ok(f"ledger {path}: sound")
    if held is not None:
        yield warning(
            f"the breaker is open, {held} pictures are held back",
            "imgwatch rescan --dry-run, then imgwatch resume",
        )


def check_daemon(state: Path) -> Iterator[Finding]:
    """Ask the running daemon what stands in its way."""
    if not is_held(state):
        yield warning("no daemon runs on this config", "imgwatch service install, or imgwatch watch")
        return
    told = read_status(state)
    if not told:
        yield warning("a daemon is starting", "look again in a moment: imgwatch status")
        return
    if told.get("alive"):
        yield ok(f"daemon: alive, pid {told.get('pid')}, {told.get('backlog')} pictures waiting")
    else:
        yield fault("a daemon waits, and cannot begin", "see what it says next")
    for trouble in told.get("troubles", []):
        yield warning(f"the daemon says: {trouble}", "see there")
    for folder, how in told.get("folders", {}).items():
        if how == "gone":
            yield fault(f"{folder}: gone, the daemon waits for it", "mount it or make it again")


def check_units(settings: Settings, config: Path) -> Iterator[Finding]:
    """Compare the sandbox of the installed units with what the config needs now."""
    needed = [*(watch.path for watch in settings.watch), settings.quarantine.path, settings.state]
    if settings.metrics.textfile is not None:
        needed.append(settings.metrics.textfile.parent)
    for file in installed_for(config):
        text = file.read_text(encoding="utf-8", errors="replace")
        if "ProtectSystem=strict" not in text:
            yield ok(f"{file}: no folder is closed to it")
            continue
        closed = [path for path in needed if not sandbox.is_covered(path.resolve(), writable_in(text))]
        for path in closed:
            yield fault(f"{file}: the service may not write {path}", "imgwatch service install")
        if not closed:
            yield ok(f"{file}: the service may write all that the config names")


def writable_in(text: str) -> list[Path]:
    """Return the folders that a unit opens for writing."""
    opened: list[Path] = []
    for value in re.findall(r"^ReadWritePaths=-?(.+)$", text, re.MULTILINE):
        opened += [Path(word.removeprefix("-").replace("%%", "%")) for word in shlex.split(value)]
    for value in re.findall(r"^StateDirectory=(.+)$", text, re.MULTILINE):
        opened += [Path("/var/lib", word.replace("%%", "%")) for word in shlex.split(value)]
    return opened


def check_clock(quarantine: Path) -> Iterator[Finding]:
    """Compare the clock with what the quarantine's log says; settling and timeouts do not depend on it."""
    now = datetime.fromtimestamp(time.time()).astimezone()
    set_it = "timedatectl set-ntp true"
    if now.year < _MIN_YEAR:
        yield fault(f"the clock says {now:%Y-%m-%d}: records would be dated wrongly", set_it)
        return
    newest = (
        max((entry.at for entry in Quarantine(quarantine).history()), default=None)
        if quarantine.exists()
        else None
    )
    if newest is not None and newest.timestamp() > now.timestamp() + 60:
        yield warning(
            f"the clock is behind the quarantine's log ({newest:%Y-%m-%d %H:%M}): nothing is purged by age",
            set_it,
        )
    else:
        yield ok(f"clock: {now:%Y-%m-%d %H:%M}")
