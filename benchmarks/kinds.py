"""How many pictures of each kind of junk are caught on wide and narrow folders, and called by their right name.

    python benchmarks/kinds.py --data ../shared/data [--train] [--table docs/kinds.md]

Every row is `imgwatch calibrate` (and with --train `imgwatch train`) on a folder's training pictures with a promise of
1 %, then `imgwatch evaluate` on pictures that it has not seen. A second table says what the caught pictures of
`calibrate` are called. Both are written between their marks in the page.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

SEEDS = 3
KINDS = {
    "memes_captioned": "caption", "screenshots": "screenshot", "receipts": "document", "ads": "advertisement",
    "cards": "card", "greetings": "card", "spam": None, "memes": None,
}  # fmt: skip
CAUGHT = ("<!-- table -->", "<!-- end of the table -->")
NAMES = ("<!-- names -->", "<!-- end of the names -->")
SMALL = 200  # pixels: the pictures of `everyday` are no larger


def folders(data: Path, work: Path) -> Iterator[tuple[str, Path, Path, Path]]:
    """Yield name, folder to learn from, folder to test, and the junk beside it."""
    small = work / "junk-200"
    for name in KINDS:
        (small / name).mkdir(parents=True)
        for path in sorted((data / "junk" / name).iterdir()):
            with Image.open(path) as picture:
                shrunk = picture.convert("RGB")
            shrunk.thumbnail((SMALL, SMALL))
            shrunk.save(small / name / f"{path.stem}.jpg", quality=88)
    yield "everyday", data / "everyday/normal_train", data / "everyday/normal_test", small
    pictures = [
        *sorted((data / "irrelevant/photos").iterdir()),
        *sorted((data / "ham_mixed_photos").iterdir()),
    ]
    for seed in range(SEEDS):
        learn, test = work / f"wide-{seed}/learn", work / f"wide-{seed}/test"
        learn.mkdir(parents=True)
        test.mkdir()
        for number, path in enumerate(random.Random(seed).sample(pictures, len(pictures))):
            shutil.copy(path, (learn if number < 0.6 * len(pictures) else test) / path.name)
        yield f"wide, split {seed}", learn, test, data / "junk"
    yield "wardrobe", data / "wardrobe/normal_train", data / "wardrobe/normal_test", data / "junk"


def evaluate(way: str, learn: Path, test: Path, junk: Path, work: Path) -> dict[str, Any]:
    """Make a model in this way and return what `evaluate` says of it."""
    config, model = work / "config.yaml", work / "model.onnx"
    model.unlink(missing_ok=True)
    lines = [
        "watch:",
        f"  - path: {learn}",
        f"quarantine: {{path: {work}/quarantine}}",
        f"state: {work}/state",
    ]
    config.write_text("\n".join(lines))
    imgwatch = [sys.executable, "-m", "imgwatch"]
    options = ["--config", str(config)]
    promise = ["--false-alarms", "0.01"] if way == "calibrate" else []
    subprocess.run(
        [*imgwatch, way, *options, *promise, "--out", str(model), str(learn)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    named = [f"{kind}={junk / name}" if kind else str(junk / name) for name, kind in KINDS.items()]
    command = [*imgwatch, "evaluate", *options, "--model", str(model), "--normal", str(test), "--json"]
    for folder in named:
        command += ["--junk", folder]
    facts: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    return facts


def row(name: str, way: str, facts: dict[str, Any]) -> str:
    """Return a line of the table: caught, and of these named right, for each folder of junk; false alarms."""
    normal, *junk = facts["kinds"]
    cells = [
        f"{entry['taken'] / entry['pictures']:.2f} ({entry['taken_interval'][0]:.2f}-{entry['taken_interval'][1]:.2f})"
        + (
            f", {entry['named_right'] / entry['taken']:.2f}"
            if entry["named_right"] is not None and entry["taken"]
            else ""
        )
        for entry in junk
    ]
    low, high = normal["taken_interval"]
    alarms = f"{normal['taken']} of {normal['pictures']} ({low:.1%}-{high:.1%})"
    return f"| {name} | `{way}` | {' | '.join(cells)} | {alarms} |"


def names(rows: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return a table of what the caught pictures of each folder of junk are called, with a column for each folder."""
    lines = [f"| junk | {' | '.join(rows)} |", f"|---|{'---|' * len(rows)}"]
    for number, name in enumerate(KINDS, 1):
        counts = [facts["kinds"][number]["named"] for facts in rows.values()]
        cells = [", ".join(f"{kind} {count}" for kind, count in named.items()) for named in counts]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def write(page: Path, marks: tuple[str, str], lines: Sequence[str]) -> None:
    """Put a table between two marks in a page."""
    text, (start, end) = page.read_text(), marks
    page.write_text("\n".join((text.partition(start)[0] + start, *lines, end + text.partition(end)[2])))


def main() -> None:
    """Print the tables, and write them into a page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--train", action="store_true", help="`train`, too (a minute a folder)")
    parser.add_argument("--table", type=Path)
    options = parser.parse_args()
    lines = [
        f"| folder | way | {' | '.join(KINDS)} | false alarms |",
        f"|---|---|{'---|' * len(KINDS)}---|",
    ]
    calibrated: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, learn, test, junk in folders(options.data.absolute(), Path(folder)):
            for way in ("calibrate", "train") if options.train else ("calibrate",):
                facts = evaluate(way, learn, test, junk, Path(folder))
                if way == "calibrate":
                    calibrated[name] = facts
                lines.append(row(name, way, facts))
                print(lines[-1], flush=True)
    called = names(calibrated)
    print("", *called, sep="\n")
    if options.table:
        write(options.table, CAUGHT, lines)
        write(options.table, NAMES, called)


if __name__ == "__main__":
    main()
