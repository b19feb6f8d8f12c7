"""The setup's page about settings: promise, mode, what is done with each kind, watched folders, the whole config.

The page holds a text of the config, which each choice edits; nothing is written before its difference was shown.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, get_args

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from imgwatch.config import parse_config, read_config
from imgwatch.config.editing import difference, replace_config
from imgwatch.config.yaml_text import with_folder, with_key, without_folder
from imgwatch.errors import shown
from imgwatch.judgement import Kind
from imgwatch.reload import ask_for_reload
from imgwatch.review.answers import answer, json_of, page, text_of
from imgwatch.settings import Settings
from imgwatch.settings.kinds import Action
from imgwatch.setup_pages.written_config import written_config

_KEYS = ("mode", "threshold", "threshold.false_alarms", *(f"kinds.{kind}" for kind in Kind))


class SettingsPage:
    """The page. All of it needs a config."""

    def __init__(self, config: Path | None) -> None:
        self._config = config

    def routes(self) -> list[Route]:
        """Return its addresses."""
        return [
            Route("/settings", self._page),
            Route("/settings/edit", self._edit, methods=["POST"]),
            Route("/settings/write", self._write, methods=["POST"]),
        ]

    def _page(self, _: Request) -> Response:
        file, text = self._read()
        return HTMLResponse(
            page(
                "settings",
                config=shown(file),
                text=text,
                version=_version(text),
                kinds=[*Kind],
                actions=get_args(Action),
            )
        )

    async def _edit(self, request: Request) -> Response:
        """Answer with the text after one choice (`key` and `value`, `add` or `remove`), and with what it says."""
        request_json, (file, present) = await json_of(request), self._read()
        text = _edited(_sent(request_json, present), request_json)
        settings = parse_config(text, str(file))
        return answer({"text": text, "diff": difference(file, present, text), **_facts(settings)})

    async def _write(self, request: Request) -> Response:
        """Write the text, if the config is still what the page began with."""
        request_json, (file, present) = await json_of(request), self._read()
        if request_json.get("version") != _version(present):
            raise HTTPException(409, "the config was changed meanwhile: load the page again")
        text = _sent(request_json, present)
        await run_in_threadpool(replace_config, file, text)
        outcome = ask_for_reload(parse_config(text, str(file)))
        return answer({"says": shown(f"{file} is written. {outcome}"), "version": _version(text)})

    def _read(self) -> tuple[Path, str]:
        file = written_config(self._config)
        return file, read_config(file)


def _sent(request_json: dict[str, Any], present: str) -> str:
    """Return the text that the page holds, with the config's ends of lines, which a browser does not keep."""
    text = text_of(request_json, "text").replace("\r\n", "\n")
    return text.replace("\n", "\r\n") if "\r\n" in present else text


def _edited(text: str, choice: dict[str, Any]) -> str:
    """Return the text after a choice; after none, as it is."""
    if "add" in choice:
        return with_folder(text, _folder(choice, "add"))
    if "remove" in choice:
        return without_folder(text, _folder(choice, "remove"))
    if "key" in choice:
        if choice["key"] not in _KEYS:
            raise HTTPException(400, "no such setting")
        return with_key(text, choice["key"], choice.get("value"))
    return text


def _facts(settings: Settings) -> dict[str, Any]:
    """Return what the page's fields show. A kind with several rules, or one for some folders, has no fields."""
    rule = settings.threshold
    return {
        "mode": settings.mode,
        "false_alarms": None if rule is None else rule.false_alarms,
        "has_other_rule": rule is not None and rule.false_alarms is None,
        "folders": [shown(watch.path) for watch in settings.watch],
        "kinds": {str(kind): _fields(settings, kind) for kind in Kind},
    }


def _fields(settings: Settings, kind: Kind) -> dict[str, Any] | None:
    rule, *others = settings.kinds.of(kind)
    if others or rule.folders is not None:
        return None
    to = None if rule.to is None else shown(rule.to)
    return {"action": rule.action, "to": to, "after_days": rule.after_days, "false_alarms": rule.false_alarms}


def _folder(choice: dict[str, Any], key: str) -> Path:
    named = text_of(choice, key).strip()
    folder = Path(named).expanduser()
    if not named or not folder.is_absolute():
        raise HTTPException(400, "name a folder by its whole path, such as /srv/photos or ~/Pictures")
    if key == "add" and not folder.is_dir():
        raise HTTPException(400, f"{shown(folder)}: no such folder")
    return folder


def _version(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
