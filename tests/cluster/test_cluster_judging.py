"""What the coordinator does with a cluster, played by a fake one: how far ahead it goes, and whom it blames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from distributed import KilledWorker

from conftest import dark
from imgwatch.cluster.dask_cluster import Cluster, _Run
from imgwatch.cluster.judging import JudgeKit, Missed, PictureVersion, judge_on
from imgwatch.errors import Unavailable
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.picture.decoding import Limits
from imgwatch.scan import identity_of

ROOM = 4


class FakeFuture:
    def __init__(self, batch: Sequence[str]) -> None:
        self.batch = batch

    def result(self) -> list[str]:
        if "lethal" in self.batch:
            raise KilledWorker("task", cast(Any, None), 1)
        return [item.upper() for item in self.batch]

    def release(self) -> None:
        pass


class FakeCluster:
    """Finishes one task at a time, the oldest."""

    def __init__(self) -> None:
        self.under_way: list[FakeFuture] = []
        self.most = 0
        self.alone: list[str] = []

    def room(self) -> int:
        return ROOM

    def submit(self, name: str, batch: Sequence[str]) -> FakeFuture:
        del name
        if not self.under_way and len(batch) == 1:
            self.alone += batch
        self.under_way.append(FakeFuture(batch))
        self.most = max(self.most, len(self.under_way))
        return self.under_way[-1]

    def first_of(self, under_way: Iterable[FakeFuture]) -> list[FakeFuture]:
        assert set(under_way) == set(self.under_way)
        return [self.under_way.pop(0)]


def run(cluster: FakeCluster, batches: Iterable[Sequence[str]]) -> Iterator[tuple[Sequence[str], Any]]:
    return _Run[str, Any](cast(Cluster, cluster), "kit").results(batches)


def test_batches_are_taken_only_as_the_cluster_keeps_up() -> None:
    taken = 0

    def batches() -> Iterator[list[str]]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield [str(number)]

    cluster = FakeCluster()
    for done, _ in enumerate(run(cluster, batches()), 1):
        assert taken <= done + ROOM
    assert (done, cluster.most) == (1000, ROOM)


def test_only_the_item_that_kills_alone_is_given_up() -> None:
    cluster = FakeCluster()
    judged = dict(
        (item, None if results is None else results[number])
        for batch, results in run(cluster, [["a", "b"], ["c", "lethal", "d"], ["e"], ["f", "g"]])
        for number, item in enumerate(batch)
    )
    assert judged.pop("lethal") is None
    assert judged == {item: item.upper() for item in "abcdefg"}
    assert cluster.alone == ["c", "lethal", "d"]


class Blind:
    """A cluster whose workers judge every third picture, or none."""

    def __init__(self, every: int = 0) -> None:
        self._every = every

    def run(
        self, kit: JudgeKit, batches: Iterable[Sequence[PictureVersion]]
    ) -> Iterator[tuple[Sequence[PictureVersion], Any]]:
        del kit
        kept = Judgement(Verdict.KEEP, in_words(""), "model")
        for batch in batches:
            yield (
                batch,
                [kept if self._every and n % self._every == 0 else Missed() for n in range(len(batch))],
            )


def found_in(folder: Path, number: int) -> Iterator[PictureVersion]:
    for count in range(number):
        path = dark(folder / f"{count}.png")
        identity = identity_of(path)
        assert identity is not None
        yield path, identity


KIT = JudgeKit("m.onnx", b"", "model", None, Limits())


def test_a_folder_that_no_worker_sees_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="mount its folder at the same path on every worker"):
        list(judge_on(cast(Cluster, Blind()), KIT, found_in(tmp_path, 3)))


def test_a_few_pictures_that_are_not_seen_are_left_for_a_later_run(tmp_path: Path) -> None:
    judged = list(judge_on(cast(Cluster, Blind(every=3)), KIT, found_in(tmp_path, 9)))
    assert [one.path.name for one in judged] == ["0.png", "3.png", "6.png"]
