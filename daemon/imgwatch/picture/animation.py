"""Which frames of an animated picture or a film stand for all of it, and how many there are. It decodes nothing."""

from __future__ import annotations

from PIL import Image

FRAMES = 5  # that are judged of an animation or a film: its first, as a rule a title, is not among them
_MOST_FRAMES = 1000  # of an animation that are gone through; the rest is not looked at
_ANIMATED = ("PNG", "WEBP", "AVIF")


def spread_shares(most: int) -> list[float]:
    """Return where `most` frames lie, as shares of the duration, evenly spread and ascending: 0.5 for one."""
    return [(number + 0.5) / most for number in range(most)]


def frames_to_judge(image: Image.Image, content: bytes, most: int, most_pixels: float) -> list[int]:
    """Return the numbers of at most `most` frames, ascending; [0] for a plain picture.

    All frames before one have to be decoded, too: together they may have `most_pixels`.
    """
    count = _count(image, content)
    if count == 1:
        return [0]
    affordable = int(most_pixels / max(1, image.width * image.height))
    count = max(1, min(count, _MOST_FRAMES, affordable))
    return sorted({int(share * count) for share in spread_shares(most)})


def _count(image: Image.Image, content: bytes) -> int:
    if image.format == "GIF":
        return _count_gif(content)
    return int(getattr(image, "n_frames", 1)) if image.format in _ANIMATED else 1


def _count_gif(content: bytes) -> int:
    """Return how many frames of a GIF are complete, up to _MOST_FRAMES; Pillow would read them all."""
    at = 13 + _table_bytes(content, 10)
    frames = 0
    while frames < _MOST_FRAMES and at < len(content):
        if content[at] == 0x2C:  # a frame: position, colours, then its data
            at = _behind_blocks(content, at + 11 + _table_bytes(content, at + 9))
            frames += at <= len(content)
        elif content[at] == 0x21:  # an extension
            at = _behind_blocks(content, at + 2)
        else:  # the end
            break
    return max(1, frames)


def _table_bytes(content: bytes, at: int) -> int:
    """Return the size in bytes of the colour table that the flags at `at` announce."""
    flags = content[at] if at < len(content) else 0
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(content: bytes, at: int) -> int:
    """Return the offset after a chain of blocks; beyond the content if the chain does not end."""
    while at < len(content):
        if content[at] == 0:
            return at + 1
        at += content[at] + 1
    return len(content) + 1
