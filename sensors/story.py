"""The story of one event as plain data: what `explain` answers, for the command, the API and the console."""

from __future__ import annotations

import msgspec


class FilterStory(msgspec.Struct, frozen=True, kw_only=True):
    """What one filter looked at."""

    filter: str
    """`data[0]`, `context[1]`."""
    verdict: str
    """`passed`, `filtered` or `failed`."""
    path: str
    comparator: str
    wanted: tuple[str, ...]
    actual: str | None
    """Cut at 64 characters; None where there is none."""
    sentence: str


class DependencyStory(msgspec.Struct, frozen=True, kw_only=True):
    """What one dependency said of the event."""

    name: str
    verdict: str
    cause: str
    """`missing-path` for a failure that is the everyday outcome, else empty."""
    reason: str
    """Empty when it passed; else the sentence of the filter that decided."""
    filters: tuple[FilterStory, ...]


class AttemptStory(msgspec.Struct, frozen=True, kw_only=True):
    """One try."""

    number: int
    started_us: int
    took_us: int | None
    """None while nobody knows an answer."""
    answer: str


class EffectStory(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was, or is, to be done."""

    number: int
    id: str
    """Hex."""
    role: str
    state: str
    """`open`, `done`, `dead`, `superseded`."""
    created_us: int
    due_us: int
    """For an open one: when it is tried next."""
    attempts: tuple[AttemptStory, ...]
    behind: int
    """The older effect of its object or trigger that it waits for; 0 = none."""
    reason: str
    result: dict[str, object]
    """`{"object": "Workflow ci/build-x"}`."""
    events: dict[str, int]
    """Dependency to the sequence of the event that it was made with."""


class TriggerStory(msgspec.Struct, frozen=True, kw_only=True):
    """What the event did in one trigger."""

    name: str
    kind: str
    outcome: str
    """`fired`, `waiting`, `filtered`, `failed`, `superseded`, `timed-out`, `reset`, `uncorrelated` or `stopped`."""
    sentence: str
    waiting_for: tuple[str, ...]
    """Dependencies that its condition still lacks, as of now."""
    effects: tuple[EffectStory, ...]


class SensorStory(msgspec.Struct, frozen=True, kw_only=True):
    """What one Sensor made of the event."""

    uid: str
    label: str
    """NAMESPACE/NAME."""
    version: int
    outcome: str
    """The strongest of its triggers' outcomes."""
    sentence: str
    dependencies: tuple[DependencyStory, ...]
    triggers: tuple[TriggerStory, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One event and everything that came of it."""

    sequence: int
    event_id: str
    topic: str
    source: str
    type: str
    subject: str | None
    arrived_us: int
    stored_us: int
    peer: str
    kind: str
    verified: str
    standing: str
    """`new`, or `suspected_replay`: stored and not judged."""
    is_judged: bool
    sensors: tuple[SensorStory, ...]
