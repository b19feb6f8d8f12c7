"""`imgwatch rescan`: judge the pictures in the watched folders or elsewhere now, and move those that do not belong."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.cluster import ClusterOption, rescan_wide
from imgwatch.commands.configured_models import models_of_folders, open_judges
from imgwatch.commands.context import load_settings, open_duplicates, open_ledger, open_quarantine
from imgwatch.commands.judged_line import say_judged
from imgwatch.commands.late_companions import bring_late, say_late
from imgwatch.commands.options import ConfigOption, JsonOption, YesOption, confirm
from imgwatch.commands.rescan_choice import RescanOptions, pictures_to_judge, scopes_to_judge
from imgwatch.commands.rescan_results import Results, say_unread, set_junk_apart
from imgwatch.errors import IoFailed, UsageError
from imgwatch.wording import ONLY_REPORTS, counted

if TYPE_CHECKING:
    from imgwatch.judges import Judges
    from imgwatch.judging import Judge, Judged
    from imgwatch.ledger import Ledger
    from imgwatch.picture.formats import Format
    from imgwatch.pipeline import Pipeline
    from imgwatch.progress import Progress
    from imgwatch.quarantine import Quarantine
    from imgwatch.settings import Settings

_Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Files or folders, with --cluster also URLs; without any, the watched folders.",
        metavar="PATH...",
    ),
]
_DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Judge and print; move and remember nothing.")]
_AllOption = Annotated[bool, typer.Option("--all", help="Judge again what this model has judged before.")]
_QuarantineOption = Annotated[
    bool,
    typer.Option(
        "--quarantine",
        help="Judge the pictures in quarantine again, and list those that would be kept now.",
    ),
]


def rescan(  # noqa: PLR0913 - the options of a command
    paths: _Paths = None,
    dry_run: _DryRunOption = False,
    judge_all: _AllOption = False,
    in_quarantine: _QuarantineOption = False,
    is_agreed: YesOption = False,
    cluster: ClusterOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge the pictures in the watched folders or in PATH now. Moves those that do not belong."""
    from imgwatch.feedback.learner import FeedbackLearner

    settings = load_settings(config)
    _require_fitting(settings, bool(paths), in_quarantine=in_quarantine, is_wide=cluster is not None)
    options = RescanOptions(dry_run, judge_all, is_agreed, as_json)
    if cluster is not None:
        rescan_wide(cluster, settings, options, paths or [])
        return
    with open_ledger(settings) as ledger, open_judges(settings) as judges:
        quarantine = open_quarantine(settings, ledger)
        FeedbackLearner(quarantine, ledger).refresh(judges.main)
        if in_quarantine:
            _offer_back(judges.main, quarantine, as_json)
        else:
            _rescan_folders(settings, options, paths or [], ledger, judges)


def _require_fitting(settings: "Settings", has_paths: bool, *, in_quarantine: bool, is_wide: bool) -> None:
    """Raise UsageError for options that cannot be combined."""
    if in_quarantine and is_wide:
        raise UsageError("--quarantine judges what is in quarantine, on this machine: leave out --cluster")
    if in_quarantine and has_paths:
        raise UsageError("--quarantine judges the quarantine: leave out PATH")
    if is_wide and models_of_folders(settings):
        raise UsageError(
            "--cluster works with one model and threshold, but your folders have their own: leave it out"
        )


def _rescan_folders(
    settings: "Settings", options: RescanOptions, paths: list[Path], ledger: "Ledger", judges: "Judges"
) -> None:
    """Judge pictures on this machine, and move junk or, in a dry run, print what would be moved."""
    from imgwatch.pipeline import Pipeline
    from imgwatch.policy import Policy

    policy = Policy.of(settings, lambda path: judges.of(path).contract.generic)
    results = Results(options.as_json, is_dry=options.dry_run)
    unread: Counter[Format] = Counter()
    with console.progress() as progress:
        duplicates = open_duplicates(settings, ledger, lambda: judges.of_all)
        if duplicates is not None and not options.dry_run:
            for number, _ in enumerate(duplicates.fill(), 1):
                progress("compare", number, number)
        scopes = scopes_to_judge(settings, paths)
        model_of = (
            (lambda _: None) if options.judge_all else (lambda scope: judges.of(scope.root).scorer.name)
        )
        wanted = pictures_to_judge(settings, scopes, ledger, model_of, unread)
        judgements = _with_progress(judges.judge(wanted), progress, len(wanted))
        if not options.dry_run:
            ledger.allow_restore_to(scope.root for scope in scopes)
        quarantine = open_quarantine(settings, ledger)  # with the folders that were just allowed
        pipeline = Pipeline(lambda: judges.main, quarantine, ledger, policy, duplicates=duplicates)
        if options.dry_run:
            results.add_dry(judgements, policy)
        else:
            _act(pipeline, judgements, results, settings, options.is_agreed)
            bring_late(pipeline.mover, scopes, options.as_json)
    results.say_summary()
    if options.dry_run:
        say_late(pipeline.mover, scopes, options.as_json)
    elif not options.as_json and settings.waits_for_own_model and judges.main.contract.generic:
        console.say(f"{settings.what_auto_moves.capitalize()} was moved: {ONLY_REPORTS}.")
    say_unread(unread)
    _require_moved(pipeline)


def _with_progress(judgements: "Iterable[Judged]", progress: "Progress", total: int) -> "Iterator[Judged]":
    for number, judged in enumerate(judgements, 1):
        progress("rescan", number, total)
        yield judged


def _act(
    pipeline: "Pipeline",
    judgements: "Iterable[Judged]",
    results: Results,
    settings: "Settings",
    is_agreed: bool,
) -> None:
    """Remember what is not junk at once, and move junk when its amount is known, and agreed to if it is large."""
    junk: list[Judged] = []
    for result in pipeline.act(set_junk_apart(judgements, junk)):
        results.add(result)
    policy = pipeline.policy
    to_move = sum(policy.takes(picture) and not policy.only_reports(picture.path) for picture in junk)
    _confirm_many(to_move, results.judged + len(junk), settings, is_agreed)
    for result in pipeline.act(iter(junk)):
        results.add(result)


def _confirm_many(junk: int, pictures: int, settings: "Settings", is_agreed: bool) -> None:
    """Ask before moving so many pictures that the daemon's breaker would open: the model may be wrong."""
    from imgwatch.breaker import Breaker

    if Breaker(settings.breaker).would_open(junk, pictures):
        confirm(
            f"{junk} of {counted(pictures, 'picture')} would be quarantined, which may mean that the model does "
            "not fit this folder (`imgwatch rescan --dry-run` lists them). Move them?",
            is_agreed,
        )


def _require_moved(pipeline: "Pipeline") -> None:
    """Raise the fault that kept pictures from being moved, if there was one."""
    fault = pipeline.health.move_fault
    if fault is not None:
        raise fault if isinstance(fault, IoFailed) else IoFailed(str(fault))


def _offer_back(judge: "Judge", quarantine: "Quarantine", as_json: bool) -> None:
    """Print the quarantined pictures that would be kept now; move nothing."""
    records = {quarantine.picture(record): record for record in quarantine.list()}
    offered: list[str] = []
    for judged in judge.judge(records):
        if judged.judgement.verdict == "keep":
            record = records[judged.path]
            offered.append(record.id)
            say_judged(judged, as_json, id=record.id, original=record.original)
    if as_json:
        return
    console.say(f"{len(records)} judged again: {len(offered)} would be kept now.")
    if offered:
        console.say(f"To put them back: imgwatch quarantine restore {' '.join(offered)}")
