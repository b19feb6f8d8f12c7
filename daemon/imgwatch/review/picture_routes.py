"""The quarantined pictures: rows for the grid, the details of one, and the pictures themselves."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from imgwatch.picture.decoding import Box
from imgwatch.review.answers import answer, picture
from imgwatch.review.parts import Parts
from imgwatch.review.pictures import LARGE, SMALL, heat_overlay


class PictureRoutes:
    """Answers requests: a method for each address."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def all(self, _: Request) -> Response:
        """Answer with everything in quarantine, as rows for the grid."""
        self._parts.index.refresh()
        return answer(self._parts.rows(self._parts.index.all()))

    def details(self, request: Request) -> Response:
        """Answer with the details of one picture."""
        parts, record = self._parts, self._parts.record(request)
        details = parts.presenter.details(record, parts.roots())
        details["similar"] = []
        if parts.explanation is not None:
            normals = parts.explanation.similar(record.sha256, parts.quarantine.picture(record))
            details["similar"] = [{"sha256": n.sha256, "name": n.path.name} for n in normals]
        details["explains"] = parts.explanation is not None
        return answer(details)

    def small(self, request: Request) -> Response:
        """Answer with a picture for the grid."""
        return self._picture(request, SMALL)

    def large(self, request: Request) -> Response:
        """Answer with a picture to look at closely."""
        return self._picture(request, LARGE)

    def _picture(self, request: Request, box: Box) -> Response:
        parts, record = self._parts, self._parts.record(request)
        return picture(parts.thumbnails.of(record.sha256, parts.quarantine.picture(record), box))

    def heat(self, request: Request) -> Response:
        """Answer with a heat map to lay over a picture."""
        record, explanation = self._parts.record(request), self._parts.explanation
        path = self._parts.quarantine.picture(record)
        error_map = explanation.error_map(path) if explanation else None
        if error_map is None:
            raise HTTPException(404, "there is no heat map of this picture")
        return Response(heat_overlay(error_map), media_type="image/png")

    def normal(self, request: Request) -> Response:
        """Answer with a similar normal picture, for the grid."""
        return self._normal(request, SMALL)

    def normal_large(self, request: Request) -> Response:
        """Answer with a similar normal picture to look at closely."""
        return self._normal(request, LARGE)

    def _normal(self, request: Request, box: Box) -> Response:
        explanation, sha256 = self._parts.explanation, request.path_params["sha256"]
        path = explanation.normal(sha256) if explanation else None
        if path is None:
            raise HTTPException(404, "there is no such picture")
        return picture(self._parts.thumbnails.of(sha256, path, box))
