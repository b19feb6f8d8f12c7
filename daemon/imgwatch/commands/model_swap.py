"""A new model before it replaces the one in use: the comparison of both, and the user's agreement.

The file in use is replaced only after that; a daemon loads the new one by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from imgwatch import console
from imgwatch.commands.configured_models import judge_of, model_path
from imgwatch.commands.context import LEDGER, open_ledger, open_quarantine
from imgwatch.errors import InputMissing
from imgwatch.model import versions
from imgwatch.reload import ask_for_reload

if TYPE_CHECKING:
    from imgwatch.settings import Settings
    from imgwatch.shadow import Shadow

YesOption = Annotated[bool, typer.Option("--yes", help="Replace the model in use without asking.")]
OutOption = Annotated[Path, typer.Option("--out", help="The model file to write.", metavar="FILE")]
DEFAULT_OUT = Path("model.onnx")
UseOption = Annotated[
    bool | None,
    typer.Option(
        "--use/--no-use",
        help="Set `model` in the config to the new model and reload the daemon; default: ask on a terminal.",
    ),
]
_NAMED = 10  # pictures of each kind


def move_if_free(draft: Path, out: Path) -> Path:
    """Move a finished draft to its place if nothing lies there yet; return where it is now."""
    if out.exists():
        return draft
    versions.put_in_place(draft, out)
    return out


def compare(settings: Settings, model: Path) -> Shadow | None:
    """Compare a new model with the judgements so far; None if there are none."""
    from imgwatch.model.scorer import Scorer
    from imgwatch.shadow import shadow

    if not (settings.state / LEDGER).exists():
        return None
    scorer = Scorer(model)
    with (
        open_ledger(settings) as ledger,
        judge_of(scorer, settings) as judge,
    ):
        return shadow(judge, ledger, open_quarantine(settings, ledger))


def as_json(comparison: Shadow | None) -> dict[str, Any]:
    """Return the comparison as JSON."""
    if comparison is None:
        return {}
    moves, returns = [str(path) for path in comparison.moves], [record.id for record in comparison.returns]
    return {"shadow": {"kept": comparison.kept, "held": comparison.held, "moves": moves, "returns": returns}}


def say(comparison: Shadow | None) -> None:
    """Print the comparison, and the first pictures that differ."""
    if comparison is None:
        return
    console.say(comparison.summary)
    for path in comparison.moves[:_NAMED]:
        console.say(f"  would move:      {path}")
    for record in comparison.returns[:_NAMED]:
        console.say(f"  would come back: {record.id}  {record.original}")
    rest = max(0, len(comparison.moves) - _NAMED) + max(0, len(comparison.returns) - _NAMED)
    if rest:
        console.say(f"  and {rest} more; --json lists them all.")


class SwapOptions(NamedTuple):
    """The user's options for a new model: the config, whether it may replace the one in use, and whether to use it."""

    config: Path | None
    is_agreed: bool
    use: bool | None  # None: ask on a terminal

    def unasked(self) -> SwapOptions:
        """Return the options for a program that reads JSON, which cannot be asked."""
        return self._replace(is_agreed=True, use=bool(self.use))


def hand_over(settings: Settings, written: Path, out: Path, options: SwapOptions) -> tuple[Path, str | None]:
    """Move a new model to its place, and set it in the config. Return its path, and what the user still has to do."""
    model = _put_in_place(settings, written, out, options.is_agreed)
    if model != out:  # refused
        return model, None
    return model, _take_into_use(settings, options.config, model, options.use)


def say_outcome(out: Path, model: Path, to_do: str | None) -> None:
    """Print what `hand_over` returned: whether the new model is in use, or how to use it. `out` is its place."""
    if to_do is not None:
        console.say(f"To use it, {to_do}.")
    elif model == out:
        console.say(f"{model} is in use.")


def _put_in_place(settings: Settings, written: Path, out: Path, is_agreed: bool) -> Path:
    """Replace a model by one that was written beside it, and keep the old one; return the new one's path.

    One that is in use is replaced only if the user agrees; else the new one waits, also where the question broke off.
    """
    if written == out:
        return out
    target = versions.waiting_of(out)
    try:
        is_in_use = out == model_path(settings)
        if not is_in_use or is_agreed or console.agrees(f"Replace {out}, which is in use?"):
            target = out
        else:
            console.say(f"The old model stays; the new one is {target}.")
    finally:
        if target.exists():
            console.note(f"The former {target} is kept as {versions.previous_of(target).name}.")
        versions.put_in_place(written, target)
    return target


def _take_into_use(
    settings: Settings, config: Path | None, model: Path, is_wanted: bool | None
) -> str | None:
    """Set a model in the config, and reload the daemon. Return in words what is still to do; None if nothing.

    `is_wanted`: the user's choice; None: to be asked on a terminal, after the change was shown.
    """
    from imgwatch.config import editing, find_config, read_config, yaml_text

    if model == model_path(settings):
        return None
    by_hand = f"set `model: {model}` in the config"
    try:
        file = find_config(config)
    except InputMissing:
        return by_hand
    if is_wanted is False or (is_wanted is None and not console.is_interactive()):
        return f"{by_hand}, or run this with --use"
    before = read_config(file)
    after = yaml_text.with_key(before, "model", str(model))
    console.note(editing.difference(file, before, after))
    if is_wanted is None and not console.agrees(f"Change {file}?"):
        return by_hand
    editing.replace_config(file, after, before)
    console.note(ask_for_reload(settings))
    return None
