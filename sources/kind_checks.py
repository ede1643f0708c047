"""Findings that several push kinds share."""

from __future__ import annotations

from events.errors import Finding, Scope, Severity
from events.resource import Path, ResourceDocument
from sources.selector import SecretSelector
from sources.verify import MAX_SECRETS


def hook_findings(document: ResourceDocument, fields: list[str], path: Path, host: str) -> list[Finding]:
    """Fields that ask for a hook at the sender: nothing is registered, so the reader must do it."""
    first = tuple(fields[0].split("."))
    return [
        document.finding(
            (*path, *first),
            f"{', '.join(fields)}: this version of Kikkake registers no hooks at {host}",
            f"make the hook by hand at {host}, with this endpoint as its URL and the same secret",
            code="HookNotRegistered",
            severity=Severity.WARNING,
        )
    ]


def secret_count_findings(
    document: ResourceDocument, former: list[SecretSelector], path: Path
) -> list[Finding]:
    """More secrets at once than a rotation needs (spec: signatures, rule 3)."""
    if len(former) < MAX_SECRETS:
        return []
    return [
        document.finding(
            path,
            f"{len(former)} former secrets, at most {MAX_SECRETS - 1} are allowed",
            "remove those that no sender uses any more",
            code="InvalidEventSource",
            scope=Scope.PART,
        )
    ]
