"""From one trigger of a Sensor to a compiled trigger; its faults stop it alone, except those that upstream refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from events.errors import Finding, Scope, Severity
from events.model import SpecModel, read_model
from events.registry import KindNotFound, Registry
from events.resource import Path, ResourceDocument, nearest_name
from sensors.canonical import canonical_json
from sensors.check import trigger_faults
from sensors.condition import BadCondition, Condition, parse_condition, shown_names
from sensors.dependency import CompiledDependency
from sensors.dest import dest_findings, fixed_findings
from sensors.rate_limit import Spacing, UnusableRateLimit, read_rate_limit
from sensors.retry import Strategy, UnusableBackoff, read_strategy
from sensors.spec import UPSTREAM_KINDS, ArtifactLocation, Parameter, TriggerSpec
from sensors.traps import parameter_traps
from sensors.trigger import Trigger
from sensors.unbuilt import refusal, unbuilt_findings

_STATUS_KINDS = frozenset({"http", "awsLambda", "openWhisk"})
"""The kinds whose answer has a status that a policy may judge (spec-sensors 7.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledTrigger:
    """One trigger, ready to fire."""

    index: int
    """Its place in the Sensor: what decisions refer to."""
    name: str
    kind: str
    """Empty where the template has no action."""
    kind_class: type[Trigger] | None = field(repr=False)
    template: bytes = field(repr=False)
    """JSON of the whole template: what `trigger.parameters` write into."""
    member: bytes = field(repr=False)
    """JSON of the template's member for the kind: what a kind renders when there are no such parameters."""
    parameters: tuple[Parameter, ...] = field(repr=False)
    condition: Condition | None
    """None where it cannot be used."""
    strategy: Strategy | None
    spacing: Spacing | None
    """Shortest time between attempts; None = no limit."""
    policy: Mapping[str, Any] | None = field(repr=False)
    """As JSON, for the kind to render with."""
    at_least_once: bool
    dlq: CompiledTrigger | None
    is_stopped: bool
    """A fault of its own, or of a dependency that it waits for, stops it."""


def compile_trigger(
    document: ResourceDocument,
    spec: TriggerSpec,
    path: Path,
    *,
    index: int,
    dependencies: Sequence[CompiledDependency],
    kinds: Registry[Trigger],
    part: str = "",
) -> tuple[CompiledTrigger | None, list[Finding]]:
    """The trigger at `path`; None where it has no template. `part` names a dlqTrigger by its owner."""
    kind, members = _kind_of(spec, kinds)
    findings = trigger_faults(document, spec, path, kind)
    if spec.template is None:
        return None, findings
    part = part or f"trigger:{spec.template.name}"
    reader = _Reader(document, spec, path, part, tuple(dependencies))
    condition, condition_faults = reader.read_condition()
    kind_class, faults = reader.read_kind(kind, members, kinds, condition)
    findings += faults + condition_faults
    findings += reader.unused_policies(kind)
    strategy, spacing, faults = reader.read_times()
    findings += faults
    findings += reader.unbuilt()
    findings += reader.parameter_faults(spec.parameters, (*path, "parameters"), condition)
    dlq = None
    if spec.dlq_trigger is not None:
        where: Path = (*path, "dlqTrigger")
        dlq, faults = compile_trigger(
            document,
            spec.dlq_trigger,
            where,
            index=index,
            dependencies=dependencies,
            kinds=kinds,
            part=f"{part}/dlqTrigger",
        )
        findings += faults
    template = spec.template.model_dump(by_alias=True, exclude_defaults=True)
    return CompiledTrigger(
        index=index,
        name=spec.template.name,
        kind=kind,
        kind_class=kind_class,
        template=canonical_json(template),
        member=canonical_json(template.get(kind)),
        parameters=tuple(spec.parameters),
        condition=condition,
        strategy=strategy,
        spacing=spacing,
        policy=spec.policy.model_dump(by_alias=True, exclude_none=True) if spec.policy is not None else None,
        at_least_once=spec.at_least_once,
        dlq=dlq,
        is_stopped=any(finding.part == part and finding.severity is Severity.ERROR for finding in findings),
    ), findings


def kind_members(spec: TriggerSpec, path: Path, kinds: Registry[Trigger]) -> Iterator[Path]:
    """Where the template of the trigger at `path`, and of its dlqTrigger, hold members that are kinds of triggers."""
    if spec.template is not None:
        known = {*UPSTREAM_KINDS, *kinds.names()}
        yield from ((*path, "template", name) for name in spec.template.model_extra or {} if name in known)
    if spec.dlq_trigger is not None:
        yield from kind_members(spec.dlq_trigger, (*path, "dlqTrigger"), kinds)


def _kind_of(spec: TriggerSpec, kinds: Registry[Trigger]) -> tuple[str, list[str]]:
    """The kind that runs, and all members of the template that are kinds; upstream's order decides.

    Where none is, the first unknown member is taken for a misspelt one.
    """
    extra = list((spec.template.model_extra if spec.template is not None else None) or {})
    order = {name: rank for rank, name in enumerate(UPSTREAM_KINDS)}
    known = [name for name in extra if name in order or name in kinds.names()]
    members = sorted(known or extra, key=lambda name: order.get(name, len(order)))
    return (members[0] if members else ""), members


class _Reader:
    """Reads the parts of one trigger; each method gives its result and its faults."""

    def __init__(
        self,
        document: ResourceDocument,
        spec: TriggerSpec,
        path: Path,
        part: str,
        dependencies: tuple[CompiledDependency, ...],
    ) -> None:
        self._document = document
        self._spec = spec
        self._path = path
        self._part = part
        self._dependencies = dependencies

    def _fault(self, path: Path, what: str, fix: str = "", code: str = "InvalidTriggers") -> Finding:
        return self._document.finding(path, what, fix, code=code, scope=Scope.PART, part=self._part)

    def _warning(self, path: Path, what: str, fix: str, code: str) -> Finding:
        return self._document.finding(path, what, fix, code=code, severity=Severity.WARNING, part=self._part)

    def read_kind(
        self, kind: str, members: list[str], kinds: Registry[Trigger], condition: Condition | None
    ) -> tuple[type[Trigger] | None, list[Finding]]:
        """The class of the kind, after its own checks of its member."""
        template: Path = (*self._path, "template")
        extra = (self._spec.template.model_extra if self._spec.template is not None else None) or {}
        known = [name for name in members if name in kinds.names()]
        if kind not in UPSTREAM_KINDS and kind not in kinds.names():
            nearest = nearest_name(kind, kinds.names()) if kind else ""
            fix = f"did you mean `{nearest}`?" if nearest else f"add one of {', '.join(kinds.names())}"
            return None, [self._fault(template, "has no action that could be done", fix)]
        findings = [
            self._warning(
                (*template, name),
                f"is ignored, since `{kind}` comes first, as upstream",
                "remove one",
                "Ignored",
            )
            for name in members
            if name != kind and (name in known or name in UPSTREAM_KINDS)
        ]
        for name in known:
            findings += self._check_member(kinds.get(name), extra[name], (*template, name), condition)
        try:
            return kinds.get(kind), findings
        except KindNotFound:
            return None, [*findings, refusal(self._document, (*template, kind), self._part)]

    def _check_member(
        self, kind_class: type[Trigger], value: Any, path: Path, condition: Condition | None
    ) -> list[Finding]:
        config, findings = read_model(self._document, kind_class.Config, value, path, code="InvalidTriggers")
        if config is None:
            return findings
        findings += kind_class.check(self._document, config, path, self._part)
        findings += unbuilt_findings(self._document, config, path, self._part)
        for where, parameters in _parameter_lists(config, path):
            findings += self.parameter_faults(parameters, where, condition)
        findings += self._fixed_faults(kind_class, config, path)
        if any(isinstance(getattr(config, name), ArtifactLocation) for name in type(config).model_fields):
            findings += self._dest_faults(config, path)
        return findings

    def _fixed_faults(self, kind_class: type[Trigger], config: SpecModel, path: Path) -> list[Finding]:
        """Of the kind's own parameters, and of the trigger's that write into its member."""
        members = kind_class.fixed_members
        own, outer = getattr(config, "parameters", []), [f"{path[-1]}.{member}" for member in members]
        found = fixed_findings(self._document, own, (*path, "parameters"), self._part, members)
        return found + fixed_findings(
            self._document, self._spec.parameters, (*self._path, "parameters"), self._part, outer
        )

    def _dest_faults(self, config: SpecModel, path: Path) -> list[Finding]:
        """Of a kind that makes a Kubernetes object: its own parameters, and the trigger's that write into it."""
        own = getattr(config, "parameters", [])
        findings = dest_findings(self._document, own, (*path, "parameters"), self._part)
        prefix = f"{path[-1]}.source.resource."
        outer: Path = (*self._path, "parameters")
        return findings + dest_findings(
            self._document, self._spec.parameters, outer, self._part, prefix=prefix
        )

    def read_condition(self) -> tuple[Condition | None, list[Finding]]:
        template = self._spec.template
        text = template.conditions if template is not None else ""
        path: Path = (*self._path, "template", "conditions")
        try:
            condition = parse_condition(text, [each.name for each in self._dependencies])
        except BadCondition as error:
            return None, [self._fault(path, str(error))]
        stopped = {each.name for each in self._dependencies if each.is_stopped}
        names = [name for name in condition.names if name in stopped]
        if not names:
            return condition, []
        what = f"waits for `{names[0]}`, which its own faults stop"
        return condition, [self._fault(path, what, "mend that dependency", code="DependencyStopped")]

    def read_times(self) -> tuple[Strategy | None, Spacing | None, list[Finding]]:
        """What `retryStrategy` and `rateLimit` say."""
        findings: list[Finding] = []
        strategy, spacing = None, None
        try:
            strategy = read_strategy(self._spec.retry_strategy)
        except UnusableBackoff as error:
            findings.append(self._fault((*self._path, "retryStrategy"), str(error)))
        try:
            spacing = read_rate_limit(self._spec.rate_limit)
        except UnusableRateLimit as error:
            findings.append(self._fault((*self._path, "rateLimit"), str(error)))
        return strategy, spacing, findings

    def unbuilt(self) -> list[Finding]:
        """Fields around the kind's member that this build does not carry out."""
        spec = self._spec
        findings: list[Finding] = []
        for member, value in (
            ("template", spec.template),
            ("parameters", spec.parameters),
            ("policy", spec.policy),
        ):
            findings += unbuilt_findings(self._document, value, (*self._path, member), self._part)
        return findings

    def unused_policies(self, kind: str) -> list[Finding]:
        """Policies that do not concern the kind; one for the labels of objects is reported by `unbuilt`."""
        policy = self._spec.policy
        if policy is None or policy.status is None or kind in _STATUS_KINDS:
            return []
        what = f"is ignored, since `{kind}` has no status, as upstream"
        return [self._warning((*self._path, "policy", "status"), what, "remove it", "Ignored")]

    def parameter_faults(
        self, parameters: Sequence[Parameter], path: Path, condition: Condition | None
    ) -> list[Finding]:
        """Parameters whose dependency does not exist, or never comes to this trigger."""
        names = [each.name for each in self._dependencies]
        findings: list[Finding] = []
        for index, parameter in enumerate(parameters):
            findings += parameter_traps(self._document, parameter, (*path, index))
            source = parameter.src
            if source is None or not source.dependency_name:
                continue
            where: Path = (*path, index, "src", "dependencyName")
            name = source.dependency_name
            if name not in names and source.value is None:
                nearest = nearest_name(name, names)
                fix = f"did you mean `{nearest}`?" if nearest else f"names allowed: {shown_names(names)}"
                findings.append(self._fault(where, f"there is no dependency `{name[:64]}`", fix))
            elif name not in names or (condition is not None and name not in condition.names):
                what = f"`{name[:64]}` never comes to this trigger: its condition does not name it"
                findings.append(self._warning(where, what, "name it in `conditions`", "NeverGiven"))
        return findings


def _parameter_lists(value: Any, path: Path) -> Iterator[tuple[Path, list[Parameter]]]:
    """Every list of parameters in a kind's member."""
    if isinstance(value, SpecModel):
        for name, info in type(value).model_fields.items():
            yield from _parameter_lists(getattr(value, name), (*path, info.alias or name))
    elif isinstance(value, list | tuple) and value and all(isinstance(item, Parameter) for item in value):
        yield path, list(value)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _parameter_lists(item, (*path, index))
