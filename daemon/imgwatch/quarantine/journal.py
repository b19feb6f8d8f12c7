"""The journal: the one operation of the quarantine that is under way, so that the next process can end it.

It only holds the operation; what ending it means, `store` knows.
"""

from __future__ import annotations

import hashlib
import os

import msgspec

from imgwatch.errors import FormatTooNew, RecordMalformed
from imgwatch.files import Identity
from imgwatch.lifecycle import Event
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.record import decode_json, encode_json, is_plain_name, is_plain_path

NAME = "under_way"
SCHEMA = 2  # of an operation; what it means, and what came when: docs/formats.md
# The longest path, every byte escaped, fits. The file never grows, so no full disk stops it.
_SLOT_BYTES = 64 << 10
_MAGIC = b"imgwatch"
_HEADER_BYTES = len(_MAGIC) + 4 + 32


class Operation(msgspec.Struct, frozen=True):
    """One operation: `file` in pictures/, `far_folder` and `far_name` the other end of a move, or ""."""

    event: Event
    id: str
    file: str
    identity: Identity
    log_bytes: int  # how long the log was before: what lies behind it belongs to this operation
    far_folder: str = ""
    far_name: str = ""
    copy_ino: int | None = None  # the inode of the copy, once the move has become one across file systems

    @property
    def part(self) -> str:
        """Give the name of the unfinished copy."""
        return f".imgwatch-{self.id}.part"

    def copying(self, ino: int) -> Operation:
        """Give the same operation, now known to be a copy."""
        return msgspec.structs.replace(self, copy_ino=ino)


class Journal:
    """A file of two slots: an operation as it began, and the same once it has become a copy.

    What is torn or fails its checksum was never written: so neither write can lose the other.
    """

    def __init__(self, descriptor: int, file_ops: FileOps) -> None:
        self._descriptor = descriptor
        self._file_ops = file_ops

    def read(self) -> Operation | None:
        """Give the operation under way, if any."""
        begun, copying = self._slot(0), self._slot(_SLOT_BYTES)
        if begun and copying and msgspec.structs.replace(copying, copy_ino=None) == begun:
            return copying
        return begun

    def _slot(self, offset: int) -> Operation | None:
        content = os.pread(self._descriptor, _SLOT_BYTES, offset)
        length = int.from_bytes(content[len(_MAGIC) : len(_MAGIC) + 4], "big")
        payload = content[_HEADER_BYTES : _HEADER_BYTES + length]
        if content[:_HEADER_BYTES] != _header(payload):
            return None
        try:
            return _operation(decode_json(payload))
        except (RecordMalformed, msgspec.ValidationError, ValueError):
            return None

    def write(self, operation: Operation) -> None:
        """Put the operation on the disk before it begins, and again before it becomes a copy."""
        if os.fstat(self._descriptor).st_size < 2 * _SLOT_BYTES:
            self._file_ops.write(self._descriptor, bytes(2 * _SLOT_BYTES), 0)
        payload = encode_json({"schema": SCHEMA, **msgspec.structs.asdict(operation)})
        offset = 0 if operation.copy_ino is None else _SLOT_BYTES
        self._file_ops.write(self._descriptor, _header(payload) + payload, offset)
        self._file_ops.sync(self._descriptor)

    def clear(self) -> None:
        """Forget the operation; not waited for, as ending it once more after a power cut does no harm."""
        self._file_ops.write(self._descriptor, bytes(_HEADER_BYTES), 0)


def _header(payload: bytes) -> bytes:
    return _MAGIC + len(payload).to_bytes(4, "big") + hashlib.sha256(payload).digest()


def _operation(content: object) -> Operation:
    schema = content.get("schema", 1) if isinstance(content, dict) else 1
    if isinstance(schema, int) and schema > SCHEMA:
        raise FormatTooNew(
            f"{NAME} of the quarantine holds an operation of schema {schema}; this version of imgwatch knows {SCHEMA}: "
            "let the newer one end it. Nothing was changed"
        )
    operation = msgspec.convert(content, Operation)
    far_is_good = is_plain_path(operation.far_folder) or operation.far_folder in ("", "/")
    if not far_is_good or not is_plain_name(operation.file) or not is_plain_name(operation.part):
        raise ValueError("leads elsewhere")
    return operation
