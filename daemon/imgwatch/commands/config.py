"""`imgwatch config`: which config is in use, the last change that imgwatch made in it, and the way back."""

import typer

from imgwatch import console
from imgwatch.commands.context import ConfigOption, JsonOption, YesOption, confirm

app = typer.Typer(help="Show which config is in use and what imgwatch changed in it last; undo that change.")


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
        console.say(change)
        console.say("`imgwatch config undo` undoes this change.")


@app.command()
def undo(is_agreed: YesOption = False, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Undo the last change that imgwatch made in the config; a second undo makes it again. The daemon reloads it."""
    from imgwatch.config import find_config, parse_config
    from imgwatch.config_edit import difference, previous_text, replace_config
    from imgwatch.reload import ask_for_reload

    file = find_config(config)
    text = previous_text(file)
    change = difference(file, file.read_text(encoding="utf-8"), text)
    console.note(change)
    confirm(f"Change {file}?", is_agreed)
    replace_config(file, text)
    outcome = ask_for_reload(parse_config(text, str(file)))
    if as_json:
        console.say_json({"file": str(file), "change": change})
    else:
        console.say(f"{file} is as it was before. {outcome}")
