"""What the gateway says on an object: conditions, counts, addresses (spec: bad-input, section 3). Pure.

Types and reasons are upstream's where it has one (spec-sensors 12.1, spec-sources 1.7); a finer reason of ours stands
in the message as `[Code]`. `Ready` is the sum of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from events.errors import Finding, Severity

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
READY = "Ready"
SPEC_WARNINGS = "SpecWarnings"
TRIGGERS_HEALTHY = "TriggersHealthy"

_MAX_TOLD = 10
"""Faults in one message."""
_ROOM_FOR_MORE = 64
_MAX_MESSAGE = 32_768
"""Characters, as metav1.Condition has it."""

Status = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One condition before it has a time."""

    type: str
    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Everything that is known of one object."""

    generation: int
    findings: Sequence[Finding]
    """Of its newest text, and what keeps it from working for reasons outside of it."""
    is_served: bool
    """Some text of it is in force."""
    is_outdated: bool = False
    """That is an older one than the newest."""
    is_suspended: bool = False
    failing: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Reason and detail of the newest failure of each trigger that has not succeeded since."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Further members of the status: counts, times, addresses."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which findings make a condition of upstream's false."""

    type: str
    reason: str
    """Upstream's, for faults of the text."""
    paths: tuple[str, ...]
    """Beginnings of `Finding.at`; `""` takes what no other has."""


_RULES: Mapping[str, tuple[_Rule, ...]] = {
    "EventSource": (_Rule("SourcesProvided", "InvalidEventSource", ("",)),),
    "Sensor": (
        _Rule("DependenciesProvided", "InvalidDependencies", ("spec.dependencies",)),
        _Rule("TriggersProvided", "InvalidTriggers", ("",)),
    ),
    "EventBus": (_Rule("Configured", "InvalidSpec", ("",)),),
}
_DEPLOYED_CODES = frozenset(
    {
        "EndpointConflict",
        "FieldNotAllowed",
        "PortUnavailable",
        "ServedByArgoEvents",
        "DeadLettersFull",
        "NoPort",
        "NoAddress",
        "ServiceTaken",
        "ServiceForbidden",
        "ServiceRefused",
    }
)
"""What is outside of the text, and of the Secrets that it names."""
_OWN_REASONS = frozenset(
    {
        "SecretNotFound",
        "SecretForbidden",
        "SecretEmpty",
        "SecretHasNewline",
        "SecretKnown",
        "SecretTooShort",
        "Unparsable",
        "TooManyTriggers",
    }
)
"""Codes that are reasons themselves (spec: bad-input, section 3)."""


def status_of(kind: str, outlook: Outlook, previous: Mapping[str, Any], now: str) -> Status:
    """The whole status. `previous` is the one that stands there: times of what has not changed are kept."""
    judged = [*_judge_text(kind, outlook), _judge_deployed(outlook)]
    judged.append(_sum(judged, outlook))
    judged += _warnings(outlook)
    judged += _health(outlook, previous)
    return {
        "conditions": _dated(judged, previous.get("conditions"), outlook.generation, now),
        "observedGeneration": outlook.generation,
        **outlook.facts,
    }


def is_said(status: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Whether the object already says so: conditions in any order, and every member of ours."""
    return all(live.get(name) == value for name, value in status.items())


def _judge_text(kind: str, outlook: Outlook) -> Iterable[Judgement]:
    errors = [
        finding
        for finding in outlook.findings
        if finding.severity is Severity.ERROR and finding.code not in _DEPLOYED_CODES
    ]
    rules = _RULES[kind]
    left = errors
    for rule in rules:
        mine = [each for each in left if each.at.startswith(rule.paths)]
        left = [each for each in left if each not in mine]
        if mine:
            reason = next((each.code for each in mine if each.code in _OWN_REASONS), rule.reason)
            yield Judgement(type=rule.type, status=FALSE, reason=reason, message=told(mine))
        else:
            yield Judgement(type=rule.type, status=TRUE)


def _judge_deployed(outlook: Outlook) -> Judgement:
    faults = [
        each for each in outlook.findings if each.code in _DEPLOYED_CODES and each.severity is Severity.ERROR
    ]
    if faults:
        return Judgement(type="Deployed", status=FALSE, reason=faults[0].code, message=told(faults))
    if not outlook.is_served:
        return Judgement(
            type="Deployed", status=FALSE, reason="NotServed", message="no text of it is in force"
        )
    if outlook.is_outdated:
        message = f"generation {outlook.generation} is refused; the last good text stays in force"
        return Judgement(type="Deployed", status=TRUE, reason="LastGoodText", message=message)
    if outlook.is_suspended:
        return Judgement(type="Deployed", status=TRUE, reason="Suspended", message="suspended by its spec")
    return Judgement(type="Deployed", status=TRUE, reason="Served")


def _sum(judged: Sequence[Judgement], outlook: Outlook) -> Judgement:
    bad = next((each for each in judged if each.status != TRUE), None)
    if bad is not None:
        return Judgement(type=READY, status=FALSE, reason=bad.reason, message=bad.message)
    return Judgement(type=READY, status=TRUE, reason="Suspended" if outlook.is_suspended else "Served")


def _warnings(outlook: Outlook) -> Iterable[Judgement]:
    warnings = [each for each in outlook.findings if each.severity is Severity.WARNING]
    if warnings:
        yield Judgement(type=SPEC_WARNINGS, status=TRUE, reason=warnings[0].code, message=told(warnings))


def _health(outlook: Outlook, previous: Mapping[str, Any]) -> Iterable[Judgement]:
    """How triggers fare is no part of `Ready`: an outage elsewhere is no fault of the Sensor."""
    if outlook.failing:
        lines = [f"trigger {name}: {detail} [{reason}]" for name, (reason, detail) in outlook.failing.items()]
        reason = next(iter(outlook.failing.values()))[0]
        message = "\n".join(lines[:_MAX_TOLD])[:_MAX_MESSAGE]
        yield Judgement(type=TRIGGERS_HEALTHY, status=FALSE, reason=reason, message=message)
    elif any(each.get("type") == TRIGGERS_HEALTHY for each in previous.get("conditions") or ()):
        # It was said to fail: then it is said that it does not any more.
        yield Judgement(type=TRIGGERS_HEALTHY, status=TRUE)


def told(findings: Sequence[Finding]) -> str:
    """Up to ten of them, one a line: path, what, fix, `[Code]`."""
    lines: list[str] = []
    left = _MAX_MESSAGE - _ROOM_FOR_MORE
    for finding in findings[:_MAX_TOLD]:
        # A value of the text that a fault shows may have several lines.
        line = " ".join(f"{finding} [{finding.code}]".splitlines())
        if lines and len(line) >= left:
            break
        lines.append(line[:left])
        left -= len(line) + 1
    if len(findings) > len(lines):
        lines.append(f"and {len(findings) - len(lines)} more: kikkake lint tells them all")
    return "\n".join(lines)


def _dated(judged: Sequence[Judgement], earlier: Any, generation: int, now: str) -> list[dict[str, Any]]:
    """Sorted by type, as upstream; the time of a transition moves only with the status."""
    known = {each.get("type"): each for each in earlier or () if isinstance(each, Mapping)}
    conditions = []
    for each in sorted(judged, key=lambda one: one.type):
        before = known.get(each.type, {})
        since = before.get("lastTransitionTime") if before.get("status") == each.status else None
        condition = {
            "type": each.type,
            "status": each.status,
            "observedGeneration": generation,
            "lastTransitionTime": since or now,
            "reason": each.reason,
            "message": each.message,
        }
        conditions.append({name: value for name, value in condition.items() if value != ""})
    return conditions
