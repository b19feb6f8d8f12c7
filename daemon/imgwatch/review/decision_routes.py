"""The gallery's addresses for decisions."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from imgwatch.lifecycle import ReviewState
from imgwatch.review.answers import answer, json_of
from imgwatch.review.decisions import Outcome, Verb
from imgwatch.review.parts import Parts


class DecisionRoutes:
    """Answers requests: a method for each address."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def decide(self, request: Request) -> Response:
        """Decide on some pictures."""
        request_json = await json_of(request)
        try:
            verb, shown_as = Verb(request_json["verb"]), ReviewState(request_json["shown_as"])
            ids = [str(record_id) for record_id in request_json["ids"]]
        except (KeyError, TypeError, ValueError) as fault:
            raise HTTPException(400, "name a verdict, ids and how they stood") from fault
        outcome = await run_in_threadpool(self._parts.decisions.decide, verb, ids, shown_as)
        return self._answer(outcome, request_json)

    async def undo(self, request: Request) -> Response:
        """Undo the last decision."""
        request_json = await json_of(request)
        return self._answer(await run_in_threadpool(self._parts.decisions.undo), request_json)

    async def empty(self, request: Request) -> Response:
        """Delete for good what is in the bin."""
        request_json = await json_of(request)
        return self._answer(await run_in_threadpool(self._parts.decisions.empty), request_json)

    def _answer(self, outcome: Outcome, request_json: dict[str, Any]) -> Response:
        """Answer with the outcome, and what changed since the version that the page has."""
        since = request_json.get("since")
        changes = self._parts.index.changes(since if isinstance(since, int) else -1)
        return answer(outcome.as_json() | {"changes": self._parts.rows(changes)})
