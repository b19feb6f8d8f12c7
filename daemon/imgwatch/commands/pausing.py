"""`imgwatch pause` stops the daemon's moves; `imgwatch resume` lets them go on, also after the breaker opened."""

from typing import TYPE_CHECKING

from imgwatch import console
from imgwatch.commands.context import load_settings, open_ledger, volume_of
from imgwatch.commands.options import ConfigOption, JsonOption
from imgwatch.wording import counted

if TYPE_CHECKING:
    from imgwatch.quarantine.volume import Volume


def pause(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let the daemon move nothing until `imgwatch resume`. It judges what arrives, and holds it where it is."""
    from imgwatch.breaker import PAUSED
    from imgwatch.status import is_held

    settings = load_settings(config)
    with open_ledger(settings) as ledger:
        was_open = ledger.facts.breaker_is_open
        if not was_open:
            ledger.facts.open_breaker(PAUSED)
        why = ledger.facts.breaker_reason
    alive = is_held(settings.state)
    if as_json:
        console.say_json({"was_open": was_open, "breaker_why": why, "alive": alive})
    elif was_open:
        console.say(f"Moving is already stopped: {why}.")
    else:
        when = "from now on" if alive else "when it starts"
        console.say(f"Paused: the daemon moves nothing {when}, until `imgwatch resume`.")


def resume(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Go on after a pause, or after the breaker opened. Begins a new quarantine where the old one is gone for good."""
    from imgwatch.lifecycle import FileState
    from imgwatch.status import is_held

    settings = load_settings(config)
    with open_ledger(settings) as ledger:
        began = _begin_quarantine(volume_of(settings.quarantine.path, ledger))
        was_open = ledger.facts.breaker_is_open
        held = len(ledger.waiting(FileState.HELD))
        if was_open:
            ledger.facts.close_breaker()
    if as_json:
        alive = is_held(settings.state)
        outcome: dict[str, object] = {"was_open": was_open, "held": held, "alive": alive}
        console.say_json(outcome | {"began_quarantine": True} if began else outcome)
        return
    if began:
        console.say(f"A new quarantine begins at {settings.quarantine.path}.")
    if not was_open:
        console.say("The breaker is closed already.")
        return
    if held == 0:
        console.say("The breaker is closed. No picture was held.")
        return
    when = "now, by the daemon" if is_held(settings.state) else "when the daemon starts"
    are = "is" if held == 1 else "are"
    console.say(f"The breaker is closed. {counted(held, 'held picture')} {are} judged {when}.")


def _begin_quarantine(volume: "Volume") -> bool:
    """Allow a new quarantine if the old one is gone with its disk; return whether it was gone."""
    from imgwatch.errors import QuarantineGone

    try:
        volume.check()
    except QuarantineGone:
        volume.forget()
        return True
    return False
