"""`imgwatch train`: make a model from normal pictures."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands import model_swap
from imgwatch.commands.cluster import ClusterOption
from imgwatch.commands.context import normal_folders, open_quarantine, settings_without_config
from imgwatch.commands.kind_lines import about_silent_kinds
from imgwatch.commands.model_swap import DEFAULT_OUT, OutOption, SwapOptions, UseOption, YesOption
from imgwatch.commands.odd_pictures import (
    ExcludeOption,
    ReviewOption,
    ask_which_are_junk,
    read_exclude_list,
    require_somebody,
    say_left_out,
    say_standing_out,
)
from imgwatch.commands.options import ConfigOption, FoldersOption, JsonOption, SetOption
from imgwatch.extras import require_extra
from imgwatch.model import versions
from imgwatch.wording import counted

if TYPE_CHECKING:
    from imgwatch.calibration.odd_pictures import OddPictures
    from imgwatch.feedback.reviewed import Reviewed
    from imgwatch.model.contract import Contract
    from imgwatch.settings import Settings
    from imgwatch_train.job import Job

_ArchitectureOption = Annotated[
    str | None, typer.Option("--architecture", help="perceptual, dense or conv.", metavar="A")
]
_FromReviewsOption = Annotated[
    bool,
    typer.Option(
        "--from-reviews",
        help="Also learn from the pictures that you restored, and leave out copies of those that you deleted.",
    ),
]
_FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Forget the checkpoints of an earlier, unfinished run.")
]
_ProgressLogOption = Annotated[
    bool, typer.Option("--progress-log", help="Print progress as lines, as for a log.")
]


def train(  # noqa: PLR0913 - the options of a command
    folders: FoldersOption = None,
    architecture: _ArchitectureOption = None,
    out: OutOption = DEFAULT_OUT,
    exclude: ExcludeOption = None,
    is_review: ReviewOption = False,
    from_reviews: _FromReviewsOption = False,
    fresh: _FreshOption = False,
    is_agreed: YesOption = False,
    use: UseOption = None,
    in_lines: _ProgressLogOption = False,
    cluster: ClusterOption = None,
    overrides: SetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model on normal pictures. Writes the model file, and a report with plots next to it."""
    from imgwatch import logs
    from imgwatch.calibration.odd_pictures import OddPictures

    require_somebody(is_review, as_json)
    logs.set_up()
    all_overrides = list(overrides or []) + ([f"train.architecture={architecture}"] if architecture else [])
    settings = settings_without_config(config, all_overrides)
    sources = normal_folders(folders, settings)
    reviews = _reviews(settings, sources, as_json) if from_reviews else None
    require_extra("train")
    if cluster:
        require_extra("cluster")
    with console.progress(in_lines=in_lines) as progress:
        from imgwatch_train.recipe import train as run

        job = replace(
            _job(settings, sources, out.absolute(), read_exclude_list(exclude), reviews),
            fresh=fresh,
            cluster=cluster,
        )
        contract = run(job, progress)
    _hand_over(job, contract, settings, SwapOptions(config, is_agreed, use), as_json)
    if is_review:
        _review(OddPictures(job.out), contract)


def _job(
    settings: "Settings",
    sources: list[Path],
    out: Path,
    exclude: tuple[Path, ...],
    reviews: "Reviewed | None",
) -> "Job":
    """Return the training by the config, with what reviews add and leave out."""
    from imgwatch.calibration.odd_pictures import OddPictures
    from imgwatch_train.job import Job

    left_out = (*exclude, *say_left_out(OddPictures(out)), *(reviews.deleted if reviews else ()))
    return Job(
        folders=(*sources, *(reviews.restored if reviews else ())),
        settings=settings.train,
        out=out,
        model=versions.draft_of(out),
        threshold=settings.threshold,
        exclude=(*left_out, settings.quarantine.path, settings.state),
        trusted=reviews.trusted if reviews else frozenset(),
        limits=settings.limits.limits(),
    )


def _review(odd: "OddPictures", contract: "Contract") -> None:
    """Ask which of the strangest pictures are junk, so that the next training leaves them out."""
    pictures = contract.training.get("pictures")
    standing_out = pictures.get("outliers", 0) if isinstance(pictures, dict) else 0
    shown = say_standing_out([(path, None) for path in odd.strangest()], standing_out)
    if ask_which_are_junk(odd, shown):
        console.say("The next training leaves them out: run it again.")


def _reviews(settings: "Settings", folders: list[Path], as_json: bool) -> "Reviewed":
    from imgwatch.feedback.reviewed import reviewed

    reviews = reviewed(open_quarantine(settings), folders)
    if not as_json:
        console.say(
            f"From your decisions: {counted(len(reviews.restored), 'restored picture')} taken in, "
            f"{counted(len(reviews.deleted), 'copy', 'copies')} of deleted ones left out."
        )
    return reviews


def _hand_over(
    job: "Job",
    contract: "Contract",
    settings: "Settings",
    options: SwapOptions,
    as_json: bool,
) -> None:
    """Print what was trained, and how it differs from the model in use before it replaces that."""
    from imgwatch.kind_promises import silence_in_words
    from imgwatch.standard import Standard

    written = model_swap.move_if_free(job.written, job.out)
    compared = model_swap.compare(settings, written)
    standard = Standard.of(contract, "", None, settings.kinds.promised, written)
    if as_json:
        model, _ = model_swap.hand_over(settings, written, job.out, options.unasked())
        summary = {"model": str(model), "report": str(job.report_folder), "architecture": contract.architecture,
                 "threshold": contract.threshold.score, "training": contract.training,
                 "silent": silence_in_words(contract, standard.kinds)}  # fmt: skip
        console.say_json(summary | model_swap.as_json(compared))
        return
    console.say(f"{written} written: {contract.architecture}, threshold {contract.threshold.score:.4g}.")
    for sentence in about_silent_kinds(standard):
        console.say(sentence)
    promise = contract.training.get("promise")
    if isinstance(promise, dict) and "says" in promise:
        console.say(str(promise["says"]))
    model_swap.say(compared)
    outcome = model_swap.hand_over(settings, written, job.out, options)
    console.say(f"Look at {job.report_folder / 'report.html'}.")
    model_swap.say_outcome(job.out, *outcome)
