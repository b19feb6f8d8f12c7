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


def test_a_damaged_file_fills_no_log(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        logs.set_up()
        for number in range(1000):
            logging.getLogger("imgwatch.quarantine.history").warning("line %d is not usable", number)
            logging.getLogger("imgwatch.pipeline").warning("%d.jpg stays", number)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    lines = capsys.readouterr().err.splitlines()
    assert sum("is not usable" in line for line in lines) == 10
    assert sum("left out" in line for line in lines) == 1
    assert sum("stays" in line for line in lines) == 1000


def test_the_last_error_goes_when_its_own_cause_is_over() -> None:
    last_error, log = logs.LastError(), logging.getLogger("imgwatch.test.mended")
    log.setLevel(logging.INFO)
    log.addHandler(last_error)
    try:
        log.error("no room", extra={"cause": "move"})
        log.warning("the hook works again", extra={"cause": "hook"})
        log.info("a picture was moved")
        assert last_error.text == "no room"
        log.warning("there is room", extra={"cause": "move"})
        assert last_error.text is None
        log.error("b.png: left alone")
        log.warning("there is room", extra={"cause": "move"})
        assert last_error.text == "b.png: left alone"
    finally:
        log.removeHandler(last_error)
