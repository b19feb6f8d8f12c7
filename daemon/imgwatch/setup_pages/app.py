"""The setup page's addresses, and what answers each. It writes nothing before the user says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from imgwatch import review
from imgwatch.calibration.calibrated import Calibrated
from imgwatch.errors import ImgwatchError, shown
from imgwatch.outlook import Outlook
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Limits, Shape
from imgwatch.progress import Progress
from imgwatch.reload import ask_for_reload
from imgwatch.review.answers import answer, json_of, number_of, page, picture, text_of
from imgwatch.review.pictures import SMALL, Thumbnails
from imgwatch.setting_up import Setup, config_file
from imgwatch.setup_pages.history_page import HistoryPage
from imgwatch.setup_pages.job import Job
from imgwatch.setup_pages.model_page import ModelPage, train_command
from imgwatch.setup_pages.settings_page import SettingsPage

_STATIC = Path(review.__file__).parent / "static"
_SHARES = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1)
_MOST_SHOWN = 2000


@dataclass(frozen=True)
class Learned:
    """The outcome of learning: the setup, the fitted model, and what that would move."""

    setup: Setup
    model: Calibrated
    outlook: Outlook


@contextmanager
def open_pages(
    config: Path | None,
    general_model: Path,
    install_service: Callable[[Path], None],
    train: Callable[[Path, Path], Sequence[str]] = train_command,
) -> Iterator[SetupPages]:
    """Yield the pages, with a worker that decodes their pictures; a training ends with them."""
    decoder = Decoder(Shape(8, 8, "RGB"), Limits(follows_links=False), 1)
    model_page = ModelPage(config, general_model, train)
    try:
        yield SetupPages(config, general_model, install_service, Thumbnails(decoder), model_page)
    finally:
        model_page.close()
        decoder.close()


class SetupPages:
    """The application of the setup's pages."""

    def __init__(
        self,
        config: Path | None,
        general_model: Path,
        install_service: Callable[[Path], None],
        thumbnails: Thumbnails,
        model_page: ModelPage,
    ) -> None:
        self._config = config
        self._general_model = general_model
        self._install_service = install_service
        self._thumbnails = thumbnails
        self._model_page = model_page
        self._settings_page = SettingsPage(config)
        self._job: Job[Learned] | None = None

    def stop(self) -> None:
        """End the event streams, of which there are none."""

    def app(self) -> Starlette:
        """Return the application, without its guard."""
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/learn", self._learn, methods=["POST"]),
                Route("/progress", self._progress),
                Route("/outlook", self._outlook),
                Route("/strangers/{number}", self._stranger),
                Route("/changes", self._changes, methods=["POST"]),
                Route("/write", self._write, methods=["POST"]),
                *self._model_page.routes(),
                *self._settings_page.routes(),
                *HistoryPage(self._config).routes(),
                Mount("/static", StaticFiles(directory=_STATIC)),
            ],
            exception_handlers={ImgwatchError: _refused},
        )

    def _page(self, _: Request) -> Response:
        file = config_file(self._config)
        watched = Setup.begin(file, None, self._general_model).watched if file.exists() else []
        usual = watched or [Path.home() / "Pictures" / "Inbox"]
        filled_in = page(
            "setup",
            config=shown(file),
            is_new=not watched,
            watched=shown(", ".join(map(str, usual))),
        )
        return HTMLResponse(filled_in)

    async def _learn(self, request: Request) -> Response:
        """Start to learn, in the background."""
        request_json = await json_of(request)
        if self._job is not None and self._job.is_running:
            raise HTTPException(409, "it is learning already")
        is_first = not config_file(self._config).exists()
        named = text_of(request_json, "watch").strip()
        watch = Path(named) if is_first and named else None
        normal = [
            Path(line).expanduser().absolute()
            for line in text_of(request_json, "normal").splitlines()
            if line
        ]
        setup = await run_in_threadpool(Setup.begin, self._config, watch, self._general_model)
        self._job = Job("learning", partial(_learn, setup, normal))
        return answer(self._job.progress())

    def _progress(self, _: Request) -> Response:
        return answer({"state": "none"} if self._job is None else self._job.progress())

    def _outlook(self, _: Request) -> Response:
        """Answer with what each promise would move."""
        learned = self._learned()
        strangers = learned.outlook.strangers[:_MOST_SHOWN]
        return answer(
            {
                "learned": len(learned.model.paths),
                "pictures": learned.outlook.pictures,
                "present": learned.setup.present_share,
                "warnings": [shown(warning) for warning in learned.setup.sync_warnings],
                "has_systemd": Path("/run/systemd/system").is_dir(),
                "promises": [
                    {
                        "share": line.false_alarms,
                        "threshold": line.threshold,
                        "would_move": line.would_move,
                        "fewest": 0 if line.can_be_kept else line.fewest_pictures,
                    }
                    for line in learned.model.preview(_SHARES)
                ],
                "strangers": [
                    {
                        "name": shown(stranger.path.name),
                        "score": stranger.score,
                        "kind": str(stranger.kind or "stranger"),
                    }
                    for stranger in strangers
                ],
            }
        )

    def _stranger(self, request: Request) -> Response:
        """Answer with a picture, by its number in the list."""
        strangers = self._learned().outlook.strangers
        number = number_of(request)
        if number >= len(strangers):
            raise HTTPException(404, "there is no such picture")
        path = strangers[number].path
        return picture(self._thumbnails.of(str(path), path, SMALL))

    async def _changes(self, request: Request) -> Response:
        """Answer with the changes to an existing config, as a diff."""
        learned, values = self._learned(), self._values(await json_of(request))
        return answer({"diff": await run_in_threadpool(learned.setup.changes, values)})

    async def _write(self, request: Request) -> Response:
        """Write model and config; install and start the service if the user wants it."""
        learned, request_json = self._learned(), await json_of(request)
        values = self._values(request_json)
        written = await run_in_threadpool(learned.setup.write, values, learned.model)
        sentences = [f"{path} is written." for path in written]
        if request_json.get("service") is True:
            await run_in_threadpool(self._install_service, learned.setup.file)
            sentences.append("The service is installed and runs.")
        elif not learned.setup.is_new:
            sentences.append(ask_for_reload(learned.setup.settings))
        else:
            sentences.append("Start it with `imgwatch watch`, or `imgwatch service install`.")
        self._job = None
        return answer({"says": [shown(line) for line in sentences]})

    def _learned(self) -> Learned:
        if self._job is None or self._job.outcome is None:
            raise HTTPException(409, "nothing was learned yet")
        return self._job.outcome

    def _values(self, request_json: dict[str, Any]) -> dict[str, str | float]:
        share = request_json.get("share")
        if share not in _SHARES:
            raise HTTPException(400, "no such promise")
        return self._learned().setup.chosen(share, only_reports=request_json.get("only_reports") is True)


def _learn(setup: Setup, normal: Sequence[Path], progress: Progress) -> Learned:
    model = setup.learn(normal, setup.present_share, progress)
    return Learned(setup, model, setup.look_ahead(model, progress))


def _refused(_: Request, fault: Exception) -> Response:
    return answer({"error": str(fault)}, 400)
