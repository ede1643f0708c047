"""One AdmissionReview: what of a resource is refused, and what is only said (spec-sensors 12.6, spec-sources 5.8).

Refused is what upstream's own validation refuses, with its beginning of the sentence; a fault that stops only a part of
the resource is a warning, as everywhere, unless the resource asks to be judged strictly. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from events.errors import Finding, Scope, Severity
from events.resource import ResourceDocument
from kikkake.catalog import Key, read_entry
from kikkake.cluster.resources import EVENT_BUS, KINDS, ClusterObject, read_object
from kikkake.cluster.status import told
from kikkake.event_bus_check import event_bus_faults
from sensors.compile import STRICT

API_VERSION = "admission.k8s.io/v1"

_MAX_WARNING = 256
"""Characters of one warning that clients show; all of them together may have 4,096."""
_MAX_WARNINGS = 12
_BUS_KINDS = ("nats", "jetstream", "jetstreamExotic", "kafka")

Review = dict[str, Any]


class ReviewUnreadable(Exception):
    """A request that is no AdmissionReview."""


def review(request: Any) -> Review:
    """The answer to one review. Raises ReviewUnreadable."""
    asked = request.get("request") if isinstance(request, Mapping) else None
    if not isinstance(asked, Mapping) or not isinstance(asked.get("uid"), str):
        raise ReviewUnreadable("no `request` with a `uid`")
    refused, warnings = _judge(asked)
    response: dict[str, Any] = {"uid": asked["uid"], "allowed": not refused}
    if refused:
        response["status"] = {"code": 400, "reason": "BadRequest", "message": refused}
    if warnings:
        response["warnings"] = warnings
    return {"apiVersion": API_VERSION, "kind": "AdmissionReview", "response": response}


def _judge(asked: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The text of a refusal, empty = allowed, and the warnings."""
    kind = str((asked.get("kind") or {}).get("kind") or "")
    value = asked.get("object")
    if asked.get("operation") not in {"CREATE", "UPDATE"} or kind not in KINDS or not isinstance(value, dict):
        return "", []
    found, old = read_object(kind, value), _old(kind, asked)
    if found is None or (old is not None and found.is_same_text(old)):
        # Going away, or nothing has changed that has a meaning: what is there already is not judged again.
        return "", []
    findings = _findings(found)
    if kind == EVENT_BUS and old is not None:
        findings = [*findings, *_immutable(found.document, old.document)]
    is_strict = found.document.annotations.get(STRICT) == "true"
    errors = [each for each in findings if each.severity is Severity.ERROR]
    refusing = [each for each in errors if is_strict or each.scope is Scope.RESOURCE]
    said = [each for each in findings if each not in refusing]
    return (f"invalid {kind}: {told(refusing)}" if refusing else ""), _warnings(said)


def _old(kind: str, asked: Mapping[str, Any]) -> ClusterObject | None:
    value = asked.get("oldObject")
    return (
        read_object(kind, value) if asked.get("operation") == "UPDATE" and isinstance(value, dict) else None
    )


def _findings(found: ClusterObject) -> Sequence[Finding]:
    if found.key.kind == EVENT_BUS:
        return event_bus_faults(found.document)
    return read_entry(Key(*found.key), found.document, found.uid or "new").findings


def _immutable(new: ResourceDocument, old: ResourceDocument) -> list[Finding]:
    """What upstream does not let an EventBus change (spec-sensors 12.6), as far as it decides about stored events."""
    before, after = old.value.get("spec") or {}, new.value.get("spec") or {}
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return []
    was = next((kind for kind in _BUS_KINDS if before.get(kind) is not None), "")
    is_now = next((kind for kind in _BUS_KINDS if after.get(kind) is not None), "")
    if was and is_now and was != is_now:
        return [new.finding(("spec",), "Can not change event bus implementation", code="InvalidEventBus")]
    if was == "jetstream":
        configs = [(spec.get("jetstream") or {}).get("streamConfig") for spec in (before, after)]
        if configs[0] != configs[1]:
            what = '"spec.jetstream.streamConfig" is immutable, can not be updated'
            return [new.finding(("spec", "jetstream", "streamConfig"), what, code="InvalidEventBus")]
    return []


def _warnings(findings: Sequence[Finding]) -> list[str]:
    lines = [f"{finding} [{finding.code}]" for finding in findings]
    shown = [
        line if len(line) <= _MAX_WARNING else f"{line[: _MAX_WARNING - 1]}…"
        for line in lines[:_MAX_WARNINGS]
    ]
    more = len(lines) - len(shown)
    return [*shown, f"and {more} more: kikkake lint tells them all"] if more > 0 else shown
