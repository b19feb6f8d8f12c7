"""How many verdicts does a crowd of mixed pictures take, by a reviewer who looks at one cluster at a time?

    python benchmarks/reviewer.py --data ../shared/data [--pictures 8000] [--small 100] [--seed 0]

Fills a quarantine with photographs and junk of many kinds, drawn ones where there are too few, judged by the general
model; opens the gallery in Chromium, and goes through its first page. The reviewer knows what each picture is, and
sees of a cluster what the page shows. All of one sort: one verdict on the cluster. All of the cluster in sight and a
few of the other sort among it: those are left out, and the rest is decided. Else the cluster is split. The largest
cluster comes first, so that what was left out comes last. What nobody saw is decided with the rest, and counted in
the end: a photograph in the bin or junk restored is wrong.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Locator, Page

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent / "docs"))
from screenshots import INK, chat, poster, receipt

from browsing import chromium, reviewed
from imgwatch.commands.configured_models import open_judge
from imgwatch.commands.context import load_settings, open_ledger, open_quarantine
from imgwatch.pipeline import Pipeline
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine

PHOTOGRAPHS = ("everyday", "ham_mixed_photos", "irrelevant", "robot", "wardrobe")
JUNK = "junk"
SUFFIXES = {".jpg", ".jpeg", ".png"}


@dataclass
class Tally:
    """What the reviewer did."""

    verdicts: int = 0
    splits: int = 0


def main() -> None:
    """Measure both sizes and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=8000)
    parser.add_argument("--small", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for pictures in (options.small, options.pictures):
        with tempfile.TemporaryDirectory() as folder:
            print(measure(Path(folder), options.data.resolve(), pictures, options.seed), flush=True)


def measure(work: Path, data: Path, pictures: int, seed: int) -> str:
    """Settle so many pictures and say how it went."""
    config = fill(work, data, pictures, random.Random(seed))
    quarantine = opened_quarantine(config)
    names = {record.id: Path(record.original).name for record in quarantine.list()}
    with chromium() as browser, reviewed(config, browser) as look:
        page = look("#clusters")
        page.route("**/small", lambda route: route.fulfill(body=b"", content_type="image/png"))
        page.locator(".crowd").first.wait_for()
        wait_until_compared(page, len(names))
        tally = review(page, names)
    wrong = sum(is_junk(names[record.id]) is False for record in quarantine.binned())
    wrong += sum(is_junk(path.name) for path in (work / "inbox").iterdir())
    left = sum(1 for _ in quarantine.list())
    return (
        f"{len(names)} pictures: {tally.verdicts} verdicts, {tally.splits} splits; {wrong} wrong "
        f"({100 * wrong / max(1, len(names)):.2f} %), {left} left"
    )


def fill(work: Path, data: Path, pictures: int, rng: random.Random) -> Path:
    """Put the pictures into quarantine and return the config."""
    inbox, config = work / "inbox", work / "config.yaml"
    inbox.mkdir()
    real = [path for name in (*PHOTOGRAPHS, JUNK) for path in sorted((data / name).rglob("*"))]
    real = [path for path in real if path.is_file() and path.suffix in SUFFIXES]
    for number, path in enumerate(rng.sample(real, min(pictures, len(real)))):
        sort = "junk" if path.relative_to(data).parts[0] == JUNK else "photo"
        shutil.copy(path, inbox / f"{sort}-{number:05}{path.suffix}")
    for number, picture in enumerate(draw(pictures - len(real))):
        picture.save(inbox / f"junk-drawn-{number:05}.jpg", quality=90)
    settings = {
        "watch": [{"path": str(inbox)}],
        "threshold": {"score": -1e9},  # all of it is strange: what was kept needs no verdict
        "mode": "quarantine",
        "quarantine": {"path": str(work / "quarantine")},
        "state": str(work / "state"),
    }
    config.write_text(json.dumps(settings))
    loaded = load_settings(config)
    with open_ledger(loaded) as ledger, open_judge(loaded) as judge:
        pipeline = Pipeline(lambda: judge, open_quarantine(loaded, ledger), ledger, Policy())
        for _ in pipeline.run(sorted(inbox.iterdir())):
            pass
    return config


def draw(number: int) -> Iterator[Any]:
    """Draw receipts, chats and greetings."""
    rng = np.random.default_rng(0)
    offers = (("MEGA SALE", "50 % off", "today only"), ("Good Morning!", "have a blessed", "day"))
    for nth in range(max(0, number)):
        draw = (receipt, chat, lambda rng, nth=nth: poster(offers[nth % 2], INK[nth % 5], rng))[nth % 3]
        yield draw(rng).convert("RGB")


def opened_quarantine(config: Path) -> Quarantine:
    """Open the quarantine of a config."""
    settings = load_settings(config)
    with open_ledger(settings) as ledger:
        return open_quarantine(settings, ledger)


def is_junk(name: str) -> bool:
    """Return what a picture is by the name that it was given here."""
    return name.startswith("junk")


def wait_until_compared(page: Page, pictures: int) -> None:
    """Wait until the server knows how alike the pictures are, then show the page anew."""
    while sum("cluster" in row for row in rows(page)) < pictures:
        page.wait_for_timeout(2000)
    page.reload()
    page.wait_for_selector("body[data-ready]")


def review(page: Page, names: dict[str, str]) -> Tally:
    """Go through the first page until nothing is left on it."""
    tally = Tally()
    while page.locator(".crowd").count():
        sizes = page.locator(".crowd").evaluate_all("nodes => nodes.map((node) => node.crowd.rows.length)")
        settle(page, page.locator(".crowd").nth(sizes.index(max(sizes))), names, tally)
    while any(row["standing"] == "open" for row in rows(page)):  # what was asked for last is still being done
        page.wait_for_timeout(500)
    return tally


def rows(page: Page) -> list[dict[str, Any]]:
    """Return what the server knows of each picture."""
    answer: list[dict[str, Any]] = page.evaluate(
        "async () => (await (await fetch('/pictures')).json()).pictures"
    )
    return answer


def settle(page: Page, crowd: Locator, names: dict[str, str], tally: Tally) -> None:
    """Decide on a cluster, or split it."""
    seen = crowd.locator(".bit").evaluate_all("bits => bits.map((bit) => bit.dataset.id)")
    size, divisible = crowd.evaluate("node => [node.crowd.rows.length, node.crowd.divisible]")
    junk = [record_id for record_id in seen if is_junk(names[record_id])]
    verb, odd = ("delete", set(seen) - set(junk)) if 2 * len(junk) > len(seen) else ("restore", set(junk))
    if odd and size > len(seen) and divisible:
        tally.splits += 1
        crowd.locator("[data-act=divide]").click()
        return
    for record_id in odd:
        crowd.locator(f'[data-id="{record_id}"]').click()
    tally.verdicts += 1
    crowd.locator(f"[data-act={verb}]").click()


if __name__ == "__main__":
    main()
