"""The systemd units as text: every option with its why. Pure; the files in systemd/ are made here too.

What may be written is decided in `sandbox`; writing, verifying and enabling a unit is in `installation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imgwatch.errors import ConfigError, shown

MARK = "# Written by `imgwatch service install` for "
_SHIPPED_MARK = "# Made by daemon/imgwatch/systemd/unit.py; a test holds the two together."
SLACK_SECONDS = 120  # what one picture may take besides decoding: a lock that is held, a copy to a slow disk


@dataclass(frozen=True)
class Unit:
    """What a unit says. All texts are as they stand in the file: use `quoted` for paths."""

    config: str
    python: str
    mark: str = _SHIPPED_MARK
    description: str = "imgwatch: move pictures that do not belong into quarantine"
    user: str = "imgwatch"
    writable: tuple[str, ...] = ()
    state_directory: str = ""
    is_home_needed: bool = False
    is_tmp_needed: bool = False
    hidden: tuple[str, ...] = ()
    memory_megabytes: int = 3072
    watchdog_seconds: int = 40 + SLACK_SECONDS
    has_restart_steps: bool = False  # from systemd 254
    metrics_port: int | None = None  # the one port of this machine that it may listen on


def quoted(path: Path | str) -> str:
    """Spell a path so that systemd reads it as one word: no specifier, no variable, no second line."""
    text = str(path)
    if not text.isprintable():
        raise ConfigError(f"{shown(text)}: a unit cannot hold a path with characters that do not print")
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"' if set(text) & set(" \t\"'\\;#") else text


def command(unit: Unit) -> str:
    """Return the command line that the unit starts."""
    return f"{unit.python} -P -m imgwatch watch --config {unit.config}".replace("$", "$$")


def watchdog_seconds(decode_seconds: float) -> int:
    """Return how long one picture may take: it is decoded twice when it kills its worker."""
    return int(2 * decode_seconds) + SLACK_SECONDS


def memory_megabytes(decode_megabytes: int, workers: int) -> int:
    """Return what the service may use: its workers at their limit, and the model."""
    return decode_megabytes * workers + 1024


def system_unit(unit: Unit) -> str:
    """Return the text of a system unit."""
    return "\n".join((_head(unit, "local-fs.target remote-fs.target"), _life(unit), _identity(unit), _cost(unit),
                      _sandbox(unit), _INSTALL.format(target="multi-user.target")))  # fmt: skip


def user_unit(unit: Unit) -> str:
    """Return the text of a unit for a user's own service manager."""
    return "\n".join((_head(unit, "default.target"), _life(unit), _cost(unit), _user_sandbox(unit),
                      _INSTALL.format(target="default.target")))  # fmt: skip


def _head(unit: Unit, after: str) -> str:
    order = (
        ""
        if after == "default.target"
        else f"# Folders from fstab, also shares, are there before it looks.\nAfter={after}\n"
    )
    return f"""\
{unit.mark}
# What each option does: systemd.service(5), systemd.exec(5). Change it with `systemctl edit`, not here.

[Unit]
Description={unit.description}
Documentation=https://github.com/imgwatch/imgwatch/tree/main/docs
{order}# Never give up: what was in the way (a full disk, a share that is gone) may be gone any time.
StartLimitIntervalSec=0
"""


def _life(unit: Unit) -> str:
    steps = (
        "# ... and longer from time to time, up to five minutes.\nRestartSteps=5\nRestartMaxDelaySec=5min\n"
        if unit.has_restart_steps
        else ""
    )
    return f"""\
[Service]
# "Started" means: what arrives from now on is judged.
Type=notify
NotifyAccess=main
ExecStart={command(unit)}
# SIGHUP: read the config again; a faulty one is refused and told in the log.
ExecReload=/bin/kill -HUP $MAINPID
# The loop itself feeds the watchdog, after each picture: a long batch never starves it, a hung scorer does.
# One picture may take limits.decode_seconds twice, and {SLACK_SECONDS} s for a lock or a slow disk.
WatchdogSec={unit.watchdog_seconds}
# A crash, a kill or a hang ends in a new start, not at once, so that a fault that stays costs nothing ...
Restart=on-failure
RestartSec=10
{steps}# ... but not after a fault of the command line (2) or of config or model (78): only you can mend those.
RestartPreventExitStatus=2 78
# SIGTERM goes to the daemon alone: its decoding workers must not seem to crash. It stops within 5 s;
# SIGKILL later than that loses nothing: the next start finishes or undoes what was under way.
KillMode=mixed
TimeoutStopSec=15
# A start looks through the folders once, which may take its time on a big share.
TimeoutStartSec=30min
# A decoding worker that the kernel kills for its memory costs one picture, not the service.
OOMPolicy=continue
"""


def _identity(unit: Unit) -> str:
    state = (
        f"# The ledger: /var/lib/{unit.state_directory}, which systemd makes, for this user alone.\n"
        f"StateDirectory={unit.state_directory}\nStateDirectoryMode=0700\n"
        if unit.state_directory
        else ""
    )
    return f"""\
# Who it is: whoever may rename files in the watched folders. It needs no right beyond that of this user.
User={unit.user}
{state}# What it makes is for this user alone; pictures keep their own mode.
UMask=0077
"""


def _cost(unit: Unit) -> str:
    return f"""\
# Nobody notices it: it works when others do not want the processor or the disk.
Nice=10
CPUWeight=20
IOWeight=20
IOSchedulingClass=idle
# The decoding workers at their limit (threads * limits.decode_megabytes) and the model.
MemoryMax={unit.memory_megabytes}M
# The daemon, its workers and their threads; a fork bomb in a codec ends here.
TasksMax=128
"""


def _sandbox(unit: Unit) -> str:
    writable = "\n".join(f"ReadWritePaths=-{path}" for path in unit.writable)
    home = (
        "# Your folders or the program lie in a home: the rest of it can be read, not written ...\n"
        "ProtectHome=read-only\n"
        if unit.is_home_needed
        else "# Nothing that it needs lies in a home.\nProtectHome=yes\n"
    )
    if unit.is_home_needed and unit.hidden:
        home += "# ... and keys not even read.\n" + "".join(
            f"InaccessiblePaths=-{path}\n" for path in unit.hidden
        )
    tmp = (
        "# A folder that it needs lies below /tmp or /var/tmp, so it sees everybody's.\nPrivateTmp=no\n"
        if unit.is_tmp_needed
        else "# Its own /tmp.\nPrivateTmp=yes\n"
    )
    return f"""\
# The whole file system is read-only to it ...
ProtectSystem=strict
# ... but for these. Each line is a mount of its own, and a rename between two of them fails (EXDEV) and becomes
# copy, verify, delete. So watched folder and quarantine lie below one line where that can be.
{writable}
{home}{tmp}{_hardening(unit)}"""


def _seccomp(unit: Unit) -> str:
    network = (
        "# no network, only the local socket to systemd,\nRestrictAddressFamilies=AF_UNIX\n"
        if unit.metrics_port is None
        else "# no network but the port for metrics, besides the local socket to systemd,\n"
        "RestrictAddressFamilies=AF_UNIX AF_INET\n"
    )
    return f"{_RIGHTS}{network}{_CALLS}"


_RIGHTS = """\
# A hostile picture that takes over a codec finds: no rights to gain, by setuid programs or otherwise,
NoNewPrivileges=yes
RestrictSUIDSGID=yes
# no new namespaces, no real-time priority, no other personality,
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
# no memory that is both written and executed (onnxruntime, numpy and Pillow were tried with it),
MemoryDenyWriteExecute=yes
"""

_CALLS = """\
# and only the system calls that services use, of this machine's own kind. @chown is of use only for what an
# owner may do (the group of a copied picture); setrlimit for the workers is part of @system-service.
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallFilter=@chown
"""


def _hardening(unit: Unit) -> str:
    network = (
        "# No network, a second time: no interface but an empty lo.\nPrivateNetwork=yes\nIPAddressDeny=any\n"
        if unit.metrics_port is None
        else f"""\
# No network, a second time, but for who asks from this machine for metrics; no other port can be opened.
# (Not PrivateNetwork=: nobody could reach the port.)
IPAddressDeny=any
IPAddressAllow=localhost
SocketBindDeny=any
SocketBindAllow=ipv4:tcp:{unit.metrics_port}
"""
    )
    return f"""\
# No capability at all: it is its user and nothing more.
CapabilityBoundingSet=
AmbientCapabilities=
{_seccomp(unit)}{network}{_APART}"""


_APART = """\
# No devices but /dev/null and its like; no shared memory or message queue of others.
PrivateDevices=yes
DevicePolicy=closed
PrivateIPC=yes
RemoveIPC=yes
# Its mounts are its own; what the system mounts later (a share that comes back) still arrives.
PrivateMounts=yes
# Other users' processes and the kernel's settings are not to be seen or changed. (Not ProcSubset=pid: onnxruntime reads
# /proc/cpuinfo to choose its fast kernels, and logs three warnings without it.)
ProtectProc=invisible
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
KeyringMode=private
# Not PrivateUsers=: it would show the files of other users as owned by nobody, and the record of a picture
# that somebody else put there would name the wrong owner.
"""


def _user_sandbox(unit: Unit) -> str:
    return f"""\
# What it makes is for this user alone; pictures keep their own mode.
UMask=0077
{_seccomp(unit)}# No read-only file system here: a user's manager can make one only with PrivateUsers=, which hides
# who owns a picture that somebody else put there; and so a rename into quarantine is always a rename.
"""


_INSTALL = """\
[Install]
WantedBy={target}
"""


def shipped() -> dict[str, str]:
    """Return the unit files that lie in systemd/, by name: for installing by hand and for packages."""
    python = "/opt/imgwatch/bin/python"
    one = Unit("/etc/imgwatch/config.yaml", python, writable=("/srv/imgwatch",), state_directory="imgwatch")
    many = Unit(
        "/etc/imgwatch/%i.yaml",
        python,
        description="imgwatch for %i: move pictures that do not belong into quarantine",
        writable=("/srv/imgwatch/%i",),
        state_directory="imgwatch/%i",
    )
    yours = Unit("%E/imgwatch/config.yaml", python)
    return {
        "imgwatch.service": system_unit(one),
        "imgwatch@.service": system_unit(many),
        "imgwatch-user.service": user_unit(yours),
    }


def write_shipped(folder: Path) -> None:
    """Write the files of systemd/ anew."""
    for name, text in shipped().items():
        (folder / name).write_text(text, encoding="utf-8")
