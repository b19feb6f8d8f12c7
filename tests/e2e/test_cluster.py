"""Judging on a real Dask cluster, whose parts die: every picture gets its verdict once, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import WriteConfig, bright, dark
from daemon import COMMAND, digests, objects, popen, run, wait_until
from dask_cluster import LETHAL, DaskCluster, LethalKit, children_of
from imgwatch.cluster.dask_cluster import Cluster
from imgwatch.cluster.judging import JudgeKit, PictureVersion, judge_on
from imgwatch.errors import Unavailable
from imgwatch.files import Identity
from imgwatch.judging import BATCH
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits
from imgwatch.scan import Scope, walk

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Yield a cluster whose scheduler stays, to several tests."""
    with DaskCluster(tmp_path_factory.mktemp("dask"), workers=2) as cluster:
        yield cluster


@pytest.fixture
def dask(lasting: DaskCluster) -> DaskCluster:
    """Return that cluster when it is whole: nannies replace the workers that die in a test."""
    lasting.wait_whole()
    return lasting


def fill(inbox: Path, number: int) -> None:
    for count in range(number):
        (bright if count % 20 == 0 else dark)(inbox / str(count % 7) / f"{count:05}.png")


def found_in(folder: Path) -> list[PictureVersion]:
    return [
        (inside / name, Identity.of_version(version))
        for inside, listing in walk(Scope(folder))
        for name, version in listing.items()
    ]


class Rescan:
    """`imgwatch rescan --json --cluster`, whose lines are read one by one.

    It waits for its reader: no more lines than a pipe holds, a few hundred, are ahead of what was read.
    """

    def __init__(self, dask: DaskCluster, config: Path) -> None:
        command = [*COMMAND, "rescan", "--json", "--cluster", dask.address, "--config", str(config)]
        self._said = config.with_name("rescan.log")
        with self._said.open("wb") as said:
            self.process = popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        assert self.process.stdout is not None
        self.lines: list[dict[str, Any]] = []
        self._stdout = self.process.stdout

    def read(self, number: int) -> None:
        """Wait for so many verdicts."""
        for _ in range(number):
            self.lines.append(json.loads(self._stdout.readline()))

    def end(self) -> tuple[int, str]:
        """Read the rest; return the exit code and what it said on stderr."""
        self.lines += objects(self._stdout.read())
        self._stdout.close()
        return self.process.wait(60), self._said.read_text()


def test_a_worker_killed_midway_costs_no_verdict_and_leaves_no_process(
    tmp_path: Path, write_config: WriteConfig, dask: DaskCluster
) -> None:
    inbox, quarantine = tmp_path / "inbox", tmp_path / "quarantine" / "pictures"
    fill(inbox, 1000)
    before = digests(inbox)
    rescan = Rescan(dask, write_config())
    rescan.read(100)
    killed = dask.worker_pids()[0]
    decoders = children_of(killed)
    os.kill(killed, signal.SIGKILL)
    code, said = rescan.end()
    assert code == 0, said
    assert len({line["path"] for line in rescan.lines}) == len(rescan.lines) == 1000
    assert sum("moved_to" in line for line in rescan.lines) == 50
    assert digests(inbox, quarantine) == before
    assert decoders
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in decoders))


def test_after_a_crash_of_the_scheduler_a_second_run_goes_on_where_the_first_stopped(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox = tmp_path / "inbox"
    fill(inbox, 1000)
    config = write_config(mode="report")
    for name in ("dask", "again"):
        (tmp_path / name).mkdir()
    with DaskCluster(tmp_path / "dask", workers=2) as dask:
        first = Rescan(dask, config)
        first.read(100)
        dask.kill_scheduler()
        code, said = first.end()
    assert code == 69
    assert "scheduler is gone" in said
    with DaskCluster(tmp_path / "again", workers=1, port=int(dask.address.rpartition(":")[2])) as restarted:
        second = Rescan(restarted, config)
        assert second.end()[0] == 0
    judged = [line["path"] for line in (*first.lines, *second.lines)]
    assert len(second.lines) < 900
    assert len(set(judged)) == len(judged) == 1000


def test_an_interrupted_run_ends_at_once_and_goes_on_later(
    tmp_path: Path, write_config: WriteConfig, dask: DaskCluster
) -> None:
    fill(tmp_path / "inbox", 1000)
    config = write_config(mode="report")
    first = Rescan(dask, config)
    first.read(100)
    first.process.send_signal(signal.SIGINT)
    _, said = first.end()
    assert "Traceback" not in said
    second = Rescan(dask, config)
    assert second.end()[0] == 0
    judged, again = ({line["path"] for line in rescan.lines} for rescan in (first, second))
    assert not judged & again, "nothing is judged twice"
    # of one batch, which was remembered just when the stop came, the lines may be missing
    assert 1000 - BATCH <= len(judged | again) <= 1000
    assert json.loads(run("status", "--json", config=config, code=3).stdout)["judged"] == 1000


def test_a_picture_that_kills_its_workers_is_unreadable_and_the_rest_of_its_batch_is_judged(
    tmp_path: Path, model_file: Path, dask: DaskCluster
) -> None:
    for number in range(40):
        dark(tmp_path / "in" / f"{number}.png")
    dark(tmp_path / "in" / LETHAL)
    kit = LethalKit.of(Scorer(model_file), None, Limits())
    with Cluster(dask.address) as cluster:
        verdicts = {
            judged.path.name: judged.judgement for judged in judge_on(cluster, kit, found_in(tmp_path / "in"))
        }
    assert len(verdicts) == 41
    assert str(verdicts.pop(LETHAL).reason) == "killed the workers that judged it"
    assert {judgement.verdict for judgement in verdicts.values()} == {"keep"}


def test_workers_that_do_not_see_the_folder_are_named(
    tmp_path: Path, model_file: Path, dask: DaskCluster
) -> None:
    path = dark(tmp_path / "here" / "a.png")
    identity = found_in(tmp_path / "here")[0][1]
    kit = JudgeKit.of(Scorer(model_file), None, Limits())

    with Cluster(dask.address) as cluster:
        assert list(judge_on(cluster, kit, [(path.with_name("gone.png"), identity)])) == []
        changed = identity._replace(mtime_ns=1)
        with pytest.raises(Unavailable, match="changed since it was listed"):
            list(judge_on(cluster, kit, [(path, changed)]))


def test_a_cluster_of_its_own(tmp_path: Path, write_config: WriteConfig) -> None:
    fill(tmp_path / "inbox", 60)
    config = write_config()
    verdicts = objects(run("rescan", "--json", "--dry-run", "--cluster", "local", config=config).stdout)
    assert sorted(line["verdict"] for line in verdicts) == ["keep"] * 57 + ["quarantine"] * 3
    assert len(objects(run("rescan", "--json", "--cluster", "local", config=config).stdout)) == 60


def test_no_scheduler_is_said_in_a_sentence(write_config: WriteConfig) -> None:
    done = run("rescan", "--cluster", "tcp://127.0.0.1:9", config=write_config(), code=69)
    assert done.stderr.startswith("imgwatch: tcp://127.0.0.1:9: no Dask cluster with a worker answers there")
