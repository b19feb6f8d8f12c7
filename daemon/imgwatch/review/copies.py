"""The page of copies, each beside the picture that was kept, and its own decision: to restore a copy instead.

The browser names copies only; their records name the kept picture, which is shown if the ledger knows it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from imgwatch.dates import local_time
from imgwatch.duplicates.replacing import Kept, is_copy, kept_path, kept_picture, why_not_replaceable
from imgwatch.errors import shown
from imgwatch.files import Identity
from imgwatch.lifecycle import ReviewState
from imgwatch.quarantine.record import Record
from imgwatch.review.answers import answer, json_of, picture
from imgwatch.review.pages import Pages
from imgwatch.review.parts import Parts
from imgwatch.review.pictures import SMALL
from imgwatch.review.presenter import tilde
from imgwatch.wording import because_it

_MOST_SHOWN = 60  # groups
_SHOWN_STATES = (ReviewState.OPEN, ReviewState.LATER)


class CopyRoutes:
    """Answers requests: a method for each address."""

    def __init__(self, parts: Parts, pages: Pages) -> None:
        self._parts, self._pages = parts, pages

    def page(self, _: Request) -> Response:
        """Answer with the copies in groups, the group with the latest first."""
        self._parts.index.refresh()
        by_kept: dict[str, list[Record]] = {}
        for record in sorted(
            self._parts.index.all().records, key=lambda record: record.quarantined_at, reverse=True
        ):
            if is_copy(record) and self._parts.index.state(record.id) in _SHOWN_STATES:
                by_kept.setdefault(str(kept_path(record)), []).append(record)
        groups = list(by_kept.values())
        return self._pages.answer(
            "copies", groups=[self._group(records) for records in groups[:_MOST_SHOWN]], count=len(groups)
        )

    def kept(self, request: Request) -> Response:
        """Answer with the picture that was kept in place of a copy."""
        record = self._copy(request)
        kept = self._kept(record)
        if kept is None:
            raise HTTPException(404, "it is no longer there")
        key = f"{record.id}-{_version(kept.identity)}"
        return picture(self._parts.waiting_thumbnails.of(key, kept.path, SMALL))

    async def instead(self, request: Request) -> Response:
        """Restore a copy, and quarantine the picture that was kept, if that is the version shown."""
        record, request_json = self._copy(request), await json_of(request)
        try:
            shown_as, version = ReviewState(request_json["shown_as"]), str(request_json["version"])
        except (KeyError, ValueError) as fault:
            raise HTTPException(400, "say how the copy stood, and which version was kept") from fault
        kept = self._kept(record)
        if kept is None or why_not_replaceable(record) or _version(kept.identity) != version:
            raise HTTPException(409, "the picture that was kept has changed: load the page again")
        outcome = await run_in_threadpool(self._parts.decisions.replace_kept, record.id, kept, shown_as)
        return answer(outcome.as_json())

    def _copy(self, request: Request) -> Record:
        record = self._parts.record(request)
        if not is_copy(record):
            raise HTTPException(404, "this picture is not a copy")
        return record

    def _kept(self, record: Record) -> Kept | None:
        with self._parts.open_ledger() as ledger:
            return kept_picture(record, ledger, with_companions=self._parts.together)

    def _group(self, records: list[Record]) -> dict[str, Any]:
        first, kept = records[0], self._kept(records[0])
        path = kept_path(first)
        return {
            "id": first.id,
            "name": shown(path.name),
            "folder": tilde(path.parent),
            "is_there": kept is not None,
            "version": _version(kept.identity) if kept else "",
            "bytes": kept.identity.size if kept else None,
            "date": _date(kept.identity.mtime_ns) if kept else "",
            "pixels": _pixels(first, "kept_"),
            "copies": [self._row(record, is_there=kept is not None) for record in records],
        }

    def _row(self, record: Record, *, is_there: bool) -> dict[str, Any]:
        original = Path(record.original)
        return {
            "id": record.id,
            "name": shown(original.name),
            "folder": tilde(original.parent),
            "state": self._parts.index.state(record.id),
            "bytes": record.size_bytes,
            "date": _date(record.metadata.mtime_ns),
            "pixels": _pixels(record, ""),
            "because": because_it(record.judgement.reason),
            "is_replaceable": is_there and why_not_replaceable(record) is None,
        }


def _version(identity: Identity) -> str:
    return "-".join(map(str, identity[1:]))


def _date(mtime_ns: int) -> str:
    return f"{local_time(mtime_ns / 1e9):%Y-%m-%d %H:%M}"


def _pixels(record: Record, prefix: str) -> str:
    figures = record.judgement.reason.figures
    sides = [figures.get(f"{prefix}{side}") for side in ("width", "height")]
    return " \u00d7 ".join(f"{side:.0f}" for side in sides if isinstance(side, int | float))
