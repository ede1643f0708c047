"""From the resource to a compiled Sensor, with all faults at once.

A fault that upstream's own validation finds refuses the Sensor; any other stops its trigger or dependency, and the
rest works (design, section 5). What is compiled is frozen: an edit makes a new one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from events.bus import ResourceVersion
from events.errors import Finding, ResourceRefused, Scope, Severity
from events.model import M, read_model
from events.pod_template import account_of
from events.registry import Registry
from events.resource import Path, ResourceDocument, nearest_name, path_text, type_word
from events.topic import Topic
from sensors.canonical import canonical_json
from sensors.check import dependency_faults
from sensors.compile_trigger import CompiledTrigger, Surroundings, compile_trigger, kind_members
from sensors.dependency import CompiledDependency, compile_dependency
from sensors.rules.catalogue import sensor_traps
from sensors.spec import Dependency, SensorSpec, TriggerSpec
from sensors.trigger import TRIGGERS, Trigger

API_VERSION = "argoproj.io/v1alpha1"
SUSPEND = "kikkake/suspend"
"""Annotation: with `"true"` the Sensor decides nothing, and catches up when it is gone."""
STRICT = "kikkake/strict"
"""Annotation: with `"true"` what upstream permits and is not safe is refused (design, section 5)."""
MAX_TRIGGERS = 1000
MAX_DEPENDENCIES = 1000

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_SPEC: Path = ("spec",)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledSensor:
    """A Sensor, ready to judge events."""

    uid: str
    """`file:NAMESPACE/NAME` without a cluster."""
    namespace: str
    name: str
    spec_hash: bytes
    """SHA-256 of the canonical JSON of `spec`."""
    text: bytes = field(repr=False)
    """Canonical JSON of what of the resource has a meaning here: it compiles to the same again."""
    topics: tuple[Topic, ...]
    dependencies: tuple[CompiledDependency, ...]
    triggers: tuple[CompiledTrigger, ...]
    """All of them in the order of the resource, stopped ones included."""
    findings: tuple[Finding, ...] = field(repr=False)
    """Warnings, and the errors that stop a part."""
    is_suspended: bool
    is_strict: bool
    """The stricter rules of `spec: security` hold for it: an http trigger connects to no inner address."""
    account: str | None
    """ServiceAccount to act as, NAMESPACE/NAME; None where the resource names none."""

    @property
    def label(self) -> str:
        """For people: NAMESPACE/NAME."""
        return f"{self.namespace}/{self.name}"

    @property
    def needs_worker(self) -> bool:
        """Whether a dependency has a transform or a script: it is then judged on a place of its own."""
        return any(each.needs_worker for each in self.dependencies)

    def trigger(self, name: str) -> CompiledTrigger | None:
        """The trigger of that name."""
        return next((trigger for trigger in self.triggers if trigger.name == name), None)

    def dependency(self, name: str) -> CompiledDependency | None:
        """The dependency of that name; the later of two equal ones, as upstream."""
        return next((each for each in reversed(self.dependencies) if each.name == name), None)


def compile_sensor(
    document: ResourceDocument, *, uid: str | None = None, kinds: Registry[Trigger] = TRIGGERS
) -> CompiledSensor:
    """The compiled Sensor. Raises ResourceRefused with all findings."""
    compiled, findings = check_sensor(document, uid=uid, kinds=kinds)
    if compiled is None:
        raise ResourceRefused(document.label, tuple(findings))
    return compiled


def compile_stored(version: ResourceVersion, *, kinds: Registry[Trigger] = TRIGGERS) -> CompiledSensor:
    """The Sensor of a stored version. Raises ResourceRefused if this build refuses what an older one took."""
    return compile_text(version.uid, version.text, kinds=kinds)


def compile_text(uid: str, text: bytes, *, kinds: Registry[Trigger] = TRIGGERS) -> CompiledSensor:
    """The Sensor of a stored text. Raises ResourceRefused."""
    # The standard library's reader keeps integers of any size.
    return compile_sensor(ResourceDocument(json.loads(text), "", {}), uid=uid, kinds=kinds)


def check_sensor(
    document: ResourceDocument, *, uid: str | None = None, kinds: Registry[Trigger] = TRIGGERS
) -> tuple[CompiledSensor | None, list[Finding]]:
    """The compiled Sensor, or None when a fault refuses it, and every finding in the order of the resource."""
    findings = _head_faults(document)
    texts = _texts(document)
    if isinstance(texts, Finding):
        return None, [*findings, texts]
    value = document.value.get("spec") or {}
    spec, faults = read_model(document, SensorSpec, value, _SPEC, code="InvalidSpec")
    findings += faults
    # Where one part has a wrong type the others are still read, each for itself, so that all faults are seen.
    parts = _Parts.of(spec) if spec is not None else _Parts.read(document)
    findings += _list_faults(document, parts)
    if any(finding.code == "TooManyTriggers" for finding in findings):
        # To look at the rest would take as long as it is large, squared.
        return None, _one_each(findings, _read_by_kinds(parts, kinds))
    event_bus = (spec.event_bus_name if spec is not None else "") or "default"
    dependencies, faults = _compile_dependencies(document, parts.dependencies, event_bus)
    findings += faults
    triggers, faults = _compile_triggers(document, parts.triggers, dependencies, kinds)
    findings += faults
    findings += sensor_traps(
        document,
        dependencies,
        {trigger.index: trigger.condition for trigger in triggers},
        {trigger.index: trigger.kind for trigger in triggers},
    )
    findings = _one_each(findings, _read_by_kinds(parts, kinds))
    if any(finding.severity is Severity.ERROR and finding.scope is Scope.RESOURCE for finding in findings):
        return None, findings
    return CompiledSensor(
        uid=uid or f"file:{document.namespace}/{document.name}",
        namespace=document.namespace,
        name=document.name,
        spec_hash=hashlib.sha256(texts[0]).digest(),
        text=texts[1],
        topics=tuple(dict.fromkeys(each.topic for each in dependencies)),
        dependencies=tuple(dependencies),
        triggers=tuple(triggers),
        findings=tuple(findings),
        is_suspended=document.annotations.get(SUSPEND) == "true" or (spec is not None and spec.suspend),
        is_strict=document.annotations.get(STRICT) == "true",
        account=account_of(document.namespace, spec.template if spec is not None else None),
    ), findings


def _texts(document: ResourceDocument) -> tuple[bytes, bytes] | Finding:
    """Canonical JSON of the spec and of the resource's meaning, or why there is none: then nothing can be read."""
    spec = document.value.get("spec")
    if spec is not None and not isinstance(spec, Mapping):
        return document.finding(_SPEC, f"expected an object, got {type_word(spec)}", code="Unparsable")
    try:
        return canonical_json(spec), canonical_json(_meaning(document))
    except ValueError as error:
        return document.finding(_SPEC, f"cannot be written as JSON: {error}", code="Unparsable")


@dataclass(frozen=True, slots=True)
class _Parts:
    """The dependencies and triggers that could be read, by their place in the resource."""

    dependencies: Mapping[int, Dependency]
    triggers: Mapping[int, TriggerSpec]
    has_dependencies: bool
    has_triggers: bool

    @classmethod
    def of(cls, spec: SensorSpec) -> _Parts:
        return cls(
            dict(enumerate(spec.dependencies)),
            dict(enumerate(spec.triggers)),
            bool(spec.dependencies),
            bool(spec.triggers),
        )

    @classmethod
    def read(cls, document: ResourceDocument) -> _Parts:
        """From a `spec` that is not well-formed as a whole; its own faults are reported already."""
        spec = document.value.get("spec")
        members = spec if isinstance(spec, Mapping) else {}
        dependencies, triggers = members.get("dependencies"), members.get("triggers")
        return cls(
            _readable(document, Dependency, dependencies, "dependencies"),
            _readable(document, TriggerSpec, triggers, "triggers"),
            bool(dependencies),
            bool(triggers),
        )


def _readable(document: ResourceDocument, model: type[M], values: object, member: str) -> dict[int, M]:
    found: dict[int, M] = {}
    for index, value in enumerate(values if isinstance(values, list) else ()):
        instance, _faults = read_model(document, model, value, (*_SPEC, member, index), code="InvalidSpec")
        if instance is not None:
            found[index] = instance
    return found


def _head_faults(document: ResourceDocument) -> list[Finding]:
    """What stands around `spec`."""
    findings: list[Finding] = []
    if document.kind != "Sensor" or document.api_version != API_VERSION:
        what = f"expected {API_VERSION} Sensor, got {document.api_version or '(none)'} {document.kind or '(none)'}"
        findings.append(document.finding(("kind",), what, code="InvalidSpec"))
    if not document.name:
        what, fix = "is missing", "give the Sensor a name"
        findings.append(document.finding(("metadata", "name"), what, fix, code="InvalidSpec"))
    elif len(document.name) > 253 or not _NAME.fullmatch(document.name):
        what, fix = "is not a name for Kubernetes", "use lower-case letters, digits, `-` and `.`"
        findings.append(document.finding(("metadata", "name"), what, fix, code="InvalidSpec"))
    findings += _annotation_faults(document)
    known = ("apiVersion", "kind", "metadata", "spec", "status")
    severity = Severity.ERROR if document.annotations.get(STRICT) == "true" else Severity.WARNING
    for name in document.value:
        if name not in known:
            nearest = nearest_name(name, known)
            fix = f"did you mean `{nearest}`?" if nearest else f"known here: {', '.join(known)}"
            findings.append(
                document.finding((name,), "unknown field", fix, code="UnknownField", severity=severity)
            )
    return findings


def _annotation_faults(document: ResourceDocument) -> Iterator[Finding]:
    """Ours with another value than the two that they know: `true` without quotes would be no annotation."""
    for name in (SUSPEND, STRICT):
        value = document.annotations.get(name)
        if name in document.annotations and value not in {"true", "false"}:
            where: Path = ("metadata", "annotations", name)
            shown = f" `{value[:64]}`" if isinstance(value, str) else ""
            what = f'expected "true" or "false", got {type_word(value)}{shown}'
            yield document.finding(where, what, 'write "true", in quotes', code="InvalidSpec")


def _list_faults(document: ResourceDocument, parts: _Parts) -> list[Finding]:
    findings = []
    if not parts.has_dependencies:
        findings.append(
            document.finding(
                (*_SPEC, "dependencies"), "no event dependencies found", code="InvalidDependencies"
            )
        )
    if not parts.has_triggers:
        findings.append(document.finding((*_SPEC, "triggers"), "no triggers found", code="InvalidTriggers"))
    for member, count, limit in (
        ("dependencies", len(parts.dependencies), MAX_DEPENDENCIES),
        ("triggers", len(parts.triggers), MAX_TRIGGERS),
    ):
        if count > limit:
            what = f"{count} {member}; the limit is {limit}"
            findings.append(
                document.finding((*_SPEC, member), what, "split the Sensor", code="TooManyTriggers")
            )
    return findings


def _compile_dependencies(
    document: ResourceDocument, specs: Mapping[int, Dependency], event_bus: str
) -> tuple[list[CompiledDependency], list[Finding]]:
    compiled: list[CompiledDependency] = []
    findings: list[Finding] = []
    seen: dict[str, int] = {}
    twice: set[str] = set()
    for index, spec in specs.items():
        path: Path = (*_SPEC, "dependencies", index)
        faults = dependency_faults(document, spec, path)
        if not faults:
            # What upstream accepts is looked at more closely; the rest would only repeat itself.
            dependency, faults = compile_dependency(document, spec, path, index=index, event_bus=event_bus)
            compiled.append(dependency)
        findings += faults
        if spec.name and spec.name in seen:
            twice.add(spec.name)
            findings.append(
                document.finding(
                    (*path, "name"),
                    f"`{spec.name}` is the name of dependencies[{seen[spec.name]}] too",
                    "give each dependency a name of its own",
                    code="InvalidDependencies",
                    scope=Scope.PART,
                    part=f"dependency:{spec.name}",
                )
            )
        seen.setdefault(spec.name, index)
    return [replace(each, is_stopped=True) if each.name in twice else each for each in compiled], findings


def _names_of_others(document: ResourceDocument, compiled: Sequence[CompiledDependency]) -> list[str]:
    """The names of dependencies that could not be read, so that nobody is told that there are none."""
    spec = document.value.get("spec")
    values = spec.get("dependencies") if isinstance(spec, Mapping) else None
    named = [
        value.get("name")
        for value in (values if isinstance(values, list) else ())
        if isinstance(value, Mapping)
    ]
    known = {each.name for each in compiled}
    return [name for name in named if isinstance(name, str) and name and name not in known]


def _compile_triggers(
    document: ResourceDocument,
    specs: Mapping[int, TriggerSpec],
    dependencies: list[CompiledDependency],
    kinds: Registry[Trigger],
) -> tuple[list[CompiledTrigger], list[Finding]]:
    compiled: list[CompiledTrigger] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    broken = _names_of_others(document, dependencies)
    around = Surroundings.of(specs.values(), dependencies, kinds, broken=broken)
    for index, spec in specs.items():
        path: Path = (*_SPEC, "triggers", index)
        trigger, faults = compile_trigger(document, spec, path, index=index, around=around)
        findings += faults
        if trigger is None:
            continue
        compiled.append(trigger)
        if trigger.name and trigger.name in seen:
            findings.append(
                document.finding(
                    (*path, "template", "name"),
                    f"duplicate trigger name: {trigger.name}",
                    code="InvalidTriggers",
                )
            )
        seen.add(trigger.name)
    return compiled, findings


def _meaning(document: ResourceDocument) -> dict[str, object]:
    annotations = {
        name: text for name, text in document.annotations.items() if str(name).startswith("kikkake/")
    }
    return {
        "apiVersion": document.api_version,
        "kind": document.kind,
        "metadata": {"name": document.name, "namespace": document.namespace, "annotations": annotations},
        "spec": document.value.get("spec"),
    }


def _read_by_kinds(parts: _Parts, kinds: Registry[Trigger]) -> set[str]:
    """Where templates have members that their kinds read."""
    return {
        path_text(where)
        for index, trigger in parts.triggers.items()
        for where in kind_members(trigger, (*_SPEC, "triggers", index), kinds)
    }


def _one_each(findings: list[Finding], read_by_kinds: set[str]) -> list[Finding]:
    """Without repetitions; a member that a kind of trigger has read, or a trap speaks of, is not just unknown."""
    told = {finding.at for finding in findings if finding.code == "KK114"}
    return [
        finding
        for finding in dict.fromkeys(findings)
        if finding.code != "UnknownField"
        or not (finding.at in read_by_kinds or (finding.at in told and finding.severity is Severity.WARNING))
    ]
