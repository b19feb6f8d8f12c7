"""What judging costs beside another checkout, and HEIC and RAW beside the library that decodes them; ratios of one run.

    python benchmarks/side_by_side.py --pictures DIR [--other PYTHON] [--model FILE] [--runs 5]

PYTHON is that of another environment with imgwatch. Both judge the pictures in turns, in `mode: report`, each time with
a new ledger and by the same model, if one is named; the figure is processor time, of the command and its workers.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from imgwatch.picture.decoding import Limits, Shape, decode

SHAPE = Shape(224, 224, "RGB")
DECODED = 20


def judging_seconds(python: str, pictures: Path, model: Path | None) -> float:
    """Judge all pictures once; return processor seconds."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(
            f"watch: [{{path: {pictures}}}]\nmode: report\nstate: {folder}/state\n"
            f"quarantine: {{path: {folder}/quarantine}}\n" + (f"model: {model.resolve()}\n" if model else "")
        )
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [python, "-m", "imgwatch", "rescan", "--config", str(config)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def beside_another(other: str, pictures: Path, model: Path | None, runs: int) -> None:
    """Judge in turns; print each pair and the median of the ratios."""
    ratios = []
    for _ in range(runs):
        theirs = judging_seconds(other, pictures, model)
        ours = judging_seconds(sys.executable, pictures, model)
        ratios.append(ours / theirs)
        print(f"judging: {theirs:.2f} s there, {ours:.2f} s here, ratio {ratios[-1]:.3f}", flush=True)
    print(f"judging: median ratio {statistics.median(ratios):.3f}")


def photograph(pixels: tuple[int, int]) -> Image.Image:
    """Return a picture of soft noise, which compresses about as photographs do."""
    coarse = np.random.default_rng(0).integers(0, 256, (pixels[1] // 16, pixels[0] // 16, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(pixels, Image.Resampling.BICUBIC)


def seconds_each(decode_one: Callable[[], object]) -> float:
    """Return the processor seconds of one decoding, the least of some."""
    figures = []
    for _ in range(DECODED):
        begun = time.process_time()
        decode_one()
        figures.append(time.process_time() - begun)
    return min(figures)


def beside_libraries() -> None:
    """Print what a 12-megapixel HEIC takes beside pillow-heif alone, and a RAW's preview beside Pillow on that JPEG."""
    import pillow_heif

    picture, stream = photograph((4000, 3000)), io.BytesIO()
    pillow_heif.from_pillow(picture).save(stream, quality=80)
    heic = stream.getvalue()

    def by_library() -> None:
        pillow_heif.open_heif(heic, convert_hdr_to_8bit=True).to_pillow().resize((224, 224))

    ratio = seconds_each(lambda: decode(heic, SHAPE, Limits())) / seconds_each(by_library)
    print(f"HEIC, 12 MP: beside pillow-heif alone {ratio:.2f}")

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from moving import tiff_raw

    preview = io.BytesIO()
    picture.save(preview, "JPEG", quality=90)
    jpeg = preview.getvalue()
    raw = tiff_raw(jpeg)

    def by_pillow() -> None:
        with Image.open(io.BytesIO(jpeg)) as opened:
            opened.draft("RGB", (448, 448))
            opened.convert("RGB").resize((224, 224))

    ratio = seconds_each(lambda: decode(raw, SHAPE, Limits())) / seconds_each(by_pillow)
    print(f"RAW's preview, 12 MP: beside Pillow on that JPEG alone {ratio:.2f}")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--other", help="the python of another environment with imgwatch")
    parser.add_argument("--model", type=Path, help="a model that both can read")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    os.environ.pop("IMGWATCH_CONFIG", None)
    beside_libraries()
    if options.other:
        beside_another(options.other, options.pictures.resolve(), options.model, options.runs)


if __name__ == "__main__":
    main()
