"""The config that most of the setup's pages need: it is there once a folder was set up."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException

from imgwatch.setting_up import config_file


def written_config(config: Path | None) -> Path:
    """Return the file of the config. Raises HTTPException if there is none yet."""
    file = config_file(config)
    if not file.exists():
        raise HTTPException(409, "there is no config yet: set a folder up first")
    return file
