"""Faults of a test document that its models cannot see: names that nothing has, expressions, times, what is not built.

They are found before anything runs: a test with a typing error must not pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from events.errors import Finding, Severity
from events.languages.gjson import PathError, compile_path, lint_path
from events.resource import Path, nearest_name
from kikkake.testing.delivery_document import Delivery, EventSourceTest, Sign, SourceStep
from kikkake.testing.reading import LoadedTest
from kikkake.testing.sensor_document import Fired, SensorExpect, SensorStep, SensorTest
from kikkake.testing.times import duration_fault, time_fault
from kikkake.version import version
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger
from sources.source import PushSource
from sources.spec import EventSourceSpec

_TEXT_ATTRIBUTES = ("id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "specversion")
_NOT_BUILT = {
    "client_cert": "no source looks at the certificate of a client",
    "tick": "no source is driven by time",
    "message": "no source takes messages; a Kafka record is given as `record`",
}
"""Members of a delivery, and why there is nothing that they could be given to."""
_EXTENSION = re.compile(r"[a-z0-9]{1,64}", re.ASCII)


class Checks:
    """Collects the faults of one document."""

    def __init__(self, test: LoadedTest) -> None:
        self._test = test
        self.findings: list[Finding] = []

    def fault(self, path: Path, what: str, fix: str = "") -> None:
        self.findings.append(self._test.fault(path, what, fix))

    def not_built(self, path: Path, why: str) -> None:
        """A part of the format that this version does not carry out."""
        self.fault(path, f"is not carried out by version {version()} of Kikkake yet: {why}", "remove it")

    def name(self, path: Path, name: str, known: Sequence[str], kind: str) -> None:
        """A name that nothing has."""
        if name in known:
            return
        near = nearest_name(name, known)
        there = f"there are: {', '.join(known)}" if known else f"there is no {kind} at all"
        self.fault(path, f"there is no {kind} `{name}`", f"did you mean `{near}`?" if near else there)

    def pattern(self, path: Path, text: str) -> None:
        """A regular expression."""
        try:
            re.compile(text)
        except re.error as error:
            self.fault(path, f"is not a regular expression: {error}")

    def time(self, path: Path, text: str) -> None:
        if text and (what := time_fault(text)):
            self.fault(path, f"`{text}` {what}")

    def duration(self, path: Path, text: str) -> None:
        if text and (what := duration_fault(text)):
            self.fault(path, f"`{text}` {what}")

    def delivery(self, path: Path, step: Delivery, targets: Mapping[str, Finding | None]) -> None:
        """What every delivery may have wrong; `targets` is what `to` may name, with what stops it."""
        for name, why in _NOT_BUILT.items():
            if name in step.model_fields_set:
                self.not_built((*path, type(step).model_fields[name].alias or name), why)
        if step.to:
            self.name((*path, "to"), step.to, list(targets), "event that is pushed to:")
            if (stopped_by := targets.get(step.to)) is not None:
                self.findings.append(stopped_by)
        if step.path and not step.path.startswith("/"):
            self.fault((*path, "path"), f"`{step.path}` does not begin with `/`")
        if step.record is not None and step.expect is not None:
            for name in sorted({"status", "headers", "body"} & step.expect.model_fields_set):
                self.fault((*path, "expect", name), "a record has no answer", "judge `events` or `duplicate`")
        if isinstance(step.sign, Sign) and step.sign.at:
            self.not_built((*path, "sign", "at"), "no signature holds a time")


def check_sensor_test(
    test: LoadedTest, model: SensorTest, sensor: CompiledSensor | None, sources: Sequence[EventSourceSpec]
) -> list[Finding]:
    """Every fault of a SensorTest. Names are only looked up in a Sensor that could be read."""
    checks = Checks(test)
    checks.time(("now",), model.now)
    triggers = _trigger_names(sensor) if sensor is not None else []
    if sensor is not None:
        for name, answers in model.answers.items():
            checks.name(("answers", name), name, triggers, "trigger")
            for index, answer in enumerate(answers):
                checks.duration(("answers", name, index, "after"), answer.after)
    _check_cluster(checks, model)
    _check_case_names(checks, [case.name for case in model.cases])
    targets = {f"{spec.name}/{name}": fault for spec in sources for name, fault in _pushed(spec).items()}
    for index, case in enumerate(model.cases):
        path: Path = ("cases", index)
        for number, step in enumerate(case.events):
            _check_step(checks, (*path, "events", number), step, sensor, targets, has_sources=bool(sources))
        if case.expect is not None:
            _check_expect(checks, (*path, "expect"), case.expect, sensor, triggers)
    return checks.findings


def check_source_test(test: LoadedTest, model: EventSourceTest, spec: EventSourceSpec) -> list[Finding]:
    """Every fault of an EventSourceTest."""
    checks = Checks(test)
    checks.time(("now",), model.now)
    _check_case_names(checks, [case.name for case in model.cases])
    targets = _pushed(spec)
    for index, case in enumerate(model.cases):
        for number, step in enumerate(case.steps()):
            where: Path = ("deliveries", number) if case.delivery is None else ("delivery",)
            _check_source_step(checks, ("cases", index, *where), step, targets)
    return checks.findings


def _check_source_step(
    checks: Checks, path: Path, step: SourceStep, targets: Mapping[str, Finding | None]
) -> None:
    checks.duration((*path, "wait"), step.wait)
    checks.time((*path, "at"), step.at)
    checks.delivery(path, step, targets)


def _check_cluster(checks: Checks, model: SensorTest) -> None:
    for index, value in enumerate(model.cluster):
        metadata = value.get("metadata")
        has_name = isinstance(metadata, dict) and isinstance(metadata.get("name"), str)
        if not (isinstance(value.get("apiVersion"), str) and isinstance(value.get("kind"), str) and has_name):
            checks.fault(("cluster", index), "is no object with apiVersion, kind and metadata.name")


def _check_case_names(checks: Checks, names: Sequence[str]) -> None:
    if not names:
        checks.fault(("cases",), "holds no case", "write one, or remove the document")
    for index, name in enumerate(names):
        if name in names[:index]:
            checks.fault(("cases", index, "name"), f"`{name}` is the name of an earlier case too")


def _check_step(
    checks: Checks,
    path: Path,
    step: SensorStep,
    sensor: CompiledSensor | None,
    targets: Mapping[str, Finding | None],
    *,
    has_sources: bool,
) -> None:
    checks.duration((*path, "wait"), step.wait)
    checks.time((*path, "at"), step.at)
    if step.on and sensor is not None:
        known = [f"{topic.event_source}/{topic.event_name}" for topic in sensor.topics]
        checks.name((*path, "on"), step.on, known, "dependency on")
    _check_context(checks, (*path, "context"), step.context)
    if step.expect is not None:
        if step.expect.error:
            what = "belongs into the `expect` of the case: it does not depend on events"
            checks.fault((*path, "expect", "error"), what)
        triggers = _trigger_names(sensor) if sensor is not None else []
        _check_expect(checks, (*path, "expect"), step.expect, sensor, triggers)
    if step.delivery is not None:
        checks.delivery((*path, "delivery"), step.delivery, targets)
        if not has_sources:
            checks.fault(
                (*path, "delivery"), "needs the EventSource that takes it", "name it in `eventSources`"
            )


def _check_context(checks: Checks, path: Path, context: dict[str, Any]) -> None:
    for name, value in context.items():
        where = (*path, name)
        if name in _TEXT_ATTRIBUTES:
            if not isinstance(value, str | None):
                checks.fault(where, f"expected a string, got {value!r}", "put it in quotes")
        elif not _EXTENSION.fullmatch(name):
            near = nearest_name(name, _TEXT_ATTRIBUTES)
            fix = f"did you mean `{near}`?" if near else "names are lower-case letters and digits"
            checks.fault(where, "is no CloudEvents attribute", fix)
        elif not isinstance(value, str | bool | int | None):
            checks.fault(where, "an attribute is a string, a boolean or a whole number")


def _check_expect(
    checks: Checks,
    path: Path,
    expect: SensorExpect,
    sensor: CompiledSensor | None,
    triggers: Sequence[str],
) -> None:
    if expect.error:
        checks.pattern((*path, "error"), expect.error)
    for name, text in (expect.because or {}).items():
        checks.pattern((*path, "because", name), text)
    for index, fired in enumerate(expect.fired or []):
        _check_fired(checks, (*path, "fired", index), fired)
    if sensor is not None:
        _check_names(checks, path, expect, [each.name for each in sensor.dependencies], triggers)


def _check_fired(checks: Checks, path: Path, fired: Fired) -> None:
    checks.pattern((*path, "reason"), fired.reason)
    checks.time((*path, "at"), fired.at)
    for number, text in enumerate(fired.absent):
        _check_path(checks, (*path, "absent", number), text)


def _check_names(
    checks: Checks, path: Path, expect: SensorExpect, dependencies: Sequence[str], triggers: Sequence[str]
) -> None:
    for member, names in (("verdicts", expect.verdicts), ("because", expect.because)):
        for name in names or {}:
            checks.name((*path, member, name), name, dependencies, "dependency")
    for name, waiting in (expect.waiting or {}).items():
        checks.name((*path, "waiting", name), name, triggers, "trigger")
        for one in waiting if isinstance(waiting, list) else [waiting] if waiting is not None else []:
            for needed in one.needs or []:
                checks.name((*path, "waiting", name, "needs"), needed, dependencies, "dependency")
            for held in one.has or {}:
                checks.name((*path, "waiting", name, "has", held), held, dependencies, "dependency")
    for index, fired in enumerate(expect.fired or []):
        checks.name((*path, "fired", index, "trigger"), fired.trigger, triggers, "trigger")
        for name in fired.given or {}:
            checks.name((*path, "fired", index, "with", name), name, dependencies, "dependency")


def _check_path(checks: Checks, path: Path, text: str) -> None:
    try:
        compile_path(text)
        fault = lint_path(text)
    except PathError as error:
        fault = str(error)
    if fault:
        # A path that means nothing finds nothing, and the test would pass for ever.
        checks.fault(path, f"`{text}` is not a path: {fault}")


def _trigger_names(sensor: CompiledSensor) -> list[str]:
    return list(dict.fromkeys(name for trigger in sensor.triggers for name in _with_dlq(trigger)))


def _with_dlq(trigger: CompiledTrigger) -> Iterator[str]:
    yield trigger.name
    if trigger.dlq is not None:
        yield from _with_dlq(trigger.dlq)


def _pushed(spec: EventSourceSpec) -> dict[str, Finding | None]:
    """The events of a source that take deliveries, and for those that are stopped why."""
    found: dict[str, Finding | None] = {
        event.name: None for event in spec.events if isinstance(event.source, PushSource)
    }
    for finding in spec.findings:
        kind, _, name = finding.part.partition(":")
        if finding.severity is Severity.ERROR and kind == "event":
            found[name] = finding
    return found
