"""Films and animations: several frames, spread over the time, within the limits that a picture has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import SHAPE
from imgwatch.picture.animation import FRAMES
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Box, Decoded, Limits, Shape, decode, decode_frames
from imgwatch.picture.unreadable import Unreadable
from moving import TITLE, animation, encoded, film, grey, sound

GREY = Shape(8, 8, "L")
SHADES = [10 * number for number in range(20)]
EXPECTED = [20, 60, 100, 140, 180]  # at a tenth, three tenths, ... of the time


def shades(content: bytes, limits: Limits | None = None) -> list[int]:
    return [int(np.median(frame)) for frame in decode_frames(content, GREY, limits or Limits())]


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_frames_of_an_animation_are_spread_over_it(file_format: str) -> None:
    shown = shades(animation(file_format, SHADES))
    assert np.abs(np.subtract(shown, EXPECTED)).max() <= 6


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize(("number", "frames"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 5)])
def test_a_short_animation_has_as_many_frames_as_it_has(file_format: str, number: int, frames: int) -> None:
    assert len(shades(animation(file_format, SHADES[:number]))) == frames


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "mpeg4"),
        ("mov", "mpeg4"),
        ("3gp", "mpeg4"),
        ("matroska", "mpeg4"),
        ("webm", "libvpx"),
        ("avi", "mpeg4"),
    ],
)
def test_frames_of_a_film_are_spread_over_it(container: str, codec: str) -> None:
    shown = shades(film([shade for shade in SHADES for _ in range(3)], container, codec))
    assert len(shown) == FRAMES
    assert shown == sorted(shown)
    assert np.abs(np.subtract(shown, EXPECTED)).max() <= 25, "within a tenth of the time"


@pytest.mark.parametrize("container", ["mp4", "matroska", "avi"])
def test_a_film_may_have_a_title_that_is_no_utf_8(container: str) -> None:
    content = film(SHADES, container)
    damaged = content.replace(TITLE.encode(), b"\xff" * len(TITLE))
    assert damaged != content
    assert shades(damaged) == shades(content)


def test_the_frame_in_the_middle_stands_for_all(tmp_path: Path) -> None:
    assert abs(int(np.median(decode(film(SHADES), GREY, Limits()))) - 100) <= 25
    path = tmp_path / "film.mp4"
    path.write_bytes(film(SHADES))
    with Decoder(SHAPE, Limits()) as decoder:
        judged, shown = decoder.look_at(path, SHAPE), decoder.look_at(path, Box(40))
    assert isinstance(judged, Decoded)
    assert isinstance(shown, Decoded)
    assert len(judged.frames) == FRAMES
    assert len(shown.frames) == 1
    assert shown.pixels.shape == (30, 40, 3)
    assert abs(int(np.median(judged.pixels)) - int(np.median(shown.pixels))) <= 6


def test_frames_have_the_limits_of_a_picture() -> None:
    for content in (film([9, 9], size=(640, 480)), encoded(grey(9, 640, 480), "GIF")):
        with pytest.raises(Unreadable, match=r"limits\.megapixels"):
            decode(content, GREY, Limits(megapixels=0.3))


def test_no_more_is_decoded_than_five_pictures_may_have() -> None:
    animated = shades(animation("GIF", SHADES), Limits(megapixels=64 * 48 * 2 / 1e6))
    assert max(animated) <= 90, "of the first ten frames"
    shown = shades(film(SHADES * 3), Limits(megapixels=64 * 48 / 1e6))
    assert 1 <= len(shown) <= FRAMES


def test_a_film_without_pictures_or_whole_beginning_is_unreadable() -> None:
    content = film(SHADES)
    for damaged in (sound(), content[: len(content) // 2], content[:40]):
        with pytest.raises(Unreadable):
            decode(damaged, GREY, Limits())


def test_a_gif_that_is_cut_is_judged_by_its_whole_frames() -> None:
    content = animation("GIF", SHADES)
    assert len(shades(content[: len(content) * 6 // 10])) == FRAMES


def test_a_film_that_is_still_a_picture_inside_another_container_opens_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(film(SHADES))
    for playlist in (f"ffconcat version 1.0\nfile '{secret}'\n", f"#EXTM3U\n#EXTINF:1,\n{secret}\n"):
        for beginning in (b"\x1aE\xdf\xa3", b"RIFF\0\0\0\0AVI ", b"\0\0\0\x1cftypisom"):
            with pytest.raises(Unreadable):
                decode(beginning + playlist.encode(), GREY, Limits())
            with pytest.raises(Unreadable):
                decode(playlist.encode(), GREY, Limits())


def test_a_still_picture_costs_one_frame() -> None:
    for file_format in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "HEIF"):
        assert len(decode_frames(encoded(grey(9), file_format), GREY, Limits())) == 1
    pages = encoded(grey(9), "TIFF", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    assert len(decode_frames(pages, GREY, Limits())) == 1, "pages are no frames"
