"""What becomes of each resource: what stays as it is, what changes, what does not work. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from events.errors import Finding, ResourceRefused, Severity
from events.resource import ResourceDocument
from events.shell import command
from kikkake.event_bus_check import event_bus_faults
from kikkake.grants import Account, can_be_granted
from kikkake.migration.inventory import NamespaceInventory
from kikkake.suppress import without_suppressed
from sensors.compile import CompiledSensor, check_sensor
from sensors.needs import needs_of_trigger
from sources.listening import plan_shared, shared_path_of
from sources.source import PushSource
from sources.spec import EventSourceSpec, read_event_source

_OF_A_MOVE = frozenset({"FieldWithoutEffect", "KindNotBuilt", "UnknownField", "Ignored"})
"""Warnings that say what differs from Argo Events. The others are traps there too."""
_SHARED_PORT = 12000


@dataclass(slots=True, kw_only=True)
class ResourceReport:
    """One resource."""

    kind: str
    namespace: str
    name: str
    stays: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """What does not work as it is written."""
    hints: int = 0
    """Further warnings of lint, which say nothing about a move."""
    spec: EventSourceSpec | CompiledSensor | None = None


def report_resources(inventory: NamespaceInventory) -> list[ResourceReport]:
    """Every resource of a namespace, EventSources first."""
    reports = [_source(document, inventory) for document in inventory.of_kind("EventSource")]
    specs = [report.spec for report in reports if isinstance(report.spec, EventSourceSpec)]
    for problem in plan_shared(specs, _SHARED_PORT, {}).problems:
        report = next(each for each in reports if each.name == problem.event_source)
        report.broken.append(f"event `{problem.event_name}`: {problem.what}")
    reports += [_sensor(document, inventory) for document in inventory.of_kind("Sensor")]
    return reports + [_bus(document, inventory) for document in inventory.of_kind("EventBus")]


def specs_of(reports: Iterable[ResourceReport]) -> list[EventSourceSpec | CompiledSensor]:
    """Those that can be used."""
    return [report.spec for report in reports if report.spec is not None]


def _report(document: ResourceDocument, findings: Iterable[Finding]) -> ResourceReport:
    report = ResourceReport(kind=document.kind, namespace=document.namespace, name=document.name)
    for finding in without_suppressed(document, findings):
        if finding.severity is Severity.ERROR:
            report.broken.append(str(finding))
        elif finding.code in _OF_A_MOVE:
            report.changes.append(str(finding))
        else:
            report.hints += 1
    return report


def _source(document: ResourceDocument, inventory: NamespaceInventory) -> ResourceReport:
    try:
        spec = read_event_source(document)
    except ResourceRefused as refused:
        return _report(document, refused.findings)
    report = _report(document, spec.findings)
    report.spec = spec
    events = [f"`{event.name}` ({event.kind})" for event in spec.events]
    if events:
        report.stays.append(f"{_count(len(events), 'event')}: {', '.join(events)}")
    _tell_account(report, spec.account, inventory)
    report.changes[:0] = _addresses(spec, inventory)
    return report


def _addresses(spec: EventSourceSpec, inventory: NamespaceInventory) -> Iterator[str]:
    pushed = [(event.name, event.source) for event in spec.events if isinstance(event.source, PushSource)]
    if not pushed:
        return
    service = f"{spec.name}-eventsource-svc"
    paths = ", ".join(f"`{name}` at {shared_path_of(source)}" for name, source in pushed)
    yield f"all sources share the gateway's port, without TLS: {paths}"
    declared = (spec.document.value.get("spec") or {}).get("service")
    if isinstance(declared, dict) and declared.get("ports"):
        yield f"the Service {service} keeps name, ports and paths; it leads to the gateway, not to a pod of its own"
    elif not inventory.own_services.get(spec.name):
        yield "it declares no Service: whatever leads to its pods has to lead to the gateway's Service instead"
    for name in inventory.own_services.get(spec.name, ()):
        yield (
            f"the Service {name} selects its pods, which go: lead its Ingress to the gateway's Service and the "
            f"path above, or give the EventSource `spec.service.ports` and lead it to {service}"
        )


def _sensor(document: ResourceDocument, inventory: NamespaceInventory) -> ResourceReport:
    sensor, findings = check_sensor(document)
    report = _report(document, findings)
    report.spec = sensor
    if sensor is not None:
        working = [f"`{each.name}` ({each.kind})" for each in sensor.triggers if not each.is_stopped]
        if working:
            report.stays.append(f"{_count(len(working), 'trigger')}: {', '.join(working)}")
        report.broken += _nowhere(sensor)
        _tell_account(report, sensor.account, inventory)
    return report


def _nowhere(sensor: CompiledSensor) -> list[str]:
    """Of triggers whose object stands in no namespace that there could be."""
    found: dict[str, None] = {}
    for trigger in sensor.triggers:
        for access in needs_of_trigger(trigger, sensor.namespace).accesses:
            if not can_be_granted(access):
                what = f"trigger `{trigger.name}`: `{access.namespace}` is no name of a namespace"
                found[f"{what}; no right can be granted there"] = None
    return list(found)


def _bus(document: ResourceDocument, inventory: NamespaceInventory) -> ResourceReport:
    report = _report(document, event_bus_faults(document))
    # Argo Events may have refused it too; nothing of it is used here.
    report.changes += report.broken
    report.broken = []
    pods = [each for each in inventory.made if each.kind == "StatefulSet" and each.owner == document.name]
    report.stays.append("the object: EventSources and Sensors go on naming it")
    report.changes.append(
        "not used: the gateway keeps events itself, on its own volume"
        + (f"; the StatefulSet {pods[0].name} can go in the end" if pods else "")
    )
    return report


def _tell_account(report: ResourceReport, account: str | None, inventory: NamespaceInventory) -> None:
    who = Account.of(account, report.namespace)
    report.stays.append(
        f"acts as the ServiceAccount {who.name}" + ("" if account else ", since it names none")
    )
    if inventory.accounts is not None and who.name not in inventory.accounts:
        make = command("kubectl", "-n", report.namespace, "create", "serviceaccount", who.name)
        report.broken.append(f"the ServiceAccount {who.name} does not exist; {make}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
