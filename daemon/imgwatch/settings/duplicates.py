"""The config's section about copies of pictures, and the folders that are only compared."""

from pathlib import Path
from typing import Literal

from imgwatch.settings.section import Section


class DuplicateSettings(Section, frozen=True):
    """What becomes of a copy; pictures in the folders of `reference` are kept, and never touched.

    YAML reads a bare `off` as false, which hence means the same.
    """

    action: Literal["quarantine", "report", "off"] | bool = "off"
    reference: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if self.action is True:
            raise ValueError("action must be one of quarantine, report, off")

    @property
    def is_on(self) -> bool:
        """Return whether imgwatch looks for copies."""
        return self.action in ("quarantine", "report")
