"""Measure how well junk is separated from normal pictures, beside plain baselines, with several seeds, in one table.

Every result is kept in --results as it comes, so that a run that was stopped goes on; --table writes the page.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable
from math import comb
from pathlib import Path

import numpy as np
from methods import SHARES, fit
from tasks import DIRTY, LOOKED, NAMES, make_task

from imgwatch.evaluation.intervals import auroc

METHODS = ("perceptual", "calibrate", "nearest", "laplacian", "entropy", "iforest", "ecod", "conv", "dense")
HEADER = """# How well imgwatch separates junk from normal pictures

`make bench-detection` makes this table from the shared development pictures: mean of the seeds ± standard
deviation. A cell has the AUROC, then the share of junk caught at thresholds that promise 0.5 / 1 / 5 %
false alarms, then the number of seeds; an empty cell was not run. Thresholds are set on training pictures
alone. `wardrobe` and `robot` are trained on their normal_train, `photos` on 260 of irrelevant/photos,
`mixed` on 120 of ham_mixed_photos (which includes scanned pages). `dirty-X` is wardrobe with 3 % of the
training folder replaced by the junk to be found; `looked-X` is the same, trained again after the junk among
the strangest 5 % in the report has been removed. `motion` is synthetic motion blur, measured against its
sharp pairs, on which nothing was trained. Beside `photos` and `mixed`, most `memes` are photos like any
other.

Read with care: features, fusion weights and limits for outliers were chosen with all these rows in view,
including `memes` and `motion`. They are no blind test; only other folders can be one.
"""


def main() -> None:
    """Run what is asked for and missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the shared pictures")
    parser.add_argument("--results", type=Path, required=True, help="a folder for results and the table")
    parser.add_argument("--table", type=Path)
    parser.add_argument("--peers", type=Path, default=Path("python"), help="a Python that has PyOD")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tasks", nargs="+", default=NAMES)
    parser.add_argument("--methods", nargs="+", default=METHODS)
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    for method in arguments.methods:
        for task in arguments.tasks:
            for seed in range(arguments.seeds):
                kept = arguments.results / f"{method}.{task}.{seed}.json"
                if not kept.exists():
                    result = measure(method, task, seed, arguments.data, arguments.peers)
                    kept.write_text(json.dumps(result, indent=1))
                    print(method, task, seed, f"{result['seconds']:.0f} s", flush=True)
    if arguments.table:
        arguments.table.write_text(table(arguments.results), encoding="utf-8")


def measure(method: str, name: str, seed: int, data: Path, peers: Path) -> dict[str, object]:
    """Fit one method to one task, and measure it."""
    task, started = make_task(name, data, seed), time.monotonic()
    fitted = fit(method, task, seed, peers)
    seconds = time.monotonic() - started
    normal = fitted.score(task.normal)
    rows = {}
    for kind, paths in task.junk.items():
        junk = fitted.score(paths)
        against = fitted.score(task.paired[kind]) if kind in task.paired else normal
        rows[kind] = [auroc(against, junk), *(float(np.mean(junk > limit)) for limit in fitted.thresholds)]
    false_alarms = [float(np.mean(normal > limit)) for limit in fitted.thresholds]
    return {"seconds": seconds, "normal": len(normal), "false_alarms": false_alarms, "junk": rows}


def table(results: Path) -> str:
    """Write the page from the results."""
    figures: dict[tuple[str, str], dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    alarms: dict[str, dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    kept: dict[str, list[tuple[bool, ...]]] = defaultdict(list)
    for path in sorted(results.glob("*.json")):
        method, task, _ = path.name.split(".", 2)
        result = json.loads(path.read_text())
        alarms[task][method].append(result["false_alarms"])
        if task not in DIRTY + LOOKED:
            kept[method].append(_keeps(result["false_alarms"], result["normal"]))
        for kind, row in result["junk"].items():
            figures[task, kind][method].append(row)
    methods = [method for method in METHODS if any(method in row for row in figures.values())]
    lines = [HEADER, _line(["normal folder", "junk", *methods]), _line(["---"] * (len(methods) + 2))]
    for (task, kind), row in sorted(figures.items(), key=lambda item: (NAMES.index(item[0][0]), item[0][1])):
        lines.append(_line([task, kind, *(_cell(row.get(method)) for method in methods)]))
    promised = "/".join(f"{100 * share:g}" for share in SHARES)
    lines += ["", f"False alarms on held-out normal pictures, where {promised} % were promised (in %):", ""]
    lines += [_line(["normal folder", *methods]), _line(["---"] * (len(methods) + 1))]
    for task, by_method in sorted(alarms.items(), key=lambda item: NAMES.index(item[0])):
        cells = [_percentages(by_method.get(method)) for method in methods]
        lines.append(_line([task, *cells]))
    inside = (f"{' / '.join(map(str, np.sum(kept[m], axis=0)))} of {len(kept[m])}" for m in methods)
    lines.append(_line(["clean runs inside the 95 % binomial interval", *inside]))
    return "\n".join(lines) + "\n"


def _keeps(realised: list[float], count: int) -> tuple[bool, ...]:
    """Return for each of SHARES whether so many false alarms of `count` pictures lie in the central 95 % interval."""
    inside = []
    for share, promised in zip(realised, SHARES, strict=True):
        chances = [comb(count, k) * promised**k * (1 - promised) ** (count - k) for k in range(count + 1)]
        below, alarms = np.cumsum(chances), round(share * count)
        inside.append(bool(below[alarms] >= 0.025 and (alarms == 0 or 1 - below[alarms - 1] >= 0.025)))
    return tuple(inside)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(rows: list[list[float]] | None) -> str:
    if not rows:
        return ""
    mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
    caught = " / ".join(f"{share:.2f}" for share in mean[1:])
    return f"{mean[0]:.3f} ± {spread[0]:.3f}, {caught} ({len(rows)})"


def _percentages(rows: list[list[float]] | None) -> str:
    return " / ".join(f"{100 * share:.1f}" for share in np.mean(rows, axis=0)) if rows else ""


if __name__ == "__main__":
    main()
