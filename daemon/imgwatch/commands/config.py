"""`imgwatch config`: which config is in use, changes of it, its history, and the way back."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.options import ConfigOption, JsonOption, YesOption, confirm, require_existing
from imgwatch.errors import UsageError

if TYPE_CHECKING:
    from imgwatch.config.history import Change

app = typer.Typer(help="Show the config in use, change it, or undo its last changes.")


@app.callback(invoke_without_command=True)
def show(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show which config is in use, and its last change."""
    if context.invoked_subcommand is not None:
        return
    from imgwatch.config import find_config
    from imgwatch.config.editing import last_change

    file = find_config(config)
    change = last_change(file)
    if as_json:
        console.say_json({"file": str(file), "last_change": change})
        return
    console.say(str(file))
    if change is not None:
        for line in change.splitlines():
            console.say(line)
        console.say("`imgwatch config undo` undoes this change, and `imgwatch config history` lists all.")
    else:
        console.say("imgwatch has changed nothing in it.")


@app.command()
def history(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the last changes of the config. Newest first, at most 20: those by imgwatch, and yours between them."""
    from imgwatch.config import find_config
    from imgwatch.config.editing import difference
    from imgwatch.config.history import History

    file = find_config(config)
    changes = History.of(file).changes[::-1]
    if as_json:
        for change in changes:
            console.say_json(change.facts() | {"change": difference(file, change.before, change.after)})
    elif changes:
        console.table(("changed", "by", "state", "what"), map(_row, changes))
        console.say(
            "`imgwatch config undo` takes them back one by one, `imgwatch config redo` makes them again."
        )
    else:
        console.say(f"imgwatch has changed nothing in {file}.")


@app.command(name="set")
def set_key(
    key: Annotated[str, typer.Argument(help="Such as kinds.screenshot, mode or threshold.false_alarms.")],
    value: Annotated[str, typer.Argument(help="As YAML: keep, 0.02, '{action: move, to: ~/Screens}'.")],
    is_agreed: YesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set one key of the config. Its comments stay, and the daemon reloads it."""
    import yaml

    from imgwatch.config.yaml_text import with_key

    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as fault:
        raise UsageError(f"{value}: not YAML: put the value in quotes") from fault
    _change(lambda text: with_key(text, key, parsed), is_agreed, config, as_json)


@app.command()
def add_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What lies there already is left alone.")],
    is_agreed: YesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch one more folder. The daemon reloads the config."""
    from imgwatch.config.yaml_text import with_folder

    [path] = require_existing([folder.absolute()])
    _change(lambda text: with_folder(text, path), is_agreed, config, as_json)


@app.command()
def remove_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A watched folder; its pictures stay.")],
    is_agreed: YesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop watching a folder. The daemon reloads the config."""
    from imgwatch.config.yaml_text import without_folder

    _change(lambda text: without_folder(text, folder.expanduser().absolute()), is_agreed, config, as_json)


@app.command()
def undo(is_agreed: YesOption = False, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Take back the last change of the config. Again, the one before it. The daemon reloads the config."""
    from imgwatch.config import editing, find_config
    from imgwatch.config.history import History

    file = find_config(config)
    change = editing.require_change(file, History.of(file).last, "undo")
    if change.version.is_by_hand:
        console.note("This change was made by hand, not by imgwatch:")
    _change(lambda _: change.before, is_agreed, config, as_json, editing.undo)


@app.command()
def redo(is_agreed: YesOption = False, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Make the change again that `undo` took back last. The daemon reloads the config."""
    from imgwatch.config import editing, find_config
    from imgwatch.config.history import History

    file = find_config(config)
    change = editing.require_change(file, History.of(file).last_undone, "redo")
    _change(lambda _: change.after, is_agreed, config, as_json, editing.redo)


def _row(change: "Change") -> tuple[str, ...]:
    by, state = "you" if change.version.is_by_hand else "imgwatch", "undone" if change.is_undone else "in use"
    return f"{change.version.time.astimezone():%Y-%m-%d %H:%M}", by, state, change.version.summary


def _change(
    edit: Callable[[str], str],
    is_agreed: bool,
    config: Path | None,
    as_json: bool,
    write: Callable[[Path, str], None] | None = None,
) -> None:
    """Show what an edit changes in the config, ask, write it, and let the daemon reload it.

    `write`: a step in the history, which needs the text that the user saw.
    """
    from imgwatch.config import find_config, parse_config, read_config
    from imgwatch.config.editing import difference, replace_config
    from imgwatch.reload import ask_for_reload

    file = find_config(config)
    before = read_config(file)
    text = edit(before)
    settings = parse_config(text, str(file))
    change = difference(file, before, text)
    if change:
        console.note(change)
        confirm(f"Change {file}?", is_agreed)
        if write is not None:
            write(file, before)
        else:
            replace_config(file, text, before)
    outcome = f"{file} is changed. {ask_for_reload(settings)}" if change else f"{file} says that already."
    if as_json:
        console.say_json({"file": str(file), "change": change})
    else:
        console.say(outcome)
