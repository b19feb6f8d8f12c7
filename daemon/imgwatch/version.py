"""What `imgwatch --version` says: the release, and the general model that comes with it. It opens no model."""

from __future__ import annotations

import hashlib
from pathlib import Path

from imgwatch import __version__

GENERAL_MODEL = Path(__file__).with_name("default.onnx")


def version_words() -> str:
    """Return the release and the name that ledger, records and `status` give to its general model."""
    try:
        with GENERAL_MODEL.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return f"imgwatch {__version__} (its general model is missing: install it again)"
    return f"imgwatch {__version__} (general model {GENERAL_MODEL.stem}-{digest[:8]})"
