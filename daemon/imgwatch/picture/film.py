"""Frames of a film, spread over its duration: what PyAV decodes, upright, as Pillow pictures.

It opens only the container that the first bytes name, so that no playlist leads to other files.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from PIL import Image

from imgwatch.picture.animation import FRAMES, spread_shares

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
_NEAR = 0.5 / FRAMES  # of the time: so much too early a frame may be, which often saves to decode many
_UNKNOWN_SECONDS = (
    3600.0  # taken for the length of a film that does not tell it: seeking ends at its last frame
)


RefuseLarge = Callable[[int, int], None]  # by width and height, before pixels are decoded; raises


def frames(content: bytes, most: int, most_pixels: float, refuse_large: RefuseLarge) -> Iterator[Image.Image]:
    """Yield at most `most` frames, in order of time, each once.

    It decodes from the nearest key frame on; once `most_pixels` are decoded, key frames have to do.
    Raises OSError for a film that is damaged or shows nothing, and what `refuse_large` raises.
    """
    import av

    try:
        with av.open(io.BytesIO(content), "r", format=_container(content), **_any_title()) as opened:
            if not opened.streams.video:
                raise OSError("no pictures in this film")
            stream = opened.streams.video[0]
            stream.codec_context.thread_count = 1  # a worker is one processor's
            refuse_large(stream.codec_context.width, stream.codec_context.height)
            for frame in _spread(opened, stream, most, most_pixels):
                refuse_large(frame.width, frame.height)
                yield _upright(frame)
    except av.FFmpegError as fault:
        raise OSError(str(fault)) from fault


def _any_title() -> dict[str, Any]:
    """Return the option by which PyAV before 19 accepts titles that are not UTF-8; later versions have none."""
    import av

    return {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}


def _container(content: bytes) -> str:
    if content.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    return "avi" if content[:4] == b"RIFF" else "mov"


def _spread(
    opened: InputContainer, stream: VideoStream, most: int, most_pixels: float
) -> Iterator[VideoFrame]:
    start, seconds = _span(opened, stream)
    seen: set[int | None] = set()
    for share in spread_shares(most):
        frame = None
        opened.seek(int((start + share * seconds) * 1_000_000))
        for frame in opened.decode(stream):
            most_pixels -= frame.width * frame.height
            is_near = frame.time is None or frame.time >= start + (share - _NEAR) * seconds
            if is_near or most_pixels <= 0:
                break
        if frame is not None and frame.pts not in seen:
            seen.add(frame.pts)
            yield frame
    if not seen:
        raise OSError("no frame in this film")


def _span(opened: InputContainer, stream: VideoStream) -> tuple[float, float]:
    """Return when a film begins and how long it is, in seconds."""
    start = float((stream.start_time or 0) * (stream.time_base or 0))
    if stream.duration and stream.time_base:
        return start, float(stream.duration * stream.time_base)
    return start, opened.duration / 1_000_000 if opened.duration else _UNKNOWN_SECONDS


def _upright(frame: VideoFrame) -> Image.Image:
    turn = _TURNS.get(frame.rotation % 360)
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV
    return image if turn is None else image.transpose(turn)
