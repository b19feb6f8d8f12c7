"""The unit files: the shipped ones are the rendered ones, verified and scored by systemd's own tools."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from imgwatch.doctor.daemon import writable_in
from imgwatch.errors import ConfigError
from imgwatch.systemd import unit

SYSTEMD = Path(__file__).parent.parent.parent / "systemd"
SYSTEM_UNITS = ("imgwatch.service", "imgwatch@.service")


@pytest.mark.parametrize("name", sorted(unit.shipped()))
def test_the_shipped_file_is_what_the_program_renders(name: str) -> None:
    """To write them anew: imgwatch.systemd.unit.write_shipped(Path("systemd"))."""
    assert (SYSTEMD / name).read_text() == unit.shipped()[name]


def test_nothing_else_is_shipped() -> None:
    assert {path.name for path in SYSTEMD.glob("*.service")} == set(unit.shipped())


@pytest.mark.parametrize("name", sorted(unit.shipped()))
def test_every_option_has_its_why(name: str) -> None:
    """Each option, or the block of options it stands in, comes after a comment."""
    why = False
    for line in (SYSTEMD / name).read_text().splitlines():
        if line.startswith("#"):
            why = True
        elif not line or line.startswith("["):
            why = line.startswith(("[Unit]", "[Install]"))
        else:
            assert why or line.startswith(("Description", "Documentation")), line


def installed(folder: Path, name: str) -> Path:
    """Put a shipped unit where systemd-analyze can read it, with a program that is there."""
    file = folder / name.replace("@.", "@x.")
    file.write_text((SYSTEMD / name).read_text().replace("/opt/imgwatch/bin/python", sys.executable))
    return file


@pytest.mark.systemd
@pytest.mark.parametrize("name", sorted(unit.shipped()))
def test_systemd_verifies_it_silently(name: str, tmp_path: Path) -> None:
    scope = ["--user"] if "user" in name else []
    told = ["systemd-analyze", *scope, "verify", str(installed(tmp_path, name))]
    env = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(told, capture_output=True, text=True, check=False, env=env)
    found = [line for line in done.stderr.splitlines() if "imgwatch" in line]
    assert (done.returncode, done.stdout, found) == (0, "", [])


def exposure(file: Path) -> float:
    told = ["systemd-analyze", "security", "--offline=true", str(file)]
    assert shutil.which(told[0]), "systemd-analyze is not there: install systemd"
    done = subprocess.run(told, capture_output=True, text=True, check=False)
    found = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


@pytest.mark.systemd
@pytest.mark.parametrize("name", SYSTEM_UNITS)
def test_its_exposure_is_at_most_1(name: str, tmp_path: Path) -> None:
    assert exposure(installed(tmp_path, name)) <= 1.0


def telling(port: int | None = None, writable: tuple[str, ...] = ("/srv/imgwatch",)) -> unit.Unit:
    python = unit.quoted(sys.executable)
    return unit.Unit("/c.yaml", python, writable=writable, state_directory="imgwatch", metrics_port=port)


@pytest.mark.systemd
def test_metrics_cost_no_exposure_in_a_file_and_as_much_as_the_page_says_on_a_port(tmp_path: Path) -> None:
    by_file, by_port = tmp_path / "file.service", tmp_path / "port.service"
    by_file.write_text(unit.system_unit(telling(writable=("/srv/imgwatch", "/var/lib/node"))))
    by_port.write_text(unit.system_unit(telling(9321)))
    page = (SYSTEMD.parent / "docs" / "metrics.md").read_text()
    told = dict(re.findall(r"^\| (textfile|port) \|.*\| ([\d.]+) \|$", page, re.MULTILINE))
    assert exposure(by_file) == float(told["textfile"]) <= 1.0
    assert exposure(by_port) == float(told["port"])
    for name in (by_file, by_port):
        done = subprocess.run(
            ["systemd-analyze", "verify", name], capture_output=True, text=True, check=False
        )
        assert not [line for line in done.stderr.splitlines() if name.name in line], done.stderr


def test_only_a_port_that_is_asked_for_opens_the_network_and_only_that_one_of_this_machine() -> None:
    closed, opened = unit.system_unit(telling()), unit.system_unit(telling(9321))
    assert "PrivateNetwork=yes\n" in closed
    assert "RestrictAddressFamilies=AF_UNIX\n" in closed
    assert "PrivateNetwork=yes" not in opened
    for line in (
        "RestrictAddressFamilies=AF_UNIX AF_INET",
        "IPAddressDeny=any",
        "IPAddressAllow=localhost",
        "SocketBindDeny=any",
        "SocketBindAllow=ipv4:tcp:9321",
    ):
        assert f"{line}\n" in opened
        assert line == "IPAddressDeny=any" or f"{line}\n" not in closed
    assert "RestrictAddressFamilies=AF_UNIX AF_INET\n" in unit.user_unit(telling(9321))
    assert "AF_INET" not in unit.user_unit(telling())


def test_paths_cannot_become_options_or_specifiers() -> None:
    assert unit.quoted("/a b/%i") == '"/a b/%%i"'
    assert unit.quoted('/a"b') == '"/a\\"b"'
    with pytest.raises(ConfigError, match="do not print"):
        unit.quoted("/a\nExecStartPre=/bin/evil")


def test_the_watchdog_waits_for_the_slowest_picture_twice() -> None:
    assert unit.watchdog_seconds(300) >= 600


def test_doctor_reads_back_what_a_unit_opens() -> None:
    text = unit.system_unit(
        unit.Unit("/c", "/p", writable=(unit.quoted("/a b/100%"), "/c"), state_directory="imgwatch")
    )
    assert writable_in(text) == [Path("/a b/100%"), Path("/c"), Path("/var/lib/imgwatch")]


def test_back_off_only_where_systemd_knows_it() -> None:
    assert "RestartSteps" not in unit.system_unit(unit.Unit("/c", "/p"))
    assert "RestartSteps=" in unit.system_unit(unit.Unit("/c", "/p", has_restart_steps=True))
