"""CPU of deciding, per event: filters, conditions, rendering and the packed record, without and with the bus.

    python -m benchmarks.decide

Three cases: a thousand Sensors with two data filters each on one event; one Sensor with a hundred triggers of which
99 are filtered; compiling a Sensor of 200 lines. Prints min, median and max of five runs.
"""

import asyncio
import statistics
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from events.bus import (
    Effect,
    Provenance,
    Publication,
    ResourceState,
    ResourceVersion,
    RunnerState,
    Standing,
    StoredEvent,
)
from events.buses.sqlite import SqliteSettings, open_bus
from events.clock import SystemClock
from events.event import Event
from events.resource import read_documents
from events.topic import Topic
from sensors.compile import CompiledSensor, check_sensor
from sensors.decide import Decider, DecideSettings
from sensors.draft import Draft
from sensors.roster import Roster
from sensors.timers import Timers
from sensors.trigger import TRIGGERS

TOPIC = Topic("default", "default", "github", "push")
RUNS = 5

TRIGGER = """
  - template:
      name: job-{number}
      conditions: push-{number}
      k8s:
        operation: create
        source:
          resource:
            apiVersion: v1
            kind: ConfigMap
            metadata: {{generateName: build-}}
            data: {{ref: none}}
        parameters:
        - src: {{dependencyName: push-{number}, dataKey: body.ref}}
          dest: data.ref
"""
DEPENDENCY = """
  - name: push-{number}
    eventSourceName: github
    eventName: push
    filters:
      data:
      - {{path: body.ref, type: string, value: ["^refs/heads/main$"]}}
      - {{path: body.repository.full_name, type: string, value: ["^acme/service-{number}$"]}}
"""


def sensor(name: str, numbers: range) -> CompiledSensor:
    return compile_text(sensor_text(name, numbers))


def sensor_text(name: str, numbers: range) -> str:
    text = (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nmetadata: {{name: {name}}}\nspec:\n  dependencies:"
    )
    text += "".join(DEPENDENCY.format(number=number) for number in numbers).rstrip()
    text += "\n  triggers:" + "".join(TRIGGER.format(number=number) for number in numbers)
    return textwrap.dedent(text)


def compile_text(text: str) -> CompiledSensor:
    documents, _findings = read_documents(text, "sensor.yaml")
    compiled, findings = check_sensor(documents[0])
    assert compiled is not None, findings
    return compiled


def event(sequence: int) -> StoredEvent:
    body = {
        "ref": "refs/heads/main",
        "repository": {"full_name": "acme/service-7", "topics": ["x" * 40] * 20},
        "commits": [{"id": "f" * 40, "message": "m" * 200, "added": ["a/b/c.py"] * 5} for _ in range(12)],
    }
    data = orjson.dumps({"body": body, "headers": {"X-Github-Event": ["push"]}})
    one = Event(id=str(sequence), source="github", type="push", datacontenttype="application/json", data=data)
    provenance = Provenance(1, "127.0.0.1", "github", "HMAC-SHA256")
    return StoredEvent(sequence, sequence.to_bytes(32, "big"), TOPIC, 1, Standing.NEW, provenance, one)


def roster(sensors: list[CompiledSensor]) -> Roster:
    versions = tuple(
        ResourceVersion(
            id=number + 1,
            uid=each.uid,
            kind="Sensor",
            namespace=each.namespace,
            name=each.name,
            state=ResourceState.ACTIVE,
            spec_hash=each.spec_hash,
            text=each.text,
            topics=each.topics,
            starts={},
            changed_us=0,
        )
        for number, each in enumerate(sensors)
    )
    return Roster(RunnerState(0, {}, (), (), versions, 0), TRIGGERS)


async def decide(everyone: Roster, events: list[StoredEvent]) -> int:
    """Judge, render and pack each event as a step of its own; the number of effects."""
    effects = 0
    index = everyone.index
    for stored in events:
        draft = Draft(everyone, Timers(), b"k" * 32)
        draft.judge(index.get(stored.topic, ()), stored)
        await draft.render(_nothing)
        effects += len(draft.step().effects)
    return effects


async def _nothing(_sequence: int) -> StoredEvent | None:
    return None


async def decide_stored(sensors: list[CompiledSensor], count: int) -> float:
    """CPU of an event read from, decided on and stored in the embedded bus, each in a step of its own; ms."""
    with TemporaryDirectory() as folder:
        bus = await open_bus(Path(folder), SqliteSettings(), SystemClock())
        effects: list[Effect] = []
        decider = Decider(
            await bus.take_over(),
            bus.reader(),
            SystemClock(),
            store_key=bus.store_key,
            offer=effects.extend,
            look_again=lambda: None,
            settings=DecideSettings(max_events=1),
        )
        await decider.load()
        await decider.apply(sensors)
        for number in range(count):
            stored = event(number + 1)
            await bus.publish([Publication(TOPIC, stored.event, stored.provenance)])
        started = time.process_time()
        await decider.settle_all()
        took_ms = (time.process_time() - started) * 1000 / count
        await bus.close()
        assert len(effects) == count
        return took_ms


def report(what: str, measure: Callable[[], float], unit: str = "ms of CPU") -> None:
    figures = sorted(measure() for _ in range(RUNS))
    low, middle, high = figures[0], statistics.median(figures), figures[-1]
    print(f"{what:58} {low:9.3f} {middle:9.3f} {high:9.3f} {unit}")


def cpu_ms(everyone: Roster, count: int) -> float:
    # New events each time: what a document has been asked before is remembered.
    events = [event(number + 1) for number in range(count)]
    started = time.process_time()
    effects = asyncio.run(decide(everyone, events))
    assert effects == count, effects
    return (time.process_time() - started) * 1000 / count


def main() -> None:
    print(f"{'':58} {'min':>9} {'median':>9} {'max':>9}")
    thousand = roster([sensor(f"s-{number}", range(number, number + 1)) for number in range(1000)])
    report("one event, 1,000 Sensors with two data filters", lambda: cpu_ms(thousand, 100))
    report(
        "the same, read from and stored in SQLite",
        lambda: asyncio.run(decide_stored([each.sensor for each in thousand.judged.values()], 30)),
    )
    many = sensor("many", range(100))
    hundred = roster([many])
    report("one event, one Sensor with 100 triggers, 99 filtered", lambda: cpu_ms(hundred, 300))
    report("the same, read from and stored in SQLite", lambda: asyncio.run(decide_stored([many], 100)))
    text = sensor_text("long", range(9))

    def compiling() -> float:
        started = time.process_time()
        compile_text(text)
        return (time.process_time() - started) * 1000

    report(f"compiling a Sensor of {len(text.splitlines())} lines", compiling)


if __name__ == "__main__":
    main()
