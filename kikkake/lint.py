"""All faults of a set of resources: each alone, and one against another. Pure: documents in, findings out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from events.errors import Finding, ResourceRefused, Scope, Severity
from events.resource import ResourceDocument
from kikkake.declared import Declaration, Declared, events_of, missing_dependencies
from kikkake.event_bus_check import event_bus_faults
from kikkake.files import TEST_API, Loaded
from kikkake.lint_paths import foreign_member_findings
from kikkake.suppress import without_suppressed
from sensors.compile import CompiledSensor, check_sensor
from sources.route import Endpoint, path_key
from sources.source import PushSource
from sources.spec import EventSourceSpec, read_event_source


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
    declared = _declared(loaded.of_kind("EventSource"), sources)
    for document in loaded.of_kind("Sensor"):
        sensor, faults = check_sensor(document)
        if sensor is not None:
            if declared.names:
                # Without any EventSource the Sensor is linted alone, and its sources are elsewhere.
                faults += missing_dependencies(document, sensor, declared, "in these files")
            faults += foreign_member_findings(document, _kinds_of(sensor, declared))
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


def _declared(documents: Sequence[ResourceDocument], specs: Sequence[EventSourceSpec]) -> Declared:
    """The EventSources of the files, for the dependencies that name them."""
    buses = {(spec.namespace, spec.name): spec.event_bus_name for spec in specs}
    sources = {
        (document.namespace, document.name): Declaration(
            events_of(document), buses.get((document.namespace, document.name))
        )
        for document in documents
        if document.name
    }
    return Declared(find=sources.get, names=sources)


def _kinds_of(sensor: CompiledSensor, declared: Declared) -> dict[str, str]:
    """The kind of the events of each dependency whose event is in the files."""
    kinds = {}
    for dependency in sensor.dependencies:
        topic = dependency.topic
        found = declared.find((topic.namespace, topic.event_source))
        if found is not None and topic.event_name in found.events:
            kinds[dependency.name] = found.events[topic.event_name]
    return kinds


def _place(document: ResourceDocument, path: tuple[str | int, ...]) -> str:
    line, _ = document.position(path)
    return f"{document.file}:{line}"
