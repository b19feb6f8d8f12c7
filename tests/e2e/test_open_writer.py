"""A picture that a program still writes, through the real daemon: it stays, whatever it looks like by now."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import WriteConfig, picture_bytes
from daemon import Daemon, tree, wait_until

pytestmark = pytest.mark.e2e


def test_an_upload_that_pauses_stays_until_it_is_closed(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox, slow, sent = tmp_path / "inbox", "slow.jpg", picture_bytes(230, file_format="JPEG")
    with Daemon(write_config()) as daemon:
        with (inbox / slow).open("wb") as upload:
            upload.write(sent)  # whole already, but the film of a motion photo may follow
            upload.flush()
            (inbox / "other.jpg").write_bytes(picture_bytes(231, file_format="JPEG"))
            wait_until(lambda: "other.jpg" not in tree(inbox))
            wait_until(lambda: daemon.status()["judged"] >= 2)
            assert set(tree(inbox)) == {slow}
            upload.write(b"film" * 1000)
        wait_until(lambda: tree(inbox) == {})
        assert (tmp_path / "quarantine/pictures" / slow).read_bytes() == sent + b"film" * 1000
