"""Connections that ask nothing end, and never keep out one that does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from imgwatch.review.connections import ADMITTED, BoundedConnection
from imgwatch.review.listening import Address, bind

_OWNER, _STRANGER = b"GET /owner HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def _application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/owner":
        scope["state"][ADMITTED] = True
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class _Impatient(BoundedConnection):
    ask_seconds = 0.3


class _Crowded(BoundedConnection):
    most_connections = 4


@asynccontextmanager
async def _serving(kind: type[BoundedConnection]) -> AsyncIterator[int]:
    listening = bind(Address())
    config = uvicorn.Config(
        _application, http=kind, log_config=None, lifespan="off", timeout_keep_alive=3600, ws="none"
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listening.close()


def _run(work: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 60))


async def _ask(port: int, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    if request.endswith(b"\r\n\r\n"):
        assert b"200" in await reader.readuntil(b"ok")
    return reader, writer


async def _is_ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost:",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1",
        _STRANGER,
    ],
    ids=["nothing", "half a head", "no end of the head", "half a body", "no second request"],
)
def test_a_connection_that_does_not_ask_ends(begun: bytes) -> None:
    async def work() -> None:
        async with _serving(_Impatient) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(begun)
            if begun == _STRANGER:
                await reader.readuntil(b"ok")
            assert await _is_ended(reader)
            writer.close()

    _run(work)


def test_a_drop_now_and_then_does_not_keep_a_connection() -> None:
    async def work() -> None:
        async with _serving(_Impatient) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            ended = asyncio.create_task(_is_ended(reader))
            while not ended.done():
                with contextlib.suppress(ConnectionError):
                    writer.write(b"x")
                    await writer.drain()
                await asyncio.sleep(0.05)
            writer.close()

    _run(work)


def test_the_oldest_stranger_makes_room_and_the_owner_stays() -> None:
    async def work() -> None:
        async with _serving(_Crowded) as port:
            owner_reader, owner = await _ask(port, _OWNER)
            strangers = [await _ask(port, _STRANGER) for _ in range(8)]
            for reader, _ in strangers[:5]:
                assert await _is_ended(reader)
            owner.write(_OWNER)
            assert b"200" in await owner_reader.readuntil(b"ok")
            for writer in [owner, *(writer for _, writer in strangers)]:
                writer.close()

    _run(work)


def test_where_all_are_the_owners_one_more_is_refused() -> None:
    async def work() -> None:
        async with _serving(_Crowded) as port:
            owners = [await _ask(port, _OWNER) for _ in range(4)]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await _is_ended(reader)
            for reader, one in owners:
                one.write(_OWNER)
                assert b"200" in await reader.readuntil(b"ok")
                one.close()
            writer.close()

    _run(work)


def test_answers_are_not_held_back_for_an_acknowledgement() -> None:
    seen: list[int] = []

    class Noting(BoundedConnection):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            connection = transport.get_extra_info("socket")
            seen.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async def work() -> None:
        async with _serving(Noting) as port:
            _, writer = await _ask(port, _STRANGER)
            writer.close()

    _run(work)
    assert seen
    assert all(seen)


class _Held(BoundedConnection):
    """One whose patience ends when the test says so."""

    ask_seconds = 3600
    opened: ClassVar[list[_Held]] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.opened.append(self)

    received = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.received += len(data)


@pytest.mark.parametrize(("path", "is_waited_for"), [("/owner", True), ("/", False)])
def test_what_is_long_is_waited_for_while_it_comes_from_who_brought_the_key(
    path: str, is_waited_for: bool
) -> None:
    async def work() -> None:
        _Held.opened.clear()
        async with _serving(_Held) as port:
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode()
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            await _until(lambda: bool(_Held.opened) and _Held.opened[0].scope is not None)
            (held,) = _Held.opened
            await _until(lambda: held.is_admitted or not is_waited_for)
            for _ in range(3):
                before = held.received
                writer.write(b"x")
                await _until(lambda before=before: held.received > before)
                held._lose_patience()
                assert held.transport.is_closing() is not is_waited_for
                if not is_waited_for:
                    break
            held._lose_patience()
            assert held.transport.is_closing(), "nothing came since"
            writer.close()

    _run(work)


async def _until(claim: Callable[[], bool]) -> None:
    while not claim():
        await asyncio.sleep(0.01)
