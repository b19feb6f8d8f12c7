"""Run batches on a Dask cluster: their kit is shipped once, few are under way, and dying workers are survived.

It knows nothing about pictures. Only its caller moves or remembers anything, never a worker.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import islice
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import dask.config
from distributed import Client, KilledWorker, LocalCluster, Worker, WorkerPlugin, get_worker, wait
from distributed.comm.core import CommClosedError

from imgwatch.errors import Unavailable

if TYPE_CHECKING:
    from distributed import Future

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

log = logging.getLogger(__name__)

LOCAL = "local"
_AHEAD = 2  # batches under way per thread of the cluster: one is computed, one waits beside it
_RETRIES = 2  # of a batch that raises, as when an object store is out of reach for a moment
_CONNECT_SECONDS = 10
_RECOUNT_SECONDS = 5.0  # how often it is asked how many workers there are: they come and go
_LOCAL_DEATHS = 1  # Dask runs a batch once more after its worker died, and gives it up at the second death


class Kit(Protocol[T_contra, R_co]):
    """What a worker needs to compute: pickled, shipped once, and opened once per thread."""

    def open(self) -> AbstractContextManager[Callable[[Sequence[T_contra]], R_co]]:
        """Yield a function that computes one batch; set up before, clean up after."""
        ...


class Cluster:
    """A Dask cluster, by its scheduler's address, or `local`: one worker a processor of this machine.

    Use `close` or a with statement. Raises Unavailable without a scheduler or a worker.
    """

    def __init__(self, address: str, workers: int | None = None) -> None:
        self.address = address
        self._stack = ExitStack()
        self._is_lost = False
        self._threads, self._counted_at = 1, float("-inf")
        try:
            self._client = self._connect(address, workers)
            self._client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        except (OSError, ValueError, TimeoutError) as fault:
            self._stack.close()
            raise Unavailable(
                f"{address}: no Dask cluster with a worker answers there: {fault}; start a scheduler and workers"
            ) from fault

    def _connect(self, address: str, workers: int | None) -> Client:
        for name in ("distributed", "distributed.scheduler", "distributed.core", "distributed.nanny"):
            logging.getLogger(name).setLevel(logging.WARNING)  # it would tell of each worker and connection
        if address != LOCAL:
            return self._enter(Client(address, timeout=_CONNECT_SECONDS, set_as_default=False))
        with dask.config.set({"distributed.scheduler.allowed-failures": _LOCAL_DEATHS}):
            cluster = LocalCluster(
                n_workers=workers or len(os.sched_getaffinity(0)),
                threads_per_worker=1,
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                security=True,  # certificates of its own: other users of this machine cannot run code here
            )
        self._stack.enter_context(cluster)
        return self._enter(Client(cluster, set_as_default=False))

    def _enter(self, client: Client) -> Client:
        self._stack.enter_context(client)
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster, and end it if it is a local one."""
        self._stack.close()

    def run(self, kit: Kit[T, R], batches: Iterable[Sequence[T]]) -> Iterator[tuple[Sequence[T], R | None]]:
        """Yield each batch with its result, in the order in which they finish.

        A batch whose workers died is split, and its items run one by one with nothing beside them; an item
        whose workers die again has the result None. Raises Unavailable if the scheduler is lost, or a batch fails.
        """
        with self._shipped(kit) as name:
            yield from _Run[T, R](self, name).results(batches)

    def submit(self, name: str, batch: Sequence[Any]) -> Future[Any]:
        """Start to compute a batch by the kit of this name."""
        key = f"imgwatch-{uuid.uuid4()}"
        return self._client.submit(_compute, name, batch, key=key, pure=False, retries=_RETRIES)

    def room(self) -> int:
        """Return how many batches may be under way; more would wait in the scheduler's memory."""
        if time.monotonic() - self._counted_at > _RECOUNT_SECONDS:
            try:
                self._threads = max(1, sum(self._client.nthreads().values()))
            except OSError as fault:
                raise self.note_loss() from fault
            self._counted_at = time.monotonic()
        return _AHEAD * self._threads

    def first_of(self, under_way: Iterable[Future[R]]) -> list[Future[R]]:
        """Wait until some tasks are finished, and return them."""
        try:
            with self._client.as_current():
                return list(wait(list(under_way), return_when="FIRST_COMPLETED").done)
        except (CancelledError, OSError) as fault:
            raise self.note_loss() from fault

    def note_loss(self) -> Unavailable:
        """Note that the scheduler no longer answers, and return the error for it."""
        self._is_lost = True
        return Unavailable(
            f"{self.address}: the scheduler is gone. Finished work is kept: run the same command again "
            "when the scheduler is back"
        )

    @contextmanager
    def _shipped(self, kit: Kit[T, R]) -> Iterator[str]:
        """Ship the kit to all workers, also later ones, yield its name, and remove it in the end."""
        name = f"imgwatch-{uuid.uuid4()}"  # two runs with the same kit do not take it from each other
        try:
            self._client.register_plugin(_Shipment(kit), name=name)
        except ImportError as fault:
            raise Unavailable(
                f"{self.address}: the workers lack something that this machine has: {fault}; "
                "install the same version of imgwatch on them, or use its image"
            ) from fault
        except OSError as fault:
            raise self.note_loss() from fault
        try:
            yield name
        finally:
            if not self._is_lost:
                with suppress(OSError, CancelledError, KeyError):
                    self._client.unregister_worker_plugin(name)


class _Run(Generic[T, R]):
    """The batches under way, and the suspects: items of batches whose workers died."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster, self._name = cluster, name
        self._under_way: dict[Future[R], Sequence[T]] = {}
        self._suspects: deque[T] = deque()

    def results(self, batches: Iterable[Sequence[T]]) -> Iterator[tuple[Sequence[T], R | None]]:
        """Yield what `Cluster.run` yields. Suspects run first, each alone: else one would be blamed for another."""
        waiting = iter(batches)
        try:
            while True:
                is_trial = bool(self._suspects) and not self._under_way
                if is_trial:
                    self._submit([self._suspects.popleft()])
                elif not self._suspects:
                    for batch in islice(waiting, max(0, self._cluster.room() - len(self._under_way))):
                        self._submit(batch)
                if not self._under_way:
                    return
                for future in self._cluster.first_of(self._under_way):
                    yield from self._finish(future, is_trial)
        finally:
            for future in self._under_way:
                future.release()

    def _submit(self, batch: Sequence[T]) -> None:
        self._under_way[self._cluster.submit(self._name, batch)] = batch

    def _finish(self, future: Future[R], is_trial: bool) -> Iterator[tuple[Sequence[T], R | None]]:
        batch = self._under_way.pop(future)
        try:
            result: R | None = future.result()
        except KilledWorker:
            if not is_trial:
                log.warning(
                    "workers died on a batch of %d: each picture is tried again on its own", len(batch)
                )
                self._suspects.extend(batch)
                return
            result = None
        except (CancelledError, CommClosedError) as fault:
            raise self._cluster.note_loss() from fault
        except Exception as fault:  # a worker raises whatever its libraries do
            raise Unavailable(f"a worker cannot go on: {type(fault).__name__}: {fault}") from fault
        finally:
            future.release()
        yield batch, result


class _Shipment(WorkerPlugin):
    """A kit on a worker."""

    def __init__(self, kit: Kit[Any, Any]) -> None:
        self._kit = kit

    def setup(self, worker: Worker) -> None:
        """Prepare to open the kit; a worker under a nanny is marked as unable to start processes."""
        del worker
        multiprocessing.current_process().daemon = False  # dask/distributed#2142
        self._idle: LifoQueue[tuple[ExitStack, Callable[[Sequence[Any]], Any]]] = LifoQueue()
        self._is_over = False

    def run(self, batch: Sequence[Any]) -> Any:
        """Compute one batch by an idle kit, opened if there is none."""
        try:
            stack, compute = self._idle.get_nowait()
        except Empty:
            stack = ExitStack()
            compute = stack.enter_context(self._kit.open())
        try:
            return compute(batch)
        finally:
            self._idle.put((stack, compute))
            if self._is_over:
                self._close_idle()

    def teardown(self, worker: Worker) -> None:
        """Close idle kits; one in use is closed after its batch, as closing a decoder in use would hang."""
        del worker
        self._is_over = True
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(Empty):
            while True:
                self._idle.get_nowait()[0].close()


def _compute(name: str, batch: Sequence[Any]) -> Any:
    """Compute a batch; this runs on a worker."""
    shipment = get_worker().plugins[name]
    assert isinstance(shipment, _Shipment)
    return shipment.run(batch)
