"""How soon the pages are answered that another program asks for again and again on one connection."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

from figures import Figure, Setting
from pictures import SMALL, make
from processes import IMGWATCH, Workspace

_QUARANTINED = 100
_METRICS_PORT = 9469


def serving(setting: Setting) -> Iterator[Figure]:
    """The page of metrics of a daemon, and the gallery's, each on a connection that is kept."""
    workspace = Workspace(setting.scratch).set_up(
        threshold={"score": -1e9}, settle_seconds=0.1, metrics={"port": _METRICS_PORT}
    )
    with workspace.watching():
        for number, path in enumerate(make(setting.pictures / "small", _QUARANTINED, SMALL)):
            (workspace.inbox / f"{number}.jpg").write_bytes(path.read_bytes())
        while workspace.status()["quarantined"] < _QUARANTINED:
            time.sleep(0.2)
        asks = setting.sized(300, 30)
        metrics = HTTPConnection("127.0.0.1", _METRICS_PORT)
        with _gallery(workspace) as (gallery, cookie):
            answers = {
                "metrics": lambda: _seconds_of(metrics, "/metrics", {}),
                "gallery": lambda: _seconds_of(gallery, "/", {"Cookie": cookie}),
                "gallery's list of pictures": lambda: _seconds_of(gallery, "/pictures", {"Cookie": cookie}),
            }
            times: dict[str, list[float]] = {name: [] for name in answers}
            for _ in range(asks):
                for name, ask in answers.items():
                    times[name].append(ask())
        metrics.close()
    for name, taken in times.items():
        milliseconds = 1000 * statistics.median(taken)
        goal = None if "list" in name else 2
        yield Figure(f"{name}: a page on a kept connection, median", milliseconds, "ms", at_most=goal)


@contextmanager
def _gallery(workspace: Workspace) -> Iterator[tuple[HTTPConnection, str]]:
    """Run `imgwatch review`, and give a connection to it with the cookie of a session."""
    command = [IMGWATCH, "review", "--no-open", "--config", workspace.config]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        address = urlsplit(server.stdout.readline().strip())
        connection = HTTPConnection(address.hostname or "", address.port)
        connection.request("GET", f"{address.path or '/'}?{address.query}")
        answer = connection.getresponse()
        answer.read()
        try:
            yield connection, (answer.getheader("Set-Cookie") or "").partition(";")[0]
        finally:
            connection.close()
            server.terminate()


def _seconds_of(connection: HTTPConnection, path: str, headers: dict[str, str]) -> float:
    start = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return time.perf_counter() - start
