"""Whether the model file works, and has seen pictures of the user's own."""

from __future__ import annotations

from collections.abc import Iterator

from imgwatch.doctor.finding import Finding, Subject, fault, ok, warning
from imgwatch.errors import ImgwatchError
from imgwatch.model.scorer import Scorer


def check_model(subject: Subject) -> Iterator[Finding]:
    """Load the model, with its self-test, and take the threshold from it."""
    try:
        scorer = Scorer(subject.model)
        threshold = scorer.contract.effective_threshold(subject.settings.threshold)
    except ImgwatchError as error:
        yield fault(f"model: {error}", "imgwatch calibrate or train, or `model: default` in the config")
        return
    yield ok(f"model {scorer.name}: reproduces its self-test, threshold {threshold:.4g}")
    if scorer.contract.generic:
        only = ", so nothing is moved (mode: auto)" if subject.settings.waits_for_own_model else ""
        yield warning(
            f"the general model has seen none of your pictures{only}", "imgwatch calibrate, or imgwatch train"
        )
