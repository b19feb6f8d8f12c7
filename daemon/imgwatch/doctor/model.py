"""Checks whether the model files work, and have seen the user's own pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from imgwatch.doctor.finding import Finding, Subject, fault, ok, warning
from imgwatch.errors import ImgwatchError, Unavailable
from imgwatch.model.scorer import Scorer
from imgwatch.model.tried_models import TriedModels
from imgwatch.settings import Settings, ThresholdRule, own_file
from imgwatch.standard import Standard


def check_model(subject: Subject) -> Iterator[Finding]:
    """Check each model: load it, run its self-test, and compute its threshold."""
    settings = subject.settings
    yield from _check(subject.model, settings.threshold, settings)
    for watch in settings.watch:
        own = None if watch.model is None else own_file(watch.model)
        if own is not None:
            yield from _check(own, watch.threshold or settings.threshold, settings)


def _check(model: Path, rule: ThresholdRule | None, settings: Settings) -> Iterator[Finding]:
    try:
        tried = TriedModels(settings.state)
        seconds, device = settings.limits.decode_seconds, settings.device
        scorer = Scorer(model, seconds=seconds, tried=tried, device=device)
        threshold = Standard.of(scorer.contract, scorer.name, rule, settings.kinds.promised, model).threshold
    except Unavailable as error:
        yield fault(f"model: {error}", "`device: auto` in the config, or install what is missing")
        return
    except ImgwatchError as error:
        yield fault(f"model: {error}", "imgwatch calibrate or train, or `model: default` in the config")
        return
    where = " on a CUDA card" if scorer.is_on_card else ""
    yield ok(f"model {scorer.name}: reproduces its self-test{where}, threshold {threshold:.4g}")
    if scorer.contract.generic:
        only = (
            f", so {settings.what_auto_moves} is moved (mode: auto)" if settings.waits_for_own_model else ""
        )
        yield warning(
            f"the general model has seen none of your pictures{only}", "imgwatch calibrate, or imgwatch train"
        )
