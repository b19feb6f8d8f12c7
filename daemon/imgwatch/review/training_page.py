"""The page of training pictures that may be junk."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from imgwatch.errors import shown
from imgwatch.review.answers import answer, json_of, number_of, picture
from imgwatch.review.pages import Pages
from imgwatch.review.parts import Parts
from imgwatch.review.pictures import SMALL


class TrainingPage:
    """The page, its pictures, and the list that it writes."""

    def __init__(self, parts: Parts, pages: Pages) -> None:
        self._parts, self._pages = parts, pages

    def page(self, _: Request) -> Response:
        """Answer with the page."""
        review = self._parts.training_review
        left_out = review.left_out()
        rows = [
            {"name": shown(path.name), "folder": shown(path.parent), "left_out": path in left_out}
            for path in review.pictures()
        ]
        return self._pages.answer("training", pictures=rows, list_file=shown(review.list_file))

    def picture(self, request: Request) -> Response:
        """Answer with a picture, by its number in the list."""
        path = self._parts.training_review.picture(number_of(request))
        if path is None:
            raise HTTPException(404, "there is no such picture")
        return picture(self._parts.thumbnails.of(str(path), path, SMALL))

    async def leave_out(self, request: Request) -> Response:
        """Write the list of pictures that the next training leaves out."""
        numbers = (await json_of(request)).get("numbers")
        if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
            raise HTTPException(400, "name pictures by their numbers")
        count = await run_in_threadpool(self._parts.training_review.leave_out, numbers)
        return answer({"left_out": count})
