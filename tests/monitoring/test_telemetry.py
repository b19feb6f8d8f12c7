"""onnxruntime reports use over the network unless told otherwise; imgwatch tells it otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_judging_leaves_no_device_id_behind_and_reports_nothing(tmp_path: Path, model_file: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))} | {
        "HOME": str(tmp_path)
    }
    program = f"import imgwatch; imgwatch.load_model({str(model_file)!r}).close()"
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert not [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name]
