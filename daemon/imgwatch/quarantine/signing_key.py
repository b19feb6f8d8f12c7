"""The secret by which the quarantine knows its own journal; it lies in the state folder, not beside the journal."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from imgwatch.errors import shown
from imgwatch.files import FolderEntry, create_exclusive, opened_file, opened_folder
from imgwatch.quarantine.store import move_failed

NAME = "quarantine.key"
_BYTES = 32


class SigningKey:
    """A file of 32 random bytes, mode 0600, made at the first operation."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> bytes | None:
        """Return the key; None if there is none yet, or only the beginning of one."""
        try:
            with opened_folder(self._path.parent.resolve()) as folder:
                return self._load(folder)
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise move_failed(fault, f"cannot read {shown(self._path)}") from fault

    def _load(self, folder: int) -> bytes | None:
        with opened_file(FolderEntry(folder, self._path.name, self._path)) as descriptor:
            status = os.fstat(descriptor)
            if status.st_uid != os.fstat(folder).st_uid:
                return None
            if status.st_mode & 0o077:
                os.fchmod(descriptor, 0o600)
            content = os.pread(descriptor, _BYTES + 1, 0)
            return content if len(content) == _BYTES else None

    def load_or_make(self) -> bytes:
        """Return the key; made, and on the disk, if there was none. Call it under the quarantine's lock."""
        known = self.load()
        if known is not None:
            return known
        key = secrets.token_bytes(_BYTES)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with opened_folder(self._path.parent.resolve()) as folder:
                self._make(folder, key)
        except OSError as fault:
            raise move_failed(fault, f"cannot make {shown(self._path)}") from fault
        return key

    def _make(self, folder: int, key: bytes) -> None:
        name = f".{self._path.name}.{secrets.token_hex(4)}"
        descriptor = create_exclusive(folder, name)
        try:
            os.write(descriptor, key)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(name, self._path.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
