"""The setup's page about changes of the config: the last ones, each with its difference, undone one after another."""

from __future__ import annotations

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from imgwatch import config_edit
from imgwatch.config import load_config
from imgwatch.config_history import Change, History
from imgwatch.errors import shown
from imgwatch.reload import ask_for_reload
from imgwatch.review.answers import answer, json_of, page
from imgwatch.setting_up import config_file


class HistoryPage:
    """The page. All of it needs a config."""

    def __init__(self, config: Path | None) -> None:
        self._config = config

    def routes(self) -> list[Route]:
        """Return its addresses."""
        return [
            Route("/history", self._page),
            Route("/history/changes", self._changes),
            Route("/history/undo", self._undo, methods=["POST"]),
            Route("/history/redo", self._redo, methods=["POST"]),
        ]

    def _page(self, _: Request) -> Response:
        return HTMLResponse(page("history", config=shown(self._file())))

    def _changes(self, _: Request) -> Response:
        """Answer with the changes, newest first, and the `step` that each can take next: undo, redo, or none."""
        file = self._file()
        history = History.of(file)
        last, last_undone = history.last, history.last_undone
        listed = []
        for change in reversed(history.changes):
            step = "undo" if change == last else "redo" if change == last_undone else None
            listed.append(change.facts() | {"diff": _diff(file, change), "step": step})
        return answer({"changes": listed})

    async def _undo(self, request: Request) -> Response:
        """Undo the last change, if it is still the one that the page showed."""
        seen, file = (await json_of(request)).get("diff"), self._file()
        history = History.of(file)
        _require(seen, file, history.last)
        await run_in_threadpool(config_edit.undo, file, history.text)
        return _outcome(file, "is as it was before")

    async def _redo(self, request: Request) -> Response:
        """Make the change again that was undone last, if it is still the one that the page showed."""
        seen, file = (await json_of(request)).get("diff"), self._file()
        history = History.of(file)
        _require(seen, file, history.last_undone)
        await run_in_threadpool(config_edit.redo, file, history.text)
        return _outcome(file, "is changed again")

    def _file(self) -> Path:
        file = config_file(self._config)
        if not file.exists():
            raise HTTPException(409, "there is no config yet: set a folder up first")
        return file


def _diff(file: Path, change: Change) -> str:
    return config_edit.difference(file, change.before, change.after)


def _require(seen: object, file: Path, change: Change | None) -> None:
    if change is None or seen != _diff(file, change):
        raise HTTPException(409, "the config was changed meanwhile: load the page again")


def _outcome(file: Path, what: str) -> Response:
    return answer({"says": shown(f"{file} {what}. {ask_for_reload(load_config(file))}")})
