"""How fast, how small: every figure of docs/performance.md, one table, ratios taken in one run.

    .venv/bin/python benchmarks/speed/run.py [--rows large,idle] [--out bench/speed] [--runs 3] [--scale 1]

Each row's figures are kept as JSON in the folder of results; with `--rows` only these are measured again, the table
shows all. `--scale 0.1` is a quick look, and proves nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from figures import Figure, Row, Setting

_MARK = "<!-- measured -->"
CHECKOUT = Path(__file__).parent.parent.parent


def rows() -> dict[str, Row]:
    """Return every row by its name, in the table's order."""
    import calibrating
    import encoder
    import judging
    import peers
    import serving
    import standing
    import starting
    import training

    return {
        "model": encoder.encoder,
        "large": judging.large,
        "small": judging.small,
        "keras": peers.keras,
        "cleanvision": peers.cleanvision,
        "latency": standing.latency,
        "idle": standing.idle,
        "burst": standing.burst,
        "start": starting.start,
        "commands": starting.commands,
        "serving": serving.serving,
        "calibrate": calibrating.calibration,
        "training": training.features,
    }


def main() -> None:
    """Measure, keep, print."""
    known = rows()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=lambda text: text.split(",") if text else [], default=list(known))
    parser.add_argument("--out", type=Path, default=CHECKOUT / "bench" / "speed")
    parser.add_argument("--peers", type=Path, default=CHECKOUT / "bench" / "speed-peers" / "bin" / "python")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--table", type=Path, help="a page whose table, between two marks, is replaced")
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - set(known):
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    arguments.out = arguments.out.resolve()
    for name in arguments.rows:
        _measure(name, known[name], arguments)
    table = _table(arguments.out, list(known))
    print(table)
    if arguments.table:
        before, _, rest = arguments.table.read_text().partition(_MARK)
        arguments.table.write_text(f"{before}{_MARK}\n{table}\n{_MARK}{rest.partition(_MARK)[2]}")


def _measure(name: str, row: Row, arguments: argparse.Namespace) -> None:
    scratch = arguments.out / "scratch" / name
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    setting = Setting(arguments.out / "pictures", scratch, arguments.peers, arguments.runs, arguments.scale)
    print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
    start = time.monotonic()
    figures = [asdict(figure) for figure in row(setting)]
    took = time.monotonic() - start
    print(f"{took:.0f} s", file=sys.stderr)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    result = {
        "figures": figures,
        "seconds": took,
        "machine": machine,
        "load": os.getloadavg()[1],
        "scale": arguments.scale,
        "runs": arguments.runs,
    }
    (arguments.out / f"{name}.json").write_text(json.dumps(result, indent=1))
    shutil.rmtree(scratch)


def _table(folder: Path, names: list[str]) -> str:
    lines = ["| quantity | measured | goal | reached |", "|---|---|---|---|"]
    shares: list[str] = []
    for name in (name for name in names if (folder / f"{name}.json").exists()):
        kept = json.loads((folder / f"{name}.json").read_text())
        lines += [_line(Figure(**fields)) for fields in kept["figures"]]
        load = f"{kept['load']:.0f}" if "load" in kept else "not noted"
        shares.append(f"{name} {kept['scale']:g} of the size, {kept['runs']} runs, load {load}")
    return "\n".join([*lines, "", f"Row by row: {'; '.join(shares)}."])


def _line(figure: Figure) -> str:
    number = f"{figure.value:.3g}" if figure.value < 1000 else f"{figure.value:,.0f}"
    reached = "" if not figure.goal else "yes" if figure.is_reached else "**no**"
    return f"| {figure.name} | {f'{number} {figure.unit}'.strip()} | {figure.goal} | {reached} |"


if __name__ == "__main__":
    main()
