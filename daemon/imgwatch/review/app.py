"""What the gallery answers: two pages, the pictures, what is decided, and what changes while one looks.

It only translates between the browser and the parts; who may ask at all, `guard` knows.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from imgwatch.errors import ImgwatchError, shown
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import ReviewState
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.record import Record
from imgwatch.review import activity
from imgwatch.review.decisions import Outcome, ReviewDecisions, Verb
from imgwatch.review.explanation import Insight
from imgwatch.review.index import Changes, Index
from imgwatch.review.pictures import LARGE, SMALL, Thumbnails, heat_overlay
from imgwatch.review.presenter import Presenter, tilde
from imgwatch.review.training_review import Audit
from imgwatch.standard import Standard

_LOOK_SECONDS = 0.4  # between looks at the log
_SAY_SECONDS = 2.0  # between words on how the daemon is
_PLACE = Path(__file__).parent
_pages = Environment(
    loader=PackageLoader("imgwatch.review"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Parts:
    """What the pages show and act on; without a usable model `insight` and `standard` are None."""

    quarantine: Quarantine
    index: Index
    desk: ReviewDecisions
    thumbnails: Thumbnails
    open_ledger: Callable[[], AbstractContextManager[Ledger]]
    read_status: Callable[[], dict[str, Any]]
    roots: Callable[[], Sequence[Path]]
    audit: Audit
    insight: Insight | None = None
    standard: Standard | None = None
    model_fault: str | None = None
    keep_days: float | None = None


class Gallery:
    """The answers; each method is one address."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        standard = parts.standard
        self._shower = Presenter(standard.contract, standard.model) if standard else Presenter()
        self.stopping = False

    def app(self) -> Starlette:
        """Give the application, without its guard."""
        return Starlette(
            routes=[
                Route("/", self.gallery),
                Route("/activity", self.activity),
                Route("/training", self.training),
                Route("/training", self.leave_out, methods=["POST"]),
                Route("/training/{number:int}", self.training_picture),
                Route("/pictures", self.pictures),
                Route("/pictures/{id}", self.details),
                Route("/pictures/{id}/small", self.small),
                Route("/pictures/{id}/large", self.large),
                Route("/pictures/{id}/heat", self.heat),
                Route("/normal/{sha256}", self.normal),
                Route("/decide", self.decide, methods=["POST"]),
                Route("/undo", self.undo, methods=["POST"]),
                Route("/empty", self.empty, methods=["POST"]),
                Route("/live", self.live),
                Mount("/static", StaticFiles(directory=_PLACE / "static")),
            ],
            exception_handlers={ImgwatchError: _told},
        )

    def gallery(self, _: Request) -> Response:
        """The grid; its pictures come with `pictures`."""
        return self._page("gallery", keep_days=self._parts.keep_days, model_fault=self._parts.model_fault)

    def activity(self, _: Request) -> Response:
        """What the daemon did."""
        parts, standard = self._parts, self._parts.standard
        with parts.open_ledger() as ledger:
            found: dict[str, Any] = {
                "days": activity.days(ledger),
                "unreadable": activity.unreadable(ledger),
                "held": activity.held_back(ledger),
                "breaker": ("open" if ledger.facts.breaker_is_open else "closed"),
                "counters": ledger.counts.totals(),
            }
            if standard is not None:
                scores = activity.gather(ledger, parts.index.all().records, standard)
                found["histogram"] = activity.histogram(scores, standard.threshold)
                found["promises"] = activity.promises(scores)
                found["drift"] = activity.drift(ledger, standard)
                found["place"] = activity.nearest_promise(standard.threshold, found["promises"])
        return self._page(
            "activity",
            **found,
            says=activity.weekly(found["days"]),
            bars=activity.bars,
            tilde=lambda folder: tilde(Path(folder)),
            standard=standard,
            status=parts.read_status(),
            model_fault=parts.model_fault,
        )

    def training(self, _: Request) -> Response:
        """The training pictures that look wrong."""
        audit = self._parts.audit
        left_out = audit.left_out()
        found = [
            {"name": shown(path.name), "folder": shown(path.parent), "left_out": path in left_out}
            for path in audit.pictures()
        ]
        return self._page("training", pictures=found, list_file=shown(audit.list_file))

    def training_picture(self, request: Request) -> Response:
        """One of them, by its number in the list."""
        path = self._parts.audit.picture(request.path_params["number"])
        if path is None:
            raise HTTPException(404, "there is no such picture")
        return _picture(self._parts.thumbnails.of(str(path), path, SMALL))

    async def leave_out(self, request: Request) -> Response:
        """Write the list of those that the next training leaves out."""
        numbers = (await _asked(request)).get("numbers")
        if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
            raise HTTPException(400, "name pictures by their numbers")
        return answer({"left_out": await run_in_threadpool(self._parts.audit.leave_out, numbers)})

    def pictures(self, _: Request) -> Response:
        """Everything in quarantine, as rows for the grid."""
        self._parts.index.refresh()
        return answer(self._rows(self._parts.index.all()))

    def details(self, request: Request) -> Response:
        """All that is known of one picture."""
        record, parts = self._record(request), self._parts
        found = self._shower.details(record, parts.roots())
        found["similar"] = []
        if parts.insight is not None:
            normals = parts.insight.similar(record.sha256, parts.quarantine.picture(record))
            found["similar"] = [{"sha256": n.sha256, "name": n.path.name} for n in normals]
        found["explains"] = parts.insight is not None
        return answer(found)

    def small(self, request: Request) -> Response:
        """A picture for the grid."""
        record = self._record(request)
        return _picture(
            self._parts.thumbnails.of(record.sha256, self._parts.quarantine.picture(record), SMALL)
        )

    def large(self, request: Request) -> Response:
        """A picture to look at closely."""
        record = self._record(request)
        return _picture(
            self._parts.thumbnails.of(record.sha256, self._parts.quarantine.picture(record), LARGE)
        )

    def heat(self, request: Request) -> Response:
        """Where a picture is strange, to lay over it."""
        record, insight = self._record(request), self._parts.insight
        error_map = insight.error_map(self._parts.quarantine.picture(record)) if insight else None
        if error_map is None:
            raise HTTPException(404, "there is no heat map of this picture")
        return Response(heat_overlay(error_map), media_type="image/png")

    def normal(self, request: Request) -> Response:
        """One of the normal pictures that were named as similar."""
        insight, sha256 = self._parts.insight, request.path_params["sha256"]
        path = insight.normal(sha256) if insight else None
        if path is None:
            raise HTTPException(404, "there is no such picture")
        return _picture(self._parts.thumbnails.of(sha256, path, SMALL))

    async def decide(self, request: Request) -> Response:
        """A verdict on some pictures."""
        asked = await _asked(request)
        try:
            verb, shown_as = Verb(asked["verb"]), ReviewState(asked["shown_as"])
            ids = [str(record_id) for record_id in asked["ids"]]
        except (KeyError, TypeError, ValueError) as fault:
            raise HTTPException(400, "name a verdict, ids and how they stood") from fault
        outcome = await run_in_threadpool(self._parts.desk.decide, verb, ids, shown_as)
        return self._done(outcome, asked)

    async def undo(self, request: Request) -> Response:
        """Take the last verdict back."""
        asked = await _asked(request)
        return self._done(await run_in_threadpool(self._parts.desk.undo), asked)

    async def empty(self, request: Request) -> Response:
        """Delete for good what is in the bin."""
        asked = await _asked(request)
        return self._done(await run_in_threadpool(self._parts.desk.empty), asked)

    def _done(self, outcome: Outcome, asked: dict[str, Any]) -> Response:
        """Say what became of it, and what changed since the version that the page has."""
        since = asked.get("since")
        changes = self._parts.index.changes(since if isinstance(since, int) else -1)
        return answer(outcome.told() | {"changes": self._rows(changes)})

    async def live(self, request: Request) -> Response:
        """What changes from some version on, as server-sent events."""
        try:
            since = int(request.headers.get("last-event-id") or request.query_params.get("since", "0"))
        except ValueError as fault:
            raise HTTPException(400, "since is a number") from fault
        return StreamingResponse(
            self._happenings(since), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    async def _happenings(self, version: int) -> AsyncIterator[str]:
        index, said, told_at = self._parts.index, "", 0.0
        while not self.stopping:
            await run_in_threadpool(self._look)
            if index.version != version:
                rows = self._rows(index.changes(version))
                version = rows["version"]
                yield f"event: changes\nid: {version}\ndata: {json.dumps(rows)}\n\n"
            if time.monotonic() - told_at > _SAY_SECONDS:
                told_at = time.monotonic()
                says = json.dumps(await run_in_threadpool(self._how_the_daemon_is))
                yield f"event: status\ndata: {says}\n\n" if says != said else ": still here\n\n"
                said = says
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self) -> None:
        if self._parts.index.refresh() and self._parts.insight is not None:
            self._parts.insight.look_again()

    def _how_the_daemon_is(self) -> dict[str, Any]:
        status = self._parts.read_status()
        with self._parts.open_ledger() as ledger:
            judged, breaker = (
                ledger.counts.totals().get("judged", 0),
                ("open" if ledger.facts.breaker_is_open else "closed"),
            )
            learnt = ledger.feedback.count()
        return {
            "alive": bool(status.get("alive")),
            "backlog": status.get("backlog", 0),
            "breaker": breaker,
            "judged": judged,
            "learnt": learnt,
            "undoable": self._parts.desk.undoable,
        }

    def _rows(self, changes: Changes) -> dict[str, Any]:
        index, insight = self._parts.index, self._parts.insight
        return {
            "version": changes.version,
            "pictures": [
                self._shower.row(r, index.state(r.id), insight.group(r.id) if insight else None)
                for r in changes.records
            ],
            "gone": changes.gone,
        }

    def _page(self, name: str, **found: Any) -> Response:
        self._parts.index.refresh()
        return HTMLResponse(page(name, counts=self._parts.index.counts(), **found))

    def _record(self, request: Request) -> Record:
        record = self._parts.index.get(request.path_params["id"])
        if record is None:
            raise HTTPException(404, "this picture is no longer in quarantine")
        return record


def page(name: str, **found: Any) -> str:
    """Fill in a template."""
    return _pages.get_template(f"{name}.html").render(page=name, **found)


def answer(found: object, status: int = 200) -> Response:
    """Answer with JSON; names that are no UTF-8 stay escaped."""
    return Response(json.dumps(found), status, media_type="application/json")


def _told(_: Request, fault: Exception) -> Response:
    return answer({"error": str(fault)}, 503)


def _picture(content: bytes | str) -> Response:
    if isinstance(content, str):
        raise HTTPException(404, content)
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=600"})


async def _asked(request: Request) -> dict[str, Any]:
    try:
        asked = json.loads(await request.body())
    except (ValueError, RecursionError) as fault:
        raise HTTPException(400, "this is no JSON") from fault
    if not isinstance(asked, dict):
        raise HTTPException(400, "an object is wanted")
    return asked
