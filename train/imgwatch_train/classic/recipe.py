"""The two classic recipes, dense and conv: an autoencoder whose error is the score, folders to model file.

`fitting` and `schedule` fit it; `report` makes the report.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imgwatch.evaluation.false_alarm_rate import measure_false_alarms
from imgwatch.evaluation.html_report import write_report
from imgwatch.model.contract import SCHEMA_VERSION, Calibration, Contract, Threshold, write_model
from imgwatch.model.session import open_session
from imgwatch.picture.decoding import Shape
from imgwatch.progress import Progress
from imgwatch.settings import ConvSettings, DenseSettings, plain
from imgwatch_train.classic.report import TrainedAutoencoder, report_of
from imgwatch_train.classic.schedule import conv_schedule, dense_schedule
from imgwatch_train.classic.scoring import score_rows
from imgwatch_train.data.checkpoint import checkpoint_folder
from imgwatch_train.data.dataset import DatasetIndex, Split, gather, split
from imgwatch_train.data.pixel_file import PixelFile
from imgwatch_train.facts import training_facts
from imgwatch_train.job import Job
from imgwatch_train.runtime import prepare_tensorflow

if TYPE_CHECKING:
    import onnx

    from imgwatch_train.classic.architectures import Autoencoder
    from imgwatch_train.classic.fitting import Epoch

_PROBES = 8  # pictures on which Keras and ONNX are compared


@dataclass(frozen=True)
class _Run:
    """What every step of the recipe needs."""

    job: Job
    preset: DenseSettings | ConvSettings
    shape: Shape
    folder: Path
    pictures: PixelFile
    index: DatasetIndex
    rows: Split
    progress: Progress


def train_classic(job: Job, progress: Progress) -> Contract:
    """Decode once, split, fit, export, calibrate on held-out pictures; write the model, then the report."""
    preset = job.settings.dense if job.settings.architecture == "dense" else job.settings.conv
    shape = Shape(preset.size, preset.size, "RGB" if isinstance(preset, DenseSettings) else "L")
    misbehaving = preset.misbehaving if isinstance(preset, ConvSettings) else None
    with checkpoint_folder(job.checkpoint_folder, job.fresh) as folder:
        pixel_file, index = gather(job, shape, misbehaving, progress)
        with pixel_file as pictures:
            rows = split(index.entries, preset.held_out, preset.validation, job.settings.seed)
            run = _Run(job, preset, shape, folder, pictures, index, rows, progress)
            progress("load TensorFlow", 0, 1)
            prepare_tensorflow(job.settings.seed, job.settings.workers)
            progress("load TensorFlow", 1, 1)
            autoencoder, history = _fit(run)
            trained, proto = _export(run, autoencoder, history)
            write_model(proto, trained.contract, job.written)
            report = report_of(trained, job, pictures, autoencoder.reconstruct, progress)
            write_report(report, job.report_folder)
    return trained.contract


def _fit(run: _Run) -> tuple[Autoencoder, list[Epoch]]:
    from imgwatch_train.classic import architectures
    from imgwatch_train.classic.fitting import Fitting, fingerprint_of

    seed = run.job.settings.seed
    if isinstance(run.preset, DenseSettings):
        autoencoder, schedule = architectures.dense(run.preset), dense_schedule(run.preset, run.rows, seed)
    else:
        autoencoder, schedule = architectures.conv(run.preset), conv_schedule(run.preset, run.rows, seed)
    settings = plain(run.preset)
    del settings["threshold"]
    settings.pop("misbehaving", None)
    digests = [(entry.sha256, entry.is_misbehaving) for entry in run.index.entries]
    fingerprint = fingerprint_of(run.job.settings.architecture, seed, settings, digests)
    fitting = Fitting(autoencoder, run.pictures, schedule, run.folder, fingerprint)
    return autoencoder, fitting.run(run.progress)


def _export(
    run: _Run, autoencoder: Autoencoder, history: list[Epoch]
) -> tuple[TrainedAutoencoder, onnx.ModelProto]:
    """Return the converted model, with a threshold by the held-out pictures, and scores of all normal ones."""
    from imgwatch_train.classic.architectures import PARTS
    from imgwatch_train.export.onnx_graph import self_test_of, to_onnx

    proto = to_onnx(autoencoder.graph, run.shape, run.pictures[run.rows.held_out[:_PROBES]])
    session = open_session(proto.SerializeToString(), run.job.settings.workers)
    used = np.concatenate((run.rows.held_out, run.rows.validation, run.rows.train))
    scores, parts = score_rows(session, run.pictures, used, run.progress)
    held_out = scores[: len(run.rows.held_out)]
    calibration = Calibration.of(held_out, parts[: len(held_out)])
    threshold = Threshold.of(run.job.threshold or run.preset.threshold, calibration)
    false_alarms = measure_false_alarms(held_out, threshold)
    contract = Contract(
        schema_version=SCHEMA_VERSION,
        architecture=run.job.settings.architecture,
        height=run.shape.height,
        width=run.shape.width,
        mode=run.shape.mode,
        parts=PARTS,
        calibration=calibration,
        threshold=threshold,
        self_test=self_test_of(session, run.shape),
        training=training_facts(run.job, _counts(run), false_alarms),
    )
    return TrainedAutoencoder(contract, false_alarms, history, run.index, used, scores, len(held_out)), proto


def _counts(run: _Run) -> dict[str, int]:
    return {
        "train": len(run.rows.train),
        "validation": len(run.rows.validation),
        "held_out": len(run.rows.held_out),
        "misbehaving": len(run.rows.misbehaving),
        "unreadable": len(run.index.unreadable),
        "duplicates": len(run.index.duplicates),
    }
