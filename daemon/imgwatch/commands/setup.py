"""`imgwatch init`: write a first config."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from imgwatch import console
from imgwatch.commands.context import ConfigOption
from imgwatch.errors import CannotCreate, ConfigError, UsageError

_EXAMPLE = "  - path: ~/Pictures/Inbox\n"
_TEMPLATE = Path(__file__).parent.parent / "config.yaml"


def init(
    watch: Annotated[
        list[Path] | None,
        typer.Option("--watch", help="A folder to keep clean; may be given several times.", metavar="DIR"),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write a commented config.yaml for these folders; never overwrites."""
    target = config or _usual_path()
    text = config_for([folder.expanduser().absolute() for folder in watch or []])
    _require_usable(text)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as fault:
        raise CannotCreate(
            f"{target}: is there already and is not overwritten; edit it, or name another with --config"
        ) from fault
    except OSError as fault:
        raise CannotCreate(f"{target}: cannot be written: {fault.strerror}") from fault
    console.say(
        f"{target} written. Next: `imgwatch calibrate` (or `train`) on a folder of normal pictures, "
        "then `imgwatch watch`."
    )
    for folder in watch or []:
        if not folder.expanduser().is_dir():
            console.say(f"Note: {folder} is not there yet; `imgwatch watch` wants it.")


def _require_usable(text: str) -> None:
    """Raise UsageError if another command would refuse this config: folders within each other, or in the quarantine."""
    from imgwatch.config import parse_config

    try:
        parse_config(text, "the config")
    except ConfigError as fault:
        raise UsageError(
            "no config is written, as no command would take it; name other folders", fault.details
        ) from fault


def config_for(folders: list[Path]) -> str:
    """Return the commented default config with these folders to watch."""
    template = _TEMPLATE.read_text(encoding="utf-8")
    if not folders:
        return template
    before, example, after = template.partition(_EXAMPLE)
    options, _, rest = after.partition("\n\n")
    entries = "\n".join(f"  - path: {json.dumps(str(folder))}\n{options}" for folder in folders)
    assert example
    return f"{before}{entries}\n\n{rest}"


def _usual_path() -> Path:
    if os.environ.get("IMGWATCH_CONFIG"):
        return Path(os.environ["IMGWATCH_CONFIG"])
    from platformdirs import user_config_path

    return user_config_path("imgwatch") / "config.yaml"
