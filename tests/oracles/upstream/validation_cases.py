"""Sensors with one fault, or none, for upstream's validation; and at random with several."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.oracles.upstream.events import Case

Path = tuple[str | int, ...]
Faults = tuple[tuple[Path, tuple[Any, ...]], ...]
"""Places, and what goes wrong there."""
_REMOVE = object()

_PARAMETER = {"src": {"dependencyName": "push", "dataKey": "a"}, "dest": "x"}
_SOURCE = {"resource": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}}
KINDS: dict[str, Any] = {
    "k8s": {"source": _SOURCE, "operation": "create", "parameters": [_PARAMETER]},
    "argoWorkflow": {"source": _SOURCE, "operation": "submit", "parameters": [_PARAMETER]},
    "http": {
        "url": "http://sink.example.org/in",
        "method": "POST",
        "parameters": [_PARAMETER],
        "payload": [_PARAMETER],
    },
    "awsLambda": {
        "functionName": "f",
        "region": "eu-central-1",
        "parameters": [_PARAMETER],
        "payload": [_PARAMETER],
    },
    "kafka": {"url": "k:9092", "topic": "t", "payload": [_PARAMETER]},
    "nats": {"url": "n:4222", "subject": "s", "payload": [_PARAMETER]},
    "slack": {
        "slackToken": {"name": "s", "key": "k"},
        "channel": "c",
        "message": "m",
        "parameters": [_PARAMETER],
    },
    "openWhisk": {
        "host": "h",
        "actionName": "a",
        "authToken": {"name": "n", "key": "k"},
        "parameters": [_PARAMETER],
        "payload": [_PARAMETER],
    },
    "custom": {
        "serverURL": "c:9000",
        "spec": {"a": "b"},
        "secure": True,
        "certSecret": {"name": "n", "key": "k"},
        "parameters": [_PARAMETER],
    },
    "email": {"host": "h", "port": 25, "to": ["a@example.org"], "parameters": [_PARAMETER]},
    "log": {"intervalSeconds": 1},
}
_DEPENDENCY: Case = {
    "name": "push",
    "eventSourceName": "github",
    "eventName": "push",
    "filtersLogicalOperator": "and",
    "filters": {
        "exprLogicalOperator": "or",
        "dataLogicalOperator": "and",
        "exprs": [{"expr": "a == 1", "fields": [{"path": "a", "name": "a"}]}],
        "data": [{"path": "a", "type": "string", "comparator": "=", "value": ["x", "y"]}],
        "context": {"type": "webhook"},
        "time": {"start": "01:00:00", "stop": "02:00:00", "timezone": "Europe/Berlin"},
    },
}
_FAULTS: Faults = (
    (("name",), ("", _REMOVE)),
    (("eventSourceName",), ("", _REMOVE)),
    (("eventName",), ("", _REMOVE)),
    (("filtersLogicalOperator",), ("AND", "xor", "")),
    (("filters",), (_REMOVE, {})),
    (("filters", "exprLogicalOperator"), ("Or", "not")),
    (("filters", "dataLogicalOperator"), ("OR", "nand")),
    (("filters", "exprs", 0, "expr"), ("", _REMOVE)),
    (("filters", "exprs", 0, "fields"), ([], _REMOVE)),
    (("filters", "exprs", 0, "fields", 0, "path"), ("", _REMOVE)),
    (("filters", "exprs", 0, "fields", 0, "name"), ("", _REMOVE)),
    (("filters", "data", 0, "comparator"), ("==", "=>", "")),
    (("filters", "data", 0, "path"), ("", _REMOVE)),
    (("filters", "data", 0, "type"), ("", _REMOVE)),
    (("filters", "data", 0, "value"), ([], _REMOVE, [""], ["x", ""])),
    (("filters", "context"), ({}, {"id": "1"}, {"subject": "s"}, {"source": ""})),
    (("filters", "time", "timezone"), ("Mars/Base", "", "Local")),
    (
        ("filters", "time", "start"),
        ("", "noon", "24:00:00", "1:00:00", "02:00:00", "01:60:00", "01:00", "-1:00:00", "01:00:00.5"),
    ),
    (("filters", "time", "stop"), ("", "x", "25:00:00", "00:59:59", "01:00:61", "02:00:00Z", "01:00:00")),
)
_PARAMETER_FAULTS: Faults = (
    (("src",), (_REMOVE,)),
    (("src", "dependencyName"), ("", _REMOVE)),
    (("dest",), ("", _REMOVE)),
    (("operation",), ("merge", "Append", "append", "")),
)
_KIND_FAULTS: dict[str, Faults] = {
    "k8s": (
        (("source",), (_REMOVE,)),
        (("operation",), ("apply", "Create", "", "update", "patch", "delete")),
    ),
    "argoWorkflow": ((("source",), (_REMOVE,)), (("operation",), ("create", "", _REMOVE, "stop"))),
    "http": (
        (("url",), ("", _REMOVE)),
        (("method",), ("get", "HEAD", "", "PUT")),
        (("payload",), (_REMOVE, [])),
    ),
    "awsLambda": ((("functionName",), ("",)), (("region",), (_REMOVE,)), (("payload",), (_REMOVE,))),
    "kafka": ((("url",), ("",)), (("topic",), (_REMOVE,)), (("payload",), (_REMOVE,))),
    "nats": ((("url",), (_REMOVE,)), (("subject",), ("",)), (("payload",), (_REMOVE,))),
    "slack": ((("slackToken",), (_REMOVE,)),),
    "openWhisk": (
        (("host",), ("",)),
        (("actionName",), (_REMOVE,)),
        (("payload",), (_REMOVE,)),
        (("authToken", "name"), ("",)),
        (("authToken", "key"), (_REMOVE,)),
        (("authToken",), (_REMOVE,)),
    ),
    "custom": ((("serverURL",), ("",)), (("spec",), (_REMOVE,)), (("certSecret",), (_REMOVE,))),
    "email": ((("host",), ("",)), (("port",), (-1, 65536, 0))),
    "log": (),
}
_TEMPLATE_FAULTS: Faults = (
    (("template",), (_REMOVE,)),
    (("template", "name"), ("", _REMOVE)),
    (("template", "conditionsReset"), ([{}], [{"byTime": {"cron": "0 0 * * *"}}])),
    (
        ("template", "conditionsReset"),
        tuple(
            [{"byTime": {"cron": text}}]
            for text in ("", "@daily", "0 0 * * * *", "61 * * * *", "* * * * MON")
        ),
    ),
    (
        ("template", "conditionsReset"),
        tuple([{"byTime": {"cron": "0 0 * * *", "timezone": zone}}] for zone in ("Mars/Base", "Asia/Tokyo")),
    ),
    (
        ("policy",),
        (
            {"k8s": {}},
            {"k8s": {"labels": {}}},
            {"k8s": {"labels": {"a": "b"}}},
            {"status": {}},
            {"status": {"allow": [200]}},
            {},
        ),
    ),
    (("parameters",), ([], [_PARAMETER])),
    (
        ("dlqTrigger",),
        (
            {"template": {"name": "dlq", "log": {}}, "atLeastOnce": True},
            {"template": {"name": "dlq", "log": {}}},
            {"atLeastOnce": True},
        ),
    ),
)


def fixed_sensors() -> Iterator[Case]:
    """Each kind as it should be, and with each single fault."""
    yield {"spec": {}}
    yield {"spec": {"dependencies": [_DEPENDENCY]}}
    yield {"spec": {"triggers": [_trigger("log")]}}
    for triggers in (
        [{"template": {"name": "t"}}],
        [_trigger("log"), _trigger("k8s")],
        [_trigger("log"), {"template": {"name": "two", "log": {}, "http": {}}}],
        *([trigger] for kind, member in KINDS.items() for trigger in _faulty(kind, member)),
    ):
        yield _sensor([_DEPENDENCY], triggers)
    for dependency in _each(_DEPENDENCY, _FAULTS):
        yield _sensor([dependency], [_trigger("log")])
    yield _sensor([_DEPENDENCY, {**_DEPENDENCY, "name": "again"}], [_trigger("log")])


def _faulty(kind: str, member: Case) -> Iterator[Case]:
    """One trigger of a kind without a fault, and one with each."""
    trigger = {**_trigger(kind), "parameters": [_PARAMETER]}
    yield trigger
    yield from _each(trigger, _TEMPLATE_FAULTS)
    yield from _each(trigger, _inside(("template", kind), _KIND_FAULTS[kind]))
    yield from _each(trigger, _inside(("parameters", 0), _PARAMETER_FAULTS))
    for name in ("parameters", "payload"):
        if name in member:
            yield from _each(trigger, _inside(("template", kind, name, 0), _PARAMETER_FAULTS))


def _inside(path: Path, faults: Faults) -> Faults:
    return tuple(((*path, *where), values) for where, values in faults)


def _each(value: Case, faults: Faults) -> Iterator[Case]:
    for path, values in faults:
        for each in values:
            yield _with(value, path, each)


def random_sensor(random: Random) -> Case:
    """Two dependencies and two triggers with up to three faults: upstream says the first."""
    dependencies = [
        copy.deepcopy(_DEPENDENCY),
        {**copy.deepcopy(_DEPENDENCY), "name": "image", "eventName": "image"},
    ]
    triggers = [_trigger(random.choice(list(KINDS))), _trigger(random.choice(list(KINDS)), "other")]
    for _ in range(random.randrange(4)):
        index = random.randrange(2)
        if random.random() < 0.5:
            path, values = random.choice(_FAULTS)
            dependencies[index] = _with(dependencies[index], path, random.choice(values))
            continue
        kind = next((name for name in KINDS if name in triggers[index].get("template", {})), "")
        faults = (*_TEMPLATE_FAULTS, *_inside(("template", kind), _KIND_FAULTS.get(kind, ())))
        path, values = random.choice(faults)
        triggers[index] = _with(triggers[index], path, random.choice(values))
    return _sensor(dependencies, triggers)


def _sensor(dependencies: list[Case], triggers: list[Case]) -> Case:
    return {"spec": {"dependencies": dependencies, "triggers": triggers}}


def _trigger(kind: str, name: str = "act") -> Case:
    return {"template": {"name": name, kind: copy.deepcopy(KINDS[kind])}}


def _with(value: Case, path: Path, new: Any) -> Case:
    """A copy with one member changed; unchanged where an earlier fault has taken the way to it."""
    changed = copy.deepcopy(value)
    inner: Any = changed
    for part in path[:-1]:
        try:
            inner = inner[part]
        except (KeyError, IndexError, TypeError):
            return changed
    if new is not _REMOVE:
        inner[path[-1]] = copy.deepcopy(new)
    elif isinstance(inner, dict):
        inner.pop(path[-1], None)
    return changed
