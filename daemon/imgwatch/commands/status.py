"""`imgwatch status` looks at the daemon from outside."""

import time
from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgwatch import console
from imgwatch.commands.context import LEDGER, load_settings, open_ledger, open_quarantine
from imgwatch.commands.options import ConfigOption, JsonOption
from imgwatch.errors import IoFailed, Unavailable

if TYPE_CHECKING:
    from imgwatch.settings import Settings


class ListChoice(StrEnum):
    """What `--list` lists."""

    HELD = "held"
    REPORTED = "reported"
    KIND_KEPT = "kind-kept"
    WAITING = "waiting"
    UNREADABLE = "unreadable"
    PASSED_OVER = "passed-over"
    SET_ASIDE = "set-aside"


NOT_RUNNING = 3
BREAKER_OPEN = 4

_COUNTS = ("judged", "quarantined", "moved", "restored", "deleted", "purged", "unreadable")
_KEPT = (
    "mode",
    "mode_says",
    "breaker",
    "breaker_why",
    "held",
    "reported",
    "not_looked_at",
    "drift",
    "drift_says",
    "yours",
    "yours_says",
)
_FROM_DAEMON = (
    "backlog",
    "model",
    "threshold",
    "promises",
    "silent",
    "generic_model",
    "folders",
    "troubles",
    "messages",
    "last_error",
    "pid",
)
_UNLABELLED = ("mode_says", "breaker_why")  # sentences about the line above
_ONLY_JSON = ("drift", "yours")  # what the sentence of the same name says in words


def status(
    listed: Annotated[
        ListChoice | None,
        typer.Option(
            "--list",
            metavar="STATE",
            help=f"List the files in this state, with the reason and the time: {', '.join(ListChoice)}.",
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the state of the daemon. Exits with 3 when none runs, 4 when the breaker is open; with --list, with 0."""
    if listed is not None:
        _list(load_settings(config), listed, as_json)
        return
    summary = collect(load_settings(config))
    if as_json:
        console.say_json(summary)
    else:
        for name, value in summary.items():
            if name not in _ONLY_JSON and value is not None and value not in ([], {}):
                words = str(value) if name == "pid" else _plain(value)
                label = "" if name in _UNLABELLED else name.removesuffix("_says").replace("_", " ") + ":"
                console.say(f"{label:>15} {words}")
    if not summary["alive"]:
        raise typer.Exit(NOT_RUNNING)
    if summary["breaker"] == "open":
        raise typer.Exit(BREAKER_OPEN)


def _list(settings: "Settings", listed: ListChoice, as_json: bool) -> None:
    """Print the files in one state, the latest first."""
    from imgwatch.dates import local_time
    from imgwatch.lifecycle import FileState
    from imgwatch.wording import sentence

    if not (settings.state / LEDGER).exists():
        return
    with open_ledger(settings) as ledger:
        rows = ledger.listed(FileState(listed.replace("-", " ")))
    for row in rows:
        since = local_time(row.since)
        if as_json:
            console.say_json({"path": str(row.path), "state": listed, "reason": sentence(row.reason),
                              "reason_code": row.reason.code, "kind": row.kind, "score": row.score,
                              "since": _in_utc(since)})  # fmt: skip
        else:
            console.say(f"{since:%Y-%m-%d %H:%M}  {row.path}  ({sentence(row.reason)})")


def collect(settings: "Settings") -> dict[str, object]:
    """Return the daemon's state: its latest status, and what the ledger knows, running or not."""
    from imgwatch.status import read_status

    daemon_status = read_status(settings.state)
    summary: dict[str, object] = {"alive": bool(daemon_status.get("alive"))}
    try:
        summary |= _remembered(settings)
    except (IoFailed, Unavailable, OSError) as fault:
        summary |= {
            **dict.fromkeys(_COUNTS),
            "breaker": daemon_status.get("breaker", "unknown"),
            "held": None,
        }
        daemon_status = {**daemon_status, "troubles": [*daemon_status.get("troubles", []), str(fault)]}
    summary |= {"backlog": 0, "folders": {}, "troubles": []} | {
        name: daemon_status.get(name) for name in _FROM_DAEMON if daemon_status
    }
    summary |= _mode(settings, daemon_status)
    summary |= _yours(summary.pop("lately", None), daemon_status)
    summary |= _drift(summary.pop("drift", None), daemon_status)
    return {name: summary.get(name) for name in ("alive", *_COUNTS, *_KEPT, *_FROM_DAEMON)}


def _remembered(settings: "Settings") -> dict[str, object]:
    """Return what the ledger knows after counting the quarantine's log; a missing ledger is not made."""
    from imgwatch import decisions
    from imgwatch.lifecycle import FileState
    from imgwatch.picture.formats import left_alone
    from imgwatch.reviewers_promise import DAYS

    if not (settings.state / LEDGER).exists():
        return {
            **dict.fromkeys(_COUNTS, 0),
            "breaker": "closed",
            "held": 0,
            "reported": 0,
            "not_looked_at": [],
        }
    with open_ledger(settings) as ledger:
        decisions.count_history(open_quarantine(settings), ledger)
        counters = ledger.counts.totals()
        breaker = "open" if ledger.facts.breaker_is_open else "closed"
        return {
            **{name: counters.get(name, 0) for name in _COUNTS},
            "breaker": breaker,
            "breaker_why": ledger.facts.breaker_reason if breaker == "open" else None,
            "held": len(ledger.waiting(FileState.HELD)),
            "reported": len(ledger.waiting(FileState.REPORTED)),
            "not_looked_at": left_alone(ledger.passed_over()),
            "drift": ledger.facts.drift,
            "lately": ledger.counts.since(time.time() - DAYS * 86400),
        }


def _mode(settings: "Settings", daemon_status: dict[str, Any]) -> dict[str, object]:
    """Return the mode, and a sentence about it if it is not what it seems."""
    from imgwatch.wording import ONLY_REPORTS

    is_general = daemon_status.get("generic_model", settings.own_model is None)
    only_reports = settings.waits_for_own_model and is_general
    sentence = f"{settings.what_auto_moves} is moved: {ONLY_REPORTS}" if only_reports else None
    return {"mode": settings.mode, "mode_says": sentence}


def _drift(remembered: object, daemon_status: dict[str, Any]) -> dict[str, object]:
    """Return whether the folder has changed; None while that is unknown for the model in use."""
    from imgwatch.drift import NOT_CALIBRATED, Drift

    if daemon_status.get("generic_model"):
        return {"drift": None, "drift_says": NOT_CALIBRATED}
    known = Drift.read(str(remembered))
    if known is None or daemon_status.get("model", known.model) != known.model:
        return {"drift": None, "drift_says": None}
    return {"drift": known.drifts if known.is_known else None, "drift_says": known.summary}


def _yours(lately: object, daemon_status: dict[str, Any]) -> dict[str, object]:
    """Return how many quarantined pictures are the user's own: None without a daemon, or before any was moved."""
    import msgspec

    from imgwatch.reviewers_promise import ReviewersPromise

    false_alarms = daemon_status.get("false_alarms")
    if not isinstance(lately, Counter) or false_alarms is None:
        return {}
    promise = ReviewersPromise.of_counts(false_alarms, lately)
    if promise is None:
        return {}
    return {"yours": msgspec.structs.asdict(promise), "yours_says": promise.summary}


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} ({_in_brackets(state)})" for key, state in value.items()) or "-"
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value)) or "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _in_brackets(value: object) -> str:
    return f"{100 * value:.3g} %" if isinstance(value, float) else str(value)


def _in_utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
