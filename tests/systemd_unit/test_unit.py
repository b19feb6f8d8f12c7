"""The units of systemd/ and their drop-ins: verified and scored by systemd's own tools."""

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
from imgwatch.systemd import drop_in
from imgwatch.systemd.drop_in import DropIn, quoted
from imgwatch.systemd.installed import drop_in_file, text_of
from machine import pages_override

SYSTEMD = Path(__file__).parent.parent.parent / "systemd"
UNITS = (
    "imgwatch-review-user.service",
    "imgwatch-review.service",
    "imgwatch-review.socket",
    "imgwatch-user.service",
    "imgwatch.service",
    "imgwatch@.service",
)
SYSTEM_UNITS = ("imgwatch.service", "imgwatch@.service")


def test_these_are_all() -> None:
    assert tuple(sorted(path.name for path in SYSTEMD.iterdir())) == UNITS


def test_an_instance_differs_from_the_only_one_in_its_name_alone() -> None:
    one, many = ((SYSTEMD / name).read_text() for name in SYSTEM_UNITS)
    for alone, instance in (
        ("imgwatch: move", "imgwatch for %i: move"), ("imgwatch/config.yaml", "imgwatch/%i.yaml"),
        ("/var/lib/imgwatch", "/var/lib/imgwatch/%i"), ("StateDirectory=imgwatch", "StateDirectory=imgwatch/%i"),
        ("/srv/imgwatch", "/srv/imgwatch/%i"),
    ):  # fmt: skip
        assert one.count(alone) == 1
        one = one.replace(alone, instance)
    assert one == many


@pytest.mark.parametrize("name", UNITS)
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
@pytest.mark.parametrize("name", UNITS)
def test_systemd_verifies_it_silently(name: str, tmp_path: Path) -> None:
    scope = ["--user"] if "user" in name else []
    if name.endswith(".socket"):
        installed(tmp_path, name.replace(".socket", ".service"))
    command = ["systemd-analyze", *scope, "verify", str(installed(tmp_path, name))]
    env = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    complaints = [line for line in done.stderr.splitlines() if "imgwatch" in line]
    assert (done.returncode, done.stdout, complaints) == (0, "", [])


def exposure(file: Path) -> float:
    command = ["systemd-analyze", "security", "--offline=true", str(file)]
    assert shutil.which(command[0]), "systemd-analyze is not there: install systemd"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    level = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    return float(level[1])


@pytest.mark.systemd
@pytest.mark.parametrize("name", [*SYSTEM_UNITS, "imgwatch-review.service"])
def test_its_exposure_is_at_most_1(name: str, tmp_path: Path) -> None:
    assert exposure(installed(tmp_path, name)) <= 1.0


def with_drop_in(folder: Path, name: str, port: int | None = None, **more: object) -> Path:
    """Put the shipped unit of the system into a folder, with a drop-in beside it."""
    file = folder / name
    file.write_text((SYSTEMD / "imgwatch.service").read_text())
    options = DropIn("/c.yaml", quoted(sys.executable), "imgwatch", metrics_port=port, **more)  # type: ignore[arg-type]
    drop_in_file(file).parent.mkdir()
    drop_in_file(file).write_text(drop_in.system_drop_in(options))
    return file


def with_the_pages_override(folder: Path, page: str) -> Path:
    """Put the shipped unit of a user into a folder, with the options beside it that the page advises."""
    file = folder / "closed.service"
    shutil.copy(SYSTEMD / "imgwatch-user.service", file)
    drop_in_file(file).parent.mkdir()
    drop_in_file(file).write_text(pages_override(page))
    return file


@pytest.mark.systemd
def test_each_unit_has_the_exposure_that_the_page_says_and_at_most_half_a_point_where_it_can(
    tmp_path: Path,
) -> None:
    page = (SYSTEMD.parent / "docs" / "service.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| ([\d.]+) \| ?(.*?) ?\|$", page, re.MULTILINE)
    files = {
        "of the system": installed(tmp_path, "imgwatch.service"),
        "with `hooks`": with_drop_in(tmp_path, "hooks.service"),  # they need no option of their own
        "with metrics in a file": with_drop_in(tmp_path, "file.service", writable=("/srv", "/var/lib/node")),
        "for folders in a home": with_drop_in(tmp_path, "home.service", is_home_needed=True),
        "with metrics on a port": with_drop_in(tmp_path, "port.service", 9321),
        "that sends messages (`notify`)": with_drop_in(tmp_path, "notify.service", sends_messages=True),
        "of a user (`--user`)": installed(tmp_path, "imgwatch-user.service"),
        "of a user, with `PrivateUsers=`": with_the_pages_override(tmp_path, page),
    }
    assert {name: float(figure) for name, figure, _ in rows} == {
        name: exposure(file) for name, file in files.items()
    }
    assert all(why for _, figure, why in rows if float(figure) > 0.5)


@pytest.mark.systemd
def test_metrics_cost_no_exposure_in_a_file_and_as_much_as_the_page_says_on_a_port(tmp_path: Path) -> None:
    by_file = with_drop_in(tmp_path, "file.service", writable=("/srv/imgwatch", "/var/lib/node"))
    by_port = with_drop_in(tmp_path, "port.service", 9321)
    page = (SYSTEMD.parent / "docs" / "metrics.md").read_text()
    figures = dict(re.findall(r"^\| (textfile|port) \|.*\| ([\d.]+) \|$", page, re.MULTILINE))
    assert exposure(by_file) == float(figures["textfile"]) <= 1.0
    assert exposure(by_port) == float(figures["port"])
    for name in (by_file, by_port):
        done = subprocess.run(
            ["systemd-analyze", "verify", name], capture_output=True, text=True, check=False
        )
        assert not [line for line in done.stderr.splitlines() if name.name in line], done.stderr


def test_only_a_port_that_is_asked_for_opens_the_network_and_only_that_one_of_this_machine(
    tmp_path: Path,
) -> None:
    closed = text_of(with_drop_in(tmp_path, "closed.service"))
    opened = text_of(with_drop_in(tmp_path, "opened.service", 9321))
    assert "IPAddressDeny=any\n" in closed
    for line in (
        "RestrictAddressFamilies=AF_INET",
        "PrivateNetwork=no",
        "IPAddressAllow=localhost",
        "SocketBindDeny=any",
        "SocketBindAllow=ipv4:tcp:9321",
    ):
        assert f"{line}\n" in opened
        assert f"{line}\n" not in closed
    by_user = DropIn("/c", "/p", "root", metrics_port=9321)
    assert "RestrictAddressFamilies=AF_INET\n" in drop_in.user_drop_in(by_user)
    assert "SocketBind" not in drop_in.user_drop_in(by_user)


def test_the_gallery_is_shut_in_as_the_daemon_is() -> None:
    """Its sandbox is that of the daemon's unit, word by word."""

    def options(name: str) -> set[str]:
        lines = (SYSTEMD / name).read_text().partition("[Service]")[2].partition("[Install]")[0].splitlines()
        return {line for line in lines if line and not line.startswith("#")}

    for daemons, gallerys in (
        ("imgwatch.service", "imgwatch-review.service"),
        ("imgwatch-user.service", "imgwatch-review-user.service"),
    ):
        more = {line.partition("=")[0] for line in options(gallerys) - options(daemons)}
        less = {line.partition("=")[0] for line in options(daemons) - options(gallerys)}
        assert more == {"ExecStart", "MemoryMax", "TimeoutStartSec"}
        assert less - more == {
            "ExecReload", "WatchdogSec", "Nice", "CPUWeight", "IOWeight", "IOSchedulingClass"
        }  # fmt: skip


@pytest.mark.systemd
def test_the_gallery_is_as_little_exposed_as_the_daemon(tmp_path: Path) -> None:
    page = (SYSTEMD.parent / "docs" / "service.md").read_text()
    (said,) = re.findall(r"rates `imgwatch-review\.service` ([\d.]+)", page)
    assert exposure(installed(tmp_path, "imgwatch-review.service")) == float(said) <= 0.5


def test_paths_cannot_become_options_or_specifiers() -> None:
    assert quoted("/a b/%i") == '"/a b/%%i"'
    assert quoted('/a"b') == '"/a\\"b"'
    with pytest.raises(ConfigError, match="do not print"):
        quoted("/a\nExecStartPre=/bin/evil")


def test_the_watchdog_waits_for_the_slowest_picture_twice() -> None:
    assert drop_in.watchdog_seconds(300) >= 600


def test_doctor_reads_back_what_a_unit_and_its_drop_ins_open(tmp_path: Path) -> None:
    file = with_drop_in(tmp_path, "x.service", writable=(quoted("/a b/100%"), "/c"), state_directory="photos")
    assert writable_in(text_of(file)) == [Path("/a b/100%"), Path("/c"), Path("/var/lib/photos")]
    (drop_in_file(file).parent / "override.conf").write_text("[Service]\nReadWritePaths=/yours\n")
    assert Path("/yours") in writable_in(text_of(file))


def test_back_off_only_where_systemd_knows_it() -> None:
    assert "RestartSteps" not in drop_in.system_drop_in(DropIn("/c", "/p", "root"))
    assert "RestartSteps=" in drop_in.system_drop_in(DropIn("/c", "/p", "root", has_restart_steps=True))
