"""What our production code says of the cases that upstream is asked."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from events.bus import EventRef
from events.errors import Finding, Scope, Severity
from events.event import Event
from events.resource import ResourceDocument
from sensors.compile import check_sensor
from sensors.condition import BadCondition, parse_condition
from sensors.dependency import CompiledDependency
from sensors.effect import Firing, render
from sensors.filter import FAILURES, RANKS, Code, unpack_verdict
from sensors.given import Given
from sensors.parameters import apply_parameters, build_payload
from sensors.prepared import Prepared
from sensors.sandbox import Sandbox
from sensors.script_answers import ScriptedReading
from sensors.scripted import prepare
from sensors.spec import Parameter
from sensors.trigger import RenderFailed
from tests.oracles.upstream.events import Case

Said = dict[str, Any]
"""`passed` or `data`, or `error`; `stopped` where the resource cannot be used at all."""


def event_of(case: Mapping[str, Any]) -> Event:
    """An event of a case."""
    texts: dict[str, Any] = {name: case[name] or None for name in ("subject", "time", "datacontenttype")}
    return Event(id=case["id"], source=case["source"], type=case["type"], data=case["data"], **texts)


def document_of(spec: Any) -> ResourceDocument:
    """The Sensor of a `spec`."""
    value = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Sensor",
        "metadata": {"name": "build", "namespace": "ci"},
        "spec": spec,
    }
    return ResourceDocument(value, "", {})


async def filtered(sandbox: Sandbox, dependency: Case, event: Case) -> Said:
    """The verdict, and the reasons that `explain` would show for what failed."""
    compiled = _compiled(json.dumps(dependency))
    if isinstance(compiled, str):
        return {"stopped": compiled}
    prepared = await _prepared(sandbox, compiled, event)
    code, rank, entry = unpack_verdict(compiled.judge(prepared.reading))
    if code not in FAILURES:
        return {"passed": code is Code.PASSED}
    failed = [
        each
        for each in compiled.inspect(prepared.reading)
        if each.code in FAILURES and each.kind == RANKS[rank]
    ]
    deciding = [each.reason for each in failed if each.entry == entry]
    return {"error": "".join(deciding), "reasons": [each.reason for each in failed], "kind": RANKS[rank]}


async def transformed(sandbox: Sandbox, dependency: Case, event: Case) -> Said:
    """The data that a transform gives."""
    compiled = _compiled(json.dumps(dependency))
    if isinstance(compiled, str):
        return {"stopped": compiled}
    prepared = await _prepared(sandbox, compiled, event)
    if prepared.verdict is not None:
        return {"error": prepared.reason}
    return {"data": prepared.reading.event.data}


def applied(case: Case) -> Said:
    """The document with its parameters, or the payload."""
    parameters = [Parameter.model_validate(each) for each in case["parameters"]]
    events = {name: event_of(each) for name, each in case["events"].items()}
    try:
        if case["ask"] == "payload":
            return {"data": build_payload(parameters, events)}
        return {"data": apply_parameters(case["document"], parameters, events)}
    except RenderFailed as error:
        return {"error": str(error)}


def created(case: Case) -> Said:
    """The object that a k8s trigger would create."""
    spec = {
        "dependencies": [
            {"name": name, "eventSourceName": "s", "eventName": name} for name in ("dep", "other")
        ],
        "triggers": [case["trigger"]],
    }
    compiled, findings = check_sensor(document_of(spec))
    if compiled is None or compiled.triggers[0].is_stopped:
        return {"stopped": "; ".join(_text(each) for each in findings if each.severity is Severity.ERROR)}
    events = Given((name, event_of(each)) for name, each in case["events"].items())
    refs = tuple(EventRef(name, number, bytes(32)) for number, name in enumerate(events, 1))
    trigger = compiled.triggers[0]
    firing = Firing(
        sensor=compiled, version=1, trigger=trigger, name=trigger.name, refs=refs, fired_us=0, sequence=1
    )
    try:
        return {"data": render(firing, events, bytes(32))}
    except RenderFailed as error:
        return {"error": str(error)}


def condition(case: Case) -> Said:
    """The names of a condition and whether it holds."""
    try:
        parsed = parse_condition(case["condition"], case["names"])
    except BadCondition as error:
        return {"error": str(error)}
    return {"names": list(parsed.names), "passed": parsed.holds(parsed.mask(case["present"]))}


def validated(case: Case) -> list[str]:
    """What refuses the Sensor as a whole, in the order of the resource."""
    _compiled_sensor, findings = check_sensor(document_of(case["spec"]))
    return [
        _text(each) for each in findings if each.severity is Severity.ERROR and each.scope is Scope.RESOURCE
    ]


@functools.lru_cache(maxsize=256)
def _compiled(dependency: str) -> CompiledDependency | str:
    """The compiled dependency, or why it can judge nothing."""
    spec = {
        "dependencies": [{"name": "dep", "eventSourceName": "s", "eventName": "e", **json.loads(dependency)}],
        "triggers": [{"template": {"name": "t", "log": {}}}],
    }
    compiled, findings = check_sensor(document_of(spec))
    faults = [_text(each) for each in findings if each.severity is Severity.ERROR]
    if compiled is None or compiled.dependencies[0].is_stopped:
        return "; ".join(faults)
    return compiled.dependencies[0]


async def _prepared(sandbox: Sandbox, compiled: CompiledDependency, event: Case) -> Prepared:
    if not compiled.needs_worker:
        return Prepared(ScriptedReading(event_of(event)))
    return await prepare(sandbox, compiled, event_of(event), "uid")


def _text(finding: Finding) -> str:
    return finding.what
