"""The EventSource resource: its kinds, its faults with upstream's texts, and what is read but not carried out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from events.errors import Finding, ResourceRefused, Scope, Severity
from events.model import SpecModel, read_model
from events.pod_template import PodTemplate, account_of
from events.registry import KindNotFound
from events.resource import Path, ResourceDocument, nearest_name, type_word
from sources.declared_service import DeclaredService, service_findings
from sources.event_filter import filter_findings
from sources.rules import event_source_traps
from sources.source import SOURCES, PullSource, PushSource

API_VERSION = "argoproj.io/v1alpha1"
SUSPEND = "kikkake/suspend"
"""Annotation: with `"true"` the EventSource takes nothing in."""
_CODE = "InvalidEventSource"
MAX_EVENTS = 1000
"""Of one EventSource, as many as a Sensor has triggers: real ones have ten, and each costs time at every edit."""

IS_ROLLING: Mapping[str, bool] = {
    **dict.fromkeys(
        (
            *("azureQueueStorage", "bitbucket", "bitbucketserver", "gerrit", "github"),
            *("gitlab", "mns", "slack", "sns", "sqs", "storageGrid", "stripe", "webhook"),
        ),
        True,
    ),
    **dict.fromkeys(
        (
            *("amqp", "azureEventsHub", "azureServiceBus", "calendar", "emitter", "file", "generic", "hdfs"),
            *("kafka", "minio", "mqtt", "nats", "nsq", "pubSub", "pulsar", "redis", "redisStream"),
            *("resource", "sftp"),
        ),
        False,
    ),
}
"""Upstream's kinds and their update group (spec-sources 1.4): kinds of both groups cannot be put in one spec."""


class EventSourceFields(SpecModel):
    """The fields of `spec` that are no kind."""

    event_bus_name: str = "default"
    """Name of the EventBus in the same namespace."""
    replicas: int | None = None
    """Pods of upstream's Deployment; without effect here."""
    service: DeclaredService | None = None
    """A Service of its own in a cluster: `NAME-eventsource-svc`, of type ClusterIP."""
    template: PodTemplate | None = None
    """Customisation of upstream's pods; only the account has an effect."""
    suspend: bool = False
    """Takes nothing in while it is true: deliveries are answered 503, so that their senders try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSpec:
    """One event of an EventSource, ready to run."""

    kind: str
    name: str
    path: Path
    source: PushSource | PullSource


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSourceSpec:
    """An EventSource that can be used; events with an error of their own are left out of `events`."""

    document: ResourceDocument
    namespace: str
    name: str
    event_bus_name: str
    events: tuple[EventSpec, ...]
    findings: tuple[Finding, ...]
    """Warnings, and the errors of single events (`Scope.PART`)."""
    is_suspended: bool = False
    account: str | None = None
    """ServiceAccount (NAMESPACE/NAME) that its Secrets are read with; None where the resource names none."""
    service: DeclaredService | None = None
    """The Service that it wants in a cluster; None where it has no ports."""

    def pull_events(self) -> tuple[EventSpec, ...]:
        """Those that fetch their events themselves."""
        return tuple(event for event in self.events if isinstance(event.source, PullSource))


def read_event_source(document: ResourceDocument) -> EventSourceSpec:
    """Read a resource of kind EventSource.

    Raises:
        ResourceRefused: upstream's own validation refuses it too; carries every finding, not the first.
    """
    return _Reader(document).read()


class _Reader:
    """Collects the findings of one resource."""

    def __init__(self, document: ResourceDocument) -> None:
        self._document = document
        self._findings: list[Finding] = []
        self._events: list[EventSpec] = []
        self._names: set[str] = set()
        self._groups: dict[bool, str] = {}
        self._is_strict = document.annotations.get("kikkake/strict") == "true"

    def read(self) -> EventSourceSpec:
        spec = self._document.value.get("spec")
        if not self._document.name:
            self._fault(("metadata", "name"), "is missing", "give the EventSource a name")
        if not isinstance(spec, dict):
            self._fault(
                ("spec",), f"expected an object, got {type_word(spec)}", "write a spec with one source"
            )
            raise self._refused()
        count = sum(len(events) for events in spec.values() if isinstance(events, dict))
        if count > MAX_EVENTS:
            what = f"{count} events; the limit is {MAX_EVENTS}"
            self._fault(("spec",), what, "split the EventSource", code="TooManyEvents")
            raise self._refused()
        fields = {name: spec[name] for name in EventSourceFields.field_names() if name in spec}
        common, faults = read_model(self._document, EventSourceFields, fields, ("spec",), code=_CODE)
        self._findings += faults
        for kind, events in spec.items():
            if kind not in fields:
                self._read_kind(kind, events)
        self._check_whole(fields)
        service = common.service if common is not None and common.service and common.service.ports else None
        if service is not None:
            self._check_service(service)
        self._findings += event_source_traps(self._document, frozenset(EventSourceFields.field_names()))
        if common is None or any(_refuses(finding) for finding in self._findings):
            raise self._refused()
        broken = {finding.part for finding in self._findings if finding.severity is Severity.ERROR}
        return EventSourceSpec(
            document=self._document,
            namespace=self._document.namespace,
            name=self._document.name,
            event_bus_name=common.event_bus_name or "default",
            events=tuple(event for event in self._events if f"event:{event.name}" not in broken),
            findings=tuple(self._findings),
            is_suspended=common.suspend or self._document.annotations.get(SUSPEND) == "true",
            account=account_of(self._document.namespace, common.template),
            service=service,
        )

    def _check_service(self, service: DeclaredService) -> None:
        """Unless an event is broken: then nobody knows which ports it would declare."""
        if not any(finding.severity is Severity.ERROR for finding in self._findings):
            sources = (event.source for event in self._events)
            declared = {source.endpoint().port for source in sources if isinstance(source, PushSource)}
            self._findings += service_findings(self._document, service, declared)

    def _read_kind(self, kind: str, events: Any) -> None:
        if events is None:
            return
        path: Path = ("spec", kind)
        known = kind in IS_ROLLING or kind in SOURCES.names()
        if not known:
            self._unknown_kind(kind, path)
            return
        if not isinstance(events, dict):
            self._fault(path, f"expected an object of events, got {type_word(events)}", "write `NAME: {...}`")
            return
        if kind in IS_ROLLING and events:
            self._groups.setdefault(IS_ROLLING[kind], kind)
        for name, value in events.items():
            if name in self._names:
                self._fault(
                    (*path, name), f'more than one "{name}" found in the spec', "give each event its own name"
                )
            self._names.add(name)
            self._read_event(kind, name, value, (*path, name))

    def _read_event(self, kind: str, name: str, value: Any, path: Path) -> None:
        try:
            family = SOURCES.get(kind)
        except KindNotFound:
            self._part(
                name,
                path,
                f"sources of kind {kind} are not carried out by version {_version()} of Kikkake",
                "remove the event, or wait for a version that has the kind",
                code="KindNotBuilt",
            )
            return
        config, faults = read_model(self._document, family.Config, value, path, code=_CODE)
        if config is not None:
            faults += family.check(self._document, config, path)
            faults += filter_findings(self._document, config, path)
        self._findings += [_placed(finding, name, refuses_all=kind in IS_ROLLING) for finding in faults]
        if config is None or any(finding.severity is Severity.ERROR for finding in faults):
            return
        source = family(
            config, namespace=self._document.namespace, event_source=self._document.name, event_name=name
        )
        self._events.append(EventSpec(kind=kind, name=name, path=path, source=source))
        self._findings += self._proof_findings(source, name, path)

    def _proof_findings(self, source: PushSource | PullSource, name: str, path: Path) -> Iterator[Finding]:
        if not isinstance(source, PushSource) or source.secret_refs():
            return
        if _acknowledges(source.config):
            return
        is_error = source.needs_acknowledgement or self._is_strict
        yield self._document.finding(
            path,
            f"no authentication: anyone who can reach {source.endpoint().path} can create events",
            "set a secret, or write `unauthenticated: true` beside the endpoint to say that it is meant so",
            code="AuthenticationMissing",
            severity=Severity.ERROR if is_error else Severity.WARNING,
            scope=Scope.PART,
            part=f"event:{name}",
        )

    def _unknown_kind(self, kind: str, path: Path) -> None:
        known = sorted({*SOURCES.names(), *IS_ROLLING, *EventSourceFields.field_names()})
        nearest = nearest_name(kind, known)
        fix = f"did you mean `{nearest}`?" if nearest else f"this build has: {', '.join(SOURCES.names())}"
        # Upstream drops unknown fields in silence; ours says so, and the rest of the resource works.
        severity = Severity.ERROR if self._is_strict else Severity.WARNING
        self._findings.append(
            self._document.finding(
                path, "no such kind of source", fix, code="UnknownField", severity=severity
            )
        )

    def _check_whole(self, fields: Mapping[str, Any]) -> None:
        if len(self._groups) == 2:
            self._fault(
                ("spec",),
                "Some types of event sources can not be put in one spec: "
                f"`{self._groups[True]}` and `{self._groups[False]}`",
                "make one EventSource of each",
            )
        if not self._names:
            self._warn(("spec",), "NoSources", "holds no event", "add one, for example under `webhook`")
        for path in _without_effect(fields):
            self._warn(
                ("spec", *path), "FieldWithoutEffect", "has no effect: one gateway serves all", "remove it"
            )

    def _warn(self, path: Path, code: str, what: str, fix: str) -> None:
        self._findings.append(self._document.finding(path, what, fix, code=code, severity=Severity.WARNING))

    def _part(self, name: str, path: Path, what: str, fix: str, *, code: str) -> None:
        self._findings.append(
            self._document.finding(path, what, fix, code=code, scope=Scope.PART, part=f"event:{name}")
        )

    def _fault(self, path: Path, what: str, fix: str, *, code: str = _CODE) -> None:
        self._findings.append(self._document.finding(path, what, fix, code=code))

    def _refused(self) -> ResourceRefused:
        return ResourceRefused(self._document.label, tuple(self._findings))


def _without_effect(fields: Mapping[str, Any]) -> Iterator[Path]:
    if fields.get("replicas") is not None:
        yield ("replicas",)
    template = fields.get("template")
    for name, value in (template if isinstance(template, Mapping) else {}).items():
        if value is not None and name in PodTemplate.field_names() and name != "serviceAccountName":
            yield "template", name


def _placed(finding: Finding, name: str, *, refuses_all: bool) -> Finding:
    """Name the event of a finding, and let faults of our own kinds stop only that event."""
    if finding.severity is not Severity.ERROR:
        return finding
    scope = finding.scope if refuses_all else Scope.PART
    part = f"event:{name}" if scope is Scope.PART else ""
    return dataclasses.replace(finding, scope=scope, part=part)


def _refuses(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR and finding.scope is Scope.RESOURCE


def _acknowledges(config: Any) -> bool:
    context = getattr(config, "webhook", None) or config
    return bool(getattr(context, "unauthenticated", False))


def _version() -> str:
    try:
        return version("kikkake")
    except PackageNotFoundError:
        return "0 (not installed)"
