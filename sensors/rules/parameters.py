"""Rules about where a parameter's value comes from (spec-sensors 6.2 to 6.4 and 13, defects 40 to 42)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from events.resource import nearest_name
from events.rule import Hit, Rule
from sensors.rules.subject import ParameterSubject, Place

_KEYS = ("contextKey", "contextTemplate", "dataKey", "dataTemplate")
_ATTRIBUTES = ("id", "source", "specversion", "type", "datacontenttype", "subject", "time")
_FIRST_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def _has_key(parameter: ParameterSubject) -> bool:
    return any(parameter.src.has(name) for name in _KEYS)


def _is_given(parameter: ParameterSubject, name: str) -> bool:
    return parameter.src.get(name) is not None


def _whole_event(parameter: ParameterSubject) -> Iterator[Hit]:
    if not isinstance(parameter.src.value, dict) or _has_key(parameter) or _is_given(parameter, "value"):
        return
    yield Hit(parameter.src.path, "without a key the value is the whole event, its data in base64")


def _value_replaces(parameter: ParameterSubject) -> Iterator[Hit]:
    if _is_given(parameter, "value") and not _has_key(parameter):
        yield Hit(parameter.src.at("value"), "without a key the value is this text for every event")


def _context_unused(parameter: ParameterSubject) -> Iterator[Hit]:
    src = parameter.src
    for context in ("contextKey", "contextTemplate"):
        data = next((name for name in ("dataKey", "dataTemplate") if src.has(name)), "")
        if src.has(context) and data:
            yield Hit(src.at(context), f"`{data}` replaces `{context}`, also where it finds nothing")


def _raw_without_effect(parameter: ParameterSubject) -> Iterator[Hit]:
    src = parameter.src
    finds_by_key = src.has("dataKey") or src.has("contextKey")
    appends = parameter.node.text("operation") in {"append", "prepend"}
    writes = parameter.place in {Place.TEMPLATE, Place.RESOURCE}
    # A list of all keeps its type, whatever its elements are.
    if src.is_true("useRawData") and not src.is_true("all") and (not finds_by_key or (appends and writes)):
        what = "has no effect: only what a key finds keeps its type, and what is appended to is a text"
        yield Hit(src.at("useRawData"), what)


def _may_be_absent(parameter: ParameterSubject) -> Iterator[Hit]:
    condition = parameter.trigger.condition
    name = parameter.src.text("dependencyName")
    is_built = parameter.place in {Place.PAYLOAD, Place.HEADERS} and parameter.node.has("dest")
    if not is_built or condition is None or name not in condition.names or _is_given(parameter, "value"):
        return
    others = tuple(each for each in condition.names if each != name)
    # A condition that not even all of them meet is that of a trigger for time-outs.
    if condition.holds(condition.mask(others)) or not condition.holds(condition.mask(condition.names)):
        what = f"`{name}` may be absent when the trigger fires: this entry is left out then"
        yield Hit(parameter.src.at("dependencyName"), what)


def _unknown_attribute(parameter: ParameterSubject) -> Iterator[Hit]:
    key = parameter.src.text("contextKey")
    found = _FIRST_NAME.match(key)
    if found is None or found[0] in _ATTRIBUTES:
        return
    nearest = nearest_name(found[0], _ATTRIBUTES)
    fix = (
        f"did you mean `{nearest}`?" if nearest else "if it stands in the data of the event, write `dataKey`"
    )
    what = f"`{found[0][:64]}` is no attribute that every event has, and none at all upstream"
    yield Hit(parameter.src.at("contextKey"), what, fix)


RULES: tuple[Rule, ...] = (
    Rule(
        code="KK111",
        name="whole-event",
        title="A parameter without a key gets the whole event",
        why="Without `dataKey`, `contextKey` or a template, the value is the JSON of the event with its "
        "attributes, and its data as base64 inside, as upstream.",
        fix='write `dataKey: "@this"` for the data',
        bad="""
triggers:
- template:
    k8s:
      source: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: push-}}}
      parameters:
      - {src: {dependencyName: push}, dest: data.event}
""",
        good="""
triggers:
- template:
    k8s:
      source: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: push-}}}
      parameters:
      - {src: {dependencyName: push, dataKey: "@this"}, dest: data.event}
""",
        checks=((ParameterSubject, _whole_event),),
    ),
    Rule(
        code="KK112",
        name="context-unused",
        title="Of a key into the data and one into the attributes, the first leads",
        why="`dataKey` or `dataTemplate` replace `contextKey` and `contextTemplate`, as upstream. Where they "
        "find nothing the attribute is not tried: `value` counts, or the parameter fails.",
        fix="keep one of them",
        bad="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: push, dataKey: body.id, contextKey: id}, dest: id}
""",
        good="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: push, contextKey: id}, dest: id}
""",
        checks=((ParameterSubject, _context_unused),),
    ),
    Rule(
        code="KK113",
        name="raw-without-effect",
        title="`useRawData` needs a key",
        why="Only a value that `dataKey` or `contextKey` found keeps its JSON type. What comes from a "
        "template or from `value`, and what is appended to, is always written as a text, as upstream.",
        fix="remove it",
        bad="""
triggers:
- template:
    k8s:
      source: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: push-}}}
      parameters:
      - src: {dependencyName: push, dataKey: body.tag, useRawData: true}
        dest: metadata.generateName
        operation: append
""",
        good="""
triggers:
- template:
    k8s:
      source: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: push-}}}
      parameters:
      - src: {dependencyName: push, dataKey: body.tag}
        dest: metadata.generateName
        operation: append
""",
        checks=((ParameterSubject, _raw_without_effect),),
    ),
    Rule(
        code="KK134",
        name="value-replaces-event",
        title="A lone `value` is a constant",
        why="`value` is the default for a key that finds nothing. Without a key upstream does not look at the "
        "event at all: every event gives this text.",
        fix="add `dataKey` or `contextKey`; write a constant into the resource itself",
        bad="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: push, value: main}, dest: branch}
""",
        good="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: push, dataKey: body.branch, value: main}, dest: branch}
""",
        checks=((ParameterSubject, _value_replaces),),
    ),
    Rule(
        code="KK135",
        name="entry-may-be-absent",
        title="An entry of a payload or header whose dependency may be absent",
        why="With `||` a trigger fires without some of its dependencies. An entry that reads one of those and "
        "has no `value` crashes upstream's pod; here it is left out of the payload or the headers.",
        fix="give it a `value`",
        bad="""
dependencies:
- {name: push, eventName: push}
- {name: tag, eventName: tag}
triggers:
- template:
    conditions: push || tag
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: tag, dataKey: body.ref}, dest: ref}
""",
        good="""
dependencies:
- {name: push, eventName: push}
- {name: tag, eventName: tag}
triggers:
- template:
    conditions: push || tag
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: tag, dataKey: body.ref, value: ""}, dest: ref}
""",
        checks=((ParameterSubject, _may_be_absent),),
    ),
    Rule(
        code="KK142",
        name="unknown-attribute",
        title="A key into attributes that events do not have",
        why="`contextKey` reads the attributes id, source, specversion, type, datacontenttype, subject and "
        "time. Upstream has no others; here the extensions of a CloudEvent that came from outside can be "
        "read too, and are absent in all other events.",
        fix="write one of the seven, or `dataKey` for what stands in the data",
        bad="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: push, contextKey: body.ref}, dest: ref}
""",
        good="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: push, dataKey: body.ref}, dest: ref}
""",
        checks=((ParameterSubject, _unknown_attribute),),
    ),
)
