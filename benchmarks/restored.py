"""Which altered copies of a restored picture are left alone? Each is recognised, or judged like any other picture.

    .venv/bin/python benchmarks/restored.py [--data ../shared/data]

The general model is calibrated to 300 photographs. Pictures of five kinds of junk that it would move are restored, one
by one; then copies that were saved again, scaled, cropped, blurred or darkened are compared with what was restored.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter

from imgwatch.calibration.calibrate import calibrate
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.feedback.correction import Correction, Example
from imgwatch.judgement import Kind, Verdict
from imgwatch.model.scorer import Floats, Scorer
from imgwatch.picture.decoding import Limits, decode
from imgwatch.settings import ThresholdRule
from imgwatch.standard import Standard

PHOTOGRAPHS = ("irrelevant/photos", "ham_mixed_photos")
JUNK = ("screenshots", "memes_captioned", "receipts", "ads", "greetings")
KNOWN, OF_A_KIND = 300, 30
PROMISE = ThresholdRule(false_alarms=0.01)
Alter = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Seen:
    """What the model makes of one picture. `kind` is None for one that stays."""

    embedding: Floats
    kind: Kind | None


def cropped(share: float) -> Alter:
    """Return what cuts this share off at each side."""

    def cut(image: Image.Image) -> Image.Image:
        across, down = (round(side * share) for side in image.size)
        return image.crop((across, down, image.width - across, image.height - down))

    return cut


def blurred(radius: float) -> Alter:
    """Return a Gaussian blur of this radius in pixels."""
    return lambda image: image.filter(ImageFilter.GaussianBlur(radius))


def darkened(factor: float) -> Alter:
    """Return what scales the brightness."""
    return lambda image: ImageEnhance.Brightness(image).enhance(factor)


COPIES: dict[str, tuple[Alter, int]] = {  # and the quality of JPEG that they are saved at
    "saved as JPEG of quality 50": (lambda image: image, 50),
    "a twentieth cut off at each side": (cropped(0.05), 92),
    ".15 cut off at each side": (cropped(0.15), 92),
    "half the size": (lambda image: image.resize((image.width // 2, image.height // 2)), 92),
    **{f"Gaussian blur of radius {radius}": (blurred(radius), 92) for radius in (1, 2, 3, 5)},
    **{f"brightness {factor}": (darkened(factor), 92) for factor in (0.3, 0.1)},
}


def main() -> None:
    """Print a row for each way to alter a picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    data: Path = parser.parse_args().data
    chance = random.Random(0)
    known = chance.sample([path for name in PHOTOGRAPHS for path in sorted((data / name).iterdir())], KNOWN)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.onnx"
        calibrate(DEFAULT_MODEL, known, PROMISE, Limits(), 1, lambda *_: None, Path(folder)).write(model)
        scorer = Scorer(model)
        standard = Standard.of(scorer.contract, scorer.name, PROMISE, (), model)
        moved: list[tuple[Path, Seen]] = []
        for kind in JUNK:
            paths = sorted((data / "junk" / kind).iterdir())
            for path in chance.sample(paths, min(OF_A_KIND, len(paths))):
                seen = look(scorer, standard, path.read_bytes())
                if seen.kind is not None:
                    moved.append((path, seen))
        print("| copy | recognised and left alone | of these junk by score | of these called the same kind |")
        print("|---|---|---|---|")
        for name, (alter, quality) in COPIES.items():
            print(row(scorer, standard, moved, name, lambda image, a=alter, q=quality: saved(a(image), q)))


def look(scorer: Scorer, standard: Standard, content: bytes) -> Seen:
    """Judge a picture by its bytes."""
    pixels = decode(content, scorer.contract.shape, Limits())[None]
    scores, parts, embeddings = scorer.embed(pixels)
    judgement = standard.judge(float(scores[0]), parts[0].tolist(), "")
    return Seen(embeddings[0], judgement.kind if judgement.verdict is Verdict.QUARANTINE else None)


def saved(image: Image.Image, quality: int) -> bytes:
    """Return a picture as the bytes of a JPEG."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def row(
    scorer: Scorer,
    standard: Standard,
    moved: list[tuple[Path, Seen]],
    name: str,
    copy: Callable[[Image.Image], bytes],
) -> str:
    """Restore each picture alone, and count what becomes of its copy."""
    recognised = junk = same = 0
    for path, original in moved:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        examples = [Example(digest, False, 0.0, original.embedding)]
        correction = Correction.learn(examples, scorer.reference_set, standard.threshold)
        with Image.open(path) as image:
            seen = look(scorer, standard, copy(image.convert("RGB")))
        if correction.same_as("", seen.embedding) is not None:
            recognised += 1
            junk += seen.kind is not None
            same += seen.kind is original.kind
    return f"| {name} | {recognised} of {len(moved)} | {junk} | {same} |"


if __name__ == "__main__":
    main()
