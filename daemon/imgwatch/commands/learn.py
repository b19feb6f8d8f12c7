"""`imgwatch train` and `imgwatch evaluate`: make a model, and say honestly how good one is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.workplace import (
    ConfigOption,
    JsonOption,
    SetOption,
    existing,
    load_settings,
    model_path,
)
from imgwatch.errors import InputMissing, Unavailable

if TYPE_CHECKING:
    from imgwatch.settings import Settings

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
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the checkpoints of an earlier, unfinished run.")
    ] = False,
    overrides: SetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train on normal pictures: writes the model file, and a report with plots next to it."""
    from imgwatch import logs

    logs.set_up()
    told = list(overrides or []) + ([f"train.architecture={architecture}"] if architecture else [])
    settings = _settings_without_config(config, told)
    places = existing([folder.absolute() for folder in folders or []]) or [
        watch.path for watch in settings.watch
    ]
    with _extra("train"), console.progress() as progress:
        from imgwatch_train.job import Job
        from imgwatch_train.recipe import train as run

        job = Job(
            folders=tuple(places),
            settings=settings.train,
            out=out.absolute(),
            threshold=settings.threshold,
            exclude=_listed(exclude),
            limits=settings.limits.limits(),
            fresh=fresh,
        )
        contract = run(job, progress)
    if as_json:
        found = {"model": str(job.out), "report": str(job.report_folder), "architecture": contract.architecture,
                 "threshold": contract.threshold.score, "training": contract.training}  # fmt: skip
        console.say_json(found)
        return
    console.say(f"{job.out} written: {contract.architecture}, threshold {contract.threshold.score:.4g}.")
    promise = contract.training.get("promise")
    if isinstance(promise, dict) and "says" in promise:
        console.say(str(promise["says"]))
    console.say(f"Look at {job.report_folder / 'report.html'}, then set `model: {job.out}` in the config.")


def evaluate(  # noqa: PLR0913 - the options of a command
    normal: Annotated[
        Path,
        typer.Option("--normal", help="A folder of normal pictures not used for training.", metavar="DIR"),
    ],
    junk: Annotated[
        list[Path],
        typer.Option("--junk", help="A folder of junk; may be given several times.", metavar="DIR"),
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
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say honestly how good a model is on labelled folders: AUROC with interval, junk caught, normal pictures lost."""
    settings = _settings_without_config(config, [])
    existing([normal, *junk])
    first = model or model_path(settings)
    with _extra("train"), console.progress() as progress:
        from imgwatch_train.evaluate import evaluate_command

        for line in evaluate_command(
            [first, *(compare or [])], normal, junk, settings, out, progress, as_json
        ):
            console.say(line)


def _settings_without_config(config: Path | None, overrides: list[str]) -> Settings:
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


@contextmanager
def _extra(name: str) -> Iterator[None]:
    """Say which extra to install where a package that it brings is not there."""
    try:
        yield
    except ModuleNotFoundError as fault:
        if (fault.name or "").startswith("imgwatch."):
            raise
        raise Unavailable(f"this needs {fault.name}: pip install 'imgwatch[{name}]'") from fault
