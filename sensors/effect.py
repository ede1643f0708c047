"""Effects: their identity, and rendering once (spec: effects, section 2; docs/decisions/0002-identity.md). Pure.

The same Sensor, trigger and events give the same id on every attempt and after every restart: names of objects and
idempotency keys come from it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pydantic

from events.bus import EventRef, NewEffect, OrderMode
from events.event import Event
from events.languages.gjson import Document, compile_path
from events.languages.gjson.result import Kind
from events.topic import length_prefixed, prefixed
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger
from sensors.given import Given, every, pairs
from sensors.parameters import apply_parameters
from sensors.spec import UPSTREAM_KINDS
from sensors.trigger import RenderContext, RenderFailed, Trigger

MAIN = "main"
DLQ = "dlq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """A trigger that fires with a set of events."""

    sensor: CompiledSensor
    version: int
    """Resource version that judged it."""
    trigger: CompiledTrigger
    """The one that is rendered: for the role `dlq` the dlqTrigger of the trigger named `name`."""
    name: str
    """Of the main trigger: a dlqTrigger is known by its owner's, whatever it is called itself."""
    refs: tuple[EventRef, ...]
    fired_us: int
    """Stored time of the event that made it fire."""
    sequence: int
    """Of that event."""
    role: str = MAIN
    occasion: str = ""
    """What made it fire where not only its events did (spec: effects, section 2): `timeout:…`."""
    nonce: str = ""

    @property
    def id(self) -> bytes:
        """The effect's id."""
        return effect_id(
            self.sensor.uid, self.name, self.role, self.refs, occasion=self.occasion, nonce=self.nonce
        )


def dlq_firing(firing: Firing) -> Firing | None:
    """Its `dlqTrigger` with the same events; None where it has none. A nested one has the role `dlq.dlq`."""
    trigger = firing.trigger.dlq
    if trigger is None:
        return None
    role = DLQ if firing.role == MAIN else f"{firing.role}.{DLQ}"
    return replace(firing, trigger=trigger, role=role)


def effect_id(
    uid: str, trigger: str, role: str, refs: Sequence[EventRef], *, occasion: str = "", nonce: str = ""
) -> bytes:
    """SHA-256, 32 bytes. Every part stands behind its length, so that different parts never give the same bytes."""
    if len(refs) == 1:
        events = prefixed(refs[0].dependency.encode()) + prefixed(refs[0].key)
    else:
        pairs = sorted((ref.dependency.encode(), ref.key) for ref in refs)
        events = b"".join(length_prefixed(pair) for pair in pairs)
    rest = prefixed(events) + prefixed(occasion.encode()) + prefixed(nonce.encode())
    return hashlib.sha256(_who(uid, trigger, role) + rest).digest()


@functools.lru_cache(maxsize=4096)
def _who(uid: str, trigger: str, role: str) -> bytes:
    """The same for every effect of a trigger."""
    return length_prefixed((uid.encode(), trigger.encode(), role.encode()))


def make_effect(firing: Firing, events: Given, *, store_key: bytes, due_us: int) -> NewEffect:
    """The effect of a firing: rendered where its inputs are local, else planned. Raises RenderFailed."""
    trigger = firing.trigger
    kind_class = trigger.kind_class
    if kind_class is None or trigger.is_stopped:
        raise RenderFailed("the trigger is stopped by a fault of its own: see lint", reason="TriggerStopped")
    rendered = None if is_planned(firing) else render(firing, events, store_key)
    order_key, order_mode = _planned_order(firing) if rendered is None else order_of(firing, rendered)
    # Born with its first attempt only where nothing can make it wait: a limit, or an older effect of its order.
    can_start = order_mode is OrderMode.NONE and trigger.spacing is None
    is_at_once = can_start and rendered is not None and kind_class.may_repeat(rendered)
    return NewEffect(
        id=firing.id,
        sensor=firing.sensor.uid,
        version=firing.version,
        trigger=firing.name,
        role=firing.role,
        kind=trigger.kind,
        events=firing.refs,
        due_us=due_us,
        attempt=1 if is_at_once else 0,
        order_key=order_key,
        order_mode=order_mode,
        rendered=rendered,
        occasion=firing.occasion,
        nonce=firing.nonce,
    )


def is_planned(firing: Firing) -> bool:
    """Whether it needs something from outside to be rendered: a fetched object, or a transformed event.

    It is then rendered by the act loop, and its bytes are stored before the first attempt (design, section 4).
    """
    if firing.trigger.is_planned:
        return True
    if not firing.sensor.needs_worker:
        return False
    transformed = {each.name for each in firing.sensor.dependencies if each.transform is not None}
    return any(ref.dependency in transformed for ref in firing.refs)


def render(firing: Firing, events: Given, store_key: bytes) -> bytes:
    """What every attempt sends. Raises RenderFailed."""
    member, name = member_of(firing, events)
    return render_member(firing, events, member, name, store_key)


def member_of(firing: Firing, events: Given) -> tuple[bytes, str]:
    """The kind's member and the trigger's name, after the parameters of the trigger. Raises RenderFailed."""
    trigger = firing.trigger
    if trigger.kind_class is None or not trigger.parameters:
        return trigger.member, trigger.name
    return _with_parameters(trigger, trigger.kind_class, in_order_of(firing, events))


def render_member(firing: Firing, events: Given, member: bytes, name: str, store_key: bytes) -> bytes:
    """What the kind makes of its member. Raises RenderFailed."""
    trigger = firing.trigger
    assert trigger.kind_class is not None  # noqa: S101 - a stopped trigger never comes here
    in_order = in_order_of(firing, events)
    context = RenderContext(
        namespace=firing.sensor.namespace,
        sensor=firing.sensor.name,
        trigger=name,
        effect_id=firing.id,
        event_ids=tuple(event.id for _name, event in pairs(in_order)),
        fired_us=firing.fired_us,
        store_key=store_key,
        policy=trigger.policy,
    )
    return trigger.kind_class.render(member, in_order, context)


def _with_parameters(
    trigger: CompiledTrigger, kind_class: type[Trigger], events: Mapping[str, Event]
) -> tuple[bytes, str]:
    """The kind's member and the trigger's name after `trigger.parameters`, read back through the kind's model."""
    at = f"triggers[{trigger.index}].parameters"
    template = Document(apply_parameters(trigger.template, trigger.parameters, events, at))
    if trigger.kind in UPSTREAM_KINDS:
        for earlier in UPSTREAM_KINDS[: UPSTREAM_KINDS.index(trigger.kind)]:
            if compile_path(earlier).get(template).exists:
                raise RenderFailed(
                    f"{at}: they add the action `{earlier}`, which would come before `{trigger.kind}`"
                )
    member = compile_path(trigger.kind).get(template)
    if member.kind is not Kind.JSON:
        raise RenderFailed(f"{at}: `{trigger.kind}` is no object any more")
    raw = member.raw
    try:
        kind_class.Config.model_validate_json(raw)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RenderFailed(
            f"{at}: {trigger.kind}.{where}: {first['msg']}; `useRawData: true` keeps a number or boolean"
        ) from error
    name = compile_path("name").get(template)
    if name.exists and name.kind not in (Kind.STRING, Kind.NULL):
        raise RenderFailed(f"{at}: `name` is no text any more; leave `useRawData` out")
    return raw, name.text() or trigger.name


def in_order_of(firing: Firing, events: Given) -> Given:
    """The events in the order of the Sensor's dependencies."""
    in_order = (
        (each.name, event) for each in firing.sensor.dependencies for event in every(events, each.name)
    )
    return Given(in_order, now_us=firing.fired_us)


def order_of(firing: Firing, rendered: bytes) -> tuple[bytes | None, OrderMode]:
    """The order of what was rendered."""
    kind_class = firing.trigger.kind_class
    key, mode = (None, OrderMode.NONE) if kind_class is None else kind_class.order(rendered)
    if mode is OrderMode.NONE and firing.trigger.at_least_once:
        return _serial_key(firing), OrderMode.WAIT
    return key, mode


def _planned_order(firing: Firing) -> tuple[bytes | None, OrderMode]:
    """The place of one that is not rendered yet: behind the older ones of its trigger, until its object is known."""
    trigger = firing.trigger
    may_order = trigger.kind_class is not None and trigger.kind_class.has_order(trigger.member)
    may_order |= any(each.dest.startswith(f"{trigger.kind}.operation") for each in trigger.parameters)
    if may_order or trigger.at_least_once:
        return _serial_key(firing), OrderMode.WAIT
    return None, OrderMode.NONE


def _serial_key(firing: Firing) -> bytes:
    """Serial per trigger, as upstream."""
    parts = (b"trigger", firing.sensor.uid.encode(), firing.name.encode(), firing.role.encode())
    return hashlib.sha256(length_prefixed(parts)).digest()
