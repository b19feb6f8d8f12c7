"""The parts that the gallery's pages show and act on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from imgwatch.ledger import Ledger
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.record import Record
from imgwatch.review.decisions import ReviewDecisions
from imgwatch.review.explanation import Explainer
from imgwatch.review.index import Changes, ReviewIndex
from imgwatch.review.pictures import Thumbnails
from imgwatch.review.presenter import Presenter
from imgwatch.review.training_review import TrainingReview
from imgwatch.review.upload import UploadJudge
from imgwatch.standard import Standard


@dataclass(frozen=True)
class Parts:
    """The gallery's parts; without a usable model `explanation` and `standard` are None."""

    quarantine: Quarantine
    index: ReviewIndex
    decisions: ReviewDecisions
    thumbnails: Thumbnails
    waiting_thumbnails: Thumbnails  # of watched folders: no symlink is followed
    open_ledger: Callable[[], AbstractContextManager[Ledger]]
    read_status: Callable[[], dict[str, Any]]
    roots: Callable[[], Sequence[Path]]
    training_review: TrainingReview
    upload_judge: UploadJudge
    explanation: Explainer | None = None
    standard: Standard | None = None
    model_fault: str | None = None
    keep_days: float | None = None
    together: bool = True  # whether companions go with their picture

    @property
    def presenter(self) -> Presenter:
        """Return the presenter for the model in use."""
        standard = self.standard
        return Presenter(standard.contract, standard.model) if standard else Presenter()

    def record(self, request: Request) -> Record:
        """Return the picture that the address names, or answer with 404."""
        record = self.index.get(request.path_params["id"])
        if record is None:
            raise HTTPException(404, "this picture is no longer in quarantine")
        return record

    def rows(self, changes: Changes) -> dict[str, Any]:
        """Return the changes as rows for the grid."""
        return {
            "version": changes.version,
            "pictures": [self._row(record) for record in changes.records],
            "gone": changes.gone,
        }

    def _row(self, record: Record) -> dict[str, Any]:
        row = self.presenter.row(record, self.index.state(record.id))
        if self.explanation is None:
            return row
        group, cluster = self.explanation.group(record.id), self.explanation.cluster(record.id)
        if group not in (None, record.id):
            row["group"] = group
        if cluster is not None:
            row["cluster"] = cluster
        return row
