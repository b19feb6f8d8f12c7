"""Make films, animations, RAW and HEIC files, as cameras and phones write them."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import av
import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()


def grey(shade: int, width: int = 64, height: int = 48) -> Image.Image:
    """Return a picture of one shade; the left edge is a little darker, so that one sees how it is turned."""
    pixels = np.full((height, width, 3), shade, dtype=np.uint8)
    pixels[:, : width // 8] //= 2
    return Image.fromarray(pixels)


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    """Return a picture's file."""
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def animation(file_format: str, shades: Sequence[int]) -> bytes:
    """Return an animated picture with one frame of each shade."""
    first, *others = (grey(shade) for shade in shades)
    return encoded(first, file_format, save_all=True, append_images=others, duration=100)


TITLE = "a film"  # of every film, so that a test can damage it


def film(
    shades: Sequence[int], container: str = "mp4", codec: str = "mpeg4", size: tuple[int, int] = (64, 48)
) -> bytes:
    """Return a film with one frame of each shade, ten a second, and one key frame where the codec allows that."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as opened:
        opened.metadata["title"] = TITLE
        video = opened.add_stream(codec, rate=10)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        video.codec_context.gop_size = 600
        for shade in shades:
            picture = np.asarray(grey(shade, *size))
            opened.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        opened.mux(video.encode())
    return stream.getvalue()


def sound() -> bytes:
    """Return a Matroska file without pictures."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="matroska") as opened:
        voice = opened.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), dtype=np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        opened.mux(voice.encode(frame))
        opened.mux(voice.encode())
    return stream.getvalue()


def tiff_raw(*jpegs: bytes, order: str = "<", orientation: int = 1, thumbnail: int = 200) -> bytes:
    """Return a RAW file built on TIFF, as DNG, NEF and ARW are: a thumbnail, sensor data, and JPEG streams.

    The first folder is the thumbnail, one shade of grey, 16 by 12 pixels, as readers of TIFF show it.
    """
    pixels = bytes([thumbnail]) * (16 * 12 * 3)
    sensor = np.random.default_rng(0).integers(0, 4096, 64 * 48, dtype=np.uint16).tobytes()
    at = 8 + 2 + 12 * 12 + 4
    body = struct.pack(f"{order}3H", 8, 8, 8) + pixels + sensor
    entries = [
        (0xFE, 4, 1), (0x100, 3, 16), (0x101, 3, 12), (0x102, -3, at), (0x103, 3, 1), (0x106, 3, 2), (0x111, 4, at + 6),
        (0x112, 3, orientation), (0x115, 3, 3), (0x116, 3, 12), (0x117, 4, len(pixels)), (0x14A, 4, at),
    ]  # fmt: skip
    folder = b"".join(_entry(order, *entry) for entry in entries)
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(f"{order}I", 8) + struct.pack(f"{order}H", len(entries)) + folder + bytes(4)
    return head + body + b"\0filler".join((b"", *jpegs))


def _entry(order: str, tag: int, kind: int, value: int) -> bytes:
    count, kind = (1, kind) if kind > 0 else (3, -kind)
    if kind == 3 and count == 1:
        return struct.pack(f"{order}HHIHH", tag, kind, count, value, 0)
    return struct.pack(f"{order}HHII", tag, kind, count, value)


def cr3(jpeg: bytes, orientation: int = 1) -> bytes:
    """Return a file like Canon's CR3: boxes, in one of them a TIFF folder, and the picture's JPEG."""
    folder = b"II*\0" + struct.pack("<IH", 8, 1) + _entry("<", 0x112, 3, orientation) + bytes(4)
    boxes = ((b"ftyp", b"crx \0\0\0\1crx isom"), (b"CMT1", folder), (b"mdat", bytes(100) + jpeg))
    return b"".join(struct.pack(">I", 8 + len(content)) + kind + content for kind, content in boxes)
