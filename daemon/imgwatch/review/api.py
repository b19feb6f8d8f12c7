"""The HTTP interface: its operations. `api_door` knows who may use them, `api_types` their types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imgwatch.errors import ImgwatchError, Unavailable
from imgwatch.judged_row import JudgedRow
from imgwatch.review.answers import answer
from imgwatch.review.api_door import require
from imgwatch.review.api_types import (
    Decision,
    DecisionOutcome,
    ListQuery,
    PicturePage,
    Problem,
    QuarantinedPicture,
    Undo,
    UndoOutcome,
)
from imgwatch.review.decisions import NOTHING
from imgwatch.review.form import FORM, file_of_form
from imgwatch.review.listing import listed
from imgwatch.review.openapi import Operation, document
from imgwatch.review.parts import Parts
from imgwatch.review.tokens import Permission

RequestType = TypeVar("RequestType")

JUDGE = Operation(
    "POST",
    "/judge",
    Permission.JUDGE,
    JudgedRow,
    summary="Judge a picture; nothing of it is kept.",
    takes_picture=True,
)
LIST = Operation(
    "GET", "/quarantine", Permission.LIST, PicturePage, summary="List what is in quarantine.", query=ListQuery
)
SHOW = Operation(
    "GET",
    "/quarantine/{id}",
    Permission.LIST,
    QuarantinedPicture,
    summary="Show one picture in quarantine.",
)
DECIDE = Operation(
    "POST",
    "/decisions",
    Permission.DECIDE,
    DecisionOutcome,
    summary="Decide on some pictures.",
    body=Decision,
)

UNDO = Operation("POST", "/undo", Permission.DECIDE, UndoOutcome, summary="Undo a decision.", body=Undo)


@dataclass(frozen=True)
class Endpoint:
    """An operation, and what carries it out."""

    operation: Operation
    carry_out: Callable[[Request], Awaitable[msgspec.Struct]]

    async def __call__(self, request: Request) -> Response:
        """Carry the operation out if the token permits it."""
        require(request, self.operation.permission)
        return answer(msgspec.to_builtins(await self.carry_out(request)))


class Api:
    """Carries out the operations: a method for each."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._endpoints = (
            Endpoint(JUDGE, self.judge),
            Endpoint(LIST, self.list),
            Endpoint(SHOW, self.show),
            Endpoint(DECIDE, self.decide),
            Endpoint(UNDO, self.undo),
        )

    def app(self) -> Starlette:
        """Return the application for what lies below /api/v1."""
        routes = [Route(e.operation.path, e.__call__, methods=[e.operation.method]) for e in self._endpoints]
        described = document([endpoint.operation for endpoint in self._endpoints])
        return Starlette(
            routes=[*routes, Route("/openapi.json", lambda _: answer(described))],
            exception_handlers={HTTPException: _refused, ImgwatchError: _failed},
        )

    async def judge(self, request: Request) -> JudgedRow:
        """Judge the picture in the body, or the file of the form there."""
        content_type = request.headers.get("content-type", "")
        is_form = content_type.lower().startswith(FORM)
        chunks = file_of_form(content_type, request.stream()) if is_form else request.stream()
        judged = await self._parts.upload_judge.judge(chunks)
        if judged is None:
            raise HTTPException(
                400,
                "send the picture as the body (curl --data-binary @FILE), or as a form's file (curl -F picture=@FILE)",
            )
        return judged

    async def list(self, request: Request) -> PicturePage:
        """List what is in quarantine."""
        query = _checked(dict(request.query_params), ListQuery, strict=False)
        return await run_in_threadpool(self._listed, query)

    def _listed(self, query: ListQuery) -> PicturePage:
        self._parts.index.refresh()
        return listed(self._parts.index, query)

    async def show(self, request: Request) -> QuarantinedPicture:
        """Return one picture in quarantine."""
        self._parts.index.refresh()
        record = self._parts.record(request)
        return QuarantinedPicture.of(record, self._parts.index.state(record.id))

    async def decide(self, request: Request) -> DecisionOutcome:
        """Decide on some pictures."""
        body = _decoded(await request.body(), Decision)
        self._parts.index.refresh()
        outcome = await run_in_threadpool(
            self._parts.decisions.decide, body.decision, body.ids, body.expected
        )
        return DecisionOutcome(
            decision=body.decision, done=outcome.done, failed=outcome.failed, undo=outcome.batch
        )

    async def undo(self, request: Request) -> UndoOutcome:
        """Undo a decision for those of its pictures that are still as it left them."""
        body = _decoded(await request.body(), Undo)
        self._parts.index.refresh()
        outcome = await run_in_threadpool(self._parts.decisions.undo, body.undo)
        if outcome.verb == NOTHING:
            raise HTTPException(
                404,
                "no such decision can be undone: it was already, or it was made before imgwatch review was started",
            )
        return UndoOutcome(done=outcome.done, failed=outcome.failed)


def _checked(tree: Any, kind: type[RequestType], *, strict: bool) -> RequestType:
    try:
        return msgspec.convert(tree, kind, strict=strict)
    except msgspec.ValidationError as fault:
        raise HTTPException(400, _words(fault)) from fault


def _decoded(body: bytes, kind: type[RequestType]) -> RequestType:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as fault:
        raise HTTPException(400, _words(fault)) from fault


def _words(fault: msgspec.MsgspecError) -> str:
    return str(fault).replace("$.", "")


def _refused(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    refused = answer(msgspec.to_builtins(Problem(fault.detail)), fault.status_code)
    refused.headers.update(fault.headers or {})
    return refused


def _failed(_: Request, fault: Exception) -> Response:
    failed = answer(msgspec.to_builtins(Problem(str(fault))), 503)
    if isinstance(fault, Unavailable):
        failed.headers["Retry-After"] = "1"
    return failed
