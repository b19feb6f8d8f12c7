"""Train a model file from folders of normal pictures: the entry point for every architecture."""

from __future__ import annotations

from imgwatch.errors import CannotCreate, UsageError
from imgwatch.model.contract import Contract
from imgwatch.progress import Progress, silent
from imgwatch_train.job import Job


def train(job: Job, progress: Progress = silent) -> Contract:
    """Train as the job says, write the model and its report, and return the model's contract.

    Run again after a kill, it continues from the last checkpoint. Raises InputMissing (a folder is missing, too
    few pictures), CannotCreate, Unavailable (another run writes the same model), ModelError (the exported
    graph computes something else).
    """
    if job.out.is_dir():
        raise CannotCreate(f"{job.out}: is a folder; --out names the model file")
    if job.settings.architecture == "perceptual":
        from imgwatch_train.perceptual.recipe import train_perceptual

        return train_perceptual(job, progress)
    if job.cluster:
        raise UsageError(f"{job.settings.architecture} has no feature pass that a cluster could compute")
    from imgwatch_train.classic.recipe import train_classic

    return train_classic(job, progress)
