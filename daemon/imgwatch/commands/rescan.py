"""`imgwatch rescan`: judge the pictures in the watched folders or elsewhere now, and move those that do not belong."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.cluster import ClusterOption, RescanOptions, rescan_wide, say_unread
from imgwatch.commands.context import (
    ConfigOption,
    JsonOption,
    YesOption,
    confirm,
    existing,
    load_settings,
    models_of_folders,
    open_duplicates,
    open_judges,
    open_ledger,
    open_quarantine,
)
from imgwatch.commands.judged_line import say_judged
from imgwatch.commands.late_companions import bring_late, say_late
from imgwatch.errors import IoFailed, UsageError
from imgwatch.wording import ONLY_REPORTS, counted

if TYPE_CHECKING:
    from imgwatch.judging import Judge, Judged
    from imgwatch.ledger import Ledger
    from imgwatch.moving import Result
    from imgwatch.picture.formats import Format
    from imgwatch.pipeline import Pipeline
    from imgwatch.policy import Policy
    from imgwatch.quarantine import Quarantine
    from imgwatch.scan import Scope
    from imgwatch.settings import Settings

_MOVED, _SORTED = (
    "moved",
    "sorted",
)  # beside the verdicts, in what is counted: to quarantine, to folders of kinds
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
    from imgwatch.pipeline import Pipeline
    from imgwatch.policy import Policy

    settings = load_settings(config)
    _require_fitting(settings, bool(paths), in_quarantine=in_quarantine, is_wide=cluster is not None)
    if cluster is not None:
        _rescan_wide(settings, RescanOptions(cluster, dry_run, judge_all), paths or [], as_json)
        return
    with open_ledger(settings) as ledger, open_judges(settings) as judges, console.progress() as progress:
        quarantine, judge = open_quarantine(settings, ledger), judges.main
        FeedbackLearner(quarantine, ledger).refresh(judge)
        if in_quarantine:
            _offer_back(judge, quarantine, as_json)
            return
        duplicates = open_duplicates(settings, ledger, lambda: judges.of_all)
        if duplicates is not None and not dry_run:
            for number, _ in enumerate(duplicates.fill(), 1):
                progress("compare", number, number)
        scopes = _scopes(settings, existing([path.resolve() for path in paths or []]))
        policy = Policy.of(settings, lambda path: judges.of(path).contract.generic)
        unread: Counter[Format] = Counter()
        model_of = (lambda _: None) if judge_all else (lambda scope: judges.of(scope.root).scorer.name)
        wanted = _wanted(settings, scopes, ledger, model_of, unread)
        junk: list[Judged] = []
        not_junk = _set_junk_apart(
            judges.judge(wanted), junk, lambda number: progress("rescan", number, len(wanted))
        )
        if dry_run:
            _say_dry_run(chain(not_junk, junk), policy, as_json)
            say_late(Pipeline(lambda: judge, quarantine, ledger, policy).mover, scopes, as_json)
            say_unread(unread)
            return
        ledger.allow_restore_to(scope.root for scope in scopes)
        quarantine = open_quarantine(settings, ledger)  # with the folders that were just allowed
        pipeline = Pipeline(lambda: judge, quarantine, ledger, policy, duplicates=duplicates)
        seen = _act(pipeline, not_junk, as_json)
        to_move = sum(policy.takes(picture) and not policy.only_reports(picture.path) for picture in junk)
        others = seen.total() - seen[_MOVED] - seen[_SORTED]
        _confirm_many(to_move, others + len(junk), settings, is_agreed)
        seen += _act(pipeline, iter(junk), as_json)
        bring_late(pipeline.mover, scopes, as_json)
    if not as_json:
        console.say(_summary(seen))
        if settings.waits_for_own_model and judge.contract.generic:
            console.say(f"{settings.what_auto_moves.capitalize()} was moved: {ONLY_REPORTS}.")
    say_unread(unread)
    _require_moved(pipeline)


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


def _require_moved(pipeline: "Pipeline") -> None:
    """Raise the fault that kept pictures from being moved, if there was one."""
    fault = pipeline.health.move_fault
    if fault is not None:
        raise fault if isinstance(fault, IoFailed) else IoFailed(str(fault))


def _wanted(
    settings: "Settings",
    scopes: "list[Scope]",
    ledger: "Ledger",
    model_of: "Callable[[Scope], str | None]",
    unread: "Counter[Format]",
) -> list[Path]:
    """Return the pictures to judge: those not judged by the model of their scope, and waiting ones; all old enough."""
    from imgwatch.candidates import candidates

    together = settings.companions == "together"
    wanted = [
        path
        for scope in scopes
        for path in candidates([scope], ledger, model_of(scope), together=together, unread=unread)
    ]
    return _old_enough(wanted + sorted(_waiting(ledger, scopes) - set(wanted)), settings)


def _set_junk_apart(
    judgements: "Iterator[Judged]", junk: "list[Judged]", progress: "Callable[[int], None]"
) -> "Iterator[Judged]":
    """Yield judgements that are not junk, to be remembered at once; append junk to `junk` until its amount is known."""
    for number, judged in enumerate(judgements, 1):
        progress(number)
        if judged.judgement.verdict == "quarantine":
            junk.append(judged)
        else:
            yield judged


def _say_dry_run(judgements: "Iterable[Judged]", policy: "Policy", as_json: bool) -> None:
    seen: Counter[str] = Counter()
    for judged in judgements:
        say_judged(judged, as_json, becomes=_becomes(policy, judged))
        seen[judged.judgement.verdict] += 1
    if not as_json:
        console.say(_summary(seen, is_dry=True))


def _becomes(policy: "Policy", judged: "Judged") -> str | None:
    """Return what would happen to junk: where the picture would go and when, or why it would stay."""
    from imgwatch.lifecycle import FileEvent

    event, due = policy.outcome(judged, time.time())
    if event is FileEvent.JUDGED_JUNK_OF_A_KEPT_KIND:
        return f"stays: kinds.{judged.judgement.kind} is keep"
    if event is FileEvent.JUDGED_JUNK_IN_REPORT_MODE:
        return "stays: only reported"
    if event not in (FileEvent.JUDGED_JUNK, FileEvent.JUDGED_JUNK_AND_YOUNG):
        return None
    destination = policy.destination(judged)
    where = "to quarantine" if destination is None else f"to {destination.folder}"
    return where if due is None else f"{where} on {datetime.fromtimestamp(due):%Y-%m-%d}"


def _act(pipeline: "Pipeline", judgements: "Iterator[Judged]", as_json: bool) -> Counter[str]:
    """Act on judgements and print each result; return the numbers of verdicts and of moves."""
    seen: Counter[str] = Counter()
    for result in pipeline.act(judgements):
        _say_sorted(result, as_json)
        _count(seen, result)
    return seen


def _count(seen: Counter[str], result: "Result") -> None:
    seen[result.judged.judgement.verdict] += 1
    seen[_MOVED] += result.record is not None and result.moved_to is None
    seen[_SORTED] += result.moved_to is not None


def _waiting(ledger: "Ledger", scopes: "list[Scope]") -> set[Path]:
    """Return the pictures in their folders that are to be judged again.

    These were judged junk and held back, only reported, of a kept kind or too young, or could not be read
    for a reason that may be gone.
    """
    from imgwatch.judgement import ReasonCode
    from imgwatch.lifecycle import FileState

    junk = (FileState.HELD, FileState.REPORTED, FileState.KIND_KEPT, FileState.WAITING)
    listed = [(state, row) for state in (*junk, FileState.UNREADABLE) for row in ledger.listed(state)]
    waiting = {
        row.path
        for state, row in listed
        if state is not FileState.UNREADABLE or row.reason.code is ReasonCode.TEMPORARILY_UNREADABLE
    }
    return {path for path in waiting if path.is_file() and any(scope.admits(path) for scope in scopes)}


def _old_enough(paths: list[Path], settings: "Settings") -> list[Path]:
    """Return the files that are older than the config's minimum age, and print how many are younger."""
    import time

    from imgwatch.watching.minimum_age import seconds_until

    now, age = time.time(), settings.minimum_age_seconds
    old = [path for path in paths if not seconds_until(path, age, now)]
    if len(old) < len(paths):
        young = counted(len(paths) - len(old), "picture")
        console.complain(f"{young} younger than minimum_age ({settings.minimum_age}) left for later.")
    return old


def _confirm_many(junk: int, pictures: int, settings: "Settings", is_agreed: bool) -> None:
    """Ask before moving so many pictures that the daemon's breaker would open: the model may be wrong."""
    from imgwatch.breaker import Breaker

    if Breaker(settings.breaker).would_open(junk, pictures):
        confirm(
            f"{junk} of {counted(pictures, 'picture')} would be quarantined, which may mean that the model does "
            "not fit this folder (`imgwatch rescan --dry-run` lists them). Move them?",
            is_agreed,
        )


def _rescan_wide(settings: "Settings", options: RescanOptions, paths: list[Path], as_json: bool) -> None:
    seen: Counter[str] = Counter()

    def say(result: "Result") -> None:
        _say_sorted(result, as_json)
        _count(seen, result)

    rescan_wide(settings, options, paths, partial(_scopes, settings), say)
    if not as_json:
        console.say(_summary(seen, is_dry=options.dry_run))


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


def _scopes(settings: "Settings", paths: list[Path]) -> "list[Scope]":
    """Return the scopes of the watched folders, or of the named paths with the rules of the folder they lie in."""
    from dataclasses import replace

    from imgwatch.scan import Scope
    from imgwatch.watching.roots import scopes_of

    watched = scopes_of(settings)
    if not paths:
        return existing_scopes(watched)
    scopes: list[Scope] = []
    for path in paths:
        around = next(
            (scope for scope in watched if path == scope.root or path.is_relative_to(scope.root)), None
        )
        folder = path if path.is_dir() else path.parent
        rules = around or Scope(folder, ignore=settings.watch[0].ignore, apart=watched[0].apart)
        scopes.append(replace(rules, root=folder, base=rules.root, only=None if path.is_dir() else path.name))
    return scopes


def existing_scopes(scopes: "list[Scope]") -> "list[Scope]":
    """Return the scopes unchanged. Raises InputMissing for a watched folder that does not exist."""
    existing([scope.root for scope in scopes])
    return scopes


def _say_sorted(result: "Result", as_json: bool) -> None:
    record = result.record
    if record is None:
        say_judged(result.judged, as_json)
    else:
        where = {} if result.moved_to is None else {"becomes": f"{result.moved_to}, as {record.id}"}
        say_judged(result.judged, as_json, moved_to=record.file, id=record.id, **where)


def _summary(seen: Counter[str], *, is_dry: bool = False) -> str:
    """Return the outcome in one line, or in a dry run what it would be."""
    moved, sorted_out = seen.pop(_MOVED, 0), seen.pop(_SORTED, 0)
    junk = seen["quarantine"]
    if is_dry:
        what = f"{junk} judged junk"
    else:
        stays = junk - moved - sorted_out
        left = f", {stays} left in place" if stays > 0 else ""
        to_folders = f", {sorted_out} moved to the folders for their kinds" if sorted_out else ""
        what = f"{moved} quarantined (`imgwatch quarantine list`){to_folders}{left}"
    return f"{seen.total()} judged: {seen['keep']} kept, {what}, {seen['unreadable']} unreadable"
