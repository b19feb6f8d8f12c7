"""Before a new model replaces the old one: what would move and what would come back, on the latest pictures.

It moves nothing; the old model's verdicts are known by where the pictures lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imgwatch.judgement import Verdict
from imgwatch.judging import Judge
from imgwatch.ledger import Ledger
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.record import Record

LATEST = 500


@dataclass(frozen=True)
class Shadow:
    """What a model would do differently: of `kept` pictures some would move, of `held` ones some would come back."""

    kept: int
    held: int
    moves: tuple[Path, ...]
    returns: tuple[Record, ...]

    @property
    def summary(self) -> str:
        """Return it in one sentence."""
        if not self.kept + self.held:
            return "Nothing was judged yet, so there is nothing to compare the new model on."
        return (
            f"Compared with now, of the latest {self.kept} kept pictures {len(self.moves)} would move, and of the "
            f"latest {self.held} in quarantine {len(self.returns)} would not have."
        )


def shadow(judge: Judge, ledger: Ledger, quarantine: Quarantine) -> Shadow:
    """Return the judgements of another model on the latest kept and the latest quarantined pictures."""
    kept = [path for path in ledger.latest_kept(LATEST) if path.is_file()]
    held = {quarantine.picture(record): record for record in list(quarantine.list())[-LATEST:]}
    strange = [judged for judged in judge.judge(kept) if judged.judgement.verdict is Verdict.QUARANTINE]
    moves = [s.path for s in strange if not quarantine.was_restored(s.judgement.sha256 or "")]
    stays = {judged.path for judged in judge.judge(held) if judged.judgement.verdict is not Verdict.KEEP}
    returns = [record for path, record in held.items() if path not in stays]
    return Shadow(len(kept), len(held), tuple(moves), tuple(returns))
