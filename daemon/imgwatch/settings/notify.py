"""Who is told what happens, by which services, and how often."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from imgwatch.settings.section import Section

Topic = Literal["breaker", "trouble", "digest"]
ServiceUrl = Annotated[str, Meta(pattern="^[A-Za-z][A-Za-z0-9+.-]*:/")]


class NotifySettings(Section, frozen=True):
    """Messages by apprise: to which URLs (`urls_file`: one a line, for they hold secrets), and about what."""

    urls: tuple[ServiceUrl, ...] = ()
    urls_file: Path | None = None
    about: tuple[Topic, ...] = ("breaker", "trouble", "digest")
    digest: Literal["weekly", "daily", "off"] = "weekly"
    link: Annotated[str, Meta(pattern="^https?://")] | None = None

    @property
    def is_on(self) -> bool:
        """Return whether anybody is to be told."""
        return bool(self.urls) or self.urls_file is not None

    @property
    def digest_days(self) -> int | None:
        """How many days lie between two digests; None: there are none."""
        if not self.is_on or "digest" not in self.about:
            return None
        return {"weekly": 7, "daily": 1, "off": None}[self.digest]
