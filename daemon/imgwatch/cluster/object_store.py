"""Object stores by fsspec: list what lies below a URL, and download an object. It changes nothing there.

`object_url` defines how objects are named.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import fsspec

from imgwatch.batches import batched
from imgwatch.cluster.object_url import url_of
from imgwatch.errors import InputMissing, Unavailable, UsageError, shown
from imgwatch.files import Identity
from imgwatch.picture.decoding import Limits
from imgwatch.picture.formats import SNIFF_BYTES, format_of_head, format_of_name
from imgwatch.picture.unreadable import Unreadable
from imgwatch.scan import Listing, Scope

log = logging.getLogger(__name__)

_AT_ONCE = 4096  # of one folder
_PAGE = 1000  # what S3 gives at most
_VERSION = ("ETag", "etag", "md5Hash", "generation", "LastModified", "last_modified", "updated", "mtime")


def walk(top: Path, ignore: tuple[str, ...]) -> Iterator[tuple[Path, Listing]]:
    """Yield what lies below a URL, or the object it names, as `scan.walk` does folders; memory does not grow with it.

    An identity stands for one version of an object.

    Raises InputMissing if nothing is there, UsageError for an unknown kind of URL, Unavailable.
    """
    store, name = _opened(top)
    scope = Scope(top, ignore=ignore, is_resolved=False)
    try:
        whole = store.info(name)
        alone = whole["type"] == "file"
        objects = ((_path(top, facts), facts) for facts in ([whole] if alone else _below(store, name)))
        wanted = (pair for pair in objects if alone or (scope.admits(pair[0]) and _is_plain(*pair)))
        for folder, pairs in groupby(wanted, lambda pair: pair[0].parent):
            for page in batched(pairs, _AT_ONCE):
                yield folder, {path.name: _identity(facts) for path, facts in page}
    except FileNotFoundError as fault:
        raise InputMissing(f"{url_of(top)}: nothing is there") from fault
    except OSError as fault:
        raise Unavailable(f"{url_of(top)}: cannot be listed: {fault}") from fault


def fetch(path: Path, identity: Identity, limits: Limits, into: Path) -> Path | None:
    """Download an object into a file and return its path; None if it is no picture, or no longer this version.

    It never reads more than the listed size. Raises Unreadable if that is too large, OSError.
    """
    if identity.size > limits.file_megabytes * 1e6:
        raise Unreadable(f"larger than {limits.file_megabytes:g} MB (limits.file_megabytes)")
    store, name = _opened(path)
    claimed = format_of_name(path.name)
    if (claimed is None or not claimed.is_readable) and identity.size:
        claimed = format_of_head(store.cat_file(name, start=0, end=SNIFF_BYTES))
    if claimed is None or not claimed.is_readable:
        return None
    content = store.cat_file(name, start=0, end=identity.size + 1) if identity.size else b""
    if len(content) != identity.size:
        return None
    into.write_bytes(content)
    return into


def _opened(path: Path) -> tuple[Any, str]:
    url = url_of(path)
    protocol = url.partition("://")[0]
    try:
        store = fsspec.filesystem(protocol, use_listings_cache=False)
    except ValueError as fault:
        raise UsageError(f"{url}: {fault}") from fault
    except ImportError as fault:
        raise Unavailable(f"{url}: {fault}") from fault
    return store, store._strip_protocol(url)


def _below(store: Any, name: str) -> Iterator[dict[str, Any]]:
    """Yield the facts of all objects: a page at a time from S3, else a folder at a time."""
    if "s3" in (store.protocol if isinstance(store.protocol, tuple) else (store.protocol,)):
        yield from _below_in_s3(store, name)
        return
    for _, _, files in store.walk(name, detail=True, on_error=_pass_over):
        yield from files.values()


def _pass_over(fault: OSError) -> None:
    log.warning("%s: cannot be listed, skipped", fault)


def _below_in_s3(store: Any, name: str) -> Iterator[dict[str, Any]]:
    """Yield the facts of all objects, page by page: fsspec would keep the whole list, 10 GB for ten million objects."""
    bucket, _, prefix = name.partition("/")
    request = {"Bucket": bucket, "Prefix": f"{prefix}/" if prefix else "", "MaxKeys": _PAGE}
    more: dict[str, str] = {}
    while True:
        page = store.call_s3("list_objects_v2", **request, **more)
        for entry in page.get("Contents", ()):
            if not entry["Key"].endswith("/"):  # what stands for a folder
                yield {**entry, "name": f"{bucket}/{entry['Key']}", "size": entry["Size"]}
        if not page.get("IsTruncated"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}


def _path(top: Path, facts: dict[str, Any]) -> Path:
    return Path(f"{top.parts[0]}/{facts['name'].lstrip('/')}")


def _is_plain(path: Path, facts: dict[str, Any]) -> bool:
    """Return whether an object's name has no empty or dot part, which a path would drop."""
    if str(path).endswith(facts["name"].lstrip("/")):
        return True
    log.warning("%s: skipped: a part of its name is empty or a dot", shown(facts["name"]))
    return False


def _identity(facts: dict[str, Any]) -> Identity:
    """Return a version of an object in the ledger's numbers: no device, a digest as inode."""
    version = repr([str(facts[key]) for key in _VERSION if key in facts])
    number = int.from_bytes(hashlib.sha256(version.encode()).digest()[:8]) >> 1
    return Identity(0, number, int(facts["size"] or 0), 0)
