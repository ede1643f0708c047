"""A running process as the APIs see it: a real bus on disk, and a port for orders that remembers them."""

from __future__ import annotations

import http.client
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from events.bus import (
    NewDeadLetter,
    Provenance,
    Publication,
    Receipt,
    ResourceChange,
    ResourceState,
    Step,
)
from events.buses.sqlite import SqliteBus, SqliteSettings, open_bus
from events.clock import SystemClock
from events.errors import Finding
from events.event import Event
from events.topic import Topic
from kikkake.api.services import ApiServices, ResourceReport
from sensors.replay import Action, EventGone, Plan, PlanItem
from sensors.trigger import Preview

PUSH = Topic("ci", "default", "github", "push")


class Order(NamedTuple):
    """What `replay` was asked for."""

    sequence: int
    sensor: str | None
    as_new: bool
    dry_run: bool


class Process(ApiServices):
    """The port `ApiServices` over a real bus; what would need the loops of a gateway is recorded."""

    def __init__(self, bus: SqliteBus) -> None:
        self.bus = bus
        self.orders: list[Order] = []
        self.gone: set[int] = set()
        self.reasons: list[str] = []
        self.faults: list[str] = []

    @property
    def reader(self) -> Any:
        return self.bus.reader()

    def resources(self) -> Sequence[ResourceReport]:
        finding = Finding(
            at="spec.triggers[0]", what="no triggers found", file="sensor.yaml", line=3, column=5
        )
        return [
            ResourceReport(
                kind="Sensor",
                namespace="ci",
                name="build",
                file="sensor.yaml",
                state="refused",
                findings=(finding,),
            )
        ]

    def not_ready(self) -> Sequence[str]:
        return self.reasons

    def not_healthy(self) -> Sequence[str]:
        return self.faults

    def about(self) -> dict[str, str]:
        return {"version": "0.1.0", "cluster": "dry run"}

    async def replay(self, sequence: int, *, sensor: str | None, as_new: bool, dry_run: bool) -> Plan:
        self.orders.append(Order(sequence, sensor, as_new, dry_run))
        if sequence in self.gone:
            raise EventGone(f"event {sequence} is not stored any more")
        item = PlanItem(
            sensor="file:ci/build",
            label="ci/build",
            trigger="job",
            action=Action.CREATE if as_new else Action.RETRY,
            note="was given up: Forbidden",
            preview=Preview(object={"kind": "Job", "metadata": {"name": "build-1"}}) if as_new else None,
        )
        return Plan(sequence=sequence, event_id="d1", items=(item,))

    async def publish(
        self, event_id: str, *, topic: Topic = PUSH, data: bytes = b'{"ref": 1}', **more: Any
    ) -> Receipt:
        event = Event(
            id=event_id, source="github", type="github", datacontenttype="application/json", data=data
        )
        provenance = Provenance(1_763_971_200_000_000, "192.0.2.7", "github", "HMAC-SHA256")
        publication = Publication(topic, msgspec.structs.replace(event, **more), provenance)
        return (await self.bus.publish([publication]))[0]

    async def give_up(self, sequence: int, *, reason: str = "Forbidden") -> None:
        """A Sensor ci/build, and a dead letter of it about one event."""
        runner = await self.bus.take_over()
        change = ResourceChange(
            uid="file:ci/build",
            kind="Sensor",
            namespace="ci",
            name="build",
            state=ResourceState.ACTIVE,
            spec_hash=b"1",
            text=b"{}",
            topics=(PUSH,),
        )
        letter = NewDeadLetter(
            sensor="file:ci/build",
            trigger="job",
            sequence=sequence,
            reason=reason,
            detail="may not create jobs",
        )
        await runner.commit(Step(resources=[change], dead_letters=[letter]))


@asynccontextmanager
async def running_process(folder: Path) -> AsyncIterator[Process]:
    bus = await open_bus(folder, SqliteSettings(), SystemClock())
    try:
        yield Process(bus)
    finally:
        await bus.close()


def call(
    port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], Any]:
    """One request over a socket of its own: status, headers by lower-case name, and the JSON body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        content = None if body is None else json.dumps(body)
        defaults = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, content, {**defaults, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        sent = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, sent, json.loads(text) if "json" in sent.get("content-type", "") else text
    finally:
        connection.close()
