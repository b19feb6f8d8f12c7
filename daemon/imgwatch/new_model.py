"""A new model that waits beside the one in use: where it lies, and how it comes into use."""

from __future__ import annotations

from pathlib import Path

from imgwatch.config import editing, first_config, read_config, yaml_text
from imgwatch.errors import InputMissing
from imgwatch.model import versions
from imgwatch.model.scorer import Scorer
from imgwatch.reload import ask_for_reload
from imgwatch.settings import Settings


def model_in_use_or_to_be(settings: Settings) -> Path:
    """Return the user's own model, or where a first one goes."""
    return settings.own_model or first_config.usual_model()


def waiting_model(settings: Settings) -> Path:
    """Return where a new model waits: NAME.new.onnx beside the one that it would replace."""
    return versions.waiting_of(model_in_use_or_to_be(settings))


def models_to_compare(settings: Settings, general_model: Path) -> dict[str, Path]:
    """Return the model in use, the one before it and the new one, by these words, where they are there."""
    own = settings.own_model
    models = {
        "in use": own or general_model,
        "previous": versions.previous_of(model_in_use_or_to_be(settings)),
        "new": waiting_model(settings),
    }
    return {role: path for role, path in models.items() if path.exists()}


def name_of(model: Path) -> str:
    """Return the name of a model in ledger, records and messages. Raises ModelError."""
    return Scorer(model).name


def change_of_config(config: Path, settings: Settings) -> str:
    """Return how using the new model changes the config, as diff -u shows it; "" if the config names it already."""
    before = read_config(config)
    return editing.difference(config, before, _naming(before, settings))


def model_to_take(settings: Settings) -> Path:
    """Return the new model, or the user's first one where only the config does not name it yet. Raises InputMissing."""
    fresh, model = waiting_model(settings), model_in_use_or_to_be(settings)
    if fresh.exists():
        return fresh
    if settings.own_model is None and model.exists():
        return model
    raise InputMissing(f"{fresh}: no new model waits there; `imgwatch train` or `calibrate` makes one")


def take_into_use(config: Path, settings: Settings) -> str:
    """Replace the model in use, which is kept, by the new one, then set it in the config; return what follows.

    Killed at any moment, the config names a model that is there, and the next call finishes it. Raises InputMissing
    where no new model waits, ModelError for a damaged one, CannotCreate, ConfigError.
    """
    fresh, model = waiting_model(settings), model_in_use_or_to_be(settings)
    to_take = model_to_take(settings)
    Scorer(to_take)
    before = read_config(config)
    after = _naming(before, settings)
    if to_take == fresh:
        versions.put_in_place(fresh, model)
    if after == before:
        return "A running daemon takes it up by itself."
    editing.replace_config(config, after, before)
    return ask_for_reload(settings)


def _naming(text: str, settings: Settings) -> str:
    if settings.own_model is not None:
        return text
    return yaml_text.with_key(text, "model", str(model_in_use_or_to_be(settings)))
