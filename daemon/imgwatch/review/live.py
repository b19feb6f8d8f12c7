"""Changes while a page is open, as server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from imgwatch.review.parts import Parts

_LOOK_SECONDS = 0.4  # between looks at the log
_SAY_SECONDS = 2.0  # between words on how the daemon is
_STREAM_SECONDS = 300.0  # then the browser asks again, and its session goes on


class Live:
    """A stream for each open page."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.stopping = False

    async def live(self, request: Request) -> Response:
        """Answer with a stream of the changes since a version."""
        try:
            since = int(request.headers.get("last-event-id") or request.query_params.get("since", "0"))
        except ValueError as fault:
            raise HTTPException(400, "since must be a number") from fault
        return StreamingResponse(
            self._events(since), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    async def _events(self, version: int) -> AsyncIterator[str]:
        index, sent, sent_at = self._parts.index, "", 0.0
        yield "retry: 500\n\n"
        until = time.monotonic() + _STREAM_SECONDS
        while not self.stopping and time.monotonic() < until:
            await run_in_threadpool(self._look)
            if index.version != version:
                rows = self._parts.rows(index.changes(version))
                version = rows["version"]
                yield f"event: changes\nid: {version}\ndata: {json.dumps(rows)}\n\n"
            if time.monotonic() - sent_at > _SAY_SECONDS:
                sent_at = time.monotonic()
                status = json.dumps(await run_in_threadpool(self._how_the_daemon_is))
                yield f"event: status\ndata: {status}\n\n" if status != sent else ": still here\n\n"
                sent = status
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self) -> None:
        explanation = self._parts.explanation
        if self._parts.index.refresh() and explanation is not None:
            explanation.look_again()

    def _how_the_daemon_is(self) -> dict[str, Any]:
        status = self._parts.read_status()
        with self._parts.open_ledger() as ledger:
            judged = ledger.counts.totals().get("judged", 0)
            breaker = "open" if ledger.facts.breaker_is_open else "closed"
            learnt = ledger.feedback.count()
        return {
            "alive": bool(status.get("alive")),
            "backlog": status.get("backlog", 0),
            "breaker": breaker,
            "judged": judged,
            "learnt": learnt,
            "undoable": self._parts.decisions.undoable,
        }
