"""The config's rules for each kind of junk: a word, a rule, or several of which the first that fits holds.

`kind_rules` decides which rule fits a picture, and where it would go.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, field

from imgwatch.settings.section import DatedFolder, Positive, Promise, Section

if TYPE_CHECKING:
    from imgwatch.judgement import Kind

Action = Literal["quarantine", "keep", "report", "move"]
Pattern = Annotated[str, Meta(min_length=1)]
Promised = tuple[
    tuple[str, float], ...
]  # kinds with a promise of their own, each with its share of false alarms


class KindRule(Section, frozen=True):
    """What is done with pictures of one kind; `folders`, which the config calls `in`, are patterns as in `ignore`.

    `after_days` is the age of a picture before it goes; `false_alarms` is a promise for this kind alone.
    """

    action: Action = "quarantine"
    to: DatedFolder | None = None
    after_days: Positive | None = None
    folders: Annotated[tuple[Pattern, ...], Meta(min_length=1)] | None = field(default=None, name="in")
    false_alarms: Promise | None = None

    def __post_init__(self) -> None:
        if self.action == "move" and self.to is None:
            raise ValueError("move needs a folder: {action: move, to: ~/Pictures/Screenshots}")
        if self.action != "move" and self.to is not None:
            raise ValueError(f"to goes with action: move only, not with {self.action}")
        if self.action in ("keep", "report") and self.after_days is not None:
            raise ValueError(f"after_days goes with what is moved, not with {self.action}")


KindRules = Action | KindRule | Annotated[tuple[KindRule, ...], Meta(min_length=1)]


class KindSettings(Section, frozen=True):
    """One key for each kind of junk."""

    screenshot: KindRules = "quarantine"
    document: KindRules = "quarantine"
    caption: KindRules = "quarantine"
    card: KindRules = "quarantine"
    advertisement: KindRules = "quarantine"
    blurred: KindRules = "quarantine"
    dark: KindRules = "quarantine"
    stranger: KindRules = "quarantine"

    def of(self, kind: "Kind | str") -> tuple[KindRule, ...]:
        """Return the rules for a kind, in the order in which they are tried."""
        rules: KindRules = getattr(self, kind)
        if isinstance(rules, str):
            return (KindRule(action=rules),)
        return (rules,) if isinstance(rules, KindRule) else rules

    @property
    def promised(self) -> Promised:
        """The kinds that have their own promise, each with its target false-alarm rate."""
        return tuple(
            (kind, rule.false_alarms)
            for kind in self.__struct_fields__
            if not isinstance(getattr(self, kind), str)
            for rule in self.of(kind)
            if rule.false_alarms is not None
        )
