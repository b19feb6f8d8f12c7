"""What follows from results, without a daemon: which count, what is remembered, what is logged once."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import numpy as np
import pytest

from conftest import brightness_contract
from imgwatch.drift import BLOCK, Drift
from imgwatch.feedback.correction import Correction
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.judging import Judged
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.live_model import LiveModel
from imgwatch.model.contract import Contract
from imgwatch.monitoring.collector import MetricsCollector, Snapshot
from imgwatch.monitoring.observer import Observer
from imgwatch.moving import Result
from imgwatch.status import Pulse

HOUR = 3600.0


def live(contract: Contract | None = None, correction: Correction | None = None) -> LiveModel:
    judge = SimpleNamespace(
        scorer=SimpleNamespace(name="m"),
        contract=contract or brightness_contract(),
        threshold=0.5,
        correction=correction,
    )
    return cast(LiveModel, SimpleNamespace(judge=judge))


def result(score: float | None, state: FileState = FileState.KEPT) -> Result:
    judgement = Judgement(Verdict.KEEP, in_words("as ever"), "m", score, 0.5, "00" * 32)
    return Result(Judged(Path("/in/a.png"), Identity(1, 1, 1, 0), judgement), state)


def known(ledger: Ledger) -> Drift:
    return Drift.of("m", ledger.facts.drift)


def test_only_what_was_kept_counts(ledger: Ledger) -> None:
    observer = Observer(ledger, live(), wall=lambda: HOUR)
    for state in set(FileState) - {FileState.KEPT}:
        observer.note(result(0.2, state), 0.1)
    observer.note(result(None), 0.1)
    assert ledger.facts.drift is None
    observer.note(result(0.25), 0.1)
    assert known(ledger).ranks == (0.5,)


def test_a_picture_that_could_not_be_moved_is_not_done_yet(ledger: Ledger, tmp_path: Path) -> None:
    board, model = _Board(), live()
    figures = MetricsCollector(board, ledger, tmp_path, model)
    Observer(ledger, model, collector=figures).note(result(0.9, FileState.PENDING), 0.3)
    assert sum(figures.latency.counts) == 0


def test_the_general_model_knows_nothing_of_a_folder(ledger: Ledger) -> None:
    contract = msgspec.structs.replace(brightness_contract(), generic=True)
    Observer(ledger, live(contract), wall=lambda: HOUR).note(result(0.2), 0.1)
    assert ledger.facts.drift is None


def test_what_was_taught_counts_on_both_sides(ledger: Ledger) -> None:
    taught = np.linspace(-0.4, 0.0, 200, dtype=np.float32)
    correction = Correction.learn((), None, 0.5)
    correction = replace(correction, normal_scores=taught)
    Observer(ledger, live(correction=correction), wall=lambda: HOUR).note(result(0.1), 0.1)
    assert known(ledger).ranks == (1.0,)


def test_change_and_calm_are_told_once_each_and_over_restarts(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    now = 0.0

    def lives(scores: list[float]) -> None:
        nonlocal now
        observer = Observer(ledger, live(), wall=lambda: now)
        for score in scores:
            now += HOUR
            observer.note(result(score), 0.1)

    usual = np.linspace(0.05, 0.45, BLOCK).tolist()
    for scores in (usual, [0.44] * 150, [0.44] * 250, [0.44] * BLOCK, usual, usual):
        lives(scores)
    logged = [(record.levelname, record.message.split(":")[1]) for record in caplog.records]
    assert logged == [("WARNING", " your folder has changed"), ("INFO", " as expected")]


class _Board:
    troubles = ("the disk is full",)

    def __init__(self) -> None:
        self.shown: list[Snapshot] = []

    def show(self, snapshot: Snapshot) -> None:
        self.shown.append(snapshot)

    def close(self) -> None:
        self.shown.clear()


def test_figures_are_given_out_also_while_the_ledger_cannot_be_asked(ledger: Ledger, tmp_path: Path) -> None:
    board, model = _Board(), live()
    observer = Observer(ledger, model, collector=MetricsCollector(board, ledger, tmp_path, model))
    pulse = Pulse(3, "closed", "m", 0.5, False, {})
    ledger.facts.put_drift(Drift("m", drifts=True).to_json())
    observer.note(result(0.2), 0.3)
    assert observer.publish(pulse) == ("the disk is full",)
    ledger.close()
    observer.publish(pulse)
    Observer(ledger, model, collector=MetricsCollector(board, ledger, tmp_path, model)).publish(pulse)
    first, second, third = board.shown
    assert third.drift is None
    assert first.latency_total == 0.3
    assert first.drift is not None
    assert (second.counters, second.pulse) == (first.counters, pulse)
    observer.close()
    assert board.shown == []
