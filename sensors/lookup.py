"""From an effect to how it is carried out: what the act loop asks (`acting.TriggerLookup`).

An effect belongs to the version of the Sensor that made it; an edit since then does not change how it ends.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from events.bus import BusReader, Effect, NewEffect, Runner
from events.errors import ResourceRefused
from events.event import Event
from events.log import Logger
from events.registry import Registry
from sensors.acting import Acting, Rendered, TriggerUnusable
from sensors.compile import CompiledSensor, compile_stored
from sensors.compile_trigger import CompiledTrigger
from sensors.effect import DLQ, MAIN, Firing, make_effect, order_of
from sensors.given import Given
from sensors.planned import PlannedRenderer
from sensors.retry import Retry
from sensors.roster import Roster
from sensors.trigger import TRIGGERS, RenderFailed, RenderUnavailable, Trigger, TriggerServices

log = Logger("act")

_MAX_OLD_VERSIONS = 256
"""Compiled older versions that are kept: retries come back to them."""

_MAX_FOUND = 4096
"""Triggers that are remembered with their version; then all are looked up anew."""


class Lookup:
    """Finds triggers, in memory first; one instance of each kind serves all Sensors of the process."""

    def __init__(
        self,
        roster: Roster,
        runner: Runner,
        reader: BusReader,
        services: TriggerServices,
        *,
        renderer: PlannedRenderer | None = None,
        kinds: Registry[Trigger] = TRIGGERS,
        give_up_after_s: float = 86_400.0,
    ) -> None:
        self._roster = roster
        self._runner = runner
        self._reader = reader
        self._services = services
        self._renderer = renderer or PlannedRenderer(services, None)
        self._kinds = kinds
        self._give_up_after_s = give_up_after_s
        self._instances: dict[type[Trigger], Trigger] = {}
        self._found: dict[tuple[str, int, str, str], Acting] = {}
        """A version never changes: what was found for it once stays right."""
        self._old: OrderedDict[int, CompiledSensor] = OrderedDict()

    def find(self, effect: Effect) -> Acting | None:
        """From memory, or None: then `load` is asked."""
        key = (effect.sensor, effect.version, effect.trigger, effect.role)
        acting = self._found.get(key)
        if acting is None:
            acting = self._find(effect)
            if acting is not None:
                if len(self._found) >= _MAX_FOUND:
                    self._found.clear()
                self._found[key] = acting
        return acting

    def _find(self, effect: Effect) -> Acting | None:
        sensor = self._known(effect)
        trigger = trigger_of(sensor, effect.trigger, effect.role) if sensor is not None else None
        if sensor is None or trigger is None or trigger.kind_class is None:
            return None
        return self._acting(sensor, trigger, trigger.kind_class)

    async def load(self, effect: Effect) -> Acting:
        """From the stored text of that version. Raises TriggerUnusable, BusUnavailable."""
        sensor, trigger = await self._trigger(effect)
        if trigger.kind_class is None:
            detail = f"this build has no trigger of the kind `{effect.kind}`"
            raise TriggerUnusable("KindMissing", detail)
        return self._acting(sensor, trigger, trigger.kind_class)

    async def render(self, effect: Effect) -> Rendered:
        """A planned effect. Raises RenderFailed, TriggerUnusable, BusUnavailable."""
        sensor, trigger = await self._trigger(effect)
        if trigger.kind_class is None:
            raise TriggerUnusable("KindMissing", f"this build has no trigger of the kind `{effect.kind}`")
        events = await self._events(effect)
        # It fired in the step that recorded it: a timer may have come long after its events.
        firing = _firing(sensor, trigger, effect, effect.created_us, effect.role)
        try:
            rendered = await self._renderer.render(firing, events)
            return Rendered(rendered, *order_of(firing, rendered))
        except (RenderFailed, RenderUnavailable):
            raise
        except Exception as error:
            # A bug in one kind: a dead letter, as where the decide loop renders, and not an effect that never ends.
            log.bug("trigger.render-crashed", error, sensor=effect.sensor, trigger=effect.trigger)
            detail = f"a fault of kikkake: {type(error).__name__}; see its log"
            raise RenderFailed(detail, reason="RenderCrashed") from error

    async def make_dlq(self, effect: Effect) -> NewEffect | None:
        """The effect of its `dlqTrigger`, with the same events; None where it has none, or is recorded already.

        A nested one is found by the role: `dlq.dlq` is the dlqTrigger of the dlqTrigger. Raises RenderFailed.
        """
        role = DLQ if effect.role == MAIN else f"{effect.role}.{DLQ}"
        try:
            sensor, _main = await self._trigger(effect)
        except TriggerUnusable:
            return None
        trigger = trigger_of(sensor, effect.trigger, role)
        if trigger is None:
            return None
        now_us = self._services.clock.now_us()
        firing = _firing(sensor, trigger, effect, now_us, role)
        for recorded in await self._reader.effects_of(firing.sequence):
            if recorded.id == firing.id:
                return None
        events = await self._events(effect)
        return make_effect(firing, events, store_key=self._services.store_key, due_us=now_us)

    async def close(self) -> None:
        """Close every kind that was used."""
        for instance in self._instances.values():
            await instance.close()
        self._instances.clear()
        await self._renderer.close()

    def _known(self, effect: Effect) -> CompiledSensor | None:
        judged = self._roster.judged.get(effect.sensor)
        if judged is not None and judged.version == effect.version:
            return judged.sensor
        return self._old.get(effect.version)

    async def _trigger(self, effect: Effect) -> tuple[CompiledSensor, CompiledTrigger]:
        sensor = self._known(effect) or await self._compile_old(effect)
        trigger = trigger_of(sensor, effect.trigger, effect.role)
        if trigger is None:
            detail = (
                f"version {effect.version} of the Sensor has no trigger `{effect.trigger}` ({effect.role})"
            )
            raise TriggerUnusable("TriggerGone", detail)
        return sensor, trigger

    async def _compile_old(self, effect: Effect) -> CompiledSensor:
        version = await self._reader.version(effect.version)
        if version is None:
            raise TriggerUnusable(
                "VersionGone", f"version {effect.version} of the Sensor is not stored any more"
            )
        try:
            # In a thread: its programs are read in another process, which may have to be started.
            sensor = await asyncio.to_thread(compile_stored, version, kinds=self._kinds)
        except ResourceRefused as refused:
            raise TriggerUnusable("SensorRefused", f"this build refuses its Sensor: {refused}") from refused
        self._old[effect.version] = sensor
        while len(self._old) > _MAX_OLD_VERSIONS:
            self._old.popitem(last=False)
        return sensor

    async def _events(self, effect: Effect) -> Given:
        """The events as they came."""
        events: list[tuple[str, Event]] = []
        for ref in effect.events:
            stored = await self._runner.event(ref.sequence)
            if stored is None:
                raise RenderFailed(
                    f"the event of `{ref.dependency}` is gone from the store", reason="EventGone"
                )
            events.append((ref.dependency, stored.event))
        return Given(events)

    def _acting(self, sensor: CompiledSensor, trigger: CompiledTrigger, kind_class: type[Trigger]) -> Acting:
        instance = self._instances.get(kind_class)
        if instance is None:
            instance = self._instances[kind_class] = kind_class(self._services)
        return Acting(
            trigger=instance,
            namespace=sensor.namespace,
            sensor=sensor.name,
            retry=Retry(strategy=trigger.strategy, give_up_after_s=self._give_up_after_s),
            spacing=trigger.spacing,
            at_least_once=trigger.at_least_once,
            account=self._services.account_of(sensor.namespace, sensor.account),
            policy=trigger.policy,
            is_strict=sensor.is_strict,
        )


def trigger_of(sensor: CompiledSensor, name: str, role: str) -> CompiledTrigger | None:
    """The trigger of that name; for the role `dlq` its dlqTrigger, for `dlq.dlq` that one's own."""
    trigger = sensor.trigger(name)
    if role == MAIN:
        return trigger
    for _ in role.split("."):
        trigger = trigger.dlq if trigger is not None else None
    return trigger


def _firing(
    sensor: CompiledSensor, trigger: CompiledTrigger, effect: Effect, fired_us: int, role: str
) -> Firing:
    return Firing(
        sensor=sensor,
        version=effect.version,
        trigger=trigger,
        name=effect.trigger,
        refs=effect.events,
        fired_us=fired_us,
        sequence=max(ref.sequence for ref in effect.events),
        role=role,
        occasion=effect.occasion,
        nonce=effect.nonce,
    )
