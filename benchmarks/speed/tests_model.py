"""The tests' own tiny model, for which bright is junk: what is measured with it is all but the model."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "tests"))

from conftest import write_brightness_model

__all__ = ["write_brightness_model"]
