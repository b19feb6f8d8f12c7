"""The reasons of schema 1, which were sentences, as data. Pure."""

from __future__ import annotations

from imgwatch.judgement import Reason, ReasonCode, in_words

_BEGINNINGS = {
    "cannot be redrawn from": ReasonCode.UNLIKE_OVERALL,
    "unlike any of your": ReasonCode.UNLIKE_ANY,
    "has words across it": ReasonCode.CAPTION,
    "looks like a document": ReasonCode.DOCUMENT,
    "looks like a screenshot": ReasonCode.SCREENSHOT,
    "looks like a greeting card": ReasonCode.CARD,
    "hardly any light": ReasonCode.DARK,
}


def reason_of_schema_1(text: str) -> Reason:
    """Return the reason by its code where that needs no figures; else the sentence itself."""
    code = next((code for beginning, code in _BEGINNINGS.items() if text.startswith(beginning)), None)
    return in_words(text) if code is None else Reason(code)
