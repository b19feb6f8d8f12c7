"""The model files that passed a trial, by digest, so that each is tried once: in this process, or ever.

A model file that ships with imgwatch is not tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import onnxruntime

from imgwatch.atomic_file import replacing
from imgwatch.model.model_file import ModelFile, opened_model
from imgwatch.model.trial import Trial

NAME = "tried-models"
_LOOK_SECONDS = 0.2  # between two calls of `on_wait`
_MOST = 50  # lines of the file
_MOST_BYTES = 150 * _MOST
_LINE = re.compile(r"^[0-9a-f]{64} onnxruntime [\w.+-]{1,50}$", re.MULTILINE)


class TriedModels:
    """The models that passed; those of a state folder are remembered there. `on_wait` is called while one is tried.

    `on_wait` may raise, which ends the trial.
    """

    def __init__(self, state: Path | None = None) -> None:
        self.on_wait: Callable[[], None] = lambda: None
        self._file = None if state is None else state / NAME
        self._passed = dict.fromkeys(self._read())  # in the order in which they passed

    def require(self, model: ModelFile, seconds: float) -> None:
        """Try an open model, unless it has passed before, and wait for the outcome. Raises ModelError, Unavailable."""
        if self._has_passed(model):
            return
        trial = Trial(model, seconds)
        try:
            while not trial.is_over(_LOOK_SECONDS):
                self.on_wait()
            self.note(trial)
        finally:
            trial.close()

    def begin(self, path: Path, seconds: float) -> Trial | None:
        """Start the trial of a model file; None if it needs none, or passed one. Raises ModelError, Unavailable."""
        with opened_model(path) as model:
            return None if self._has_passed(model) else Trial(model, seconds)

    def note(self, trial: Trial) -> None:
        """Remember a trial that is over. Raises ModelError if the model did not pass."""
        trial.require_passed()
        self._passed[_line(trial.digest)] = None
        if self._file is not None:
            with suppress(OSError), replacing(self._file, is_durable=False, mode=0o600) as stream:
                stream.write("".join(f"{line}\n" for line in list(self._passed)[-_MOST:]).encode())

    def _has_passed(self, model: ModelFile) -> bool:
        return _line(model.digest) in self._passed or model.is_shipped

    def _read(self) -> list[str]:
        if self._file is None:
            return []
        try:
            with self._file.open("rb") as stream:
                return _LINE.findall(stream.read(_MOST_BYTES).decode(errors="replace"))
        except OSError:
            return []


def _line(digest: str) -> str:
    """Return the line for a model: another onnxruntime may load the same file differently."""
    return f"{digest} onnxruntime {onnxruntime.__version__}"


IN_THIS_PROCESS = TriedModels()
