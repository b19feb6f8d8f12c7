"""`imgwatch model`: show the model in use, compare models, use a new one, and go back."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgwatch import console
from imgwatch.commands.configured_models import DEFAULT_MODEL, model_path
from imgwatch.commands.context import load_settings
from imgwatch.commands.options import ConfigOption, JsonOption, YesOption, confirm, require_existing
from imgwatch.errors import ModelError, UsageError
from imgwatch.wording import counted

if TYPE_CHECKING:
    from imgwatch.comparing import Compared, Sample
    from imgwatch.model.contract import Contract
    from imgwatch.settings import Settings

app = typer.Typer(help="Show, compare, replace or restore the model in use.")


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
        console.say("`imgwatch model rollback` restores the previous one.")


@app.command()
def rollback(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Restore the model that the one in use replaced. A second rollback undoes the first. The daemon loads it."""
    from imgwatch.model.scorer import Scorer
    from imgwatch.model.versions import previous_of, roll_back

    settings = load_settings(config)
    path = settings.own_model
    if path is None:
        raise UsageError("`model` is default in the config: there is no previous model to go back to")
    if previous_of(path).exists():
        Scorer(previous_of(path))  # a damaged one is not taken into use
    roll_back(path)
    facts = _described(path, settings)
    if as_json:
        console.say_json({"in_use": facts})
    else:
        console.say(f"{path} is the one from {facts['made'] or 'an unknown day'} again: {facts['name']}.")


@app.command()
def compare(
    models: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Model files; default: the one in use, the one before it, and a new one that waits.",
            metavar="MODEL...",
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare what several models would move, by kind. Judges the latest pictures in the folders and in quarantine."""
    from imgwatch import comparing
    from imgwatch.new_model import models_to_compare

    settings = load_settings(config)
    chosen = {str(path): path for path in require_existing(models or [])} or models_to_compare(
        settings, DEFAULT_MODEL
    )
    sample = comparing.sample_of(settings)
    with console.progress() as progress:
        compared = comparing.compare(chosen, sample, settings, progress)
    if as_json:
        facts = [{"model": role, **comparison.facts()} for role, comparison in compared.items()]
        pictures = {"kept": len(sample.kept), "quarantined": len(sample.quarantined)}
        console.say_json({"pictures": pictures, "models": facts})
        return
    _say_compared(compared, sample)


@app.command()
def use(is_agreed: YesOption = False, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Replace the model in use by the new one that waits. That is NAME.new.onnx; `rollback` restores the old one."""
    from imgwatch import new_model
    from imgwatch.config import find_config

    file = find_config(config)
    settings = load_settings(file)
    fresh = new_model.model_to_take(settings)
    change = new_model.change_of_config(file, settings)
    model = new_model.model_in_use_or_to_be(settings)
    console.note(change)
    confirm(f"Use {fresh} as {model}?", is_agreed)
    outcome = new_model.take_into_use(file, settings)
    if as_json:
        console.say_json({"model": str(model), "change": change})
    else:
        console.say(f"{model} is the new model. {outcome}")


def _say_compared(compared: "Mapping[str, Compared]", sample: "Sample") -> None:
    columns = (
        "model",
        f"of {counted(len(sample.kept), 'picture')} in the folders",
        f"of {counted(len(sample.quarantined), 'picture')} in quarantine",
    )
    console.table(
        columns,
        [
            (role, _moves(comparison.kept), _moves(comparison.quarantined))
            for role, comparison in compared.items()
        ],
    )
    for role, comparison in compared.items():
        console.say(f"{role}: {comparison.name}. {comparison.promise or 'Its file records no promise.'}")
    if "new" in compared:
        console.say("`imgwatch model use` lets the new one replace the one in use.")


def _moves(kinds: Mapping[str, int]) -> str:
    if not kinds:
        return "none"
    return f"{sum(kinds.values())}: {', '.join(f'{kind} {number}' for kind, number in kinds.items())}"


def _lines(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key}: {words}" for key, words in value.items()]
    return ["-" if value is None else str(value)]


def _described(path: Path, settings: "Settings") -> dict[str, Any]:
    """Return the facts of a model file, or its fault if it is not usable."""
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
