"""What a record holds about a companion: sidecar, film of a live photo, RAW of the same shot. Pure.

Which files those are, `picture.companions` knows.
"""

from __future__ import annotations

from typing import Any, Self

import msgspec

from imgwatch.quarantine.fields import FileFields, is_plain_name, metadata_as_json
from imgwatch.quarantine.metadata import FileMetadata

MOST = 8  # of one picture: so many fit into the journal, however long their names are


class Companion(msgspec.Struct, frozen=True):
    """One file: `name` in the folder of its picture, `file` in pictures/."""

    name: str
    file: str
    size_bytes: int
    sha256: str
    metadata: FileMetadata

    def to_json(self) -> dict[str, Any]:
        """Return it as the record has it."""
        return {
            "name": self.name,
            "file": self.file,
            "bytes": self.size_bytes,
            "sha256": self.sha256,
            **metadata_as_json(self.metadata),
        }

    @classmethod
    def of(cls, fields: CompanionFields) -> Self:
        """Return the companion that these checked fields describe."""
        return cls(fields.name, fields.file, fields.bytes, fields.sha256, fields.metadata)


class CompanionFields(FileFields, kw_only=True):
    """A companion as JSON has it."""

    name: str


def are_usable(companions: list[CompanionFields], file: str) -> bool:
    """Return whether a record of the picture `file` may have these: no path leads elsewhere, no file occurs twice."""
    files = {file, *(companion.file for companion in companions)}
    names = {companion.name for companion in companions}
    return (
        all(is_plain_name(name) for name in names)
        and all(companion.bad_field() is None for companion in companions)
        and len(companions) <= MOST
        and len(names) == len(companions) == len(files) - 1
    )
