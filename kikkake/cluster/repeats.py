"""EventSources whose sender gives a delivery no id: how a repeated one is recognised all the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from events.errors import Finding, Severity
from sources.source import PushSource
from sources.spec import EventSourceSpec


def repeat_findings(spec: EventSourceSpec) -> Iterator[Finding]:
    """A warning for each such event."""
    for event in spec.events:
        if isinstance(event.source, PushSource) and event.source.recognised_by:
            yield spec.document.finding(
                event.path,
                f"{event.kind} sends no delivery id; duplicates are found by {event.source.recognised_by}",
                "treat its events as hints, which may come twice",
                code="NoDedup",
                severity=Severity.WARNING,
            )
