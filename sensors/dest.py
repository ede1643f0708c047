"""Where values of events may go in a Kubernetes object (spec: security, rule 14).

An event that chooses the namespace, the kind, the image or the account of what is created is an attack that waits
for its sender. Upstream allows it, so it is a warning; with the annotation `kikkake/strict: "true"` an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from events.errors import Finding, Scope, Severity
from events.resource import Path, ResourceDocument
from sensors.spec import Parameter

_ELEMENT = r"(?:\d+|-1|#\([^()]*\)#?)"
_NAME = r"(?:[^.|#@*?]|\\.)+"
_ALLOWED = re.compile(
    r"metadata\.(?:name|generateName)"
    rf"|metadata\.(?:labels|annotations)\.{_NAME}(?:\\\.{_NAME})*"
    rf"|spec\.arguments\.parameters\.{_ELEMENT}\.value"
    rf"|spec\.params\.{_ELEMENT}\.value"
    # The safe way of a value into a container: never part of a command's text.
    rf"|(?:spec\.(?:template\.spec\.)?)containers\.{_ELEMENT}\.env\.{_ELEMENT}\.value"
    rf"|(?:data|stringData|binaryData)\.{_NAME}(?:\\\.{_NAME})*"
)
_SHOWN = (
    "metadata.name, metadata.labels.*, metadata.annotations.*, spec.arguments.parameters.*.value, "
    "spec.params.*.value, data.*, env.*.value of a container"
)


def dest_findings(
    document: ResourceDocument, parameters: Sequence[Parameter], path: Path, part: str, *, prefix: str = ""
) -> list[Finding]:
    """What is wrong with the `dest` of parameters at `path`; only those below `prefix` go into the object."""
    is_strict = document.annotations.get("kikkake/strict") == "true"
    findings = []
    for index, parameter in enumerate(parameters):
        is_whole = bool(prefix) and _plain(parameter.dest) == prefix.rstrip(".")
        if not (is_whole or parameter.dest.startswith(prefix)) or _is_constant(parameter):
            continue
        dest = parameter.dest.removeprefix(prefix)
        if is_whole or (dest and not _ALLOWED.fullmatch(dest)):
            findings.append(
                document.finding(
                    (*path, index, "dest"),
                    f"`{dest[:64]}` may not be filled from an event",
                    f"allowed: {_SHOWN}",
                    code="DestNotAllowed",
                    severity=Severity.ERROR if is_strict else Severity.WARNING,
                    scope=Scope.PART,
                    part=part,
                )
            )
    return findings


def fixed_findings(
    document: ResourceDocument, parameters: Sequence[Parameter], path: Path, part: str, members: Sequence[str]
) -> list[Finding]:
    """Parameters at `path` that let an event choose where something is sent: `members` as they are in `dest`."""
    is_strict = document.annotations.get("kikkake/strict") == "true"
    return [
        document.finding(
            (*path, index, "dest"),
            f"`{parameter.dest[:64]}` decides what is done and where: it may not be filled from an event",
            "write it into the resource; an event may fill values below it",
            code="DestNotAllowed",
            severity=Severity.ERROR if is_strict else Severity.WARNING,
            scope=Scope.PART,
            part=part,
        )
        for index, parameter in enumerate(parameters)
        if _decides(parameter.dest, members) and not _is_constant(parameter)
    ]


def _decides(dest: str, members: Sequence[str]) -> bool:
    """Whether it writes one of the members, something in it, or everything around it."""
    plain = _plain(dest)
    return any(
        plain == member or plain.startswith(f"{member}.") or member.startswith(f"{plain}.")
        for member in members
    )


def _plain(dest: str) -> str:
    """Without the backslashes, which sjson takes away: they would hide a name."""
    return dest.replace("\\", "")


def _is_constant(parameter: Parameter) -> bool:
    """A lone `value`: nothing of the event is in it."""
    source = parameter.src
    if source is None:
        return True
    keys = (source.data_key, source.context_key, source.data_template, source.context_template)
    return source.value is not None and not any(keys)
