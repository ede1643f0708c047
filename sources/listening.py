"""Which routes stand on which port: what the HTTP front has to serve, from the EventSources. Pure.

In `kikkake run` every source has the port that it declares. In a cluster all share one port, where a route stands under
`/NAMESPACE/SOURCE`, and a source with a Service has, besides, a listener of its own for each port that it declares
(design, section 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from events.errors import Severity
from events.ports import SecretRef
from sources.ingest import Route, make_route
from sources.route import compile_path, path_key
from sources.source import PushSource
from sources.spec import EventSourceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteProblem:
    """One event of an EventSource that is not served, or not as it should be: for its condition and the log."""

    namespace: str
    event_source: str
    event_name: str
    code: str
    """`EndpointConflict`, `PortUnavailable`, `NoPort`, `SecretNotFound`, `PayloadLimitMismatch`, ..."""
    what: str
    severity: Severity = Severity.ERROR
    """A warning: it is served all the same."""

    @property
    def source(self) -> tuple[str, str]:
        """Namespace and name of the EventSource."""
        return self.namespace, self.event_source


@dataclass(slots=True)
class Listening:
    """One port: its certificate, where it speaks TLS, and its routes in the order of the EventSources."""

    cert: SecretRef | None = None
    key: SecretRef | None = None
    routes: list[Route] = field(default_factory=list)


class DeclaredPort(NamedTuple):
    """A port that an EventSource declares: in a cluster it is the Service's, and another one listens."""

    namespace: str
    event_source: str
    port: int


@dataclass(slots=True)
class Plan:
    """All ports, and the events that cannot be served."""

    ports: dict[int, Listening] = field(default_factory=dict)
    problems: list[RouteProblem] = field(default_factory=list)
    _owners: dict[tuple[int, str], str] = field(default_factory=dict)
    _firsts: dict[int, str] = field(default_factory=dict)

    def put(
        self,
        route: Route,
        number: int,
        file: str,
        *,
        cert: SecretRef | None = None,
        key: SecretRef | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Let a route stand on a port, unless an earlier one has its path, or speaks with another certificate.

        `severity` is what it means when it cannot stand there.
        """
        path = path_key(route.pattern.text)
        owner = f"{route.event_source} event {route.topic.event_name}" + (f" ({file})" if file else "")
        listening = self.ports.get(number)
        fault = _path_taken(route, number, file, self._owners.get((number, path)))
        if not fault and listening is not None and (listening.cert, listening.key) != (cert, key):
            fault = _other_certificate(number, file, self._firsts[number])
        if fault:
            self.problems += problems_of([route], "EndpointConflict", fault, severity=severity)
            return
        if listening is None:
            listening = self.ports[number] = Listening(cert, key)
            self._firsts[number] = owner
        listening.routes.append(route)
        self._owners[number, path] = owner


Planner = Callable[[Iterable[EventSourceSpec]], Plan]
"""Where two want the same place, the earlier EventSource has it."""


def plan_declared(specs: Iterable[EventSourceSpec]) -> Plan:
    """Every route on the port and path that it declares."""
    plan = Plan()
    for spec, route in _routes(specs):
        endpoint = route.endpoint
        plan.put(route, endpoint.port, spec.document.file, cert=endpoint.cert, key=endpoint.key)
    return plan


def plan_shared(specs: Iterable[EventSourceSpec], shared: int, own: Mapping[DeclaredPort, int]) -> Plan:
    """Every route on the port `shared`, and as declared on those of `own`.

    The shared port speaks plain HTTP: what ends TLS stands before it. A certificate of a source's own is served by
    the listeners of `own`.
    """
    plan = Plan()
    for spec, route in _routes(specs):
        endpoint = route.endpoint
        number = own.get(DeclaredPort(spec.namespace, spec.name, endpoint.port))
        on_shared = replace(route, pattern=compile_path(shared_path_of(route.source)))
        # Two of its events may have one path on two ports: then one of them is reached by the Service alone.
        severity = Severity.ERROR if number is None else Severity.WARNING
        plan.put(on_shared, shared, "", severity=severity)
        if number is not None:
            plan.put(route, number, "", cert=endpoint.cert, key=endpoint.key)
    return plan


def own_ports_of(spec: EventSourceSpec) -> tuple[DeclaredPort, ...]:
    """Which of its ports need a listener of their own, beside the shared port.

    Those that its Service leads to, and those with a certificate: the shared port cannot speak with it.
    """
    service = {port.declared for port in spec.service.ports} if spec.service is not None else set()
    endpoints = [event.source.endpoint() for event in spec.events if isinstance(event.source, PushSource)]
    needed = [each.port for each in endpoints if each.port in service or each.cert is not None]
    return tuple(DeclaredPort(spec.namespace, spec.name, port) for port in dict.fromkeys(needed))


def shared_path_of(source: PushSource) -> str:
    """`/NAMESPACE/SOURCE/ENDPOINT`: where a route stands on the shared port."""
    return f"/{source.namespace}/{source.event_source}{source.endpoint().path}"


def problems_of(
    routes: Iterable[Route], code: str, what: str, *, severity: Severity = Severity.ERROR
) -> list[RouteProblem]:
    """The same problem for each of the routes."""
    return [
        RouteProblem(
            namespace=route.topic.namespace,
            event_source=route.topic.event_source,
            event_name=route.topic.event_name,
            code=code,
            what=what,
            severity=severity,
        )
        for route in routes
    ]


def _routes(specs: Iterable[EventSourceSpec]) -> Iterator[tuple[EventSourceSpec, Route]]:
    for spec in specs:
        for event in spec.events:
            if isinstance(event.source, PushSource):
                yield (
                    spec,
                    make_route(
                        event.source,
                        spec.event_bus_name,
                        account=spec.account,
                        is_suspended=spec.is_suspended,
                    ),
                )


def _path_taken(route: Route, number: int, file: str, owner: str | None) -> str:
    if owner is None:
        return ""
    text = f"path {route.pattern.text} on port {number} is served by {owner}"
    return f"{text}, so {file or route.event_source} cannot have it; choose another path or port"


def _other_certificate(number: int, file: str, owner: str) -> str:
    """A port speaks with one certificate: that of its first event."""
    return (
        f"port {number} has another certificate (or none) for {owner} than {file or 'this event'} wants; "
        "choose another port or the same serverCertSecret and serverKeySecret"
    )
