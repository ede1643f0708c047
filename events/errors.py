"""The root of our errors, and the finding: one fault of a resource, with its place and its cure.

A class exists only where someone catches it. Messages say where, what and how to fix; no secret and
no payload ever stands in one (spec: security, rule 6).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar

_SHOWN_LENGTH = 64


def cut(value: object, length: int = _SHOWN_LENGTH) -> str:
    """A value of a resource for a message: its first 64 characters (spec: bad-input 1.2), or `length`."""
    text = str(value)
    return text if len(text) <= length else f"{text[:length]}…"


class KikkakeError(Exception):
    """Anything that we raise on purpose."""

    retryable: ClassVar[bool] = False
    """Whether the same call may succeed later without anybody changing anything."""


class Severity(enum.StrEnum):
    """How much a finding stops."""

    ERROR = "error"
    WARNING = "warning"


class Scope(enum.StrEnum):
    """What an error stops; a warning stops nothing."""

    RESOURCE = "resource"
    """The whole EventSource or Sensor: upstream's own validation refuses it too."""

    PART = "part"
    """Only the trigger, dependency or event that `Finding.part` names; the rest of the resource works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault (or trap) of a resource.

    `at` is the path inside the resource (`spec.triggers[1].template.conditions`), `line` and `column`
    count from 1 and are 0 where no text is known. `code` is stable (`UnknownField`, `KK101`).
    """

    at: str
    what: str
    fix: str = ""
    code: str = "InvalidSpec"
    severity: Severity = Severity.ERROR
    scope: Scope = Scope.RESOURCE
    part: str = ""
    """For `Scope.PART`: `trigger:NAME`, `dependency:NAME` or `event:NAME`."""
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """One line: `at: what; fix`."""
        return f"{self.at}: {self.what}" + (f"; {self.fix}" if self.fix else "")


class ResourceRefused(KikkakeError):
    """A resource cannot be used; carries all of its findings, not the first."""

    def __init__(self, resource: str, findings: tuple[Finding, ...]) -> None:
        self.resource = resource
        self.findings = findings
        super().__init__(
            f"{resource}: " + " | ".join(str(f) for f in findings if f.severity is Severity.ERROR)
        )
