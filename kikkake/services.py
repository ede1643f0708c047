"""The running gateway as the two APIs see it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

from events.bus import BusReader, ResourceState
from events.clock import format_time
from events.errors import Finding, Scope
from events.metrics import Metrics
from events.resource import ResourceDocument
from kikkake.activity import Activity, Publish
from kikkake.api.services import ResourceReport
from kikkake.catalog import EVENT_SOURCE, SENSOR, Catalog, Entry, Key
from kikkake.dead_letter_quota import DEAD_LETTERS_FULL
from kikkake.store import Store
from kikkake.suppress import without_silenced
from kikkake.version import version
from sensors.decide import Decider
from sensors.haste import Haste
from sensors.prepared import Preparer
from sensors.replay import Plan
from sources.listening import RouteProblem
from sources.server import Front
from sources.spec import EventSourceSpec


class GatewayView(Protocol):
    """What the gateway itself knows."""

    catalog: Catalog
    activity: Activity
    metrics: Metrics
    preparer: Preparer

    @property
    def problems(self) -> Mapping[tuple[str, str], Sequence[RouteProblem]]:
        """Events that are not served, or not as they should be, by namespace and name of the EventSource."""
        ...

    @property
    def dead_letters(self) -> Mapping[str, int]:
        """Of each Sensor, by uid, at the last look."""
        ...

    def now_us(self) -> int:
        """Wall time, microseconds since 1970."""
        ...

    def about(self) -> dict[str, str]:
        """Facts for `status`."""
        ...

    def renew_soon(self) -> None:
        """Look again at ports and certificates now."""
        ...


class GatewayServices:
    """Answers of one gateway."""

    def __init__(self, gateway: GatewayView, bus: Store) -> None:
        self.is_started = False
        self.is_draining = False
        self._gateway = gateway
        self._bus = bus
        self.publish: Publish
        """The bus, with what it stores counted."""
        self._decider: Decider
        self._front: Front
        self._started_us = gateway.now_us()

    def attach(self, decider: Decider, front: Front, haste: Haste) -> None:
        """What decides, takes in and hurries: from now on everything can be asked."""
        self.haste = haste
        self._decider = decider
        self._front = front

    @property
    def reader(self) -> BusReader:
        return self._bus.reader()

    @property
    def preparer(self) -> Preparer | None:
        return self._gateway.preparer

    def resources(self) -> Sequence[ResourceReport]:
        entries = sorted(self._gateway.catalog.values(), key=lambda entry: entry.key[1:])
        return [self._report(entry) for entry in entries]

    def catalog(self) -> Catalog:
        """Every resource as it stands."""
        return self._gateway.catalog

    def entry(self, key: Key) -> Entry | None:
        """One resource as it stands."""
        return self._gateway.catalog.get(key)

    def event_sources(self) -> Iterator[tuple[Key, str, EventSourceSpec]]:
        """Those in force: key, uid, and what the text was read as."""
        for key, entry in self._gateway.catalog.items():
            if isinstance(entry.spec, EventSourceSpec):
                yield key, entry.uid, entry.spec

    @property
    def listening_ports(self) -> Collection[int]:
        """By the numbers of the plan."""
        return self._front.addresses().keys()

    @property
    def refused_ports(self) -> Collection[int]:
        """Those of the plan that somebody else has."""
        return self._front.refused_ports

    def follow_ports(self, told: Callable[[], None]) -> None:
        """Have `told` called whenever routes and ports have been put in force."""
        self._front.applied = told

    def renew_soon(self) -> None:
        """Look again at ports and certificates now."""
        self._gateway.renew_soon()

    def keys_of(self, uids: Collection[str]) -> Sequence[Key]:
        """The resources with these identities."""
        return [key for key, entry in self._gateway.catalog.items() if entry.uid in uids] if uids else []

    def troubles(self) -> Mapping[Key, tuple[Finding, ...]]:
        """Of each resource that has some: what keeps it from working for reasons outside its text."""
        sources = {*self._gateway.problems, *(problem.source for problem in self._front.old_secrets())}
        halted = self._decider.roster.halted
        entries = (
            entry
            for key, entry in self._gateway.catalog.items()
            if (key.kind == EVENT_SOURCE and key[1:] in sources) or entry.uid in halted
        )
        return {entry.key: tuple(self.problems(entry)) for entry in entries}

    def not_ready(self) -> Sequence[str]:
        reasons = []
        if not self.is_started:
            reasons.append("starting: resources are not loaded yet")
        if self.is_draining:
            reasons.append("draining: the process is stopping")
        return reasons

    def not_healthy(self) -> Sequence[str]:
        broken = self._bus.broken
        return [] if broken is None else [f"the store cannot be written: {broken}"]

    @property
    def activity(self) -> Activity:
        """What came in and fired."""
        return self._gateway.activity

    @property
    def metrics(self) -> Metrics:
        return self._gateway.metrics

    @property
    def dead_letters(self) -> Mapping[str, int]:
        """Of each Sensor that has some, by uid."""
        return self._gateway.dead_letters

    def about(self) -> dict[str, str]:
        return {"version": version(), "started": format_time(self._started_us), **self._gateway.about()}

    async def fire(self, sequence: int, *, sensor: str, nonce: str, dry_run: bool = False) -> Plan:
        """Do again, once for each `nonce`, what an event does in one Sensor (a uid). Raises EventGone."""
        return await self._decider.replay(sequence, sensor=sensor, nonce=nonce, dry_run=dry_run)

    async def replay(self, sequence: int, *, sensor: str | None, as_new: bool, dry_run: bool) -> Plan:
        return await self._decider.replay(sequence, sensor=sensor, as_new=as_new, dry_run=dry_run)

    def _report(self, entry: Entry) -> ResourceReport:
        return ResourceReport(
            kind=entry.key.kind,
            namespace=entry.key.namespace,
            name=entry.key.name,
            file=entry.file,
            state=entry.state,
            findings=(*entry.findings, *self.problems(entry)),
            lag=self._lag(entry),
            urls=self._urls(entry),
        )

    def problems(self, entry: Entry) -> Sequence[Finding]:
        """What keeps a resource from working, or is odd about it, for reasons outside its text."""
        if entry.document is None:
            return ()
        return without_silenced(entry.document, self._problems(entry, entry.document))

    def _problems(self, entry: Entry, document: ResourceDocument) -> Iterator[Finding]:
        if entry.key.kind == SENSOR and self._decider.roster.halted.get(entry.uid) == DEAD_LETTERS_FULL:
            yield document.finding(
                ("spec",),
                "its dead letters are full: it decides nothing until there is room again, its events wait",
                "mend it and replay them: kikkake replay --failed --sensor "
                f"{entry.key.namespace}/{entry.key.name}",
                code=DEAD_LETTERS_FULL,
            )
        if entry.key.kind != EVENT_SOURCE:
            return
        source = entry.key[1:]
        events = entry.spec.events if isinstance(entry.spec, EventSourceSpec) else ()
        places = {event.name: event.path for event in events}
        old = (problem for problem in self._front.old_secrets() if problem.source == source)
        for problem in (*self._gateway.problems.get(source, ()), *old):
            yield document.finding(
                places.get(problem.event_name, ("spec",)),
                f"event {problem.event_name}: {problem.what}",
                "--port DECLARED=ACTUAL moves it" if problem.code == "PortUnavailable" else "",
                code=problem.code,
                severity=problem.severity,
                scope=Scope.PART,
                part=f"event:{problem.event_name}",
            )

    def _lag(self, entry: Entry) -> int:
        if entry.key.kind != SENSOR:
            return 0
        roster = self._decider.roster
        version_of = roster.versions.get(entry.uid)
        if version_of is None or version_of.state is ResourceState.DELETED:
            return 0
        return max(0, self._bus.head - roster.places.get(entry.uid, roster.place))

    def _urls(self, entry: Entry) -> tuple[str, ...]:
        if not isinstance(entry.spec, EventSourceSpec):
            return ()
        return self._front.urls(entry.key.namespace, entry.key.name)
