"""Asking the API server, before it matters, whether it would take what a Sensor makes: `dryRun=All` with an example.

The example is what the annotation `kikkake/example-event` says, or the newest events that the Sensor has heard of. It
is asked once for each text of a Sensor; what is refused is a warning in the status, and stops nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import orjson

from events.bus import EventQuery, EventRef
from events.clock import Clock, format_time
from events.errors import Finding, KikkakeError, Scope, Severity
from events.event import JSON, Event
from events.log import Logger
from kikkake.catalog import Entry, Key
from kikkake.preflight import ask
from kikkake.services import GatewayServices
from sensors.attempts import opened
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger
from sensors.effect import Firing, is_planned, make_effect
from sensors.given import Given
from sensors.trigger import Failed, OnFailure, RenderFailed, TriggerServices

EXAMPLE = "kikkake/example-event"
REFUSED = "DryRunRefused"
BAD_EXAMPLE = "BadExample"

_ASK_S = 60.0
"""For all triggers of one Sensor."""

log = Logger("preflight")


class ExampleUnusable(KikkakeError):
    """The annotation cannot be read; the text says why."""


class Rehearsal:
    """Owns the findings; one Sensor is rehearsed at a time."""

    def __init__(
        self,
        services: GatewayServices,
        triggers: TriggerServices,
        clock: Clock,
        *,
        told: Callable[[Iterable[Key]], None],
    ) -> None:
        """`told` hears of which Sensors there is something new to say."""
        self._services = services
        self._triggers = triggers
        self._clock = clock
        self._told = told
        self._due: dict[Key, None] = {}
        self._changed = asyncio.Event()
        self._done: dict[Key, tuple[bytes, tuple[Finding, ...]]] = {}
        """The text that was rehearsed, and what came of it."""

    def look(self, keys: Iterable[Key]) -> None:
        """Rehearse these, as far as their texts are new."""
        self._due.update(dict.fromkeys(keys))
        self._changed.set()

    def findings(self, key: Key) -> tuple[Finding, ...]:
        """What the API server would refuse, as of the text in force."""
        return self._done.get(key, (b"", ()))[1]

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._due:
                key = next(iter(self._due))
                del self._due[key]
                try:
                    async with asyncio.timeout(_ASK_S):
                        await self._look(key)
                except TimeoutError:
                    log.debug("preflight.unanswered", sensor=f"{key.namespace}/{key.name}")
                except Exception as error:  # noqa: BLE001 - a bug with one Sensor must not end the gateway
                    log.bug("preflight.crashed", error, sensor=f"{key.namespace}/{key.name}")

    async def _look(self, key: Key) -> None:
        entry = self._services.entry(key)
        if entry is None or not isinstance(entry.spec, CompiledSensor) or entry.document is None:
            self._done.pop(key, None)
            return
        sensor = entry.spec
        if self._done.get(key, (b"", ()))[0] == sensor.text:
            return
        before = self.findings(key)
        findings = tuple([finding async for finding in self._rehearsed(sensor, entry)])
        self._done[key] = (sensor.text, findings)
        if findings != before:
            self._told([key])

    async def _rehearsed(self, sensor: CompiledSensor, entry: Entry) -> AsyncIterator[Finding]:
        assert entry.document is not None  # noqa: S101 - the caller's
        document = entry.document
        try:
            events = _example(sensor, document.annotations.get(EXAMPLE), self._clock.now_us())
        except ExampleUnusable as error:
            at = ("metadata", "annotations", EXAMPLE)
            fix = 'write {"DEPENDENCY": {"data": {...}, "context": {...}}} as JSON'
            yield document.finding(at, str(error), fix, code=BAD_EXAMPLE, severity=Severity.WARNING)
            return
        # Of a real event the API server's words may quote what nobody may read here.
        is_quiet = not events
        events = events or await self._newest(sensor)
        for trigger in sensor.triggers if events else ():
            refused = await self._refused(sensor, trigger, events)
            if refused is not None:
                which, why = ("the newest", refused.reason) if is_quiet else ("the example", refused.detail)
                yield document.finding(
                    ("spec", "triggers", trigger.index),
                    f"with {which} event the API server refuses what it makes: {why}",
                    "kikkake render --dry-run shows it whole",
                    code=REFUSED,
                    severity=Severity.WARNING,
                    scope=Scope.PART,
                    part=f"trigger:{trigger.name}",
                )

    async def _newest(self, sensor: CompiledSensor) -> dict[str, Event]:
        """The newest stored event of each dependency that has one."""
        found: dict[str, Event] = {}
        for dependency in sensor.dependencies:
            topic = dependency.topic
            query = EventQuery(
                namespace=topic.namespace,
                event_source=topic.event_source,
                event_name=topic.event_name,
                limit=1,
            )
            for stored in await self._services.reader.events(query):
                found[dependency.name] = stored.event
        return found

    async def _refused(
        self, sensor: CompiledSensor, trigger: CompiledTrigger, events: Mapping[str, Event]
    ) -> Failed | None:
        """None where the API server would take it, or nobody can say."""
        firing = Firing(
            sensor=sensor,
            version=0,
            trigger=trigger,
            name=trigger.name,
            refs=tuple(EventRef(name, 0, name.encode()) for name in events),
            fired_us=self._clock.now_us(),
            sequence=0,
            nonce="rehearsal",
        )
        kind = trigger.kind_class
        if kind is None or trigger.is_stopped or is_planned(firing):
            return None
        given = Given(events.items(), now_us=firing.fired_us)
        try:
            new = await asyncio.to_thread(
                make_effect, firing, given, store_key=self._triggers.store_key, due_us=firing.fired_us
            )
        except RenderFailed:
            # An example need not have what every path wants: lint and `explain` speak of paths.
            return None
        effect = opened(new, 0, version=0, at_us=firing.fired_us)
        said = await ask(sensor, kind, effect, self._triggers)
        # What RBAC or an outage has to do with says the review of rights.
        return said if isinstance(said, Failed) and said.then is OnFailure.GIVE_UP else None


def _example(sensor: CompiledSensor, text: Any, now_us: int) -> dict[str, Event]:
    """The events of the annotation, by dependency; none where there is no annotation. Raises ExampleUnusable."""
    if text is None:
        return {}
    try:
        value = orjson.loads(str(text))
    except orjson.JSONDecodeError as error:
        raise ExampleUnusable(f"the annotation is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ExampleUnusable("the annotation is no object")
    events = {}
    for name, given in value.items():
        dependency = sensor.dependency(name)
        if dependency is None or not isinstance(given, dict):
            known = ", ".join(each.name for each in sensor.dependencies)
            raise ExampleUnusable(f"`{name[:64]}` is no dependency with an object; the dependencies: {known}")
        context = given.get("context") or {}
        if not isinstance(context, dict):
            raise ExampleUnusable(f"`{name}.context` is no object")
        events[name] = Event(
            id=str(context.get("id", "example")),
            source=str(context.get("source", dependency.topic.event_source)),
            type=str(context.get("type", "example")),
            subject=str(context.get("subject", dependency.topic.event_name)),
            time=str(context.get("time", format_time(now_us))),
            datacontenttype=JSON,
            data=orjson.dumps(given.get("data")),
        )
    return events
