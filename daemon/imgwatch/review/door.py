"""Who gets in besides those with the key, and the gallery's host names, according to the config; checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from imgwatch.errors import ConfigError
from imgwatch.review import password
from imgwatch.review.proxy import Proxy
from imgwatch.review.tokens import Tokens
from imgwatch.settings import Settings


@dataclass(frozen=True)
class Door:
    """Names besides localhost, trusted proxy, password and tokens; none by default."""

    names: frozenset[str] = frozenset()
    proxy: Proxy = field(default_factory=Proxy)
    password_file: Path | None = None
    tokens: Tokens | None = None
    longest_upload_bytes: int = 0

    @property
    def lets_in(self) -> bool:
        """Return whether anybody can get in without the key."""
        return self.password_file is not None or self.proxy.user_header is not None


def password_file(settings: Settings) -> Path:
    """Return the path of the password file, which need not exist."""
    return settings.review.password_file or settings.state / password.NAME


def door_of(settings: Settings, *, is_lasting: bool = False) -> Door:
    """Return the door of the config. Raises ConfigError if nobody could get in by a name, or anybody might."""
    review, file = settings.review, password_file(settings)
    is_named = review.password_file is not None
    if is_named or file.exists():
        password.require_usable(file)
    trusted = review.trust_proxy
    door = Door(
        frozenset(review.names),
        Proxy(frozenset(trusted.addresses), trusted.user_header),
        file if is_named or file.exists() else None,
        Tokens(settings.state),
        int(settings.limits.file_megabytes * 1e6),
    )
    is_for_programs = is_lasting and any(Tokens(settings.state).all())
    if door.lets_in or not (review.names or is_lasting) or (is_for_programs and not review.names):
        return door
    key = f"review.names: {review.names[0]}" if review.names else "imgwatch review --serve"
    raise ConfigError(
        f"{key} needs a password (`imgwatch review --set-password`), or a proxy that names the user "
        "(`review: {trust_proxy: {addresses: [127.0.0.1], user_header: X-Remote-User}}`)"
    )
