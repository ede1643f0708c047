"""What a Sensor would create for some events, and why it creates nothing: the production code on a store of its own.

Nothing is created: the store lives in memory, and the outside is the twin of `kikkake test`. What has to be fetched
comes from files that are given, or really from where the Sensor says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from events.bus import Provenance, Publication, StoredEvent
from events.clock import Clock, ManualClock
from events.event import Event
from events.ports import Secrets
from events.topic import Topic
from kikkake.testing.artifacts import Artifacts
from kikkake.testing.happened import Firing, Observation
from kikkake.testing.outside import Outside
from kikkake.testing.run import silence
from kikkake.testing.store import STORE_KEY, Gateway, open_gateway
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger
from sensors.explain import explain_event, prepare_story
from sensors.preparing import SandboxPreparer
from sensors.sandbox import Sandbox
from sensors.story import SensorStory

_NOT_FETCHED = "is not fetched: give --artifact {name}=FILE, or --fetch"
_FETCH_S = 90.0
"""Real seconds for everything that is fetched: one fetch has 60."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOrder:
    """What to render, and with what."""

    sensor: CompiledSensor
    events: Sequence[tuple[Topic, Event]]
    """In order."""
    secrets: Secrets
    """ConfigMaps and credentials of what is fetched."""
    artifacts: Mapping[str, bytes | None]
    may_fetch: bool
    wait_us: int
    """Time that passes behind the last event."""
    clock: Clock
    """Of the machine: the time at which the events come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What became of one trigger: a firing, or why there is none."""

    trigger: str
    outcome: str
    """`fired`, `failed`, or what `kikkake explain` says of a trigger that did not fire."""
    sentence: str
    given: Mapping[str, Any]
    """Dependency to the id of its event."""
    kind: str = ""
    """`object`, `request` or `message`."""
    value: Mapping[str, Any] | None = None
    may_pass: bool = False
    """It failed, and may succeed another time."""


async def render(order: RenderOrder) -> list[Rendering]:
    """Of each trigger in the order of the Sensor: every time that it fired, or one entry that says why it did not."""
    start_us = order.clock.now_us()

    def outside(clock: ManualClock) -> Outside:
        artifacts = Artifacts(order.artifacts, fetches=order.may_fetch, otherwise=_NOT_FETCHED)
        return Outside(order.secrets, {}, [], clock, STORE_KEY, artifacts)

    async with Sandbox() as sandbox:
        preparer = SandboxPreparer(sandbox)
        with silence():
            async with open_gateway(start_us, outside, [order.sensor], preparer) as gateway:
                gateway.patience_s = _FETCH_S
                for topic, event in order.events:
                    await _publish(gateway, topic, event)
                if order.wait_us:
                    await gateway.move_to(gateway.clock.now_us() + order.wait_us)
                return await _tell(gateway, order.sensor)


async def _publish(gateway: Gateway, topic: Topic, event: Event) -> None:
    if event.time_us is not None and event.time_us > gateway.clock.now_us():
        await gateway.move_to(event.time_us)
    provenance = Provenance(gateway.clock.now_us(), "", "render", "not verified")
    await gateway.publish([Publication(topic, event, provenance)])
    await gateway.settle()


async def _tell(gateway: Gateway, sensor: CompiledSensor) -> list[Rendering]:
    fired = (await Observation(gateway, sensor).whole()).fired
    stories = [await _story(gateway, sensor, stored) for stored in gateway.arrivals]
    told: list[Rendering] = []
    for trigger in sensor.triggers:
        mine = [firing for firing in fired if firing.trigger == trigger.name]
        told += [_fired(firing) for firing in mine] or [_not_fired(trigger, stories)]
    known = {trigger.name for trigger in sensor.triggers}
    return told + [_fired(firing) for firing in fired if firing.trigger not in known]


def _fired(firing: Firing) -> Rendering:
    if firing.rendered is None:
        return Rendering(
            trigger=firing.trigger,
            outcome="failed",
            sentence=firing.reason,
            given=firing.given,
            may_pass=firing.outcome == "open",
        )
    kind, value = firing.rendered
    return Rendering(
        trigger=firing.trigger, outcome="fired", sentence="", given=firing.given, kind=kind, value=value
    )


def _not_fired(trigger: CompiledTrigger, stories: Sequence[SensorStory | None]) -> Rendering:
    """What the newest event that concerned the trigger says."""
    name = trigger.name
    for story in reversed(stories):
        found = next((each for each in story.triggers if each.name == name), None) if story else None
        if found is not None:
            return Rendering(
                trigger=name, outcome=found.outcome, sentence=found.sentence or found.outcome, given={}
            )
    is_by_timeout = trigger.waiting is not None and trigger.waiting.is_only_by_timeout
    sentence = "nothing has timed out: see --wait" if is_by_timeout else "no event came for its dependencies"
    return Rendering(trigger=name, outcome="waiting", sentence=sentence, given={})


async def _story(gateway: Gateway, sensor: CompiledSensor, stored: StoredEvent) -> SensorStory | None:
    reader = gateway.bus.reader()
    record = await reader.decision(stored.sequence)
    version = gateway.decider.roster.versions[sensor.uid]
    versions = {version.id: version}
    memories = {sensor.uid: await reader.memories(sensor.uid)}
    prepared = await prepare_story(gateway.preparer, stored, record, versions)
    effects = await reader.effects_of(stored.sequence)
    story = explain_event(stored, record, versions, effects, memories, prepared=prepared)
    return next((each for each in story.sensors if each.uid == sensor.uid), None)
