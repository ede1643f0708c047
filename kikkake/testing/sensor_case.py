"""Running one case of a SensorTest: its events in order, on the production code path."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from events.bus import Provenance, Publication
from events.clock import ManualClock, format_time, parse_time
from events.errors import Finding
from events.event import JSON, Event
from events.metrics import Metrics
from events.resource import Path, path_text
from events.topic import Topic
from kikkake.testing.artifacts import Artifacts
from kikkake.testing.compare import ABSENT, Difference
from kikkake.testing.front import Front
from kikkake.testing.happened import Happened, Observation, Seen, Verdict
from kikkake.testing.inputs import LoadedSensor, event_data
from kikkake.testing.judge_delivery import judge_delivery
from kikkake.testing.judge_sensor import judge_sensor
from kikkake.testing.outside import Outside, StandIns
from kikkake.testing.reading import LoadedTest
from kikkake.testing.sensor_document import SensorCase, SensorExpect, SensorStep, SensorTest
from kikkake.testing.store import STORE_KEY, Gateway, open_gateway
from kikkake.testing.times import DEFAULT_START, duration_us
from sensors.compile import CompiledSensor
from sensors.prepared import Preparer
from sources.spec import EventSourceSpec

Saw = Callable[[LoadedTest, Path, object], None]
"""Told of every `expect` that was judged: its place, and what happened (`Happened` or `Sent`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorBench:
    """What all cases of one document share."""

    test: LoadedTest
    model: SensorTest
    loaded: LoadedSensor
    sources: Sequence[EventSourceSpec]
    artifacts: Mapping[str, bytes | None]
    metrics: Metrics
    preparer: Preparer
    saw: Saw


async def run_sensor_case(bench: SensorBench, case: SensorCase, index: int) -> list[Difference]:
    """Everything that is not as the case expects. Raises RefusedTest when a file that it needs is not there."""
    path: Path = ("cases", index)
    found = judge_error(bench.loaded, case.expect.error if case.expect is not None else "", path)
    sensor = bench.loaded.sensor
    if sensor is None:
        return [*found, *_judge_refused(case, path)]
    secrets = StandIns(bench.model.secrets, bench.model.config_maps)

    def outside(clock: ManualClock) -> Outside:
        model = bench.model
        return Outside(secrets, model.answers, model.cluster, clock, STORE_KEY, Artifacts(bench.artifacts))

    async with open_gateway(start_us(bench.model, case), outside, [sensor], bench.preparer) as gateway:
        front = Front(bench.sources, gateway, secrets, bench.metrics)
        run = _Run(bench, sensor, gateway, front)
        for number, step in enumerate(case.events):
            found += await run.step(step, (*path, "events", number))
        if case.expect is not None:
            found += run.judge(case.expect, await run.observation.whole(), (*path, "expect"))
        return found + _not_given(gateway)


def _not_given(gateway: Gateway) -> list[Difference]:
    """Artifacts that were asked for: a test of what they become says what they are."""
    look = "give the file that holds it, or null for one that cannot be had"
    return [
        Difference(path_text(("artifacts", name)), "(what it gives)", ABSENT, look)
        for name in gateway.artifacts.missing
    ]


def judge_error(loaded: LoadedSensor, pattern: str, path: Path) -> list[Difference]:
    """Whether the Sensor, or a part of it, is refused exactly where that is expected."""
    where = path_text((*path, "expect", "error"))
    texts = [_finding_text(finding) for finding in loaded.errors]
    if not pattern:
        return [Difference(where, "(no fault in the Sensor)", text) for text in texts]
    if any(re.search(pattern, text) for text in texts):
        return []
    if not texts:
        return [Difference(where, f"/{pattern}/", "(no fault in the Sensor)")]
    return [Difference(where, f"/{pattern}/", text) for text in texts]


def _judge_refused(case: SensorCase, path: Path) -> list[Difference]:
    """A Sensor that is refused as a whole does nothing: whatever else is expected of it does not happen."""
    nothing = Happened(defaultdict(lambda: Verdict("", "the Sensor is refused")), {}, [])
    expected = [
        (step.expect, (*path, "events", index, "expect"))
        for index, step in enumerate(case.events)
        if step.expect is not None
    ]
    if case.expect is not None:
        expected.append((case.expect, (*path, "expect")))
    return [difference for expect, where in expected for difference in judge_sensor(expect, nothing, where)]


def _finding_text(finding: Finding) -> str:
    return f"{finding.file}:{finding.line}:{finding.column}: {finding}"


def start_us(model: SensorTest, case: SensorCase) -> int:
    """`now`, else the time of the first event, else a fixed one."""
    first = next((step.context.get("time") for step in case.events if step.on), None)
    for text in (model.now, first, DEFAULT_START):
        us = parse_time(text) if isinstance(text, str) else None
        if us is not None:
            return us
    raise AssertionError(DEFAULT_START)


class _Run:
    """One case under way."""

    def __init__(self, bench: SensorBench, sensor: CompiledSensor, gateway: Gateway, front: Front) -> None:
        self._bench = bench
        self._sensor = sensor
        self._gateway = gateway
        self._front = front
        self.observation = Observation(gateway, sensor)
        self._seen = Seen()
        self._events = 0
        self._deliveries = 0

    async def step(self, step: SensorStep, path: Path) -> list[Difference]:
        if step.expect is not None:
            return self.judge(step.expect, await self.observation.since(self._seen), (*path, "expect"))
        if step.on:
            await self._event(step, path)
        elif step.restart:
            await self._gateway.restart()
            self._front.restarted()
        elif step.delivery is not None:
            return await self._delivery(step, path)
        else:
            return await move_clock(self._gateway, step.wait, step.at, path)
        return []

    def judge(self, expect: SensorExpect, happened: Happened, path: Path) -> list[Difference]:
        """What is not as `expect`, which stands at `path`, says."""
        self._bench.saw(self._bench.test, path, happened)
        return judge_sensor(expect, happened, path)

    async def _event(self, step: SensorStep, path: Path) -> None:
        self._events += 1
        data = event_data(self._bench.test, step, path)
        given_us = parse_time(step.context["time"]) if step.context.get("time") else None
        if given_us is not None and given_us > self._gateway.clock.now_us():
            await self._gateway.move_to(given_us)
        now_us = self._gateway.clock.now_us()
        event = make_event(step.on, step.context, data, number=self._events, now_us=now_us)
        publication = Publication(self._topic(step.on), event, Provenance(now_us, "", "test", "not verified"))
        await self._gateway.publish([publication])
        await self._gateway.settle()

    def _topic(self, on: str) -> Topic:
        for topic in self._sensor.topics:
            if f"{topic.event_source}/{topic.event_name}" == on:
                return topic
        raise AssertionError(on)

    async def _delivery(self, step: SensorStep, path: Path) -> list[Difference]:
        delivery = step.delivery
        if delivery is None:
            return []
        self._deliveries += 1
        where = (*path, "delivery")
        sent = await self._front.send(self._bench.test, delivery, where, self._deliveries)
        await self._gateway.settle()
        if delivery.expect is not None:
            self._bench.saw(self._bench.test, (*where, "expect"), sent)
            return judge_delivery(delivery.expect, sent, (*where, "expect"))
        if sent.status >= 300 or sent.rejected:
            # Without an expectation of its own it is meant to arrive.
            said = f"{sent.status or 'taken'}" + (f", refused as {sent.rejected}" if sent.rejected else "")
            return [Difference(path_text(where), "(accepted)", said, "say so with `expect: {status: ...}`")]
        return []


async def move_clock(gateway: Gateway, wait: str, at: str, path: Path) -> list[Difference]:
    """`wait` or `at`: a difference where the time lies behind the clock, which never goes back."""
    now_us = gateway.clock.now_us()
    target_us = parse_time(at) if at else now_us + (duration_us(wait) or 0)
    if target_us is None or target_us < now_us:
        return [Difference(path_text((*path, "at")), at, f"the clock is at {format_time(now_us)} already")]
    await gateway.move_to(target_us)
    return []


def make_event(on: str, context: dict[str, Any], data: bytes | None, *, number: int, now_us: int) -> Event:
    """An event as design, section 7, fills it in: null takes an attribute away."""
    source, _, name = on.partition("/")
    members: dict[str, Any] = {
        "id": str(number),
        "source": source,
        "type": "test",
        "subject": name,
        "time": format_time(now_us),
        "datacontenttype": JSON,
        **context,
    }
    members.pop("specversion", None)
    texts = {member: members.pop(member) or "" for member in ("id", "source", "type")}
    optional = {
        member: members.pop(member, None) for member in ("subject", "time", "datacontenttype", "dataschema")
    }
    extensions = {member: value for member, value in members.items() if value is not None}
    return Event(**texts, **optional, extensions=extensions, data=data)
