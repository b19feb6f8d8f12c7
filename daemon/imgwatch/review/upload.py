"""Judge uploaded pictures, one after the other. None of them is kept or remembered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from imgwatch.errors import ModelError, Unavailable
from imgwatch.files import Identity
from imgwatch.judged_row import JudgedRow
from imgwatch.judging import Judge

MOST_IN_HAND = 8  # uploads on the disk at once
_NAME = "-"  # as `imgwatch score -` calls what is piped in


class UploadJudge:
    """Judges uploads; opens the model at the first one, and again after its file was replaced."""

    def __init__(self, open_judge: Callable[[], Judge]) -> None:
        self._open_judge = open_judge
        self._judge: Judge | None = None
        self._version: Identity | None = None
        self._thread = ThreadPoolExecutor(1, "judge")  # a judge is asked from one thread
        self._in_hand = 0

    async def judge(self, chunks: AsyncIterator[bytes]) -> JudgedRow | None:
        """Return the judgement of the picture in these chunks; None for an empty upload.

        Raises Unavailable while too many are in hand, and ModelError.
        """
        if self._in_hand >= MOST_IN_HAND:
            raise Unavailable(f"{MOST_IN_HAND} pictures are being judged already; try again in a second")
        self._in_hand += 1
        try:
            with TemporaryDirectory(prefix="imgwatch-") as folder:
                path = Path(folder, "picture")
                if not await _write(path, chunks):
                    return None
                return await asyncio.get_running_loop().run_in_executor(self._thread, self._judged, path)
        except OSError as fault:
            raise Unavailable(
                f"the picture cannot be stored for judging: {fault.strerror}; check the folder for temporary files"
            ) from fault
        finally:
            self._in_hand -= 1

    def close(self) -> None:
        """Stop, and abandon the present judgement."""
        if self._judge is not None:
            self._judge.decoder.interrupt()
        self._thread.shutdown(cancel_futures=True)
        if self._judge is not None:
            self._judge.close()

    def _judged(self, path: Path) -> JudgedRow:
        for judged in self._current().judge([path]):
            return JudgedRow.of(judged.judgement, _NAME)
        raise Unavailable("the picture vanished while it was judged; send it again")

    def _current(self) -> Judge:
        """Return the judge; if a new model file is not usable, the former one."""
        if self._judge is None or _version_of(self._judge) != self._version:
            try:
                judge = self._open_judge()
            except ModelError:
                if self._judge is None:
                    raise
                return self._judge
            if self._judge is not None:
                self._judge.close()
            self._judge, self._version = judge, _version_of(judge)
        return self._judge


async def _write(path: Path, chunks: AsyncIterator[bytes]) -> int:
    """Write the chunks; return the number of bytes."""
    size = 0
    with path.open("wb") as stream:
        async for chunk in chunks:
            size += stream.write(chunk)
    return size


def _version_of(judge: Judge) -> Identity | None:
    try:
        return Identity.of(judge.scorer.path.stat())
    except OSError:
        return None
