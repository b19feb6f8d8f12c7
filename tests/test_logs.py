"""A line of the log stays one line, and not a long one."""

from __future__ import annotations

import logging

import pytest

from imgwatch import logs


def test_a_name_of_thousands_of_escapes_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        last_error = logs.set_up()
        logging.getLogger("imgwatch.test").error("%s is gone", "\x1b" * 4000)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    (line,) = capsys.readouterr().err.splitlines()
    assert len(line) < 8200
    assert line.endswith("more characters)")
    assert last_error.text is not None
    assert len(last_error.text) < 8200
