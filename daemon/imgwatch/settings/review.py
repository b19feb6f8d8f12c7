"""The config's section about the gallery as a service: its names, its port, and who gets in without the key."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from imgwatch.settings.section import Section

HostName = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
IpAddress = Annotated[str, Meta(pattern=r"^[0-9a-f.:]{2,45}$")]
HeaderName = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]


class ProxySettings(Section, frozen=True):
    """The reverse proxies whose headers are trusted, about the visitor, and in `user_header` about the user."""

    addresses: tuple[IpAddress, ...] = ()
    user_header: HeaderName | None = None

    def __post_init__(self) -> None:
        if self.user_header is not None and not self.addresses:
            raise ValueError(
                "user_header is believed from the proxy alone: name its address, such as [127.0.0.1]"
            )


class ReviewSettings(Section, frozen=True):
    """How the gallery is reached by a name; `password_file` is review.password in the state folder by default."""

    names: tuple[HostName, ...] = ()
    port: Annotated[int, Meta(ge=1, le=65535)] = 8466
    password_file: Path | None = None
    trust_proxy: ProxySettings = ProxySettings()
