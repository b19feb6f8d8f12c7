"""The general model comes to its golden scores on this processor, emulated or not: `PYTHON release/self_test.py`."""

from __future__ import annotations

import platform
from pathlib import Path

from imgwatch.model.scorer import Scorer
from imgwatch.version import GENERAL_MODEL, version_words

Scorer(
    Path(GENERAL_MODEL)
)  # raises where the golden pictures do not come to what they came to when it was trained
print(f"{version_words()} passes its self-test on {platform.machine()}")
