"""The perceptual recipe, from folders to a model file: features once, pseudo-junk, experts, fusion, threshold.

Each step is a module of its name; `report` makes the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from platformdirs import user_cache_path

import imgwatch
from imgwatch.batches import batched
from imgwatch.calibration.fusion import STRANGER_PARTS
from imgwatch.calibration.head import KEY as JUNK_KEY
from imgwatch.calibration.neighbours import Integers
from imgwatch.calibration.perceptual_file import STRANGER
from imgwatch.evaluation.false_alarm_rate import measure_false_alarms
from imgwatch.evaluation.html_report import write_report
from imgwatch.judgement import KIND_OF as KIND_OF_REASON
from imgwatch.judgement import Kind, Reason
from imgwatch.kind_promises import LOOK_ALIKE
from imgwatch.model import reference_set
from imgwatch.model.contract import (
    INPUT,
    SCHEMA_VERSION,
    Calibration,
    Contract,
    Part,
    Threshold,
    write_model,
)
from imgwatch.model.reference_set import ReferenceSet, sample
from imgwatch.model.session import open_session
from imgwatch.picture.decoding import Pixels
from imgwatch.progress import Progress
from imgwatch.standard import calibrated_by_kind
from imgwatch.wording import heading
from imgwatch_train.data.checkpoint import checkpoint_folder
from imgwatch_train.data.dataset import DatasetIndex, gather
from imgwatch_train.data.pixel_file import PixelFile
from imgwatch_train.facts import training_facts
from imgwatch_train.job import Job
from imgwatch_train.perceptual.examples import Drawing, Plan, assemble, plan_drawings
from imgwatch_train.perceptual.features import Backbone, Features, FeatureStore
from imgwatch_train.perceptual.general import BACKBONE_DIGEST, DEFAULT_MODEL, General
from imgwatch_train.perceptual.pseudo_junk import KIND_OF, KINDS, render
from imgwatch_train.perceptual.report import TrainedDetector, report_of
from imgwatch_train.runtime import prepare_tensorflow

if TYPE_CHECKING:
    from imgwatch_train.perceptual.learning import Learnt

BACKBONE = Path(imgwatch.__file__).parent / "backbone" / "efficientnet-lite0.onnx"
_BLOCK = 16
_PROBES = 8  # pictures on which TensorFlow and ONNX are compared


def train_perceptual(job: Job, progress: Progress, general: General | None = None) -> Contract:
    """Decode once, compute features once, learn, export; write the model, then the report.

    `general` is passed only to train the general model; otherwise it is read from the one that ships.
    """
    workers, seed = job.settings.workers, job.settings.seed
    with _opened_backbone(job) as backbone, checkpoint_folder(job.checkpoint_folder, job.fresh) as folder:
        pixel_file, index = gather(job, backbone.shape, None, progress)
        with pixel_file:
            pictures, index = sampled(job, pixel_file, index)
            prepare_tensorflow(seed, workers)
            learnt = _learn(job, backbone, (pictures, index, folder), general, progress)
            if general is not None:
                learnt = replace(learnt, fusion=learnt.fusion.without_folder())
            trained = _export(job, backbone, (pictures, index), learnt, general is not None)
            write_report(report_of(trained, job, progress), job.report_folder)
    return trained.contract


@contextmanager
def _opened_backbone(job: Job) -> Iterator[Backbone]:
    """Yield the image encoder, on this machine or on a cluster."""
    path = job.settings.perceptual.backbone or BACKBONE
    if job.cluster is None:
        yield Backbone(path, job.settings.workers)
        return
    from imgwatch.cluster.dask_cluster import Cluster
    from imgwatch_train.perceptual.cluster_features import ClusterBackbone

    with Cluster(job.cluster) as cluster:
        yield ClusterBackbone(path, cluster)


class _Rows:
    """Some rows of a pixel file, renumbered from 0."""

    def __init__(self, pictures: PixelFile, rows: Integers) -> None:
        self._pictures, self._rows = pictures, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: Sequence[int] | Integers) -> Pixels:
        return self._pictures[self._rows[np.asarray(rows, np.int64)]]


def sampled(job: Job, pictures: PixelFile, index: DatasetIndex) -> tuple[_Rows, DatasetIndex]:
    """Return the pictures of a folder, or a seeded sample if there are too many to learn from."""
    count, most = len(index.entries), job.settings.perceptual.most_pictures
    rows = np.arange(count)
    if count > most:
        rows = np.sort(np.random.default_rng((job.settings.seed, 6)).permutation(count)[:most])
    return _Rows(pictures, rows), replace(index, entries=tuple(index.entries[row] for row in rows))


def _learn(
    job: Job,
    backbone: Backbone,
    gathered: tuple[_Rows, DatasetIndex, Path],
    general: General | None,
    progress: Progress,
) -> Learnt:
    from imgwatch_train.perceptual.learning import learn

    pictures, index, folder = gathered
    seed, options = job.settings.seed, job.settings.perceptual
    plan = Plan(backbone.groups, seed, options.hidden, options.latent, options.epochs, backbone.stranger)
    digests = [entry.sha256 for entry in index.entries]
    with FeatureStore(user_cache_path("imgwatch") / "features.sqlite", backbone) as store:
        features = store.gather(
            digests, lambda rows: pictures[rows], lambda done, total: progress("features", done, total)
        )
    drawings = plan_drawings(len(digests), options.pseudo_junk, seed)
    drawn = _draw(drawings, digests, pictures, FeatureStore(folder / "drawn.sqlite", backbone), progress)
    general = (
        general or General.of_model(DEFAULT_MODEL, backbone) or _own(features, drawn, drawings, backbone)
    )
    numbers = assemble(features, drawn, drawings, general.project, backbone.groups, seed)
    trusted = np.isin(digests, list(job.trusted))
    return learn(
        numbers, general, features.pooled, plan, lambda done, total: progress("fit", done, total), trusted
    )


def _own(features: Features, drawn: Features, drawings: Sequence[Drawing], backbone: Backbone) -> General:
    """Return the general knowledge for another backbone, learned from the folder's own drawings."""
    kinds = np.array([drawing.kind for drawing in drawings])
    junk = {
        KIND_OF[kind]: Features(drawn.statistics[kinds == kind], drawn.pooled[kinds == kind])
        for kind in KINDS
    }
    own = General.learn(features, junk, backbone.groups[-1])
    return replace(own, drawn=tuple(junk))


def _draw(
    drawings: Sequence[Drawing],
    digests: Sequence[str],
    pictures: _Rows,
    store: FeatureStore,
    progress: Progress,
) -> Features:
    """Return the features of pseudo-junk, drawn block by block; only features are stored."""

    def drawn(drawing: Drawing) -> Pixels:
        return render(pictures[[drawing.source]][0], drawing.kind, np.random.default_rng(drawing.seed))

    def pixels_of(indices: Sequence[int]) -> Pixels:
        return np.stack(list(threads.map(drawn, [drawings[index] for index in indices])))

    keys = [f"{digests[drawing.source]}:{drawing.kind}:{drawing.seed}" for drawing in drawings]
    with store, ThreadPoolExecutor(2) as threads:
        return store.gather(keys, pixels_of, lambda done, total: progress("pseudo-junk", done, total))


def _export(
    job: Job, backbone: Backbone, gathered: tuple[_Rows, DatasetIndex], learnt: Learnt, is_generic: bool
) -> TrainedDetector:
    """Write the model, with a threshold by its own held-out scores."""
    from imgwatch_train.export.onnx_graph import self_test_of
    from imgwatch_train.perceptual.graph import build

    pictures, index = gathered
    proto = build(learnt, backbone, pictures[range(min(_PROBES, len(pictures)))])
    session = open_session(proto.SerializeToString(), job.settings.workers)
    scores, parts = learnt.fusion.score(learnt.measures), learnt.fusion.parts(learnt.measures)
    calibration = Calibration.of(scores, parts)
    threshold = Threshold.of(job.threshold or job.settings.perceptual.threshold, calibration)
    false_alarms = measure_false_alarms(scores, threshold)
    contract = Contract(
        schema_version=SCHEMA_VERSION,
        architecture="perceptual",
        height=backbone.shape.height,
        width=backbone.shape.width,
        mode=backbone.shape.mode,
        parts=(*STRANGER_PARTS, *map(_kind_part, learnt.general.junk.kinds)),
        calibration=calibration,
        threshold=threshold,
        self_test=self_test_of(session, backbone.shape),
        generic=is_generic,
        training=training_facts(job, _counts(index, learnt), false_alarms)
        | {"backbone": backbone.name, BACKBONE_DIGEST: backbone.digest, STRANGER: backbone.stranger}
        | {LOOK_ALIKE: learnt.look_alikes},
    )
    contract = calibrated_by_kind(contract, scores, parts)
    more = {
        reference_set.KEY: _reference_set(session, pictures, scores).packed(),
        JUNK_KEY: learnt.general.junk.packed(),
    }
    write_model(proto, contract, job.written, more)
    return TrainedDetector(contract, false_alarms, index, learnt, scores, parts)


def _kind_part(kind: Kind) -> Part:
    reason = next(code for code, known in KIND_OF_REASON.items() if known is kind)
    return Part(name=str(kind), kind="kind", says=heading(Reason(reason)))


def _reference_set(session: Any, pictures: _Rows, scores: np.ndarray) -> ReferenceSet:
    """Return a sample of the held-out pictures with embeddings, from which the daemon learns by decisions."""
    chosen = sample(len(scores))
    blocks = batched(chosen, _BLOCK)
    embeddings = [session.run(["embedding"], {INPUT: pictures[block]})[0] for block in blocks]
    return ReferenceSet(np.asarray(scores[chosen], np.float32), np.concatenate(embeddings))


def _counts(index: DatasetIndex, learnt: Learnt) -> dict[str, int]:
    return {
        "held_out": len(index.entries),
        "taught": int(learnt.selection.teaches.sum()),
        "copies": int(learnt.selection.is_thinned.sum()),
        "strangest_left_out": int(learnt.selection.is_judged.sum()),
        "near_duplicates": len(index.entries) - int(learnt.groups.max()) - 1,
        "outliers": int(learnt.is_outlier.sum()),
        "neighbours": len(learnt.bank),
        "unreadable": len(index.unreadable),
        "duplicates": len(index.duplicates),
    }
