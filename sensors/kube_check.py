"""What is wrong with a trigger that makes or changes a Kubernetes object, as far as its resource tells. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from events.errors import Finding, Scope, Severity
from events.resource import Path, ResourceDocument
from sensors.artifact import LOCAL_SOURCES, fetch_local
from sensors.artifact_location import chosen_kind, location_faults
from sensors.artifact_source import LocationFault
from sensors.artifact_spec import ArtifactLocation
from sensors.check import parameter_faults
from sensors.json_patch import JsonPatchOperation, operation_fault
from sensors.kube_object import lifetime_s
from sensors.kube_request import APPLY, CREATE, DELETE, JSON_PATCH, PATCH, STRATEGIES, UPDATE
from sensors.outer import is_written_by_parameters
from sensors.spec import Parameter
from sensors.trigger import RenderFailed

_OPERATIONS = ("", CREATE, UPDATE, PATCH, DELETE, APPLY)
_IDENTITY = ("apiVersion", "kind")
_READ_BY = {
    "patchStrategy": (PATCH,),
    "liveObject": (UPDATE,),
    "force": (APPLY, PATCH),
    "jsonPatch": (PATCH,),
}
"""Fields that only these operations read."""
_SAFE_LIFETIME_S = 120.0
"""An object that may be removed sooner does not protect against a second one (spec: effects 6)."""


class KubeConfig(Protocol):
    """What the checks look at of the member `k8s`."""

    @property
    def source(self) -> ArtifactLocation | None: ...
    @property
    def operation(self) -> str: ...
    @property
    def parameters(self) -> Sequence[Parameter]: ...
    @property
    def patch_strategy(self) -> str: ...
    @property
    def live_object(self) -> bool: ...
    @property
    def json_patch(self) -> Sequence[JsonPatchOperation]: ...
    @property
    def force(self) -> bool: ...


def check_operation(document: ResourceDocument, config: KubeConfig, path: Path, part: str) -> list[Finding]:
    """Upstream's texts where it refuses; ours for what cannot be sent, and for objects that live too short."""
    prefix = f"trigger for template {part.removeprefix('trigger:')} is invalid, "
    if config.source is None:
        what = f"{prefix}k8s trigger does not contain an absolute action"
        return [document.finding(path, what, code="InvalidTriggers")]
    if config.operation not in _OPERATIONS:
        what = f"{prefix}unknown operation type {config.operation[:64]}"
        return [document.finding((*path, "operation"), what, code="InvalidTriggers")]
    label = f"{prefix}resource parameter"
    findings = parameter_faults(document, config.parameters, (*path, "parameters"), label)
    if findings:
        return findings
    findings = _check_patch(document, config, path, part)
    operation = config.operation or CREATE
    # Parameters of a live object are written into that, and the source only says which it is.
    own = () if config.live_object and operation == UPDATE else config.parameters
    needed = _IDENTITY if operation == CREATE else (*_IDENTITY, "metadata.name")
    written = written_members(document, own, needed, path)
    source_path: Path = (*path, "source")
    findings += check_source(document, config.source, source_path, part, needed=needed, written=written)
    if operation == CREATE:
        findings += check_lifetime(document, config.source, source_path, part)
    given = {
        "patchStrategy": config.patch_strategy,
        "liveObject": config.live_object,
        "force": config.force,
        "jsonPatch": config.json_patch,
    }
    return findings + ignored_fields(document, given, operation, path, part)


def _check_patch(document: ResourceDocument, config: KubeConfig, path: Path, part: str) -> list[Finding]:
    if config.operation != PATCH:
        return []

    def fault(where: Path, what: str, fix: str) -> Finding:
        return document.finding(
            (*path, *where), what, fix, code="InvalidTriggers", scope=Scope.PART, part=part
        )

    strategy = config.patch_strategy
    if strategy and strategy not in STRATEGIES:
        what = f"`{strategy[:64]}` is no strategy of a patch"
        return [fault(("patchStrategy",), what, f"write one of {', '.join(STRATEGIES)}")]
    if strategy == JSON_PATCH and not config.json_patch:
        what = "the object of `source` is no JSON patch: the API server refuses it"
        return [
            fault(("patchStrategy",), what, "write the list of operations as `jsonPatch` beside `source`")
        ]
    if config.json_patch and strategy != JSON_PATCH:
        return [fault(("jsonPatch",), "is not what is sent", f"write `patchStrategy: {JSON_PATCH}`")]
    return [
        fault(("jsonPatch", index), what, "see RFC 6902")
        for index, operation in enumerate(config.json_patch)
        if (what := operation_fault(operation))
    ]


def written_members(
    document: ResourceDocument, parameters: Sequence[Parameter], needed: Sequence[str], path: Path
) -> set[str]:
    """Those of the `needed` members that a parameter writes: one of the kind's own, or one of the trigger's."""
    dests = [parameter.dest for parameter in parameters]
    own = {member for member in needed for dest in dests if member == dest or member.startswith(f"{dest}.")}
    prefix = f"{path[-1]}.source.resource."
    outer = {member for member in needed if is_written_by_parameters(document, path, prefix + member)}
    return own | outer


def ignored_fields(
    document: ResourceDocument, given: Mapping[str, object], operation: str, path: Path, part: str
) -> list[Finding]:
    """Those fields of `given` (by their names) that only another operation reads."""
    return [
        document.finding(
            (*path, member),
            f"is only read by the operation {' and '.join(readers)}",
            "remove it",
            code="Ignored",
            severity=Severity.WARNING,
            part=part,
        )
        for member, readers in _READ_BY.items()
        if given.get(member) and operation not in readers
    ]


def check_source(
    document: ResourceDocument,
    source: ArtifactLocation,
    path: Path,
    part: str,
    *,
    needed: Sequence[str],
    written: Collection[str],
) -> list[Finding]:
    """Faults of the location at `path`, and members that an object at hand lacks and no parameter writes."""

    def fault(where: Path, what: str, fix: str = "") -> Finding:
        return document.finding(where, what, fix, code="InvalidTriggers", scope=Scope.PART, part=part)

    if chosen_kind(source) not in LOCAL_SOURCES:
        return [
            fault((*path, *each.member), each.what, each.fix)
            for each in location_faults(source)
            if not _is_filled_in(document, path, each)
        ]
    try:
        target = fetch_local(_members(source))
    except RenderFailed as error:
        return [fault(path, error.detail)]
    missing = [member for member in needed if not _read(target, member) and member not in written]
    return [fault(path, f"the object has no {' and no '.join(missing)}", "add it")] if missing else []


def check_lifetime(
    document: ResourceDocument, source: ArtifactLocation, path: Path, part: str
) -> list[Finding]:
    """A warning about an object at hand that may be removed too soon after its end."""
    if chosen_kind(source) not in LOCAL_SOURCES:
        return []
    try:
        lifetime = lifetime_s(fetch_local(_members(source)))
    except RenderFailed:
        return []
    if lifetime is None or lifetime >= _SAFE_LIFETIME_S:
        return []
    return [
        document.finding(
            path,
            f"the object may be removed {lifetime:.0f} s after it has ended: after a crash in that time it "
            "could be created twice",
            f"let it live {_SAFE_LIFETIME_S:.0f} s or longer",
            code="TTLTooShort",
            severity=Severity.WARNING,
            part=part,
        )
    ]


def _members(source: ArtifactLocation) -> dict[str, object]:
    return source.model_dump(by_alias=True, exclude_none=True)


def _read(target: Mapping[str, object], member: str) -> object:
    value: object = target
    for step in member.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _is_filled_in(document: ResourceDocument, path: Path, fault: LocationFault) -> bool:
    """Whether a parameter of the trigger writes what the location lacks."""
    dest = ".".join((str(path[-2]), str(path[-1]), *fault.member))
    return is_written_by_parameters(document, path[:-1], dest)
