"""Pictures that are left alone because they are known: they lay there on the first day, or the user took them back.

It judges nothing; what of this is remembered, and where, `ledger.left_alone` and the quarantine's log know.
"""

from __future__ import annotations

from imgwatch.errors import ImgwatchError
from imgwatch.judgement import ReasonCode, Verdict
from imgwatch.judging import Judged
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.moving import Result
from imgwatch.quarantine import Quarantine

_METADATA_BYTES = 1 << 16  # a rating or a place written into a picture changes its size by less than this


class FamiliarPictures:
    """Knows such pictures by where they lie, by their bytes, and by their pixels.

    `spares_existing`: also what lay there on the first day; a `rescan` that is asked for judges it.
    """

    def __init__(self, quarantine: Quarantine, ledger: Ledger, *, spares_existing: bool) -> None:
        self._quarantine = quarantine
        self._ledger = ledger
        self._spares_existing = spares_existing

    def why(self, judged: Judged) -> ReasonCode | None:
        """Return why a picture is left alone: EXISTING, RESTORED, or None if it is not familiar."""
        if self._spares_existing and self._lay_there(judged):
            return ReasonCode.EXISTING
        if judged.judgement.verdict is Verdict.KEEP or judged.judgement.sha256 is None:
            return None
        return ReasonCode.RESTORED if self._was_taken_back(judged, judged.judgement.sha256) else None

    def note(self, result: Result) -> None:
        """Remember a picture that was moved, so that it is known when it comes back."""
        record, judged = result.record, result.judged
        if record is not None:
            self._ledger.left_alone.note_moved(record.id, record.sha256, judged.fingerprint)

    def _lay_there(self, judged: Judged) -> bool:
        """Return whether it is a picture of the first day in which something was written, there or elsewhere."""
        known = self._ledger.known(judged.path)
        if known is not None and known.state is FileState.EXISTING:
            is_same_file = known.ino == judged.identity.ino
            if is_same_file or abs(known.size - judged.identity.size) <= _METADATA_BYTES:
                if judged.fingerprint is not None:
                    self._ledger.left_alone.note_existing(judged.fingerprint)
                return True
        return judged.fingerprint is not None and self._ledger.left_alone.has_pixels_of_existing(
            judged.fingerprint
        )

    def _was_taken_back(self, judged: Judged, sha256: str) -> bool:
        """Return whether the user restored the picture, or dragged it out of the quarantine by hand."""
        if self._quarantine.was_restored(sha256):
            return True
        moved = self._ledger.left_alone.moved_before(sha256, judged.fingerprint)
        if any(self._quarantine.was_restored(digest) for _, digest in moved):
            return True
        return any(
            self._was_dragged_back(record_id, judged, has_its_bytes=digest == sha256)
            for record_id, digest in moved
        )

    def _was_dragged_back(self, record_id: str, judged: Judged, *, has_its_bytes: bool) -> bool:
        written_ns = judged.identity.mtime_ns if has_its_bytes else None
        try:
            return self._quarantine.note_removed_by_hand(record_id, judged.path, written_ns)
        except ImgwatchError:  # no longer there, or not to be asked now: it is judged as any other
            return False
