"""Expose the daemon's metrics to Prometheus, under the names in docs/metrics.md.

With `exporters` the only user of prometheus_client, and imported only where the config asks for it. It gathers nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from imgwatch.monitoring.collector import BOUNDS, Snapshot
from imgwatch.monitoring.exporters import Exporter, Port, TextFile
from imgwatch.settings import MetricsSettings

_COUNTED = {
    "judged": "Pictures judged, each version of a file once.",
    "quarantined": "Pictures moved into quarantine, including those moved on to the folder for their kind.",
    "moved": "Pictures moved on to the folder for their kind.",
    "unreadable": "Pictures that could not be decoded.",
    "restored": "Pictures put back by the user.",
    "deleted": "Pictures deleted for good by the user.",
    "purged": "Pictures deleted for good by the quarantine's limits.",
}
_FOLDER_STATES = ("watched", "scanned", "gone")
_HOOK_OUTCOMES = ("done", "failed", "timed_out")


class Exposition(Collector):
    """Exposes the latest snapshot, nothing before the first. It has its own registry, and no global state."""

    def __init__(self, settings: MetricsSettings, clock: Callable[[], float] = time.monotonic) -> None:
        registry = CollectorRegistry()
        registry.register(self)
        self._snapshot: Snapshot | None = None
        self._exporters: list[Exporter] = []
        if settings.textfile is not None:
            self._exporters.append(TextFile(settings.textfile, registry, clock))
        if settings.port is not None:
            self._exporters.append(Port(settings.port, registry, clock))

    @property
    def troubles(self) -> tuple[str, ...]:
        """Return what prevents the metrics from being read, one sentence each."""
        return tuple(exporter.trouble for exporter in self._exporters if exporter.trouble)

    def show(self, snapshot: Snapshot) -> None:
        """Expose this snapshot from now on. Raises nothing: a failure is logged, and tried again."""
        self._snapshot = snapshot
        for exporter in self._exporters:
            exporter.keep()

    def close(self) -> None:
        """Close the port; remove the file, so that nobody takes old metrics for new ones."""
        for exporter in self._exporters:
            exporter.close()

    def describe(self) -> Iterator[Metric]:
        """Return nothing, as there are no metrics yet at registration."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the latest snapshot as Prometheus metrics."""
        if (snapshot := self._snapshot) is None:
            return
        for name, what in _COUNTED.items():
            yield CounterMetricFamily(f"imgwatch_{name}", what, snapshot.counters.get(name, 0))
        yield from _gauges(snapshot)
        yield from _labelled(snapshot)
        yield _latency(snapshot)


def _gauges(snapshot: Snapshot) -> Iterator[Metric]:
    pulse = snapshot.pulse
    gauges: dict[str, tuple[str, float | None]] = {
        "backlog": ("Pictures noticed and not judged yet.", pulse.backlog),
        "held": ("Pictures held back by the open breaker.", snapshot.held),
        "breaker_open": ("1 while the breaker is open: nothing is moved.", pulse.breaker == "open"),
        "troubles": ("Current problems, as `imgwatch status` lists them.", len(pulse.troubles)),
        "threshold": ("The score above which a picture is quarantined.", pulse.threshold),
        "model_made_timestamp_seconds": ("When the model was trained or calibrated.", snapshot.model_made),
        "heartbeat_timestamp_seconds": ("When the daemon's loop last reported its state.", snapshot.at),
    }
    if (drift := snapshot.drift) is not None:
        gauges["drift"] = ("1 while kept pictures score higher than normal ones did.", drift.drifts)
        gauges["drift_chance"] = (
            "Probability of a block like the last one if nothing had changed.",
            drift.chance,
        )
        gauges["drift_compared"] = ("Pictures in the block that is being filled.", len(drift.ranks))
    if (size := snapshot.size) is not None:
        gauges["quarantine_pictures"] = ("Pictures in quarantine, the bin included.", size.pictures)
        gauges["quarantine_bytes"] = ("Bytes of the pictures in quarantine, the bin included.", size.bytes)
    for name, (what, value) in gauges.items():
        if value is not None:
            yield GaugeMetricFamily(f"imgwatch_{name}", what, float(value))


def _labelled(snapshot: Snapshot) -> Iterator[Metric]:
    pulse, hook = snapshot.pulse, snapshot.hook
    folders = GaugeMetricFamily("imgwatch_folders", "Watched folders, by state.", labels=["state"])
    _fill(folders, {state: list(pulse.folders.values()).count(state) for state in _FOLDER_STATES})
    yield folders
    runs = CounterMetricFamily("imgwatch_hook_runs", "Runs of the hook, by outcome.", labels=["outcome"])
    _fill(runs, {outcome: hook.get(outcome, 0) for outcome in _HOOK_OUTCOMES})
    yield runs
    left_out = hook.get("left_out", 0)
    yield CounterMetricFamily(
        "imgwatch_hook_left_out", "Pictures that were not passed to the hook.", left_out
    )
    about = {"name": pulse.model, "generic": "yes" if pulse.generic_model else "no"}
    yield InfoMetricFamily("imgwatch_model", "The model in use.", about)


def _fill(family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[str, int]) -> None:
    for label, value in values.items():
        family.add_metric([label], value)


def _latency(snapshot: Snapshot) -> Metric:
    description = "Time from when a picture was written until it has been processed."
    family = HistogramMetricFamily("imgwatch_latency_seconds", description)
    reached = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), snapshot.latency, strict=True):
        reached += count
        buckets.append((bound, float(reached)))
    family.add_metric([], buckets, snapshot.latency_total)
    return family
