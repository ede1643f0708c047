"""Settings of a pod that a resource asks for and does not get: `FieldNotAllowed` (CVE-2025-32445). Pure.

A warning, so that files of Argo Events work as they are; an error where the resource is strict. The policy
`kikkake-fields` says the same at `kubectl apply`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from events.errors import Finding, Severity
from events.resource import Path, ResourceDocument, path_text
from kikkake.catalog import Entry
from kikkake.suppress import without_suppressed

_STRICT = "kikkake/strict"
_ALLOWED = frozenset(
    {"metadata", "serviceAccountName", "container", "nodeSelector", "tolerations", "priorityClassName"}
)
"""Of `spec.template`: what can harm nobody (spec: security, 5.1)."""
_ALLOWED_OF_CONTAINER = frozenset({"resources"})
_NO_POD = "is not allowed since CVE-2025-32445, and has no effect: one gateway serves all"


def with_pod_settings(entry: Entry, document: ResourceDocument) -> Entry:
    """The entry with what is to be said of them, in place of what lint says of the same members."""
    paths = [("spec", "template", *path) for path in _not_allowed(document.value.get("spec"))]
    if not paths:
        return entry
    is_strict = document.annotations.get(_STRICT) == "true"
    severity = Severity.ERROR if is_strict else Severity.WARNING
    found = [
        document.finding(path, _NO_POD, "remove it", code="FieldNotAllowed", severity=severity)
        for path in paths
    ]
    found = [each for each in without_suppressed(document, found) if each.code == "FieldNotAllowed"]
    told = [path_text(path) for path in paths]
    others = [each for each in entry.findings if not _is_of_them(each, told)]
    return replace(entry, findings=(*found, *others), spec=None if is_strict else entry.spec)


def _not_allowed(spec: object) -> Iterator[Path]:
    template = spec.get("template") if isinstance(spec, Mapping) else None
    if not isinstance(template, Mapping):
        return
    yield from ((name,) for name, value in template.items() if name not in _ALLOWED and value is not None)
    container = template.get("container")
    for name, value in container.items() if isinstance(container, Mapping) else ():
        if name not in _ALLOWED_OF_CONTAINER and value is not None:
            yield "container", name


def _is_of_them(finding: Finding, told: list[str]) -> bool:
    """Whether it is about one of these members, or warns about what they stand in."""
    if finding.at in told:
        return finding.severity is Severity.WARNING or finding.code == "UnknownField"
    return finding.severity is Severity.WARNING and any(path.startswith(f"{finding.at}.") for path in told)
