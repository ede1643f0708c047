"""The JSON of the admin API, made from what the bus has. The same for a running process and a stopped one's store.

Times are RFC 3339 in UTC. No header, no secret; the data of an event only where it is asked for, and bounded.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from events.bus import BusFacts, DeadLetter, Effect, EffectState, Provenance, ResourceVersion, StoredEvent
from events.clock import format_time
from events.errors import Finding
from events.topic import Topic
from sensors.replay import Plan

_MAX_DATA_BYTES = 262_144
"""Of an event's data in an answer: a GitHub push has 8 to 30 KB; a person reads no more than this."""


def topic_answer(topic: Topic) -> dict[str, str]:
    return {
        "namespace": topic.namespace,
        "eventBus": topic.event_bus,
        "eventSource": topic.event_source,
        "eventName": topic.event_name,
    }


def event_answer(stored: StoredEvent) -> dict[str, Any]:
    """One event of a list: attributes and where it came from, without its data."""
    event = stored.event
    return {
        "sequence": stored.sequence,
        "id": event.id,
        "key": stored.key.hex(),
        "topic": topic_answer(stored.topic),
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "datacontenttype": event.datacontenttype,
        "extensions": event.extensions,
        "dataBytes": None if event.data is None else len(event.data),
        "standing": stored.standing.name.lower().replace("_", "-"),
        "storedAt": format_time(stored.stored_us),
        "provenance": provenance_answer(stored.provenance),
    }


def provenance_answer(provenance: Provenance) -> dict[str, str]:
    return {
        "arrivedAt": format_time(provenance.arrived_us),
        "peer": provenance.peer,
        "kind": provenance.kind,
        "verified": provenance.verified,
    }


def data_answer(data: bytes | None) -> dict[str, Any]:
    """The data as text where it is text, else as base64; `dataTruncated` says that more was there."""
    if data is None:
        return {}
    shown = data[:_MAX_DATA_BYTES]
    is_cut = len(data) > _MAX_DATA_BYTES
    try:
        # A character may be cut in half at the bound; only then may bytes be left out.
        answer = {"dataText": shown.decode("utf-8", "ignore") if is_cut else shown.decode()}
    except UnicodeDecodeError:
        answer = {"dataBase64": base64.b64encode(shown).decode()}
    return {**answer, "dataTruncated": is_cut}


def result_text(result: Mapping[str, Any]) -> str:
    """What came of an effect in a few words: `ConfigMap ci/build-x`, `HTTP 204`, `POST https://…`; or nothing."""
    match result:
        case {"object": str(text)}:
            return text
        case {"object": Mapping() as made}:
            metadata = made.get("metadata") or {}
            place = "/".join(part for part in (metadata.get("namespace"), metadata.get("name")) if part)
            return f"{made.get('kind', 'object')} {place}"
        case {"request": Mapping() as request}:
            return f"{request.get('method', '')} {request.get('url', '')}".strip()
        case {"message": Mapping() as message}:
            return f"message to {message.get('topic', '')}".strip()
        case {"status": status}:
            return f"HTTP {status}"
    return ""


def is_dry_run(result: Mapping[str, Any]) -> bool:
    """Nothing was done outside: the result is what would have been."""
    return result.get("dryRun") is True


def effect_state(effect: Effect) -> str:
    """`waiting`, `running`, `done`, `dead` or `superseded`."""
    if effect.state is EffectState.OPEN:
        return "running" if effect.answered < effect.attempt else "waiting"
    return effect.state.name.lower()


def dead_letter_answer(letter: DeadLetter, sensor: str) -> dict[str, Any]:
    """`sensor` is NAMESPACE/NAME, or the uid where no resource is known any more."""
    return {
        "number": letter.number,
        "sensor": sensor,
        "trigger": letter.trigger,
        "effect": letter.effect or None,
        "sequence": letter.sequence,
        "at": format_time(letter.at_us),
        "reason": letter.reason,
        "detail": letter.detail,
        "sizeBytes": letter.size_bytes,
        "replay": f"kikkake replay {letter.sequence} --sensor {sensor}",
    }


def resource_label(version: ResourceVersion) -> str:
    return f"{version.namespace}/{version.name}"


def facts_answer(facts: BusFacts) -> dict[str, Any]:
    oldest = facts.oldest_unprocessed_us
    return {
        "events": facts.events,
        "head": facts.head,
        "judgedUpTo": facts.place,
        "openEffects": facts.open_effects,
        "deadLetters": facts.dead_letters,
        "laggingSensors": facts.lagging,
        "sizeBytes": facts.size_bytes,
        "oldestUnprocessedAt": None if oldest is None else format_time(oldest),
    }


def finding_answer(finding: Finding) -> dict[str, Any]:
    return dataclasses.asdict(finding)


def plan_items(plan: Plan) -> Iterator[dict[str, Any]]:
    """The lines of a replay's plan. `preview` has what would be done, its secrets masked."""
    for item in plan.items:
        preview = {} if item.preview is None else dataclasses.asdict(item.preview)
        yield {
            "sequence": plan.sequence,
            "eventId": plan.event_id,
            "sensor": item.label,
            "trigger": item.trigger,
            "action": str(item.action),
            "note": item.note,
            "effect": item.effect or None,
            "preview": {name: value for name, value in preview.items() if value not in (None, "")},
        }


def gone_item(sequence: int, sensor: str, note: str) -> dict[str, Any]:
    """The line for an event that cannot be judged any more."""
    return {
        "sequence": sequence,
        "eventId": "",
        "sensor": sensor,
        "trigger": "",
        "action": "none",
        "note": note,
        "effect": None,
        "preview": {},
    }
