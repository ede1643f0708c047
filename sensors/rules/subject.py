"""What the rules look at: a Sensor, its dependencies, its triggers and their parameters, as plain JSON with places."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from events.node import Node
from events.resource import ResourceDocument
from sensors.condition import Condition
from sensors.dependency import CompiledDependency
from sensors.spec import UPSTREAM_KINDS


class Place(enum.Enum):
    """Which list a parameter stands in (spec-sensors 6.6)."""

    TEMPLATE = "parameters of the trigger"
    RESOURCE = "parameters of its kind"
    PAYLOAD = "payload"
    HEADERS = "dynamicHeaders"


_LISTS = {"parameters": Place.RESOURCE, "payload": Place.PAYLOAD, "dynamicHeaders": Place.HEADERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSubject:
    """A trigger, or a dlqTrigger."""

    node: Node
    template: Node
    kind: str
    member: Node
    """The template's member that is named for the kind."""
    condition: Condition | None
    """What it fires by; None where it cannot be used."""
    dependencies: Sequence[CompiledDependency]
    is_strict: bool
    """The Sensor has the annotation `kikkake/strict`."""
    owner: TriggerSubject | None = None
    """The trigger whose dlqTrigger this is."""

    def parameters(self) -> Iterator[ParameterSubject]:
        """All of them."""
        for node in self.node.items("parameters"):
            yield ParameterSubject(node, node.child("src"), Place.TEMPLATE, self)
        for name, place in _LISTS.items():
            for node in self.member.items(name):
                yield ParameterSubject(node, node.child("src"), place, self)


@dataclass(frozen=True, slots=True)
class ParameterSubject:
    """A parameter."""

    node: Node
    src: Node
    place: Place
    trigger: TriggerSubject


@dataclass(frozen=True, slots=True)
class DependencySubject:
    """A dependency."""

    node: Node
    filters: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSubject:
    """A Sensor as a whole."""

    document: ResourceDocument
    spec: Node
    dependencies: Sequence[CompiledDependency]
    """Those that could be read."""
    triggers: tuple[TriggerSubject, ...]
    knows_all_conditions: bool
    """What a broken condition names is not known."""


Subject = SensorSubject | DependencySubject | TriggerSubject | ParameterSubject


def subjects_of(
    document: ResourceDocument,
    dependencies: Sequence[CompiledDependency],
    conditions: Mapping[int, Condition | None],
    kinds: Mapping[int, str],
) -> Iterator[Subject]:
    """The Sensor and everything in it; conditions and kinds are those of its triggers, by their place in the list."""
    spec = Node(document.value.get("spec"), ("spec",))
    triggers = tuple(
        TriggerSubject(
            node=node,
            template=node.child("template"),
            kind=kinds.get(index, ""),
            member=node.child("template").child(kinds.get(index, "")),
            condition=conditions.get(index),
            dependencies=dependencies,
            is_strict=document.annotations.get("kikkake/strict") == "true",
        )
        for index, node in enumerate(spec.items("triggers"))
    )
    yield SensorSubject(
        document=document,
        spec=spec,
        dependencies=dependencies,
        triggers=triggers,
        knows_all_conditions=all(trigger.condition is not None for trigger in triggers),
    )
    for node in spec.items("dependencies"):
        yield DependencySubject(node, node.child("filters"))
    for trigger in triggers:
        yield from _with_parts(trigger)


def _with_parts(trigger: TriggerSubject) -> Iterator[Subject]:
    one: TriggerSubject | None = trigger
    while one is not None:
        yield one
        yield from one.parameters()
        one = _dlq_of(one)


def _dlq_of(trigger: TriggerSubject) -> TriggerSubject | None:
    if not trigger.node.has("dlqTrigger"):
        return None
    node = trigger.node.child("dlqTrigger")
    template = node.child("template")
    kind = first_kind(template)
    return TriggerSubject(
        node=node,
        template=template,
        kind=kind,
        member=template.child(kind),
        condition=trigger.condition,
        dependencies=trigger.dependencies,
        is_strict=trigger.is_strict,
        owner=trigger,
    )


def first_kind(template: Node) -> str:
    """The kind that upstream would run; empty where the template has none of its kinds."""
    return next((kind for kind in UPSTREAM_KINDS if template.has(kind)), "")
