"""A judgement as data: verdict, kind, and a reason that is a code with figures.

Pure. `wording` has the sentences; `standard` turns a score into a judgement.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

Figure = str | int | float | bool


class Verdict(StrEnum):
    """What is to become of a picture."""

    KEEP = "keep"
    QUARANTINE = "quarantine"
    UNREADABLE = "unreadable"


class Kind(StrEnum):
    """What sort of junk a picture is."""

    SCREENSHOT = "screenshot"
    DOCUMENT = "document"
    CAPTION = "caption"
    CARD = "card"
    ADVERTISEMENT = "advertisement"
    BLURRED = "blurred"
    DARK = "dark"
    STRANGER = "stranger"  # unlike the user's pictures, in no other way that has a name


class ReasonCode(StrEnum):
    """Why a picture was judged as it was. Behind each, the figures that the reason carries."""

    NORMAL = "normal"  # share, pictures
    UNLIKE_OVERALL = "unlike_overall"  # share, pictures
    UNLIKE_ANY = "unlike_any"  # share, pictures
    CAPTION = "caption"  # share, pictures
    DOCUMENT = "document"  # share, pictures
    SCREENSHOT = "screenshot"  # share, pictures
    CARD = "card"  # share, pictures
    ADVERTISEMENT = "advertisement"  # share, pictures
    BLURRED = "blurred"  # share, pictures
    DARK = "dark"  # share, pictures
    OTHER_PART = "other_part"  # says (the model file's own words), share, pictures
    COPY_OF_DELETED = "copy_of_deleted"  # at (seconds since 1970), exact
    COPY_OF_RESTORED = "copy_of_restored"  # at, exact
    LIKE_DELETED = "like_deleted"  # decisions
    DUPLICATE = "duplicate"  # kept (path), because (see duplicates.ranking), exact
    RESTORED = "restored"
    EXISTING = "existing"
    UNREADABLE = "unreadable"  # why
    NOT_JUDGED = "not_judged"  # why; as verdict UNREADABLE, but nothing says that the file is damaged
    TEMPORARILY_UNREADABLE = "temporarily_unreadable"  # why, which lies outside of the file and may pass
    SET_ASIDE = "set_aside"  # why
    TEXT = "text"  # text: the words of a version that kept no code


KIND_OF: Mapping[ReasonCode, Kind] = {
    ReasonCode.CAPTION: Kind.CAPTION,
    ReasonCode.DOCUMENT: Kind.DOCUMENT,
    ReasonCode.SCREENSHOT: Kind.SCREENSHOT,
    ReasonCode.CARD: Kind.CARD,
    ReasonCode.ADVERTISEMENT: Kind.ADVERTISEMENT,
    ReasonCode.BLURRED: Kind.BLURRED,
    ReasonCode.DARK: Kind.DARK,
}


class Reason(msgspec.Struct, frozen=True, gc=False):  # which no cycle can hold: nobody need look for one
    """Why: a code, and the figures that its sentence needs."""

    code: ReasonCode
    figures: Mapping[str, Figure] = {}

    @property
    def kind(self) -> Kind:
        """The sort of junk that the reason speaks of."""
        return KIND_OF.get(self.code, Kind.STRANGER)

    def __str__(self) -> str:
        """Return the sentence."""
        from imgwatch.wording import sentence  # not above: wording knows reasons

        return sentence(self)


def path_figure(path: Path) -> str:
    """Return a path as a figure of a reason: a record is UTF-8, and a name may not be."""
    return str(path).encode(errors="backslashreplace").decode()


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """A verdict with its grounds.

    `score`, `threshold` and `sha256` are None if the picture was unreadable; `kind` is None unless it is junk.
    """

    verdict: Verdict
    reason: Reason
    model: str
    score: float | None = None
    threshold: float | None = None
    sha256: str | None = None
    parts: Mapping[str, float] = {}
    kind: Kind | None = None


def unreadable(
    why: str, model: str, sha256: str | None = None, code: ReasonCode = ReasonCode.UNREADABLE
) -> Judgement:
    """Return the judgement of a picture that could not be read; `code` is the kind of reason."""
    return Judgement(Verdict.UNREADABLE, Reason(code, {"why": why}), model, sha256=sha256)


def in_words(text: str) -> Reason:
    """Return a reason that has words and no code, as older versions wrote them."""
    return Reason(ReasonCode.TEXT, {"text": text})
