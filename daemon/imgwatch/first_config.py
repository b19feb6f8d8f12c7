"""The config that `init` and `setup` write: the commented one that ships, with what the user chose. It asks nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from imgwatch.atomic_file import replacing
from imgwatch.config import parse_config
from imgwatch.config_text import with_key
from imgwatch.errors import CannotCreate, ConfigError, UsageError

_EXAMPLE = "  - path: ~/Pictures/Inbox\n"
_TEMPLATE = Path(__file__).parent / "config.yaml"


def usual_config() -> Path:
    """Return where a user's config lies: $IMGWATCH_CONFIG, or the one in the user's folder of configs."""
    if os.environ.get("IMGWATCH_CONFIG"):
        return Path(os.environ["IMGWATCH_CONFIG"])
    from platformdirs import user_config_path

    return user_config_path("imgwatch") / "config.yaml"


def usual_model() -> Path:
    """Return where a user's own model lies."""
    from platformdirs import user_data_path

    return user_data_path("imgwatch") / "model.onnx"


def config_for(folders: Sequence[Path]) -> str:
    """Return the commented default config with these folders to watch."""
    template = _TEMPLATE.read_text(encoding="utf-8")
    if not folders:
        return template
    before, example, after = template.partition(_EXAMPLE)
    options, _, rest = after.partition("\n\n")
    entries = "\n".join(f"  - path: {json.dumps(str(folder))}\n{options}" for folder in folders)
    assert example
    return f"{before}{entries}\n\n{rest}"


def with_keys(text: str, values: Mapping[str, str | float]) -> str:
    """Return a config's text with these keys set, and all else as it is. Raises ConfigError."""
    for key, value in values.items():
        text = with_key(text, key, value)
    return text


def require_usable(text: str) -> None:
    """Raise UsageError if another command would refuse this config: folders within each other, or in the quarantine."""
    try:
        parse_config(text, "the config")
    except ConfigError as fault:
        raise UsageError(
            "no config was written, as no command would accept it; name other folders", fault.details
        ) from fault


def write_new(file: Path, text: str) -> None:
    """Write a config that is not there yet, whole or not at all. Raises CannotCreate, also where one is there."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(file):
            raise FileExistsError
        with replacing(file) as stream:
            stream.write(text.encode())
    except FileExistsError as fault:
        raise CannotCreate(
            f"{file}: already exists and is not overwritten; edit it, or name another with --config"
        ) from fault
    except OSError as fault:
        raise CannotCreate(f"{file}: cannot be written: {fault.strerror}") from fault
