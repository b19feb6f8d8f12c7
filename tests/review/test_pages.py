"""What the pages show."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from conftest import dark
from gallery import Browser, Open, Scene
from imgwatch.commands.context import open_ledger
from imgwatch.drift import Drift
from imgwatch.files import Identity
from imgwatch.ledger import Row
from imgwatch.lifecycle import FileState
from imgwatch.model.scorer import Scorer
from imgwatch.review.grouping import Grouping
from imgwatch.settings import ModelFile


def _picture(browser: Browser) -> str:
    return str(browser.rows()[0]["id"])


def _details_with_similar(browser: Browser, picture: str) -> dict[str, list[dict[str, str]]]:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        details: dict[str, list[dict[str, str]]] = browser.client.get(f"/pictures/{picture}").json()
        if len(details["similar"]) == 3:
            return details
    raise AssertionError("no similar pictures were found in time")


def test_a_picture_is_shown_encoded_anew(scene: Scene, open_gallery: Open) -> None:
    scene.fill(1)
    browser = open_gallery(scene)
    lying = next((scene.settings.quarantine.path / "pictures").iterdir()).read_bytes()
    for size in ("small", "large"):
        answer = browser.client.get(f"/pictures/{_picture(browser)}/{size}")
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.content != lying
        assert Image.open(io.BytesIO(answer.content)).size == (24, 24)


def test_a_hostile_file_is_not_shown_and_can_still_be_decided(scene: Scene, open_gallery: Open) -> None:
    scene.fill(1)
    next((scene.settings.quarantine.path / "pictures").iterdir()).write_bytes(b"<script>alert(1)</script>")
    browser = open_gallery(scene)
    picture = _picture(browser)
    assert browser.client.get(f"/pictures/{picture}/large").status_code == 404
    assert browser.client.get(f"/pictures/{picture}").status_code == 200
    assert browser.decide("delete", picture)["done"] == [picture]


def test_details_say_why_and_what_is_like_it(scene: Scene, open_gallery: Open) -> None:
    scene.fill(1, normal=5)
    browser = open_gallery(scene)
    details = _details_with_similar(browser, _picture(browser))
    assert "brighter than your pictures" in str(details["reason"])
    assert browser.client.get(f"/normal/{details['similar'][0]['sha256']}").status_code == 200
    heat = browser.client.get(f"/pictures/{_picture(browser)}/heat")
    assert Image.open(io.BytesIO(heat.content)).mode == "RGBA"


def test_without_a_model_the_gallery_still_works_and_says_so(scene: Scene, open_gallery: Open) -> None:
    scene.fill(1)
    moved = msgspec.structs.replace(scene.settings, model=ModelFile(scene.inbox / "gone.onnx"))
    scene.settings = moved
    browser = open_gallery(scene)
    assert "no such model file" in browser.client.get("/").text
    assert browser.client.get("/activity").status_code == 200
    assert browser.client.get(f"/pictures/{_picture(browser)}/large").status_code == 200
    assert browser.decide("delete", _picture(browser))["failed"] == {}


def test_activity_counts_days_and_says_what_would_move(scene: Scene, open_gallery: Open) -> None:
    scene.fill(3, normal=4)
    (scene.inbox / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    scene.judge(scene.inbox / "torn.png")
    text = open_gallery(scene).client.get("/activity").text
    assert "8 pictures judged and 3 quarantined" in text
    assert "torn.png" in text
    assert "damaged" in text or "not a picture" in text
    assert "data-promises" in text


def test_the_breaker_is_told(scene: Scene, open_gallery: Open) -> None:
    with open_ledger(scene.settings) as ledger:
        ledger.facts.open_breaker("")
    assert "imgwatch resume" in open_gallery(scene).client.get("/activity").text


def test_a_changed_folder_is_told(scene: Scene, open_gallery: Open, model_file: Path) -> None:
    assert "Drift: 0 of the first 200 kept pictures compared so far" in (
        open_gallery(scene).client.get("/activity").text
    )
    changed = Drift(Scorer(model_file).name, drifts=True, chance=0.001, median=0.8)
    with open_ledger(scene.settings) as ledger:
        ledger.facts.put_drift(changed.to_json())
    text = open_gallery(scene).client.get("/activity").text
    assert '<p class="warn">Drift: your folder has changed: half of the last 200 kept pictures' in text
    assert "imgwatch calibrate" in text


def test_the_grid_is_headed_by_how_many_are_the_users_own(scene: Scene, open_gallery: Open) -> None:
    assert "are yours" not in open_gallery(scene).client.get("/").text
    scene.fill(4, normal=4)
    text = open_gallery(scene).client.get("/").text
    assert "Of 100 pictures in quarantine, about" in text
    assert "you have decided on none yet" in text


def test_names_are_shown_and_never_run(scene: Scene, open_gallery: Open) -> None:
    odd = scene.inbox / "<img src=x onerror=alert(1)>\u202egnp.png"
    dark(odd)
    odd.write_bytes((scene.inbox / odd.name).read_bytes())
    scene.fill(1)
    (scene.inbox / "broken <b>.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    scene.judge(scene.inbox / "broken <b>.png")
    assert "broken &lt;b&gt;.png" in open_gallery(scene).client.get("/activity").text


def test_pictures_with_one_reason_come_together_whatever_its_figures(
    scene: Scene, open_gallery: Open
) -> None:
    scene.fill(3)
    rows = open_gallery(scene).rows()
    assert {(row["code"], row["reason"], row["kind"]) for row in rows} == {
        ("other_part", "brighter than your pictures", "stranger")
    }
    assert len({row["score"] for row in rows}) > 1, "their figures differ"


def test_near_identical_pictures_come_together() -> None:
    import numpy as np

    rng, alike = np.random.default_rng(0), Grouping()
    shots = rng.normal(size=(3, 500))
    names = [
        alike.assign(f"{n}-{k}", shots[n] + rng.normal(size=500) * 0.05) for k in range(20) for n in range(3)
    ]
    assert set(names) == {"0-0", "1-0", "2-0"}


def test_the_activity_page_counts_all_that_is_held_back_and_names_the_first(
    scene: Scene, open_gallery: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(scene.inbox.parent))
    identity = Identity.of(dark(scene.inbox / "held.png").lstat())
    with open_ledger(scene.settings) as ledger:
        rows = [Row(scene.inbox / f"held-{n:03}.png", identity, FileState.HELD) for n in range(130)]
        ledger.remember(rows, time.time())
        ledger.facts.open_breaker("")
    text = open_gallery(scene).client.get("/activity").text
    assert "130 wait where they are" in text
    assert "<code>~/inbox/held-099.png</code>" in text
    assert "held-100" not in text
    assert "and 30 more" in text


@pytest.mark.parametrize("address", ["/", "/activity", "/training"])
def test_every_page_counts_what_is_in_quarantine_for_later_and_in_the_bin(
    scene: Scene, open_gallery: Open, address: str
) -> None:
    scene.fill(3)
    browser = open_gallery(scene)
    browser.decide("delete", _picture(browser))
    text = browser.client.get(address).text
    counts = dict(re.findall(r'data-count="(\w+)">([\d,]*)<', text))
    assert counts == {"open": "2", "later": "", "binned": "1"}
