"""A new model before it takes the place of the one in use: what it would do otherwise, and the user's word.

The file in use is replaced only after that; a daemon picks the new one up by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgwatch import console
from imgwatch.commands.context import LEDGER, model_path, open_ledger, open_quarantine

if TYPE_CHECKING:
    from imgwatch.settings import Settings
    from imgwatch.shadow import Shadow

YesOption = Annotated[
    bool, typer.Option("--yes", help="Let it take the place of the model in use without asking.")
]
_NAMED = 10  # pictures of each kind


def draft_path(settings: Settings, out: Path) -> Path:
    """Say where a new model is written first: beside the one in use, if it is to take its place."""
    is_in_use = out == model_path(settings) and out.exists()
    return out.with_name(f"{out.stem}.new{out.suffix}") if is_in_use else out


def compared(settings: Settings, model: Path) -> Shadow | None:
    """Compare a new model with what was judged so far; None where nothing was."""
    from imgwatch.judging import Judge
    from imgwatch.model.scorer import Scorer
    from imgwatch.shadow import shadow

    if not (settings.state / LEDGER).exists():
        return None
    scorer = Scorer(model)
    with (
        open_ledger(settings) as ledger,
        Judge(scorer, settings.threshold, settings.limits.limits(), settings.threads) as judge,
    ):
        return shadow(judge, ledger, open_quarantine(settings, ledger))


def as_json(comparison: Shadow | None) -> dict[str, Any]:
    """Give the comparison as JSON."""
    if comparison is None:
        return {}
    moves, returns = [str(path) for path in comparison.moves], [record.id for record in comparison.returns]
    return {"shadow": {"kept": comparison.kept, "held": comparison.held, "moves": moves, "returns": returns}}


def say(comparison: Shadow | None) -> None:
    """Say the comparison, and name the first pictures that it is about."""
    if comparison is None:
        return
    console.say(comparison.says)
    for path in comparison.moves[:_NAMED]:
        console.say(f"  would move:      {path}")
    for record in comparison.returns[:_NAMED]:
        console.say(f"  would come back: {record.id}  {record.original}")
    rest = max(0, len(comparison.moves) - _NAMED) + max(0, len(comparison.returns) - _NAMED)
    if rest:
        console.say(f"  and {rest} more; --json names all.")


def put_in_use(written: Path, out: Path, is_agreed: bool) -> Path:
    """Let a model that was written beside the one in use take its place, if the user agrees; return where it is."""
    if written == out:
        return out
    if not (is_agreed or console.agrees(f"Replace {out}, which is in use?")):
        console.say(f"The old model stays; the new one is {written}.")
        return written
    written.replace(out)
    return out


def how_to_use(settings: Settings, model: Path) -> str:
    """Say what is still to be done with a model that the config does not name."""
    return "" if model == model_path(settings) else f", then set `model: {model}` in the config"
