"""What `imgwatch --version` says: the release, and the general model that comes with it. It opens no model."""

from __future__ import annotations

import hashlib
import os

from imgwatch import __version__

GENERAL_MODEL = f"{os.path.dirname(__file__)}/default.onnx"  # noqa: PTH120 - pathlib takes a tenth of `--version`


def version_words() -> str:
    """Return the release and the name that ledger, records and `status` give to its general model."""
    try:
        with open(GENERAL_MODEL, "rb") as stream:  # noqa: PTH123 - as above
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return f"imgwatch {__version__} (its general model is missing: install it again)"
    return f"imgwatch {__version__} (general model default-{digest[:8]})"
