"""A preparer without workers: what scripts would say is written in the event, and a test decides when they say it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import orjson

from events.event import Event
from events.topic import Topic
from sensors.compile import CompiledSensor
from sensors.dependency import CompiledDependency
from sensors.filter import Code
from sensors.prepared import Prepared
from sensors.script_answers import ScriptedReading


class Willing:
    """Every script passes the events that do not say `"script": false`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """Ids of events, in the order in which they came."""
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def prepare(self, sensor: CompiledSensor, event: Event, topic: Topic) -> Mapping[int, Prepared]:
        self.asked.append(event.id)
        self.is_asked.set()
        await self.may_answer.wait()
        prepared = {}
        for each in sensor.dependencies:
            if each.topic == topic and each.needs_worker:
                reading = ScriptedReading(event)
                says_no = orjson.loads(event.data or b"{}").get("script") is False
                reading.answer(each.script, Code.FILTERED if says_no else Code.PASSED)
                prepared[each.index] = Prepared(reading)
        return prepared

    async def transform(self, sensor: CompiledSensor, dependency: CompiledDependency, event: Event) -> Event:
        del sensor, dependency
        return event
