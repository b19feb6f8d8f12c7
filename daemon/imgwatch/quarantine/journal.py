"""The journal: the one operation of the quarantine that is under way, and those that wait for their folder.

It only holds operations; `recovery` ends them. Each is signed, where there is a key for that: a
journal that somebody else wrote must not move files.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from imgwatch.errors import FormatTooNew, RecordMalformed
from imgwatch.files import FolderEntry, Identity, opened_file
from imgwatch.lifecycle import Event
from imgwatch.quarantine.encoding import decode_json, encode_json
from imgwatch.quarantine.fields import is_plain_name, is_plain_path
from imgwatch.quarantine.file_ops import FileOps

NAME = "under_way"
SCHEMA = 3  # of an operation; what it means, and what came when: docs/formats.md
# The longest path and the most companions, every byte escaped, fit. The file never grows, so no full disk stops it.
_SLOT_BYTES = 64 << 10
_MAGIC = b"imgwatch"
_HEADER_BYTES = len(_MAGIC) + 4 + 32


class Member(msgspec.Struct, frozen=True):
    """A companion of the picture that an operation is about: the same as of the picture itself."""

    file: str
    identity: Identity
    far_name: str
    copy_ino: int | None = None


class Operation(msgspec.Struct, frozen=True):
    """One operation: `file` in pictures/, `far_folder` and `far_name` the other end of a move, or "".

    The companions come from and go to the same folders as their picture. One that joins its picture is moved alone.
    """

    event: Event
    id: str
    file: str
    identity: Identity
    log_bytes: int  # how long the log was before: what lies behind it belongs to this operation
    far_folder: str = ""
    far_name: str = ""
    copy_ino: int | None = None  # the inode of the copy, once the move has become one across file systems
    far_dev: int | None = (
        None  # device and inode of the far folder: another one there is not the one that was meant
    )
    far_ino: int | None = None
    signature: str = ""
    companions: tuple[Member, ...] = ()

    @property
    def inward(self) -> bool:
        """Return whether it moves something into the quarantine."""
        return self.event in (Event.QUARANTINED, Event.JOINED, Event.TAKEN_BACK, Event.RECALLED)

    @property
    def moved(self) -> tuple[Member, ...]:
        """What is moved, or deleted: the picture first, unless only a companion is."""
        own = Member(self.file, self.identity, self.far_name, self.copy_ino)
        return self.companions if self.event is Event.JOINED else (own, *self.companions)

    @property
    def files(self) -> tuple[str, ...]:
        """The names in pictures/ of the picture and its companions."""
        return (self.file, *(member.file for member in self.companions))

    @property
    def goes_out(self) -> bool:
        """Return whether it moves something out of the quarantine."""
        return self.event in (Event.RESTORED, Event.MOVED)

    @property
    def goes_to(self) -> str | None:
        """Return where a picture goes that leaves the quarantine."""
        return str(Path(self.far_folder) / self.far_name) if self.goes_out else None

    def move_ids(self) -> list[str]:
        """Return the ids of the moves of all that is `moved`."""
        return self._ids()[-len(self.moved) :]

    def _ids(self) -> list[str]:
        return [self.id, *(f"{self.id}-{number}" for number in range(1, len(self.companions) + 1))]

    def copying(self, inos: Mapping[str, int]) -> Operation:
        """Return the same operation, now known to copy: the inodes of the copies, by the ids of the moves."""
        own, *others = (inos.get(move_id) for move_id in self._ids())
        return self._with_copies(own, others)

    def inos(self) -> dict[str, int]:
        """Return the inodes of the copies, by the ids of the moves."""
        moves = zip(self.move_ids(), self.moved, strict=True)
        return {move_id: member.copy_ino for move_id, member in moves if member.copy_ino is not None}

    def begun(self) -> Operation:
        """Return the same operation as it was before anything was copied."""
        return self._with_copies(None, [None] * len(self.companions))

    def _with_copies(self, own: int | None, others: Sequence[int | None]) -> Operation:
        members = zip(self.companions, others, strict=True)
        return msgspec.structs.replace(
            self,
            copy_ino=own,
            companions=tuple(msgspec.structs.replace(member, copy_ino=ino) for member, ino in members),
        )

    def signed(self, key: bytes | None) -> Operation:
        """Return the same operation with the signature that this key makes, or none."""
        return msgspec.structs.replace(self, signature=_signature(self, key) if key else "")

    def is_signed(self, key: bytes | None) -> bool:
        """Return whether this key has signed it."""
        return key is not None and hmac.compare_digest(self.signature, _signature(self, key))


def _signature(operation: Operation, key: bytes) -> str:
    unsigned = msgspec.structs.replace(operation, signature="")
    return hmac.new(key, encode_json(_fields(unsigned)), hashlib.sha256).hexdigest()


def _fields(operation: Operation) -> dict[str, Any]:
    """Return what is written: without companions, the same as a version that knew none wrote and signed."""
    fields: dict[str, Any] = msgspec.to_builtins(operation)
    if not operation.companions:
        del fields["companions"]
    return fields


class Journal:
    """A file of two slots: an operation as it began, and the same once it has become a copy.

    What is torn or fails its checksum was never written: so neither write can lose the other. An operation that has to
    wait gets a file of its own beside it.
    """

    def __init__(
        self, descriptor: int, file_ops: FileOps, root: FolderEntry, key: bytes | None = None
    ) -> None:
        self._descriptor = descriptor
        self._file_ops = file_ops
        self._root = root  # any name in the quarantine's folder
        self.key = key

    def read(self) -> Operation | None:
        """Return the operation under way, if any."""
        begun, copying = read_slot(self._descriptor, 0), read_slot(self._descriptor, _SLOT_BYTES)
        if begun and copying:
            before = msgspec.structs.replace(copying.begun(), signature=begun.signature)
            return copying if before == begun else begun
        return begun

    def write(self, operation: Operation) -> None:
        """Write the operation to the disk before it begins, and again before it becomes a copy."""
        if os.fstat(self._descriptor).st_size < 2 * _SLOT_BYTES:
            self._file_ops.write(self._descriptor, bytes(2 * _SLOT_BYTES), 0)
        offset = _SLOT_BYTES if operation.inos() else 0
        self._file_ops.write(self._descriptor, _encoded(operation.signed(self.key)), offset)
        self._file_ops.sync(self._descriptor)

    def clear(self) -> None:
        """Forget the operation, without waiting for the disk: ending it once more after a power cut does no harm."""
        self._file_ops.write(self._descriptor, bytes(_HEADER_BYTES), 0)

    def flush(self) -> None:
        """Wait until what was cleared is so on the disk."""
        self._file_ops.sync(self._descriptor)

    def park(self, operation: Operation) -> None:
        """Keep an operation until its folder is there, so that others can go on."""
        entry = self._parked_entry(operation.id)
        self.drop(operation.id)
        descriptor = self._file_ops.create(entry.folder, entry.name)
        try:
            self._file_ops.write(descriptor, _encoded(operation.signed(self.key)), 0)
            self._file_ops.sync(descriptor)
        finally:
            os.close(descriptor)
        self._file_ops.sync(entry.folder)

    def drop(self, record_id: str) -> None:
        """Forget a parked operation, if there is one of this id."""
        try:
            self._file_ops.unlink(self._parked_entry(record_id))
        except FileNotFoundError:
            return

    def parked(self) -> Iterator[Operation]:
        """Yield the operations that wait."""
        return parked_in(self._root)

    def _parked_entry(self, record_id: str) -> FolderEntry:
        name = f"{NAME}.{record_id}"
        return FolderEntry(self._root.folder, name, self._root.path.with_name(name))


def parked_in(root: FolderEntry) -> Iterator[Operation]:
    """Yield the operations that wait in a quarantine's folder, given by any entry in it."""
    for name in sorted(os.listdir(root.folder)):
        if name.startswith(f"{NAME}."):
            operation = None
            entry = FolderEntry(root.folder, name, root.path.with_name(name))
            with suppress(OSError), opened_file(entry) as descriptor:
                operation = read_slot(descriptor, 0)
            if operation is not None and name == f"{NAME}.{operation.id}":
                yield operation


def read_slot(descriptor: int, offset: int) -> Operation | None:
    """Read one operation; None where there is none, or a torn or damaged one. Raises FormatTooNew."""
    content = os.pread(descriptor, _SLOT_BYTES, offset)
    length = int.from_bytes(content[len(_MAGIC) : len(_MAGIC) + 4], "big")
    payload = content[_HEADER_BYTES : _HEADER_BYTES + length]
    if content[:_HEADER_BYTES] != _header(payload):
        return None
    try:
        return _operation(decode_json(payload))
    except (RecordMalformed, msgspec.ValidationError, ValueError):
        return None


def _encoded(operation: Operation) -> bytes:
    payload = encode_json({"schema": SCHEMA, **_fields(operation)})
    return _header(payload) + payload


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
    names = [*operation.files, operation.id]
    if operation.far_folder:
        names += [operation.far_name, *(member.far_name for member in operation.companions)]
    if not far_is_good or not all(map(is_plain_name, names)):
        raise ValueError("leads elsewhere")
    return operation
