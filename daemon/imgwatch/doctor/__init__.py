"""The checks of `imgwatch doctor`: a module for each subject, and one list of all checks. They change nothing.

To add a check: a function from a `Subject` to findings, in the module of its subject, and its name below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from imgwatch.doctor.clock import check_clock
from imgwatch.doctor.contents import check_contents
from imgwatch.doctor.daemon import check_daemon, check_units
from imgwatch.doctor.disks import check_limits, check_room
from imgwatch.doctor.finding import Finding, Subject, fault, ok
from imgwatch.doctor.folders import check_folders
from imgwatch.doctor.formats import check_formats
from imgwatch.doctor.ledger import check_ledger
from imgwatch.doctor.model import check_model
from imgwatch.doctor.monitoring import check_monitoring, check_ports
from imgwatch.doctor.quarantine import check_left_behind, check_quarantine, check_volume

Check = Callable[[Subject], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_model,
    check_folders,
    check_contents,
    check_formats,
    check_room,
    check_limits,
    check_volume,
    check_quarantine,
    check_left_behind,
    check_ledger,
    check_clock,
    check_monitoring,
)
OF_A_RUNNING_SERVICE: tuple[Check, ...] = (check_daemon, check_units, check_ports)


def examine(subject: Subject, *, before_install: bool = False) -> Iterator[Finding]:
    """Yield the findings of every check; `before_install` leaves out those about an installed service."""
    yield ok(f"config {subject.config}: no faults")
    for check in CHECKS if before_install else CHECKS + OF_A_RUNNING_SERVICE:
        try:
            yield from check(subject)
        except OSError as failure:
            yield fault(f"{failure.filename}: {failure.strerror}", "look at its rights, and at the disk")
