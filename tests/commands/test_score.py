"""`imgwatch score`: what is piped in, what is not there, and URLs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from conftest import WriteConfig, bright, dark, picture_bytes
from daemon import COMMAND, objects, popen, run


def piped(content: bytes, *arguments: str | Path, config: Path) -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, "score", *map(str, arguments), "--config", str(config)]
    pipe = subprocess.PIPE
    with popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        out, err = process.communicate(content, timeout=300)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def test_a_dash_is_what_is_piped_in(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config()
    done = piped(picture_bytes(230), "-", dark(tmp_path / "d.png"), "--json", config=config)
    assert done.returncode == 0, done.stderr
    rows = objects(done.stdout.decode())
    assert [(row["path"], row["verdict"]) for row in rows] == [
        ("-", "quarantine"),
        (str(tmp_path / "d.png"), "keep"),
    ]
    assert b"the file is empty" in piped(b"", "-", config=config).stdout
    assert b"damaged" in piped(picture_bytes(230)[:50], "-", config=config).stdout


def test_what_is_piped_in_obeys_the_limit_on_a_file(write_config: WriteConfig) -> None:
    config = write_config(limits="{file_megabytes: 0.001}")
    assert b"larger than 0.001 MB (limits.file_megabytes)" in piped(bytes(5000), "-", config=config).stdout


def test_what_is_not_there_is_named_and_the_others_are_judged(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config = write_config()
    missing, url = tmp_path / "missing.png", "https://example.org/a.png"
    done = run("score", missing, bright(tmp_path / "b.png"), url, config=config, code=66)
    assert "quarantine" in done.stdout
    assert f"{missing}: no such file or folder" in done.stderr
    assert f"{url}: URLs are not fetched" in done.stderr
