"""The model of a running daemon: a new file is picked up, a faulty one is refused and the old one stays."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from imgwatch.errors import ModelError
from imgwatch.judges import Judges, ModelChoice
from imgwatch.judging import Judge
from imgwatch.picture.decoding import Limits
from imgwatch.scan import identity_of

log = logging.getLogger(__name__)


class LiveModel:
    """The judges in use, and the files that they came from."""

    def __init__(
        self,
        main: ModelChoice,
        limits: Limits,
        threads: int,
        of_folders: Mapping[Path, ModelChoice] | None = None,
    ) -> None:
        files = {main.path, *(choice.path for choice in (of_folders or {}).values())}
        self._versions = {file: identity_of(file) for file in files}
        self.judges = Judges(main, of_folders or {}, limits, threads)
        self._refused: dict[Path, str] = {}

    @property
    def judge(self) -> Judge:
        """The judge of all folders that have no model of their own."""
        return self.judges.main

    @property
    def refused(self) -> str | None:
        """Why a new model is not in use, if one is not."""
        return "; ".join(self._refused.values()) or None

    def refresh(self) -> bool:
        """Load the files again that changed. Return whether another model is in use now."""
        return any([self._refresh(file) for file in self._versions])

    def _refresh(self, file: Path) -> bool:
        version = identity_of(file)
        if version == self._versions[file]:
            return False
        self._versions[file] = version
        try:
            fresh = self.judges.load(file)
        except ModelError as fault:
            self._refused[file] = str(fault)
            log.error("the new model is refused, the running one stays: %s", fault)
            return False
        self._refused.pop(file, None)
        log.info("model %s taken into use", fresh.name)
        return True

    def close(self) -> None:
        """Stop the workers."""
        self.judges.close()

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
        for scorer in {id(judge.scorer): judge.scorer for judge in self.judges.of_all}.values():
            scorer.probe()
