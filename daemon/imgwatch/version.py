"""The output of `imgwatch --version`: the release, and its general model. It opens no model."""

from __future__ import annotations

import hashlib
import os

from imgwatch import __version__

GENERAL_MODEL = f"{os.path.dirname(__file__)}/default.onnx"  # noqa: PTH120 - pathlib takes a tenth of `--version`


def version_words() -> str:
    """Return the release, and the name of its general model in ledger, records and `status`."""
    try:
        with open(GENERAL_MODEL, "rb") as stream:  # noqa: PTH123 - as above
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return f"imgwatch {__version__} (its general model is missing: install it again)"
    return f"imgwatch {__version__} (general model default-{digest[:8]})"
