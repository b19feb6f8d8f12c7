"""The setup's page about changes of the config: the last ones, each with its difference, undone one after another."""

from __future__ import annotations

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from imgwatch.config import editing, load_config
from imgwatch.config.history import Change, History
from imgwatch.errors import shown
from imgwatch.reload import ask_for_reload
from imgwatch.review.answers import answer, json_of, page
from imgwatch.setup_pages.written_config import written_config


class HistoryPage:
    """The page. All of it needs a config."""

    def __init__(self, config: Path | None) -> None:
        self._config = config

    def routes(self) -> list[Route]:
        """Return its addresses."""
        return [
            Route("/history", self._page),
            Route("/history/changes", self._changes),
            Route("/history/{step:str}", self._take, methods=["POST"]),
        ]

    def _page(self, _: Request) -> Response:
        return HTMLResponse(page("history", config=shown(written_config(self._config))))

    def _changes(self, _: Request) -> Response:
        """Answer with the changes, newest first, and the `step` that each can take next: undo, redo, or none."""
        file = written_config(self._config)
        history = History.of(file)
        last, last_undone = history.last, history.last_undone
        listed = []
        for change in reversed(history.changes):
            step = "undo" if change == last else "redo" if change == last_undone else None
            listed.append(change.facts() | {"diff": _diff(file, change), "step": step})
        return answer({"changes": listed})

    async def _take(self, request: Request) -> Response:
        """Undo the last change, or make the last undone one again, if it is still the one that the page showed."""
        step, seen, file = (
            request.path_params["step"],
            (await json_of(request)).get("diff"),
            written_config(self._config),
        )
        history = History.of(file)
        steps = {
            "undo": (history.last, editing.undo, "is as it was before"),
            "redo": (history.last_undone, editing.redo, "is changed again"),
        }
        if step not in steps:
            raise HTTPException(404, "there is no such step")
        change, take, outcome = steps[step]
        if change is None or seen != _diff(file, change):
            raise HTTPException(409, "the config was changed meanwhile: load the page again")
        await run_in_threadpool(take, file, history.text)
        return answer({"says": shown(f"{file} {outcome}. {ask_for_reload(load_config(file))}")})


def _diff(file: Path, change: Change) -> str:
    return editing.difference(file, change.before, change.after)
