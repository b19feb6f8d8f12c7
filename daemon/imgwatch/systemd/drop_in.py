"""The options that the config decides, as a drop-in beside the unit; all others are in the units of systemd/.

`sandbox` decides what may be written; `installation` writes, verifies and enables units. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imgwatch.errors import ConfigError, shown

MARK = "# Written by `imgwatch service install` for "
SLACK_SECONDS = 120  # what one picture may take besides decoding: a lock that is held, a copy to a slow disk


@dataclass(frozen=True)
class DropIn:
    """The options of one service. All texts are as in the file: use `quoted` for paths."""

    config: str
    python: str
    user: str
    writable: tuple[str, ...] = ()
    state_directory: str = ""
    is_home_needed: bool = False
    is_tmp_needed: bool = False
    hidden: tuple[str, ...] = ()
    memory_megabytes: int = 3072
    watchdog_seconds: int = 40 + SLACK_SECONDS
    has_restart_steps: bool = False  # from systemd 254
    metrics_port: int | None = None  # the one port of this machine that it may listen on
    sends_messages: bool = False  # to services anywhere
    is_gallery: bool = False


def quoted(path: Path | str) -> str:
    """Return a path quoted for systemd: one word, no specifier, no variable, no second line. Raises ConfigError."""
    text = str(path)
    if not text.isprintable():
        raise ConfigError(f"{shown(text)}: a unit cannot hold a path with characters that do not print")
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"' if set(text) & set(" \t\"'\\;#") else text


def watchdog_seconds(decode_seconds: float) -> int:
    """Return how many seconds one picture may take: it is decoded twice if it kills its worker."""
    return int(2 * decode_seconds) + SLACK_SECONDS


def memory_megabytes(decode_megabytes: int, workers: int) -> int:
    """Return the service's memory limit: its workers at their limit, and the model."""
    return decode_megabytes * workers + 1024


def system_drop_in(options: DropIn) -> str:
    """Return the text for a system unit."""
    return "".join(
        (
            _HEAD,
            _program(options),
            _identity(options),
            _folders(options),
            _port(options, _OPENED),
            _messages(options, _SENT),
        )
    )


def user_drop_in(options: DropIn) -> str:
    """Return the text for a unit of a user's service manager, which has no user and no read-only file system."""
    return "".join((_HEAD, _program(options), _port(options, ""), _messages(options, "")))


_HEAD = """\
# The options that the config determines; an empty value clears that of the unit. `imgwatch service install` rewrites
# this file: make your own changes with `systemctl edit`.

[Service]
"""


def _program(options: DropIn) -> str:
    does = "review --serve" if options.is_gallery else "watch"
    command = f"{options.python} -P -m imgwatch {does} --config {options.config}".replace("$", "$$")
    steps = (
        "# The pause before a new start grows, up to five minutes.\nRestartSteps=5\nRestartMaxDelaySec=5min\n"
        if options.has_restart_steps
        else ""
    )
    return f"""\
# The program that installed this.
ExecStart=
ExecStart={command}
{_limits(options)}{steps}"""


def _limits(options: DropIn) -> str:
    if options.is_gallery:
        return f"# For its workers at limits.decode_megabytes, and the model.\nMemoryMax={options.memory_megabytes}M\n"
    return f"""\
# Twice limits.decode_seconds, and {SLACK_SECONDS} s for a lock or a slow disk.
WatchdogSec={options.watchdog_seconds}
# For threads * limits.decode_megabytes, and the model.
MemoryMax={options.memory_megabytes}M
"""


def socket_drop_in(port: int) -> str:
    """Return the text for the socket of the gallery."""
    return f"""\
# The port is review.port of the config. `imgwatch service install --review` rewrites this file.

[Socket]
# An empty value clears that of the unit.
ListenStream=
ListenStream=127.0.0.1:{port}
"""


def _identity(options: DropIn) -> str:
    folder = options.state_directory
    return "\n".join((
        "# A user who may rename files in the watched folders.",
        f"User={options.user}",
        f"# The ledger lies {f'in /var/lib/{folder}' if folder else 'where `state` in the config says'}.",
        "StateDirectory=", *([f"StateDirectory={folder}"] if folder else []), "",
    ))  # fmt: skip


def _folders(options: DropIn) -> str:
    return "\n".join((
        "# The folders that it may write: watched folder and quarantine below one line where possible.",
        "ReadWritePaths=", *(f"ReadWritePaths=-{path}" for path in options.writable), *_home(options),
        *_tmp(options), "",
    ))  # fmt: skip


def _home(options: DropIn) -> Iterator[str]:
    if not options.is_home_needed:
        return
    yield "# Your folders or the program lie in a home. The rest of it can be read, but not written ..."
    yield "ProtectHome=read-only"
    if options.hidden:
        yield "# ... and your keys cannot be read."
        yield from (f"InaccessiblePaths=-{path}" for path in options.hidden)


def _tmp(options: DropIn) -> Iterator[str]:
    if options.is_tmp_needed:
        yield "# A folder that it needs lies below /tmp or /var/tmp, so it has no private ones."
        yield "PrivateTmp=no"


def _port(options: DropIn, more: str) -> str:
    if options.metrics_port is None:
        return ""
    return _PORT + more.format(port=options.metrics_port)


def _messages(options: DropIn, more: str) -> str:
    return _MESSAGES + more if options.sends_messages else ""


_PORT = """\
# Metrics can be read from this machine ...
RestrictAddressFamilies=AF_INET
"""
_OPENED = """\
# ... and no other port can be opened. (With PrivateNetwork= nobody could reach the port.)
PrivateNetwork=no
IPAddressAllow=localhost
SocketBindDeny=any
SocketBindAllow=ipv4:tcp:{port}
"""
_MESSAGES = """\
# Messages (`notify`) can reach services anywhere ...
RestrictAddressFamilies=AF_INET AF_INET6
"""
_SENT = """\
# ... and no port can be opened but that of metrics.
PrivateNetwork=no
IPAddressAllow=any
SocketBindDeny=any
"""
