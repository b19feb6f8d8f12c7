"""`imgwatch quarantine`: list, show, and every verdict of the gallery, from a shell."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.choosing import (
    DECIDED,
    WITH_MOVED,
    AllOption,
    ChosenOption,
    Named,
    SinceOption,
    chosen,
    follow_renamed,
    selector,
)
from imgwatch.commands.context import load_settings, open_ledger, open_quarantine
from imgwatch.commands.deciding import decide_on_each, opened_decisions, say_decided, undo_last
from imgwatch.commands.options import ConfigOption, JsonOption, YesOption, confirm
from imgwatch.commands.record_lines import lines_of, row_of, say_moved, say_records
from imgwatch.commands.thumbnails import ThumbnailsOption, thumbnails
from imgwatch.errors import ImgwatchError, UsageError
from imgwatch.wording import counted

if TYPE_CHECKING:
    from imgwatch.quarantine.record import Record

app = typer.Typer(help="List what is in quarantine, and decide on it.", no_args_is_help=True)
_BinOption = Annotated[
    bool,
    typer.Option("--bin", help="List the bin instead: pictures that were deleted, but not yet for good."),
]
_MovedOption = Annotated[
    bool,
    typer.Option(
        "--moved",
        help="List instead the pictures that were moved to the folder for their kind, and where they went.",
    ),
]
_Which = Annotated[
    str,
    typer.Argument(help="An id as `list` shows it, a name, or the path that it came from.", metavar="WHICH"),
]
_ToOption = Annotated[
    Path | None,
    typer.Option(
        "--to",
        help="Restore into this folder, with the subfolders that the pictures had below the watched one.",
        metavar="DIR",
    ),
]
_FlatOption = Annotated[
    bool, typer.Option("--flat", help="With --to: put all pictures directly into that folder.")
]
_NowOption = Annotated[
    bool, typer.Option("--now", help="Delete for good, without the bin; this cannot be undone.")
]
_OlderOption = Annotated[
    float | None,
    typer.Option("--older-than-days", help="Instead of quarantine.keep_days.", min=0, metavar="DAYS"),
]


@app.command("list")
def list_records(
    binned: _BinOption = False,
    moved: _MovedOption = False,
    with_pictures: ThumbnailsOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what is in quarantine, oldest first."""
    if moved and (binned or with_pictures):
        raise UsageError("--moved cannot be combined with --bin or --thumbnails")
    settings = load_settings(config)
    quarantine = open_quarantine(settings)
    if moved:
        say_moved(quarantine.moved(), as_json)
        return
    listed = quarantine.binned() if binned else quarantine.list()
    if as_json:
        for record in listed:
            console.say_json(record.to_json())
        return
    records = list(listed)
    if not records:
        console.say("The bin is empty." if binned else "The quarantine is empty.")
    elif with_pictures:
        with thumbnails(settings) as draw:
            for record in records:
                draw(quarantine.picture(record))
                console.say("  ".join(row_of(record)))
    else:
        say_records(records)


@app.command()
def show(
    which: _Which,
    with_picture: ThumbnailsOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show everything that is known about one picture."""
    settings = load_settings(config)
    quarantine = open_quarantine(settings)
    record = selector(quarantine, WITH_MOVED).single(which)
    moved = next((item.path for item in quarantine.moved() if item.record.id == record.id), None)
    if as_json:
        console.say_json(record.to_json())
        return
    path = moved or quarantine.picture(record)
    if with_picture:
        with thumbnails(settings) as draw:
            draw(path)
    for label, words in lines_of(record, path):
        console.say(f"{label:>12}: {words}")


@app.command()
def restore(  # noqa: PLR0913 - the options of a command
    which: ChosenOption = None,
    since: SinceOption = None,
    everything: AllOption = False,
    to: _ToOption = None,
    is_flat: _FlatOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put pictures back where they came from. They are not quarantined again. Never overwrites.

    What was moved to the folder for its kind comes back from there; --since and --all cover the quarantine only.
    With --to, a picture whose name is taken gets a number.
    """
    if is_flat and to is None:
        raise UsageError("--flat needs --to DIR")
    settings = load_settings(config)
    with opened_decisions(settings) as (quarantine, decisions, ledger):
        from imgwatch.former_folders import FormerFolders

        records, moved = chosen(quarantine, which, since, everything, WITH_MOVED), dict[str, Path]()
        folders = FormerFolders.of([watch.path for watch in settings.watch], ledger)
        if to is None:
            agrees = console.agrees if console.is_interactive() else lambda _: False
            records, moved = follow_renamed(records, folders, agrees)
        originals = [Path(record.original) for record in records if not isinstance(record, ImgwatchError)]

        def put_back(record: "Record") -> str:
            target = to if to is not None else moved.get(record.id)
            is_direct = is_flat or target is None
            below = Path() if is_direct else folders.below(Path(record.original), originals)
            return f"restored to {decisions.restore(record, target, below=below).restored_to}"

        decide_on_each(records, put_back, as_json, "restored")


@app.command()
def restore_instead(which: Named, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Put copies back instead of the pictures kept. Those go into quarantine.

    If the kept one cannot be moved, both stay. `undo` undoes the last exchange.
    """
    from imgwatch.duplicates import replacing

    settings = load_settings(config)
    with opened_decisions(settings) as (quarantine, decisions, ledger):

        def swap(record: "Record") -> str:
            kept = replacing.kept_picture(record, ledger, with_companions=settings.companions == "together")
            kept = replacing.require_replaceable(record, kept)
            steps, fault = replacing.restore_instead(decisions, record, kept)
            if fault is not None:
                console.note(f"restored to {steps[-1].restored_to}; the picture that was kept stays, too")
                raise fault
            return (
                f"restored to {steps[-1].restored_to}; {kept.path} is in quarantine as {steps[0].record.id}"
            )

        decide_on_each(chosen(quarantine, list(which), None, False), swap, as_json, "restored instead")


@app.command()
def delete(  # noqa: PLR0913 - the options of a command
    which: ChosenOption = None,
    since: SinceOption = None,
    everything: AllOption = False,
    at_once: _NowOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move pictures from the quarantine into the bin. `undo` takes them out, `empty` deletes them for good."""
    from imgwatch.lifecycle import ReviewState

    with opened_decisions(load_settings(config)) as (quarantine, decisions, _):

        def remove(record: "Record") -> str:
            if at_once:
                decisions.delete(record)
                return "deleted"
            decisions.mark(record, ReviewState.BINNED)
            return "in the bin"

        records = chosen(quarantine, which, since, everything)
        decide_on_each(records, remove, as_json, "deleted" if at_once else "in the bin")


@app.command()
def keep(which: Named, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Keep pictures in quarantine for later. The gallery shows them separately."""
    from imgwatch.lifecycle import ReviewState

    with opened_decisions(load_settings(config)) as (quarantine, decisions, _):

        def postpone(record: "Record") -> str:
            decisions.mark(record, ReviewState.LATER)
            return "kept for later"

        decide_on_each(chosen(quarantine, list(which), None, False), postpone, as_json, "kept for later")


@app.command()
def undo(
    which: ChosenOption = None,
    is_agreed: YesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take pictures out of the bin or `later`. Without arguments, undo the last decision, even a restore."""
    from imgwatch.lifecycle import ReviewState

    with opened_decisions(load_settings(config)) as (quarantine, decisions, _):
        if which:

            def reopen(record: "Record") -> str:
                decisions.mark(record, ReviewState.OPEN)
                return "undecided again"

            decide_on_each(chosen(quarantine, which, None, False, DECIDED), reopen, as_json, "undone")
            return
        undo_last(quarantine, decisions, is_agreed, as_json)


@app.command()
def empty(is_agreed: YesOption = False, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Delete everything in the bin for good. This cannot be undone."""
    with opened_decisions(load_settings(config)) as (quarantine, decisions, _):
        number = sum(1 for _ in quarantine.binned())
        if number:
            confirm(f"Delete {counted(number, 'picture')} in the bin for good?", is_agreed)
        emptied = decisions.empty()
    for record in emptied.deleted:
        say_decided(record, "deleted", as_json, "deleted")
    if not as_json:
        console.say(f"{len(emptied.deleted)} deleted.")
    for fault in emptied.failed.values():
        console.note(str(fault))
    if emptied.failed:
        raise typer.Exit(next(iter(emptied.failed.values())).exit_code)


@app.command()
def purge(
    older_than_days: _OlderOption = None,
    is_agreed: YesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete for good what exceeds the quarantine's limits. This cannot be undone.

    The limits are quarantine.keep_days and quarantine.max_gigabytes.
    """
    settings = load_settings(config)
    keep_days = older_than_days if older_than_days is not None else settings.quarantine.keep_days
    if keep_days is None and settings.quarantine.max_gigabytes is None:
        raise UsageError(
            "no limit is set: give --older-than-days, or set quarantine.keep_days or quarantine.max_gigabytes"
        )
    if older_than_days == 0:
        confirm("Delete everything in quarantine for good, except what you kept for later?", is_agreed)
    limit = settings.quarantine.max_gigabytes
    with opened_decisions(settings) as (_, decisions, _):
        purged = decisions.purge(keep_days, None if limit is None else int(limit * 1e9))
    for record in purged:
        say_decided(record, "purged", as_json, "purged")
    if not as_json:
        console.say(f"{len(purged)} purged.")


@app.command()
def forget(is_agreed: YesOption = False, config: ConfigOption = None) -> None:
    """Forget what your decisions taught. What you decide from now on teaches again. Pictures stay where they are."""
    from imgwatch.feedback import learner

    settings = load_settings(config)
    with open_ledger(settings) as ledger:
        known = ledger.feedback.count()
        if known:
            confirm(f"Forget what {counted(known, 'decision')} taught?", is_agreed)
        number = learner.forget(open_quarantine(settings, ledger), ledger)
    console.say(f"{counted(number, 'decision')} forgotten.")
