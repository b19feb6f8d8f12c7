"""Pictures that wait in their folders: those held back by the open breaker, and those that are only reported."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from imgwatch.breaker import PAUSED
from imgwatch.dates import local_time
from imgwatch.errors import shown
from imgwatch.ledger import Ledger
from imgwatch.ledger import Listed as WaitingPicture
from imgwatch.lifecycle import FileState
from imgwatch.review.answers import answer, picture
from imgwatch.review.parts import Parts
from imgwatch.review.pictures import SMALL
from imgwatch.review.presenter import tilde
from imgwatch.wording import sentence

_STATES = (FileState.HELD, FileState.REPORTED)
_MOST_SHOWN = 100


def waiting(ledger: Ledger, state: FileState) -> dict[str, Any]:
    """Return how many pictures are in a state, and the first of them: key, path, reason, time."""
    pictures = sorted(ledger.listed(state), key=lambda picture: picture.path)
    return {"count": len(pictures), "first": [_row(picture) for picture in pictures[:_MOST_SHOWN]]}


def _row(picture: WaitingPicture) -> dict[str, str]:
    since = local_time(picture.since)
    return {
        "key": _key(picture.path),
        "path": shown(tilde(picture.path)),
        "why": shown(sentence(picture.reason)),
        "since": f"{since:%Y-%m-%d %H:%M}",
    }


def _key(path: Path) -> str:
    """Return a key for the browser, which never names paths."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:24]


class WaitingRoutes:
    """Answers requests: a method for each address."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def picture(self, request: Request) -> Response:
        """Answer with a waiting picture, and with no other file of its folder."""
        key = request.path_params["key"]
        with self._parts.open_ledger() as ledger:
            path = next((path for path in _paths(ledger) if _key(path) == key), None)
        if path is None:
            raise HTTPException(404, "this picture is no longer waiting")
        return picture(self._parts.waiting_thumbnails.of(f"{key}-{_version(path)}", path, SMALL))

    async def pause(self, _: Request) -> Response:
        """Open the breaker, as `imgwatch pause` does; the daemon then moves nothing."""
        return answer(await run_in_threadpool(self._pause))

    def _pause(self) -> dict[str, object]:
        with self._parts.open_ledger() as ledger:
            was_open = ledger.facts.breaker_is_open
            if not was_open:
                ledger.facts.open_breaker(PAUSED)
        return {"was_open": was_open, "alive": bool(self._parts.read_status().get("alive"))}

    async def resume(self, _: Request) -> Response:
        """Close the breaker, as `imgwatch resume` does; the daemon then judges what was held."""
        return answer(await run_in_threadpool(self._resume))

    def _resume(self) -> dict[str, object]:
        with self._parts.open_ledger() as ledger:
            was_open, held = ledger.facts.breaker_is_open, len(ledger.waiting(FileState.HELD))
            if was_open:
                ledger.facts.close_breaker()
        return {"was_open": was_open, "held": held, "alive": bool(self._parts.read_status().get("alive"))}


def _paths(ledger: Ledger) -> Iterator[Path]:
    for state in _STATES:
        yield from ledger.waiting(state)


def _version(path: Path) -> str:
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return ""
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"
