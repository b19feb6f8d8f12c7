"""The tokens of the HTTP interface: one file each in the state folder, with the hash and the permissions.

A token is 32 random bytes, so one round of SHA-256 hides it as well as many. The server reads the files at each
request: a token that was removed no longer works.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from imgwatch.errors import CannotCreate, ConfigError, InputMissing, UsageError
from imgwatch.review.secret_file import write_secret

FOLDER = "api-tokens"
SCHEMA = 1
_PREFIX = "imgwatch_"  # by which scanners for leaked secrets know it
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LONGEST = 100


class Permission(StrEnum):
    """What a token may do."""

    JUDGE = "judge"
    LIST = "list"
    DECIDE = "decide"


class Token(msgspec.Struct, frozen=True):
    """One token as it is stored."""

    name: str
    sha256: str
    can: tuple[Permission, ...]
    made_at: datetime
    schema: int = SCHEMA


class Tokens:
    """The folder of tokens."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER

    def add(self, name: str, can: tuple[Permission, ...]) -> str:
        """Make a token and return it; only its hash is stored. Raises UsageError or CannotCreate."""
        path = self._path(name)
        if path.exists():
            raise UsageError(f"a token {name} already exists: `imgwatch token remove {name}` removes it")
        token = _PREFIX + secrets.token_urlsafe(32)
        kept = Token(name, _hash(token), can, datetime.now(UTC).replace(microsecond=0))
        try:
            write_secret(path, msgspec.json.encode(kept) + b"\n")
        except OSError as fault:
            raise CannotCreate(f"{path}: the token cannot be kept there: {fault.strerror}") from fault
        return token

    def remove(self, name: str) -> None:
        """Remove a token, which is then invalid. Raises InputMissing or CannotCreate."""
        path = self._path(name)
        try:
            path.unlink()
        except FileNotFoundError as fault:
            raise InputMissing(f"{name}: no such token; `imgwatch token list` names them") from fault
        except OSError as fault:
            raise CannotCreate(f"{path}: cannot be removed: {fault.strerror}") from fault

    def all(self) -> Iterator[Token]:
        """Yield the tokens, sorted by name. Raises ConfigError for a malformed file."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                token = msgspec.json.decode(path.read_bytes(), type=Token)
            except FileNotFoundError:
                continue  # removed meanwhile
            except (OSError, msgspec.MsgspecError) as fault:
                raise ConfigError(f"{path}: cannot be read as a token: {fault}; remove the file") from fault
            if token.schema > SCHEMA:
                raise ConfigError(f"{path}: made by a newer version of imgwatch")
            yield token

    def of(self, brought: str) -> Token | None:
        """Return the stored token that matches; None for an invalid one."""
        if not (brought.startswith(_PREFIX) and brought.isascii() and len(brought) <= _LONGEST):
            return None
        hashed = _hash(brought)
        return next((token for token in self.all() if hmac.compare_digest(token.sha256, hashed)), None)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name}: a token's name has letters, digits and _.- only")
        return self._folder / f"{name}.json"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
