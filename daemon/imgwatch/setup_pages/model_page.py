"""The setup's page about models: train one in the background, compare it with the one in use, take it into use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from imgwatch import new_model
from imgwatch.comparing import compare, sample_of
from imgwatch.config import load_config
from imgwatch.errors import shown
from imgwatch.extras import require_extra
from imgwatch.model import versions
from imgwatch.progress import Progress
from imgwatch.review.answers import answer, json_of, page
from imgwatch.setting_up import config_file
from imgwatch.settings import Settings
from imgwatch.setup_pages.job import Job
from imgwatch.setup_pages.training import Training, end_of
from imgwatch.setup_pages.written_config import written_config

_LOG = "training.log"  # in the folder of the daemon's state
Comparison = dict[str, object]


def train_command(config: Path, out: Path) -> Sequence[str]:
    """Return the command that trains on the watched folders, and leaves the config as it is."""
    options = ("--config", str(config), "--out", str(out), "--no-use", "--yes", "--progress-log")
    return [sys.executable, "-m", "imgwatch", "train", *options]


class ModelPage:
    """The page, its training, and its comparison; they need a config."""

    def __init__(
        self, config: Path | None, general_model: Path, train: Callable[[Path, Path], Sequence[str]]
    ) -> None:
        self._config = config
        self._general_model = general_model
        self._train = train
        self._training = Training()
        self._comparison: Job[Comparison] | None = None

    def routes(self) -> list[Route]:
        """Return the page's routes."""
        return [
            Route("/model", self._page),
            Route("/model/train", self._start, methods=["POST"]),
            Route("/model/cancel", self._cancel, methods=["POST"]),
            Route("/model/training", self._progress),
            Route("/model/compare", self._compare, methods=["POST"]),
            Route("/model/comparison", self._compared),
            Route("/model/use", self._use, methods=["POST"]),
        ]

    def close(self) -> None:
        """End the training."""
        self._training.cancel()

    def _page(self, _: Request) -> Response:
        settings = self._settings()
        folders = ", ".join(str(watch.path) for watch in settings.watch)
        return HTMLResponse(page("model", folders=shown(folders)))

    async def _start(self, _: Request) -> Response:
        """Start a training, whose model will wait beside the one in use; one that waits stays until it is whole."""
        settings = self._settings()
        require_extra("train")
        command = self._train(config_file(self._config).absolute(), new_model.waiting_model(settings))
        await run_in_threadpool(self._training.start, command, settings.state / _LOG)
        return self._answer_training(settings)

    async def _cancel(self, _: Request) -> Response:
        await run_in_threadpool(self._training.cancel)
        return self._answer_training(self._settings())

    def _progress(self, _: Request) -> Response:
        return self._answer_training(self._settings())

    def _answer_training(self, settings: Settings) -> Response:
        """Answer with the training's state and log, and the file in which a new model waits, if one does."""
        waiting = new_model.waiting_model(settings)
        return answer(
            {
                "state": self._training.state,
                "log": end_of(settings.state / _LOG),
                "waiting": shown(waiting.name) if waiting.exists() else None,
                "kept_as": shown(versions.previous_of(waiting).name),
            }
        )

    async def _compare(self, _: Request) -> Response:
        """Start to compare, in the background."""
        if self._comparison is not None and self._comparison.is_running:
            raise HTTPException(409, "it is comparing already")
        self._comparison = Job("comparing", self._work)
        return answer(self._comparison.progress())

    def _compared(self, _: Request) -> Response:
        """Answer with the progress, and in the end with what each model would move."""
        if self._comparison is None:
            return answer({"state": "none"})
        return answer({**self._comparison.progress(), **(self._comparison.outcome or {})})

    def _work(self, progress: Progress) -> Comparison:
        settings, file = self._settings(), config_file(self._config)
        models = new_model.models_to_compare(settings, self._general_model)
        sample = sample_of(settings)
        compared = compare(models, sample, settings, progress)
        facts = [{"model": role, **comparison.facts()} for role, comparison in compared.items()]
        return {
            "kept": len(sample.kept),
            "quarantined": len(sample.quarantined),
            "models": [fact | {"file": shown(str(fact["file"]))} for fact in facts],
            "diff": new_model.change_of_config(file, settings) if "new" in models else "",
        }

    async def _use(self, request: Request) -> Response:
        """Take the new model into use, if it is still the one that the page compared."""
        settings, seen = self._settings(), (await json_of(request)).get("name")
        compared = None if self._comparison is None else self._comparison.outcome
        models = [] if compared is None else compared["models"]
        assert isinstance(models, list)
        fresh = new_model.waiting_model(settings)
        if not any(model["model"] == "new" and model["name"] == seen for model in models):
            raise HTTPException(409, "compare the models first")
        if fresh.exists() and new_model.name_of(fresh) != seen:
            raise HTTPException(409, "another new model waits by now: compare again")
        outcome = await run_in_threadpool(new_model.take_into_use, config_file(self._config), settings)
        self._comparison = None
        return answer({"says": f"The new model is in use. {outcome}"})

    def _settings(self) -> Settings:
        return load_config(written_config(self._config))
