from __future__ import annotations

import io
import os
import socket
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgwatch.picture.decoding import Decoded, Limits, Shape, decode, read
from imgwatch.picture.formats import BMP, JPEG, format_of_head, format_of_name
from imgwatch.picture.unreadable import Unreadable

RGB = Shape(8, 8, "RGB")
GREY = Shape(8, 8, "L")
LIMITS = Limits()


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def halves(left: tuple[int, int, int], right: tuple[int, int, int], size: int = 64) -> Image.Image:
    pixels = np.zeros((size, size, 3), dtype=np.uint8)
    pixels[:, : size // 2], pixels[:, size // 2 :] = left, right
    return Image.fromarray(pixels)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF"])
def test_every_format_decodes_to_the_same_picture(file_format: str) -> None:
    content = encoded(halves((250, 10, 10), (10, 10, 250)), file_format)
    assert format_of_head(content[:32]) is not None
    pixels = decode(content, RGB, LIMITS)
    assert pixels.shape == (8, 8, 3)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels[4, 1].astype(int) - (250, 10, 10)).max() < 12
    assert np.abs(pixels[4, 6].astype(int) - (10, 10, 250)).max() < 12


def test_golden_vector_of_decoding() -> None:
    ramp = np.arange(64 * 64, dtype=np.uint32).reshape(64, 64) % 251
    pixels = decode(encoded(Image.fromarray(ramp.astype(np.uint8)), "PNG"), Shape(4, 4, "L"), LIMITS)
    assert pixels[:, :, 0].tolist() == [
        [115, 129, 133, 116],
        [132, 130, 115, 115],
        [126, 113, 120, 133],
        [111, 122, 136, 128],
    ]


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    content = encoded(halves((255, 255, 255), (0, 0, 0)), "JPEG", exif=exif, quality=95)
    pixels = decode(content, GREY, LIMITS)
    assert pixels[4, 1, 0] < 20 < 230 < pixels[4, 6, 0]


def test_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    palette = Image.new("P", (16, 16), 0)
    palette.putpalette([0, 0, 0] * 256)
    for content in (
        encoded(clear, "PNG"),
        encoded(palette, "PNG", transparency=0),
        encoded(clear.convert("LA"), "PNG"),
    ):
        assert decode(content, RGB, LIMITS).min() == 255


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_every_mode_becomes_eight_bits(mode: str) -> None:
    if mode in {"I;16", "I", "F"}:
        grey = np.full((16, 16), 0.5 if mode == "F" else 32768)
        image = Image.fromarray(grey.astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]))
    else:
        image = Image.new("L", (16, 16), 128).convert(mode)
    file_format = "TIFF" if mode in {"CMYK", "YCbCr", "F", "I"} else "PNG"
    pixels = decode(encoded(image, file_format), RGB, LIMITS)
    if mode != "1":
        assert np.abs(pixels.astype(int) - 128).max() <= 2


def test_large_jpeg_is_decoded_at_reduced_scale() -> None:
    big = encoded(Image.new("RGB", (4000, 3000), (10, 200, 30)), "JPEG")
    assert np.abs(decode(big, RGB, LIMITS).astype(int) - (10, 200, 30)).max() < 6


@pytest.mark.parametrize("cut", [20, 200, 500])
def test_half_written_picture_is_unreadable(cut: int) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    for file_format in ("JPEG", "PNG", "BMP", "TIFF"):
        content = encoded(Image.fromarray(noise), file_format)
        with pytest.raises(Unreadable):
            decode(content[: len(content) - cut], RGB, LIMITS)


def png_of(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    start = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    body = zlib.compress(b"\0" * 1000)
    data = b"IDAT" + body
    return start + struct.pack(">I", len(body)) + data + struct.pack(">I", zlib.crc32(data))


def test_pixel_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(Unreadable, match=r"limits\.megapixels"):
        decode(png_of(30000, 30000), RGB, LIMITS)


def test_refuses_large_empty_and_no_pictures(tmp_path: Path) -> None:
    cases = {
        "empty.jpg": (b"", "empty"),
        "text.jpg": (b"hello, this is text", "not a picture"),
        "big.png": (b"x" * 2000, "MB"),
    }
    for name, (content, says) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Unreadable, match=says):
            read(tmp_path / name, RGB, Limits(file_megabytes=0.001))


def test_reads_digest_and_identity(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(Image.new("L", (8, 8), 9), "PNG"))
    decoded = read(path, GREY, LIMITS)
    assert isinstance(decoded, Decoded)
    assert decoded.identity.ino == path.stat().st_ino
    assert len(decoded.sha256) == 64


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    real = tmp_path / "real.png"
    real.write_bytes(encoded(Image.new("L", (8, 8), 9), "PNG"))
    (tmp_path / "link.jpg").symlink_to(real)
    os.mkfifo(tmp_path / "fifo.jpg")
    (tmp_path / "folder.jpg").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.jpg"))
        for name in ("link.jpg", "fifo.jpg", "folder.jpg", "socket.jpg"):
            with pytest.raises(Unreadable):
                read(tmp_path / name, RGB, LIMITS)


def test_a_file_that_is_gone_is_not_unreadable(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "gone.jpg", RGB, LIMITS)


def test_formats_by_name_and_by_content() -> None:
    assert format_of_name("A.JPEG") is JPEG
    assert format_of_name("notes.txt") is None
    assert format_of_head(b"\xff\xd8\xff\xe0" + b"\0" * 28) is JPEG
    assert format_of_head(encoded(Image.new("L", (4, 4)), "BMP")) is BMP
    assert format_of_head(b"BM, she said, and wrote a letter") is None
    assert format_of_head(b"") is None
