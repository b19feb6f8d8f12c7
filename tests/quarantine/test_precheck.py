"""What is taken: the file that was judged, a regular one."""

from __future__ import annotations

import os
import socket

import pytest

from imgwatch.errors import BeingWritten, Changed
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Verdict, in_words

from .scene import Scene, judged


def test_what_is_no_longer_the_judged_file_stays(scene: Scene) -> None:
    path = scene.add()
    identity, judgement = Identity.of(path.stat()), judged(path)
    path.write_bytes(b"another picture")
    with pytest.raises(Changed):
        scene.quarantine.quarantine(path, identity, judgement)
    path.unlink()
    with pytest.raises(Changed):
        scene.quarantine.quarantine(path, identity, judgement)
    path.symlink_to(scene.add("other.jpg"))
    with pytest.raises(Changed):
        scene.quarantine.quarantine(path, identity, judgement)
    assert not list(scene.quarantine.list())


def test_only_regular_files_are_taken(scene: Scene) -> None:
    fifo, folder, sock = (scene.inbox / name for name in ("fifo.jpg", "folder.jpg", "socket.jpg"))
    os.mkfifo(fifo)
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(sock))
        for path in (fifo, folder, sock):
            with pytest.raises(Changed):
                scene.quarantine.quarantine(
                    path,
                    Identity.of(path.stat()),
                    Judgement(Verdict.QUARANTINE, in_words(""), "", 1, 0, "0" * 64),
                )


def test_a_picture_that_somebody_has_open_for_writing_stays_until_it_is_closed(scene: Scene) -> None:
    path = scene.add()
    with path.open("ab"), pytest.raises(BeingWritten, match="open for writing"):
        scene.take(path)
    with path.open("rb"):  # a reader is no reason
        assert scene.take(path).file == path.name
