"""What `imgwatch rescan` is to judge: its options, the folders, and the pictures in them. It judges nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from imgwatch import console
from imgwatch.commands.options import require_existing
from imgwatch.wording import counted

if TYPE_CHECKING:
    from imgwatch.ledger import Ledger
    from imgwatch.picture.formats import Format
    from imgwatch.scan import Scope
    from imgwatch.settings import Settings


@dataclass(frozen=True)
class RescanOptions:
    """The options of the command line that concern every picture."""

    dry_run: bool
    judge_all: bool
    is_agreed: bool
    as_json: bool


def scopes_to_judge(settings: Settings, paths: list[Path]) -> list[Scope]:
    """Return the scopes of the watched folders, or of the named paths with the rules of the folder they lie in.

    Raises InputMissing for a path or a watched folder that does not exist.
    """
    from imgwatch.scan import Scope
    from imgwatch.watching.roots import scopes_of

    watched = scopes_of(settings)
    if not paths:
        require_existing([scope.root for scope in watched])
        return watched
    scopes: list[Scope] = []
    for path in require_existing([path.resolve() for path in paths]):
        around = next(
            (scope for scope in watched if path == scope.root or path.is_relative_to(scope.root)), None
        )
        folder = path if path.is_dir() else path.parent
        rules = around or Scope(folder, ignore=settings.watch[0].ignore, apart=watched[0].apart)
        scopes.append(replace(rules, root=folder, base=rules.root, only=None if path.is_dir() else path.name))
    return scopes


def pictures_to_judge(
    settings: Settings,
    scopes: list[Scope],
    ledger: Ledger,
    model_of: Callable[[Scope], str | None],
    unread: Counter[Format],
) -> list[Path]:
    """Return the pictures not judged by the model of their scope, and waiting ones; all old enough.

    `model_of` a scope is None where every picture is to be judged. Files of formats that are not read are counted in
    `unread`.
    """
    from imgwatch.candidates import candidates

    together = settings.companions == "together"
    unjudged = [
        path
        for scope in scopes
        for path in candidates([scope], ledger, model_of(scope), together=together, unread=unread)
    ]
    return _old_enough(unjudged + sorted(_waiting(ledger, scopes) - set(unjudged)), settings)


def _waiting(ledger: Ledger, scopes: list[Scope]) -> set[Path]:
    """Return the pictures in their folders that are to be judged again.

    These were judged junk and held back, only reported, of a kept kind or too young, or could not be read
    for a reason that may be gone.
    """
    from imgwatch.judgement import ReasonCode
    from imgwatch.lifecycle import FileState

    junk = (FileState.HELD, FileState.REPORTED, FileState.KIND_KEPT, FileState.WAITING)
    listed = [(state, row) for state in (*junk, FileState.UNREADABLE) for row in ledger.listed(state)]
    waiting = {
        row.path
        for state, row in listed
        if state is not FileState.UNREADABLE or row.reason.code is ReasonCode.TEMPORARILY_UNREADABLE
    }
    return {path for path in waiting if path.is_file() and any(scope.admits(path) for scope in scopes)}


def _old_enough(paths: list[Path], settings: Settings) -> list[Path]:
    """Return the files that are older than the config's minimum age, and print how many are younger."""
    from imgwatch.watching.minimum_age import seconds_until

    now, age = time.time(), settings.minimum_age_seconds
    old = [path for path in paths if not seconds_until(path, age, now)]
    if len(old) < len(paths):
        young = counted(len(paths) - len(old), "picture")
        console.complain(f"{young} younger than minimum_age ({settings.minimum_age}) left for later.")
    return old
