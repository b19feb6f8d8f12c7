"""Write a file that only the owner of the state folder can read. `password` and `tokens` know its content."""

from __future__ import annotations

import os
from pathlib import Path

from imgwatch.atomic_file import replacing
from imgwatch.files import nearest_existing


def write_secret(path: Path, content: bytes) -> None:
    """Replace a file atomically, mode 0600; root hands it to the owner of its folder. Raises OSError."""
    folder = path.parent
    owner = nearest_existing(folder).stat()
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, owner.st_uid, owner.st_gid)
    with replacing(path, mode=0o600) as stream:
        if os.geteuid() == 0:
            os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)
        stream.write(content)
