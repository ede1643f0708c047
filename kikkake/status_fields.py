"""`status` of the three kinds, as the gateway writes it; the CRDs describe it."""

from __future__ import annotations

from typing import Any

from events.model import SpecModel


class Condition(SpecModel):
    """One statement about the object."""

    type: str
    """Upstream's types (`SourcesProvided`, `DependenciesProvided`, `TriggersProvided`, `Configured`, `Deployed`),
    `Ready` as their sum, and `SpecWarnings`."""
    status: str
    """`True`, `False` or `Unknown`."""
    last_transition_time: str | None = None
    """When `status` last changed."""
    observed_generation: int | None = None
    """The generation of the object that this was said of."""
    reason: str = ""
    """One word for programs."""
    message: str = ""
    """Where, what and how to fix it, for people."""


class ManualTrigger(SpecModel):
    """The last order by annotation to fire by hand."""

    value: str
    """What the annotation said."""
    time: str
    result: str


class Status(SpecModel):
    """What the gateway says of an object."""

    conditions: list[Condition] = []
    observed_generation: int | None = None
    """The generation of the object that was read last."""
    manual: ManualTrigger | None = None
    """What came of the annotation `kikkake/fire`."""


class Address(SpecModel):
    """Where an event can be delivered."""

    event: str
    url: str


class EventSourceStatus(Status):
    """Of an EventSource."""

    events: int | None = None
    """Accepted so far."""
    last_event_time: str | None = None
    addresses: list[Address] = []
    """Where deliveries go, inside the cluster."""


class SensorStatus(Status):
    """Of a Sensor."""

    events: int | None = None
    """Judged so far."""
    fired: int | None = None
    """How often a trigger fired."""
    last_fired_time: str | None = None
    dead_letters: int | None = None
    """What could not be done and waits for a replay."""


class EventBusStatus(Status):
    """Of an EventBus."""

    config: dict[str, Any] | None = None
    """How clients reach the bus; written by Argo Events."""
