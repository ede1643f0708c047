"""What the strict CRDs refuse beside wrong types, model by model: required members, allowed values, CEL rules. Pure.

All of it is refused by the gateway too, or is a trap that `kikkake lint` reports; what upstream accepts and runs is
accepted by the tolerant CRDs, which have none of this. Rules that need more than one object (does the dependency's
EventSource exist?), a parser (is the expression right?) or a kind of trigger or source stay with `kikkake lint` and the
conditions: a kind says itself what it needs, by its `Config`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sensors.spec import UPSTREAM_KINDS
from sources.spec import IS_ROLLING

Schema = dict[str, Any]
_MOST = 100
"""Dependencies, and triggers, of one Sensor: with it the API server can bound what comparing all names costs."""
_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Of one model."""

    required: tuple[str, ...] = ()
    """Members that have to be there; a text may not be empty, a list needs an element."""
    one_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Texts that a member may be."""
    limits: Mapping[str, Schema] = field(default_factory=dict)
    cel: tuple[tuple[str, str], ...] = ()
    """Rule and message."""


def exactly_one(names: Iterable[str], what: str) -> tuple[str, str]:
    """The rule that one of the members `names` is there, and its message."""
    names = list(names)
    count = " + ".join(f"(has(self.{name}) ? 1 : 0)" for name in names)
    return f"{count} == 1", f"exactly one {what} is needed: {', '.join(names)}"


def _unique(path: str, what: str) -> tuple[str, str]:
    same = f"self.all(one, self.exists_one(other, other.{path} == one.{path}))"
    return same, f"each {what} needs a name of its own"


_NAME = {"maxLength": _LONGEST_NAME}
_AND_OR = ("", "and", "or")
_STREAM = "has({0}.streamConfig) ? {0}.streamConfig : ''"
_STEPS = "has(self.retryStrategy.steps) && self.retryStrategy.steps > 0"

BY_MODEL: Mapping[str, Rules] = {
    "Dependency": Rules(
        required=("name", "eventSourceName", "eventName"),
        one_of={"filtersLogicalOperator": _AND_OR},
        limits={"name": _NAME},
    ),
    "Filters": Rules(one_of={"exprLogicalOperator": _AND_OR, "dataLogicalOperator": _AND_OR}),
    "ExprFilter": Rules(required=("expr", "fields")),
    "ExprField": Rules(required=("path", "name")),
    "DataFilter": Rules(
        required=("path", "type", "value"),
        one_of={"type": ("bool", "number", "string"), "comparator": ("", "=", "!=", ">", ">=", "<", "<=")},
    ),
    "ContextFilter": Rules(
        cel=(
            (
                "has(self.type) || has(self.subject) || has(self.source) || has(self.datacontenttype)",
                "no fields specified in ctx filter (aka all events will be discarded)",
            ),
        )
    ),
    "TimeFilter": Rules(
        required=("start", "stop"),
        limits={"start": {"maxLength": 16}, "stop": {"maxLength": 16}},
        cel=(("self.start != self.stop", "start and stop are equal: the window is empty"),),
    ),
    "Transform": Rules(cel=(exactly_one(("jq", "script"), "program"),)),
    "TriggerSpec": Rules(
        required=("template",),
        cel=(
            (
                f"!has(self.retryStrategy) || ({_STEPS})",
                "retryStrategy needs steps: the number of attempts in all, 1 or more",
            ),
        ),
    ),
    "ConditionsReset": Rules(required=("byTime",)),
    "ByTime": Rules(required=("cron",)),
    "RateLimit": Rules(
        required=("requestsPerUnit",),
        one_of={"unit": ("Second", "Minute", "Hour")},
        limits={"requestsPerUnit": {"minimum": 1}},
    ),
    "Parameter": Rules(required=("src",), one_of={"operation": ("", "overwrite", "append", "prepend")}),
    "ParameterSource": Rules(required=("dependencyName",)),
    "LabelPolicy": Rules(required=("labels",)),
    "StatusPolicy": Rules(required=("allow",)),
    "OnTimeout": Rules(required=("trigger",)),
    "Correlate": Rules(limits={"maxKeys": {"minimum": 1}}),
    "Batch": Rules(
        limits={"max": {"minimum": 2, "maximum": 1000}},
        cel=(("has(self.max) || has(self.within)", "a batch needs an end: max, within or both"),),
    ),
    "SecretKeySelector": Rules(required=("name", "key")),
    "SecureHeader": Rules(required=("name", "valueFrom")),
    "NatsBus": Rules(cel=(exactly_one(("native", "exotic"), "kind of NATS Streaming"),)),
    "NatsNative": Rules(one_of={"auth": ("none", "token")}),
    "NatsExotic": Rules(required=("url", "clusterID")),
    "JetStreamBus": Rules(
        required=("version",),
        cel=(
            (
                "!has(self.replicas) || self.replicas == 1 || self.replicas >= 3",
                "a jetstream eventbus requires 1 replica or >= 3 replicas",
            ),
            (
                f"({_STREAM.format('self')}) == ({_STREAM.format('oldSelf')})",
                '"spec.jetstream.streamConfig" is immutable, can not be updated',
            ),
        ),
    ),
    "JetStreamExotic": Rules(required=("url",)),
    "KafkaBus": Rules(required=("url",)),
    "KafkaSasl": Rules(required=("userSecret", "passwordSecret")),
}


def sensor_rules(kinds: Iterable[str]) -> Mapping[str, Rules]:
    """Those of a Sensor, whose templates may have one of `kinds`."""
    one_kind = exactly_one(sorted({*kinds, *UPSTREAM_KINDS}), "kind of trigger")
    template = Rules(required=("name",), limits={"name": _NAME}, cel=(one_kind,))
    return {**BY_MODEL, "TriggerTemplate": template}


SENSOR_SPEC = Rules(
    required=("dependencies", "triggers"),
    limits={"dependencies": {"maxItems": _MOST}, "triggers": {"maxItems": _MOST}},
)
SENSOR_LISTS: Mapping[str, tuple[str, str]] = {
    "dependencies": _unique("name", "dependency"),
    "triggers": _unique("template.name", "trigger"),
}
EVENT_BUS_SPEC = Rules(cel=(exactly_one(("nats", "jetstream", "jetstreamExotic", "kafka"), "kind of bus"),))


def event_source_rules(kinds: Iterable[str]) -> Rules:
    """Those of an EventSource, whose spec may have `kinds`."""
    rolling, other = (
        " || ".join(f"has(self.{kind})" for kind in IS_ROLLING if IS_ROLLING[kind] is group)
        for group in (True, False)
    )
    any_kind = " || ".join(f"has(self.{kind})" for kind in sorted({*kinds, *IS_ROLLING}))
    return Rules(
        cel=(
            (any_kind, "holds no event: add one, for example under webhook"),
            (
                f"!(({rolling}) && ({other}))",
                "Some types of event sources can not be put in one spec: make one EventSource of each",
            ),
        )
    )


def tighten(node: Schema, rules: Rules) -> None:
    """Add `rules` to the strict node of a model."""
    members = node.get("properties", {})
    if rules.required:
        node["required"] = sorted({*node.get("required", ()), *rules.required})
    for name in rules.required:
        _fill(members[name])
    for name, allowed in rules.one_of.items():
        members[name]["enum"] = list(allowed)
    for name, limits in rules.limits.items():
        members[name] |= limits
    if rules.cel:
        add_rules(node, rules.cel)


def add_rules(node: Schema, rules: Iterable[tuple[str, str]]) -> None:
    """Add CEL rules to a node."""
    node["x-kubernetes-validations"] = [{"rule": rule, "message": message} for rule, message in rules]


def _fill(member: Schema) -> None:
    smallest = {"string": "minLength", "array": "minItems"}.get(member.get("type", ""))
    if smallest:
        member[smallest] = 1
