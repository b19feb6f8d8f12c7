"""The config's section about messages: which services, about what, and how often."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from imgwatch.settings.section import Section

Topic = Literal["breaker", "trouble", "digest"]
ServiceUrl = Annotated[str, Meta(pattern="^[A-Za-z][A-Za-z0-9+.-]*:/")]


class NotifySettings(Section, frozen=True):
    """Messages by apprise: to which URLs (`urls_file` has one per line, as they hold secrets), and about what."""

    urls: tuple[ServiceUrl, ...] = ()
    urls_file: Path | None = None
    about: tuple[Topic, ...] = ("breaker", "trouble", "digest")
    digest: Literal["weekly", "daily", "off"] = "weekly"
    link: Annotated[str, Meta(pattern="^https?://")] | None = None

    @property
    def is_on(self) -> bool:
        """Return whether messages are wanted."""
        return bool(self.urls) or self.urls_file is not None

    @property
    def digest_days(self) -> int | None:
        """The number of days between two digests; None without digests."""
        if not self.is_on or "digest" not in self.about:
            return None
        return {"weekly": 7, "daily": 1, "off": None}[self.digest]
