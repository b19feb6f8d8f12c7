"""Read the file of a form that arrives in chunks (multipart/form-data, RFC 7578), without holding all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import Message

from starlette.exceptions import HTTPException

FORM = "multipart/form-data"
_END = b"--"  # behind the last delimiter
_LONGEST_BOUNDARY = 70  # RFC 2046
_LONGEST_HEADER_BYTES = 16 << 10  # of one part


async def file_of_form(content_type: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the chunks of the form's file; other fields are skipped.

    Raises HTTPException (400) for two files or a malformed form, possibly after the file was yielded.
    """
    form = _Form(_boundary(content_type), chunks)
    has_file = False
    while (header := await form.next_part()) is not None:
        is_file = header.get_param("filename", header="content-disposition") is not None
        if is_file and has_file:
            raise HTTPException(400, "send one picture per request; this form has two files")
        has_file = has_file or is_file
        async for piece in form.content():
            if is_file:
                yield piece


class _Form:
    """A form as far as it has arrived and was read."""

    def __init__(self, boundary: bytes, chunks: AsyncIterator[bytes]) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._chunks = chunks
        self._buffer = b"\r\n"  # the first delimiter may stand at the very beginning
        self._is_between_parts = False

    async def next_part(self) -> Message | None:
        """Return the header of the next part, None at the end; the rest of the part before is skipped."""
        if not self._is_between_parts:
            async for _ in self.content():
                pass
        self._is_between_parts = False
        while len(self._buffer) < len(_END):
            await self._read_on()
        if self._buffer.startswith(_END):
            return None
        if (await self._line()).strip(b" \t"):
            raise _malformed()
        header, size = Message(), 0
        while field := await self._line():
            size += len(field)
            if size > _LONGEST_HEADER_BYTES:
                raise _malformed()
            name, _, value = field.decode("utf-8", "replace").partition(":")
            header[name.strip()] = value.strip()
        return header

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the chunks up to the next delimiter."""
        kept = len(self._delimiter) - 1
        while (at := self._buffer.find(self._delimiter)) < 0:
            if len(self._buffer) > kept:
                yield self._buffer[:-kept]
                self._buffer = self._buffer[-kept:]
            await self._read_on()
        if at:
            yield self._buffer[:at]
        self._buffer = self._buffer[at + len(self._delimiter) :]
        self._is_between_parts = True

    async def _line(self) -> bytes:
        while (at := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > _LONGEST_HEADER_BYTES:
                raise _malformed()
            await self._read_on()
        line, self._buffer = self._buffer[:at], self._buffer[at + 2 :]
        return line

    async def _read_on(self) -> None:
        chunk = await anext(self._chunks, None)
        if chunk is None:
            raise _malformed()
        self._buffer += chunk


def _boundary(content_type: str) -> bytes:
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_boundary()
    if not boundary or not boundary.isascii() or len(boundary) > _LONGEST_BOUNDARY:
        raise _malformed()
    return boundary.encode()


def _malformed() -> HTTPException:
    return HTTPException(
        400, "the body is not complete multipart/form-data: send it as curl -F picture=@FILE does"
    )
