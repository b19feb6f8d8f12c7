"""Checks whether metrics, hook and messages will work: extra, files, command, unit."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from getpass import getuser
from pathlib import Path

from imgwatch.doctor.finding import Finding, Subject, fault, ok, warning
from imgwatch.errors import ConfigError
from imgwatch.monitoring.observer import require_exporters
from imgwatch.monitoring.urls import OTHERS, require_notify, urls_of
from imgwatch.settings import Settings
from imgwatch.systemd.installed import installed_for, text_of
from imgwatch.wording import counted

_INSTALL = "imgwatch service install"


def check_monitoring(subject: Subject) -> Iterator[Finding]:
    """Check the metrics, hook and messages that the config wants, if any."""
    settings = subject.settings
    if settings.metrics.is_on:
        yield from _check_metrics(settings)
    if settings.hooks.quarantined is not None:
        yield from _check_hook(settings.hooks.quarantined[0])
    if settings.notify.is_on:
        yield from _check_notify(subject)


def check_ports(subject: Subject) -> Iterator[Finding]:
    """Check the network access of the installed units against what the config needs."""
    for file in installed_for(subject.config):
        yield from _check_port(file, subject.settings.metrics.port)
        yield from _check_way_out(file, subject.settings.notify.is_on)


def _check_port(file: Path, port: int | None) -> Iterator[Finding]:
    text = text_of(file)
    if "RestrictAddressFamilies=" not in text:
        return
    match = re.search(r"^SocketBindAllow=ipv4:tcp:(\d+)$", text, re.MULTILINE)
    opened = int(match[1]) if match else None
    is_reachable = opened == port or (
        opened is None and "AF_INET" in text and "SocketBindDeny=any" not in text
    )
    if port is not None and not is_reachable:
        yield fault(f"{file}: the service does not let metrics.port {port} be reached", _INSTALL)
    elif port is None and (opened is not None or ("AF_INET" in text and not _is_open(text))):
        yield warning(f"{file}: the service opens a port that the config no longer names", _INSTALL)


def _check_way_out(file: Path, is_needed: bool) -> Iterator[Finding]:
    text = text_of(file)
    if is_needed and not _is_open(text) and "RestrictAddressFamilies=" in text:
        yield fault(f"{file}: the service lets no message out, which `notify` needs", _INSTALL)
    elif not is_needed and _is_open(text):
        yield warning(
            f"{file}: the service may reach the network, which the config no longer needs", _INSTALL
        )


def _is_open(text: str) -> bool:
    """Return whether a unit may reach services anywhere."""
    return "AF_INET6" in text


def _check_notify(subject: Subject) -> Iterator[Finding]:
    settings = subject.settings.notify
    try:
        require_notify(settings)
        number = len(urls_of(settings))
    except ConfigError as wrong:
        yield fault(str(wrong), "correct that, then `imgwatch notify --test`")
        return
    if settings.urls and subject.config.stat().st_mode & OTHERS:
        yield warning(
            f"notify.urls: {subject.config} can be read by others, and the URLs hold secrets",
            f"chmod 600 {subject.config}, or write them into notify.urls_file",
        )
    yield ok(f"notify: {counted(number, 'URL')}; `imgwatch notify --test` sends a message")


def _check_metrics(settings: Settings) -> Iterator[Finding]:
    try:
        require_exporters(settings.metrics)
    except ConfigError as missing:
        yield fault(str(missing), "pip install 'imgwatch[metrics]'")
        return
    file = settings.metrics.textfile
    if settings.metrics.port is not None:
        yield ok(f"metrics: on http://127.0.0.1:{settings.metrics.port}/metrics while the daemon runs")
    if file is None:
        return
    if not file.parent.is_dir():
        yield warning(f"metrics.textfile: there is no folder {file.parent}", "make it, or correct the config")
    elif not os.access(file.parent, os.W_OK | os.X_OK):
        yield warning(
            f"metrics.textfile: {file.parent} cannot be written by this user",
            f"setfacl -m u:{getuser()}:rwx {file.parent}, or give it a group that both are in",
        )
    else:
        yield ok(f"metrics: in {file} while the daemon runs")


def _check_hook(command: str) -> Iterator[Finding]:
    if shutil.which(command) is None:
        yield warning(
            f"hooks.quarantined: {command} is not a program that this user can run", "correct the config"
        )
    else:
        yield ok(f"hook: {command} is run for what is quarantined")
