"""The order of layers in ARCHITECTURE.md: what a module imports when it is imported lies below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "daemon" / "imgwatch"
LAYERS = (
    {
        "errors",
        "masking",
        "batches",
        "child",
        "contained",
        "dates",
        "mounts",
        "files",
        "ignore",
        "settings",
        "lifecycle",
        "judgement",
        "progress",
        "drift",
        "memory",
        "nearest",
        "reviewers_promise",
        "timers",
    },
    {"atomic_file", "kind_rules", "wording", "private_folder", "trusted_root", "version", "writers"},
    {"extras", "health", "judged_row", "status", "quarantine", "breaker", "retry", "systemd"},
    {"console", "logs", "reload"},
    {"config", "picture"},
    {"scan", "model"},
    {"kind_promises", "new_model"},
    {"standard"},
    {"evaluation", "ledger"},
    {"calibration"},
    {"feedback", "decisions", "former_folders"},
    {"judging"},
    {"judges"},
    {"candidates", "file_faults", "live_model", "policy"},
    {"duplicates"},
    {"moving"},
    {"familiar"},
    {"pipeline", "explain", "outlook", "shadow", "cluster"},
    {"comparing", "review", "monitoring", "watching"},
    {"service", "doctor"},
    {"setting_up"},
    {"setup_pages"},
    {"commands"},
    {"cli"},
    {"start"},
    {"__main__"},
)
LAYER_OF = {name: layer for layer, names in enumerate(LAYERS) for name in names}


def imported(path: Path) -> Iterator[str]:
    """Yield what a module imports when it is imported, as dotted names; not what only type checkers see."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_imports_run_downward() -> None:
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).with_suffix("").parts[0]
        for name in imported(path):
            root, _, below = name.partition(".")
            other = below.partition(".")[0]
            if root == "imgwatch" and own != "__init__" and other in LAYER_OF and other != own:
                assert LAYER_OF[other] < LAYER_OF[own], f"{path} imports {name}"


def test_every_module_has_a_layer() -> None:
    modules = {
        path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert modules - {"__init__"} == set(LAYER_OF)


def test_the_runtime_never_imports_training_at_module_level() -> None:
    for path in PACKAGE.rglob("*.py"):
        forbidden = [
            name for name in imported(path) if name.startswith(("imgwatch_train", "tensorflow", "keras"))
        ]
        assert not forbidden, path


TRAINING = Path(__file__).parent.parent / "train" / "imgwatch_train"
TRAINING_LAYERS = (
    {"job", "runtime"},
    {"facts", "data", "export"},
    {"perceptual", "classic"},
    {"backbone", "recipe"},
    {"workshop", "default_model"},
)


def imported_anywhere(path: Path) -> set[str]:
    """Return the training modules that a module imports, inside functions and for type checkers too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("imgwatch_train"):
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names |= {
                name if (TRAINING.parent / _file(name)).exists() else str(node.module) for name in whole
            }
    return names


def _file(name: str) -> str:
    return name.replace(".", "/") + ".py"


def test_imports_of_training_run_downward() -> None:
    layer_of = {name: layer for layer, names in enumerate(TRAINING_LAYERS) for name in names}
    for path in TRAINING.rglob("*.py"):
        own = path.relative_to(TRAINING).with_suffix("").parts[0]
        for name in imported_anywhere(path):
            other = name.split(".")[1]
            assert own == other or layer_of[other] < layer_of[own], f"{path} imports {name}"


def test_training_has_no_circle() -> None:
    imports = {path: imported_anywhere(path) for path in TRAINING.rglob("*.py")}
    order = TopologicalSorter(
        {path: [TRAINING.parent / _file(n) for n in names] for path, names in imports.items()}
    )
    assert len(list(order.static_order())) >= len(imports)  # raises CycleError
