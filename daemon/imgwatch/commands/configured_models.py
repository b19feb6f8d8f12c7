"""The models that the config names, for all folders and for single ones, and the judges that are opened with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from imgwatch.errors import ModelError
from imgwatch.version import GENERAL_MODEL

if TYPE_CHECKING:
    from imgwatch.judges import Judges, ModelChoice
    from imgwatch.judging import Judge
    from imgwatch.model.scorer import Scorer
    from imgwatch.settings import ModelFile, Settings

DEFAULT_MODEL = Path(GENERAL_MODEL)


def model_path(settings: Settings) -> Path:
    """Return the model file that the config names."""
    return settings.own_model or DEFAULT_MODEL


def model_of(model: ModelFile | None, settings: Settings) -> Path:
    """Return the model file of a folder: its own, or else that of all folders."""
    from imgwatch.settings import own_file

    return model_path(settings) if model is None else own_file(model) or DEFAULT_MODEL


def models_of_folders(settings: Settings) -> dict[Path, ModelChoice]:
    """Return the choices of watched folders with their own model, threshold, or both."""
    from imgwatch.judges import ModelChoice

    return {
        watch.path.resolve(): ModelChoice(
            model_of(watch.model, settings), watch.threshold or settings.threshold, settings.kinds.promised
        )
        for watch in settings.watch
        if watch.model is not None or watch.threshold is not None
    }


def main_model(settings: Settings) -> ModelChoice:
    """Return the model of all folders without their own, with its threshold and the promises of kinds."""
    from imgwatch.judges import ModelChoice

    return ModelChoice(model_path(settings), settings.threshold, settings.kinds.promised)


def open_judges(settings: Settings) -> Judges:
    """Open the models of all folders with their thresholds."""
    from imgwatch.judges import Judges
    from imgwatch.model.tried_models import TriedModels

    limits, tried = settings.limits.limits(), TriedModels(settings.state)
    with naming_way_out(settings):
        return Judges(
            main_model(settings),
            models_of_folders(settings),
            limits,
            settings.threads,
            tried,
            settings.device,
        )


@contextmanager
def naming_way_out(settings: Settings) -> Iterator[None]:
    """Add to a ModelError about a file that the config names how to go on without it."""
    try:
        yield
    except ModelError as fault:
        if settings.own_model is None and not models_of_folders(settings):
            raise
        raise ModelError(f"{fault}. set `model: default` in the config to use the general one") from fault


def open_judge(settings: Settings, workers: int | None = None) -> Judge:
    """Open the config's model with its threshold."""
    from imgwatch.model.scorer import Scorer
    from imgwatch.model.tried_models import TriedModels

    seconds, tried = settings.limits.decode_seconds, TriedModels(settings.state)
    with naming_way_out(settings):
        scorer = Scorer(model_path(settings), seconds=seconds, tried=tried, device=settings.device)
        return judge_of(scorer, settings, workers)


def judge_of(scorer: Scorer, settings: Settings, workers: int | None = None) -> Judge:
    """Return a judge with the model of this scorer, and the config's threshold and promises."""
    from imgwatch.judging import Judge

    return Judge(
        scorer,
        settings.threshold,
        settings.limits.limits(),
        workers or settings.threads,
        promised=settings.kinds.promised,
    )
