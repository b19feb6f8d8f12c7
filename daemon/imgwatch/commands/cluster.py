"""`imgwatch rescan --cluster`: judge shared folders and object stores on a Dask cluster; only this process acts."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.configured_models import open_judge
from imgwatch.commands.context import open_ledger, open_quarantine
from imgwatch.commands.options import require_existing
from imgwatch.commands.rescan_choice import RescanOptions, scopes_to_judge
from imgwatch.commands.rescan_results import Results, say_unread
from imgwatch.errors import ImgwatchError, UsageError
from imgwatch.extras import require_extra
from imgwatch.progress import Progress

if TYPE_CHECKING:
    from imgwatch.cluster.dask_cluster import Cluster
    from imgwatch.cluster.judging import JudgeKit, PictureVersion
    from imgwatch.judging import Judge
    from imgwatch.ledger import Ledger
    from imgwatch.picture.formats import Format
    from imgwatch.scan import Listing
    from imgwatch.settings import Settings

STORES = "stores.sqlite"  # the ledger of object stores, beside the daemon's, which it would swamp

ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="ADDRESS", help="Compute on this Dask cluster: tcp://SCHEDULER:8786, or local."
    ),
]
_WHY_NOT = (
    "nothing is moved in an object store: it has no rename, and no deletion that is sure to hit the version that was "
    "judged. Add --dry-run, or set `mode: report` in the config, which also remembers what was judged"
)
Walk = Callable[[], "Iterator[tuple[Path, Listing]]"]


def rescan_wide(address: str, settings: Settings, options: RescanOptions, paths: list[Path]) -> None:
    """Judge the watched folders, or paths and URLs, on a cluster, and act on the judgements.

    Raises UsageError for a store whose pictures would have to be moved.
    """
    from imgwatch.cluster.object_url import is_url, local
    from imgwatch.scan import walk

    paths = [local(path) for path in paths]
    urls = [path for path in paths if is_url(path)]
    folders = require_existing([path.resolve() for path in paths if not is_url(path)])
    if urls and not options.dry_run and settings.mode != "report":
        raise UsageError(_WHY_NOT)
    scopes = scopes_to_judge(settings, folders) if folders or not urls else []
    require_extra("cluster")
    with open_ledger(settings) as ledger, _opened(address, settings, options, ledger) as run:
        from imgwatch.cluster import object_store

        walks: list[Walk] = [partial(walk, scope) for scope in scopes]
        stores: list[Walk] = [partial(object_store.walk, url, settings.watch[0].ignore) for url in urls]
        if not options.dry_run:
            ledger.allow_restore_to(scope.root for scope in scopes)
        with run.tally.show([*walks, *stores]):
            run.act(walks, ledger)
            if stores:
                with open_ledger(settings, STORES) as of_stores:
                    run.act(stores, of_stores)
        say_unread(run.unread)
    run.results.say_summary()


@contextmanager
def _opened(address: str, settings: Settings, options: RescanOptions, ledger: Ledger) -> Iterator[_Run]:
    """Open the cluster, with the kit for its workers: the model, and the correction by decisions."""
    from imgwatch.cluster.dask_cluster import Cluster
    from imgwatch.cluster.judging import JudgeKit
    from imgwatch.feedback.learner import FeedbackLearner

    with open_judge(settings) as judge:
        FeedbackLearner(open_quarantine(settings, ledger), ledger).refresh(judge)
        limits, promised = settings.limits.limits(), settings.kinds.promised
        kit = JudgeKit.of(judge.scorer, settings.threshold, limits, judge.correction, promised)
        with Cluster(address) as cluster:
            results = Results(options.as_json, is_dry=options.dry_run)
            yield _Run(settings, options, judge, cluster, kit, results)


@dataclass(frozen=True)
class _Run:
    settings: Settings
    options: RescanOptions
    judge: Judge
    cluster: Cluster
    kit: JudgeKit
    results: Results
    tally: _Tally = field(default_factory=lambda: _Tally())
    unread: Counter[Format] = field(default_factory=Counter)  # of formats that are not read here

    def act(self, walks: list[Walk], ledger: Ledger) -> None:
        """Judge the files of the walks that the ledger does not know, and act on the judgements."""
        from imgwatch.cluster.judging import judge_on
        from imgwatch.lifecycle import FileState
        from imgwatch.moving import Result
        from imgwatch.pipeline import Pipeline
        from imgwatch.policy import Policy

        quarantine = open_quarantine(self.settings, ledger)
        policy = Policy.of(self.settings, lambda _: self.judge.contract.generic)
        pipeline = Pipeline(lambda: self.judge, quarantine, ledger, policy)
        with closing(judge_on(self.cluster, self.kit, self._wanted(walks, ledger))) as judged:
            unsorted = (Result(picture, FileState.REPORTED) for picture in judged)
            for result in unsorted if self.options.dry_run else pipeline.act(judged):
                self.results.add(result)
                self.tally.pass_by(1)

    def _wanted(self, walks: list[Walk], ledger: Ledger) -> Iterator[PictureVersion]:
        """Yield the pictures to judge. Workers find out whether an object without an extension is a picture."""
        from imgwatch.candidates import candidates_in, wants_judgement
        from imgwatch.cluster.object_url import is_object
        from imgwatch.files import Identity

        together = self.settings.companions == "together"
        judged_by = None if self.options.judge_all else self.kit.name
        for walk in walks:
            for folder, listing in walk():
                wanted = candidates_in(
                    folder,
                    listing,
                    ledger,
                    judged_by,
                    lambda path: (
                        is_object(path) or wants_judgement(path, together=together, unread=self.unread)
                    ),
                )
                self.tally.pass_by(len(listing) - len(wanted))
                for path in wanted:
                    yield path, Identity.of_version(listing[path.name])


class _Tally:
    """Progress: how many files are done, of how many; these are counted meanwhile if the output is a terminal."""

    def __init__(self) -> None:
        self._passed, self._total = 0, 0
        self._progress: Progress | None = None

    def pass_by(self, number: int) -> None:
        """Count files that are done."""
        self._passed += number
        if self._progress is not None:
            self._progress("rescan", self._passed, max(self._total, self._passed) if self._total else 0)

    @contextmanager
    def show(self, walks: list[Walk]) -> Iterator[None]:
        """Show progress, with an estimate as soon as a second walk has counted all files."""
        with console.progress() as self._progress:
            if sys.stderr.isatty():
                threading.Thread(target=self._count, args=(walks,), daemon=True).start()
            yield

    def _count(self, walks: list[Walk]) -> None:
        with suppress(ImgwatchError, OSError):
            self._total = sum(len(listing) for walk in walks for _, listing in walk())
