"""Start the gallery: assemble its parts and serve until stopped."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from imgwatch.errors import ModelError
from imgwatch.judging import Judge
from imgwatch.ledger import Ledger
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Shape
from imgwatch.quarantine import Quarantine
from imgwatch.review.answers import page
from imgwatch.review.app import Gallery
from imgwatch.review.connections import BACKLOG, BoundedConnection
from imgwatch.review.decisions import ReviewDecisions
from imgwatch.review.door import Door
from imgwatch.review.embeddings import Embeddings
from imgwatch.review.explanation import NORMALS, Explainer
from imgwatch.review.guard import Guard, Hosts
from imgwatch.review.index import ReviewIndex
from imgwatch.review.keys import Keys
from imgwatch.review.listening import Address, bind, inherited, is_loopback, origin, port_of
from imgwatch.review.parts import Parts
from imgwatch.review.pictures import Thumbnails
from imgwatch.review.training_review import TrainingReview
from imgwatch.review.upload import UploadJudge
from imgwatch.settings import Settings
from imgwatch.status import read_status

log = logging.getLogger(__name__)

_WORKERS = 2


@dataclass(frozen=True)
class GalleryContext:
    """What the gallery needs to open its parts."""

    settings: Settings
    quarantine: Quarantine
    open_ledger: Callable[[], AbstractContextManager[Ledger]]
    open_judge: Callable[[], Judge]
    roots: Callable[[], Sequence[Path]]


@contextmanager
def open_gallery(context: GalleryContext) -> Iterator[Gallery]:
    """Yield a gallery; without a usable model it shows less, and says so."""
    settings = context.settings
    index = ReviewIndex(context.quarantine)
    with ExitStack() as stack:
        decoder = Decoder(Shape(8, 8, "RGB"), settings.limits.limits(), _WORKERS)
        stack.callback(decoder.close)
        careful = Decoder(Shape(8, 8, "RGB"), settings.limits.limits(follows_links=False), 1)
        stack.callback(careful.close)
        upload_judge = UploadJudge(context.open_judge)
        stack.callback(upload_judge.close)
        explanation, fault = _explanation(context, index)
        if explanation is not None:
            stack.callback(explanation.close)
        gallery = Gallery(
            Parts(
                quarantine=context.quarantine,
                index=index,
                decisions=ReviewDecisions(context.quarantine, index, context.open_ledger),
                thumbnails=Thumbnails(decoder),
                waiting_thumbnails=Thumbnails(careful),
                open_ledger=context.open_ledger,
                read_status=lambda: read_status(settings.state),
                roots=context.roots,
                training_review=TrainingReview(_own_model(settings)),
                upload_judge=upload_judge,
                explanation=explanation,
                standard=explanation.judge.standard if explanation else None,
                model_fault=fault,
                keep_days=settings.quarantine.keep_days,
                together=settings.companions == "together",
            )
        )
        yield gallery
        gallery.stop()
        decoder.interrupt()
        careful.interrupt()


def _explanation(context: GalleryContext, index: ReviewIndex) -> tuple[Explainer | None, str | None]:
    try:
        judge = context.open_judge()
    except ModelError as fault:
        log.warning("%s; the gallery works, without heat maps and similar pictures", fault)
        return None, str(fault)
    with context.open_ledger() as ledger:
        normals = [path for path, _ in ledger.normal(NORMALS)]
    state = context.settings.state
    explanation = Explainer(judge, Embeddings(state / "embeddings.sqlite", judge.scorer.name))

    def pictures() -> Sequence[tuple[str, str, Path]]:
        records = sorted(index.all().records, key=lambda record: record.judgement.score or 0.0)
        return [(r.id, r.sha256, context.quarantine.picture(r)) for r in records]

    explanation.start(normals, pictures, index.touch)
    return explanation, None


def _own_model(settings: Settings) -> Path:
    """Return the user's own model; for the general one, which has no report, a path that does not exist."""
    return settings.own_model or settings.state / "no-model"


def guarded(gallery: Pages, keys: Keys, hosts: Hosts, door: Door | None = None) -> ASGIApp:
    """Return the application with its guard."""
    return Guard(gallery.app(), keys, hosts, door or Door(), page("refused"))


@dataclass(frozen=True)
class Entrance:
    """How to get in: the address, the URL for the terminal, and a function that returns a link for a single session."""

    begin: str
    url: str
    new_link: Callable[[], str]


class Pages(Protocol):
    """What is served: an application, and a way to end its event streams."""

    def app(self) -> Starlette:
        """Return the application, without its guard."""

    def stop(self) -> None:
        """End the event streams."""


class _Server(uvicorn.Server):
    """A server that ends the pages' event streams when it stops, instead of cutting them off with a traceback."""

    def __init__(self, config: uvicorn.Config, gallery: Pages) -> None:
        super().__init__(config)
        self._gallery = gallery

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; connections that are cut off after that are not logged."""
        self._gallery.stop()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        super().handle_exit(sig, frame)


def serve(gallery: Pages, address: Address, door: Door, on_ready: Callable[[Entrance], None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` gets the entrance once the port is open."""
    keys, passed = Keys(), inherited()
    listening = passed or bind(address)
    port = port_of(listening)
    hosts = Hosts(port, passed is None and not is_loopback(address.host), door.names)
    begin = origin(address, port)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    try:
        on_ready(Entrance(begin, f"{begin}/?token={keys.token}", lambda: f"{begin}/?code={keys.new_code()}"))
        _Server(_config(guarded(gallery, keys, hosts, door)), gallery).run(sockets=[listening])
    finally:
        listening.close()
        if address.path and passed is None:
            address.path.unlink(missing_ok=True)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=BoundedConnection,
        backlog=BACKLOG,
        log_config=None,
        log_level="error",  # what strangers send is not worth a line
        access_log=False,
        proxy_headers=False,  # what a proxy says, `proxy` decides
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=2,
    )


def _leave(*_: Any) -> None:
    raise SystemExit(0)
