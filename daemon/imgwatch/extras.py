"""Which optional packages belong to which extra; a missing one is reported before any work is done.

It imports none of them: some take seconds.
"""

from __future__ import annotations

from importlib.util import find_spec

from imgwatch.errors import Unavailable

_REPORT = ("matplotlib", "jinja2")
MODULES = {
    "report": _REPORT,
    "train": ("tensorflow", "tf2onnx", *_REPORT),
    "cluster": ("distributed", "fsspec"),
    "review": ("starlette", "uvicorn", "jinja2"),
    "thumbnails": ("textual_image",),
    "metrics": ("prometheus_client",),
    "notify": ("apprise",),
}


def require_extra(name: str) -> None:
    """Return if all packages of an extra can be imported. Raises Unavailable that names those that cannot."""
    if missing := missing_modules(name):
        raise Unavailable(f"this needs {' and '.join(missing)}: pip install 'imgwatch[{name}]'")


def missing_modules(name: str) -> list[str]:
    """Return the packages of an extra that cannot be imported."""
    return [module for module in MODULES[name] if not _is_installed(module)]


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # refused by an import hook, or half removed
        return False
