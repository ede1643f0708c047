"""From one trigger of a Sensor to a compiled trigger; its faults stop it alone, except those that upstream refuses."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from events.errors import Finding, Scope, Severity
from events.model import SpecModel, read_model
from events.registry import KindNotFound, Registry
from events.resource import Path, ResourceDocument, nearest_name
from sensors.artifact import LOCAL_SOURCES
from sensors.artifact_spec import ArtifactLocation
from sensors.canonical import canonical_json
from sensors.check import trigger_faults
from sensors.check_kinds import absent_kind_faults
from sensors.compile_waiting import WaitingReader
from sensors.condition import BadCondition, Condition, never, parse_condition
from sensors.dependency import CompiledDependency
from sensors.dest import dest_findings, fixed_findings
from sensors.kube_until import until_fault
from sensors.parameter_check import ParameterCheck, parameter_lists
from sensors.rate_limit import Spacing, UnusableRateLimit, read_rate_limit
from sensors.retry import Strategy, UnusableBackoff, read_strategy
from sensors.selectors import selector_findings
from sensors.spec import (
    UPSTREAM_KINDS,
    Parameter,
    TriggerSpec,
    TriggerTemplate,
)
from sensors.trigger import Trigger
from sensors.unbuilt import refusal
from sensors.waiting import Waiting

_OBJECT_KINDS = frozenset({"k8s", "argoWorkflow"})
"""The kinds that make an object whose labels a policy may look at."""
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
    waiting: Waiting | None
    """How it waits: its condition, and what may hold it up or give it up. None where it cannot be used."""
    strategy: Strategy | None
    spacing: Spacing | None
    """Shortest time between attempts; None = no limit."""
    policy: Mapping[str, Any] | None = field(repr=False)
    """As JSON, for the kind to render with."""
    at_least_once: bool
    dlq: CompiledTrigger | None
    is_planned: bool
    """Its object comes from outside (git, URL, S3, file, ConfigMap), or a template makes keys: the act loop renders
    it."""
    is_stopped: bool
    """A fault of its own, or of a dependency that it waits for, stops it."""

    @property
    def condition(self) -> Condition | None:
        """None where it cannot be used."""
        return self.waiting.condition if self.waiting is not None else None


def compile_trigger(
    document: ResourceDocument,
    spec: TriggerSpec,
    path: Path,
    *,
    index: int,
    around: Surroundings,
    part: str = "",
) -> tuple[CompiledTrigger | None, list[Finding]]:
    """The trigger at `path`; None where it has no template. `part` names a dlqTrigger by its owner."""
    kind, members = _kind_of(spec, around.kinds)
    findings = trigger_faults(document, spec, path, kind)
    if spec.template is None:
        return None, findings
    findings += absent_kind_faults(document, spec.template, (*path, "template"), around.kinds.names())
    part = part or f"trigger:{spec.template.name}"
    reader = _Reader(document, spec, path, part, around)
    waiting, condition_faults = reader.read_waiting(spec.template, around)
    condition = waiting.condition if waiting is not None else None
    kind_class, faults = reader.read_kind(kind, members, around.kinds, condition)
    findings += faults + condition_faults
    findings += reader.unused_policies(kind) + reader.until_faults()
    strategy, spacing, faults = reader.read_times()
    findings += faults
    findings += reader.trigger_parameters(condition)
    dlq = None
    if spec.dlq_trigger is not None:
        where: Path = (*path, "dlqTrigger")
        dlq, faults = compile_trigger(
            document,
            spec.dlq_trigger,
            where,
            index=index,
            around=around,
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
        waiting=waiting,
        strategy=strategy,
        spacing=spacing,
        policy=spec.policy.model_dump(by_alias=True, exclude_none=True) if spec.policy is not None else None,
        at_least_once=spec.at_least_once,
        dlq=dlq,
        is_planned=_is_fetched(template.get(kind), kind, spec.parameters) or reader.is_slow(),
        is_stopped=any(finding.part == part and finding.severity is Severity.ERROR for finding in findings),
    ), findings


def _is_fetched(member: Any, kind: str, parameters: Sequence[Parameter]) -> bool:
    """Whether the object has to be fetched: by its source, or by one that a parameter of the trigger may add."""
    remote = [name for name in ArtifactLocation.model_fields if name not in LOCAL_SOURCES]
    source = member.get("source") if isinstance(member, dict) else None
    if isinstance(source, dict) and any(source.get(name) for name in remote):
        return True
    return any(
        parameter.dest.startswith(f"{kind}.source.{name}") for parameter in parameters for name in remote
    )


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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the compilation of a trigger has to know besides itself."""

    dependencies: tuple[CompiledDependency, ...]
    broken: tuple[str, ...]
    """Names of dependencies that could not be read: their own faults refuse the Sensor, and more need not be said."""
    kinds: Registry[Trigger]
    names: tuple[str, ...]
    """Of all triggers of the Sensor."""
    waiters: Mapping[str, tuple[str, ...]]
    """Per trigger that `onTimeout` of others names: the conditions of those others."""

    @classmethod
    def of(
        cls,
        specs: Iterable[TriggerSpec],
        dependencies: Iterable[CompiledDependency],
        kinds: Registry[Trigger],
        *,
        broken: Iterable[str] = (),
    ) -> Surroundings:
        """Those of every trigger among `specs`."""
        templates = [spec.template for spec in specs if spec.template is not None]
        waiters: dict[str, tuple[str, ...]] = {}
        for template in templates:
            target = template.correlate.on_timeout if template.correlate is not None else None
            if target is not None and target.trigger != template.name:
                waiters[target.trigger] = (*waiters.get(target.trigger, ()), template.conditions)
        return cls(
            tuple(dependencies), tuple(broken), kinds, tuple(template.name for template in templates), waiters
        )


def _parameters_of(config: SpecModel) -> list[Parameter]:
    """Of a kind that has some: elsewhere a member of that name is an unknown field, and anything may stand there."""
    found: list[Parameter] = (
        getattr(config, "parameters", []) if "parameters" in type(config).model_fields else []
    )
    return found


def _makes_object(config: SpecModel) -> bool:
    """Whether the kind makes a Kubernetes object out of a location."""
    return any(isinstance(getattr(config, name), ArtifactLocation) for name in type(config).model_fields)


class _Reader:
    """Reads the parts of one trigger; each method gives its result and its faults."""

    def __init__(
        self,
        document: ResourceDocument,
        spec: TriggerSpec,
        path: Path,
        part: str,
        around: Surroundings,
    ) -> None:
        self._document = document
        self._spec = spec
        self._path = path
        self._part = part
        self._dependencies = around.dependencies
        self._names = [*(each.name for each in around.dependencies), *around.broken]
        self._parameters = ParameterCheck(document, part, self._names)

    def is_slow(self) -> bool:
        """Whether a template of its parameters takes long, as far as they have been checked."""
        return self._parameters.is_slow

    def trigger_parameters(self, condition: Condition | None) -> list[Finding]:
        """Of the trigger's own parameters."""
        return self._parameters.faults(self._spec.parameters, (*self._path, "parameters"), condition)

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
            nearest = nearest_name(kind, [*kinds.names(), *UPSTREAM_KINDS]) if kind else ""
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
        findings += selector_findings(self._document, config, path, self._part)
        for where, parameters in parameter_lists(config, path):
            findings += self._parameters.faults(parameters, where, condition)
        findings += self._fixed_faults(kind_class, config, path)
        if _makes_object(config):
            findings += self._dest_faults(config, path)
        return findings

    def _fixed_faults(self, kind_class: type[Trigger], config: SpecModel, path: Path) -> list[Finding]:
        """Of the kind's own parameters, and of the trigger's that write into its member."""
        members = kind_class.fixed_members
        # Those of a kind that makes an object write into the object, not into the member.
        own = [] if _makes_object(config) else _parameters_of(config)
        outer = [f"{path[-1]}.{member}" for member in members]
        found = fixed_findings(self._document, own, (*path, "parameters"), self._part, members)
        return found + fixed_findings(
            self._document, self._spec.parameters, (*self._path, "parameters"), self._part, outer
        )

    def _dest_faults(self, config: SpecModel, path: Path) -> list[Finding]:
        """Of a kind that makes a Kubernetes object: its own parameters, and the trigger's that write into it."""
        own = _parameters_of(config)
        findings = dest_findings(self._document, own, (*path, "parameters"), self._part)
        prefix = f"{path[-1]}.source.resource."
        outer: Path = (*self._path, "parameters")
        return findings + dest_findings(
            self._document, self._spec.parameters, outer, self._part, prefix=prefix
        )

    def read_waiting(
        self, template: TriggerTemplate, around: Surroundings
    ) -> tuple[Waiting | None, list[Finding]]:
        """The plan by which it waits; None where its condition cannot be used."""
        path: Path = (*self._path, "template")
        given_by = around.waiters.get(template.name, ()) if not template.conditions.strip() else ()
        try:
            condition = self._condition(template, given_by)
        except BadCondition as error:
            return None, [self._fault((*path, "conditions"), str(error))]
        reader = WaitingReader(
            self._document,
            template,
            path,
            self._part,
            dependencies=self._names,
            triggers=around.names,
        )
        waiting = reader.read(condition, is_only_by_timeout=bool(given_by))
        return waiting, [*self._stopped_dependencies(condition, (*path, "conditions")), *reader.findings]

    def _condition(self, template: TriggerTemplate, given_by: Sequence[str]) -> Condition:
        """Its own; of a trigger that fires by time-outs only, one that never holds over what the others wait for."""
        names = self._names
        if not given_by:
            return parse_condition(template.conditions, names)
        given: dict[str, None] = {}
        for text in given_by:
            # What is wrong with the other's condition is its own fault.
            with contextlib.suppress(BadCondition):
                given |= dict.fromkeys(parse_condition(text, names).names)
        return never(tuple(given))

    def _stopped_dependencies(self, condition: Condition, path: Path) -> list[Finding]:
        stopped = {each.name for each in self._dependencies if each.is_stopped}
        names = [name for name in condition.names if name in stopped]
        if not names:
            return []
        what = f"waits for `{names[0]}`, which its own faults stop"
        return [self._fault(path, what, "mend that dependency", code="DependencyStopped")]

    def read_times(self) -> tuple[Strategy | None, Spacing | None, list[Finding]]:
        """What `retryStrategy` and `rateLimit` say, and whether the backoff of a policy can be used."""
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
        policy = self._spec.policy.k8s if self._spec.policy is not None else None
        try:
            read_strategy(policy.backoff if policy is not None else None)
        except UnusableBackoff as error:
            findings.append(self._fault((*self._path, "policy", "k8s", "backoff"), str(error)))
        return strategy, spacing, findings

    def until_faults(self) -> list[Finding]:
        """Of the policy that waits for the end of an object."""
        policy = self._spec.policy
        if policy is None or policy.k8s is None or policy.k8s.until is None:
            return []
        what = until_fault(policy.k8s.until)
        fix = "see docs/reference/sensor/policies-and-retries.md"
        return [self._fault((*self._path, "policy", "k8s", "until"), what, fix)] if what else []

    def unused_policies(self, kind: str) -> list[Finding]:
        """Policies that do not concern the kind."""
        policy = self._spec.policy
        given = (
            ("status", policy and policy.status, _STATUS_KINDS, f"`{kind}` has no status"),
            ("k8s", policy and policy.k8s, _OBJECT_KINDS, f"`{kind}` makes no object"),
        )
        return [
            self._warning(
                (*self._path, "policy", member),
                f"is ignored, since {why}, as upstream",
                "remove it",
                "Ignored",
            )
            for member, value, kinds, why in given
            if value is not None and kind not in kinds
        ]
