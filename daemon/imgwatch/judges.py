"""The judge for each picture: its watched folder's own model and threshold, or those of all other folders.

A model file that several folders name is loaded once, and all share the workers that decode. It moves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Self

from imgwatch.judging import Judge, Judged
from imgwatch.model.scorer import Scorer
from imgwatch.model.tried_models import IN_THIS_PROCESS, TriedModels
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Limits
from imgwatch.settings import Device, ThresholdRule
from imgwatch.settings.kinds import Promised

_EVERYWHERE = Path("/")


class ModelChoice(NamedTuple):
    """What the config says of a folder: a model file, the rule for the threshold (None: the model's own), promises of
    kinds."""

    path: Path
    rule: ThresholdRule | None
    promised: Promised = ()


class Judges:
    """The judges of all folders; `main` is that of folders that have none of their own.

    Raises ModelError where a file is not usable. Use `close` or a with statement to stop the workers.
    """

    def __init__(  # noqa: PLR0913 - what the config says of judging
        self,
        main: ModelChoice,
        of_folders: Mapping[Path, ModelChoice],
        limits: Limits,
        workers: int = 1,
        tried: TriedModels = IN_THIS_PROCESS,
        device: Device = "cpu",
    ) -> None:
        self._choices = {**of_folders, _EVERYWHERE: main}
        self._roots = sorted(self._choices, key=lambda root: -len(root.parts))  # the innermost first
        self._limits, self._workers, self._tried, self._device = limits, workers, tried, device
        scorer = Scorer(main.path, seconds=limits.decode_seconds, tried=tried, device=device)
        self._decoder = Decoder(scorer.contract.shape, limits, workers)
        self._judges: dict[Path, Judge] = {}
        self._take(scorer)
        for path in self.files - {main.path}:
            self.load(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def main(self) -> Judge:
        """The judge of all folders without one of their own."""
        return self._judges[_EVERYWHERE]

    @property
    def files(self) -> frozenset[Path]:
        """The model files in use."""
        return frozenset(choice.path for choice in self._choices.values())

    @property
    def of_all(self) -> list[Judge]:
        """The judges, the main one first, each model and threshold once."""
        return [self._judges[root] for root in reversed(self._roots)]

    def of(self, path: Path) -> Judge:
        """Return the judge of what lies there."""
        whole = path.absolute()
        return self._judges[next(root for root in self._roots if whole.is_relative_to(root))]

    def judge(self, paths: Iterable[Path]) -> Iterator[Judged]:
        """Yield a judgement for each path that is there; in order, but for one model after the other."""
        wanted: dict[int, tuple[Judge, list[Path]]] = {}
        for path in paths:
            judge = self.of(path)
            wanted.setdefault(id(judge), (judge, []))[1].append(path)
        for judge, own in wanted.values():
            yield from judge.judge(own)

    def call_on_progress(self, note: Callable[[], None]) -> None:
        """Call this function after each decoded picture."""
        for judge in self._judges.values():
            judge.on_progress = note

    def load(self, path: Path) -> Scorer:
        """Load a model file, or its new version. Raises ModelError, and then the old one stays."""
        seconds, tried, device = self._limits.decode_seconds, self._tried, self._device
        scorer = Scorer(path, seconds=seconds, tried=tried, device=device)
        self._take(scorer)
        return scorer

    def _take(self, scorer: Scorer) -> None:
        fresh: dict[ModelChoice, Judge] = {}
        for choice in self._choices.values():
            if choice.path == scorer.path and choice not in fresh:
                limits, workers, decoder = self._limits, self._workers, self._decoder
                fresh[choice] = Judge(scorer, choice.rule, limits, workers, decoder, choice.promised)
        for root, choice in self._choices.items():
            if choice not in fresh:
                continue
            former = self._judges.get(root)
            if former is not None:
                fresh[choice].on_progress = former.on_progress
                former.close()
            self._judges[root] = fresh[choice]

    def close(self) -> None:
        """Stop the workers."""
        for judge in self._judges.values():
            judge.close()
        self._decoder.close()
