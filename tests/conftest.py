"""What many tests need: a small model that finds bright pictures strange, and pictures to judge."""

from __future__ import annotations

import gc
import hashlib
import io
import multiprocessing.util
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from PIL import Image

import fork_server
import forked_workers
from imgwatch.ledger import Ledger
from imgwatch.model.contract import (
    Calibration,
    Contract,
    Part,
    SelfTest,
    Threshold,
    golden_pictures,
    write_model,
)
from imgwatch.model.tried_models import NAME
from imgwatch.picture.decoding import Shape
from memory import keep_temporary_folders_in_memory, remove_leftovers

SHAPE = Shape(32, 32, "RGB")

# A busy machine draws and runs slowly, which is no fault.
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")
forked_workers.fork_by(fork_server.fork_worker)
if "IMGWATCH_TESTS_IN_MEMORY" in os.environ:
    keep_temporary_folders_in_memory()
_SHARED_FIXTURES = (
    "evaluation",
    "cluster",
    "calibration",
)  # rooms whose files share models or clusters


@pytest.hookimpl(tryfirst=True)  # before xdist groups them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests of one file together where they share what takes long to make, and begin with those that take longest.

    What begins last ends last: a long test at the end would leave all processors but one idle.
    """
    for item in items:
        if item.path.parent.name == "train":  # one process imports TensorFlow
            item.add_marker(pytest.mark.xdist_group("train"))
        elif item.path.parent.name in _SHARED_FIXTURES or "cluster" in item.path.name:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
    items.sort(key=_turn)


def pytest_collection_finish() -> None:
    """Keep the collector of garbage away from all that was imported."""
    gc.freeze()


def _turn(item: pytest.Item) -> int:
    longest_first = ("waits", "train", "faults", "xdist_group", "e2e")
    if item.path.parent.name == "train":
        return longest_first.index("train")
    marks = [turn for turn, name in enumerate(longest_first) if item.get_closest_marker(name)]
    return min(marks, default=len(longest_first))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape file names that are no UTF-8: xdist cannot send a report with them, and would end the whole run."""
    report = yield
    report.sections = [(title, _escaped(text)) for title, text in report.sections]
    text = str(report.longrepr)
    if report.failed and _escaped(text) != text:
        report.longrepr = _escaped(text)
    return report


def _escaped(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def brightness_graph(scale: float = 1.0) -> onnx.ModelProto:
    """Return a graph whose score is the mean brightness, 0 to `scale`."""
    nodes = [
        helper.make_node("Cast", ["pictures"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "scale"], ["scaled"]),
        helper.make_node("ReduceMean", ["scaled"], ["score"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["scaled"], ["parts3"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Reshape", ["parts3", "flat"], ["parts"]),
        helper.make_node("ReduceMean", ["scaled"], ["error_map"], axes=[3], keepdims=0),
        helper.make_node("ReduceMean", ["scaled"], ["embedding"], axes=[1, 2], keepdims=0),
    ]
    outputs = [("score", ["N"]), ("parts", ["N", 1]), ("error_map", ["N", 32, 32]), ("embedding", ["N", 3])]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["N", 32, 32, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        [
            helper.make_tensor("scale", TensorProto.FLOAT, [], [scale / 255.0]),
            helper.make_tensor("flat", TensorProto.INT64, [2], [-1, 1]),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def brightness_contract(scale: float = 1.0, threshold: float = 0.5) -> Contract:
    scores = np.linspace(0.05, 0.45, 200, dtype=np.float32) * scale
    golden = golden_pictures(7, 4, SHAPE).astype(np.float64).mean(axis=(1, 2, 3)) / 255.0 * scale
    return Contract(
        schema_version=1,
        architecture="brightness",
        height=32,
        width=32,
        mode="RGB",
        parts=(Part(name="brightness", says="brighter than your pictures"),),
        calibration=Calibration.of(scores, scores[:, None]),
        threshold=Threshold(rule="score", value=threshold, score=threshold),
        self_test=SelfTest(seed=7, scores=tuple(golden.tolist())),
    )


def write_brightness_model(path: Path, scale: float = 1.0, threshold: float = 0.5) -> Path:
    """Write a model for which bright pictures are junk."""
    write_model(brightness_graph(scale), brightness_contract(scale, threshold), path)
    return path


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Remove what killed daemons and tests left in shared memory."""
    yield
    remove_leftovers()


@pytest.fixture(autouse=True)
def same_surroundings() -> Iterator[None]:
    """Restore the environment, which Dask changes, and fail a test that leaves the session in another folder."""
    folder, environment = Path.cwd(), dict(os.environ)
    yield
    if os.environ != environment:
        os.environ.clear()
        os.environ.update(environment)
    assert Path.cwd() == folder


@pytest.fixture
def spawned_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the decoding workers of this process as users have them: by a fresh interpreter."""
    monkeypatch.setattr(multiprocessing.util, "spawnv_passfds", forked_workers.SPAWN)


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what commands remember out of the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_brightness_model(tmp_path_factory.mktemp("model") / "brightness.onnx")


_number = iter(range(1_000_000_000))


def picture_bytes(brightness: int, size: int = 24, file_format: str = "PNG") -> bytes:
    """Return a small picture of this brightness, 0 to 255; no two are the same file."""
    pixels = np.full((size, size, 3), brightness, dtype=np.uint8)
    serial = next(_number)
    pixels[0, 0] = (serial & 255, serial >> 8 & 255, serial >> 16 & 255)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, file_format)
    return stream.getvalue()


def dark(path: Path) -> Path:
    """Write a normal picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture_bytes(40))
    return path


def bright(path: Path) -> Path:
    """Write a junk picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture_bytes(230))
    return path


def noise(path: Path) -> Path:
    """Write a picture that any model that has learned from plain ones finds strange."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((200, 200), 90).convert("RGB").save(path)
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "state" / "ledger.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def shared() -> Path:
    """Return the folder of real pictures; a test that wants it is marked `shared`, and fails without it."""
    folder = Path(os.environ.get("IMGWATCH_SHARED", Path(__file__).parent.parent.parent / "shared"))
    assert (folder / "data").is_dir(), f"{folder}/data is not there: set IMGWATCH_SHARED"
    return folder / "data"


WriteConfig = Callable[..., Path]


def note_as_tried(model: Path, state: Path) -> None:
    """Note that a model passed its trial, as every start but the first has it; tests of the trial use other models."""
    state.mkdir(mode=0o700, exist_ok=True)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    (state / NAME).write_text(f"{digest} onnxruntime {onnxruntime.__version__}\n")


@pytest.fixture
def write_config(tmp_path: Path, model_file: Path) -> WriteConfig:
    """Return what writes a config for an inbox below the test's folder; keywords replace or add top-level lines."""

    def write(inbox: Path | None = None, **lines: str) -> Path:
        inbox = inbox or tmp_path / "inbox"
        inbox.mkdir(exist_ok=True)
        if "state" not in lines:
            note_as_tried(model_file, tmp_path / "state")  # copies of it, too
        keys = {
            "watch": f"[{{path: {inbox}}}]",
            "model": str(model_file),
            "quarantine": f"{{path: {tmp_path / 'quarantine'}}}",
            "state": str(tmp_path / "state"),
            "settle_seconds": "0.3",
            "breaker": "{window: 100000, share: 1}",
        } | lines
        path = tmp_path / "config.yaml"
        path.write_text("".join(f"{key}: {value}\n" for key, value in keys.items()))
        return path

    return write
