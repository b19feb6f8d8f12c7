"""The gallery's addresses, and what answers each. `guard` knows who may ask."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from imgwatch.errors import ImgwatchError
from imgwatch.review.answers import answer
from imgwatch.review.api import Api
from imgwatch.review.copies import CopyRoutes
from imgwatch.review.decision_routes import DecisionRoutes
from imgwatch.review.live import Live
from imgwatch.review.openapi import PREFIX
from imgwatch.review.pages import Pages
from imgwatch.review.parts import Parts
from imgwatch.review.picture_routes import PictureRoutes
from imgwatch.review.training_page import TrainingPage
from imgwatch.review.waiting import WaitingRoutes

_STATIC = Path(__file__).parent / "static"


class Gallery:
    """The gallery's application."""

    def __init__(self, parts: Parts) -> None:
        self._pages = Pages(parts)
        self._training = TrainingPage(parts, self._pages)
        self._copies = CopyRoutes(parts, self._pages)
        self._pictures = PictureRoutes(parts)
        self._decisions = DecisionRoutes(parts)
        self._waiting = WaitingRoutes(parts)
        self._live = Live(parts)
        self._api = Api(parts)

    def stop(self) -> None:
        """End the event streams of open pages."""
        self._live.stopping = True

    def app(self) -> Starlette:
        """Return the application, without its guard."""
        pages, training, pictures, decisions = self._pages, self._training, self._pictures, self._decisions
        return Starlette(
            routes=[
                Route("/", pages.gallery),
                Route("/activity", pages.activity),
                Route("/training", training.page),
                Route("/training", training.leave_out, methods=["POST"]),
                Route("/training/{number}", training.picture),
                Route("/copies", self._copies.page),
                Route("/copies/{id}/kept", self._copies.kept),
                Route("/copies/{id}/instead", self._copies.instead, methods=["POST"]),
                Route("/pictures", pictures.all),
                Route("/pictures/{id}", pictures.details),
                Route("/pictures/{id}/small", pictures.small),
                Route("/pictures/{id}/large", pictures.large),
                Route("/pictures/{id}/heat", pictures.heat),
                Route("/normal/{sha256}", pictures.normal),
                Route("/normal/{sha256}/large", pictures.normal_large),
                Route("/decide", decisions.decide, methods=["POST"]),
                Route("/undo", decisions.undo, methods=["POST"]),
                Route("/empty", decisions.empty, methods=["POST"]),
                Route("/waiting/{key}", self._waiting.picture),
                Route("/pause", self._waiting.pause, methods=["POST"]),
                Route("/resume", self._waiting.resume, methods=["POST"]),
                Route("/live", self._live.live),
                Mount(PREFIX, self._api.app()),
                Mount("/static", StaticFiles(directory=_STATIC)),
            ],
            exception_handlers={ImgwatchError: _unavailable},
        )


def _unavailable(_: Request, fault: Exception) -> Response:
    return answer({"error": str(fault)}, 503)
