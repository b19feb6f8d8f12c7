"""Which troubles last, and which of these have ended: a message is due at the beginning and at the end. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

LASTING_SECONDS = 300.0
CALM_SECONDS = 60.0  # a trouble that comes and goes has not ended


class LastingTroubles:
    """Troubles by their cause. `announced`: those of which a message was sent, with their sentences."""

    def __init__(self, announced: Mapping[str, str], lasting_seconds: float = LASTING_SECONDS) -> None:
        self.announced = dict(announced)
        self._lasting_seconds = lasting_seconds
        self._since: dict[str, float] = {}
        self._seen: dict[str, float] = {}

    def look(self, troubles: Mapping[str, str], now: float) -> Iterator[tuple[str, bool]]:
        """Compare with the present troubles; yield the sentence of each that lasts by now, or has ended.

        The second value is whether it has ended.
        """
        for cause, sentence in troubles.items():
            self._seen[cause] = now
            since = self._since.setdefault(cause, now)
            if cause not in self.announced and now - since >= self._lasting_seconds:
                self.announced[cause] = sentence
                yield sentence, False
        for cause in [*self._since, *self.announced]:
            if cause in troubles or now - self._seen.setdefault(cause, now) < CALM_SECONDS:
                continue
            self._since.pop(cause, None)
            self._seen.pop(cause)
            if cause in self.announced:
                yield self.announced.pop(cause), True
