"""From nothing to a config and a model, step by step. Command and page ask for the choices."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from imgwatch.calibration.calibrate import calibrate
from imgwatch.calibration.calibrated import Calibrated
from imgwatch.calibration.measured_file import usual_folder
from imgwatch.config import editing, find_config, first_config, parse_config, read_config
from imgwatch.doctor.contents import sync_warning
from imgwatch.errors import InputMissing, UsageError
from imgwatch.files import nearest_existing
from imgwatch.model import versions
from imgwatch.outlook import Outlook, look_ahead
from imgwatch.progress import Progress
from imgwatch.scan import list_pictures
from imgwatch.settings import Settings, ThresholdRule

USUAL_SHARE = 0.01
Values = Mapping[str, str | float]


class Setup:
    """A config file that is to be made or changed, and what was learned for it. Nothing is written before `write`."""

    def __init__(self, file: Path, before: str | None, text: str, general_model: Path) -> None:
        self.file = file
        self._before = before
        self._text = text
        self._general_model = general_model
        self.settings: Settings = parse_config(text, str(file))

    @classmethod
    def begin(cls, config: Path | None, watch: Path | None, general_model: Path) -> Self:
        """Return the setup of the existing config, or of a new one for the folder `watch`.

        Raises UsageError if no folder is named, or another than the config's; InputMissing if it does not exist.
        """
        file = config_file(config)
        before = read_config(file) if file.exists() else None
        folder = None if watch is None else watch.expanduser().absolute()
        setup = cls(file, before, before or _new_config(folder), general_model)
        if folder is not None and folder not in setup.watched:
            raise UsageError(
                f"{file} watches {', '.join(map(str, setup.watched))}: add {folder} to its `watch`, or name "
                "another config with --config"
            )
        return setup

    @property
    def watched(self) -> list[Path]:
        """The folders to keep clean."""
        return [watch.path for watch in self.settings.watch]

    @property
    def present_share(self) -> float:
        """The config's present target false-alarm rate."""
        rule = self.settings.threshold
        return USUAL_SHARE if rule is None or rule.false_alarms is None else rule.false_alarms

    @property
    def has_own_model(self) -> bool:
        """Whether a model that was learned from the user's pictures is in use."""
        return self.settings.own_model is not None and self.settings.own_model.exists()

    @property
    def sync_warnings(self) -> list[str]:
        """Warnings that a move would delete pictures on other devices; none if nothing is moved."""
        if self.settings.mode == "report":
            return []
        return [warning for folder in self.watched if (warning := sync_warning(folder))]

    def learn(self, normal: Sequence[Path], share: float, progress: Progress) -> Calibrated:
        """Fit the config's model, or the general one, to the pictures in these folders; none: in the watched ones.

        Raises InputMissing for too few pictures, and for no folders where they would replace a model of the user's.
        """
        if not normal and self.has_own_model:
            raise InputMissing(
                f"{self.settings.own_model} was learned from your normal pictures: name their folder again "
                "(--normal DIR); `imgwatch config set threshold.false_alarms P` changes only the promise"
            )
        settings, own = self.settings, self.settings.own_model
        paths = list_pictures(normal or self.watched, self._apart, settings.watch[0].ignore)
        base = own if own is not None and self.has_own_model else self._general_model
        rule = ThresholdRule(false_alarms=share)
        return calibrate(
            base,
            paths,
            rule,
            settings.limits.limits(),
            settings.threads,
            progress,
            usual_folder(),
            settings.device,
        )

    def look_ahead(self, learned: Calibrated, progress: Progress) -> Outlook:
        """Return what the model would move of the watched folders."""
        paths: list[Path] = []
        for watch in self.settings.watch:
            try:
                paths += list_pictures([watch.path], self._apart, watch.ignore)
            except InputMissing:  # no picture lies there yet
                continue
        settings = self.settings
        limits, threads, device = settings.limits.limits(), settings.threads, settings.device
        return look_ahead(learned, paths, limits, threads, progress, device)

    @property
    def _apart(self) -> tuple[Path, Path]:
        return self.settings.quarantine.path, self.settings.state

    def chosen(self, share: float | None, *, only_reports: bool) -> dict[str, str | float]:
        """Return the keys of the config that a choice sets. A threshold by another rule is the user's own, and stays.

        `share`: the promise; None where nothing was learned.
        """
        values: dict[str, str | float] = {}
        if share is not None:
            values["model"] = str(self.settings.own_model or first_config.usual_model())
            rule = self.settings.threshold
            if rule is None or rule.false_alarms is not None:
                values["threshold.false_alarms"] = share
        if only_reports:
            values["mode"] = "report"
        return values

    def changes(self, values: Values) -> str:
        """Return the changes to an existing config, as diff -u shows them; "" for a new one."""
        if self._before is None:
            return ""
        return editing.difference(self.file, self._before, first_config.with_keys(self._text, values))

    def write(self, values: Values, learned: Calibrated | None) -> list[Path]:
        """Write model and config, each atomically; the model first, so that the file in the config exists.

        Return what was written. Raises CannotCreate, ConfigError, Unavailable where the config was changed meanwhile.
        """
        text = first_config.with_keys(self._text, values)
        first_config.require_usable(text)
        if self._before is not None:
            editing.require_seen(self.file, read_config(self.file), self._before)
        written = []
        if learned is not None:
            model = Path(str(values["model"]))
            model.parent.mkdir(parents=True, exist_ok=True)
            draft = versions.draft_of(model)
            learned.write(draft)
            versions.put_in_place(draft, model)
            written.append(model)
        if self._before is None:
            first_config.write_new(self.file, text)
        elif text != self._before:
            editing.replace_config(self.file, text, self._before)
        return [*written, self.file]

    @property
    def is_new(self) -> bool:
        """Return whether there was no config before."""
        return self._before is None


def config_file(config: Path | None) -> Path:
    """Return the config that is used, or where a first one goes."""
    if config is not None:
        return config
    try:
        return find_config(None)
    except InputMissing:
        return first_config.usual_config()


def _new_config(folder: Path | None) -> str:
    if folder is None:
        raise UsageError("which folder should imgwatch keep clean? Name it with --watch DIR")
    if not folder.is_dir():
        raise InputMissing(f"{folder}: no such folder; make it, or name another")
    keys = first_config.machine_keys() | {"quarantine.path": os.fspath(_quarantine_for(folder))}
    text = first_config.with_keys(first_config.config_for([folder]), keys)
    first_config.require_usable(text)
    return text


def _quarantine_for(folder: Path) -> Path:
    """Return the best folder for the quarantine: the usual one, or beside a watched folder on another disk."""
    usual = first_config.usual_quarantine()
    is_same_disk = nearest_existing(usual).stat().st_dev == folder.stat().st_dev
    return usual if is_same_disk else folder.parent / ".imgwatch-quarantine"
