"""What a request may hold: whatever stands in its address or its body, the answer is one of the client's faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gallery import ORIGIN, Open, Scene

_HOSTILE = [
    "9" * 5000,
    "-1",
    "1e3",
    "²",
    "٣",
    "%00",
    "%ff",
    "..%2f..%2fetc",
    "a" * 3000,
    "%F0%9F%90%88",
    "1%0a",
]


@pytest.mark.parametrize("value", _HOSTILE, ids=range(len(_HOSTILE)))
@pytest.mark.parametrize(
    "address",
    [
        "/training/{}",
        "/pictures/{}",
        "/pictures/{}/small",
        "/pictures/{}/heat",
        "/normal/{}",
        "/waiting/{}",
        "/static/{}",
    ],
)
def test_a_hostile_address_is_not_there(scene: Scene, open_gallery: Open, address: str, value: str) -> None:
    browser = open_gallery(scene)
    assert browser.client.get(address.format(value)).status_code == 404


@pytest.mark.parametrize("value", ["9" * 5000, "x", "²"])
def test_a_hostile_version_is_refused(scene: Scene, open_gallery: Open, value: str) -> None:
    assert open_gallery(scene).client.get("/live", params={"since": value}).status_code == 400


@pytest.mark.parametrize("length", ["9" * 5000, "²", "-1", "1e3", ""])
def test_a_hostile_length_is_refused(scene: Scene, open_gallery: Open, length: str) -> None:
    headers = {"Origin": ORIGIN, "Content-Length": length.encode()}
    assert open_gallery(scene).client.post("/decide", content=b"{}", headers=headers).status_code == 413


def test_a_body_in_chunks_is_refused(scene: Scene, open_gallery: Open) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"{}"

    answer = open_gallery(scene).client.post("/decide", content=chunks(), headers={"Origin": ORIGIN})
    assert answer.status_code == 411


def test_what_is_read_counts_and_not_what_was_said(scene: Scene, open_gallery: Open) -> None:
    headers = {"Origin": ORIGIN, "Content-Length": "5"}
    body = b" " * (5 << 20)
    assert open_gallery(scene).client.post("/decide", content=body, headers=headers).status_code == 413
