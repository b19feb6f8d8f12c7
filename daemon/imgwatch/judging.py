"""Judge pictures: decode in guarded workers, score in batches, compare and give the reason. It moves nothing."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np
from msgspec.structs import replace

from imgwatch.feedback.correction import Correction
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Reason, ReasonCode, Verdict, unreadable
from imgwatch.model.contract import Contract
from imgwatch.model.scorer import Floats, Scorer, words_of
from imgwatch.model.time_limit import RunTooLong
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits
from imgwatch.picture.unreadable import Unreadable
from imgwatch.scan import identity_of
from imgwatch.settings import ThresholdRule
from imgwatch.settings.kinds import Promised
from imgwatch.standard import Standard

log = logging.getLogger(__name__)

BATCH = (
    8  # pictures scored in one run: more do not fit into a processor's cache, which makes each a third slower
)
_CARD_BATCH, _CARD_THREADS = 32, 2  # a card computes a batch while the next one is made ready


Looked = tuple[Path, Decoded | Unreadable]


@dataclass(frozen=True)
class Judged:
    """One picture, the version of it that was looked at, the judgement, and when it was taken, if that is known.

    `fingerprint`: of its pixels, where they were decoded here.
    """

    path: Path
    identity: Identity
    judgement: Judgement
    taken: datetime | None = None
    fingerprint: bytes | None = None

    @property
    def day(self) -> datetime:
        """When it was taken, or else when its file was last changed: the date of the folder that it is moved to."""
        return self.taken or datetime.fromtimestamp(self.identity.mtime_ns / 1e9)


class Judge:
    """A model with its threshold and its workers. Use `close` or a with statement to stop them.

    So many processes decode, and so many threads (two at most for a CUDA card) score a batch each, while all that is
    asked of the judge itself comes from one thread. With one worker batches are scored in that thread.
    """

    def __init__(  # noqa: PLR0913 - what the config says of judging
        self,
        scorer: Scorer,
        rule: ThresholdRule | None,
        limits: Limits,
        workers: int = 1,
        decoder: Decoder | None = None,
        promised: Promised = (),
    ) -> None:
        """Judge by this model, this threshold, and what is `promised` to kinds. Raises ModelError.

        A `decoder` that others use as well is not closed with it.
        """
        self.scorer = scorer
        self.standard = Standard.of(scorer.contract, scorer.name, rule, promised, scorer.path)
        self.decoder = decoder or Decoder(scorer.contract.shape, limits, workers)
        self._owns_decoder = decoder is None
        self._batch = _CARD_BATCH if scorer.is_on_card else BATCH
        self._workers = min(workers, _CARD_THREADS) if scorer.is_on_card else workers
        self._threads: ThreadPoolExecutor | None = None  # made when it is needed, also again after `close`
        self.correction: Correction | None = None  # what the user's decisions taught, if anything
        self.on_progress: Callable[[], None] = lambda: None  # called after each picture that was decoded

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def threshold(self) -> float:
        """The score above which a picture is quarantined."""
        return self.standard.threshold

    @property
    def contract(self) -> Contract:
        """The contract of the model in use."""
        return self.scorer.contract

    def judge(self, paths: Iterable[Path]) -> Iterator[Judged]:
        """Yield a judgement for each path that is there, in order. No picture ends the loop."""
        if self._workers == 1:
            for batch in self._batches(paths):
                yield from self._judge_batch(batch)
            return
        self._threads = threads = self._threads or ThreadPoolExecutor(self._workers, "score")
        scored: deque[Future[list[Judged]]] = deque()
        for batch in self._batches(paths):
            scored.append(threads.submit(self._judge_batch, batch))
            if len(scored) > self._workers:  # one waits, so that no thread does
                yield from scored.popleft().result()
        for future in scored:
            yield from future.result()

    def close(self) -> None:
        """Stop the workers."""
        if self._owns_decoder:
            self.decoder.close()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
            self._threads = None

    def _batches(self, paths: Iterable[Path]) -> Iterator[list[Looked]]:
        batch: list[Looked] = []
        for path, outcome in self.decoder.decode(paths, self.contract.shape):
            self.on_progress()
            if isinstance(outcome, FileNotFoundError):
                continue
            batch.append((path, outcome))
            if len(batch) == self._batch:
                yield batch
                batch = []
        if batch:
            yield batch

    def _judge_batch(self, batch: Sequence[Looked]) -> list[Judged]:
        judged = []
        decoded = [outcome for _, outcome in batch if isinstance(outcome, Decoded)]
        judgements = iter(self._score_each(decoded))
        for path, outcome in batch:
            if isinstance(outcome, Decoded):
                judged.append(
                    Judged(path, outcome.identity, next(judgements), outcome.taken, outcome.fingerprint)
                )
            else:
                identity = identity_of(path)
                if identity is not None:
                    judgement = unreadable(str(outcome), self.scorer.name, outcome.sha256, outcome.code)
                    judged.append(Judged(path, identity, judgement))
        return judged

    def _score_each(self, decoded: Sequence[Decoded]) -> list[Judgement]:
        """Score a batch; if that fails or takes too long, each picture alone, to find the culprit.

        Raises ModelError if the model fails on other pictures, too.
        """
        try:
            return list(self._score(decoded))
        except MemoryError:  # of this process: it says nothing about a picture
            raise
        except Exception as fault:  # noqa: BLE001 - onnxruntime raises its own kinds
            if len(decoded) > 1:
                return [judgement for picture in decoded for judgement in self._score_each([picture])]
            self.scorer.probe()
            why = f"the model takes {fault} for it" if isinstance(fault, RunTooLong) else words_of(fault)
            return [unreadable(why, self.scorer.name, decoded[0].sha256, ReasonCode.NOT_JUDGED)]

    def _score(self, decoded: Sequence[Decoded]) -> Iterator[Judgement]:
        if not decoded:
            return
        correction = self.correction  # of one batch; it may be another's meanwhile
        frames = np.stack([frame for picture in decoded for frame in picture.frames])
        if correction is None or not correction.examples:
            scores, parts = self.scorer.score(frames)
            for picture, number in zip(decoded, _middle_frames(decoded, scores), strict=True):
                yield self.standard.judge(float(scores[number]), parts[number].tolist(), picture.sha256)
            return
        scores, parts, embeddings = self.scorer.embed(frames)
        added = correction.added(scores, embeddings)
        for picture, number in zip(decoded, _middle_frames(decoded, scores + added), strict=True):
            score, row = float(scores[number]), parts[number].tolist()
            judgement = self.standard.judge(score, row, picture.sha256, float(added[number]))
            was_junk = self.standard.why_junk(score, row) is not None
            strongest = self.standard.strongest(row)
            yield taught(judgement, correction, embeddings[number], was_junk, strongest)


def _middle_frames(decoded: Sequence[Decoded], scores: Floats) -> Iterator[int]:
    """Yield, for each picture, the number of the frame with the median score.

    Of an even number it is the lower one of the two in the middle: more than half of the frames must be strange for
    the whole to be. A score that is not a number counts as the lowest.
    """
    first = 0
    for picture in decoded:
        if len(picture.frames) == 1:
            yield first
            first += 1
            continue
        numbers = range(first, first + len(picture.frames))
        ascending = sorted(numbers, key=lambda number: np.nan_to_num(scores[number], nan=-np.inf))
        yield ascending[(len(ascending) - 1) // 2]
        first += len(picture.frames)


def taught(
    judgement: Judgement, correction: Correction, embedding: Floats, was_junk: bool, strongest: Reason
) -> Judgement:
    """Return the judgement, overruled by a decision on the same picture, or marked as due to the correction alone."""
    same = correction.same_as(judgement.sha256 or "", embedding)
    if same is None:
        if judgement.verdict is Verdict.QUARANTINE and not was_junk:
            reason = Reason(ReasonCode.LIKE_DELETED, {"decisions": len(correction.examples)})
            return replace(judgement, reason=reason)
        return judgement
    figures = {"at": same.at, "exact": same.sha256 == judgement.sha256}
    if same.is_junk:
        reason = Reason(ReasonCode.COPY_OF_DELETED, figures)
        return replace(judgement, verdict=Verdict.QUARANTINE, reason=reason, kind=strongest.kind)
    return replace(
        judgement, verdict=Verdict.KEEP, reason=Reason(ReasonCode.COPY_OF_RESTORED, figures), kind=None
    )
