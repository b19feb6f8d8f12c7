"""Write a file that only the owner of the state folder can read. What is in it, `password` and `tokens` know."""

from __future__ import annotations

import os
from pathlib import Path

from imgwatch.atomic_file import replacing


def write_secret(path: Path, content: bytes) -> None:
    """Replace a file whole, mode 0600; root gives it to whom its folder belongs. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(path, mode=0o600) as stream:
        owner = path.parent.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)
        stream.write(content)
