"""How fast pictures are judged, beside what limits it: decoding alone, the model alone; and by the classic way."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from figures import Figure, Setting, medians_of, seconds
from pictures import LARGE, SMALL, make
from PIL import Image
from processes import IMGWATCH, Workspace

from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.judging import BATCH
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import ColourMode, Limits, Pixels, read

WORKERS = 2
_KEEP_ALL = {"score": 1e9}


def large(setting: Setting) -> Iterator[Figure]:
    """12-megapixel JPEGs: decoding is the limit."""
    decode, model, rescan = _rates(
        setting, make(setting.pictures / "large", 24, LARGE), setting.sized(144, 48)
    )
    yield Figure("12 MP: decode alone", decode, "pictures/s")
    yield Figure("12 MP: model alone", model, "pictures/s")
    yield Figure("12 MP: rescan", rescan, "pictures/s")
    yield Figure(
        "12 MP: both, if they only shared the processors", 1 / (1 / decode + 1 / model), "pictures/s"
    )
    yield Figure("12 MP: rescan / decode alone", rescan / decode, "", at_least=0.85)


def small(setting: Setting) -> Iterator[Figure]:
    """0.1-megapixel JPEGs: the model is the limit."""
    decode, model, rescan = _rates(
        setting, make(setting.pictures / "small", 200, SMALL), setting.sized(600, 200)
    )
    yield Figure("0.1 MP: decode alone", decode, "pictures/s")
    yield Figure("0.1 MP: model alone", model, "pictures/s")
    yield Figure("0.1 MP: rescan", rescan, "pictures/s")
    shared = 1 / (1 / decode + 1 / model)
    yield Figure("0.1 MP: both, if they only shared the processors", shared, "pictures/s")
    yield Figure("0.1 MP: rescan / slower of both", rescan / min(decode, model), "", at_least=0.9)
    yield Figure(
        "0.1 MP: rescan / both, if they only shared the processors", rescan / shared, "", at_least=0.9
    )


def _rates(setting: Setting, pictures: list[Path], count: int) -> list[float]:
    """Return pictures a second of decoding alone, of the model alone and of `rescan`."""
    workspace = inbox_of(setting, pictures, count)
    return rates_beside(setting, workspace, DEFAULT_MODEL, lambda: rescan_rate(workspace, count))


def rates_beside(
    setting: Setting, workspace: Workspace, model: Path, other: Callable[[], float]
) -> list[float]:
    """Return pictures a second of decoding an inbox alone and of this model alone, and another rate, taken in turns."""
    files, scorer = sorted(workspace.inbox.iterdir()), Scorer(model)
    count, decode = len(files), partial(decoded, mode=scorer.contract.mode)
    pixels = np.stack([read(path, scorer.contract.shape, Limits()).pixels for path in files[:BATCH]])
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        pool.map(_nothing, range(WORKERS * 4))
        return medians_of(
            setting.runs,
            lambda: count / seconds(lambda: pool.map(decode, files, chunksize=max(1, count // 64))),
            partial(_model_rate, scorer, pixels, count),
            other,
        )


def inbox_of(setting: Setting, pictures: list[Path], count: int) -> Workspace:
    """Return a place whose inbox holds so many pictures, under other names; nothing will be moved."""
    home = setting.scratch / f"{pictures[0].parent.name}-{count}"
    workspace = Workspace(home).set_up(threads=WORKERS, threshold=_KEEP_ALL)
    for number in range(count):
        link = workspace.inbox / f"{number:05}.jpg"
        if not link.exists():
            os.link(pictures[number % len(pictures)], link)
    return workspace


def decoded(path: Path, mode: ColourMode) -> None:
    """Decode a picture as Pillow itself does at a reduced scale, and to the model's size; nothing is checked."""
    with Image.open(path) as image:
        image.draft(mode, (448, 448))
        np.asarray(image.convert(mode).resize((224, 224), Image.Resampling.BILINEAR))


def _nothing(_: int) -> None:
    time.sleep(0.01)


def _model_rate(scorer: Scorer, pixels: Pixels, count: int) -> float:
    batches = max(2, min(count // BATCH, 20))
    with ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(scorer.score, [pixels] * WORKERS))
        return batches * BATCH / seconds(lambda: list(threads.map(scorer.score, [pixels] * batches)))


def rescan_rate(workspace: Workspace, count: int) -> float:
    """Return pictures a second of `imgwatch rescan`, from the first batch that it prints to the last."""
    command = [IMGWATCH, "rescan", "--all", "--json", "--config", workspace.config]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as rescan:
        times = [time.perf_counter() for _ in rescan.stdout or ()]
    if len(times) != count:
        raise RuntimeError(f"{count} pictures, {len(times)} judged")
    return (count - BATCH) / (times[-1] - times[BATCH - 1])
