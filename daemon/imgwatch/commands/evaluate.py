"""`imgwatch evaluate`: measure how good a model is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.cluster import ClusterOption
from imgwatch.commands.configured_models import model_path
from imgwatch.commands.context import settings_without_config
from imgwatch.commands.options import ConfigOption, JsonOption, require_existing
from imgwatch.extras import require_extra
from imgwatch.judgement import Kind

if TYPE_CHECKING:
    from imgwatch.evaluation.evaluate import Evaluation
    from imgwatch.evaluation.labelled import Labelled


_NormalOption = Annotated[
    Path, typer.Option("--normal", help="A folder of normal pictures not used for training.", metavar="DIR")
]
_JunkOption = Annotated[
    list[str],
    typer.Option(
        "--junk",
        help="A folder of junk, or KIND=DIR where you know its kind; may be given several times.",
        metavar="[KIND=]DIR",
    ),
]
_ModelOption = Annotated[
    Path | None, typer.Option("--model", help="The model file; default: the config's.", metavar="FILE")
]
_CompareOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--compare", help="Another model on the same pictures; may be given several times.", metavar="FILE"
    ),
]
_OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Write plots and the worst mistakes into this folder.", metavar="DIR"),
]


def evaluate(  # noqa: PLR0913 - the options of a command
    normal: _NormalOption,
    junk: _JunkOption,
    model: _ModelOption = None,
    compare: _CompareOption = None,
    out: _OutOption = None,
    cluster: ClusterOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how good a model is on labelled folders.

    Prints AUROC with interval, junk caught, and normal pictures lost.
    """
    settings = settings_without_config(config)
    kinds = dict(map(_of_kind, junk))
    require_existing([normal, *kinds])
    models = [model or model_path(settings), *(compare or [])]
    for name in (*(["report"] if out else []), *(["cluster"] if cluster else [])):
        require_extra(name)
    with console.progress() as progress:
        from imgwatch.evaluation.evaluate import evaluate
        from imgwatch.evaluation.labelled import Labelled
        from imgwatch.model.scorer import Scorer

        scorers = [Scorer(path, settings.threads, device=settings.device) for path in models]
        labelled = Labelled(
            normal,
            tuple(kinds),
            settings.limits.limits(),
            settings.train.workers,
            cluster,
            {folder: kind for folder, kind in kinds.items() if kind is not None},
        )
        evaluations = evaluate(scorers, labelled, settings.threshold, progress, settings.kinds.promised)
        _show_evaluations(evaluations, labelled, out, as_json)


def _of_kind(option: str) -> tuple[Path, Kind | None]:
    """Split `KIND=DIR` into folder and kind; a folder whose name only looks like that has no kind."""
    kind, _, folder = option.partition("=")
    return (Path(folder), Kind(kind)) if folder and kind in set(Kind) else (Path(option), None)


def _show_evaluations(
    evaluations: "list[Evaluation]", labelled: "Labelled", out: Path | None, as_json: bool
) -> None:
    """Write the page with plots and mistakes if the user wants it, then print the metrics."""
    from imgwatch.evaluation.evaluation_table import json_of, lines_of

    page = None
    if out:
        from imgwatch.evaluation.evaluation_report import write_evaluation

        page = write_evaluation(evaluations, out, labelled.limits, labelled.workers)
    for line in json_of(evaluations) if as_json else lines_of(evaluations):
        console.say(line)
    if page and not as_json:
        console.say(f"{page} written.")
