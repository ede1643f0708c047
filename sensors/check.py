"""What upstream's own validation refuses, with its texts (spec-sensors 2.1 to 2.3): it refuses the whole Sensor.

Upstream stops at the first error; here each comes with its place and the next are looked for. The rule about
`dlqTrigger` and `atLeastOnce` is left out on purpose (design, section 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from events.errors import Finding
from events.resource import Path, ResourceDocument
from sensors.check_times import is_cron, is_zone, read_time
from sensors.spec import (
    ByTime,
    DataFilter,
    Dependency,
    ExprFilter,
    Filters,
    Parameter,
    Policy,
    TimeFilter,
    TriggerSpec,
)

_OPERATORS = frozenset({"", "and", "or"})
_COMPARATORS = frozenset({"", ">=", ">", "=", "!=", "<", "<="})
_PARAMETER_OPERATIONS = frozenset({"", "append", "overwrite", "prepend"})

Report = Callable[[Path, str], None]
"""Takes the place inside the part, and the text."""


def dependency_faults(document: ResourceDocument, dependency: Dependency, path: Path) -> list[Finding]:
    """Faults of one dependency, which stands at `path`."""
    findings: list[Finding] = []

    def report(where: Path, what: str) -> None:
        findings.append(document.finding((*path, *where), what, code="InvalidDependencies"))

    if not dependency.name:
        report(("name",), "event dependency must define a name")
    if not dependency.event_source_name:
        report(("eventSourceName",), "event dependency must define the EventSourceName")
    if not dependency.event_name:
        report(("eventName",), "event dependency must define the EventName")
    if dependency.filters is not None:
        _check_filters(dependency.filters, report)
    _check_operator(dependency.filters_logical_operator, ("filtersLogicalOperator",), report)
    return findings


def _check_filters(filters: Filters, report: Report) -> None:
    _check_operator(filters.expr_logical_operator, ("filters", "exprLogicalOperator"), report)
    _check_operator(filters.data_logical_operator, ("filters", "dataLogicalOperator"), report)
    for index, entry in enumerate(filters.exprs):
        _check_expr(entry, ("filters", "exprs", index), report)
    for index, test in enumerate(filters.data):
        _check_data(test, ("filters", "data", index), report)
    context = filters.context
    if context and not (context.type or context.subject or context.source or context.datacontenttype):
        report(("filters", "context"), "no fields specified in ctx filter (aka all events will be discarded)")
    if filters.time is not None:
        _check_time(filters.time, report)


def _check_time(window: TimeFilter, report: Report) -> None:
    where: Path = ("filters", "time")
    if not is_zone(window.timezone):
        zone = window.timezone[:64]
        report((*where, "timezone"), f"invalid timezone '{zone}': unknown time zone {zone}")
    start, fault = read_time(window.start)
    if fault:
        report((*where, "start"), fault)
    stop, fault = read_time(window.stop)
    if fault:
        report((*where, "stop"), fault)
    if start is not None and start == stop:
        # Upstream's text, which never closes its last quote.
        report(where, f"invalid event time filter: stop '{window.stop}' is equal to start '{window.start}")


def _check_operator(operator: str, where: Path, report: Report) -> None:
    if operator not in _OPERATORS:
        report(where, f"logical operator {operator[:64]} not supported")


def _check_expr(entry: ExprFilter, where: Path, report: Report) -> None:
    if not entry.expr or not entry.fields:
        report(where, "one of expr filters is not valid (expr and fields must be not empty)")
    for index, field in enumerate(entry.fields):
        if not field.path or not field.name:
            report(
                (*where, "fields", index),
                "one of expr filters is not valid (path and name in a field must be not empty)",
            )


def _check_data(test: DataFilter, where: Path, report: Report) -> None:
    if test.comparator not in _COMPARATORS:
        report((*where, "comparator"), f"comparator {test.comparator[:64]} not supported")
    if not test.path or not test.type or not test.value:
        report(where, "one of data filters is not valid (type, path and value must be not empty)")
    for index, value in enumerate(test.value):
        if not value:
            report((*where, "value", index), "one of data filters is not valid (value must be not empty)")


def trigger_faults(document: ResourceDocument, trigger: TriggerSpec, path: Path, kind: str) -> list[Finding]:
    """Faults of one trigger, except those of its kind's own member, which the kind itself checks."""
    if trigger.template is None:
        return [
            document.finding((*path, "template"), "trigger template can't be nil", code="InvalidTriggers")
        ]
    findings: list[Finding] = []
    if not trigger.template.name:
        where: Path = (*path, "template", "name")
        findings.append(document.finding(where, "trigger must define a name", code="InvalidTriggers"))
    for index, reset in enumerate(trigger.template.conditions_reset or ()):
        where = (*path, "template", "conditionsReset", index)
        findings += [
            document.finding((*where, *member), what, code="InvalidTriggers")
            for member, what in _reset_faults(reset.by_time)
        ]
    findings += _policy_faults(document, trigger.policy, (*path, "policy"), kind)
    findings += parameter_faults(document, trigger.parameters, (*path, "parameters"), "template parameter")
    return findings


def _reset_faults(by_time: ByTime | None) -> Iterator[tuple[Path, str]]:
    if by_time is None:
        yield (), "invalid conditionsReset"
        return
    if not is_cron(by_time.cron):
        yield ("byTime", "cron"), f'invalid cron expression "{by_time.cron[:64]}"'
    if not is_zone(by_time.timezone):
        yield ("byTime", "timezone"), f'invalid timezone "{by_time.timezone[:64]}"'


def _policy_faults(document: ResourceDocument, policy: Policy | None, path: Path, kind: str) -> list[Finding]:
    what = ""
    if _lacks_labels(policy, kind):
        what = "resource labels are not specified"
    elif policy and kind in {"http", "awsLambda"} and policy.status and not policy.status.allow:
        what = "list of allowed response status is not specified"
    return [document.finding(path, what, code="InvalidTriggers")] if what else []


def _lacks_labels(policy: Policy | None, kind: str) -> bool:
    """As upstream, unless the end of the object is waited for."""
    if policy is None or policy.k8s is None or kind not in {"k8s", "argoWorkflow"}:
        return False
    return not policy.k8s.labels and policy.k8s.until is None


def parameter_faults(
    document: ResourceDocument,
    parameters: Sequence[Parameter],
    path: Path,
    label: str,
    *,
    needs_dest: bool = True,
) -> list[Finding]:
    """Faults of a list of parameters at `path` (spec-sensors 2.3), each as `LABEL index: I. err: ...`.

    `label` is upstream's word: `template parameter`, `resource parameter`, `payload`.
    """
    findings = []
    for index, parameter in enumerate(parameters):
        what = ""
        if parameter.src is None:
            what = "parameter source can't be empty"
        elif not parameter.src.dependency_name:
            what = "parameter dependency name can't be empty"
        elif needs_dest and not parameter.dest:
            what = "parameter destination can't be empty"
        elif parameter.operation not in _PARAMETER_OPERATIONS:
            what = f"parameter operation {parameter.operation[:64]} is invalid"
        if what:
            text = f"{label} index: {index}. err: {what}"
            findings.append(document.finding((*path, index), text, code="InvalidTriggers"))
    return findings
