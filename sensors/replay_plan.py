"""The plan of a replay: what it does, or with a dry run would do, for each trigger. Plain data."""

from __future__ import annotations

import enum

import msgspec

from events.errors import KikkakeError
from sensors.trigger import Preview


class EventGone(KikkakeError):
    """The body of the event is not stored any more: it cannot be judged again."""


class Action(enum.StrEnum):
    """What a replay does for one trigger."""

    CREATE = "create"
    """A new effect."""
    RETRY = "retry"
    """An effect that had been given up is opened again."""
    HOLD = "hold"
    """The event is held from now on, for a condition that waits for others."""
    CLEAR = "clear"
    """Its dead letter goes: by the current text nothing is left to do."""
    NONE = "none"
    """It is done, under way, waiting, or does not fire."""


class PlanItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the plan."""

    sensor: str
    """The Sensor's uid."""
    label: str
    """NAMESPACE/NAME."""
    trigger: str
    """Empty where it concerns the Sensor as a whole."""
    action: Action
    note: str
    """Why, or what is there already."""
    effect: int = 0
    """Number of a recorded effect; 0 for one that is (or would be) made."""
    effect_id: bytes = b""
    preview: Preview | None = None
    """For CREATE: what would be done."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay does, or with a dry run would do."""

    sequence: int
    event_id: str
    items: tuple[PlanItem, ...]

    @property
    def revived(self) -> tuple[int, ...]:
        """Numbers of the effects that are opened again."""
        return tuple(item.effect for item in self.items if item.action is Action.RETRY)
