"""imgwatch: learns from your normal pictures, and moves what does not belong into a quarantine that can be undone.

As a library: `load_model(path).judge(paths)` yields verdicts, `Quarantine(path)` lists, restores and deletes.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as typing has it; importing typing and pathlib takes a sixth of `imgwatch --version`
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from imgwatch.judging import Judge
    from imgwatch.quarantine import Quarantine as Quarantine

# onnxruntime (seen with 1.31) keeps a device id in ~/.cache and reports use over the network unless told not to
# before it is imported. What looks at people's pictures talks to nobody.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__all__ = ["Quarantine", "__version__", "load_model"]
__version__ = "0.2.0"  # the one place; a release is tagged v and this


def load_model(path: Path | str, *, false_alarms: float | None = None, workers: int = 1) -> Judge:
    """Open a model file; its `judge(paths)` yields a judgement for each picture, in order.

    `false_alarms` asks for another promise than the model's own threshold keeps. Use it as a context manager, or
    call `close`, to stop the decoding workers. Raises ModelError when the file is not usable, ValueError
    when `false_alarms` is not a share above 0 and at most 0.5.
    """
    from pathlib import Path

    from imgwatch.judging import Judge
    from imgwatch.model.scorer import Scorer
    from imgwatch.picture.decoding import Limits
    from imgwatch.settings import ThresholdRule, checked

    rule = None if false_alarms is None else checked({"false_alarms": false_alarms}, ThresholdRule)
    return Judge(Scorer(Path(path)), rule, Limits(), workers)


def __getattr__(name: str) -> Any:
    """Import costly modules at their first use, so that `import imgwatch` stays quick."""
    if name == "Quarantine":
        from imgwatch.quarantine import Quarantine

        return Quarantine
    raise AttributeError(f"module 'imgwatch' has no attribute {name!r}")
