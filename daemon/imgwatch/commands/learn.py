"""`imgwatch train`, `calibrate` and `evaluate`: make a model, fit one, and say honestly how good one is."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands import model_swap
from imgwatch.commands.cluster import ClusterOption
from imgwatch.commands.context import (
    ConfigOption,
    JsonOption,
    SetOption,
    existing,
    load_settings,
    model_path,
    open_quarantine,
)
from imgwatch.commands.model_swap import YesOption
from imgwatch.errors import InputMissing, UsageError
from imgwatch.extras import require_extra
from imgwatch.judgement import Kind

if TYPE_CHECKING:
    from imgwatch.calibration.calibrate import Calibrated
    from imgwatch.evaluation.evaluate import Evaluation
    from imgwatch.evaluation.labelled import Labelled
    from imgwatch.feedback.reviewed import Reviewed
    from imgwatch.model.contract import Contract
    from imgwatch.settings import Settings, ThresholdRule
    from imgwatch_train.job import Job

_Folders = Annotated[
    list[Path] | None,
    typer.Argument(help="Folders of normal pictures; default: the watched ones.", metavar="DIR..."),
]


def train(  # noqa: PLR0913 - the options of a command
    folders: _Folders = None,
    architecture: Annotated[
        str | None, typer.Option("--architecture", help="perceptual, dense or conv.", metavar="A")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The model file to write.", metavar="FILE")] = Path(
        "model.onnx"
    ),
    exclude: Annotated[
        Path | None,
        typer.Option(
            "--exclude", help="A file with a path a line: pictures or folders to leave out.", metavar="FILE"
        ),
    ] = None,
    from_reviews: Annotated[
        bool,
        typer.Option(
            "--from-reviews", help="Take in what you restored, leave out copies of what you deleted."
        ),
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the checkpoints of an earlier, unfinished run.")
    ] = False,
    is_agreed: YesOption = False,
    cluster: ClusterOption = None,
    overrides: SetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train on normal pictures: writes the model file, and a report with plots next to it."""
    from imgwatch import logs

    logs.set_up()
    all_overrides = list(overrides or []) + ([f"train.architecture={architecture}"] if architecture else [])
    settings = _settings_without_config(config, all_overrides)
    sources = existing([folder.absolute() for folder in folders or []]) or [
        watch.path for watch in settings.watch
    ]
    reviews = _reviews(settings, sources) if from_reviews else None
    if reviews is not None and not as_json:
        console.say(
            f"From your decisions: {_counted(len(reviews.restored), 'restored picture')} taken in, "
            f"{_counted(len(reviews.deleted), 'copy', 'copies')} of deleted ones left out."
        )
    require_extra("train")
    if cluster:
        require_extra("cluster")
    with console.progress() as progress:
        from imgwatch_train.job import Job
        from imgwatch_train.recipe import train as run

        job = Job(
            folders=(*sources, *(reviews.restored if reviews else ())),
            settings=settings.train,
            out=out.absolute(),
            model=model_swap.draft_path(settings, out.absolute()),
            threshold=settings.threshold,
            exclude=(
                *_listed(exclude),
                *(reviews.deleted if reviews else ()),
                settings.quarantine.path,
                settings.state,
            ),
            trusted=reviews.trusted if reviews else frozenset(),
            limits=settings.limits.limits(),
            fresh=fresh,
            cluster=cluster,
        )
        contract = run(job, progress)
    _hand_over(job, contract, settings, is_agreed, as_json)


def _reviews(settings: "Settings", folders: list[Path]) -> "Reviewed":
    from imgwatch.feedback.reviewed import reviewed

    return reviewed(open_quarantine(settings), folders)


def _hand_over(
    job: "Job", contract: "Contract", settings: "Settings", is_agreed: bool, as_json: bool
) -> None:
    """Tell what was trained, and how it differs from the model in use before it takes its place."""
    compared = model_swap.compared(settings, job.written)
    if as_json:
        model = model_swap.put_in_use(job.written, job.out, is_agreed=True)
        summary = {"model": str(model), "report": str(job.report_folder), "architecture": contract.architecture,
                 "threshold": contract.threshold.score, "training": contract.training}  # fmt: skip
        console.say_json(summary | model_swap.as_json(compared))
        return
    console.say(f"{job.written} written: {contract.architecture}, threshold {contract.threshold.score:.4g}.")
    promise = contract.training.get("promise")
    if isinstance(promise, dict) and "says" in promise:
        console.say(str(promise["says"]))
    model_swap.say(compared)
    model = model_swap.put_in_use(job.written, job.out, is_agreed)
    console.say(f"Look at {job.report_folder / 'report.html'}{_how_to_use(settings, model)}.")


def evaluate(  # noqa: PLR0913 - the options of a command
    normal: Annotated[
        Path,
        typer.Option("--normal", help="A folder of normal pictures not used for training.", metavar="DIR"),
    ],
    junk: Annotated[
        list[str],
        typer.Option(
            "--junk",
            help="A folder of junk, or KIND=DIR where you know its kind; may be given several times.",
            metavar="[KIND=]DIR",
        ),
    ],
    model: Annotated[
        Path | None, typer.Option("--model", help="The model file; default: the config's.", metavar="FILE")
    ] = None,
    compare: Annotated[
        list[Path] | None,
        typer.Option(
            "--compare",
            help="Another model on the same pictures; may be given several times.",
            metavar="FILE",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write plots and the worst mistakes into this folder.", metavar="DIR"),
    ] = None,
    cluster: ClusterOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say honestly how good a model is on labelled folders: AUROC with interval, junk caught, normal pictures lost."""
    settings = _settings_without_config(config, [])
    kinds = dict(map(_of_kind, junk))
    existing([normal, *kinds])
    first = model or model_path(settings)
    for name in (*(["report"] if out else []), *(["cluster"] if cluster else [])):
        require_extra(name)
    with console.progress() as progress:
        from imgwatch.evaluation.evaluate import evaluate
        from imgwatch.evaluation.labelled import Labelled
        from imgwatch.model.scorer import Scorer

        scorers = [Scorer(path, settings.threads) for path in (first, *(compare or []))]
        labelled = Labelled(
            normal,
            tuple(kinds),
            settings.limits.limits(),
            settings.train.workers,
            cluster,
            {folder: kind for folder, kind in kinds.items() if kind is not None},
        )
        evaluations = evaluate(scorers, labelled, settings.threshold, progress)
        _show_evaluations(evaluations, labelled, out, as_json)


def _of_kind(option: str) -> tuple[Path, Kind | None]:
    """Take `KIND=DIR` apart; a folder whose name only looks like that is a folder."""
    kind, _, folder = option.partition("=")
    return (Path(folder), Kind(kind)) if folder and kind in set(Kind) else (Path(option), None)


def _show_evaluations(
    evaluations: "list[Evaluation]", labelled: "Labelled", out: Path | None, as_json: bool
) -> None:
    """Write the page with plots and mistakes if it is wanted, then print the metrics."""
    from imgwatch.evaluation.evaluation_table import json_of, lines_of

    page = None
    if out:
        from imgwatch.evaluation.evaluation_report import write_evaluation

        page = write_evaluation(evaluations, out, labelled.limits, labelled.workers)
    for line in json_of(evaluations) if as_json else lines_of(evaluations):
        console.say(line)
    if page and not as_json:
        console.say(f"{page} written.")


def calibrate(  # noqa: PLR0913 - the options of a command
    folders: _Folders = None,
    false_alarms: Annotated[
        float | None,
        typer.Option(
            "--false-alarms",
            help="At most this share of your normal pictures is moved, such as 0.01; default: the config's.",
            metavar="P",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The model file to write.", metavar="FILE")] = Path(
        "model.onnx"
    ),
    preview: Annotated[
        bool,
        typer.Option(
            "--preview", help="Only show how many of the present pictures would be moved; write nothing."
        ),
    ] = False,
    is_agreed: YesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit the config's model to your normal pictures, without TensorFlow: neighbours, calibration, threshold."""
    from imgwatch.calibration.calibrate import calibrate as fit
    from imgwatch.scan import list_pictures
    from imgwatch.settings import ThresholdRule

    settings = _settings_without_config(config, [])
    rule = settings.threshold or ThresholdRule(false_alarms=0.01)
    if false_alarms is not None:
        rule = _rule(false_alarms)
    sources = existing([folder.absolute() for folder in folders or []]) or [
        watch.path for watch in settings.watch
    ]
    with console.progress() as progress:
        apart = (settings.quarantine.path, settings.state)
        paths = list_pictures(sources, apart, settings.watch[0].ignore)
        fitted = fit(model_path(settings), paths, rule, settings.limits.limits(), settings.threads, progress)
    _say_preview(fitted, as_json)
    if not as_json:
        promise = fitted.contract.training["promise"]
        for sentence in (promise["says"], *promise["warnings"]):
            console.say(sentence)
    if preview:
        return
    written = model_swap.draft_path(settings, out.absolute())
    contract = fitted.write(written)
    compared = model_swap.compared(settings, written)
    if as_json:
        model = model_swap.put_in_use(written, out.absolute(), is_agreed=True)
        summary = {"model": str(model), "threshold": contract.threshold.score}
        console.say_json(summary | model_swap.as_json(compared))
        return
    console.say(f"{written} written, threshold {contract.threshold.score:.4g}.")
    _say_strangest(fitted)
    model_swap.say(compared)
    model = model_swap.put_in_use(written, out.absolute(), is_agreed)
    console.say(f"Done{_how_to_use(settings, model)}.")


def _counted(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun in agreement."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def _how_to_use(settings: "Settings", model: Path) -> str:
    return "" if model == model_path(settings) else f", then set `model: {model}` in the config"


def _say_strangest(fitted: "Calibrated") -> None:
    """Show what the threshold rests on: one junk picture among these makes junk like it pass."""
    if fitted.standing_out:
        verb = "stands" if fitted.standing_out == 1 else "stand"
        console.say(
            f"{fitted.standing_out} of your pictures {verb} out from the rest, but count as normal too:"
        )
    else:
        console.say("No picture stands out clearly; these are the strangest:")
    for path, score in fitted.strangest(max(3, min(fitted.standing_out, 40))):
        console.say(f"  {score:8.4g}  {path}")
    console.say(
        "If some of them are junk, move them out of the folder and calibrate again: more junk will be caught."
    )


def _rule(false_alarms: float) -> "ThresholdRule":
    from msgspec import ValidationError

    from imgwatch.settings import ThresholdRule, checked

    try:
        return checked({"false_alarms": false_alarms}, ThresholdRule)
    except ValidationError as fault:
        raise UsageError(
            f"--false-alarms {false_alarms:g}: a share above 0 and at most 0.5, such as 0.01"
        ) from fault


def _say_preview(fitted: "Calibrated", as_json: bool) -> None:
    lines = fitted.preview()
    if as_json:
        console.say_json({"pictures": len(fitted.paths), "unreadable": fitted.unreadable,
                          "preview": [asdict(line) for line in lines]})  # fmt: skip
        return
    console.say(
        f"{_counted(len(fitted.paths), 'picture')}, {fitted.unreadable} unreadable. Each judged as if it were new:"
    )
    rows = [
        (f"{line.false_alarms:.1%}", f"{line.threshold:.4g}", str(line.would_move),
         "yes" if line.can_be_kept else f"no: that takes {round(1 / line.false_alarms) - 1} pictures")
        for line in lines
    ]  # fmt: skip
    console.table(("false alarms", "threshold", "would be moved", "can be promised"), rows)


def _settings_without_config(config: Path | None, overrides: list[str]) -> "Settings":
    """Training and evaluating named folders needs no config; without one the defaults hold."""
    from imgwatch.config import parse_config

    try:
        return load_settings(config, overrides)
    except InputMissing:
        if config is not None:
            raise
        return parse_config("watch: [{path: /}]", "the defaults", tuple(overrides))


def _listed(exclude: Path | None) -> tuple[Path, ...]:
    if exclude is None:
        return ()
    existing([exclude])
    lines = exclude.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return tuple(Path(line).absolute() for line in lines if line.strip() and not line.startswith("#"))
