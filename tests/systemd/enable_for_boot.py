"""Run before the machine boots: imgwatch is installed and enabled, and a move was broken off in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from machine import Machine

_KILLED_IN_THE_MIDDLE = """
import os, signal
from pathlib import Path
from imgwatch.files import Identity
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine import Quarantine
from imgwatch.judgement import in_words, Judgement, Verdict

class Killed(FileOps):
    def rename(self, source, target):
        super().rename(source, target)
        if source.name == "b1.png":
            os.kill(os.getpid(), signal.SIGKILL)

path = Path("/srv/imgwatch/inbox/b1.png")
judgement = Judgement(Verdict.QUARANTINE, in_words("bright"), "m", 0.9, 0.5)
Quarantine("/srv/imgwatch/quarantine", [path.parent], Killed()).quarantine(path, Identity.of(path.stat()), judgement)
"""

machine = Machine(Path(os.environ["IMGWATCH_VENV"]))
machine.prepare()
machine.drop("b1.png", "b2.png", "d1.png")
machine.write_config(watch=f"[{{path: {machine.inbox}, existing: judge}}]")
subprocess.run(["chown", "-R", "imgwatch", machine.home], check=True)
command = [
    "setpriv",
    "--reuid=imgwatch",
    "--clear-groups",
    str(machine.bin / "python"),
    "-c",
    _KILLED_IN_THE_MIDDLE,
]
done = subprocess.run(command, check=False, capture_output=True, text=True)
if done.returncode != -signal.SIGKILL:
    sys.exit(f"not killed in the middle of the move: {done}")
subprocess.run(["systemctl", "enable", "imgwatch"], check=True)
