"""The URLs that messages go to: from the config, and from a file that only its owner may read."""

from __future__ import annotations

from imgwatch.errors import ConfigError
from imgwatch.extras import missing_modules
from imgwatch.settings.notify import NotifySettings

OTHERS = 0o077


def urls_of(settings: NotifySettings) -> list[str]:
    """Return all URLs, including the file's. Raises ConfigError for a file that is missing, or that others can read."""
    file = settings.urls_file
    if file is None:
        return list(settings.urls)
    try:
        mode, text = file.stat().st_mode, file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
        raise ConfigError(f"notify.urls_file {file} cannot be read: {why}") from None
    if mode & OTHERS:
        raise ConfigError(f"notify.urls_file {file} can be read by others: chmod 600 {file}")
    lines = (line.strip() for line in text.splitlines())
    return [*settings.urls, *(line for line in lines if line and not line.startswith("#"))]


def require_notify(settings: NotifySettings) -> None:
    """Raise ConfigError if messages are wanted and cannot be sent."""
    if not settings.is_on:
        return
    if missing_modules("notify"):
        raise ConfigError(
            "`notify` in the config needs the extra notify: pip install 'imgwatch[notify]', "
            "or remove notify.urls and notify.urls_file"
        )
    if not urls_of(settings):
        raise ConfigError(f"notify.urls_file {settings.urls_file} holds no URL: write one a line")
