"""Dependencies on events that no EventSource has: a warning, since things may be applied in any order. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from events.errors import Finding, Severity
from events.resource import ResourceDocument, nearest_name
from sensors.compile import CompiledSensor
from sensors.dependency import CompiledDependency
from sources.spec import EventSourceFields

_MAX_NAMED = 20
"""Names in one message."""

Name = tuple[str, str]
"""Namespace and name of an EventSource."""


class Declaration(NamedTuple):
    """What one EventSource has."""

    events: Mapping[str, str]
    """The kind of each event by its name."""
    bus: str | None
    """None: its text cannot be read."""


class Declared(NamedTuple):
    """The EventSources that there are."""

    find: Callable[[Name], Declaration | None]
    names: Collection[Name]
    """Those that a message may name."""


def events_of(document: ResourceDocument) -> dict[str, str]:
    """Every event that the EventSource declares, also one that this build cannot run, and its kind."""
    spec = document.value.get("spec")
    members = spec.items() if isinstance(spec, Mapping) else ()
    fields = EventSourceFields.field_names()
    return {
        name: kind
        for kind, events in members
        if kind not in fields and isinstance(events, Mapping)
        for name in events
    }


def missing_dependencies(
    document: ResourceDocument, sensor: CompiledSensor, declared: Declared, where: str
) -> Iterator[Finding]:
    """A warning for each dependency that no event can ever satisfy; `where` says where there is none."""
    for dependency in sensor.dependencies:
        what, fix, member = _fault(dependency, declared, where)
        if what:
            yield document.finding(
                ("spec", "dependencies", dependency.index, member),
                what,
                fix,
                code="DependencyNotFound",
                severity=Severity.WARNING,
            )


def _fault(dependency: CompiledDependency, declared: Declared, where: str) -> tuple[str, str, str]:
    topic = dependency.topic
    label = f"{topic.namespace}/{topic.event_source}"
    found = declared.find((topic.namespace, topic.event_source))
    if found is None:
        return _unknown_source(topic.namespace, topic.event_source, declared.names, where)
    if topic.event_name not in found.events:
        what = (
            f"EventSource {label} has no event `{topic.event_name}`; it has: {_listed(tuple(found.events))}"
        )
        return what, _did_you_mean(topic.event_name, tuple(found.events)), "eventName"
    if found.bus is not None and found.bus != topic.event_bus:
        what = f"EventSource {label} publishes to the EventBus `{found.bus}`, this Sensor reads `{topic.event_bus}`"
        return what, "write the same eventBusName in both", "eventSourceName"
    return "", "", ""


def _unknown_source(namespace: str, name: str, known: Collection[Name], where: str) -> tuple[str, str, str]:
    elsewhere = sorted(ns for ns, each in known if each == name)
    if elsewhere:
        what = (
            f"EventSource {namespace}/{name} is not {where}; there is one in namespace {elsewhere[0]}, "
            "and a Sensor sees only its own namespace"
        )
        return what, f"put both in one namespace: {elsewhere[0]} or {namespace}", "eventSourceName"
    names = sorted(each for ns, each in known if ns == namespace)
    there = f"; in {namespace} there are: {_listed(names)}" if names else ""
    what = f"EventSource {namespace}/{name} is not {where}{there}"
    return what, _did_you_mean(name, names), "eventSourceName"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return (", ".join(names[:_MAX_NAMED]) or "none") + more


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    nearest = nearest_name(name, known)
    return f"did you mean `{nearest}`?" if nearest else ""
