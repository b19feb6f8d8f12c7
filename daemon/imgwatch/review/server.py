"""Start the gallery: put the parts together, take a port or a socket, serve until told to stop."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from imgwatch.errors import CannotCreate, ModelError, Unavailable
from imgwatch.judging import Judge
from imgwatch.ledger import Ledger
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Shape
from imgwatch.quarantine import Quarantine
from imgwatch.review.app import Gallery, Parts, page
from imgwatch.review.decisions import ReviewDecisions
from imgwatch.review.embeddings import Embeddings
from imgwatch.review.explanation import NORMALS, Insight
from imgwatch.review.guard import Guard, Hosts, Keys
from imgwatch.review.index import Index
from imgwatch.review.pictures import Thumbnails
from imgwatch.review.training_review import Audit
from imgwatch.settings import Settings
from imgwatch.status import read_status

log = logging.getLogger(__name__)

_WORKERS = 2


@dataclass(frozen=True)
class Address:
    """Where to listen: a host and port (0: any that is free), or a unix socket."""

    host: str = "127.0.0.1"
    port: int = 0
    path: Path | None = None


@dataclass(frozen=True)
class GalleryContext:
    """How the gallery comes by what it shows."""

    settings: Settings
    quarantine: Quarantine
    open_ledger: Callable[[], AbstractContextManager[Ledger]]
    open_judge: Callable[[], Judge]
    roots: Callable[[], Sequence[Path]]


@contextmanager
def opened(workplace: GalleryContext) -> Iterator[Gallery]:
    """Put the gallery together; without a usable model it shows less, and says so."""
    settings = workplace.settings
    index = Index(workplace.quarantine)
    with ExitStack() as stack:
        decoder = Decoder(Shape(8, 8, "RGB"), settings.limits.limits(), _WORKERS)
        stack.callback(decoder.close)
        insight, fault = _insight(workplace, index)
        if insight is not None:
            stack.callback(insight.close)
        gallery = Gallery(
            Parts(
                quarantine=workplace.quarantine,
                index=index,
                desk=ReviewDecisions(workplace.quarantine, index, workplace.open_ledger),
                thumbnails=Thumbnails(decoder),
                open_ledger=workplace.open_ledger,
                read_status=lambda: read_status(settings.state),
                roots=workplace.roots,
                audit=Audit(_own_model(settings)),
                insight=insight,
                standard=insight.judge.standard if insight else None,
                model_fault=fault,
                keep_days=settings.quarantine.keep_days,
            )
        )
        yield gallery
        gallery.stopping = True
        decoder.interrupt()


def _insight(workplace: GalleryContext, index: Index) -> tuple[Insight | None, str | None]:
    try:
        judge = workplace.open_judge()
    except ModelError as fault:
        log.warning("%s; the gallery works, without heat maps and similar pictures", fault)
        return None, str(fault)
    with workplace.open_ledger() as ledger:
        normals = [path for path, _ in ledger.normal(NORMALS)]
    state = workplace.settings.state
    insight = Insight(judge, Embeddings(state / "embeddings.sqlite", judge.scorer.name))

    def pictures() -> Sequence[tuple[str, str, Path]]:
        records = sorted(index.all().records, key=lambda record: record.judgement.score or 0.0)
        return [(r.id, r.sha256, workplace.quarantine.picture(r)) for r in records]

    insight.start(normals, pictures, index.touch)
    return insight, None


def _own_model(settings: Settings) -> Path:
    """Say which model the user trained; the one that ships has no report, and none is looked for elsewhere."""
    return settings.own_model or settings.state / "no-model"


def guarded(gallery: Gallery, keys: Keys, hosts: Hosts) -> ASGIApp:
    """Put the application behind its door."""
    return Guard(gallery.app(), keys, hosts, page("refused"))


def bound(address: Address) -> socket.socket:
    """Take the port or the socket. Raises Unavailable or CannotCreate."""
    try:
        return _bound_path(address.path) if address.path else _bound_port(address)
    except OSError as fault:
        if address.path:
            raise CannotCreate(f"{address.path}: no socket can be made: {fault.strerror}") from fault
        raise Unavailable(
            f"{address.host}:{address.port} cannot be listened to ({fault.strerror}); choose another --port"
        ) from fault


def _bound_port(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((address.host, address.port))
    listening.listen(64)
    return listening


def _bound_path(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    if path.is_socket():
        if listening.connect_ex(str(path)) == 0:
            raise Unavailable(f"{path}: another server listens there; stop it or choose another --socket")
        listening.close()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink()  # left by a server that was killed
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    listening.listen(64)
    return listening


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach that address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(gallery: Gallery, address: Address, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` is told the URL, with the token, once it answers."""
    keys, listening = Keys(), bound(address)
    port = None if address.path else listening.getsockname()[1]
    app = guarded(gallery, keys, Hosts(port, listens_to_others=not is_loopback(address.host)))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    try:
        on_ready(f"http://{_place(address, port)}/?token={keys.token}")
        server.run(sockets=[listening])
    finally:
        listening.close()
        if address.path:
            address.path.unlink(missing_ok=True)


def _leave(*_: Any) -> None:
    raise SystemExit(0)


def _place(address: Address, port: int | None) -> str:
    if port is None:
        return "localhost"
    if address.host in ("0.0.0.0", "::"):
        return f"{socket.gethostbyname(socket.gethostname())}:{port}"
    return f"[{address.host}]:{port}" if ":" in address.host else f"{address.host}:{port}"
