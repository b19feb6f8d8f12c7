"""The facts about its making in a model file and its report. It measures nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import imgwatch
from imgwatch.evaluation.false_alarm_rate import FalseAlarmRate
from imgwatch.settings import plain
from imgwatch_train.job import Job

TOOLS = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy", "pillow")


def training_facts(job: Job, pictures: Mapping[str, int], false_alarms: FalseAlarmRate) -> dict[str, Any]:
    """Return the facts for the contract; `pictures` counts them by use (train, held_out, ...)."""
    used = ("architecture", "seed", job.settings.architecture)
    settings = {name: value for name, value in plain(job.settings).items() if name in used}
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "pictures": dict(pictures),
        "seed": job.settings.seed,
        "settings": settings,
        "tools": tool_versions(),
        "promise": false_alarms.facts(),
    }


def tool_versions() -> dict[str, str]:
    """Return the versions of the tools that are installed."""
    versions = {"imgwatch": imgwatch.__version__}
    for name in TOOLS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def described(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return training facts as lines for people; nested ones have a path of words."""
    lines: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            lines += [(f"{name} {below}", text) for below, text in described(value)]
        elif isinstance(value, float):
            lines.append((name, f"{value:.4g}"))
        else:
            lines.append((name, str(value)))
    return [(name.replace("_", " "), text) for name, text in lines]
