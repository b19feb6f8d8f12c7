"""The daemon's present troubles, in words: each cause is logged once, and once more when it is gone."""

from __future__ import annotations

import logging

from imgwatch.errors import MoveFailed, MoveRefused, QuarantineGone, Unavailable
from imgwatch.timers import Clock

log = logging.getLogger(__name__)


class Health:
    """The troubles of a running daemon, as `imgwatch status` lists them."""

    def __init__(self, clock: Clock, retry_seconds: float) -> None:
        self._clock = clock
        self._retry_seconds = retry_seconds
        self._failed_turn: str | None = None
        self._calm_at = 0.0
        self.move_fault: MoveFailed | Unavailable | None = None  # why the last move failed
        self.destination_fault: MoveFailed | Unavailable | None = (
            None  # the same of a folder for one kind of picture
        )
        self._changing_inodes: str | None = None
        self.waits_for: str | None = None  # set while the loop waits for somebody else
        self.refused_model: str | None = None
        self.watch_limit: str | None = None  # the name of the kernel's limit that is reached

    @property
    def has_failed(self) -> bool:
        """Return whether a whole turn failed, and no later one has succeeded."""
        return self._failed_turn is not None

    @property
    def has_unmoved(self) -> bool:
        """Return whether there are pictures that could not be moved."""
        return self.move_fault is not None or self.destination_fault is not None

    @property
    def is_quarantine_gone(self) -> bool:
        """Return whether moves fail because the quarantine's disk is away."""
        return isinstance(self.move_fault, QuarantineGone)

    def note_failed_turn(self, fault: Exception) -> None:
        """Note that a turn failed: one line in the log, not one per turn."""
        if self._failed_turn is None:
            log.error(
                "all pictures stay where they are; tried again every %g s: %s",
                self._retry_seconds,
                fault if str(fault) else repr(fault),
                extra={"cause": "turn"},
            )
        self._failed_turn = str(fault) or repr(fault)

    def expect_calm(self) -> None:
        """Start to wait for successful turns: one that writes nothing proves nothing."""
        self._calm_at = self._clock() + 2 * self._retry_seconds

    def note_good_turn(self) -> None:
        """Note that a turn worked."""
        if self._failed_turn is not None and self._clock() >= self._calm_at:
            log.warning("it works again", extra={"cause": "turn"})
            self._failed_turn = None

    def note_failed_move(self, fault: MoveFailed | Unavailable) -> None:
        """Note that nothing can be moved: one line in the log, not one per picture."""
        if self.move_fault is None:
            log.error(
                "nothing can be moved into the quarantine just now, tried again later: %s",
                fault,
                extra={"cause": "move"},
            )
        self.move_fault = fault

    def note_good_move(self) -> None:
        """Note that pictures can be moved."""
        if self.move_fault is not None:
            log.warning("pictures can be moved into the quarantine again", extra={"cause": "move"})
            self.move_fault = None

    def note_changing_inodes(self, refusal: MoveRefused) -> None:
        """Note that a picture is not moved as its file system keeps no inode numbers: one line in the log."""
        if self._changing_inodes is None:
            log.error("left where it is, as are others there: %s", refusal)
        self._changing_inodes = str(refusal)

    def note_failed_destination(self, fault: MoveFailed | Unavailable) -> None:
        """Note that pictures cannot be moved to the folder for their kind."""
        if self.destination_fault is None:
            log.error("tried again later: %s", fault, extra={"cause": "destination"})
        self.destination_fault = fault

    def note_good_destination(self) -> None:
        """Note that pictures can be moved to the folder for their kind."""
        if self.destination_fault is not None:
            log.warning(
                "pictures can be moved to the folder for their kind again", extra={"cause": "destination"}
            )
            self.destination_fault = None

    def troubles(self) -> tuple[str, ...]:
        """Return the troubles, a sentence each."""
        return tuple(self.causes().values())

    def causes(self) -> dict[str, str]:
        """Return the troubles by cause: its name stays the same while the sentence may change."""
        limit = self.watch_limit
        causes = {
            "waiting": self.waits_for,
            "turn": self._failed_turn,
            "move": None if self.move_fault is None else str(self.move_fault),
            "destination": None if self.destination_fault is None else str(self.destination_fault),
            "inodes": self._changing_inodes,
            "model": self.refused_model,
            "limit": None
            if limit is None
            else f"inotify's limit {limit} is reached: folders are scanned instead",
        }
        return {cause: sentence for cause, sentence in causes.items() if sentence}
