"""The gallery's answers (pages, JSON, pictures), and the reading of requests."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_MOST_DIGITS = 9
_pages = Environment(
    loader=PackageLoader("imgwatch.review"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(name: str, **shown: Any) -> str:
    """Return a filled-in template."""
    return _pages.get_template(f"{name}.html").render(page=name, **shown)


def answer(content: object, status: int = 200) -> Response:
    """Answer with JSON; names that are not UTF-8 stay escaped."""
    return Response(json.dumps(content), status, media_type="application/json")


def picture(content: bytes | str) -> Response:
    """Answer with a JPEG, or with 404 and the reason why there is none."""
    if isinstance(content, str):
        raise HTTPException(404, content)
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=600"})


def number_of(request: Request) -> int:
    """Return the number in the address. Raises HTTPException (404) for what is no number, or is too long."""
    digits = request.path_params["number"]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise HTTPException(404, "there is no such picture")
    return int(digits)


async def json_of(request: Request) -> dict[str, Any]:
    """Return the request's JSON object. Raises HTTPException (400)."""
    try:
        content = json.loads(await request.body())
    except (ValueError, RecursionError) as fault:
        raise HTTPException(400, "the body is not JSON") from fault
    if not isinstance(content, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return content


def text_of(request_json: dict[str, Any], key: str) -> str:
    """Return the text under a key of a request. Raises HTTPException (400)."""
    value = request_json.get(key)
    if not isinstance(value, str):
        raise HTTPException(400, f"{key} must be a text")
    return value
