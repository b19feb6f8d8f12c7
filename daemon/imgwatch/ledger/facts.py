"""What the daemon and the commands tell one another through the ledger: single facts, each with its type."""

from __future__ import annotations

from pathlib import Path

from imgwatch.errors import shown
from imgwatch.ledger.file import LedgerFile

_OPEN, _CLOSED = "open", "closed"


class Facts:
    """The table of facts. What was never put is None, False or 0."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    @property
    def breaker_is_open(self) -> bool:
        """Return whether the breaker holds back what would be moved."""
        return self._text("breaker") == _OPEN

    @property
    def breaker_reason(self) -> str | None:
        """The reason why the breaker is open; None while it is closed."""
        return self._text("breaker_why") if self.breaker_is_open else None

    def open_breaker(self, why: str) -> None:
        """Remember that the breaker opened, and why."""
        with self._file.writing():
            self._put("breaker_why", why)
            self._put("breaker", _OPEN)

    def close_breaker(self) -> None:
        """Remember that the user closed the breaker."""
        self._put_alone("breaker", _CLOSED)

    @property
    def drift(self) -> str | None:
        """The state of the drift test, as JSON that `imgwatch.drift` reads."""
        return self._text("drift")

    def put_drift(self, state: str) -> None:
        """Remember the state of the drift test."""
        self._put_alone("drift", state)

    @property
    def last_digest(self) -> str | None:
        """The day (local, ISO 8601) whose beginning was the last for which a digest was logged."""
        return self._text("digest")

    def put_last_digest(self, day: str) -> None:
        """Remember that the digest was logged on this day."""
        self._put_alone("digest", day)

    @property
    def last_message_digest(self) -> str | None:
        """The day (local, ISO 8601) up to which a digest was sent."""
        return self._text("message digest")

    def put_last_message_digest(self, day: str) -> None:
        """Remember up to which day a digest was sent."""
        self._put_alone("message digest", day)

    @property
    def announced(self) -> str | None:
        """The troubles, and the open breaker, of which a message was sent, as JSON that `monitoring.notices` reads."""
        return self._text("announced")

    def put_announced(self, causes: str) -> None:
        """Remember of which troubles a message was sent."""
        self._put_alone("announced", causes)

    @property
    def formats(self) -> str | None:
        """The formats that were read when files were last passed over, as text of `candidates`."""
        return self._text("formats")

    def put_formats(self, formats: str) -> None:
        """Remember which formats are read."""
        self._put_alone("formats", formats)

    @property
    def kinds(self) -> str | None:
        """The config's rules for each kind of junk when files were last left alone by them, as JSON."""
        return self._text("kinds")

    def put_kinds(self, kinds: str) -> None:
        """Remember the rules for each kind of junk."""
        self._put_alone("kinds", kinds)

    def device_of(self, folder: Path) -> int | None:
        """Return the device (st_dev) of a folder that pictures were moved to; None if none ever were."""
        text = self._text(f"device of {folder}")
        return None if text is None else self._file.parsed(int, text)

    def put_device(self, folder: Path, device: int) -> None:
        """Remember the device (st_dev) of a folder that pictures are moved to."""
        if self.device_of(folder) != device:
            self._put_alone(f"device of {folder}", str(device))

    def began(self, root: Path) -> float | None:
        """Return when a watched folder was first watched, in seconds since 1970; None if it never was."""
        text = self._text(f"begun {root}")
        return None if text is None else self._file.parsed(float, text)

    def put_beginning(self, root: Path, at: float) -> None:
        """Remember when a watched folder was first watched; within the caller's transaction."""
        self._put(f"begun {root}", str(at))

    def scope(self, root: Path) -> str | None:
        """Return which part of a folder was watched when the daemon last started with it, as text of `intake`."""
        return self._text(f"scope of {root}")

    def put_scope(self, root: Path, scope: str) -> None:
        """Remember which part of a folder is watched."""
        if self.scope(root) != scope:
            self._put_alone(f"scope of {root}", scope)

    def root_inodes(self) -> dict[Path, int]:
        """Return the folders that were ever watched with their inodes; 0 where none was noted."""
        rows = self._file.rows(
            (str, str), "SELECT name, value FROM fact WHERE name LIKE 'begun %' OR name LIKE 'inode of %'"
        )
        begun = {Path(name.removeprefix("begun ")): 0 for name, _ in rows if name.startswith("begun ")}
        noted = (
            (name, self._file.parsed(int, value)) for name, value in rows if name.startswith("inode of ")
        )
        return begun | {Path(name.removeprefix("inode of ")): ino for name, ino in noted}

    def put_root_inode(self, root: Path, ino: int) -> None:
        """Remember the inode of a watched folder, by which it is recognised after a rename."""
        name = f"inode of {root}"
        if self._text(name) != str(ino):
            self._put_alone(name, str(ino))

    def volume(self, quarantine: Path) -> str | None:
        """Return on which device a quarantine lay, as text of `quarantine.volume`."""
        return self._text(f"home of {shown(quarantine)}")

    def put_volume(self, quarantine: Path, device: str) -> None:
        """Remember on which device a quarantine lies."""
        self._put_alone(f"home of {shown(quarantine)}", device)

    def feedback_offset(self, log: str | None) -> int:
        """Return up to which byte of the quarantine's log of this name the decisions were learned from."""
        return self._file.parsed(int, self._text(f"lesson_offset {log}") or "0")

    def put_feedback_offset(self, log: str | None, offset: int) -> None:
        """Remember up to which byte the decisions were learned from."""
        self._put_alone(f"lesson_offset {log}", str(offset))

    def _text(self, name: str) -> str | None:
        rows = self._file.rows((str,), "SELECT value FROM fact WHERE name = ?", (_printable(name),))
        return rows[0][0] if rows else None

    def _put(self, name: str, value: str) -> None:
        self._file.ask("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", (_printable(name), value))

    def _put_alone(self, name: str, value: str) -> None:
        with self._file.writing():
            self._put(name, value)


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
