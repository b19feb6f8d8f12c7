"""Whatever imgwatch was the first to put into a state folder, the folder is known as its own, also after systemd
widened its mode.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from imgwatch.commands.context import LEDGER
from imgwatch.model import tried_models
from imgwatch.private_folder import opened_private
from imgwatch.quarantine import signing_key
from imgwatch.review import password, tokens
from imgwatch.status import STATE_MARKS


@pytest.mark.parametrize(
    "name", [LEDGER, tried_models.NAME, signing_key.NAME, password.NAME, tokens.FOLDER, "embeddings.sqlite"]
)
def test_a_folder_with_only_this_is_ours(tmp_path: Path, name: str) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / name).touch()
    state.chmod(0o755)
    with opened_private(state, STATE_MARKS):
        assert state.stat().st_mode & 0o777 == 0o700
