"""`imgwatch calibrate`: fit the config's model to normal pictures, without TensorFlow."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands import model_swap
from imgwatch.commands.configured_models import DEFAULT_MODEL, model_path
from imgwatch.commands.context import normal_folders, settings_without_config
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
from imgwatch.commands.options import ConfigOption, FoldersOption, JsonOption
from imgwatch.errors import UsageError
from imgwatch.model import versions
from imgwatch.wording import counted

if TYPE_CHECKING:
    from imgwatch.calibration.by_kind import KindOutcome
    from imgwatch.calibration.calibrated import Calibrated
    from imgwatch.calibration.odd_pictures import OddPictures
    from imgwatch.settings import Settings, ThresholdRule

_LISTED = 40  # of the strangest pictures, for the training page
_HAS_LEARNED = (
    "The model was trained on some of these pictures. How well it reconstructs them says nothing about new ones, so "
    "reconstruction no longer counts. Run `imgwatch train` to learn it again."
)
_FalseAlarmsOption = Annotated[
    float | None,
    typer.Option(
        "--false-alarms",
        help="At most this share of your normal pictures is moved, such as 0.01; default: the config's.",
        metavar="P",
    ),
]
_ConfidenceOption = Annotated[
    float | None,
    typer.Option(
        "--confidence",
        help="How certain that promise is for your folder, such as 0.95; default: it holds on average.",
        metavar="C",
    ),
]
_PreviewOption = Annotated[
    bool,
    typer.Option(
        "--preview", help="Only show how many of the present pictures would be moved; write nothing."
    ),
]
_NoCacheOption = Annotated[
    bool,
    typer.Option("--no-cache", help="Measure every picture again, and keep nothing for the next run."),
]


def calibrate(  # noqa: PLR0913 - the options of a command
    folders: FoldersOption = None,
    false_alarms: _FalseAlarmsOption = None,
    confidence: _ConfidenceOption = None,
    out: OutOption = DEFAULT_OUT,
    preview: _PreviewOption = False,
    is_fresh: _NoCacheOption = False,
    exclude: ExcludeOption = None,
    is_review: ReviewOption = False,
    is_agreed: YesOption = False,
    use: UseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit the config's model to your normal pictures. Needs no TensorFlow."""
    from imgwatch.calibration.odd_pictures import OddPictures

    require_somebody(is_review, as_json)
    settings = settings_without_config(config)
    rule = _rule(settings.threshold, false_alarms, confidence)
    base, odd = _base(settings), OddPictures(out.absolute())
    fitting = _Fitting(
        settings, base, rule, normal_folders(folders, settings), read_exclude_list(exclude), odd, is_fresh
    )
    fitted = fitting.fit()
    if is_review and ask_which_are_junk(odd, say_standing_out(fitted.strangest(), fitted.standing_out)):
        fitted = fitting.fit()
    _say_fitted(fitted, settings, base, as_json)
    if not preview:
        _write(settings, fitted, odd, out.absolute(), SwapOptions(config, is_agreed, use), as_json)


def _base(settings: "Settings") -> Path:
    """Return the model to fit: the config's, or the general one if that does not exist yet."""
    base = model_path(settings)
    if base.exists():
        return base
    console.note(f"{base}: not there yet; the general model is fitted to your pictures instead.")
    return DEFAULT_MODEL


@dataclass(frozen=True)
class _Fitting:
    """What to fit, to which pictures: those in `sources` but not in `exclude`, nor called junk before (`odd`)."""

    settings: "Settings"
    base: Path
    rule: "ThresholdRule"
    sources: Sequence[Path]
    exclude: Sequence[Path]
    odd: "OddPictures"
    is_fresh: bool  # every picture is measured again

    def fit(self) -> "Calibrated":
        """Fit the model, with progress."""
        from imgwatch.calibration.calibrate import calibrate
        from imgwatch.calibration.measured_file import usual_folder
        from imgwatch.scan import list_pictures

        settings = self.settings
        left_out = (*self.exclude, *say_left_out(self.odd))
        with console.progress() as progress:
            apart = (settings.quarantine.path, settings.state, *left_out)
            paths = list_pictures(self.sources, apart, settings.watch[0].ignore)
            keep_in = None if self.is_fresh else usual_folder()
            limits, threads = settings.limits.limits(), settings.threads
            return calibrate(self.base, paths, self.rule, limits, threads, progress, keep_in)


def _say_fitted(fitted: "Calibrated", settings: "Settings", base: Path, as_json: bool) -> None:
    """Print what several thresholds would move, and what the fitted model promises."""
    from imgwatch.calibration.by_kind import outcomes_by_kind
    from imgwatch.standard import Standard

    standard = Standard.of(fitted.contract, "", None, settings.kinds.promised, base)
    _say_preview(fitted, outcomes_by_kind(standard, fitted.scores, fitted.parts), as_json)
    if as_json:
        return
    promise = fitted.contract.training["promise"]
    for sentence in (promise["says"], *promise["warnings"], *about_silent_kinds(standard)):
        console.say(sentence)
    if fitted.has_learned:
        console.say(_HAS_LEARNED)


def _write(  # noqa: PLR0913 - what the command knows
    settings: "Settings",
    fitted: "Calibrated",
    odd: "OddPictures",
    out: Path,
    options: SwapOptions,
    as_json: bool,
) -> None:
    """Write the model and the list of its strangest pictures, and replace the model in use if the user agrees."""
    draft = versions.draft_of(out)
    contract = fitted.write(draft)
    written = model_swap.move_if_free(draft, out)
    odd.show([path for path, _ in fitted.strangest(max(_LISTED, fitted.standing_out))])
    compared = model_swap.compare(settings, written)
    if as_json:
        model, _ = model_swap.hand_over(settings, written, out, options.unasked())
        summary = {"model": str(model), "threshold": contract.threshold.score}
        console.say_json(summary | model_swap.as_json(compared))
        return
    console.say(f"{written} written, threshold {contract.threshold.score:.4g}.")
    say_standing_out(fitted.strangest(), fitted.standing_out)
    console.say(
        "If some of them are junk, run this again with --review, or choose them on the training page of the gallery: "
        "more junk will be caught."
    )
    model_swap.say(compared)
    model_swap.say_outcome(out, *model_swap.hand_over(settings, written, out, options))


def _rule(
    rule: "ThresholdRule | None", false_alarms: float | None, confidence: float | None
) -> "ThresholdRule":
    """Return the config's rule, with the options instead of its keys. Raises UsageError."""
    from msgspec import ValidationError

    from imgwatch.settings import ThresholdRule, checked

    rule = rule or ThresholdRule(false_alarms=0.01)
    if false_alarms is None and confidence is None:
        return rule
    share = rule.false_alarms if false_alarms is None else false_alarms
    certainty = rule.confidence if confidence is None else confidence
    try:
        return checked({"false_alarms": share, "confidence": certainty}, ThresholdRule)
    except ValidationError as fault:
        raise UsageError(
            f"--false-alarms {share}, --confidence {certainty}: the first is a share above 0 and at most 0.5, such as "
            "0.01, the second one between 0 and 1, such as 0.95"
        ) from fault


def _say_preview(fitted: "Calibrated", by_kind: "list[KindOutcome]", as_json: bool) -> None:
    lines = fitted.preview()
    if as_json:
        console.say_json({"pictures": len(fitted.paths), "unreadable": fitted.unreadable,
                          "preview": [asdict(line) for line in lines],
                          "standing_out": _as_json(fitted.strangest(fitted.standing_out)),
                          "kinds": [asdict(line) for line in by_kind],
                          "reconstruction_left_out": fitted.has_learned})  # fmt: skip
        return
    console.say(
        f"{counted(len(fitted.paths), 'picture')}, {fitted.unreadable} unreadable. Each judged as if it were new:"
    )
    rows = [
        (f"{100 * line.false_alarms:.1f} %", f"{line.threshold:.4g}", str(line.would_move),
         "yes" if line.can_be_kept else f"no: that takes {line.fewest_pictures} pictures")
        for line in lines
    ]  # fmt: skip
    console.table(("false alarms", "threshold", "would be moved", "can be promised"), rows)
    if any(line.promise is not None for line in by_kind):
        console.say(
            "With the promises in `kinds`, the threshold of the config, and what is left for the others:"
        )
        console.table(("kind", "would be moved", "promise", "can be promised"), map(_row, by_kind))


def _as_json(pictures: Sequence[tuple[Path, float]]) -> list[dict[str, object]]:
    return [{"path": str(path), "score": score} for path, score in pictures]


def _row(line: "KindOutcome") -> tuple[str, ...]:
    kept = "yes" if line.can_be_kept else f"no: that takes {line.fewest} pictures"
    shared = line.promise is None
    promise = "with the others" if line.promise is None else f"{100 * line.promise:.2f} %"
    return str(line.kind), str(line.would_move), promise, "" if shared else kept
