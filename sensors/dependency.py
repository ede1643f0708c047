"""A dependency: which events concern a Sensor, and what its filters say of them. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from events.errors import Finding, Scope
from events.resource import Path, ResourceDocument
from events.topic import Topic
from sensors.canonical import canonical_json
from sensors.condition import is_usable_name
from sensors.filter import FILTERS, Filter, Inspection, Judge, Reading, combine
from sensors.spec import Dependency, Filters
from sensors.transform import CompiledTransform, compile_transform
from sensors.unbuilt import refusal


@dataclass(frozen=True, slots=True)
class CompiledDependency:
    """One dependency, ready to judge."""

    index: int
    """Its place in the Sensor: what decisions refer to."""
    name: str
    topic: Topic
    judge: Judge = field(repr=False)
    """Packed verdict of its filters; 0 = passed."""
    fingerprint: bytes
    """Equal as long as source, event, filters and transform are: what an edit keeps held events by."""
    is_stopped: bool
    """A fault of its own stops it, and with it the triggers that use it."""
    filters: tuple[Filter, ...] = field(repr=False)
    transform: CompiledTransform | None = None
    """Gives the event new data before its filters see it."""
    script: str = ""
    """The program of its script filter, which answers before the event is judged."""

    @property
    def needs_worker(self) -> bool:
        """Whether a worker has to look at its events before they are judged: it has a transform or a script."""
        return self.transform is not None or bool(self.script)

    def inspect(self, reading: Reading) -> list[Inspection]:
        """What each of its filters says of an event, for people."""
        return [inspection for kind in self.filters for inspection in kind.inspect(reading)]


def compile_dependency(
    document: ResourceDocument, spec: Dependency, path: Path, *, index: int, event_bus: str
) -> tuple[CompiledDependency, list[Finding]]:
    """The dependency at `path`, and the faults that stop it alone."""
    part = f"dependency:{spec.name}"
    findings: list[Finding] = []
    if not is_usable_name(spec.name):
        findings.append(
            document.finding(
                (*path, "name"),
                f"`{spec.name[:64]}` cannot stand in a condition, not even in the one that an empty `conditions` means",
                "use letters, digits, `-` and `_`, begin with a letter, and take neither `true` nor `false`",
                code="InvalidDependencies",
                scope=Scope.PART,
                part=part,
            )
        )
    kinds, faults = _compile_filters(document, spec.filters, (*path, "filters"), part)
    findings += faults
    transform, faults = compile_transform(document, spec.transform, (*path, "transform"), part)
    findings += faults
    topic = Topic(document.namespace, event_bus, spec.event_source_name, spec.event_name)
    return CompiledDependency(
        index=index,
        name=spec.name,
        topic=topic,
        judge=_judge(spec, kinds),
        fingerprint=_fingerprint(spec),
        is_stopped=bool(findings),
        filters=tuple(kinds),
        transform=transform,
        script=spec.filters.script if spec.filters is not None else "",
    ), findings


def _compile_filters(
    document: ResourceDocument, filters: Filters | None, path: Path, part: str
) -> tuple[list[Filter], list[Finding]]:
    kinds: list[Filter] = []
    findings: list[Finding] = []
    for name in ("exprs", "data", "context", "time", "script"):
        if filters is None or getattr(filters, name) in (None, [], ""):
            continue
        if name not in FILTERS.names():
            findings.append(refusal(document, (*path, name), part))
            continue
        kind, faults = FILTERS.get(name).compile(document, filters, path, part)
        findings += faults
        if kind is not None:
            kinds.append(kind)
    return sorted(kinds, key=lambda kind: kind.rank), findings


def _judge(spec: Dependency, kinds: list[Filter]) -> Judge:
    # `filters: {}` under `or` passes nothing; no `filters` at all pass everything (spec-sensors 3.2).
    is_or = spec.filters is not None and spec.filters_logical_operator == "or"
    return combine(kinds, is_or=is_or)


def _fingerprint(spec: Dependency) -> bytes:
    members = spec.model_dump(by_alias=True, exclude={"name"}, exclude_defaults=True)
    return hashlib.sha256(canonical_json(members)).digest()
