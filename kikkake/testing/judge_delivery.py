"""Judging a delivery: how it was answered and what was stored, against what is expected. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from events.bus import Publication
from events.resource import Path, path_text
from kikkake.testing.compare import ABSENT, Difference, equal, shown, subset
from kikkake.testing.delivery_document import DeliveryExpect
from kikkake.testing.front import Sent


def judge_delivery(expect: DeliveryExpect, sent: Sent, path: Path) -> list[Difference]:
    """Everything that is not as `expect`, which stands at `path`, says."""
    found: list[Difference] = []
    if expect.status is not None:
        found += equal(expect.status, sent.status, (*path, "status"), _look(sent))
    for name, value in (expect.headers or {}).items():
        given = sent.headers.get(name.lower())
        if given != value:
            texts = [ABSENT if text is None else shown(text) for text in (value, given)]
            found.append(Difference(path_text((*path, "headers", name)), texts[0], texts[1]))
    if expect.body is not None:
        found += subset(expect.body, sent.body, (*path, "body"))
    if expect.duplicate is not None:
        found += equal(expect.duplicate, sent.is_duplicate, (*path, "duplicate"), _look(sent))
    if expect.rejected:
        found += equal(expect.rejected, sent.rejected, (*path, "rejected"), _look(sent))
    if expect.events is not None:
        found += _judge_events(expect.events, sent, (*path, "events"))
    return found


def _judge_events(expected: list[dict[str, Any]], sent: Sent, path: Path) -> list[Difference]:
    found: list[Difference] = []
    actual = [event_members(publication) for publication in sent.stored]
    for index, (wanted, given) in enumerate(zip(expected, actual, strict=False)):
        found += subset(wanted, given, (*path, index))
    for index in range(len(actual), len(expected)):
        found.append(
            Difference(
                path_text((*path, index)), shown(expected[index]), "(nothing more was stored)", _look(sent)
            )
        )
    for index in range(len(expected), len(actual)):
        found.append(Difference(path_text((*path, index)), "(nothing more)", shown(actual[index])))
    return found


def event_members(publication: Publication) -> dict[str, Any]:
    """An event as test documents write it; absent attributes are left out."""
    event, topic = publication.event, publication.topic
    members: dict[str, Any] = {
        "on": f"{topic.event_source}/{topic.event_name}",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "datacontenttype": event.datacontenttype,
        "dataschema": event.dataschema,
        **event.extensions,
    }
    present = {name: value for name, value in members.items() if value is not None}
    return present if event.data is None else {**present, "data": _data(event.data)}


def _data(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return data.decode("utf-8", "replace")


def _look(sent: Sent) -> str:
    """What the answer says."""
    said = f"the answer is {sent.status}"
    if sent.rejected:
        return f"{said}, refused as {sent.rejected}"
    if isinstance(sent.body, dict) and sent.body.get("filtered"):
        failed = " (it failed)" if sent.body.get("filterFailed") else ""
        return f"{said}, dropped by the source{failed}"
    return f"{said}, a duplicate" if sent.is_duplicate else said
