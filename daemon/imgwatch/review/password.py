"""The gallery's password: a file with its scrypt hash, which only its owner can read. `login` limits tries."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import b64decode, b64encode
from pathlib import Path

from imgwatch.errors import CannotCreate, ConfigError, UsageError
from imgwatch.review.secret_file import write_secret

NAME = "review.password"
FEWEST_CHARACTERS = 8
LONGEST_BYTES = 1024
_COST, _BLOCK = 1 << 15, 8  # 32 MB and a tenth of a second
_MEMORY = 128 * _COST * _BLOCK + (1 << 20)


def set_password(path: Path, password: str) -> None:
    """Write the file. Raises UsageError for a password that is too short or too long, and CannotCreate."""
    if len(password) < FEWEST_CHARACTERS or len(_bytes(password)) > LONGEST_BYTES:
        raise UsageError(
            f"a password has at least {FEWEST_CHARACTERS} characters, and at most {LONGEST_BYTES} bytes"
        )
    salt = secrets.token_bytes(16)
    parts = (b64encode(salt).decode(), b64encode(_hash(password, salt)).decode())
    try:
        write_secret(path, f"scrypt-1:{parts[0]}:{parts[1]}\n".encode())
    except OSError as fault:
        raise CannotCreate(f"{path}: the password cannot be kept there: {fault.strerror}") from fault


def matches(path: Path, password: str) -> bool:
    """Return whether this is the password, after a tenth of a second either way. Raises ConfigError."""
    salt, expected = _read(path)
    return len(_bytes(password)) <= LONGEST_BYTES and hmac.compare_digest(_hash(password, salt), expected)


def require_usable(path: Path) -> None:
    """Raise ConfigError unless the file holds a password and only its owner can read it."""
    _read(path)


def _read(path: Path) -> tuple[bytes, bytes]:
    mend = "set it with `imgwatch review --set-password`"
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_mode & 0o077:
                raise ConfigError(f"{path}: others may read the password's hash: chmod 600 {path}")
            name, salt, hashed = stream.read(1024).decode("ascii").strip().split(":")
        if name == "scrypt-1":
            return b64decode(salt, validate=True), b64decode(hashed, validate=True)
    except OSError as fault:
        raise ConfigError(f"{path}: the password cannot be read: {fault.strerror}; {mend}") from fault
    except ValueError as fault:
        raise ConfigError(f"{path}: holds no password; {mend}") from fault
    raise ConfigError(f"{path}: holds no password that this version knows; {mend}")


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(_bytes(password), salt=salt, n=_COST, r=_BLOCK, p=1, maxmem=_MEMORY, dklen=32)


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogateescape")
