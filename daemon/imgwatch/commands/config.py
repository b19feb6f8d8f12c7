"""`imgwatch config`: which config is in use, changes of it, the last change that imgwatch made, and the way back."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from imgwatch import console
from imgwatch.commands.context import ConfigOption, JsonOption, YesOption, confirm
from imgwatch.errors import Unavailable, UsageError

app = typer.Typer(help="Show the config in use, change it, or undo the last change.")


@app.callback(invoke_without_command=True)
def show(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show which config is in use, and the last change that imgwatch made in it."""
    if context.invoked_subcommand is not None:
        return
    from imgwatch.config import find_config
    from imgwatch.config_edit import last_change

    file = find_config(config)
    change = last_change(file)
    if as_json:
        console.say_json({"file": str(file), "last_change": change})
        return
    console.say(str(file))
    if change is not None:
        for line in change.splitlines():
            console.say(line)
        console.say("`imgwatch config undo` undoes this change.")
    else:
        console.say("imgwatch has changed nothing in it.")


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

    from imgwatch.config_text import with_key

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
    from imgwatch.commands.context import existing
    from imgwatch.config_text import with_folder

    [path] = existing([folder.absolute()])
    _change(lambda text: with_folder(text, path), is_agreed, config, as_json)


@app.command()
def remove_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A watched folder; its pictures stay.")],
    is_agreed: YesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop watching a folder. The daemon reloads the config."""
    from imgwatch.config_text import without_folder

    _change(lambda text: without_folder(text, folder.expanduser().absolute()), is_agreed, config, as_json)


@app.command()
def undo(is_agreed: YesOption = False, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Undo the last change that imgwatch made in the config. A second undo makes it again. The daemon reloads it."""
    from imgwatch.config import find_config
    from imgwatch.config_edit import previous_text

    before = previous_text(find_config(config))
    _change(lambda _: before, is_agreed, config, as_json, "as it was before")


def _change(
    edit: Callable[[str], str],
    is_agreed: bool,
    config: Path | None,
    as_json: bool,
    outcome: str = "changed",
) -> None:
    """Show what an edit changes in the config, ask, write it, and let the daemon reload it."""
    from imgwatch.config import find_config, parse_config, read_config
    from imgwatch.config_edit import difference, replace_config
    from imgwatch.reload import ask_for_reload

    file = find_config(config)
    before = read_config(file)
    text = edit(before)
    settings = parse_config(text, str(file))
    change = difference(file, before, text)
    if change:
        console.note(change)
        confirm(f"Change {file}?", is_agreed)
        if read_config(file) != before:
            raise Unavailable(f"{file} was changed while you were asked: run the command again")
        replace_config(file, text)
    if as_json:
        console.say_json({"file": str(file), "change": change})
    elif change:
        console.say(f"{file} is {outcome}. {ask_for_reload(settings)}")
    else:
        console.say(f"{file} says that already.")
