"""Firing by hand: `kubectl annotate` with `kikkake/fire` (once for each value of the annotation).

On an EventSource it publishes an event as if it had been delivered: filters, conditions and `explain` are the same.
On a Sensor it fires again, under a new identity, with the newest event that makes it fire. What came of it stands in
`status.manual`; a value that stands there is not carried out again, nor one that was cut short by a kill.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable
from typing import Any

import orjson

from events.bus import BusUnavailable, EventQuery, EventTooLarge, Provenance, Publication, Standing
from events.clock import US_PER_S, Clock, format_time
from events.errors import KikkakeError
from events.event import JSON, Event
from events.log import Logger
from events.topic import Topic
from kikkake.activity import Publish
from kikkake.catalog import Key
from kikkake.cluster.resources import ClusterObject
from kikkake.services import GatewayServices
from sensors.compile import CompiledSensor
from sensors.replay import Action, Plan
from sources.spec import EventSourceSpec

_LOOK_BACK = 50
"""Events of each topic that are tried, the newest first, to find one that makes a Sensor fire."""
_MAX_SHOWN = 64
_RETRY_S = 5.0

log = Logger("by-hand")


class Refused(KikkakeError):
    """An order that cannot be carried out; the text says why."""


class ByHand:
    """Carries out orders, one after the other."""

    def __init__(
        self,
        services: GatewayServices,
        publish: Publish,
        clock: Clock,
        *,
        find: Callable[[Key], ClusterObject | None],
        told: Callable[[Iterable[Key]], None],
    ) -> None:
        """`told` hears of which objects the status has something new to say."""
        self._services = services
        self._publish = publish
        self._clock = clock
        self._find = find
        self._told = told
        self._ordered: asyncio.Queue[Key] = asyncio.Queue()
        self._queued: set[Key] = set()
        self._known: set[str] = set()
        """Uids of what was seen without an order."""
        self.results: dict[str, dict[str, str]] = {}
        """`status.manual` by uid."""

    def look(self, keys: Iterable[Key]) -> None:
        """Carry out the orders of these objects, as far as they are new."""
        for key in keys:
            found = self._find(key)
            if found is None:
                continue
            if not found.fire:
                self._known.add(found.uid)
            elif key not in self._queued and self._is_new(found):
                self._queued.add(key)
                self._ordered.put_nowait(key)

    async def run(self) -> None:
        """For ever."""
        while True:
            key = await self._ordered.get()
            self._queued.discard(key)
            found = self._find(key)
            if found is None or not self._is_new(found):
                continue
            try:
                result = await self._carry_out(found)
            except BusUnavailable as error:
                log.warning("by-hand.waits", resource=found.document.label, detail=str(error))
                await self._clock.sleep(_RETRY_S)
                self.look([key])
                continue
            except KikkakeError as error:
                result = f"not done: {error}"
            except Exception as error:  # noqa: BLE001 - a bug in one order must not end the gateway
                log.bug("by-hand.crashed", error, resource=found.document.label)
                result = f"not done: a fault of kikkake ({type(error).__name__}); see its log"
            now_us = self._clock.now_us()
            log.info("by-hand.done", resource=found.document.label, result=result)
            now = format_time(now_us // US_PER_S * US_PER_S)
            self.results[found.uid] = {"value": _shown(found.fire), "time": now, "result": result}
            self._told([key])

    def manual(self, found: ClusterObject) -> dict[str, str] | None:
        """What `status.manual` is to say of an object; None = nothing."""
        return self.results.get(found.uid) or found.status.get("manual")

    def forget_all_but(self, uids: Collection[str]) -> None:
        """What is gone needs no memory."""
        self._known &= set(uids)
        for uid in [uid for uid in self.results if uid not in uids]:
            del self.results[uid]

    def _is_new(self, found: ClusterObject) -> bool:
        said = self.manual(found)
        return bool(found.fire) and (said is None or said.get("value") != _shown(found.fire))

    async def _carry_out(self, found: ClusterObject) -> str:
        if found.uid not in self._known and not found.status.get("conditions"):
            # A copy, or one that comes back from a backup: nobody orders anything by it.
            raise Refused("the annotation was there when the object was made; give it another value")
        entry = self._services.entry(found.key)
        if entry is None or entry.spec is None:
            raise Refused("no text of it is in force")
        if entry.spec.is_suspended:
            raise Refused("it is suspended")
        if isinstance(entry.spec, EventSourceSpec):
            return await self._deliver(found, entry.spec)
        return await self._fire(found, entry.spec)

    async def _deliver(self, found: ClusterObject, spec: EventSourceSpec) -> str:
        name, data, given_id = _order(found.fire, [event.name for event in spec.events])
        source = next(event.source for event in spec.events if event.name == name)
        # The same annotation gives the same event, however often it is read.
        event_id = given_id or f"by-hand-{_digest(found)}"
        now_us = self._clock.now_us()
        event = Event(
            id=event_id,
            source=spec.name,
            type=source.event_type,
            subject=name,
            time=format_time(now_us),
            datacontenttype=JSON,
            data=orjson.dumps(data),
        )
        topic = Topic(spec.namespace, spec.event_bus_name, spec.name, name)
        provenance = Provenance(now_us, "kubectl annotate", source.kind, "annotation kikkake/fire")
        try:
            [receipt] = await self._publish([Publication(topic, event, provenance)])
        except EventTooLarge as error:
            raise Refused(str(error)) from error
        known = " (it was delivered before)" if receipt.standing is Standing.DUPLICATE else ""
        return f"delivered to {name} as event {event_id}{known}"

    async def _fire(self, found: ClusterObject, sensor: CompiledSensor) -> str:
        nonce = f"by-hand-{_digest(found)}"
        newest = await self._newest(sensor)
        for sequence in newest:
            effects = await self._services.reader.effects_of(sequence)
            if any((each.sensor, each.nonce) == (sensor.uid, nonce) for each in effects):
                # A kill came between the firing and the status that would have said so.
                return "fired before"
        for sequence in newest:
            plan = await self._services.fire(sequence, sensor=sensor.uid, nonce=nonce, dry_run=True)
            if any(item.action is Action.CREATE for item in plan.items):
                return _told_of(await self._services.fire(sequence, sensor=sensor.uid, nonce=nonce))
        names = ", ".join(f"{topic.event_source}/{topic.event_name}" for topic in sensor.topics)
        raise Refused(
            f"no stored event of {names} makes it fire; deliver one first: kubectl annotate eventsource NAME "
            "kikkake/fire=EVENT"
        )

    async def _newest(self, sensor: CompiledSensor) -> list[int]:
        """Sequences of what it listened to lately, the newest first."""
        found: set[int] = set()
        for topic in sensor.topics:
            query = EventQuery(
                namespace=topic.namespace,
                event_source=topic.event_source,
                event_name=topic.event_name,
                limit=_LOOK_BACK,
            )
            found |= {each.sequence for each in await self._services.reader.events(query)}
        return sorted(found, reverse=True)[:_LOOK_BACK]


def _order(value: str, names: list[str]) -> tuple[str, Any, str]:
    """Event, data and id of an annotation's value. Raises Refused.

    `EVENT`, `EVENT/ANYTHING` (for another value), or `{"event": EVENT, "data": ..., "id": ...}`.
    """
    if not value.lstrip().startswith("{"):
        return _known(value.partition("/")[0], names), {}, ""
    try:
        order = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Refused(f"the annotation is not JSON: {error}") from error
    unknown = set(order) - {"event", "data", "id"}
    if unknown:
        raise Refused(f"unknown member `{min(unknown)[:_MAX_SHOWN]}`; known are event, data, id")
    given_id = order.get("id", "")
    if not isinstance(given_id, str):
        raise Refused("`id` is no text")
    return (
        _known(str(order.get("event") or (names[0] if len(names) == 1 else "")), names),
        order.get("data"),
        given_id,
    )


def _known(name: str, names: list[str]) -> str:
    if name not in names:
        raise Refused(f"no event `{name[:_MAX_SHOWN]}`; it has: {', '.join(names) or 'none'}")
    return name


def _shown(value: str) -> str:
    """What a status says of an order: its data stays out of it."""
    if len(value) <= _MAX_SHOWN and not value.lstrip().startswith("{"):
        return value
    return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"


def _digest(found: ClusterObject) -> str:
    return hashlib.sha256(f"{found.uid}\0{found.fire}".encode()).hexdigest()[:20]


def _told_of(plan: Plan) -> str:
    fired = ", ".join(item.trigger for item in plan.items if item.action is Action.CREATE)
    return f"fired {fired} with event {plan.event_id}"
