"""Reasons in English, for shell, gallery, log and hook; no other module words them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from imgwatch.judgement import Figure, Reason, ReasonCode

ONLY_REPORTS = (
    "mode is auto, and the general model has seen none of your pictures: it only reports until you have calibrated "
    "(`imgwatch calibrate`) or trained one and `model` names it; `mode: quarantine` moves at once"
)
_HEADINGS: Mapping[ReasonCode, str] = {
    ReasonCode.NORMAL: "like your normal pictures",
    ReasonCode.UNLIKE_OVERALL: "unlike your pictures overall",
    ReasonCode.UNLIKE_ANY: "unlike any of your pictures",
    ReasonCode.CAPTION: "has words across it",
    ReasonCode.DOCUMENT: "looks like a document",
    ReasonCode.SCREENSHOT: "looks like a screenshot",
    ReasonCode.CARD: "looks like a greeting card",
    ReasonCode.ADVERTISEMENT: "looks like an advertisement",
    ReasonCode.BLURRED: "blurred",
    ReasonCode.DARK: "hardly any light, contrast or content",
    ReasonCode.COPY_OF_DELETED: "a copy of what you deleted",
    ReasonCode.COPY_OF_RESTORED: "a copy of what you restored",
    ReasonCode.LIKE_DELETED: "like what you deleted",
    ReasonCode.DUPLICATE: "a copy of another picture",
    ReasonCode.RESTORED: "you restored this picture",
    ReasonCode.EXISTING: "it lay there before the folder was watched",
    ReasonCode.UNREADABLE: "cannot be read",
    ReasonCode.NOT_JUDGED: "cannot be judged here",
    ReasonCode.TEMPORARILY_UNREADABLE: "cannot be read at present",
    ReasonCode.SET_ASIDE: "not looked at any more",
}


_LABELS: Mapping[ReasonCode, str] = {
    ReasonCode.UNLIKE_OVERALL: "unlike yours",
    ReasonCode.UNLIKE_ANY: "like none of yours",
    ReasonCode.CAPTION: "caption",
    ReasonCode.DOCUMENT: "document",
    ReasonCode.SCREENSHOT: "screenshot",
    ReasonCode.CARD: "greeting card",
    ReasonCode.ADVERTISEMENT: "advertisement",
    ReasonCode.DARK: "dark or empty",
    ReasonCode.COPY_OF_DELETED: "deleted before",
    ReasonCode.LIKE_DELETED: "like deleted ones",
    ReasonCode.DUPLICATE: "copy",
    ReasonCode.UNREADABLE: "unreadable",
    ReasonCode.TEXT: "older version",
}


def label(reason: Reason) -> str:
    """Return the reason in a word or two, for a card."""
    return _LABELS.get(reason.code) or heading(reason)


def heading(reason: Reason) -> str:
    """Return the reason in a few words and without figures, the same for all pictures with this reason."""
    if reason.code is ReasonCode.OTHER_PART:
        return _text(reason, "says").split(":")[0].replace("{share}", "").strip() or "unlike your pictures"
    if reason.code is ReasonCode.TEXT:
        return "judged by an older version"
    return _HEADINGS[reason.code]


def sentence(reason: Reason) -> str:
    """Return the whole reason, as a person reads it behind a picture's name."""
    match reason.code:
        case ReasonCode.NORMAL:
            return _normal(reason)
        case ReasonCode.BLURRED:
            return f"blurred: {_share(reason)} of your pictures are sharper{_own_promise(reason)}"
        case ReasonCode.OTHER_PART:
            return _text(reason, "says").replace("{share}", _share(reason))
        case ReasonCode.COPY_OF_DELETED | ReasonCode.COPY_OF_RESTORED:
            likeness = "the same as" if reason.figures.get("exact") else "nearly the same as"
            verb = "deleted" if reason.code is ReasonCode.COPY_OF_DELETED else "restored"
            return f"{likeness} what you {verb} on {_day(reason.figures.get('at'))}"
        case ReasonCode.DUPLICATE:
            return _duplicate(reason)
        case ReasonCode.LIKE_DELETED:
            return f"like what you deleted: learned from {counted(_number(reason, 'decisions'), 'decision')}"
        case ReasonCode.UNREADABLE | ReasonCode.NOT_JUDGED | ReasonCode.TEMPORARILY_UNREADABLE:
            return _text(reason, "why")
        case ReasonCode.SET_ASIDE:
            return f"not looked at any more: {_text(reason, 'why')}"
        case ReasonCode.TEXT:
            return _text(reason, "text")
    return _HEADINGS[reason.code] + _own_promise(reason)


_BECAUSE = {
    "chosen": "was chosen by you",
    "reference": "lies in a reference folder",
    "exact": "was there first",
    "camera": "comes from the camera",
    "unframed": "has no bars or words around it",
    "uncropped": "shows more of the scene",
    "pixels": "has more pixels",
    "compression": "is compressed less",
    "sharpness": "is sharper",
    "earlier": "was there first",
}


def _duplicate(reason: Reason) -> str:
    likeness = "the same file as" if reason.figures.get("exact") else "a copy of"
    return f"{likeness} {_text(reason, 'kept')}, which {because_it(reason)}"


def because_it(reason: Reason) -> str:
    """Return why a picture is the original of a copy, as "it ..."."""
    return _BECAUSE.get(_text(reason, "because"), "was kept")


def _normal(reason: Reason) -> str:
    if "promise" in reason.figures:
        kind = _text(reason, "kind")
        return f"normal: called {kind}, and within that kind's own promise ({_promise(reason)})"
    return f"normal: {_share(reason)} of your normal pictures score lower"


def _own_promise(reason: Reason) -> str:
    return f" (by its own promise, {_promise(reason)})" if "promise" in reason.figures else ""


def _promise(reason: Reason) -> str:
    share = reason.figures["promise"]
    return f"{100 * float(share):.3g} %" if isinstance(share, int | float) else str(share)


def percent(share: float, pictures: int) -> str:
    """Return a share of `pictures` normal pictures in words that claim no more than so many can show."""
    if share >= 1.0:
        return f"all {pictures}" if pictures < 1000 else f"{100 * (1 - 1 / pictures):.2f} %"
    return f"{100 * share:.1f} %"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return "1 picture", "2 pictures"; `plural` where that is not the noun with an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _share(reason: Reason) -> str:
    share = reason.figures.get("share", 0.0)
    return percent(0.0 if isinstance(share, str) else float(share), _number(reason, "pictures"))


def _number(reason: Reason, figure: str) -> int:
    """Return a count among the figures; a forged record may hold anything."""
    value = reason.figures.get(figure, 0)
    return 0 if isinstance(value, str) else int(value)


def _text(reason: Reason, figure: str) -> str:
    return str(reason.figures.get(figure, ""))


def _day(at: Figure | None) -> str:
    try:
        return f"{datetime.fromtimestamp(float(at or 0)):%-d %B %Y}"
    except (ValueError, OverflowError, OSError):  # a forged record may hold any number
        return "an unknown day"
