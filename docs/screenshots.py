"""Make the screenshots of gallery and setup in docs/images, with scikit-image's photographs and drawn junk only.

Run by `make screenshots`. It needs Chromium, and calibrates the model that ships to the samples.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image, ImageDraw, ImageFilter, ImageFont

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from playwright.sync_api import Browser

from browsing import Look, chromium, reviewed, serving

IMAGES = Path(__file__).parent / "images"
ALBUM_SIZE = 240
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
LOADED = """() => [...document.querySelectorAll('.bit img')].every((image) =>
  image.getBoundingClientRect().top > innerHeight || (image.complete && image.naturalWidth))"""
INK = ("#1d3557", "#7a1f1f", "#22543d", "#4a2c6d", "#5b3a08")


def main() -> None:
    """Fill a quarantine and take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder  # so that places read as a user's own
        config = prepare(Path(folder))
        with subprocess.Popen([sys.executable, "-m", "imgwatch", "watch", "--config", config]) as daemon:
            with chromium() as browser, reviewed(config, browser) as look:
                take(look)
            daemon.terminate()
        with chromium() as browser:
            take_setup(browser, Path(folder))
        with chromium() as browser, reviewed(prepare_copies(Path(folder)), browser) as look:
            take_copies(look)


def prepare(folder: Path) -> Path:
    """Make an album, calibrate, and let the inbox be judged."""
    rng = np.random.default_rng(3)
    photographs = [Image.fromarray(getattr(skimage.data, name)()) for name in PHOTOGRAPHS]
    album, inbox, model, config = (
        folder / name for name in ("Pictures/Album", "Pictures/Inbox", "mine.onnx", "config.yaml")
    )
    (inbox / "WhatsApp").mkdir(parents=True)
    album.mkdir()
    for number in range(ALBUM_SIZE):
        view(photographs[number % len(photographs)], rng).save(album / f"photo-{number:03}.jpg", quality=90)
    config.write_text(
        json.dumps(
            {
                "watch": [{"path": str(inbox)}],
                "model": str(model),
                "threshold": {"false_alarms": 0.02},
                "quarantine": {"path": str(folder / "quarantine")},
                "state": str(folder / "state"),
                "breaker": {"window": 10000, "share": 1},
            }
        )
    )
    calibrated = config.read_text()
    config.write_text(calibrated.replace(json.dumps(str(model)), '"default"'))
    imgwatch("calibrate", album, "--out", model, config=config)
    config.write_text(calibrated)
    for number in range(40):
        view(photographs[number % len(photographs)], rng).save(inbox / f"DSC_{4100 + number}.jpg", quality=90)
    for number, (name, picture) in enumerate(junk(photographs, rng)):
        picture.convert("RGB").save(inbox / ("WhatsApp" if number % 3 else "") / name, quality=90)
    (inbox / "torn-download.jpg").write_bytes(b"\xff\xd8\xff\xe0 and nothing more")
    imgwatch("rescan", config=config)
    return config


def imgwatch(*arguments: str | Path, config: Path) -> None:
    """Run a command as a person would."""
    subprocess.run([sys.executable, "-m", "imgwatch", *arguments, "--config", config], check=True)


def view(photograph: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Take another picture of the same thing: a random part of it, perhaps mirrored."""
    width, height = photograph.size
    part = rng.uniform(0.5, 0.95)
    left, top = rng.uniform(0, 1 - part) * width, rng.uniform(0, 1 - part) * height
    box = (int(left), int(top), int(left + part * width), int(top + part * height))
    taken = photograph.crop(box).resize((480, 360))
    return taken.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else taken


def junk(photographs: list[Image.Image], rng: np.random.Generator) -> Iterator[tuple[str, Image.Image]]:
    """Yield what piles up in photo folders, with its names."""
    offers = (("MEGA SALE", "50 % off", "today only"), ("Good Morning!", "have a blessed", "day"),
              ("FREE PRIZE", "click here", "www.example.com"), ("Happy Diwali", "to you and", "your family"),
              ("WIN BIG", "call now", "0900 1234"))  # fmt: skip
    for number in range(15):
        yield f"IMG-20261118-WA{number:04}.jpg", poster(offers[number % len(offers)], INK[number % 5], rng)
    for number in range(9):
        yield f"scan-{number + 1}.png", receipt(rng)
    for number in range(8):
        yield f"Screenshot_20261119-{number + 10}.png", chat(rng)
    for number in range(8):
        yield (
            f"IMG_{2200 + number}.jpg",
            view(photographs[number % 4], rng).filter(ImageFilter.GaussianBlur(5 + number % 4)),
        )
    for name in (
        "hubble_deep_field",
        "immunohistochemistry",
        "moon",
        "page",
        "brick",
        "coins",
        "clock",
        "text",
    ):
        yield f"download ({name[:5]}).jpg", Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    twin = poster(offers[0], INK[1], rng)
    for number in range(5):
        yield f"forwarded-{number}.jpg", twin.resize((480 - 8 * number, 360 - 6 * number))


def poster(lines: tuple[str, ...], ink: str, rng: np.random.Generator) -> Image.Image:
    """Draw a greeting or an advertisement."""
    picture = Image.new("RGB", (480, 360), tuple(int(value) for value in rng.integers(170, 256, 3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y, r = (int(value) for value in (rng.integers(0, 480), rng.integers(0, 360), rng.integers(10, 60)))
        draw.ellipse(
            (x - r, y - r, x + r, y + r), fill=tuple(int(value) for value in rng.integers(150, 256, 3))
        )
    for number, line in enumerate(lines):
        draw.text((30, 60 + 80 * number), line, fill=ink, font=ImageFont.load_default(58 - 10 * number))
    return picture


def receipt(rng: np.random.Generator) -> Image.Image:
    """Draw a printed bill."""
    picture = Image.new("RGB", (320, 440), (250, 250, 246))
    draw = ImageDraw.Draw(picture)
    draw.text((90, 14), "CORNER SHOP", fill="black", font=ImageFont.load_default(20))
    for number in range(18):
        price = f"{rng.uniform(0.5, 30):6.2f}"
        item = f"item {number:02d} x {rng.integers(1, 5)}"
        draw.text((20, 60 + 20 * number), item, fill="#222", font=ImageFont.load_default(14))
        draw.text((240, 60 + 20 * number), price, fill="#222", font=ImageFont.load_default(14))
    return picture


def chat(rng: np.random.Generator) -> Image.Image:
    """Draw a screenshot of a conversation."""
    picture = Image.new("RGB", (270, 480), (18, 27, 34))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 270, 50), fill=(32, 44, 51))
    draw.text((50, 15), "Family", fill="white", font=ImageFont.load_default(18))
    top = 64
    while top < 430:
        wide, high, mine = int(rng.integers(90, 190)), int(rng.integers(26, 60)), rng.random() < 0.5
        left = 260 - wide if mine else 10
        draw.rounded_rectangle(
            (left, top, left + wide, top + high), 9, fill=(0, 92, 75) if mine else (32, 44, 51)
        )
        for line in range(high // 22):
            text = "lorem ipsum dolor"[: wide // 8]
            draw.text((left + 9, top + 5 + 20 * line), text, fill="#dde", font=ImageFont.load_default(13))
        top += high + 10
    return picture


def take_setup(browser: Browser, folder: Path) -> None:
    """Take the pictures of the setup's pages, from no config on: what a promise would move, and the settings."""
    rng, photographs = (
        np.random.default_rng(5),
        [Image.fromarray(getattr(skimage.data, name)()) for name in PHOTOGRAPHS],
    )
    phone = folder / "Pictures" / "Phone"
    phone.mkdir()
    for name, picture in junk(photographs, rng):
        picture.convert("RGB").save(phone / name, quality=90)
    with serving(folder / "new.yaml", "setup", "--web", "--no-open") as address:
        page = browser.new_page(viewport={"width": 1000, "height": 1000})
        page.goto(address)
        page.get_by_label("The folder to keep clean").fill(str(phone))
        page.get_by_label("Folders of normal pictures").fill(str(folder / "Pictures" / "Album"))
        page.get_by_role("button", name="Learn what is normal").click()
        promise = page.get_by_role("heading", name="2. Promise")
        promise.wait_for(timeout=120000)
        promise.evaluate("title => title.scrollIntoView()")
        page.wait_for_function("() => [...document.images].every((image) => image.complete)")
        page.screenshot(path=IMAGES / "setup.png")
        page.get_by_role("button", name="Write it").click()
        page.get_by_text("new.yaml is written.").wait_for()
        page.goto(f"{page.url.rstrip('/')}/settings")
        page.wait_for_selector("body[data-ready]")
        rule = page.get_by_role("group", name="screenshot")
        rule.get_by_label("Action").select_option("move")
        rule.get_by_label("To", exact=True).fill("~/Pictures/Screenshots/%Y-%m")
        rule.get_by_label("After days").fill("30")
        page.get_by_role("group", name="document").get_by_label("Action").select_option("keep")
        page.get_by_label("What changes in the config").filter(has_text="document").wait_for()
        page.screenshot(path=IMAGES / "settings.png")


def prepare_copies(folder: Path) -> Path:
    """Put photographs and copies of them into a folder, and let them be judged."""
    rng, config, phone = np.random.default_rng(8), folder / "copies.yaml", folder / "Pictures" / "Camera"
    phone.mkdir()
    rule = {"action": "quarantine"}
    paths = {"quarantine": {"path": str(folder / "copies")}, "state": str(folder / "state-copies")}
    config.write_text(json.dumps({"watch": [{"path": str(phone)}], "duplicates": rule, **paths}))
    for number, name in enumerate(PHOTOGRAPHS):
        shot = view(Image.fromarray(getattr(skimage.data, name)()), rng)
        shot.save(phone / f"DSC_{4100 + number}.jpg", quality=95)
        shot.resize((240, 180)).save(phone / f"IMG-20261120-WA{number:04}.jpg", quality=60)
        if number % 2 == 0:
            captioned = shot.copy()
            draw = ImageDraw.Draw(captioned)
            draw.text((24, 290), "look at this!", fill="white", font=ImageFont.load_default(44))
            captioned.save(phone / f"forwarded-{number}.jpg", quality=70)
    imgwatch("rescan", "--yes", config=config)
    return config


def take_copies(look: Look) -> None:
    """Take the picture of the page that shows copies beside the pictures that were kept."""
    page = look("copies", width=1100, height=760)
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    page.screenshot(path=IMAGES / "copies.png")


def take(look: Look) -> None:
    """Take the pictures of the main pages."""
    for name, (width, height) in {"review": (1360, 1000), "review-phone": (390, 844)}.items():
        page = look("#clusters", width=width, height=height)
        page.locator(".crowd").nth(2).wait_for()
        page.locator("#state:not(:empty)").wait_for()
        page.wait_for_function(LOADED)
        page.screenshot(path=IMAGES / f"{name}.png")
    page = look(width=1360, height=860, scheme="dark")
    page.locator(".stack:visible").first.wait_for(timeout=60000)
    page.locator("#order").select_option("reason")
    page.locator(".card").nth(6).click()
    page.locator("#similar li").first.wait_for()
    page.keyboard.press("h")
    page.locator("#heat:visible").wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "review-dark.png")
    page = look(width=1360, height=860)
    page.locator(".stack:visible").first.wait_for()
    page.locator(".card", has=page.locator(".stack:visible")).first.dblclick()
    page.locator("#full-normal img").wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "review-full.png")
    page = look("activity", width=1000, height=1250)
    page.locator("#promise").press("ArrowRight")
    page.screenshot(path=IMAGES / "activity.png")


if __name__ == "__main__":
    main()
