"""The formats of pictures and films: how each is recognised by name and by its first bytes, and what reads it.

It opens no file and imports no library: commands that judge nothing ask it, too.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import PurePath

import msgspec

from imgwatch.wording import counted

SNIFF_BYTES = 32


class Format(msgspec.Struct, frozen=True):
    """One format: its extensions, the module that reads it (None: always there), and what to do if that is missing.

    `noun` is what the user calls one file of it. An empty module name means that nothing reads the format.
    """

    name: str
    noun: str
    extensions: tuple[str, ...]
    module: str | None = None
    remedy: str = ""

    @property
    def is_readable(self) -> bool:
        """Return whether files of this format can be judged here."""
        return self.module is None or _is_installed(self.module)

    def left_alone(self, count: int) -> str:
        """Return a sentence: so many files of this format are not judged, and what to do about it."""
        return f"{counted(count, self.noun)} {'is' if count == 1 else 'are'} not looked at: {self.remedy}"


JPEG = Format("JPEG", "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"))
PNG = Format("PNG", "PNG", (".png", ".apng"))
GIF = Format("GIF", "GIF", (".gif",))
BMP = Format("BMP", "BMP", (".bmp", ".dib"))
WEBP = Format("WebP", "WebP", (".webp",))
TIFF = Format("TIFF", "TIFF", (".tif", ".tiff"))
AVIF = Format("AVIF", "AVIF", (".avif",))
RAW = Format(
    "RAW",
    "RAW picture",
    (
        ".dng", ".nef", ".nrw", ".arw", ".sr2", ".cr2", ".cr3", ".rw2", ".orf", ".raf", ".pef", ".srw",
    ),
)  # fmt: skip
HEIC = Format(
    "HEIC",
    "HEIC file",
    (".heic", ".heif", ".hif"),
    "pillow_heif",
    "pillow-heif is missing; pip install pillow-heif, then start imgwatch again",
)
FILM = Format(
    "film",
    "film",
    (".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".webm", ".mkv", ".avi"),
    "av",
    "the extra `video` is missing; pip install 'imgwatch[video]', then start imgwatch again",
)
JPEG_XL = Format(
    "JPEG XL", "JPEG XL file", (".jxl",), "", "this version does not read them (docs/pictures.md says why)"
)
FORMATS = (JPEG, PNG, GIF, BMP, WEBP, TIFF, AVIF, RAW, HEIC, FILM, JPEG_XL)
_BY_EXTENSION = {extension: known for known in FORMATS for extension in known.extensions}

_BEGINNINGS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0\x10\0\0\0CR", RAW),  # Canon's CR2
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
    (b"IIU\0", RAW),  # Panasonic's RW2
    (b"IIRO", RAW),  # Olympus' ORF, in its three spellings
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"FUJIFILMCCD-RAW", RAW),
    (b"\x1aE\xdf\xa3", FILM),  # Matroska and WebM
    (b"\0\0\0\x0cJXL \r\n\x87\n", JPEG_XL),
)
_BRANDS = {  # of files that begin with an ftyp box, ISO 14496-12
    **dict.fromkeys((b"avif", b"avis"), AVIF),
    **dict.fromkeys(
        (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"heif"), HEIC
    ),
    b"crx ": RAW,  # Canon's CR3
    **dict.fromkeys(
        (b"qt  ", b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"mmp4", b"MSNV", b"M4V ",
         b"M4VH", b"M4VP", b"f4v ", b"dash", b"XAVC"), FILM
    ),
}  # fmt: skip
_BITMAP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}  # the lengths that a bitmap's header may have


def format_of_name(name: str) -> Format | None:
    """Return the format that a file's extension claims."""
    return _BY_EXTENSION.get(PurePath(name).suffix.lower())


def format_of_head(head: bytes) -> Format | None:
    """Return the format whose files begin so; `head` is the first SNIFF_BYTES bytes, or more."""
    for beginning, known in _BEGINNINGS:
        if head.startswith(beginning):
            return known
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"AVI ": FILM}.get(head[8:12])
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return FILM if brand.startswith((b"3gp", b"3g2")) else _BRANDS.get(brand)
    if head[:2] == b"BM" and len(head) >= 18 and struct.unpack("<I", head[14:18])[0] in _BITMAP_HEADERS:
        return BMP
    return None


def readable() -> tuple[str, ...]:
    """Return the names of the formats that can be judged here."""
    return tuple(known.name for known in FORMATS if known.is_readable)


def left_alone(counts: Mapping[str, int]) -> list[str]:
    """Return a sentence for each format, by its name: so many files are not looked at, and what to do about it."""
    return [known.left_alone(counts[known.name]) for known in FORMATS if known.name in counts]


@cache
def _is_installed(module: str) -> bool:
    try:
        return bool(module) and find_spec(module) is not None
    except (ImportError, ValueError):  # refused by an import hook, or half removed
        return False
