"""The model of a running daemon: a new file is tried and picked up, a faulty one is refused and the old one stays."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from imgwatch.errors import ModelError
from imgwatch.files import Identity
from imgwatch.judges import Judges, ModelChoice
from imgwatch.judging import Judge
from imgwatch.model.trial import Trial
from imgwatch.model.tried_models import TriedModels
from imgwatch.picture.decoding import Limits
from imgwatch.scan import identity_of
from imgwatch.settings import Device

log = logging.getLogger(__name__)


class LiveModel:
    """The judges in use, and the files that they came from."""

    def __init__(  # noqa: PLR0913 - what the config says of judging
        self,
        main: ModelChoice,
        limits: Limits,
        threads: int,
        of_folders: Mapping[Path, ModelChoice] | None = None,
        tried: TriedModels | None = None,
        device: Device = "cpu",
    ) -> None:
        self.tried = tried or TriedModels()
        self._seconds = limits.decode_seconds
        files = {main.path, *(choice.path for choice in (of_folders or {}).values())}
        self._versions = {file: identity_of(file) for file in files}
        self.judges = Judges(main, of_folders or {}, limits, threads, self.tried, device)
        self._trials: dict[Path, Trial | None] = {}
        self._refused: dict[Path, str] = {}

    @property
    def judge(self) -> Judge:
        """The judge of all folders that have no model of their own."""
        return self.judges.main

    @property
    def refused(self) -> str | None:
        """The reason why a new model was refused; None if none was."""
        return "; ".join(self._refused.values()) or None

    def refresh(self) -> bool:
        """Try the files that changed, and load what passed. Return whether another model is in use now."""
        return any([self._refresh(file) for file in self._versions])

    def _refresh(self, file: Path) -> bool:
        version = identity_of(file)
        if version == self._versions[file] and file not in self._trials:
            return False
        try:
            if not self._try(file, version):
                return False
            fresh = self.judges.load(file)
        except ModelError as fault:
            self._versions[file] = version
            self._refused[file] = str(fault)
            log.error(
                "the new model is refused, the running one stays: %s", fault, extra={"cause": f"model {file}"}
            )
            return False
        self._refused.pop(file, None)
        log.info("using model %s", fresh.name, extra={"cause": f"model {file}"})
        return True

    def _try(self, file: Path, version: Identity | None) -> bool:
        """Start the trial of a new version, or return whether it has passed. Raises ModelError if it failed."""
        if version != self._versions[file]:
            self._end_trial(file)
            self._trials[file] = self.tried.begin(file, self._seconds)
            self._versions[file] = version
        trial = self._trials[file]
        if trial is not None and not trial.is_over():
            return False
        try:
            if trial is not None:
                self.tried.note(trial)
        finally:
            self._end_trial(file)
        return True

    def _end_trial(self, file: Path) -> None:
        if (trial := self._trials.pop(file, None)) is not None:
            trial.close()

    def close(self) -> None:
        """Stop the workers, and what is being tried."""
        for file in list(self._trials):
            self._end_trial(file)
        self.judges.close()

    def interrupt(self) -> None:
        """Abandon the picture that is being decoded. Safe to call from a signal handler."""
        self.judge.decoder.interrupt()

    def rest(self) -> None:
        """Stop the decoding workers; they are started again for the next picture."""
        self.judge.decoder.rest()

    def wake(self) -> None:
        """Start the workers if they were stopped, so that the next picture need not wait for them."""
        if self.judge.decoder.is_resting:
            self.judge.decoder.start()

    def probe(self) -> None:
        """Run the model once, so that one that hangs is noticed while nothing waits for it."""
        for scorer in {id(judge.scorer): judge.scorer for judge in self.judges.of_all}.values():
            scorer.probe()
