"""Settings of a pod that a resource asks for and does not get: `FieldNotAllowed` (CVE-2025-32445). Pure.

An error where they ask for power over a node or for a program of their own; otherwise a warning, so that files of Argo
Events work as they are. All of them are errors where the resource is strict. The policy `kikkake-fields` says the same
at `kubectl apply`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from events.errors import Finding, Severity
from events.resource import Path, ResourceDocument, path_text
from kikkake.catalog import Entry
from kikkake.suppress import without_silenced

_STRICT = "kikkake/strict"
_ALLOWED = frozenset(
    {"metadata", "serviceAccountName", "container", "nodeSelector", "tolerations", "priorityClassName"}
)
"""Of `spec.template`: what can harm nobody (spec: security, 5.1)."""
_ALLOWED_OF_CONTAINER = frozenset({"resources"})
_PROGRAMS = frozenset({"command", "args", "lifecycle"})
_HARMLESS: Mapping[str, tuple[object, ...]] = {
    "allowPrivilegeEscalation": (False,),
    "privileged": (False,),
    "readOnlyRootFilesystem": (True, False),
    "runAsNonRoot": (True,),
}
"""Values of a `securityContext` that take rights away, or give none."""
_IDS = frozenset({"runAsUser", "runAsGroup", "fsGroup"})
_PROFILES = frozenset({"RuntimeDefault", "Localhost"})
_NO_POD = "is not allowed since CVE-2025-32445, and has no effect: one gateway serves all"


def with_pod_settings(entry: Entry, document: ResourceDocument) -> Entry:
    """The entry with what is to be said of them, in place of what lint says of the same members."""
    paths = [("spec", "template", *path) for path in _not_allowed(document.value.get("spec"))]
    if not paths:
        return entry
    is_strict = document.annotations.get(_STRICT) == "true"
    template = document.value["spec"]["template"]
    found = [
        document.finding(
            path,
            _NO_POD,
            "remove it",
            code="FieldNotAllowed",
            severity=Severity.ERROR if is_strict or _is_privileged(template, path[2:]) else Severity.WARNING,
        )
        for path in paths
    ]
    found = without_silenced(document, found)
    told = [path_text(path) for path in paths]
    others = [each for each in entry.findings if not _is_of_them(each, told)]
    is_refused = any(each.severity is Severity.ERROR for each in found)
    return replace(entry, findings=(*found, *others), spec=None if is_refused else entry.spec)


def _not_allowed(spec: object) -> Iterator[Path]:
    template = spec.get("template") if isinstance(spec, Mapping) else None
    if not isinstance(template, Mapping):
        return
    yield from ((name,) for name, value in template.items() if name not in _ALLOWED and value is not None)
    container = template.get("container")
    for name, value in container.items() if isinstance(container, Mapping) else ():
        if name not in _ALLOWED_OF_CONTAINER and value is not None:
            yield "container", name


def _is_privileged(template: Mapping[str, Any], path: Path) -> bool:
    """Whether what stands there once took over clusters: a program, rights of the kernel, or a folder of the node."""
    value: Any = template
    for part in path:
        value = value[part]
    name = path[-1]
    if name == "securityContext":
        return not _takes_rights_away(value)
    if name == "volumes":
        return any(isinstance(each, Mapping) and each.get("hostPath") is not None for each in _list(value))
    return len(path) > 1 and name in _PROGRAMS


def _takes_rights_away(context: object) -> bool:
    if not isinstance(context, Mapping):
        return False
    return all(value is None or _is_harmless(name, value) for name, value in context.items())


def _is_harmless(name: str, value: Any) -> bool:
    if name in _IDS:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if name == "capabilities":
        return isinstance(value, Mapping) and not value.get("add")
    if name == "seccompProfile":
        return isinstance(value, Mapping) and value.get("type") in _PROFILES
    return value in _HARMLESS.get(name, ())


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_of_them(finding: Finding, told: list[str]) -> bool:
    """Whether it is about one of these members, or warns about what they stand in."""
    if finding.at in told:
        return finding.severity is Severity.WARNING or finding.code == "UnknownField"
    return finding.severity is Severity.WARNING and any(path.startswith(f"{finding.at}.") for path in told)
