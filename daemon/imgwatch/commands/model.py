"""`imgwatch model`: which model is in use, how it was made, and the way back to the one before."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from imgwatch import console
from imgwatch.commands.context import ConfigOption, JsonOption, load_settings, model_path
from imgwatch.errors import ModelError, UsageError

if TYPE_CHECKING:
    from imgwatch.model.contract import Contract
    from imgwatch.settings import Settings

app = typer.Typer(help="Show which model is in use and how it was made; take the one before back.")


@app.callback(invoke_without_command=True)
def show(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show which model is in use: of what kind, made when, from how many pictures, and its promise."""
    if context.invoked_subcommand is not None:
        return
    from imgwatch.model.versions import previous_of

    settings = load_settings(config)
    path = model_path(settings)
    described = {"in use": _described(path, settings)}
    if settings.own_model is not None and previous_of(path).exists():
        described["previous"] = _described(previous_of(path), settings)
    if as_json:
        console.say_json({name.replace(" ", "_"): facts for name, facts in described.items()})
        return
    for name, facts in described.items():
        console.say(f"{name}:")
        for key, value in facts.items():
            for line in _lines(value):
                console.say(f"{key:>12}: {line}")
    if "previous" in described:
        console.say("`imgwatch model rollback` takes the previous one back.")


@app.command()
def rollback(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Take back the model that the one in use replaced; once more undoes that. A daemon takes it up by itself."""
    from imgwatch.model.scorer import Scorer
    from imgwatch.model.versions import previous_of, roll_back

    settings = load_settings(config)
    path = settings.own_model
    if path is None:
        raise UsageError("`model` is default in the config: the general model replaced no other")
    if previous_of(path).exists():
        Scorer(previous_of(path))  # a damaged one is not taken into use
    roll_back(path)
    facts = _described(path, settings)
    if as_json:
        console.say_json({"in_use": facts})
    else:
        console.say(f"{path} is the one from {facts['made'] or 'an unknown day'} again: {facts['name']}.")


def _lines(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key}: {words}" for key, words in value.items()]
    return ["-" if value is None else str(value)]


def _described(path: Path, settings: "Settings") -> dict[str, Any]:
    """Return what a model file says of itself; one that is not usable, why."""
    from imgwatch.kind_promises import silence_in_words
    from imgwatch.model.scorer import Scorer
    from imgwatch.standard import Standard

    try:
        scorer = Scorer(path)
        promised = settings.kinds.promised
        standard = Standard.of(scorer.contract, scorer.name, settings.threshold, promised, path)
    except ModelError as fault:
        return {"file": str(path), "fault": str(fault)}
    contract = scorer.contract
    calibrated = _mapping(contract.training.get("calibrated"))
    return {
        "file": str(path),
        "name": scorer.name,
        "kind": _kind(contract, calibrated),
        "made": calibrated.get("date") or contract.training.get("date"),
        "pictures": contract.calibration.pictures,
        "threshold": round(contract.threshold.score, 4),
        "promise": _mapping(contract.training.get("promise")).get("says"),
        "silent": silence_in_words(contract, standard.kinds),
    }


def _kind(contract: "Contract", calibrated: Mapping[str, Any]) -> str:
    if contract.generic:
        return "the general one, which has seen none of your pictures"
    return (
        f"calibrated from {calibrated['from']}"
        if "from" in calibrated
        else f"trained, {contract.architecture}"
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
