"""Checks whether the ledger is sound, and whether the breaker holds pictures back."""

from __future__ import annotations

from collections.abc import Iterator

from imgwatch.doctor.finding import Finding, Subject, fault, ok, warning
from imgwatch.errors import ImgwatchError
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.status import is_held
from imgwatch.wording import counted


def check_ledger(subject: Subject) -> Iterator[Finding]:
    """Check the whole ledger. A daemon that starts sets a damaged one aside by itself."""
    path = subject.ledger
    if not path.exists():
        yield ok(f"ledger {path}: does not exist yet; the first start makes it")
        return
    mend = "restart the daemon" if is_held(subject.settings.state) else "start the daemon"
    try:
        ledger = Ledger(path, mend=False)
    except ImgwatchError as error:
        yield fault(str(error), f"{mend}: it keeps a damaged file aside and begins a new one")
        return
    try:
        damage = ledger.find_damage()
        held = len(ledger.waiting(FileState.HELD)) if ledger.facts.breaker_is_open else None
    except ImgwatchError as error:
        damage, held = str(error), None
    finally:
        ledger.close()
    if damage:
        yield fault(
            f"ledger {path}: {damage}", f"{mend}: it keeps the damaged file aside and begins a new one"
        )
    else:
        yield ok(f"ledger {path}: sound")
    if held is not None:
        yield warning(
            f"the breaker is open: {counted(held, 'picture')} held back",
            "imgwatch rescan --dry-run, then imgwatch resume",
        )
