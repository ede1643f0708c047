"""Where EventSources are reached besides the shared port: listeners of their own, and the Services that lead there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from events.clock import Clock
from events.errors import Finding
from events.ports import Kube
from kikkake.catalog import EVENT_SOURCE, Key
from kikkake.cluster.resources import ClusterObject
from kikkake.cluster.service_keeper import ServiceKeeper, Turn
from kikkake.cluster.service_memory import ServiceMemory, Source
from kikkake.cluster.service_objects import Place, Wanted, service_urls
from kikkake.cluster.service_troubles import unreached_certificate
from kikkake.services import GatewayServices
from kikkake.settings import ServeSettings
from sources.listening import DeclaredPort, Plan, own_ports_of, plan_shared, problems_of
from sources.source import PushSource
from sources.spec import EventSourceSpec

Find = Callable[[Key], ClusterObject | None]


class Exposure:
    """Of one gateway. `plan` works from the beginning, everything else after `attach`."""

    def __init__(self, settings: ServeSettings, folder: Path, clock: Clock) -> None:
        """`folder` keeps what is remembered: the data folder, once it is locked."""
        self._settings = settings
        self._clock = clock
        self._memory = ServiceMemory(folder, (n for n in settings.own_ports if n != settings.shared_port))
        self._is_loaded = False
        self._certificates: frozenset[tuple[str, str]] = frozenset()
        self._services: GatewayServices
        self._find: Find
        self._keeper: ServiceKeeper | None = None

    def plan(self, specs: Iterable[EventSourceSpec]) -> Plan:
        """Every source on the shared port, and those with a Service or a certificate on ports of their own too."""
        if not self._is_loaded:
            self._memory.load()
            self._is_loaded = True
        specs = list(specs)
        wishes = [declared for spec in specs for declared in own_ports_of(spec)]
        lent = self._memory.ports.lend(wishes, self._clock.now_us())
        plan = plan_shared(specs, self._settings.shared_port, lent)
        for declared in wishes:
            if declared not in lent:
                self._refuse(plan, declared)
        refs = (ref for listening in plan.ports.values() for ref in (listening.cert, listening.key))
        self._certificates = frozenset((ref.namespace, ref.name) for ref in refs if ref is not None)
        return plan

    def attach(
        self,
        kube: Kube,
        services: GatewayServices,
        find: Find,
        *,
        turn: Turn | None,
        told: Callable[[set[Key]], None],
    ) -> ServiceKeeper:
        """Begin to follow the gateway; the Services are kept by what is given back.

        `find` gives an EventSource as it is now; `told` hears of which one something new is known.
        """
        self._services, self._find = services, find
        self._keeper = ServiceKeeper(
            kube,
            self._clock,
            Place(gateway=self._settings.name, address=self._settings.advertise_address),
            self._memory,
            wanted=self._wanted,
            turn=turn,
        )
        self._keeper.told = lambda source: told({Key(EVENT_SOURCE, *source)})
        services.follow_ports(self._follow)
        self._follow()
        return self._keeper

    def secret_changed(self, namespace: str, name: str) -> None:
        """A Secret has other values now: where it is a certificate, ports take it at once."""
        if self._keeper is not None and (namespace, name) in self._certificates:
            self._services.renew_soon()

    def is_known(self, key: Key) -> bool:
        """Whether it has been tried to give an EventSource the Service that it wants."""
        entry = self._services.entry(key)
        if entry is None or not isinstance(entry.spec, EventSourceSpec) or entry.spec.service is None:
            return True
        return self._keeper is not None and self._keeper.is_known(_source_of(entry.spec), entry.spec.service)

    def findings(self, found: ClusterObject, spec: EventSourceSpec | None) -> Iterator[Finding]:
        """What is to be said of an EventSource, for its status."""
        if spec is None or self._keeper is None:
            return
        trouble = self._keeper.trouble(_source_of(spec))
        if spec.service is not None and trouble is not None:
            yield trouble.finding(found.document)
        for declared, number in self._unreached(spec):
            yield unreached_certificate(found.document, declared, number)

    def addresses(self, spec: EventSourceSpec) -> Iterator[dict[str, str]]:
        """Where its events are reached besides the shared port, for `status.addresses`."""
        provided = self._keeper.provided(_source_of(spec)) if self._keeper is not None else None
        unreached = dict(self._unreached(spec))
        for event in spec.events:
            if not isinstance(event.source, PushSource):
                continue
            endpoint = event.source.endpoint()
            urls = []
            if provided is not None:
                is_tls = endpoint.cert is not None
                urls = service_urls(provided, endpoint.port, endpoint.path, is_tls=is_tls)
            if (number := unreached.get(endpoint.port)) is not None and self._settings.advertise_address:
                address = self._settings.advertise_address
                host = f"[{address}]" if ":" in address else address
                urls = [f"https://{host}:{number}{endpoint.path}"]
            yield from ({"event": event.name, "url": url} for url in urls)

    def _refuse(self, plan: Plan, declared: DeclaredPort) -> None:
        routes = [
            route
            for route in plan.ports[self._settings.shared_port].routes
            if (route.topic.namespace, route.topic.event_source)
            == (declared.namespace, declared.event_source)
            and route.endpoint.port == declared.port
        ]
        own = self._settings.own_ports
        what = f"all ports from {own.start} to {own.stop - 1} are lent, none is left for port {declared.port}"
        plan.problems += problems_of(routes, "NoPort", f"{what}; give the gateway more (--own-ports)")

    def _follow(self) -> None:
        """The ports may be others: what could not be opened is replaced, and the slices follow."""
        if self._memory.ports.refuse(self._services.refused_ports, self._clock.now_us()):
            self._services.renew_soon()
        if self._keeper is not None:
            self._keeper.look()

    def _wanted(self) -> Mapping[Source, Wanted]:
        listening = self._services.listening_ports
        wanted = {}
        for key, uid, spec in self._services.event_sources():
            found = self._find(key)
            if spec.service is None or found is None:
                continue
            wanted[_source_of(spec)] = Wanted(
                source=_source_of(spec),
                uid=uid,
                service=spec.service,
                labels=found.labels,
                numbers={
                    declared.port: number for declared, number in self._numbers(spec) if number in listening
                },
            )
        return wanted

    def _unreached(self, spec: EventSourceSpec) -> Iterator[tuple[int, int]]:
        """Declared ports that have a listener and no Service, with its number."""
        led = {port.declared for port in spec.service.ports} if spec.service is not None else set()
        return (
            (declared.port, number) for declared, number in self._numbers(spec) if declared.port not in led
        )

    def _numbers(self, spec: EventSourceSpec) -> Iterator[tuple[DeclaredPort, int]]:
        ports = self._memory.ports
        for declared in own_ports_of(spec):
            if (number := ports.number(declared)) is not None:
                yield declared, number


def _source_of(spec: EventSourceSpec) -> Source:
    return Source(spec.namespace, spec.name)
