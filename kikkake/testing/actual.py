"""What happened, in the shape of what was expected: `--update` writes it. Pure.

A test keeps what it chose to look at: a subset stays one with the actual values, and only what fired beyond the
expected is written whole.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from events.clock import format_time, parse_time
from events.languages.gjson import Document, compile_path
from kikkake.testing.compare import subset
from kikkake.testing.front import Sent
from kikkake.testing.happened import Firing, Happened, Held
from kikkake.testing.judge_delivery import event_members
from kikkake.testing.judge_objects import find_object
from kikkake.testing.judge_sensor import without_ours
from kikkake.testing.yaml_text import ON

Writer = Callable[[Any], Any]
"""What is expected of a member, to what it is."""

_OWN_HEADER = re.compile(r"idempotency-key|ce-[a-z]+|user-agent", re.IGNORECASE)
_KINDS = ("object", "request", "message")
_SHOWN_OF_AN_EVENT = (ON, "id", "type", "subject")
"""Of a stored event that nobody expected; its data would be the whole delivery."""


def actual_sensor(expect: Mapping[str, Any], happened: Happened) -> dict[str, Any]:
    """`expect` of a SensorTest as it would be right. `error` stays: it is about the Sensor."""
    writers: dict[str, Writer] = {
        "verdicts": lambda value: _verdicts(value, happened),
        "because": lambda value: _because(value, happened),
        "waiting": lambda value: actual_waiting(value, happened),
        "fired": lambda value: _fired(value, happened.fired),
        "cluster": lambda value: _objects(value, happened.cluster),
        "gone": lambda value: [each for each in value if find_object(each, happened.cluster) is None],
    }
    return {
        name: writers[name](value) if name in writers and value is not None else value
        for name, value in expect.items()
    }


def actual_delivery(expect: Mapping[str, Any], sent: Sent) -> dict[str, Any]:
    """`expect` of a delivery as it would be right."""
    actual: dict[str, Any] = {}
    for name, value in expect.items():
        match name:
            case "status":
                actual[name] = sent.status
            case "headers":
                actual[name] = {header: sent.headers.get(header.lower()) for header in value}
            case "body" if sent.body is not None:
                actual[name] = _like(value, sent.body)
            case "events":
                actual[name] = _events(value, [event_members(publication) for publication in sent.stored])
            case "duplicate":
                actual[name] = sent.is_duplicate
            case "rejected" if sent.rejected:
                actual[name] = sent.rejected
    return actual or ({"status": sent.status} if sent.status else {"duplicate": sent.is_duplicate})


def _verdicts(expected: Mapping[str, Any], happened: Happened) -> dict[str, Any]:
    found = {name: happened.verdicts[name].word for name in expected}
    return {name: word for name, word in found.items() if word}


def _because(expected: Mapping[str, str], happened: Happened) -> dict[str, str]:
    found = {name: _pattern(pattern, happened.verdicts[name].reason) for name, pattern in expected.items()}
    return {name: pattern for name, pattern in found.items() if pattern}


def _pattern(pattern: str, text: str) -> str:
    """The pattern if it is found, else one that is found."""
    return pattern if re.search(pattern, text) else pattern_of(text)


def pattern_of(text: str) -> str:
    """A regular expression for exactly this text, with as few backslashes as can be."""
    return re.sub(r"\\([ \-#&~])", r"\1", re.escape(text))


def actual_waiting(expected: Mapping[str, Any], happened: Happened) -> dict[str, Any]:
    """What is held, of the triggers that `expected` names, or of all where it names none."""
    if not expected:
        return {name: _held(None, held) for name, held in happened.waiting.items()}
    return {name: _held(waiting, happened.waiting.get(name, [])) for name, waiting in expected.items()}


def _held(expected: Any, held: Sequence[Held]) -> Any:
    if not held:
        return None
    if isinstance(expected, list):
        return [
            _one_held(expected[index] if index < len(expected) else None, each)
            for index, each in enumerate(held)
        ]
    key = expected.get("key") if isinstance(expected, Mapping) else None
    chosen = [each for each in held if key is None or each.key == key]
    if len(chosen) == 1:
        return _one_held(expected, chosen[0])
    return [_one_held(None, each) for each in held]


def _one_held(expected: Any, held: Held) -> dict[str, Any]:
    members = {**({"key": held.key} if held.key else {}), "has": held.has, "needs": list(held.needs)}
    if not expected:
        return members
    shaped = {name: members.get(name, held.key) for name in expected}
    needs = expected.get("needs")
    if needs is not None and sorted(needs) == sorted(held.needs):
        shaped["needs"] = needs
    if expected.get("has") == held.has:
        shaped["has"] = expected["has"]
    return shaped


def _fired(expected: Sequence[Mapping[str, Any]], fired: Sequence[Firing]) -> list[dict[str, Any]]:
    """In the order in which they fired; each takes what was expected of its trigger first."""
    left = list(expected)
    actual = []
    for firing in fired:
        index = next((at for at, one in enumerate(left) if one.get("trigger") == firing.trigger), None)
        actual.append(whole_firing(firing) if index is None else _shaped(left.pop(index), firing))
    return actual


def whole_firing(firing: Firing) -> dict[str, Any]:
    """An entry of `fired` that says everything that a person wants to see: what, with which events, how it ended."""
    entry: dict[str, Any] = {"trigger": firing.trigger, "with": dict(firing.given)}
    if firing.rendered is not None:
        kind, rendered = firing.rendered
        entry[kind] = _telling(kind, rendered)
    if firing.operation:
        entry["operation"] = firing.operation
    return {**entry, "outcome": firing.outcome}


def _telling(kind: str, rendered: Mapping[str, Any]) -> dict[str, Any]:
    """What a person wants to see of it."""
    match kind:
        case "object":
            return _telling_object(rendered)
        case "request":
            return _telling_request(rendered)
        case _:
            return dict(rendered)


def _telling_object(rendered: Mapping[str, Any]) -> dict[str, Any]:
    """Without our labels and annotations, and without a name that comes from the effect."""
    value = without_ours(dict(rendered))
    metadata = value.get("metadata")
    if isinstance(metadata, dict) and metadata.get("generateName"):
        metadata.pop("name", None)
    return value


def _telling_request(rendered: Mapping[str, Any]) -> dict[str, Any]:
    """Without the headers that every request of ours has, and with its body once."""
    value = dict(rendered)
    headers = {
        name: text for name, text in value.get("headers", {}).items() if not _OWN_HEADER.fullmatch(name)
    }
    value["headers"] = headers
    value.pop("bodyText" if value.get("body") is not None else "body", None)
    return {name: member for name, member in value.items() if member not in ({}, "")}


def _shaped(expected: Mapping[str, Any], firing: Firing) -> dict[str, Any]:
    writers: dict[str, Writer] = {
        "trigger": lambda _: firing.trigger,
        "with": lambda _: dict(firing.given),
        "operation": lambda _: firing.operation or "create",
        "exactly": lambda value: _rendered(value, firing, is_whole=True),
        "absent": lambda value: [path for path in value if not _has(firing, path)],
        "outcome": lambda _: firing.outcome,
        "attempts": lambda _: firing.attempts,
        "reason": lambda value: _pattern(value, firing.reason),
        "at": lambda value: value if parse_time(value) == firing.at_us else format_time(firing.at_us),
    }
    entry = {
        name: writers[name](value) if value is not None else value
        for name, value in expected.items()
        if name in writers or value is None
    }
    entry |= _rendered(expected, firing, is_whole=False)
    in_order = {name: entry[name] for name in expected if name in entry} | entry
    # What says nothing any more goes, unless it said nothing before.
    return {
        name: value
        for name, value in in_order.items()
        if value not in ("", {}) or value == expected.get(name)
    }


def _rendered(expected: Mapping[str, Any], firing: Firing, *, is_whole: bool) -> dict[str, Any]:
    asked = [name for name in _KINDS if expected.get(name) is not None]
    if not asked or firing.rendered is None:
        return {}
    kind, rendered = firing.rendered
    if is_whole:
        return {kind: copy.deepcopy(rendered)}
    return {kind: _like(expected[kind], rendered) if kind in asked else _telling(kind, rendered)}


def _has(firing: Firing, path: str) -> bool:
    if firing.rendered is None:
        return False
    return compile_path(path).get(Document(orjson.dumps(without_ours(firing.rendered[1])))).exists


def _objects(expected: Sequence[Mapping[str, Any]], cluster: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Those that are there, as much of them as is looked at."""
    pairs = [(each, find_object(each, list(map(dict, cluster)))) for each in expected]
    return [_like(each, live) for each, live in pairs if live is not None]


def _events(expected: Sequence[Any], stored: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [
        _like(expected[index], members)
        if index < len(expected)
        else {name: members[name] for name in _SHOWN_OF_AN_EVENT if name in members}
        for index, members in enumerate(stored)
    ]


def _like(expected: Any, actual: Any) -> Any:
    """`actual`, as much of it as `expected` looks at; what is right stays as it is written."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return {name: _like(value, actual[name]) for name, value in expected.items() if name in actual}
    if isinstance(expected, list) and isinstance(actual, list):
        return [
            _like(expected[index], value) if index < len(expected) else value
            for index, value in enumerate(actual)
        ]
    return expected if not subset(expected, actual, ()) else actual
