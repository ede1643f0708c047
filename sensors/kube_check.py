"""What is wrong with a `k8s` trigger, as far as its resource tells. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from events.errors import Finding, Scope, Severity
from events.resource import Path, ResourceDocument
from sensors.artifact import LOCAL_SOURCES, fetch_local
from sensors.artifact_location import chosen_kind, location_faults
from sensors.artifact_source import LocationFault
from sensors.artifact_spec import ArtifactLocation
from sensors.check import parameter_faults
from sensors.kube_object import lifetime_s
from sensors.outer import is_written_by_parameters
from sensors.spec import Parameter
from sensors.trigger import RenderFailed
from sensors.unbuilt import refusal

_OPERATIONS = ("", "create", "update", "patch", "delete")
_NEEDED = ("apiVersion", "kind")
_READ_BY = {"patchStrategy": "patch", "liveObject": "update"}
"""Fields that one operation alone reads."""
_SAFE_LIFETIME_S = 120.0
"""An object that may be removed sooner does not protect against a second one (spec: effects 6)."""


def check_create(
    document: ResourceDocument,
    source: ArtifactLocation | None,
    operation: str,
    parameters: Sequence[Parameter],
    path: Path,
    part: str,
) -> list[Finding]:
    """Upstream's texts, operations that are not carried out yet, and objects that live too short."""
    prefix = f"trigger for template {part.removeprefix('trigger:')} is invalid, "
    if source is None:
        return [
            document.finding(
                path, f"{prefix}k8s trigger does not contain an absolute action", code="InvalidTriggers"
            )
        ]
    if operation not in _OPERATIONS:
        return [
            document.finding(
                (*path, "operation"),
                f"{prefix}unknown operation type {operation[:64]}",
                code="InvalidTriggers",
            )
        ]
    findings = parameter_faults(document, parameters, (*path, "parameters"), f"{prefix}resource parameter")
    if findings:
        return findings
    if operation not in ("", "create"):
        return [refusal(document, (*path, "operation"), part)]
    written = {parameter.dest for parameter in parameters} | {
        member
        for member in _NEEDED
        if is_written_by_parameters(document, path, f"{path[-1]}.source.resource.{member}")
    }
    return _check_source(document, source, (*path, "source"), part, written)


def ignored_fields(
    document: ResourceDocument, given: Mapping[str, object], operation: str, path: Path, part: str
) -> list[Finding]:
    """Those fields of `given` (by their names) that only another operation reads."""
    return [
        document.finding(
            (*path, member),
            f"is only read by the operation {reader}, as upstream",
            "remove it",
            code="Ignored",
            severity=Severity.WARNING,
            part=part,
        )
        for member, reader in _READ_BY.items()
        if given.get(member) and operation != reader
    ]


def _check_source(
    document: ResourceDocument, source: ArtifactLocation, path: Path, part: str, written: Collection[str]
) -> list[Finding]:
    if chosen_kind(source) not in LOCAL_SOURCES:
        return [
            document.finding(
                (*path, *fault.member),
                fault.what,
                fault.fix,
                code="InvalidTriggers",
                scope=Scope.PART,
                part=part,
            )
            for fault in location_faults(source)
            if not _is_filled_in(document, path, fault)
        ]
    try:
        target = fetch_local(source.model_dump(by_alias=True, exclude_none=True))
    except RenderFailed as error:
        return [document.finding(path, error.detail, code="InvalidTriggers", scope=Scope.PART, part=part)]
    if missing := [member for member in _NEEDED if not target.get(member) and member not in written]:
        what = f"the object has no {' and no '.join(missing)}"
        return [document.finding(path, what, "add it", code="InvalidTriggers", scope=Scope.PART, part=part)]
    lifetime = lifetime_s(target)
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


def _is_filled_in(document: ResourceDocument, path: Path, fault: LocationFault) -> bool:
    """Whether a parameter of the trigger writes what the location lacks."""
    dest = ".".join((str(path[-2]), str(path[-1]), *fault.member))
    return is_written_by_parameters(document, path[:-1], dest)
