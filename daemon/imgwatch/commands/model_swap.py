"""A new model before it takes the place of the one in use: what it would do otherwise, and the user's word.

The file in use is replaced only after that; a daemon picks the new one up by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from imgwatch import console
from imgwatch.commands.context import LEDGER, judge_of, model_path, open_ledger, open_quarantine
from imgwatch.errors import InputMissing
from imgwatch.model import versions
from imgwatch.reload import ask_for_reload

if TYPE_CHECKING:
    from imgwatch.settings import Settings
    from imgwatch.shadow import Shadow

YesOption = Annotated[bool, typer.Option("--yes", help="Replace the model in use without asking.")]
UseOption = Annotated[
    bool | None,
    typer.Option(
        "--use/--no-use",
        help="Set `model` in the config to the new model and reload the daemon; default: ask on a terminal.",
    ),
]
_NAMED = 10  # pictures of each kind


def draft_path(out: Path) -> Path:
    """Return where a new model is written first: beside the one that it is to replace, if there is one."""
    return out.with_name(f"{out.stem}.new{out.suffix}") if out.exists() else out


def compared(settings: Settings, model: Path) -> Shadow | None:
    """Compare a new model with what was judged so far; None where nothing was."""
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
    """Print the comparison, and name the first pictures that it is about."""
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
    """What the user says of a new model: which config, whether it may replace the one in use, whether to name it."""

    config: Path | None
    is_agreed: bool
    use: bool | None  # None: ask on a terminal

    def unasked(self) -> SwapOptions:
        """Return the same for a program that reads JSON, which cannot be asked."""
        return self._replace(is_agreed=True, use=bool(self.use))


def hand_over(settings: Settings, written: Path, out: Path, options: SwapOptions) -> tuple[Path, str | None]:
    """Put a new model in its place, and let the config name it. Return where it is, and what is still to be done."""
    model = _put_in_place(settings, written, out, options.is_agreed)
    if model != out:  # refused
        return model, None
    return model, _take_into_use(settings, options.config, model, options.use)


def _put_in_place(settings: Settings, written: Path, out: Path, is_agreed: bool) -> Path:
    """Let a model that was written beside another take its place, which is kept; return where it is.

    One that is in use is replaced only if the user agrees.
    """
    if written == out:
        return out
    is_in_use = out == model_path(settings)
    if is_in_use and not (is_agreed or console.agrees(f"Replace {out}, which is in use?")):
        console.say(f"The old model stays; the new one is {written}.")
        return written
    versions.put_in_place(written, out)
    return out


def _take_into_use(
    settings: Settings, config: Path | None, model: Path, is_wanted: bool | None
) -> str | None:
    """Let the config name a model, and tell the daemon. Return what is still to be done, in words; None if nothing.

    `is_wanted`: the user's word; None: asked for on a terminal, after the change was shown.
    """
    from imgwatch import config_edit
    from imgwatch.config import find_config

    if model == model_path(settings):
        return None
    by_hand = f"set `model: {model}` in the config"
    try:
        file = find_config(config)
    except InputMissing:
        return by_hand
    if is_wanted is False or (is_wanted is None and not console.is_interactive()):
        return f"{by_hand}, or run it with --use"
    before = file.read_text(encoding="utf-8")
    after = config_edit.with_key(before, "model", str(model))
    console.note(config_edit.difference(file, before, after))
    if is_wanted is None and not console.agrees(f"Change {file}?"):
        return by_hand
    config_edit.replace_config(file, after)
    console.note(ask_for_reload(settings))
    return None
