"""The running gateway as the two APIs see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from events.bus import BusReader, ResourceState
from events.buses.sqlite import SqliteBus
from events.clock import format_time
from kikkake.api.services import ResourceReport
from kikkake.catalog import SENSOR, Entry
from kikkake.version import version
from sensors.act import Actor
from sensors.decide import Decider
from sensors.replay import Plan
from sources.server import Front
from sources.source import PushSource
from sources.spec import EventSourceSpec

if TYPE_CHECKING:
    from kikkake.compose import Gateway


class GatewayServices:
    """Answers of one gateway."""

    def __init__(
        self, gateway: Gateway, bus: SqliteBus, decider: Decider, actor: Actor, front: Front
    ) -> None:
        self.is_started = False
        self.is_draining = False
        self._gateway = gateway
        self._bus = bus
        self._decider = decider
        self._actor = actor
        self._front = front
        self._started_us = gateway.now_us()

    @property
    def reader(self) -> BusReader:
        return self._bus.reader()

    def resources(self) -> Sequence[ResourceReport]:
        entries = sorted(self._gateway.catalog.values(), key=lambda entry: entry.key[1:])
        return [self._report(entry) for entry in entries]

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

    def about(self) -> dict[str, str]:
        return {"version": version(), "started": format_time(self._started_us), **self._gateway.about()}

    async def replay(self, sequence: int, *, sensor: str | None, as_new: bool, dry_run: bool) -> Plan:
        return await self._decider.replay(sequence, sensor=sensor, as_new=as_new, dry_run=dry_run)

    def _report(self, entry: Entry) -> ResourceReport:
        return ResourceReport(
            kind=entry.key.kind,
            namespace=entry.key.namespace,
            name=entry.key.name,
            file=entry.file,
            state=entry.state,
            findings=entry.findings,
            lag=self._lag(entry),
            urls=self._urls(entry),
        )

    def _lag(self, entry: Entry) -> int:
        if entry.key.kind != SENSOR:
            return 0
        roster = self._decider.roster
        version_of = roster.versions.get(entry.key.uid)
        if version_of is None or version_of.state is ResourceState.DELETED:
            return 0
        return max(0, self._bus.head - roster.places.get(entry.key.uid, roster.place))

    def _urls(self, entry: Entry) -> tuple[str, ...]:
        if not isinstance(entry.spec, EventSourceSpec):
            return ()
        addresses = self._front.addresses()
        urls = []
        for event in entry.spec.events:
            if (
                isinstance(event.source, PushSource)
                and (endpoint := event.source.endpoint()).port in addresses
            ):
                host, port = addresses[endpoint.port]
                scheme = "https" if endpoint.cert is not None else "http"
                urls.append(f"{scheme}://{host}:{port}{endpoint.path}")
        return tuple(urls)
