"""All faults of a set of resources: each alone, and one against another. Pure: documents in, findings out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from events.errors import Finding, ResourceRefused, Scope, Severity
from events.resource import ResourceDocument, nearest_name
from kikkake.event_bus_check import event_bus_faults
from kikkake.files import TEST_API, Loaded
from kikkake.lint_paths import foreign_member_findings
from kikkake.suppress import without_suppressed
from sensors.compile import CompiledSensor, check_sensor
from sensors.dependency import CompiledDependency
from sources.route import Endpoint, path_key
from sources.source import PushSource
from sources.spec import EventSourceFields, EventSourceSpec, read_event_source


def check_resources(loaded: Loaded) -> list[Finding]:
    """Every finding of what was loaded, those of reading included, less the warnings that annotations silence."""
    findings = [*loaded.findings, *_misplaced_tests(loaded.tests), *_duplicates(loaded.documents)]
    sources: list[EventSourceSpec] = []
    for document in loaded.of_kind("EventSource"):
        try:
            sources.append(read_event_source(document))
            findings += without_suppressed(document, sources[-1].findings)
        except ResourceRefused as refused:
            findings += without_suppressed(document, refused.findings)
    findings += _clashing_endpoints(sources)
    declared = _Declared(loaded.of_kind("EventSource"), sources)
    for document in loaded.of_kind("Sensor"):
        sensor, faults = check_sensor(document)
        if sensor is not None:
            faults += declared.missing(document, sensor)
            faults += foreign_member_findings(document, declared.kinds_of(sensor))
        findings += without_suppressed(document, faults)
    for document in loaded.of_kind("EventBus"):
        findings += without_suppressed(document, event_bus_faults(document))
    return findings


def _misplaced_tests(tests: Sequence[ResourceDocument]) -> Iterator[Finding]:
    for document in tests:
        yield document.finding(
            ("kind",),
            f"a {document.kind} stands in a file of resources; kubectl and Argo CD do not know {TEST_API}",
            "move it to a file named *_test.yaml, or below a folder tests/",
            code="MisplacedTest",
            severity=Severity.WARNING,
        )


def _duplicates(documents: Sequence[ResourceDocument]) -> Iterator[Finding]:
    """The same resource twice: the last one applied would win, by chance."""
    seen: dict[tuple[str, str, str], ResourceDocument] = {}
    for document in documents:
        key = (document.kind, document.namespace, document.name)
        first = seen.setdefault(key, document)
        if first is not document and document.name:
            place = _place(first, ("metadata", "name"))
            yield document.finding(
                ("metadata", "name"),
                f"{document.kind} {document.namespace}/{document.name} is also in {place}",
                "remove one, or give it another name",
                code="DuplicateResource",
            )


def _clashing_endpoints(sources: Sequence[EventSourceSpec]) -> Iterator[Finding]:
    """Two events on one port and path: `kikkake run` can serve only one of them."""
    taken: dict[int, dict[str, str]] = {}
    for spec in sources:
        for event in spec.events:
            if not isinstance(event.source, PushSource):
                continue
            endpoint: Endpoint = event.source.endpoint()
            paths = taken.setdefault(endpoint.port, {})
            owner = f"{spec.namespace}/{spec.name}/{event.name} in {_place(spec.document, event.path)}"
            key = path_key(endpoint.path)
            if key in paths:
                yield spec.document.finding(
                    event.path,
                    f"port {endpoint.port} and path {endpoint.path} are taken by {paths[key]}",
                    "give it another endpoint or port",
                    code="EndpointConflict",
                    scope=Scope.PART,
                    part=f"event:{event.name}",
                )
            paths.setdefault(key, owner)


class _Declared:
    """The EventSources of the files, for the dependencies that name them.

    Without any EventSource nothing is said: then the Sensor is linted alone, and its sources are elsewhere.
    """

    def __init__(self, documents: Sequence[ResourceDocument], specs: Sequence[EventSourceSpec]) -> None:
        self._buses: Mapping[tuple[str, str], str] = {
            (spec.namespace, spec.name): spec.event_bus_name for spec in specs
        }
        self._events = {
            (document.namespace, document.name): _events_of(document)
            for document in documents
            if document.name
        }

    def kinds_of(self, sensor: CompiledSensor) -> dict[str, str]:
        """The kind of the events of each dependency whose event is in the files."""
        kinds = {}
        for dependency in sensor.dependencies:
            topic = dependency.topic
            events = self._events.get((topic.namespace, topic.event_source), {})
            if topic.event_name in events:
                kinds[dependency.name] = events[topic.event_name]
        return kinds

    def missing(self, document: ResourceDocument, sensor: CompiledSensor) -> Iterator[Finding]:
        """A warning for each dependency that no event of the files can ever satisfy."""
        if not self._events:
            return
        for dependency in sensor.dependencies:
            what, fix, member = self._fault(dependency)
            if what:
                yield document.finding(
                    ("spec", "dependencies", dependency.index, member),
                    what,
                    fix,
                    code="DependencyNotFound",
                    severity=Severity.WARNING,
                )

    def _fault(self, dependency: CompiledDependency) -> tuple[str, str, str]:
        topic = dependency.topic
        label = f"{topic.namespace}/{topic.event_source}"
        events = self._events.get((topic.namespace, topic.event_source))
        if events is None:
            return self._unknown_source(topic.namespace, topic.event_source)
        if topic.event_name not in events:
            has = ", ".join(events) or "none"
            what = f"EventSource {label} has no event `{topic.event_name}`; it has: {has}"
            return what, _did_you_mean(topic.event_name, tuple(events)), "eventName"
        bus = self._buses.get((topic.namespace, topic.event_source), topic.event_bus)
        if bus != topic.event_bus:
            what = f"EventSource {label} publishes to the EventBus `{bus}`, this Sensor reads `{topic.event_bus}`"
            return what, "write the same eventBusName in both", "eventSourceName"
        return "", "", ""

    def _unknown_source(self, namespace: str, name: str) -> tuple[str, str, str]:
        elsewhere = sorted(ns for ns, known in self._events if known == name)
        if elsewhere:
            what = (
                f"EventSource {namespace}/{name} is not in these files; there is one in namespace {elsewhere[0]}, "
                "and a Sensor sees only its own namespace"
            )
            return what, f"put both in one namespace: {elsewhere[0]} or {namespace}", "eventSourceName"
        names = sorted(known for ns, known in self._events if ns == namespace)
        there = f"; in {namespace} there are: {', '.join(names)}" if names else ""
        what = f"EventSource {namespace}/{name} is not in these files{there}"
        return what, _did_you_mean(name, names), "eventSourceName"


def _events_of(document: ResourceDocument) -> dict[str, str]:
    """Every event that the EventSource declares, also one that this build cannot run, and its kind."""
    spec = document.value.get("spec")
    members = spec.items() if isinstance(spec, Mapping) else ()
    fields = EventSourceFields.field_names()
    return {
        name: kind
        for kind, events in members
        if kind not in fields and isinstance(events, Mapping)
        for name in events
    }


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    nearest = nearest_name(name, known)
    return f"did you mean `{nearest}`?" if nearest else ""


def _place(document: ResourceDocument, path: tuple[str | int, ...]) -> str:
    line, _ = document.position(path)
    return f"{document.file}:{line}"
