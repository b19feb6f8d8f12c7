"""Object stores: an S3 of our own (moto), and fsspec's store in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from conftest import WriteConfig, picture_bytes
from daemon import objects, run
from dask_cluster import DaskCluster
from imgwatch.cluster.object_store import fetch, walk
from imgwatch.cluster.object_url import is_object, is_url, local, url_of
from imgwatch.errors import InputMissing, Unavailable, UsageError
from imgwatch.files import Identity
from imgwatch.picture.decoding import Limits
from imgwatch.picture.unreadable import Unreadable

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Serve an empty bucket, and let every process that this test starts find it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    with urlopen(f"http://{host}:{port}/moto-api/reset", data=b""):
        pass  # it remembers the buckets of the test before
    fsspec.filesystem("s3").clear_instance_cache()
    store = fsspec.filesystem("s3", use_listings_cache=False)
    store.mkdir("bucket")
    yield store
    server.stop()
    store.clear_instance_cache()


@pytest.fixture
def memory() -> Iterator[object]:
    store = fsspec.filesystem("memory")
    yield store
    store.rm("/", recursive=True)


@pytest.fixture
def dask(s3: object, tmp_path: Path) -> Iterator[DaskCluster]:
    del s3  # it is there before the workers, who find it by their environment
    with DaskCluster(tmp_path) as cluster:
        yield cluster


def listed(url: str, ignore: tuple[str, ...] = ()) -> dict[str, Identity]:
    return {
        url_of(folder / name): identity
        for folder, listing in walk(Path(url), ignore)
        for name, identity in listing.items()
    }


def test_a_url_that_is_typed_as_a_path_is_known_again() -> None:
    assert is_url(Path("s3://bucket/a b.jpg"))
    assert url_of(Path("s3://bucket/a b.jpg")) == "s3://bucket/a b.jpg"
    assert is_object(Path("gs://bucket/a"))
    assert local(Path("file:///home/me")) == Path("/home/me")
    assert not is_url(Path("/home/me"))
    assert url_of(Path("/odd:/name")) == "/odd:/name"


def test_what_lies_below_a_prefix_is_listed_page_by_page(
    s3: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgwatch.cluster.object_store._PAGE", 2)
    for name in ("a/1.png", "a/2.png", "a/b/3.png", "a/.hidden/4.png", "a/5.part", "ab/6.png", "a/b//7.png"):
        s3.pipe_file(f"bucket/{name}", b"x" * len(name))
    s3.pipe_file("bucket/a/folder/", b"")
    objects_below = listed("s3://bucket/a", (".*", "*.part"))
    assert sorted(objects_below) == ["s3://bucket/a/1.png", "s3://bucket/a/2.png", "s3://bucket/a/b/3.png"]
    assert objects_below["s3://bucket/a/b/3.png"].size == 9
    assert sorted(listed("s3://bucket/ab/6.png")) == ["s3://bucket/ab/6.png"]


def test_an_object_that_is_replaced_is_another_version(s3: fsspec.AbstractFileSystem) -> None:
    s3.pipe_file("bucket/a.png", b"one")
    before = listed("s3://bucket")
    assert listed("s3://bucket") == before
    s3.pipe_file("bucket/a.png", b"two")
    assert listed("s3://bucket") != before


def test_what_is_not_there_is_said(s3: fsspec.AbstractFileSystem) -> None:
    del s3
    for url in ("s3://bucket/nothing", "s3://elsewhere"):
        with pytest.raises(InputMissing, match=url):
            listed(url)
    with pytest.raises(UsageError, match="nonsense"):
        listed("nonsense://x/y")
    with pytest.raises(Unavailable, match="gcsfs"):
        listed("gs://x/y")


def test_another_store_than_s3_is_listed_and_read(memory: fsspec.AbstractFileSystem, tmp_path: Path) -> None:
    memory.pipe_file("/top/a/1.png", b"one")
    [(url, identity)] = listed("memory://top").items()
    assert url == "memory://top/a/1.png"
    copy = fetch(Path(url), identity, Limits(), tmp_path / "one")
    assert copy is not None
    assert copy.read_bytes() == b"one"


def test_no_more_is_read_than_allowed_and_than_was_listed(
    memory: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    memory.pipe_file("/top/a.png", b"x" * 3000)
    [(url, identity)] = listed("memory://top").items()
    with pytest.raises(Unreadable, match=r"limits\.file_megabytes"):
        fetch(Path(url), identity, Limits(file_megabytes=0.002), tmp_path / "a")
    memory.pipe_file("/top/a.png", b"x" * 9000)
    assert fetch(Path(url), identity, Limits(), tmp_path / "a") is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_picture_by_name_and_content_is_passed_over(
    memory: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    memory.pipe_file("/top/film", b"\0" * 100)
    memory.pipe_file("/top/picture", picture_bytes(40))
    fetched = {
        url: fetch(Path(url), identity, Limits(), tmp_path / "a")
        for url, identity in listed("memory://top").items()
    }
    assert fetched == {"memory://top/film": None, "memory://top/picture": tmp_path / "a"}


@pytest.mark.e2e
def test_a_bucket_is_judged_remembered_and_left_alone(
    s3: fsspec.AbstractFileSystem, write_config: WriteConfig, dask: DaskCluster
) -> None:
    for number in range(70):
        s3.pipe_file(f"bucket/in/{number}.png", picture_bytes(230 if number < 3 else 40))
    s3.pipe_file("bucket/in/broken.jpg", b"damaged")
    s3.pipe_file("bucket/in/empty.jpg", b"")
    s3.pipe_file("bucket/in/notes.txt", b"text")
    rescan = ("rescan", "s3://bucket/in", "--cluster", dask.address, "--json")
    refused = run(*rescan, config=write_config(), code=2)
    assert "nothing is moved in an object store" in refused.stderr
    dry = objects(run(*rescan, "--dry-run", config=write_config()).stdout)
    config = write_config(mode="report")
    verdicts = {line["path"]: line["verdict"] for line in objects(run(*rescan, config=config).stdout)}
    assert {line["path"]: line["verdict"] for line in dry} == verdicts
    assert verdicts["s3://bucket/in/1.png"] == "quarantine"
    assert sorted(verdicts.values()) == ["keep"] * 67 + ["quarantine"] * 3 + ["unreadable"] * 2
    s3.pipe_file("bucket/in/1.png", picture_bytes(40))
    [again] = objects(run(*rescan, config=config).stdout)
    assert (again["path"], again["verdict"]) == ("s3://bucket/in/1.png", "keep")
    assert len(s3.find("bucket")) == 73
    assert objects(run("status", "--json", config=config, code=None).stdout)[0]["judged"] == 0
