"""What a dependency sees of an event after a transform or a script, and the port to whoever prepares that.

Transforms and scripts run in workers (`preparing.py`) before anything is judged; then the prepared event is judged like
any other, by pure code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from events.event import Event
from events.topic import Topic
from sensors.compile import CompiledSensor
from sensors.dependency import CompiledDependency
from sensors.filter import Reading
from sensors.sandbox.errors import SandboxUnavailable


class Prepared(NamedTuple):
    """One event as one dependency sees it."""

    reading: Reading
    """Of the transformed event, with the answers of its scripts."""
    verdict: int | None = None
    """Where the transform has failed: the packed verdict, and no filter is asked."""
    reason: str = ""
    """Why it has failed."""


NOTHING: Mapping[int, Prepared] = {}


class Preparer(Protocol):
    """Runs transforms and scripts."""

    async def prepare(self, sensor: CompiledSensor, event: Event, topic: Topic) -> Mapping[int, Prepared]:
        """By the index of the dependency: those of `topic` that have a transform or a script."""

    async def transform(self, sensor: CompiledSensor, dependency: CompiledDependency, event: Event) -> Event:
        """The event as one dependency's transform leaves it. Raises RenderFailed."""


async def prepare_event(
    preparer: Preparer | None, sensor: CompiledSensor, event: Event, topic: Topic
) -> Mapping[int, Prepared]:
    """The same; nothing for a Sensor that needs no worker. Raises SandboxBusy, SandboxUnavailable: try again later."""
    if not sensor.needs_worker:
        return NOTHING
    if preparer is None:
        raise SandboxUnavailable(f"{sensor.label} needs workers, and this process has none")
    return await preparer.prepare(sensor, event, topic)
