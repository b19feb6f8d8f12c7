"""Which of the pictures just judged normal are copies that may go, and which earlier ones are copies of them.

It answers with judgements; no copy goes whose original is missing at the moment of moving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from imgwatch.candidates import candidates
from imgwatch.duplicates.finder import Copy, Finder
from imgwatch.judgement import Figure, Reason, ReasonCode, Verdict, path_figure
from imgwatch.judging import Judged
from imgwatch.ledger import Ledger
from imgwatch.ledger.signatures import Signed
from imgwatch.lifecycle import FileState
from imgwatch.scan import Scope, identity_of

_STAYS = (FileState.KEPT, FileState.EXISTING)


class Duplicates:
    """Finds copies among pictures judged normal. `scopes`: the compared folders, reference folders included."""

    def __init__(self, finder: Finder, ledger: Ledger, scopes: Sequence[Scope]) -> None:
        self._finder = finder
        self._ledger = ledger
        self._scopes = scopes
        self._originals: dict[Path, Signed] = {}  # of the copies that are about to go

    def fill(self) -> Iterator[None]:
        """Look at the pictures already in the folders, one per step, except those that are not judged yet."""
        for path in candidates(self._scopes):
            identity = identity_of(path) if self._stays(path) else None
            if identity is not None:
                self._finder.look_at(path, identity)
            yield

    def find_copies(
        self, batch: Sequence[Judged], leaves_alone: Callable[[Judged], bool]
    ) -> tuple[list[Judged], list[Judged]]:
        """Return the batch with its copies judged as such, and judgements of earlier copies of its pictures."""
        judgements: list[Judged] = []
        earlier: dict[Path, Judged] = {}
        normal: set[Path] = set()  # of this batch: the ledger does not know them yet
        for judged in batch:
            is_normal = judged.judgement.reason.code is ReasonCode.NORMAL and not leaves_alone(judged)
            signed = self._finder.look_at(judged.path, judged.identity) if is_normal else None
            copies = [] if signed is None else list(self._finder.copies(signed))
            own = next((copy for copy in copies if copy.copy is signed and self._may_go(copy, normal)), None)
            judgements.append(judged if own is None else self._called_copy(judged, own))
            if own is None and signed is not None:
                normal.add(judged.path)
                for copy in copies:
                    if copy.original is signed and self._may_move_earlier(copy.copy):
                        earlier[copy.copy.path] = self._earlier(judged, copy)
        mine = {judged.path for judged in batch}
        return judgements, [judged for path, judged in earlier.items() if path not in mine]

    def has_original(self, judged: Judged) -> bool:
        """Return whether the original of a copy still lies where it was, in the version that was compared."""
        signed = self._originals.pop(judged.path, None)
        return signed is not None and signed.is_version(identity_of(signed.path))

    def forget(self, path: Path) -> None:
        """Forget a picture that has left its folder."""
        self._finder.forget(path)

    def _stays(self, path: Path) -> bool:
        """Return whether a picture lies in a reference folder, was kept, or lay there on the first day."""
        if self._finder.is_reference(path):
            return True
        known = self._ledger.known(path)
        return known is not None and known.state in _STAYS

    def _may_go(self, copy: Copy, normal: set[Path]) -> bool:
        """Return whether a copy may go: its original stays, and the user has not decided about the copy."""
        stays = copy.original.path in normal or self._stays(copy.original.path)
        return stays and self._is_ours(copy.copy)

    def _may_move_earlier(self, signed: Signed) -> bool:
        """Return whether an earlier picture may go: not if it lay there on the first day."""
        known = self._ledger.known(signed.path)
        return known is not None and known.state is FileState.KEPT and self._is_ours(signed)

    def _is_ours(self, signed: Signed) -> bool:
        return not self._finder.is_reference(signed.path) and not self._ledger.feedback.has(signed.sha256)

    def _earlier(self, judged: Judged, copy: Copy) -> Judged:
        version = judged.identity._replace(
            dev=copy.copy.path.lstat().st_dev,
            ino=copy.copy.ino,
            size=copy.copy.size,
            mtime_ns=copy.copy.mtime_ns,
        )
        judgement = msgspec.structs.replace(judged.judgement, sha256=copy.copy.sha256)
        return self._called_copy(Judged(copy.copy.path, version, judgement), copy)

    def _called_copy(self, judged: Judged, copy: Copy) -> Judged:
        self._originals[judged.path] = copy.original
        judgement = msgspec.structs.replace(
            judged.judgement, verdict=Verdict.QUARANTINE, reason=reason_of(copy)
        )
        return replace(judged, judgement=judgement)


def reason_of(copy: Copy) -> Reason:
    """Return the reason of a copy, with its original and the sizes of both."""
    (width, height, *_), (kept_width, kept_height, *_) = copy.copy.traits, copy.original.traits
    figures: dict[str, Figure] = {
        "kept": path_figure(copy.original.path),
        "because": str(copy.because),
        "exact": copy.is_exact,
    }
    sizes = {"width": width, "height": height, "kept_width": kept_width, "kept_height": kept_height}
    return Reason(ReasonCode.DUPLICATE, figures | {name: int(pixels) for name, pixels in sizes.items()})
