"""Where the gallery listens: a port, an address that others reach, a unix socket, or a socket from systemd."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from imgwatch.errors import CannotCreate, Unavailable
from imgwatch.review.connections import BACKLOG

_FIRST_INHERITED = 3


@dataclass(frozen=True)
class Address:
    """Where to listen: a host and port (0: any that is free), or a unix socket."""

    host: str = "127.0.0.1"
    port: int = 0
    path: Path | None = None


def inherited() -> socket.socket | None:
    """Return the socket that the service manager passed to this process, if any: sd_listen_fds(3)."""
    is_for_us = os.environ.get("LISTEN_PID") == str(os.getpid())
    count = os.environ.get("LISTEN_FDS", "") if is_for_us else ""
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)  # it is not meant for the processes that this one starts
    if not count:
        return None
    if count != "1":
        raise Unavailable(
            f"the service manager gave {count} sockets; the gallery listens on one ListenStream="
        )
    os.set_inheritable(_FIRST_INHERITED, False)
    return socket.socket(fileno=_FIRST_INHERITED)


def bind(address: Address) -> socket.socket:
    """Return a listening socket for the address. Raises Unavailable or CannotCreate."""
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
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((address.host, address.port))
    listening.listen(BACKLOG)
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
    listening.listen(BACKLOG)
    return listening


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def port_of(listening: socket.socket) -> int | None:
    """Return the port that a socket listens on; None for a unix socket."""
    return None if listening.family == socket.AF_UNIX else int(listening.getsockname()[1])


def origin(address: Address, port: int | None) -> str:
    """Return scheme, host and port of the gallery's URLs."""
    if port is None:
        return "http://localhost"
    if address.host in ("0.0.0.0", "::"):
        return f"http://{socket.gethostbyname(socket.gethostname())}:{port}"
    return f"http://[{address.host}]:{port}" if ":" in address.host else f"http://{address.host}:{port}"
