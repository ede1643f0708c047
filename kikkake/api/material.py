"""What a test is made of out of one event: the events that took part, the Sensors that judged them, and what was met.

The one answer that holds whole data of events; what looks like a secret is masked before it leaves (`masking.py`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from events.bus import BusReader, Effect, ResourceVersion, StoredEvent
from events.clock import format_time
from kikkake.api.answers import resource_label, topic_answer
from kikkake.api.explanation import explanation_answer
from kikkake.api.refusal import Refusal
from kikkake.masking import mask_data, mask_resource
from sensors.decision import decode_decisions
from sensors.memory import decode_memory
from sensors.prepared import Preparer

_MAX_BYTES = 16_777_216
"""Of data in one answer: a hundred pushes of GitHub; a client of ours reads four times as much."""


async def material_answer(
    reader: BusReader,
    stored: StoredEvent,
    preparer: Preparer | None = None,
    *,
    max_bytes: int = _MAX_BYTES,
) -> dict[str, Any]:
    """The event, and each Sensor that judged it: its `resource`, the `events`, how many are `gone`, what came of it.

    Those that are interested and have not judged it are `behind`.

    Raises Refusal: the events have more than `max_bytes` of data.
    """
    explanation = await explanation_answer(reader, stored, preparer)
    record = await reader.decision(stored.sequence)
    effects = await reader.effects_of(stored.sequence)
    materials: dict[str, dict[str, Any]] = {}
    for decision in decode_decisions(record) if record is not None else ():
        version = await reader.version(decision.version)
        if version is not None:
            mine = [effect for effect in effects if effect.sensor == version.uid]
            materials[resource_label(version)] = await _sensor(reader, stored, version, mine)
    sensors = [
        {**_told(told), **materials[told["sensor"]]}
        for told in explanation["sensors"]
        if told["sensor"] in materials
    ]
    size = sum(event["dataBytes"] for sensor in sensors for event in sensor["events"])
    if size > max_bytes:
        detail = f"the events that took part have {size} bytes of data, and at most {max_bytes} become a test"
        raise Refusal(413, "Too much data", detail)
    behind = [told["sensor"] for told in explanation["sensors"] if told["sensor"] not in materials]
    return {
        "event": explanation["event"],
        "judged": explanation["judged"],
        "sensors": sensors,
        "behind": behind,
    }


def _told(sensor: Mapping[str, Any]) -> dict[str, Any]:
    """Of the explanation what a test needs: without values of the event, and without what was rendered."""
    effects = ("role", "state", "attempt", "attempts")
    return {
        "sensor": sensor["sensor"],
        "outcome": sensor["outcome"],
        "dependencies": [
            {name: each[name] for name in ("name", "verdict")} for each in sensor["dependencies"]
        ],
        "triggers": [
            {
                "name": each["name"],
                "outcome": each["outcome"],
                "effects": [{name: effect[name] for name in effects} for effect in each["effects"]],
            }
            for each in sensor["triggers"]
        ],
        "deadLetters": [{"trigger": each["trigger"]} for each in sensor["deadLetters"]],
    }


async def _sensor(
    reader: BusReader, stored: StoredEvent, version: ResourceVersion, effects: Sequence[Effect]
) -> dict[str, Any]:
    sequences = {stored.sequence, *(ref.sequence for effect in effects for ref in effect.events)}
    for row in await reader.memories(version.uid):
        held = {ref.sequence for ref in decode_memory(row.state).refs}
        # What waits together with it, also where the join fired and could not be rendered.
        if stored.sequence in held:
            sequences |= held
    events = [await _event(reader, sequence) for sequence in sorted(sequences)]
    return {
        "resource": mask_resource(orjson.loads(version.text)),
        "events": [event for event in events if event is not None],
        "gone": sum(event is None for event in events),
    }


async def _event(reader: BusReader, sequence: int) -> dict[str, Any] | None:
    """None where it is not stored any more."""
    found = [each for each in await reader.find_events(str(sequence)) if each.sequence == sequence]
    return _event_answer(found[0]) if found else None


def _event_answer(stored: StoredEvent) -> dict[str, Any]:
    event = stored.event
    answer = {
        "sequence": stored.sequence,
        "topic": topic_answer(stored.topic),
        "storedAt": format_time(stored.stored_us),
        "context": {
            "id": event.id,
            "source": event.source,
            "type": event.type,
            "subject": event.subject,
            "time": event.time,
            "datacontenttype": event.datacontenttype,
            "dataschema": event.dataschema,
            **event.extensions,
        },
        "dataBytes": len(event.data or b""),
        "masked": [],
    }
    if event.data is None:
        return answer
    data, answer["masked"] = mask_data(event.data)
    try:
        return {**answer, "dataText": data.decode()}
    except UnicodeDecodeError:
        return {**answer, "dataBase64": base64.b64encode(data).decode()}
