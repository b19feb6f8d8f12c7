"""The quarantine: move a picture away with a record that can undo it; list, restore, delete, purge.

It never overwrites, and deletes only what it is asked to. How that survives faults and kill -9: `operations`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from imgwatch.errors import (
    AlreadyRestored,
    DecidedMeanwhile,
    MoveRefused,
    RecordMissing,
    Unfinished,
    shown,
)
from imgwatch.files import FolderEntry, Identity
from imgwatch.judgement import Judgement
from imgwatch.lifecycle import Event, Reducer, ReviewState
from imgwatch.quarantine import by_hand, operations, reader, recovery, retention
from imgwatch.quarantine.access import Access
from imgwatch.quarantine.beside import (
    companions_here,
    examine_beside,
    first_obstacle,
    free_entry,
    lies_beside,
    names_beside,
)
from imgwatch.quarantine.ends import Candidate, MoveEnds, open_way_to
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.moved import Moved
from imgwatch.quarantine.precheck import (
    examine,
    joined_record,
    new_record,
    open_folder_of,
    require_finished,
    require_unchanged,
)
from imgwatch.quarantine.record import Record, judgement_for_record
from imgwatch.quarantine.returning import Returning, require_same_folder, returning
from imgwatch.quarantine.safe_path import SafePath
from imgwatch.quarantine.signing_key import SigningKey
from imgwatch.quarantine.store import LOCK_SECONDS, Store
from imgwatch.quarantine.view import QuarantineView, Records
from imgwatch.quarantine.volume import Volume
from imgwatch.trusted_root import TrustedRoot

MARKS = {
    ReviewState.OPEN: Event.REOPENED,
    ReviewState.LATER: Event.POSTPONED,
    ReviewState.BINNED: Event.BINNED,
}


def _now() -> datetime:
    return datetime.now(UTC)


class Quarantine(QuarantineView):
    """A quarantine folder, made at the first picture. `roots` are the watched folders; None: any folder.
    `volume` remembers where it lay, so that it is not made anew while its disk is away. `key` signs the journal,
    so that no other is followed; without a key, an operation is trusted because the folder is this user's own.

    Several processes may use one folder at the same time: each operation is done under a lock.
    """

    def __init__(  # noqa: PLR0913 - path and roots are for users; the rest are seams, with defaults
        self,
        path: Path | str,
        roots: Sequence[Path] | None = None,
        file_ops: FileOps | None = None,
        clock: Callable[[], datetime] = _now,
        lock_seconds: float = LOCK_SECONDS,
        volume: Volume | None = None,
        key: SigningKey | None = None,
    ) -> None:
        super().__init__(path)
        self._roots = None if roots is None else [TrustedRoot(root) for root in roots]
        self._ends = MoveEnds(self.path, self._roots)
        self._clock = clock
        self.access = Access(self.path, self._roots, file_ops or FileOps(), clock, lock_seconds, volume, key)

    def quarantine(  # noqa: PLR0913 - what moves, what it was judged, and two choices
        self,
        candidate: Candidate,
        identity: Identity,
        judgement: Judgement,
        companions: Sequence[str] = (),
        destination: Path | None = None,
        *,
        even_if_restored: bool = False,
    ) -> Record:
        """Move a judged picture into quarantine, with its companions: names of files beside it. All or none.

        `candidate` is a path, or a root and a path below it; no symlink below the root is followed. `destination`: the
        folder, without symlinks, that `move_on` is to move it to; it is made first, so that it is known to be there.
        Raises Changed if it is no longer the file `identity`, BeingWritten while a companion is written,
        AlreadyRestored if the user restored this very picture before (unless `even_if_restored`), MoveRefused if the
        move would lose something, MoveFailed; then all stay.
        """
        safe_path = self._ends.source(candidate)
        with self.access.recovered() as store, open_folder_of(safe_path) as folder, ExitStack() as stack:
            source = FolderEntry(folder, safe_path.name, safe_path.path)
            metadata, sha256 = examine(source, identity, judgement.sha256)
            if not even_if_restored and self._reviewed(store).is_restored(sha256):
                raise AlreadyRestored(f"you restored {shown(safe_path.path)} before; it stays")
            beside = examine_beside(source, companions)
            judgement = judgement_for_record(judgement, sha256)
            if destination is not None:
                open_way_to(stack, store, self._ends.destination(destination, safe_path.name))
            to = None if destination is None else str(destination)
            record = new_record(store, safe_path, identity, metadata, judgement, beside, to)
            operations.move_in(
                store, record, source, [identity, *(companion.identity for companion in beside)]
            )
            return record

    def join(self, which: str | Record, candidate: Candidate) -> Record:
        """Move a file after the picture in quarantine that it belongs to, and return the picture's new record.

        Raises BeingWritten while it is written, RecordMissing if the picture is no longer in quarantine, MoveRefused
        if it came from another folder, has such a companion already, or too many; MoveFailed; then the file stays.
        """
        safe_path = self._ends.source(candidate)
        record = self._named(which)
        with self.access.recovered() as store, open_folder_of(safe_path) as folder:
            record = self._reread(store, record)
            require_finished(store, record)
            require_same_folder(safe_path.path, record)
            source = FolderEntry(folder, safe_path.name, safe_path.path)
            [companion] = examine_beside(source, [safe_path.name])
            joined = joined_record(store, record, companion)
            operations.move_companion_in(store, joined, source, companion.identity)
            return joined

    def requarantine(self, record: Record, path: Path) -> Record:
        """Undo a restore: move the picture, restored to `path`, into quarantine again and return its new record.

        What came back with it and still lies there goes with it again. Raises Changed if that is no longer the very
        picture, or what `quarantine` raises; then all stay.
        """
        safe_path = self._ends.source(path)
        with self.access.recovered() as store, open_folder_of(safe_path) as folder:
            source = FolderEntry(folder, safe_path.name, safe_path.path)
            identity, metadata = require_unchanged(source, record)
            names = names_beside(record, safe_path.name).values()
            beside = examine_beside(source, [name for name in names if lies_beside(source, name)])
            again = new_record(
                store, safe_path, identity, metadata, record.judgement, beside, record.destination
            )
            operations.move_in(
                store, again, source, [identity, *(companion.identity for companion in beside)]
            )
            return again

    def move_on(self, which: str | Record, expected: ReviewState | None = None) -> Path:
        """Move a picture with its companions from quarantine to its destination, under a free name; return its path.

        Raises what `restore` raises; then it stays in quarantine.
        """
        record = self._named(which)
        with self.access.recovered() as store, ExitStack() as stack:
            record = self._reread(store, record, expected)
            is_decided = self._reviews.reducer.state(record.id) is ReviewState.BINNED
            if record.destination is None or is_decided:
                raise DecidedMeanwhile(f"{shown(record.file)} is not to be moved on; it stays in quarantine")
            safe_path = self._ends.destination(Path(record.destination), Path(record.original).name)
            return self._move_out(store, stack, Event.MOVED, record, safe_path, under_free_name=True)

    def take_back(self, moved: Moved) -> Record:
        """Take a picture that was moved on into quarantine again, kept for later, and return its record.

        Of its companions those that still lie beside it as they were. Raises Changed if that is no longer the very
        picture, DecidedMeanwhile if it was taken back already, or what `quarantine` raises; then all stay.
        """
        with self.access.recovered() as store, self._returning(store, moved) as (source, returning):
            operations.move_back_in(store, Event.TAKEN_BACK, returning.record, source, *returning.files)
            return returning.record

    def recall(self, moved: Moved, candidate: Candidate) -> Record:
        """Bring a picture that was moved on back into quarantine, and a file after it that belongs to it, and is late.

        Return the new record, with which `move_on` moves both; what is broken off is `on_the_way`, too. Raises
        MoveRefused if something of the picture was changed where it lies, and what `take_back` and `join` raise.
        """
        safe_path = self._ends.source(candidate)
        with (
            self.access.recovered() as store,
            open_folder_of(safe_path) as folder,
            self._returning(store, moved) as (source, returning),
        ):
            require_same_folder(safe_path.path, moved.record)
            late = FolderEntry(folder, safe_path.name, safe_path.path)
            [companion] = examine_beside(late, [safe_path.name])
            if len(returning.record.companions) < len(moved.record.companions):
                raise MoveRefused(f"what came with {shown(moved.path)} was changed there; it stays")
            joined_record(store, returning.record, companion)  # refused before anything moves
            operations.move_back_in(store, Event.RECALLED, returning.record, source, *returning.files)
            joined = joined_record(store, returning.record, companion)
            operations.move_companion_in(store, joined, late, companion.identity)
            return joined

    @contextmanager
    def _returning(self, store: Store, moved: Moved) -> Iterator[tuple[FolderEntry, Returning]]:
        """Yield a picture that was moved on, in its open folder, as it is to come back."""
        safe_path = self._ends.destination(moved.path.parent, moved.path.name)
        with open_folder_of(safe_path) as folder:
            if self._reviewed(store).state(moved.record.id) is not ReviewState.MOVED:
                raise DecidedMeanwhile(f"{shown(moved.path)} was taken back in the meantime; look again")
            source = FolderEntry(folder, safe_path.name, safe_path.path)
            yield source, returning(store, source, moved.record)

    def mark(self, which: str | Record, state: ReviewState, expected: ReviewState | None = None) -> Record:
        """Note that a picture is to be looked at later, is in the bin, or is open again; nothing moves.

        Raises DecidedMeanwhile if it is not in the state `expected`, RecordMissing, RecordAmbiguous, MoveFailed.
        """
        record = self._named(which)
        with self.access.recovered() as store:
            record = self._reread(store, record, expected)
            if self._reviews.reducer.state(record.id) is not state:
                operations.note(store, MARKS[state], record)
            return record

    def delete_binned(self, record: Record) -> bool:
        """Delete a picture for good if it is in the bin; return whether it was. Raises MoveFailed."""
        return self._remove(record, Event.DELETED)

    def restore(
        self,
        which: str | Record,
        to: Path | None = None,
        expected: ReviewState | None = None,
        *,
        below: Path = Path(),
        under_free_name: bool = False,
    ) -> Path:
        """Put a picture back where it came from, or into the folder `to`, with its companions; return its path.

        `below`: folders in `to`, which are made. `under_free_name`: with a number in its name, where that is taken.
        Raises DecidedMeanwhile if it is not in the state `expected` when the lock is held, Conflict if something lies
        there, OutsideRoots if that is below none of the roots or behind a symlink, RecordMissing, RecordAmbiguous,
        Unfinished, MoveFailed; then it stays in quarantine.
        """
        record = self._named(which)
        with self.access.recovered() as store, ExitStack() as stack:
            record = self._reread(store, record, expected)
            safe_path = self._ends.target(record, to, below)
            return self._move_out(
                store, stack, Event.RESTORED, record, safe_path, under_free_name=under_free_name
            )

    def _move_out(  # noqa: PLR0913 - what a move out of the quarantine is made of
        self,
        store: Store,
        stack: ExitStack,
        event: Event,
        record: Record,
        safe_path: SafePath,
        *,
        under_free_name: bool,
    ) -> Path:
        require_finished(store, record)
        target = FolderEntry(open_way_to(stack, store, safe_path), safe_path.name, safe_path.path)
        present = [companion.file for companion in companions_here(store, record)]
        if under_free_name:
            target = free_entry(target, record, present)
        names = {file: name for file, name in names_beside(record, target.name).items() if file in present}
        in_the_way = first_obstacle(target, names.values())
        if in_the_way is not None:
            raise operations.conflict(in_the_way)
        operations.move_out(store, event, record, target, names)
        return target.path

    def note_removed_by_hand(self, record_id: str, path: Path, written_ns: int | None) -> bool:
        """Note as restored to `path` a picture that was taken out by hand; return whether it was.

        It is no longer in quarantine, where its record still is, or no longer where it was moved on to. While
        companions of it are still in quarantine, the record stays.
        `written_ns`: when the file at `path` was written, if it has the picture's bytes. A copy that was written at
        another time is a new one, and the picture was deleted by hand; None where only the pixels are the same.
        Raises RecordMissing where it neither is in quarantine nor was moved on.
        """
        if self._read_reviews().state(record_id) is ReviewState.MOVED:
            moved = next(item for item in self.moved() if item.record.id == record_id)
            if not by_hand.may_be(moved.record, written_ns):
                return False
            with self.access.recovered() as store:
                is_moved = self._reviewed(store).state(record_id) is ReviewState.MOVED
                return is_moved and by_hand.note_returned(store, moved, path)
        record = self.find(record_id)
        with self.access.recovered() as store:
            record = self._reread(store, record)
            return by_hand.may_be(record, written_ns) and by_hand.note_taken_out(store, record, path)

    def delete(self, which: str | Record, expected: ReviewState | None = None) -> Record:
        """Delete a picture in quarantine for good; its record stays in the log. Raises Unfinished."""
        record = self._named(which)
        with self.access.recovered() as store:
            record = self._reread(store, record, expected)
            require_finished(store, record)
            operations.remove(store, record, Event.DELETED, companions_here(store, record))
            return record

    def purge(
        self, keep_days: float | None = None, max_bytes: int | None = None, now: datetime | None = None
    ) -> Records:
        """Delete for good, oldest first, what exceeds the limits that the user set, and return the records.

        What was kept for later stays, and what is to be moved on. A clock that is behind the newest line of the log
        purges nothing by age.
        """
        if not self.path.exists():
            return []
        sizes = {file: status.st_size for file, status in reader.present_pictures(self.path).items()}
        reviews = self._read_reviews()
        newest = max((entry.at for entry in self.history()), default=None)
        present = self._present()
        kept = [record for record in present if not retention.is_purgeable(record, reviews.state(record.id))]
        records = [record for record in present if retention.is_purgeable(record, reviews.state(record.id))]
        old = retention.overdue(records, keep_days, now or self._clock(), newest)
        old_ids = {record.id for record in old}
        young = [record for record in records if record.id not in old_ids]
        gone = old + retention.beyond(young, kept, sizes, max_bytes)
        return [record for record in gone if self._remove(record, Event.PURGED)]

    def _remove(self, record: Record, event: Event) -> bool:
        """Delete a picture for good unless somebody has decided otherwise meanwhile; return whether it was deleted."""
        with self.access.recovered() as store:
            try:
                record = self._reread(store, record)
                state = self._reviews.reducer.state(record.id)
                require_finished(store, record)
                if not retention.is_purgeable(record, state) or (
                    event is Event.DELETED and state is not ReviewState.BINNED
                ):
                    return False
                operations.remove(store, record, event, companions_here(store, record))
            except (RecordMissing, Unfinished):  # somebody else took it meanwhile, or its other half is away
                return False
            return True

    def look(self) -> None:
        """Raise QuarantineGone if the disk on which it lay is missing."""
        self.access.look()

    def recover(self) -> bool:
        """Finish or undo what a killed process left, if anything; every operation begins with that too."""
        if not self.path.exists():
            return False
        with self.access.locked() as store:
            return recovery.recover(store, self._roots)

    def _reviewed(self, store: Store) -> Reducer:
        return self._reviews.update(store.log.descriptor, store.log.size_bytes)

    def _reread(self, store: Store, record: Record, expected: ReviewState | None = None) -> Record:
        """Read the record again under the lock: somebody else may have decided about the picture meanwhile."""
        present = recovery.record_of(store, record.file, record.id)
        if present is None:
            raise RecordMissing(f"{shown(record.file)} ({record.id}) is no longer in quarantine")
        state = self._reviewed(store).state(record.id)
        if expected is not None and state is not expected:
            raise DecidedMeanwhile(f"{shown(record.file)} is {state} by now; look again")
        return present
