"""The config that `init` and `setup` write: the commented one that ships, with what the user chose. It asks nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from imgwatch.atomic_file import replacing
from imgwatch.config import SYSTEM_CONFIG, parse_config
from imgwatch.config.yaml_text import with_key
from imgwatch.errors import CannotCreate, ConfigError, UsageError
from imgwatch.settings.section import usual

_EXAMPLE = "  - path: ~/Pictures/Inbox\n"
_SYSTEM_STATE = Path("/var/lib/imgwatch")  # what systemd makes as StateDirectory=imgwatch
_TEMPLATE = Path(__file__).parent.parent / "config.yaml"


def usual_config() -> Path:
    """Return where a first config goes: $IMGWATCH_CONFIG, or the user's folder of configs; root's is the machine's."""
    if os.environ.get("IMGWATCH_CONFIG"):
        return Path(os.environ["IMGWATCH_CONFIG"])
    from platformdirs import user_config_path

    own = user_config_path("imgwatch") / "config.yaml"
    return SYSTEM_CONFIG if _is_in_roots_home(own) and not own.exists() else own


def usual_model() -> Path:
    """Return where a user's own model lies; root's lies beside the machine's config."""
    from platformdirs import user_data_path

    own = user_data_path("imgwatch") / "model.onnx"
    return SYSTEM_CONFIG.parent / own.name if _is_in_roots_home(own) else own


def usual_quarantine() -> Path:
    """Return where the quarantine of a new config lies, if that is on the disk of the watched folder."""
    from platformdirs import user_data_path

    own = usual(user_data_path) / "quarantine"
    return _SYSTEM_STATE / own.name if _is_in_roots_home(own) else own


def machine_keys() -> dict[str, str]:
    """Return the keys without which root's new config would lead into root's home; none for other users.

    The service runs as the owner of the watched folders, who cannot enter it.
    """
    from platformdirs import user_state_path

    if not _is_in_roots_home(usual(user_state_path)):
        return {}
    return {"state": str(_SYSTEM_STATE), "quarantine.path": str(usual_quarantine())}


def _is_in_roots_home(path: Path) -> bool:
    """Return whether root runs this, and a path lies in its home: neither HOME nor XDG_... leads elsewhere."""
    return os.geteuid() == 0 and path.is_relative_to(os.path.expanduser("~root"))  # noqa: PTH111 - Path raises where there is no root


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
