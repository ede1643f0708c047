"""What tests of deciding share: Sensors from YAML, events, and a decider on a real embedded bus."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import orjson

from events.bus import (
    Effect,
    Provenance,
    Publication,
    ResourceState,
    ResourceVersion,
    Standing,
    StoredEvent,
)
from events.buses.sqlite import SqliteBus, SqliteSettings, open_bus
from events.clock import ManualClock
from events.event import Event
from events.registry import Registry
from events.resource import ResourceDocument, read_documents
from events.topic import Topic
from sensors.compile import CompiledSensor, compile_sensor
from sensors.decide import Decider, DecideSettings
from sensors.decision import SensorDecision, decode_decisions
from sensors.trigger import Trigger

KINDS: Registry[Trigger] = Registry("trigger", "tests.sensors.kinds", Trigger, group="kikkake.tests")
START_US = 1_764_000_000_000_000

BUILD = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: build, namespace: ci}
    spec:
      dependencies:
      - name: push
        eventSourceName: github
        eventName: push
        filters:
          data:
          - {path: body.ref, type: string, value: ["^refs/heads/main$"]}
      triggers:
      - template:
          name: job
          record:
            document: {}
            parameters:
            - {src: {dependencyName: push, dataKey: body.sha}, dest: sha}
"""

JOIN = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: join, namespace: ci}
    spec:
      dependencies:
      - {name: a, eventSourceName: source, eventName: a}
      - {name: b, eventSourceName: source, eventName: b}
      triggers:
      - template:
          name: both
          conditions: a && b
          record: {document: {}}
"""


def document(text: str) -> ResourceDocument:
    """The one resource of a YAML text."""
    documents, findings = read_documents(textwrap.dedent(text), "sensor.yaml")
    assert not findings, findings
    assert len(documents) == 1
    return documents[0]


def sensor(text: str) -> CompiledSensor:
    """The compiled Sensor of a YAML text; faults fail the test."""
    return compile_sensor(document(text), kinds=KINDS)


def event(data: object = None, **attributes: object) -> Event:
    """An event with JSON data (bytes are taken as they are)."""
    raw = data if isinstance(data, bytes) or data is None else orjson.dumps(data)
    given = {
        "id": "1",
        "source": "github",
        "type": "github",
        "datacontenttype": "application/json",
        **attributes,
    }
    return Event(data=raw, **given)  # type: ignore[arg-type]  # attributes of a test are what they say


def stored(
    data: object = None, *, sequence: int = 1, topic: Topic | None = None, **attributes: object
) -> StoredEvent:
    """The same as one of the log."""
    one = event(data, **attributes)
    where = topic or Topic("ci", "default", "github", "push")
    return StoredEvent(
        sequence, sequence.to_bytes(32, "big"), where, START_US + sequence, Standing.NEW, PROVENANCE, one
    )


PROVENANCE = Provenance(START_US, "127.0.0.1", "test", "not verified")


def version_of(compiled: CompiledSensor) -> ResourceVersion:
    """As the bus stores it."""
    return ResourceVersion(
        id=1,
        uid=compiled.uid,
        kind="Sensor",
        namespace=compiled.namespace,
        name=compiled.name,
        state=ResourceState.ACTIVE,
        spec_hash=compiled.spec_hash,
        text=compiled.text,
        topics=compiled.topics,
        starts={},
        changed_us=0,
    )


class Taker:
    """Collects what the decider offers, in the place of the act loop."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.looks = 0
        self.has_some = asyncio.Event()

    def offer(self, effects: Sequence[Effect]) -> None:
        self.effects += effects
        self.has_some.set()

    def look_again(self) -> None:
        self.looks += 1

    @property
    def fired(self) -> list[tuple[str, dict[str, str]]]:
        """Trigger name and the ids of its events, in order."""
        return [
            (effect.trigger, orjson.loads(effect.rendered)["events"])
            for effect in self.effects
            if effect.rendered
        ]


class House:
    """A decider on an embedded bus, with the hands of a test."""

    def __init__(self, bus: SqliteBus, clock: ManualClock) -> None:
        self.bus = bus
        self.clock = clock
        self.reader = bus.reader()
        self.taker = Taker()
        self.decider: Decider = None  # type: ignore[assignment]  # set by `start`, before anybody has the house

    async def start(self, **options: object) -> None:
        """Take the runner over and load."""
        self.runner = await self.bus.take_over()
        self.decider = Decider(
            self.runner,
            self.reader,
            self.clock,
            store_key=self.bus.store_key,
            offer=self.taker.offer,
            look_again=self.taker.look_again,
            **{"kinds": KINDS, **options},  # type: ignore[arg-type]  # options of a test are what they say
        )
        await self.decider.load()

    async def apply(self, *texts: str) -> None:
        await self.decider.apply([sensor(text) for text in texts])

    async def publish(self, where: str, data: object = None, **attributes: object) -> int:
        """Publish one event to SOURCE/EVENT in namespace ci; its sequence."""
        source, _, name = where.partition("/")
        topic = Topic("ci", "default", source, name)
        receipts = await self.bus.publish([Publication(topic, event(data, **attributes), PROVENANCE)])
        return receipts[0].sequence

    async def decide(self) -> None:
        await self.decider.settle_all()

    async def decisions(self, sequence: int) -> tuple[SensorDecision, ...]:
        record = await self.reader.decision(sequence)
        assert record is not None
        return decode_decisions(record)


@asynccontextmanager
async def house(path: Path, **options: object) -> AsyncIterator[House]:
    """A house in `path`; it is closed cleanly."""
    clock = ManualClock(START_US)
    bus = await open_bus(path, SqliteSettings(), clock)
    try:
        one = House(bus, clock)
        await one.start(**options)
        yield one
    finally:
        await bus.close()


__all__ = [
    "BUILD",
    "JOIN",
    "DecideSettings",
    "House",
    "Taker",
    "document",
    "event",
    "house",
    "sensor",
    "stored",
]
