"""Check what lies in dist/, each thing in an environment made for it. `make check-release` runs it, as root on Debian.

    python release/check.py [digests reproducible pipx uv sdist pythons debian arm64 service image upgrade]

What a step needs and this machine does not have is a fault that names it; nothing is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import build
from build import ARCHITECTURES, BIN, DEBIAN, DIST, ROOT, version

MOST_MEGABYTES = 300  # of the base install
PYTHONS = ("3.11", "3.12", "3.13")
NEWEST = "3.14"  # TensorFlow is not there for it yet
HEAVY = ("tensorflow", "torch", "keras")
OLD_COMMIT = "2f89e2f"  # version 0.1.0
SMOKE = ROOT / "release" / "smoke.py"


def main() -> None:
    """Run the named steps, or all; end with the faults."""
    os.environ.setdefault("SOURCE_DATE_EPOCH", build.output("git", "log", "-1", "--format=%ct").strip())
    faults = []
    for name in sys.argv[1:] or STEPS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="imgwatch-check-") as folder:
            try:
                STEPS[name](Path(folder))
            except (AssertionError, subprocess.CalledProcessError, FileNotFoundError) as fault:
                faults.append(f"{name}: {fault}")
                print(f"FAULT  {name}: {fault}", flush=True)
            else:
                print(f"ok     {name} ({time.monotonic() - began:.0f} s)", flush=True)
    if faults:
        sys.exit("\n".join(faults))


def digests(_: Path) -> None:
    """All files are there, and are what SHA256SUMS says."""
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=DIST, check=True)
    names = {path.name for path in DIST.iterdir()}
    wanted = [f"imgwatch-{version()}{end}" for end in ("-py3-none-any.whl", ".tar.gz", ".cdx.json")]
    assert names >= {*wanted, "RELEASE_NOTES.md"}, names


def reproducible(folder: Path) -> None:
    """A clone of the commit gives the same wheel and source, bit by bit, elsewhere and under another umask."""
    run("git", "clone", "-q", ROOT, folder / "clone")
    before = os.umask(0o077)
    try:
        build.build_python(folder / "dist", folder / "clone")
    finally:
        os.umask(before)
    for path in (folder / "dist").iterdir():
        assert path.read_bytes() == (DIST / path.name).read_bytes(), f"{path.name} differs when built again"


def pipx(folder: Path) -> None:
    """`pipx install` gives the command and the manual, small and without TensorFlow, and the main job works."""
    env = os.environ | {
        "PIPX_HOME": f"{folder}/home",
        "PIPX_BIN_DIR": f"{folder}/bin",
        "PIPX_MAN_DIR": f"{folder}/man",
    }
    run("pipx", "install", "--python", sys.executable, build.wheel(), env=env)
    environment = folder / "home" / "venvs" / "imgwatch"
    _check_environment(environment)
    assert (environment / "share/man/man1/imgwatch-rescan.1").exists()
    assert (environment / "share/bash-completion/completions/imgwatch").exists()
    run(environment / "bin/python", SMOKE, folder / "bin" / "imgwatch", folder / "smoke")


def uv(folder: Path) -> None:
    """`uv tool install` gives the command, and the main job works."""
    env = os.environ | {"UV_TOOL_DIR": f"{folder}/tools", "UV_TOOL_BIN_DIR": f"{folder}/bin"}
    run(BIN / "uv", "tool", "install", "-q", "--python", sys.executable, build.wheel(), env=env)
    _check_environment(folder / "tools" / "imgwatch")
    run(folder / "tools/imgwatch/bin/python", SMOKE, folder / "bin" / "imgwatch", folder / "smoke")


def sdist(folder: Path) -> None:
    """pip builds and installs the source."""
    run(sys.executable, "-m", "venv", folder / "env")
    run(folder / "env/bin/python", "-m", "pip", "install", "-q", DIST / f"imgwatch-{version()}.tar.gz")
    run(folder / "env/bin/python", SMOKE, folder / "env/bin/imgwatch", folder / "smoke")


def pythons(folder: Path) -> None:
    """Each Python, with the oldest and with the newest dependencies that are allowed."""
    for python in PYTHONS:
        for resolution in ("lowest-direct", "highest"):
            env = folder / f"{python}-{resolution}"
            run(BIN / "uv", "venv", "-q", "--python", interpreter(python), env)
            resolved = folder / "resolved.txt"
            run(BIN / "uv", "pip", "compile", "-q", "--no-header", "--python-version", python, "--resolution",
                resolution, "--extra", "video", "--only-binary", ":all:", "-o", resolved,
                ROOT / "pyproject.toml")  # fmt: skip
            run(BIN / "uv", "pip", "install", "-q", "--python", env, "-c", resolved,
                f"imgwatch[video] @ {build.wheel().as_uri()}")  # fmt: skip
            resolved.unlink()
            run(env / "bin/python", SMOKE, env / "bin/imgwatch", folder / f"smoke-{python}-{resolution}")
            print(f"       Python {python}, {resolution}", flush=True)
            shutil.rmtree(env)
    for platform in ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28"):  # all wheels are there for it
        run(BIN / "uv", "pip", "compile", "-q", "--no-header", "--python-version", NEWEST, "--only-binary", ":all:",
            "--python-platform", platform, "-o", folder / "resolved.txt", ROOT / "pyproject.toml")  # fmt: skip


def interpreter(python: str) -> Path:
    """Find a Python by its version: on PATH, or among those of pyenv. Raises AssertionError where there is none."""
    named = shutil.which(f"python{python}")
    candidates = [Path(named)] if named else []
    candidates += sorted(Path.home().glob(f".pyenv/versions/{python}.*/bin/python"))
    for path in candidates:
        if subprocess.run([path, "-c", "import venv"], capture_output=True, check=False).returncode == 0:
            return path
    raise AssertionError(f"there is no Python {python} on this machine")


def debian(_: Path) -> None:
    """Each package is installed, used, upgraded, downgraded, removed and purged in a Debian of its own."""
    for codename, _python in DEBIAN:
        run(ROOT / "release/debian/check.sh", _package(codename), codename)


def service(folder: Path) -> None:
    """The packaged services in each Debian under its own systemd, which IMGWATCH_SYSTEMD_RUNNER boots there."""
    runner = os.environ.get("IMGWATCH_SYSTEMD_RUNNER")
    assert runner, "set IMGWATCH_SYSTEMD_RUNNER to a script that boots a systemd and runs a command under it"
    for codename, _python in DEBIAN:
        package, following = _package(codename), folder / f"{codename}.deb"
        run(ROOT / "release/debian/repack.sh", package, following)
        run(ROOT / "release/debian/boot.sh", codename, ROOT / "release", package, following, "--",
            "/mnt/release/debian/check_service.sh", f"/mnt/{package.name}", f"/mnt/{following.name}")  # fmt: skip


def arm64(_: Path) -> None:
    """The package for arm64, emulated: the model comes to the same scores."""
    codename, python = DEBIAN[0]
    run(ROOT / "release/debian/check_arm64.sh", _package(codename, "arm64"), codename, python)


def image(folder: Path) -> None:
    """The container's image for each processor is built and does the main job, or emulated its self-test."""
    for architecture in ARCHITECTURES:
        run(ROOT / "release/oci/build.sh", architecture, version(), folder / f"{architecture}.tar")
        size = (folder / f"{architecture}.tar").stat().st_size / 1e6
        print(f"       the image for {architecture} takes {size:.0f} MB as an archive", flush=True)


def upgrade(folder: Path) -> None:
    """From 0.1.0 to this version, back, and up again, with the daemon running."""
    (folder / "source").mkdir()
    run("git", "-C", ROOT, "archive", "-o", folder / "old.tar", OLD_COMMIT)
    run("tar", "xf", folder / "old.tar", "-C", folder / "source")
    for name, what in (("old", folder / "source"), ("new", build.wheel())):
        run(BIN / "uv", "venv", "-q", "--python", sys.executable, folder / name)
        run(
            BIN / "uv",
            "pip",
            "install",
            "-q",
            "--python",
            folder / name,
            "-c",
            ROOT / "constraints.txt",
            what,
        )
    commands = [folder / name / "bin" / "imgwatch" for name in ("old", "new")]
    run(folder / "new/bin/python", ROOT / "release/upgrade.py", *commands, folder / "game")


def _check_environment(environment: Path) -> None:
    installed = {path.name for path in environment.glob("lib/python3.*/site-packages/*")}
    assert not installed & set(HEAVY), installed & set(HEAVY)
    measured = subprocess.run(
        ["du", "-sm", environment], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    size = int(measured.split()[0])
    assert size < MOST_MEGABYTES, f"the base install takes {size} MB"
    print(f"       the base install takes {size} MB", flush=True)


def _package(codename: str, architecture: str = "amd64") -> Path:
    return DIST / f"imgwatch_{version()}-1~{codename}_{architecture}.deb"


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    """Run a command to its end, in the root folder, where no checkout is found by accident."""
    subprocess.run(list(map(str, command)), cwd="/", check=True, env=env)


STEPS: dict[str, Callable[[Path], None]] = {
    step.__name__: step
    for step in (
        digests,
        reproducible,
        pipx,
        uv,
        sdist,
        pythons,
        debian,
        arm64,
        service,
        image,
        upgrade,
    )
}

if __name__ == "__main__":
    main()
