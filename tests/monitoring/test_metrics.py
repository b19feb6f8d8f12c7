"""Figures for Prometheus: what is told, where it can be read, and that dashboard, rules and table say the same."""

from __future__ import annotations

import http.client
import json
import re
import socket
import stat
import subprocess
import sys
import threading
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from imgwatch.drift import Drift
from imgwatch.monitoring.collector import BOUNDS, Latency, Measure, Size, Snapshot, measured
from imgwatch.monitoring.metrics import Exposition
from imgwatch.settings import MetricsSettings
from imgwatch.status import Pulse

DOCS = Path(__file__).parent.parent.parent / "docs"
Told = dict[str, dict[tuple[tuple[str, str], ...], float]]  # name -> labels -> value

BY_PROMETHEUS = {"instance", "job"}
VARIABLES = {"$__rate_interval": "5m", "$instance": "any"}


def snapshot(**more: object) -> Snapshot:
    latency = Latency()
    for seconds in (0.01, 0.7, 9999.0):
        latency.note(seconds)
    figures: dict[str, object] = {
        "at": 1000.0,
        "pulse": Pulse(7, "open", "mine-12345678", 0.5, False, {"/a": "watched", "/b": "gone"}, ("full",)),
        "counters": {"judged": 412, "quarantined": 9},
        "held": 3,
        "latency": tuple(latency.counts),
        "latency_total": latency.total,
        "drift": Drift("m", (0.5,), 100, drifts=True, chance=0.001, median=0.9),
        "hook": {"done": 2},
        "model_made": 500.0,
        "size": Size(9, 900),
    }
    return Snapshot(**figures | more)  # type: ignore[arg-type]


def families(text: str) -> Told:
    """Return the samples of an exposition."""
    samples: Told = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return samples


@pytest.fixture
def exported(tmp_path: Path) -> Told:
    """All that can be told, as it is told."""
    file = tmp_path / "imgwatch.prom"
    Exposition(MetricsSettings(textfile=file)).show(snapshot())
    return families(file.read_text())


def test_figures_are_those_of_the_daemon(exported: Told) -> None:
    assert exported["imgwatch_judged_total"][()] == 412
    assert exported["imgwatch_purged_total"][()] == 0
    assert exported["imgwatch_breaker_open"][()] == 1
    assert exported["imgwatch_backlog"][()] == 7
    assert exported["imgwatch_folders"][(("state", "gone"),)] == 1
    assert exported["imgwatch_drift"][()] == 1
    assert exported["imgwatch_model_info"][(("generic", "no"), ("name", "mine-12345678"))] == 1
    assert exported["imgwatch_latency_seconds_bucket"][(("le", "1.0"),)] == 2
    assert exported["imgwatch_latency_seconds_bucket"][(("le", "+Inf"),)] == 3
    assert exported["imgwatch_latency_seconds_count"][()] == 3
    assert len(exported["imgwatch_latency_seconds_bucket"]) == len(BOUNDS) + 1


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "imgwatch.prom"
    Exposition(MetricsSettings(textfile=file)).show(snapshot(drift=None, model_made=None, size=None))
    assert not re.findall("imgwatch_(drift|model_made|quarantine_)", file.read_text())


def test_the_file_is_replaced_whole_in_its_time_and_readable_for_all(tmp_path: Path) -> None:
    now, file = 100.0, tmp_path / "imgwatch.prom"
    exposition = Exposition(MetricsSettings(textfile=file), lambda: now)
    exposition.show(snapshot())
    first = file.stat()
    assert stat.S_IMODE(first.st_mode) == 0o644
    now += 14
    exposition.show(snapshot())
    assert file.stat().st_ino == first.st_ino
    now += 1
    with file.open() as reader:
        exposition.show(snapshot(held=99))
        assert "imgwatch_held 3.0" in reader.read(), "who reads sees the old file whole"
    assert "imgwatch_held 99.0" in file.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["imgwatch.prom"]
    exposition.close()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now, folder = 100.0, tmp_path / "figures"
    exposition = Exposition(MetricsSettings(textfile=folder / "i.prom"), lambda: now)
    for _ in range(3):
        exposition.show(snapshot())
        now += 20
    assert len(caplog.records) == 1
    assert "No such file or directory" in exposition.troubles[0]
    folder.mkdir()
    exposition.show(snapshot())
    assert exposition.troubles == ()
    assert (folder / "i.prom").exists()


@pytest.fixture
def port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return int(some.getsockname()[1])


def read(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        return str(answer.read().decode())


def test_the_port_is_of_this_machine_alone_and_closed_at_the_end(port: int) -> None:
    exposition = Exposition(MetricsSettings(port=port))
    exposition.show(snapshot())
    assert "imgwatch_judged_total 412.0" in read(port)
    assert f":{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()
    assert f" 0100007F:{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()
    exposition.close()
    again = Exposition(MetricsSettings(port=port))
    again.show(snapshot(held=5))
    assert "imgwatch_held 5.0" in read(port)
    again.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "metrics"]


def test_a_client_that_says_nothing_is_hung_up_on(port: int) -> None:
    exposition = Exposition(MetricsSettings(port=port))
    exposition.show(snapshot())
    with socket.create_connection(("127.0.0.1", port)):
        assert "imgwatch_judged_total" in read(port)
    exposition.close()


def test_many_slow_clients_keep_nobody_out_and_the_port_closes(port: int) -> None:
    exposition = Exposition(MetricsSettings(port=port))
    exposition.show(snapshot())
    with ExitStack() as stack:
        for _ in range(50):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            slow.sendall(b"GET /metrics HTTP/1.1\r\nHost")
        assert "imgwatch_judged_total" in read(port)
        exposition.close()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[", ""])
def test_a_name_that_was_rebound_to_this_machine_is_refused(port: int, host: str) -> None:
    exposition = Exposition(MetricsSettings(port=port))
    exposition.show(snapshot())
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics", headers={"Host": host})
    answer = connection.getresponse()
    assert (answer.status, b"imgwatch_" in answer.read()) == (421, False)
    connection.close()
    exposition.close()


def test_a_port_that_is_taken_is_told_once_and_opened_when_it_is_free(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    now = 1000.0
    exposition = Exposition(MetricsSettings(port=port), lambda: now)
    with socket.create_server(("127.0.0.1", port)):
        for _ in range(3):
            exposition.show(snapshot())
            now += 61
        assert len(caplog.records) == 1
        assert "Address already in use" in exposition.troubles[0]
    exposition.show(snapshot())
    assert exposition.troubles == ()
    assert "imgwatch_judged_total" in read(port)
    exposition.close()


def test_the_quarantine_is_measured_seldom_and_only_after_a_change(tmp_path: Path) -> None:
    now = 1000.0
    measure = Measure(tmp_path, lambda: now)
    assert measure.size({"quarantined": 0}) == Size(0, 0)
    (tmp_path / "a.png").write_bytes(b"x" * 10)
    now += 30
    assert measure.size({"quarantined": 1}) == Size(0, 0)
    now += 31
    assert measure.size({"quarantined": 1}) == Size(1, 10)
    (tmp_path / "b.png").write_bytes(b"x")
    now += 3600
    assert measure.size({"quarantined": 1}) == Size(1, 10), "nothing was moved"
    assert measured(tmp_path / "none") == Size(0, 0)


def test_nothing_of_it_is_imported_where_it_is_off() -> None:
    program = "import sys, imgwatch.monitoring.observer; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def rows() -> dict[str, set[str]]:
    """Return the documented metrics: name -> labels."""
    text = (DOCS / "metrics.md").read_text()
    cells = re.findall(r"^\| `(imgwatch_\w+)` \| (\w+) \| (.*?) \|", text, re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, _, labels in cells}


def base(sample: str) -> str:
    return re.sub(r"_(bucket|sum|count)$", "", sample)


def test_the_table_lists_what_is_told_with_its_labels(
    exported: Told,
) -> None:
    really: dict[str, set[str]] = {}
    for name, samples in exported.items():
        really.setdefault(base(name), set()).update(label for labels in samples for label, _ in labels)
    assert rows() == really


def queries() -> list[tuple[str, str]]:
    board = json.loads((DOCS / "grafana.json").read_text())
    expressions = [
        (panel["title"], target["expr"]) for panel in board["panels"] for target in panel["targets"]
    ]
    for body in re.findall(
        r"^```yml\n(.*?)^```", (DOCS / "metrics.md").read_text(), re.MULTILINE | re.DOTALL
    ):
        for group in yaml.safe_load(body).get("groups", []):
            expressions += [(rule["alert"], rule["expr"]) for rule in group["rules"]]
    return expressions


def selected(expression: str) -> list[tuple[str, dict[str, str]]]:
    """Return the metrics that a query reads, with the labels that it chooses by and what it wants of them."""
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    selectors: list[tuple[str, dict[str, str]]] = []

    def see(node: object) -> None:
        selector = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
        if isinstance(selector, promql_parser.VectorSelector):
            chosen = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
            selectors.append((str(selector.name), chosen))

    promql_parser.walk(promql_parser.parse(expression), see)
    return selectors


@pytest.mark.parametrize(("title", "expression"), queries())
def test_each_query_reads_metrics_and_labels_that_there_are(
    title: str, expression: str, exported: Told
) -> None:
    selectors = selected(expression)
    assert selectors, title
    for name, chosen in selectors:
        assert name in exported, (title, name)
        values: dict[str, set[str]] = {}
        for labels in exported[name]:
            for label, value in labels:
                values.setdefault(label, set()).add(value)
        for label, wanted in chosen.items():
            assert label in BY_PROMETHEUS or wanted in values[label], (title, name, label)
    for grouped in re.findall(r"by \(([^)]*)\)", expression):
        known = {label for name, _ in selectors for labels in exported[name] for label, _ in labels}
        assert set(re.split(r",\s*", grouped)) <= known | BY_PROMETHEUS, title


def test_each_legend_names_a_label_that_there_is(
    exported: Told,
) -> None:
    board = json.loads((DOCS / "grafana.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            read_here = selected(target["expr"])
            known = {label for name, _ in read_here for labels in exported[name] for label, _ in labels}
            assert named <= known | BY_PROMETHEUS, panel["title"]


def test_every_metric_is_on_the_dashboard_or_in_a_rule(
    exported: Told,
) -> None:
    used = {name for _, expression in queries() for name, _ in selected(expression)}
    left_out = {"imgwatch_threshold", "imgwatch_drift_compared"}
    assert {name for name in exported if name not in used} == left_out
