"""A quarantine with pictures in it, and the gallery over it, asked directly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.testclient import TestClient
from starlette.types import ASGIApp

from conftest import bright, dark
from imgwatch.commands.configured_models import open_judge
from imgwatch.commands.context import load_settings, open_ledger, open_quarantine
from imgwatch.pipeline import Pipeline
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine
from imgwatch.review.door import Door
from imgwatch.review.guard import Hosts
from imgwatch.review.keys import Keys
from imgwatch.review.server import GalleryContext, guarded, open_gallery
from imgwatch.settings import Settings

PORT = 8123
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"


@dataclass
class Scene:
    """Watched folder, settings and quarantine of one test."""

    inbox: Path
    config: Path
    settings: Settings

    def reload(self) -> None:
        """Read the config again."""
        self.settings = load_settings(self.config)

    def quarantine(self) -> Quarantine:
        with open_ledger(self.settings) as ledger:
            return open_quarantine(self.settings, ledger)

    def judge(self, *paths: Path) -> None:
        """Judge and move, as the daemon does."""
        with open_ledger(self.settings) as ledger, open_judge(self.settings) as judge:
            pipeline = Pipeline(lambda: judge, open_quarantine(self.settings, ledger), ledger, Policy())
            list(pipeline.run(paths))

    def fill(self, junk: int, normal: int = 0) -> None:
        self.judge(
            *(bright(self.inbox / f"junk_{n:03}.png") for n in range(junk)),
            *(dark(self.inbox / f"fine_{n:03}.png") for n in range(normal)),
        )


@dataclass
class Browser:
    """A browser that has been let in; `without_key` is one that has not."""

    client: TestClient
    without_key: TestClient
    keys: Keys
    app: ASGIApp

    def post(self, address: str, asked: object = None) -> dict[str, object]:
        answer = self.client.post(address, json=asked or {}, headers={"Origin": ORIGIN})
        assert answer.status_code == 200, answer.text
        body: dict[str, object] = answer.json()
        return body

    def decide(self, verb: str, *ids: str, shown_as: str = "open") -> dict[str, object]:
        return self.post("/decide", {"verb": verb, "ids": ids, "shown_as": shown_as})

    def rows(self) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = self.client.get("/pictures").json()["pictures"]
        return rows


@contextmanager
def opened_browser(scene: Scene, door: Door | None = None, keys: Keys | None = None) -> Iterator[Browser]:
    """Open the gallery over a scene in this process, and let a browser in."""
    workplace = GalleryContext(
        scene.settings,
        scene.quarantine(),
        lambda: open_ledger(scene.settings),
        lambda: open_judge(scene.settings, workers=1),
        lambda: [scene.inbox],
    )
    with open_gallery(workplace) as gallery:
        keys = keys or Keys()
        door = door or Door()
        app = guarded(gallery, keys, Hosts(PORT, names=door.names), door)
        clients = [TestClient(app, base_url=ORIGIN) for _ in range(2)]
        clients[0].get(f"/?token={keys.token}")
        yield Browser(clients[0], clients[1], keys, app)


Open = Callable[[Scene], Browser]
