"""The model of a running daemon: a new file is picked up, a faulty one is refused and the old one stays."""

from __future__ import annotations

import logging
from pathlib import Path

from imgwatch.errors import ModelError
from imgwatch.judging import Judge
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits
from imgwatch.scan import identity_of
from imgwatch.settings import ThresholdRule

log = logging.getLogger(__name__)


class LiveModel:
    """The judge in use, and the file that it came from."""

    def __init__(self, path: Path, rule: ThresholdRule | None, limits: Limits, threads: int) -> None:
        self._path, self._rule, self._limits, self._threads = path, rule, limits, threads
        self._version = identity_of(path)
        self.judge = self._load()
        self.refused: str | None = None

    def refresh(self) -> bool:
        """Load the file again if it changed. Return whether another model is in use now."""
        version = identity_of(self._path)
        if version == self._version:
            return False
        self._version = version
        try:
            fresh = self._load()
        except ModelError as fault:
            self.refused = str(fault)
            log.error("the new model is refused, the running one stays: %s", fault)
            return False
        self.judge.close()
        self.judge = fresh
        self.refused = None
        log.info("model %s taken into use, threshold %.4g", fresh.scorer.name, fresh.threshold)
        return True

    def interrupt(self) -> None:
        """Give up the picture that is being decoded. Safe to call from a signal handler."""
        self.judge.decoder.interrupt()

    def rest(self) -> None:
        """Let the decoding workers go; they are started again for the next picture."""
        self.judge.decoder.rest()

    def wake(self) -> None:
        """Start the workers if they were let go, so that the next picture need not wait for them."""
        if self.judge.decoder.is_resting:
            self.judge.decoder.start()

    def probe(self) -> None:
        """Try the whole way through the model: one that hangs is noticed while nothing waits for it."""
        self.judge.scorer.probe()

    def _load(self) -> Judge:
        scorer = Scorer(self._path, seconds=self._limits.decode_seconds)
        return Judge(scorer, self._rule, self._limits, self._threads)
