"""Parameters, payloads, whole objects and conditions: written by hand, and at random."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.oracles.upstream.events import Case, Pick, fixed_events
from tests.oracles.upstream.paths import random_path

_TARGETS = (
    "{}",
    "[]",
    "",
    '{"metadata":{"name":"build-","labels":{"a.b/c":"d"}},"spec":{"arguments":{"parameters":[{"name":"ref","value":"x"},{"name":"n","value":1}]}}}',
    '{"n":1,"s":"text","z":null,"o":{"k":[1,2,{"v":"w"}]},"t":true,"f":1.50}',
    '[{"v":1},{"v":2}]',
    '{ "spaced" : { "a" : 1 } , "e":"<&>" }',
    '{"kind":"Workflow","data":{"k":"<é>","":1},"l":[]}',
)
_DESTS = (
    "n",
    "s",
    "z",
    "o.k",
    "o.k.2.v",
    "o.k.-1",
    "o.k.7",
    "o.new.deep",
    "s.into.scalar",
    "metadata.name",
    "metadata.labels.a\\.b/c",
    "metadata.labels.app\\.kubernetes\\.io/name",
    "spec.arguments.parameters.0.value",
    "spec.arguments.parameters.-1.value",
    'spec.arguments.parameters.#(name=="n").value',
    "spec.arguments.parameters.#.value",
    "0",
    "0.v",
    "-1",
    "a.0.b",
    "a.:0.b",
    "o.k.x",
    "a|b",
    "",
    "data.k",
    "spaced.a",
    "e",
    "l.0",
    "kind",
    "n.#",
    "a*",
    "o.k.1e0",
    "deep.a.b.c.d",
)
_TEMPLATES = (
    "{{ .Input.body.ref }}",
    "{{ .Input.body.commits | len }}",
    "{{ .Input.nope }}",
    "{{ .Input }}",
    "{{ .Input | toJson }}",
    "{{ range .Input.body.commits }}{{ .id }},{{ end }}",
    "{{ .Input.type | lower }}",
    '{{ index .Input "Key" }}',
    "",
    '{{ with .Input.body }}{{ .ref | trimPrefix "refs/heads/" }}{{ else }}none{{ end }}',
    "{{ .Input.n | int }}",
    "{{ nope }}",
    "{{ .Input.body.repository.id }}",
    '{{ fail "no" }}',
    "{{ .Input.source }}/{{ .Input.id }}",
    "{{ .Input.body.ref",
    "{{ .Input.n }}",
)
_READABLE = tuple(
    each for each in _TEMPLATES if each != "{{ nope }}" and each.count("{{") == each.count("}}")
)
"""One that cannot be read stops a trigger of ours, where upstream falls back to the key."""
_CONTEXT_KEYS = (
    "id",
    "source",
    "type",
    "subject",
    "time",
    "specversion",
    "datacontenttype",
    "nope",
    "@this",
    "#",
    "@values|0",
)
_OPERATIONS = ("", "", "", "overwrite", "append", "prepend")
_SCALARS = ("default", "", "5", "true", '"q"', "é<&>", "\u2028\n")


def fixed_parameters() -> Iterator[Case]:
    """Every `dest` in every target; every source for every event."""
    events = fixed_events()
    for target, dest, operation in itertools.product(_TARGETS, _DESTS, ("", "append")):
        raw = {"dataKey": "body.commits.0.added", "useRawData": True}
        yield _applied(target, [_parameter(dest, operation, dataKey="body.ref")], {"dep": events[0]})
        yield _applied(target, [_parameter(dest, operation, **raw)], {"dep": events[0]})
    sources: list[Case] = [
        {},
        {"value": "v"},
        {"value": ""},
        {"dataKey": "nope"},
        {"dataKey": "nope", "value": "v"},
    ]
    sources += [{"contextKey": key} for key in _CONTEXT_KEYS]
    sources += [
        {"dataKey": key, "useRawData": True} for key in ("@this", "a", "body", "body.ref", "n", "0", "..#")
    ]
    sources += [{"dataTemplate": text, "dataKey": "body.ref"} for text in _TEMPLATES]
    sources += [
        {"contextTemplate": text}
        for text in ("{{ .Input.source }}", "{{ .Input.time }}", "{{ .Input | toJson }}")
    ]
    sources += [
        {"contextKey": "type", "dataKey": "nope"},
        {"contextTemplate": "{{ .Input.id }}", "dataKey": "a", "value": "v"},
    ]
    for event, source in itertools.product([*events[:20:3], *events[20:]], sources):
        yield _applied('{"x":"old"}', [_parameter("x", **source)], {"dep": event})
    yield _applied("{}", [_parameter("x", dataKey="a")], {})
    yield _applied("{}", [_parameter("x", dataKey="a", value="v")], {})
    yield _applied("{}", [_parameter("x", operation="merge", dataKey="body")], {"dep": events[0]})


def random_parameters(random: Random, pick: Pick) -> Case:
    """A target, one to four parameters, and the events of two dependencies, one of which may be absent."""
    events = _events(random, pick)
    parameters = [_random_parameter(random, events) for _ in range(random.randint(1, 4))]
    return _applied(random.choice(_TARGETS), parameters, events)


def fixed_payloads() -> Iterator[Case]:
    """Payloads from nothing, of one entry and of two."""
    events = fixed_events()
    for dest, raw in itertools.product(_DESTS, (True, False)):
        for key in ("body.ref", "body.commits", "body.base_ref", "body.forced"):
            yield {
                "ask": "payload",
                "parameters": [_parameter(dest, dataKey=key, useRawData=raw)],
                "events": {"dep": events[0]},
            }
    for first, second in itertools.product(
        ("a", "a.b", "0", "", "b", "x-y", "a\\.b"), ("a.c", "b", "1", "", "-1")
    ):
        both = [
            _parameter(first, dataKey="body.ref"),
            _parameter(second, dataKey="body.repository", useRawData=True),
        ]
        yield {"ask": "payload", "parameters": both, "events": {"dep": events[0]}}
    yield {"ask": "payload", "parameters": [], "events": {}}


def random_payload(random: Random, pick: Pick) -> Case:
    """One to four entries; of an absent dependency only with a value, since upstream crashes without."""
    events = _events(random, pick)
    parameters = [_random_parameter(random, events) for _ in range(random.randint(1, 4))]
    for each in parameters:
        if each["src"]["dependencyName"] not in events:
            each["src"].setdefault("value", "absent")
    return {"ask": "payload", "parameters": parameters, "events": events}


def random_object(random: Random, pick: Pick) -> Case:
    """A k8s trigger: parameters into the template, then into the object that it makes."""
    events = _events(random, pick)
    source = (
        {"resource": random.choice(_RESOURCES)}
        if random.random() < 0.5
        else {"inline": random.choice(_INLINES)}
    )
    inner = [_random_parameter(random, events, _OBJECT_DESTS) for _ in range(random.randrange(4))]
    trigger: Case = {
        "template": {"name": "run", "k8s": {"operation": "create", "source": source, "parameters": inner}}
    }
    dests = _TEMPLATE_DESTS if inner else _TEMPLATE_DESTS[:-2]
    outer = [_random_parameter(random, events, dests) for _ in range(random.randrange(3))]
    if any("useRawData" in each["src"] for each in outer):
        for each in inner:
            each.pop("operation", None)  # an object as text has its members sorted upstream
    if outer:
        trigger["parameters"] = outer
    return {
        "ask": "object",
        "trigger": trigger,
        "events": events,
        "sensor": {"metadata": {"name": "build", "namespace": "ci"}},
    }


def fixed_conditions() -> Iterator[Case]:
    """Every text for every set of dependencies that have come."""
    names = ["a", "b-1", "c_2", "dep"]
    for text in _CONDITIONS:
        for count in range(len(names) + 1):
            for present in itertools.combinations(names, count):
                yield {"ask": "condition", "names": names, "condition": text, "present": list(present)}


def random_condition(random: Random, _pick: Pick) -> Case:
    """Names, `&&`, `||` and brackets, sometimes one too few."""
    names = random.sample(["a", "b", "c-d", "e_f", "push", "n1", "x-y-z"], random.randint(1, 5))
    return {
        "ask": "condition",
        "names": names,
        "condition": _condition(random, names, 3),
        "present": [name for name in names if random.random() < 0.5],
    }


def _condition(random: Random, names: list[str], depth: int) -> str:
    if depth == 0 or random.random() < 0.3:
        return random.choice(names)
    sides = [_condition(random, names, depth - 1) for _ in range(random.randint(2, 3))]
    joined = random.choice((" && ", " || ", "&&", "||", "\n  && ")).join(sides)
    if random.random() < 0.02:
        return f"({joined}"
    return f"({joined})" if random.random() < 0.5 else joined


def _events(random: Random, pick: Pick) -> dict[str, Case]:
    return {name: pick(random) for name in ("dep", "other") if random.random() < 0.9}


def _applied(target: str, parameters: list[Case], events: dict[str, Case]) -> Case:
    return {"ask": "apply", "document": target.encode(), "parameters": parameters, "events": events}


def _parameter(dest: str, operation: str = "", **source: Any) -> Case:
    made: Case = {"src": {"dependencyName": "dep", **source}, "dest": dest}
    return {**made, "operation": operation} if operation else made


def _random_parameter(random: Random, events: dict[str, Case], dests: tuple[str, ...] = _DESTS) -> Case:
    name = random.choice(("dep", "dep", "dep", "other"))
    data = events[name]["data"] if name in events else None
    source: Case = {"dependencyName": name}
    choice = random.random()
    if choice < 0.65:
        source["dataKey"] = random_path(random, data)[0]
    elif choice < 0.75:
        source["contextKey"] = random.choice(_CONTEXT_KEYS)
    if random.random() < 0.15:
        source[random.choice(("dataTemplate", "contextTemplate"))] = random.choice(_READABLE)
    if random.random() < 0.35:
        source["useRawData"] = True
    if random.random() < 0.5:
        source["value"] = random.choice(_SCALARS)
    dest = random.choice(dests)
    made = {"src": source, "dest": dest}
    if dest.startswith(("metadata.", "k8s.source.resource.metadata.")) and dests is not _DESTS:
        source.pop("useRawData", None)  # what is no text there is dropped in silence upstream
    operation = random.choice(_OPERATIONS)
    return {**made, "operation": operation} if operation and dest != "k8s.parameters.0.dest" else made


_OBJECT_DESTS = (
    "metadata.name",
    "metadata.generateName",
    "metadata.labels.ref",
    "metadata.annotations.a\\.b/c",
    "spec.arguments.parameters.0.value",
    "spec.arguments.parameters.-1.value",
    "spec.arguments.parameters.1",
    "spec.count",
    "data.payload",
    "spec.entrypoint",
    'spec.arguments.parameters.#(name=="ref").value',
    "kind",
)
_TEMPLATE_DESTS = (
    "k8s.source.resource.metadata.name",
    "k8s.source.resource.metadata.labels.from",
    "name",
    "k8s.source.resource.spec.arguments.parameters.0.value",
    "k8s.source.resource.spec.count",
    "k8s.parameters.0.dest",
    "k8s.parameters.0.src.dataKey",
)
_RESOURCES: tuple[Case, ...] = (
    {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "build-", "labels": {"app": "shop"}},
        "spec": {
            "entrypoint": "main",
            "count": 3,
            "ratio": 0.5,
            "arguments": {"parameters": [{"name": "ref", "value": "x"}]},
        },
    },
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "latest"},
        "data": {"payload": "old", "n": "1"},
    },
    {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "job", "namespace": "other", "annotations": {"a": "<b>"}},
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": "c", "image": "busybox", "args": ["a", "b"]}],
                    "restartPolicy": "Never",
                }
            },
            "big": 9007199254740992,
            "f": 1.0,
            "e": 100.0,
        },
    },
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}},
    {"apiVersion": "v1", "kind": "Pod"},
)
_INLINES = (
    """\
apiVersion: v1
kind: ConfigMap
metadata: {name: latest}
data:
  payload: |
    several
    lines
  flag: yes
""",
    """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: build-
spec:
  entrypoint: main
  count: 007
  arguments: {parameters: [{name: ref, value: 1.10}]}
  started: 2024-05-14
""",
    """\
# comment
apiVersion: v1
kind: Secret
metadata: {name: s, labels: &l {a: b}, annotations: *l}
stringData: {x: '1', h: 0x10, z: 1e3, nil: ~}
""",
)
_CONDITIONS = (
    "",
    "a",
    "b-1",
    "b_1",
    "c-2",
    "a && b-1",
    "a || b-1",
    "a || b-1 && c_2",
    "(a || b-1) && c_2",
    "a&&b-1&&c_2&&dep",
    "a && (b-1 || (c_2 && dep))",
    " a ",
    "a\n&& dep",
    "((a))",
    "a && a",
    "a || nope",
    "nope",
    "!a",
    "a & dep",
    "a and dep",
    "()",
    "a &&",
    "&& a",
    "(a",
    "a)",
    "a dep",
    "a + dep",
    "a.b",
    "a ? dep : a",
    "a, dep",
    "a # dep",
    "-a",
    "a-",
    "a dep && dep",
)
