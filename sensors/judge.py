"""Judging one event: every interested Sensor's filters, conditions and memories. Pure.

The index from topic to Sensors is built when Sensors change; an event costs only those that asked for its topic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from events.bus import EventRef, StoredEvent
from events.topic import Topic
from sensors import memory
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger
from sensors.decision import MarkCode
from sensors.effect import Firing
from sensors.filter import Code, Judge, Reading, pack_verdict
from sensors.memory import EMPTY, Memory

MemoryKey = tuple[str, str]
"""A Sensor's uid and a trigger's name."""

_CRASHED = pack_verdict(Code.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A Sensor that takes part, as of one version of its resource."""

    sensor: CompiledSensor
    version: int
    """`ResourceVersion.id`."""
    starts: Mapping[str, int]
    """Per dependency: it sees events after this sequence."""


@dataclass(frozen=True, slots=True)
class Interest:
    """What one Sensor wants to know of the events of one topic."""

    judged: Judged
    entries: tuple[tuple[int, Judge, int], ...]
    """Per dependency of the topic: index, filters, start."""
    triggers: tuple[tuple[CompiledTrigger, tuple[int, ...]], ...]
    """The triggers that such a dependency may wake, each with those dependencies in its condition's order."""


Index = Mapping[Topic, tuple[Interest, ...]]


@dataclass(slots=True)
class Judgement:
    """What came of one event."""

    decisions: list[tuple[Any, ...]] = field(default_factory=list)
    """In the shape of `SensorDecision`, for `encode_decisions`."""
    firings: list[Firing] = field(default_factory=list)
    memories: dict[MemoryKey, Memory] = field(default_factory=dict)
    """The memories that changed."""
    crashes: list[tuple[str, Exception]] = field(default_factory=list)
    """Bugs: the Sensor (uid) whose filters raised, and what."""


def build_index(sensors: Iterable[Judged]) -> Index:
    """Topic to interests, in the order of the Sensors."""
    index: dict[Topic, list[Interest]] = {}
    for judged in sensors:
        for topic in judged.sensor.topics:
            interest = _interest(judged, topic)
            if interest.entries:
                index.setdefault(topic, []).append(interest)
    return {topic: tuple(interests) for topic, interests in index.items()}


def _interest(judged: Judged, topic: Topic) -> Interest:
    sensor = judged.sensor
    mine = [each for each in sensor.dependencies if each.topic == topic and not each.is_stopped]
    by_name = {each.name: each.index for each in mine}
    triggers = []
    for trigger in sensor.triggers:
        if trigger.is_stopped or trigger.condition is None:
            continue
        woken_by = tuple(by_name[name] for name in trigger.condition.names if name in by_name)
        if woken_by:
            triggers.append((trigger, woken_by))
    entries = tuple((each.index, each.judge, judged.starts.get(each.name, 0)) for each in mine)
    return Interest(judged, entries, tuple(triggers))


def judge_event(
    interests: Sequence[Interest],
    stored: StoredEvent,
    held: Callable[[MemoryKey], Memory],
) -> Judgement:
    """What every interested Sensor says of `stored`, given what is held.

    A dependency is judged once, for however many triggers.
    """
    judgement = Judgement()
    decisions = judgement.decisions
    reading = Reading(stored.event)
    sequence = stored.sequence
    for interest in interests:
        verdicts: list[int] = []
        passed: list[int] = []
        for index, judge, start in interest.entries:
            if sequence <= start:
                continue
            try:
                verdict = judge(reading)
            except Exception as error:  # noqa: BLE001 - a bug in one filter must not stop every other Sensor
                judgement.crashes.append((interest.judged.sensor.uid, error))
                verdict = _CRASHED
            verdicts += (index, verdict)
            if not verdict:
                passed.append(index)
        if verdicts:
            marks = _wake(interest, stored, passed, held, judgement) if passed else ()
            decisions.append((interest.judged.version, verdicts, marks))
    return judgement


def _wake(
    interest: Interest,
    stored: StoredEvent,
    passed: list[int],
    held: Callable[[MemoryKey], Memory],
    judgement: Judgement,
) -> list[tuple[Any, ...]]:
    """Step the triggers that the passed dependencies concern; the marks of the decision."""
    marks: list[tuple[Any, ...]] = []
    sensor = interest.judged.sensor
    names = {each.index: each.name for each in sensor.dependencies}
    for trigger, woken_by in interest.triggers:
        condition = trigger.condition
        for index in woken_by:
            if index not in passed or condition is None:
                continue
            ref = EventRef(names[index], stored.sequence, stored.key)
            key = (sensor.uid, trigger.name)
            before = judgement.memories.get(key)
            before = held(key) if before is None else before
            after, fired = memory.step(before, condition, ref)
            if condition.needs_memory:
                judgement.memories[key] = after
            if fired is None:
                indexes = {name: position for position, name in names.items()}
                marks.append(
                    (trigger.index, int(MarkCode.HELD), [indexes[each.dependency] for each in after])
                )
            else:
                marks.append((trigger.index, int(MarkCode.FIRED)))
                judgement.firings.append(_firing(interest.judged, trigger, fired, stored))
    return marks


def _firing(judged: Judged, trigger: CompiledTrigger, refs: Memory, stored: StoredEvent) -> Firing:
    return Firing(
        sensor=judged.sensor,
        version=judged.version,
        trigger=trigger,
        name=trigger.name,
        refs=refs,
        fired_us=stored.stored_us,
        sequence=stored.sequence,
    )


def nothing_held(_key: MemoryKey) -> Memory:
    """For judging without a past: `kikkake render`, and replays of single events."""
    return EMPTY
