"""Build a release into dist/ (`make release`): wheel, source, Debian packages, site, bill of materials, notes, digests.

The same commit gives the same bytes: times are those of the commit (SOURCE_DATE_EPOCH), versions those of
constraints.txt. What is built is checked by `make check-release`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
BIN = Path(sys.executable).parent
DEBIAN = (("bookworm", "3.11"), ("trixie", "3.13"))
ARCHITECTURES = ("amd64", "arm64")


def main() -> None:
    """Build everything, or only what the command line names: python, sbom, debian, site, notes."""
    wanted = sys.argv[1:] or ["python", "sbom", "debian", "site", "notes"]
    os.environ.setdefault("SOURCE_DATE_EPOCH", output("git", "log", "-1", "--format=%ct").strip())
    check_tag()
    if "python" in wanted:
        shutil.rmtree(DIST, ignore_errors=True)
        build_python(DIST)
    steps = {"sbom": write_sbom, "debian": build_debian, "site": build_site, "notes": write_notes}
    for name in wanted:
        if name in steps:
            steps[name]()
    write_digests()
    for line in (DIST / "SHA256SUMS").read_text().splitlines():
        digest, _, name = line.partition("  ")
        print(f"{digest[:16]}  {(DIST / name).stat().st_size / 1e6:7.2f} MB  {name}")


def version() -> str:
    """Return the version from its one place."""
    text = (ROOT / "daemon/imgwatch/__init__.py").read_text()
    match = re.search(r'^__version__ = "(.+?)"', text, re.MULTILINE)
    assert match
    return match[1]


def check_tag() -> None:
    """End where this commit is tagged as another version than it says."""
    tags = [tag for tag in output("git", "tag", "--points-at", "HEAD").split() if re.match(r"v\d", tag)]
    if tags and f"v{version()}" not in tags:
        sys.exit(f"this commit is tagged {', '.join(tags)}, but daemon/imgwatch/__init__.py says {version()}")


def build_python(out: Path, root: Path = ROOT) -> None:
    """Build the sdist, and from it the wheel, with the pinned versions of what builds them."""
    pinned = os.environ | {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    run(BIN / "python", "-m", "build", "--outdir", out, root, env=pinned)


def write_sbom() -> None:
    """Describe what the base install consists of, as CycloneDX, from a fresh environment."""
    with tempfile.TemporaryDirectory() as folder:
        run(BIN / "uv", "venv", "-q", "--python", sys.executable, folder)
        run(BIN / "uv", "pip", "install", "-q", "--python", folder, "-c", ROOT / "constraints.txt", wheel())
        run(BIN / "cyclonedx-py", "environment", "--output-reproducible", "--pyproject", ROOT / "pyproject.toml",
            "--mc-type", "application", "--output-format", "JSON", "--output-file",
            DIST / f"imgwatch-{version()}.cdx.json", Path(folder) / "bin" / "python")  # fmt: skip


def build_debian() -> None:
    """Build a package for each release of Debian and each kind of processor."""
    for codename, python in DEBIAN:
        for architecture in ARCHITECTURES:
            run(ROOT / "release/debian/build.sh", wheel(), f"{version()}-1", codename, python, architecture, DIST,
                env=os.environ | {"UV": str(BIN / "uv")})  # fmt: skip


def build_site() -> None:
    """Build the documentation, for reading without a network, as one archive."""
    with tempfile.TemporaryDirectory() as folder:
        run(BIN / "mkdocs", "build", "-q", "--strict", "-f", ROOT / "mkdocs.yml", "-d", folder,
            env=os.environ | {"NO_MKDOCS_2_WARNING": "1"})  # fmt: skip
        pack(Path(folder), DIST / f"imgwatch-{version()}-docs.tar.xz", f"imgwatch-{version()}-docs")


def pack(folder: Path, archive: Path, name: str) -> None:
    """Pack a folder under a name, in order, with the commit's time and nobody as owner."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime = int(os.environ["SOURCE_DATE_EPOCH"])
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mode = 0o755 if entry.isdir() else 0o644
        return entry

    with tarfile.open(archive, "w:xz") as stream:
        for path in sorted(folder.rglob("*")):
            stream.add(path, f"{name}/{path.relative_to(folder)}", recursive=False, filter=plain)


def write_notes() -> None:
    """Write the release notes: the section of this version in CHANGELOG.md, else what is not released yet."""
    (DIST / "RELEASE_NOTES.md").write_text(notes((ROOT / "CHANGELOG.md").read_text(), version()))


def notes(changelog: str, version: str) -> str:
    """Return a version's section of a changelog in the format of Keep a Changelog, under a title."""
    sections = {
        heading.strip("[]"): body
        for heading, body in re.findall(r"^## (\[[^\]]+\])[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.M | re.S)
    }
    body = sections.get(version) or sections.get("Unreleased")
    if not body:
        raise SystemExit(f"CHANGELOG.md has neither a section [{version}] nor [Unreleased]")
    return f"# imgwatch {version}\n\n{body.strip()}\n"


def write_digests() -> None:
    """Write SHA256SUMS of all that lies in dist/."""
    files = sorted(path for path in DIST.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (DIST / "SHA256SUMS").write_text("".join(lines))


def wheel() -> Path:
    """Return the wheel in dist/."""
    return DIST / f"imgwatch-{version()}-py3-none-any.whl"


def output(*command: str) -> str:
    """Run a command in the checkout and return what it prints."""
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    """Run a command, and say which."""
    print("+", *command, flush=True)
    subprocess.run(list(map(str, command)), cwd=ROOT, check=True, env=env)


if __name__ == "__main__":
    main()
