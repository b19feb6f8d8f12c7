"""A quarantine of fifty thousand pictures: how long does the gallery take to start, answer and scroll, how large is it?

    .venv/bin/python benchmarks/gallery.py [--pictures 50000]

Fills a quarantine with small pictures, as if a daemon had moved them, and one of twelve megapixels; starts the real
`imgwatch review`, asks it as a browser does, then looks at it in Chromium. Prints one figure a line. The model is the
tests' own (brightness). It finds near-identical pictures in the background all the while, as for a user.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import HTTPCookieProcessor, Request, build_opener

import numpy as np
from msgspec.structs import replace
from PIL import Image
from playwright.sync_api import CDPSession

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from browsing import chromium
from conftest import picture_bytes, write_brightness_model
from imgwatch.commands.configured_models import open_judge
from imgwatch.commands.context import load_settings, open_ledger, open_quarantine
from imgwatch.judgement import in_words
from imgwatch.pipeline import Pipeline
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.record import Record

REASONS = ("looks like a document", "has words across it", "blurred", "unlike any of your pictures")
STEPS = 200
SCROLL = f"""async () => {{
  const scroll = document.getElementById('scroll');
  for (let at = 0; at < {STEPS}; at++) {{
    scroll.scrollTop = at * scroll.scrollHeight / {STEPS};
    await new Promise(requestAnimationFrame);
  }} }}"""


def main() -> None:
    """Fill, start, ask, look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=50_000)
    pictures = parser.parse_args().pictures
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "imgwatch", "review", "--no-open", "--config"]
        command.append(str(prepare(Path(folder), pictures)))
        begun = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            say("started in", time.perf_counter() - begun, "s")
            ask_for(address, pictures)
            look_at(address)
            for word, key in (("in the end", "VmRSS"), ("at most", "VmHWM")):
                say(f"memory of the server, {word}", memory(server.pid, key), "MB")
            server.terminate()


def prepare(folder: Path, pictures: int) -> Path:
    """Fill a quarantine: one large picture by the real way, the others written as that one is."""
    inbox, config = folder / "inbox", folder / "config.yaml"
    inbox.mkdir()
    model = write_brightness_model(folder / "brightness.onnx")
    config.write_text(
        f"watch: [{{path: {inbox}}}]\nmodel: {model}\nstate: {folder / 'state'}\n"
        f"quarantine: {{path: {folder / 'quarantine'}}}\nbreaker: {{window: 1000000, share: 1}}\n"
    )
    settings = load_settings(config)
    pixels = np.random.default_rng(0).integers(150, 256, (3000, 4000, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(inbox / "large.jpg", quality=90)
    with open_ledger(settings) as ledger, open_judge(settings) as judge:
        list(Pipeline(lambda: judge, open_quarantine(settings), ledger, Policy()).run([inbox / "large.jpg"]))
    quarantine = open_quarantine(settings)
    fill(quarantine, next(quarantine.list()), pictures - 1)
    return config


def fill(quarantine: Quarantine, model: Record, count: int) -> None:
    """Write pictures, records and log lines, after the model of one."""
    folder = quarantine.path
    rng = np.random.default_rng(1)
    with (folder / "log.jsonl").open("a") as log:
        for number in range(count):
            content = picture_bytes(150 + number % 100, size=8)
            digest = hashlib.sha256(content).hexdigest()
            name = f"IMG_{number:05}.png"
            judgement = replace(
                model.judgement,
                score=0.5 + float(rng.random()) / 2,
                sha256=digest,
                reason=in_words(REASONS[number % len(REASONS)]),
            )
            record = replace(
                model,
                id=f"{number:012x}",
                file=name,
                original=f"{Path(model.original).parent}/{number % 40}/{name}",
                size_bytes=len(content),
                judgement=judgement,
                quarantined_at=datetime.now(UTC) - timedelta(seconds=count - number),
            ).to_json()
            (folder / "pictures" / name).write_bytes(content)
            (folder / "records" / f"{name}.json").write_text(json.dumps(record))
            line = {"event": "quarantined", "at": record["quarantined_at"], "record": record}
            log.write(json.dumps(line) + "\n")


def ask_for(address: str, pictures: int) -> None:
    """Ask for all that a page asks for."""
    origin = address.partition("/?")[0]
    opener = build_opener(HTTPCookieProcessor())

    def get(path: str, body: object = None) -> bytes:
        content = None if body is None else json.dumps(body).encode()
        headers = {"Origin": origin, "Content-Type": "application/json"}
        with opener.open(Request(origin + path, content, headers)) as answer:
            return bytes(answer.read())

    time_it("the page", lambda: get(address.removeprefix(origin)))
    rows = time_it("all rows", lambda: get("/pictures"))
    page = json.loads(rows)
    assert len(page["pictures"]) == pictures
    say("all rows", len(rows) / 1e6, "MB")
    time_it("all rows, the second time", lambda: get("/pictures"))
    large, small = (next(row["id"] for row in page["pictures"] if row["name"].startswith(name))
                    for name in ("large", "IMG_00777"))  # fmt: skip
    time_it("a thumbnail", lambda: get(f"/pictures/{small}/small"))
    time_it("a thumbnail of twelve megapixels", lambda: get(f"/pictures/{large}/small"))
    time_it("the same again", lambda: get(f"/pictures/{large}/small"))
    since = {"since": page["version"]}
    time_it(
        "a verdict", lambda: get("/decide", {"verb": "delete", "ids": [small], "shown_as": "open"} | since)
    )
    time_it("undo", lambda: get("/undo", since))
    many = [row["id"] for row in page["pictures"][:500]]
    time_it(
        "a verdict on 500",
        lambda: get("/decide", {"verb": "delete", "ids": many, "shown_as": "open"} | since),
    )
    time_it("the page Activity", lambda: get("/activity"))


def look_at(address: str) -> None:
    """Open it in Chromium and scroll from end to end."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1300, "height": 850})
        page.set_default_timeout(120_000)
        begun = time.perf_counter()
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        page.wait_for_selector(".card")
        say("the gallery in Chromium, until the first picture", time.perf_counter() - begun, "s")
        metrics = page.context.new_cdp_session(page)
        metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = busy(metrics)
        page.evaluate(SCROLL)
        step = 1000 * (busy(metrics) - before) / STEPS
        say(f"scrolling end to end in {STEPS} steps, processor time of the page a step", step, "ms")
        begun = time.perf_counter()
        page.locator("#order").select_option("reason")
        page.wait_for_selector(".head")
        say("another order", time.perf_counter() - begun, "s")
        heap = page.evaluate("performance.memory.usedJSHeapSize")
        say("memory of the page's script", heap / 1e6, "MB")


def busy(metrics: CDPSession) -> float:
    """Return the processor time that the page has used, in seconds: what else runs on the machine does not count."""
    values = {metric["name"]: metric["value"] for metric in metrics.send("Performance.getMetrics")["metrics"]}
    return float(values["TaskDuration"])


def time_it(what: str, act: Callable[[], bytes]) -> bytes:
    """Do it and say how long it took."""
    begun = time.perf_counter()
    result = act()
    say(what, time.perf_counter() - begun, "s")
    return result


def memory(process: int, key: str) -> float:
    """Return a figure of a process's memory, in megabytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition(f"{key}:")[2].split()[0]) / 1000


def say(what: str, figure: float, unit: str) -> None:
    """Print one figure."""
    print(f"{what}: {figure:.3g} {unit}", flush=True)


if __name__ == "__main__":
    main()
