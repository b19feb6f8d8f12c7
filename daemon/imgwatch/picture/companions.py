"""Which files belong to a picture, by their names alone: sidecars, the film of a live photo, the RAW of the same shot.

One member of a set is judged: the picture that people see. A file that belongs to two pictures belongs to none.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from functools import partial
from pathlib import Path

from imgwatch.picture.formats import FILM, FORMATS, HEIC, RAW

SHOTS = (".jpg", ".jpeg", *HEIC.extensions)  # what a camera writes beside a film or a RAW
PICTURES = tuple(extension for known in FORMATS if known not in (FILM, RAW) for extension in known.extensions)
FILMS = (".mov", ".mp4", ".m4v")  # of live photos
RAWS = (*RAW.extensions, ".crw", ".3fr", ".x3f")  # these three have no preview that is read
SIDECARS = (".xmp", ".aae")
THUMBNAIL = ".thm"  # a camera's small picture of its film or RAW
LARGEST_FILM_BYTES = 64 << 20  # a live photo's is some seconds long; a larger one is a film of its own
_TAKEOUT = (
    ".supplemental-metadata"  # of Google's .json, whose name is cut so that it has 51 characters in all
)
_LONGEST_TAKEOUT = 46

Look = Callable[[str], Hashable | None]  # which file has this name, None if there is none


def companions_of(name: str, look: Look, others: Iterable[str] = ()) -> list[str]:
    """Return the names of the companions of the file `name`, each file once. `look` knows the files of its folder.

    `others`: pictures that lie elsewhere now, and may share companions.
    """
    stem, extension = _parts(name)
    by_stem = [other for other in _spelt(stem, _extensions_beside(extension)) if look(other) is not None]
    if extension in SHOTS and stem.lower().endswith(".mp"):  # the film of Google's motion photos
        by_stem.append(stem)
    is_own = bool(by_stem) and not any(are_rivals(name, other) for other in others)
    names = list(_named_after(name))
    if is_own and not _is_shared(stem, extension, look):
        names += by_stem
    names_by_key: dict[Hashable, str] = {}
    for companion in names:
        key = look(companion)
        if key is None or key in names_by_key or key == look(name):
            continue
        names_by_key[key] = companion
        if _parts(companion)[1] in RAWS + FILMS:
            names_by_key |= {look(below): below for below in companions_of(companion, look)}
    return list(names_by_key.values())


def is_companion(name: str, look: Look) -> bool:
    """Return whether the file `name`, which may look like a picture, belongs to another one and is not judged."""
    stem, extension = _parts(name)
    if extension == THUMBNAIL:
        return True
    if extension not in RAWS + FILMS or look(name) is None:
        return False
    has_shot = any(look(shot) is not None for shot in _spelt(stem, SHOTS))
    return has_shot and not _is_shared(stem, SHOTS[0], look)


def are_rivals(name: str, other: str) -> bool:
    """Return whether two pictures have the same stem, and are not the same shot."""
    (stem, extension), (other_stem, other_extension) = _parts(name), _parts(other)
    return (
        name != other
        and stem == other_stem
        and other_extension in PICTURES
        and (extension in PICTURES or other_extension not in SHOTS)
    )


def may_follow(name: str) -> bool:
    """Return whether a file of this name may belong to a picture that is elsewhere by now."""
    return name.lower().endswith((*SIDECARS, THUMBNAIL, *FILMS, *RAWS, ".json", ".mp"))


def may_stand_alone(name: str) -> bool:
    """Return whether a companion of this name shows something itself: it may be another shot with the same name."""
    return name.lower().endswith((*FILMS, *RAWS))


def owner_of(path: Path, pictures: Collection[str]) -> str | None:
    """Return which of the pictures that lay in this folder before a file belongs to; None unless exactly one."""
    look = partial(_file_at, path.parent)
    gone = [picture for picture in pictures if look(picture) is None]
    owners = [
        picture
        for picture in gone
        if path.name in companions_of(picture, lambda name: (0, 0) if name in gone else look(name), pictures)
    ]
    return owners[0] if len(owners) == 1 else None


def lying_beside(picture: Path, others: Iterable[str] = ()) -> list[str]:
    """Return the names of the companions that lie beside a picture, as the folder has them."""
    folder = picture.parent
    look = partial(_file_at, folder)
    names_by_key = {look(name): name for name in companions_of(picture.name, look, others)}
    if not names_by_key:
        return []
    names = {name.lower() for name in names_by_key.values()}
    try:
        with os.scandir(folder) as entries:  # upper and lower case may be alike to it
            spelt = {look(entry.name): entry.name for entry in entries if entry.name.lower() in names}
    except OSError:
        spelt = {}
    return [spelt.get(key, name) for key, name in names_by_key.items()]


def belongs_to_another(path: Path) -> bool:
    """Return whether a file is the companion of a picture beside it."""
    return is_companion(path.name, partial(_file_at, path.parent))


def _file_at(folder: Path, name: str) -> tuple[int, int] | None:
    """Return device and inode of the regular file there; None if there is none, or a long film: no companion."""
    path = f"{folder}/{name}"
    try:
        if not os.access(
            path, os.F_OK
        ):  # most are not there, and an exception for each would take ten times as long
            return None
        status = os.lstat(path)
    except (OSError, ValueError):
        return None
    is_long_film = status.st_size > LARGEST_FILM_BYTES and _parts(name)[1] in FILMS
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) and not is_long_film else None


def _extensions_beside(extension: str) -> tuple[str, ...]:
    """Return the extensions of files that belong by their stem to a file with this extension."""
    if extension in SHOTS:
        return (*SIDECARS, THUMBNAIL, *FILMS, *RAWS)
    if extension in PICTURES:
        return SIDECARS
    if extension in RAWS + FILMS:
        return (*SIDECARS, THUMBNAIL)
    return ()


def _is_shared(stem: str, extension: str, look: Look) -> bool:
    """Return whether a picture of another extension has the same stem, so that nobody knows whose the rest is."""
    rivals = PICTURES if extension in PICTURES else PICTURES + RAWS
    is_picture = extension in rivals
    return len({look(rival) for rival in _spelt(stem, rivals)} - {None}) > is_picture


def _named_after(name: str) -> Iterator[str]:
    """Yield the names of sidecars that begin with the whole name, and Google's, shortened and numbered."""
    stem, extension = os.path.splitext(name)  # noqa: PTH122 - a name, no path
    yield from _spelt(name, (".xmp", ".json"))
    head, bracket, number = stem.rpartition("(")
    if bracket and number[:-1].isdigit() and number.endswith(")"):  # IMG(1).jpg has IMG.jpg(1).json
        plain, number = head + extension, bracket + number
        yield from (f"{cut}{number}.json" for cut in _cut(plain))
    yield from (f"{cut}.json" for cut in _cut(name))


def _cut(name: str) -> Iterable[str]:
    """Return the possible stems of Google's .json of a file: long names are shortened."""
    return dict.fromkeys(
        (name[:_LONGEST_TAKEOUT], *(name + _TAKEOUT[:length] for length in range(len(_TAKEOUT), 0, -1)))
    )


def _spelt(stem: str, extensions: Iterable[str]) -> Iterator[str]:
    for extension in extensions:
        yield from dict.fromkeys(
            (stem + extension, stem + extension.upper(), stem + extension[:2].upper() + extension[2:])
        )


def _parts(name: str) -> tuple[str, str]:
    stem, extension = os.path.splitext(name)  # noqa: PTH122 - a name, no path
    return stem, extension.lower()
