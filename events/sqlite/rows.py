"""Between rows and the structs of the contract."""

from __future__ import annotations

from typing import Any

import msgspec

from events.bus import (
    Attempt,
    DeadLetter,
    Effect,
    EffectState,
    EventRef,
    OrderMode,
    Provenance,
    ResourceState,
    ResourceVersion,
    Standing,
    StoredEvent,
)
from events.event import Event
from events.topic import Topic

Row = tuple[Any, ...]


class EventHead(msgspec.Struct, frozen=True, array_like=True):
    """What a listing shows of an event and no column holds."""

    source: str
    type: str
    subject: str | None
    time: str | None
    datacontenttype: str | None
    dataschema: str | None
    extensions: dict[str, str | int | bool]
    provenance: Provenance


pack = msgspec.msgpack.Encoder().encode
_unpack_head = msgspec.msgpack.Decoder(EventHead).decode
unpack_refs = msgspec.msgpack.Decoder(tuple[EventRef, ...]).decode
_unpack_history = msgspec.msgpack.Decoder(tuple[Attempt, ...]).decode
unpack_topics = msgspec.msgpack.Decoder(tuple[Topic, ...]).decode
_unpack_starts = msgspec.msgpack.Decoder(dict[str, int]).decode
unpack_holds = msgspec.msgpack.Decoder(tuple[int, ...]).decode

EVENT_COLUMNS = "h.sequence, h.topic, h.stored_us, h.standing, h.ce_id, h.key, h.head, b.data"
EVENT_TABLES = "event_head AS h JOIN event_body AS b USING (sequence)"
EFFECT_COLUMNS = (
    "number, id, sensor, version, trigger, role, kind, events, state, created_us, due_us, attempt, answered, "
    "order_key, order_mode, rendered, occasion, nonce, reason, result, history"
)
LETTER_COLUMNS = "number, sensor, trigger, effect, sequence, at_us, reason, detail, size"
VERSION_COLUMNS = "id, uid, kind, namespace, name, state, spec_hash, text, topics, starts, changed_us"


def pack_head(event: Event, provenance: Provenance) -> bytes:
    return pack(
        EventHead(
            event.source,
            event.type,
            event.subject,
            event.time,
            event.datacontenttype,
            event.dataschema,
            event.extensions,
            provenance,
        )
    )


def stored_event(row: Row, topic: Topic) -> StoredEvent:
    """From EVENT_COLUMNS."""
    sequence, _topic, stored_us, standing, ce_id, key, packed, data = row
    head = _unpack_head(packed)
    event = Event(
        id=ce_id,
        source=head.source,
        type=head.type,
        subject=head.subject,
        time=head.time,
        datacontenttype=head.datacontenttype,
        dataschema=head.dataschema,
        extensions=head.extensions,
        data=data,
    )
    return StoredEvent(sequence, key, topic, stored_us, Standing(standing), head.provenance, event)


def effect(row: Row) -> Effect:
    """From EFFECT_COLUMNS."""
    (
        number,
        ident,
        sensor,
        version,
        trigger,
        role,
        kind,
        events,
        state,
        created_us,
        due_us,
        attempt,
        answered,
    ) = row[:13]
    order_key, order_mode, rendered, occasion, nonce, reason, result, history = row[13:]
    return Effect(
        number=number,
        id=ident,
        sensor=sensor,
        version=version,
        trigger=trigger,
        role=role,
        kind=kind,
        events=unpack_refs(events),
        state=EffectState(state),
        created_us=created_us,
        due_us=due_us,
        attempt=attempt,
        answered=answered,
        order_key=order_key,
        order_mode=OrderMode(order_mode),
        rendered=rendered,
        occasion=occasion,
        nonce=nonce,
        reason=reason,
        result=result,
        history=_unpack_history(history),
    )


def dead_letter(row: Row) -> DeadLetter:
    """From LETTER_COLUMNS."""
    number, sensor, trigger, effect_number, sequence, at_us, reason, detail, size = row
    return DeadLetter(
        number=number,
        sensor=sensor,
        trigger=trigger,
        effect=effect_number,
        sequence=sequence,
        at_us=at_us,
        reason=reason,
        detail=detail,
        size_bytes=size,
    )


def resource_version(row: Row) -> ResourceVersion:
    """From VERSION_COLUMNS."""
    ident, uid, kind, namespace, name, state, spec_hash, text, topics, starts, changed_us = row
    return ResourceVersion(
        id=ident,
        uid=uid,
        kind=kind,
        namespace=namespace,
        name=name,
        state=ResourceState(state),
        spec_hash=spec_hash,
        text=text,
        topics=unpack_topics(topics),
        starts=_unpack_starts(starts),
        changed_us=changed_us,
    )
