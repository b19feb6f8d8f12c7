"""Judge pictures on a cluster: each worker runs the daemon's judge, and the verdicts are collected here.

Workers move nothing and remember nothing. An object of a store lies on a worker's disk only while it is judged.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from imgwatch.batches import batched
from imgwatch.cluster.dask_cluster import Cluster
from imgwatch.cluster.object_store import fetch
from imgwatch.cluster.object_url import is_object, url_of
from imgwatch.errors import Unavailable, shown
from imgwatch.feedback.correction import Correction
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, unreadable
from imgwatch.judging import Judge, Judged
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits
from imgwatch.picture.unreadable import Unreadable
from imgwatch.scan import identity_of
from imgwatch.settings import Device, ThresholdRule
from imgwatch.settings.kinds import Promised

log = logging.getLogger(__name__)

PictureVersion = tuple[Path, Identity]  # a picture, and the version of it that was listed
_BATCH = 32  # pictures in a task: a second or so of work, beside which Dask's millisecond is nothing
_MISSES = 200  # in a row: then the fault is not one of the pictures


@dataclass(frozen=True)
class Missed:
    """A picture that a worker did not judge. `why` is empty if that is no fault: gone, or no picture."""

    why: str = ""


@dataclass(frozen=True)
class JudgeKit:
    """All that a worker judges by: model file, threshold rule, limits, the correction by decisions, and the
    promises of kinds."""

    file_name: str
    model: bytes
    name: str  # what the model is called in verdicts
    rule: ThresholdRule | None
    limits: Limits
    correction: Correction | None = None
    promised: Promised = ()
    device: Device = "cpu"

    @classmethod
    def of(
        cls,
        scorer: Scorer,
        rule: ThresholdRule | None,
        limits: Limits,
        correction: Correction | None = None,
        promised: Promised = (),
    ) -> Self:
        """Return the kit with the model of this scorer."""
        model = scorer.path.read_bytes()
        return cls(scorer.path.name, model, scorer.name, rule, limits, correction, promised, scorer.device)

    @contextmanager
    def open(self) -> Iterator[Callable[[Sequence[PictureVersion]], list[Judgement | Missed]]]:
        """Open a judge on a worker, with its own decoding process."""
        with tempfile.TemporaryDirectory(prefix="imgwatch-") as folder:
            model = Path(folder, self.file_name)
            model.write_bytes(self.model)
            scorer = Scorer(model, device=self.device)
            with Judge(scorer, self.rule, self.limits, promised=self.promised) as judge:
                judge.correction = self.correction
                yield partial(_judge_batch, judge, Path(folder))


def _judge_batch(judge: Judge, folder: Path, batch: Sequence[PictureVersion]) -> list[Judgement | Missed]:
    """Judge one batch on a worker; return an outcome for each picture, in order."""
    outcomes: list[Judgement | Missed] = [Missed()] * len(batch)
    numbers: dict[Path, int] = {}  # of what is being judged, by where it lies here

    def lying() -> Iterator[Path]:
        for number, (path, identity) in enumerate(batch):
            try:
                local_path = _brought(path, identity, judge.decoder.limits, folder / str(number))
            except Unreadable as fault:
                outcomes[number] = unreadable(str(fault), judge.scorer.name)
            except (
                PermissionError
            ) as fault:  # the store's word for much that ends: expired rights, an archived object
                outcomes[number] = Missed(f"cannot be read: {fault}")
            else:
                if local_path is not None:
                    numbers[local_path] = number
                    yield local_path

    for judged in judge.judge(lying()):
        number = numbers[judged.path]
        path, identity = batch[number]
        if is_object(path):
            judged.path.unlink()
        elif judged.identity[2:] != identity[2:]:  # inodes and devices differ from machine to machine
            outcomes[number] = Missed("changed since it was listed")
            continue
        outcomes[number] = judged.judgement
    return outcomes


def _brought(path: Path, identity: Identity, limits: Limits, into: Path) -> Path | None:
    if not is_object(path):
        return path
    try:
        return fetch(path, identity, limits, into)
    except FileNotFoundError:
        return None


def judge_on(cluster: Cluster, kit: JudgeKit, listed: Iterable[PictureVersion]) -> Generator[Judged]:
    """Yield a judgement for each existing picture, as they finish; `listed` is read as fast as the cluster works.

    A picture that killed workers that did nothing else is unreadable. Raises Unavailable if the
    scheduler is lost, or if the workers cannot see the pictures.
    """
    misses = _Misses()
    for batch, outcomes in cluster.run(kit, batched(listed, _BATCH)):
        if outcomes is None:
            outcomes = [unreadable("killed the workers that judged it", kit.name)] * len(batch)
        for (path, identity), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Judgement):
                misses.end()
                yield Judged(path, identity, outcome)
            else:
                misses.note(path, identity, outcome.why)
    misses.check_all()


class _Misses:
    """Pictures that no worker judged: a few are left for a later run, but if all are, something is wrong."""

    def __init__(self) -> None:
        self._in_row, self._judged_any, self._last = 0, False, ""

    def end(self) -> None:
        """Note that a picture was judged."""
        self._in_row, self._judged_any = 0, True

    def note(self, path: Path, identity: Identity, why: str) -> None:
        """Note a picture that was not judged. Raises Unavailable for too many in a row."""
        if not why and not is_object(path) and identity_of(path) == identity:
            why = "a worker cannot see it: mount its folder at the same path on every worker"
        if not why:
            return
        self._in_row, self._last = self._in_row + 1, f"{shown(url_of(path))}: {why}"
        log.warning("%s; left for a later run", self._last)
        if self._in_row >= _MISSES:
            self._give_up()

    def check_all(self) -> None:
        """Raise Unavailable if there were some, and no judged picture."""
        if self._in_row and not self._judged_any:
            self._give_up()

    def _give_up(self) -> None:
        raise Unavailable(f"the workers cannot read the pictures; the last one: {self._last}")
