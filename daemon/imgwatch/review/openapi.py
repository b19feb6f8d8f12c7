"""The OpenAPI document of the HTTP interface, made from the types of its requests and answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

import imgwatch
from imgwatch.review.api_types import Problem
from imgwatch.review.form import FORM
from imgwatch.review.tokens import Permission

PREFIX = "/api/v1"
UPLOAD = f"{PREFIX}/judge"
_REF = "#/components/schemas/{name}"
_REFUSALS = {
    "400": "The request is not valid.",
    "401": "The token is missing or not valid.",
    "403": "The token does not have that permission.",
    "404": "There is no such picture.",
    "411": "The request does not say how long it is.",
    "413": "The request is longer than allowed.",
    "503": "This cannot be done now: too many pictures at once, or the model or the quarantine is not usable.",
}

_PICTURE: dict[str, Any] = {  # as the body, or as the one file of a form
    "application/octet-stream": {},
    FORM: {
        "schema": {
            "type": "object",
            "properties": {"picture": {"type": "string", "contentMediaType": "application/octet-stream"}},
            "required": ["picture"],
        }
    },
}


@dataclass(frozen=True)
class Operation:
    """An address with its method, the token's permission, and the types of request and answer."""

    method: str
    path: str
    permission: Permission
    answer: type[msgspec.Struct]
    summary: str
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    takes_picture: bool = False


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    known = list(operations)
    types = [
        kind
        for operation in known
        for kind in (operation.answer, operation.query, operation.body)
        if kind is not None
    ]
    schemas, components = msgspec.json.schema_components([Problem, *types], ref_template=_REF)
    schema_of = dict(zip([Problem, *types], schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in known:
        paths.setdefault(PREFIX + operation.path, {})[operation.method.lower()] = _described(
            operation, schema_of, components
        )
    for query in (operation.query.__name__ for operation in known if operation.query is not None):
        del components[query]  # its fields stand in the address
    return {
        "openapi": "3.1.0",
        "info": {"title": "imgwatch", "version": imgwatch.__version__},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
        },
    }


def _described(operation: Operation, schema_of: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.path.strip("/").replace("/{id}", "_one"),
        "summary": operation.summary,
        "description": f"The token needs the permission `{operation.permission}`.",
        "parameters": [*_parameters(operation, components)],
        "responses": {
            "200": _content("Done.", "application/json", schema_of[operation.answer]),
            **{
                code: _content(description, "application/json", schema_of[Problem])
                for code, description in _REFUSALS.items()
            },
        },
    }
    if operation.takes_picture:
        described["requestBody"] = {"required": True, "content": _PICTURE}
    elif operation.body is not None:
        described["requestBody"] = {
            "required": True, "content": {"application/json": {"schema": schema_of[operation.body]}}
        }  # fmt: skip
    return described


def _parameters(operation: Operation, components: dict[str, Any]) -> Iterable[dict[str, Any]]:
    if "{id}" in operation.path:
        yield {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    if operation.query is not None:
        for name, schema in components[operation.query.__name__]["properties"].items():
            yield {"name": name, "in": "query", "schema": schema}


def _content(description: str, media: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": schema}}}
