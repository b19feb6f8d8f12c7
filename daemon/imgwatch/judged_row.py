"""A judged picture in `--json` and the HTTP interface. `wording` has the sentences for people."""

from __future__ import annotations

import msgspec

from imgwatch.judgement import Judgement, Kind, ReasonCode, Verdict
from imgwatch.wording import sentence


class JudgedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One picture: above the threshold its score makes it junk, and an unreadable picture has none."""

    path: str
    verdict: Verdict
    score: float | None
    threshold: float | None
    reason: str
    model: str
    kind: Kind | None
    reason_code: ReasonCode

    @classmethod
    def of(cls, judgement: Judgement, path: str) -> JudgedRow:
        """Return the row of a judgement about what lies there."""
        return cls(
            path=path,
            verdict=judgement.verdict,
            score=judgement.score,
            threshold=judgement.threshold,
            reason=sentence(judgement.reason),
            model=judgement.model,
            kind=judgement.kind,
            reason_code=judgement.reason.code,
        )
