"""Open the user's browser without showing the key to anybody else.

Every user of the machine can read a command line. So the browser gets the name of a file that only its owner
can read; the page in it carries a code that opens the gallery once.
"""

from __future__ import annotations

import os
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}">
<title>imgwatch</title>
<a href="{url}">Open the gallery</a>
"""


@contextmanager
def redirect_page(url: str) -> Iterator[Path]:
    """Yield a page that leads to `url` and that only this user can read; it is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="imgwatch-review-", dir=_private_folder()) as folder:
        page = Path(folder, "open.html")
        descriptor = os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(_PAGE.format(url=escape(url)))
        yield page


def open_browser(page: Path, browse: Callable[[str], bool] = webbrowser.open) -> bool:
    """Open the page in the user's browser; return whether there is a browser."""
    return browse(page.as_uri())


def _private_folder() -> str | None:
    """Return the user's runtime folder, if there is one; None stands for the folder of temporary files."""
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return folder if Path(folder).is_absolute() and os.access(folder, os.W_OK) else None
