"""The one file of a form, however the form is cut into pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from imgwatch.review.form import file_of_form

BOUNDARY = "xYz"
TYPE = f'multipart/form-data; boundary="{BOUNDARY}"'
# what looks like the beginning of a boundary is content, too
CONTENT = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"-", b"--", b"\r\n--xY", b"a", b"\0"])).map(
    b"".join
)


def form(*parts: tuple[str, bytes], end: bytes = b"--\r\n") -> bytes:
    whole = b""
    for disposition, content in parts:
        whole += f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode()
        whole += content + b"\r\n"
    return whole + f"--{BOUNDARY}".encode() + end


def read(body: bytes, sizes: Sequence[int] = (1 << 20,), content_type: str = TYPE) -> bytes:
    """Read the file of a form that comes in pieces of these sizes."""

    async def chunks() -> AsyncIterator[bytes]:
        at = number = 0
        while at < len(body):
            size = sizes[number % len(sizes)]
            yield body[at : at + size]
            at, number = at + size, number + 1

    async def whole() -> bytes:
        return b"".join([piece async for piece in file_of_form(content_type, chunks())])

    return asyncio.run(whole())


@given(CONTENT, CONTENT, st.lists(st.integers(1, 9), min_size=1))
def test_the_file_is_the_same_however_it_is_cut(field: bytes, content: bytes, sizes: list[int]) -> None:
    body = form(
        ('name="album"', field), ('name="picture"; filename="p.png"', content), ('name="more"', field)
    )
    assert read(body, sizes) == content


def test_what_stands_before_and_after_is_passed_over() -> None:
    assert read(b"preamble\r\n" + form(('name="p"; filename=""', b"x")) + b"epilogue") == b"x"
    assert read(form(end=b"--")) == b""


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", TYPE),
        (b"no form", TYPE),
        (form(('name="p"; filename="x"', b"x"), end=b""), TYPE),
        (form(('name="p"; filename="x"', b"x"), end=b"and more\r\n\r\n"), TYPE),
        (form(('name="p"; filename="x"', b"x"))[:-9], TYPE),
        (b"--xYz\r\n" + b"h: v\r\n" * 9000, TYPE),
        (b"--xYz\r\n" + b"h" * 90_000, TYPE),
        (form(), "multipart/form-data"),
        (form(), f"multipart/form-data; boundary={'x' * 99}"),
    ],
)
def test_what_is_no_form_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(HTTPException, match="multipart/form-data") as refused:
        read(body, (4096,), content_type)
    assert refused.value.status_code == 400


def test_a_second_file_is_refused() -> None:
    with pytest.raises(HTTPException, match="two files"):
        read(form(('name="p"; filename="x"', b"x"), ('name="p"; filename="y"', b"y")))
