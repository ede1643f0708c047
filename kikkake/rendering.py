"""What a Sensor would create for some events, and why it creates nothing: the production code on a store of its own.

Nothing is created: the store lives in memory, and the outside is the twin of `kikkake test`. What has to be fetched
comes from files that are given, or really from where the Sensor says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from events.bus import Provenance, Publication, StoredEvent
from events.clock import Clock, ManualClock
from events.event import Event
from events.ports import Secrets
from events.topic import Topic
from kikkake.preflight import ask
from kikkake.testing.artifacts import Artifacts
from kikkake.testing.happened import Firing, Observation
from kikkake.testing.outside import Outside
from kikkake.testing.run import silence
from kikkake.testing.store import STORE_KEY, Gateway, open_gateway
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger
from sensors.explain import explain_event, prepare_story
from sensors.lookup import trigger_of
from sensors.preparing import SandboxPreparer
from sensors.sandbox import Sandbox
from sensors.story import SensorStory
from sensors.trigger import Done, Failed, OnFailure, TriggerServices

if TYPE_CHECKING:
    from kikkake.kube_client import KubeClient

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
    connect: Callable[[], Awaitable[KubeClient]] | None = None
    """To the API server that is asked whether it would take what fires; None = nobody is asked."""


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
    operation: str = ""
    """What is done with the object, where it is not created."""
    may_pass: bool = False
    """It failed, or could not be asked for, and may succeed another time."""
    said: Done | Failed | None = None
    """What the API server says of it; None where nobody was, or could be, asked."""
    is_asked: bool = False
    """Somebody was to be asked."""


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
                told, fired = await _tell(gateway, order.sensor)
    return told if order.connect is None else await _asked(order, order.connect, told, fired)


async def _asked(
    order: RenderOrder,
    connect: Callable[[], Awaitable[KubeClient]],
    told: Sequence[Rendering],
    fired: Mapping[int, Firing],
) -> list[Rendering]:
    """The same, with what the API server says of each that fired."""
    client = await connect()
    services = TriggerServices(
        kube=client, secrets=order.secrets, clock=order.clock, store_key=STORE_KEY, exchange=None
    )
    try:
        return [
            await _asked_one(order.sensor, services, rendering, fired.get(index))
            for index, rendering in enumerate(told)
        ]
    finally:
        await client.close()


async def _asked_one(
    sensor: CompiledSensor, services: TriggerServices, rendering: Rendering, firing: Firing | None
) -> Rendering:
    effect = None if firing is None else firing.effect
    trigger = None if effect is None else trigger_of(sensor, effect.trigger, effect.role)
    if effect is None or trigger is None or trigger.kind_class is None:
        return rendering
    said = await ask(sensor, trigger.kind_class, effect, services)
    may_pass = isinstance(said, Failed) and said.then is OnFailure.RETRY
    return replace(rendering, said=said, may_pass=may_pass, is_asked=True)


async def _publish(gateway: Gateway, topic: Topic, event: Event) -> None:
    if event.time_us is not None and event.time_us > gateway.clock.now_us():
        await gateway.move_to(event.time_us)
    provenance = Provenance(gateway.clock.now_us(), "", "render", "not verified")
    await gateway.publish([Publication(topic, event, provenance)])
    await gateway.settle()


async def _tell(gateway: Gateway, sensor: CompiledSensor) -> tuple[list[Rendering], dict[int, Firing]]:
    """What became of the triggers, and by its place in the list what fired."""
    all_fired = (await Observation(gateway, sensor).whole()).fired
    stories = [await _story(gateway, sensor, stored) for stored in gateway.arrivals]
    told: list[Rendering] = []
    fired: dict[int, Firing] = {}
    known = {trigger.name for trigger in sensor.triggers}
    rest = [firing for firing in all_fired if firing.trigger not in known]
    for trigger in (*sensor.triggers, None):
        mine = rest if trigger is None else [each for each in all_fired if each.trigger == trigger.name]
        for firing in mine:
            fired[len(told)] = firing
            told.append(_fired(firing))
        if trigger is not None and not mine:
            told.append(_not_fired(trigger, stories))
    return told, fired


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
        trigger=firing.trigger,
        outcome="fired",
        sentence="",
        given=firing.given,
        kind=kind,
        value=value,
        operation=firing.operation,
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
