"""`imgwatch init`: write a first config."""

from pathlib import Path
from typing import Annotated

import typer

from imgwatch import console
from imgwatch.commands.options import ConfigOption


def init(
    watch: Annotated[
        list[Path] | None,
        typer.Option("--watch", help="A folder to keep clean; may be given several times.", metavar="DIR"),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write a commented config.yaml for these folders. Never overwrites an existing file."""
    from imgwatch.config import first_config

    file = config or first_config.usual_config()
    text = first_config.config_for([folder.expanduser().absolute() for folder in watch or []])
    text = first_config.with_keys(text, first_config.machine_keys())
    first_config.require_usable(text)
    first_config.write_new(file, text)
    console.say(
        f"{file} written. Next: `imgwatch calibrate` (or `train`) on a folder of normal pictures, "
        "then `imgwatch watch`."
    )
    for folder in watch or []:
        if not folder.expanduser().is_dir():
            console.say(f"Note: {folder} is not there yet; `imgwatch watch` needs it.")
