"""A SensorTest out of a stored event: `kikkake explain ID --as-test`.

The events that took part come in their order and at their times, with their exact data; the outside answers what it
answered. What is expected is what the production code makes of that here, on the same Sensor, so that the test passes
as it is written; where that is not what the gateway recorded (a masked value decides, an event is not stored any
more), the test says so in its first lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from events.clock import parse_time
from events.errors import KikkakeError
from events.event import JSON
from events.resource import Path as Place
from events.resource import read_documents
from kikkake.files import TEST_API
from kikkake.masking import MASK
from kikkake.testing.actual import actual_waiting, pattern_of, whole_firing
from kikkake.testing.happened import Firing, Happened
from kikkake.testing.reading import FileOfTests, LoadedTest, read_test
from kikkake.testing.run import Result, run_tests
from kikkake.testing.yaml_text import ON, block_lines

_STATUS = re.compile(r"([3-5]\d\d)\b", re.ASCII)
_RETRIED = "25h"
"""Longer than anything is tried again by itself (24 h)."""
_ARTIFACT = re.compile(r'artifacts\["(.*)"\]', re.DOTALL)
_NO_DEFAULT = object()
_FIRST = ("apiVersion", "kind", "metadata", "name")
_LOCAL = {"resource", "inline"}
_SECRETS_OF_A_TEST = {"name", "key", "optional"}


class NotATest(KikkakeError):
    """No test can be made of the event; the text says why."""


@dataclass(slots=True)
class Made:
    """One test document."""

    text: str
    remarks: list[str] = field(default_factory=list)
    """What a person has to know; they also stand in the text."""


async def make_test(material: Mapping[str, Any], sensor: Mapping[str, Any], *, path: str = "") -> Made:
    """The test of one event and one Sensor of the material; `path` is where the Sensor stands, else it stands inside.

    Raises NotATest.
    """
    document = _document(material, sensor, path)
    results, happened = await _run(document)
    missing = [
        match[1]
        for result in results
        for each in result.differences
        if (match := _ARTIFACT.fullmatch(each.path))
    ]
    if missing:
        document["artifacts"] = dict.fromkeys(missing)
        results, happened = await _run(document)
    for result in results:
        if result.failure or result.faults:
            told = result.failure or "; ".join(map(str, result.faults))
            raise NotATest(f"{sensor['sensor']}: the test that was made cannot be run: {told}")
    if happened is None:
        raise NotATest(f"{sensor['sensor']}: this build refuses the Sensor")
    document["cases"][0]["expect"] = _expect(happened, sensor, document)
    remarks = [*_remarks(sensor, happened), *(f"give `{name}` to judge what it becomes" for name in missing)]
    return Made(_text(material, document, remarks), remarks)


def _document(material: Mapping[str, Any], sensor: Mapping[str, Any], path: str) -> dict[str, Any]:
    events = sensor["events"]
    if not events:
        raise NotATest("the event is not stored any more")
    resource = sensor["resource"]
    secrets, config_maps = _stand_ins(resource)
    answers = _answers(sensor)
    event = material["event"]
    topic = event["topic"]
    outcome = sensor["outcome"]
    document = {
        "apiVersion": TEST_API,
        "kind": "SensorTest",
        "metadata": {"name": resource["metadata"]["name"]},
        "sensor": path or _without_empty_metadata(resource),
        "now": events[0]["storedAt"],
        "secrets": secrets,
        "configMaps": config_maps,
        "artifacts": {},
        "answers": answers,
        "cases": [
            {
                "name": f"event {event['id']} of {topic['eventSource']}/{topic['eventName']}: {outcome}",
                "events": list(_steps(sensor)),
                "expect": {"fired": []},
            }
        ],
    }
    return {name: value for name, value in document.items() if value != {}}


def _without_empty_metadata(resource: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in resource["metadata"].items() if value not in ({}, "", None)}
    readable: dict[str, Any] = _names_first({**resource, "metadata": metadata})
    return readable


def _names_first(value: Any) -> Any:
    """Stored texts have their keys in order of the alphabet; people look for the name."""
    if isinstance(value, Mapping):
        ordered = {name: value[name] for name in _FIRST if name in value} | dict(value)
        return {name: _names_first(member) for name, member in ordered.items()}
    return [_names_first(item) for item in value] if isinstance(value, list) else value


def _steps(sensor: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    before_us = parse_time(sensor["events"][0]["storedAt"])
    for event in sensor["events"]:
        at_us = parse_time(event["storedAt"])
        if at_us != before_us:
            yield {"at": event["storedAt"]}
        before_us = at_us
        topic = event["topic"]
        step: dict[str, Any] = {ON: f"{topic['eventSource']}/{topic['eventName']}"}
        step |= _data(event)
        yield {**step, "context": _context(event)}
    effects = [effect for trigger in sensor["triggers"] for effect in trigger["effects"]]
    if any(effect["attempt"] > 1 and effect["state"] in {"done", "dead"} for effect in effects):
        yield {"wait": _RETRIED}


def _context(event: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that are not those which an event of a test has by itself; null = absent."""
    topic = event["topic"]
    defaults = {
        "source": topic["eventSource"],
        "subject": topic["eventName"],
        "datacontenttype": JSON,
        "dataschema": None,
    }
    return {
        name: value for name, value in event["context"].items() if defaults.get(name, _NO_DEFAULT) != value
    }


def _data(event: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON where that gives the very same bytes, else as they are."""
    text = event.get("dataText")
    if text is None:
        return {"dataBase64": event["dataBase64"]} if "dataBase64" in event else {}
    try:
        value = orjson.loads(text)
        is_same = value is not None and orjson.dumps(value).decode() == text
    except orjson.JSONDecodeError:
        is_same = False
    return {"data": value} if is_same else {"dataText": text}


def _answers(sensor: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What each trigger met, attempt by attempt; successes at the end say nothing."""
    names = _dlq_names(sensor["resource"])
    met: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for trigger in sensor["triggers"]:
        for effect in trigger["effects"]:
            name = names.get((trigger["name"], effect["role"]), trigger["name"])
            for attempt in effect["attempts"]:
                met.setdefault(name, []).append((attempt["startedAt"], _answer(attempt["answer"])))
    answers = {}
    for name, attempts in met.items():
        script = [answer for _at, answer in sorted(attempts, key=lambda pair: parse_time(pair[0]) or 0)]
        while script and not script[-1]:
            script.pop()
        if script:
            answers[name] = script
    return answers


def _answer(text: str) -> dict[str, Any]:
    status = _STATUS.match(text)
    if text.startswith("no answer"):
        return {"lost": "request"}
    if text == "not sent":
        return {"refused": True}
    if status is None or "ours" in text:
        return {}
    return {"status": int(status[1])}


def _dlq_names(resource: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    names = {}
    for trigger in resource["spec"].get("triggers") or []:
        main, role, inner = trigger["template"]["name"], "dlq", trigger.get("dlqTrigger")
        while inner:
            names[main, role] = inner.get("template", {}).get("name", "")
            role, inner = f"{role}.dlq", inner.get("dlqTrigger")
    return names


def _stand_ins(resource: Mapping[str, Any]) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """A mask for every key of a Secret, and of a ConfigMap, that the Sensor names."""
    found: tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]] = ({}, {})
    for member, value in _selectors(resource.get("spec"), ""):
        if isinstance(value.get("name"), str) and isinstance(value.get("key"), str):
            is_config = "configmap" in member.lower()
            found[is_config].setdefault(value["name"], {})[value["key"]] = MASK
    return found


def _selectors(value: Any, member: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        if {"name", "key"} <= set(value) <= _SECRETS_OF_A_TEST:
            yield member, value
            return
        for name, inner in value.items():
            if name not in _LOCAL:
                yield from _selectors(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _selectors(inner, member)


async def _run(document: Mapping[str, Any]) -> tuple[list[Result], Happened | None]:
    """What the production code makes of it."""
    [read], findings = read_documents("\n".join(block_lines(dict(document))), "(the test)")
    if findings:
        raise NotATest(f"the test cannot be written as YAML: {findings[0]}")
    test = read_test(read, Path())
    happened: list[Happened] = []

    def saw(_test: LoadedTest, _path: Place, seen: object) -> None:
        if isinstance(seen, Happened):
            happened.append(seen)

    results = [each async for each in run_tests([FileOfTests(Path("(the test)"), [test])], saw=saw)]
    return results, happened[-1] if happened else None


def _expect(happened: Happened, sensor: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    judged = {name: verdict for name, verdict in happened.verdicts.items() if verdict.word}
    because = {
        name: pattern_of(verdict.reason)
        for name, verdict in judged.items()
        if verdict.word != "passed" and verdict.reason
    }
    rendered = {
        trigger["name"]
        for trigger in sensor["triggers"]
        if any(effect["state"] != "dead" or effect["attempt"] for effect in trigger["effects"])
    }
    expect = {
        "verdicts": {name: verdict.word for name, verdict in judged.items()},
        "because": because,
        "waiting": actual_waiting({}, happened),
        "fired": [_fired(firing, rendered, document) for firing in happened.fired],
    }
    return {name: value for name, value in expect.items() if value or name == "fired"}


def _fired(firing: Firing, rendered: set[str], document: Mapping[str, Any]) -> dict[str, Any]:
    entry = whole_firing(firing)
    if firing.rendered is None and firing.trigger in rendered and "artifacts" in document:
        # What it was made of is not stored: only that it fired can be judged.
        return {name: entry[name] for name in ("trigger", "with")}
    return {**entry, "attempts": firing.attempts} if firing.attempts > 1 else entry


def _remarks(sensor: Mapping[str, Any], happened: Happened) -> Iterator[str]:
    masked = {place for event in sensor["events"] for place in event["masked"]}
    if masked:
        yield f"masked, as they look like secrets: {', '.join(f'data.{place}' for place in sorted(masked))}"
    if sensor["gone"]:
        yield f"{sensor['gone']} events that took part are not stored any more"
    for dependency in sensor["dependencies"]:
        verdict = happened.verdicts.get(dependency["name"])
        if verdict is not None and verdict.word and verdict.word != dependency["verdict"]:
            name = dependency["name"]
            yield f"the gateway recorded `{name}: {dependency['verdict']}`, here it is `{verdict.word}`"
    fired = {firing.trigger for firing in happened.fired}
    for trigger in sensor["triggers"]:
        has_fired = bool(trigger["effects"]) or any(
            letter["trigger"] == trigger["name"] for letter in sensor["deadLetters"]
        )
        if has_fired != (trigger["name"] in fired):
            word = "fired" if has_fired else f"did not fire ({trigger['outcome']})"
            yield f"in the gateway `{trigger['name']}` {word}; here it is otherwise"


def _text(material: Mapping[str, Any], document: Mapping[str, Any], remarks: list[str]) -> str:
    event = material["event"]
    topic = "/".join(event["topic"][name] for name in ("namespace", "eventSource", "eventName"))
    head = [
        f"# Event {event['sequence']} of {topic}, which arrived {event['provenance']['arrivedAt']}.",
        *(f"# {remark[0].upper()}{remark[1:]}." for remark in remarks),
    ]
    return "\n".join([*head, *block_lines(dict(document))]) + "\n"
