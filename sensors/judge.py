"""Judging one event: every interested Sensor's filters, conditions and memories. Pure.

The index from topic to Sensors is built when Sensors change; an event costs only those that asked for its topic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from events.bus import EventRef, StoredEvent, TimerChange
from events.topic import Topic
from sensors.arrival import event_comes
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger
from sensors.decision import MarkCode
from sensors.effect import Firing
from sensors.elapse import Release
from sensors.filter import Code, Judge, Reading, pack_verdict
from sensors.held import HeldLayer
from sensors.judged import Judged
from sensors.memory import Memory, Refs
from sensors.prepared import Prepared
from sensors.waiting import NoKey, Waiting

_CRASHED = pack_verdict(Code.FAILED)


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
    timers: list[TimerChange] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
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
        waiting = trigger.waiting
        if trigger.is_stopped or waiting is None or waiting.is_only_by_timeout:
            continue
        woken_by = tuple(by_name[name] for name in waiting.condition.names if name in by_name)
        if woken_by:
            triggers.append((trigger, woken_by))
    entries = tuple((each.index, each.judge, judged.starts.get(each.name, 0)) for each in mine)
    return Interest(judged, entries, tuple(triggers))


def judge_event(
    interests: Sequence[Interest],
    stored: StoredEvent,
    held: HeldLayer,
    prepared: Mapping[int, Prepared] | None = None,
) -> Judgement:
    """What every interested Sensor says of `stored`, given what is held; `held` is changed by it.

    A dependency is judged once, for however many triggers. `prepared` are the dependencies, by index, whose event
    was transformed or asked by a script before; a Sensor that has such is judged alone.
    """
    judgement = Judgement()
    reading = Reading(stored.event)
    sequence = stored.sequence
    for interest in interests:
        verdicts: list[int] = []
        passed: list[int] = []
        for index, judge, start in interest.entries:
            if sequence <= start:
                continue
            try:
                verdict = (
                    judge(reading)
                    if prepared is None
                    else judge_prepared(judge, reading, prepared.get(index))
                )
            except Exception as error:  # noqa: BLE001 - a bug in one filter must not stop every other Sensor
                judgement.crashes.append((interest.judged.sensor.uid, error))
                verdict = _CRASHED
            verdicts += (index, verdict)
            if not verdict:
                passed.append(index)
        if verdicts:
            marks = (
                _wake(_Woken(interest, stored, reading, prepared or {}, held, judgement), passed)
                if passed
                else ()
            )
            judgement.decisions.append((interest.judged.version, verdicts, marks))
    return judgement


def judge_prepared(judge: Judge, reading: Reading, prepared: Prepared | None) -> int:
    """The verdict of one dependency, of the event as it came or as it was prepared for it."""
    if prepared is None:
        return judge(reading)
    return prepared.verdict if prepared.verdict is not None else judge(prepared.reading)


class _Woken(NamedTuple):
    """What the triggers of one Sensor look at."""

    interest: Interest
    stored: StoredEvent
    reading: Reading
    prepared: Mapping[int, Prepared]
    held: HeldLayer
    judgement: Judgement


def _wake(woken: _Woken, passed: list[int]) -> list[tuple[Any, ...]]:
    """Have the event come to the triggers that the passed dependencies concern; the marks of the decision."""
    marks: list[tuple[Any, ...]] = []
    interest, stored = woken.interest, woken.stored
    dependencies = {each.index: each.name for each in interest.judged.sensor.dependencies}
    for trigger, woken_by in interest.triggers:
        waiting = trigger.waiting
        for index in woken_by:
            if index not in passed or waiting is None:
                continue
            ref = EventRef(dependencies[index], stored.sequence, stored.key)
            if waiting.needs_memory:
                marks.append(_come(woken, trigger, waiting, ref, index))
            else:
                marks.append((trigger.index, int(MarkCode.FIRED)))
                woken.judgement.firings.append(_firing(interest.judged, trigger, (ref,), stored))
    return marks


def _come(
    woken: _Woken, trigger: CompiledTrigger, waiting: Waiting, ref: EventRef, index: int
) -> tuple[Any, ...]:
    """One event at one trigger that needs a memory; its mark."""
    judged, stored, judgement = woken.interest.judged, woken.stored, woken.judgement
    prepared = woken.prepared.get(index)
    reading = prepared.reading if prepared is not None else woken.reading
    try:
        arrived = event_comes(
            judged,
            trigger,
            waiting,
            ref,
            reading,
            held=woken.held,
            at_us=stored.stored_us,
        )
    except NoKey:
        return (trigger.index, int(MarkCode.NO_KEY))
    judgement.timers += arrived.timers
    if arrived.passing is not None:
        judgement.timers += arrived.passing.timers
        judgement.firings += arrived.passing.firings
        judgement.releases += arrived.passing.releases
    if arrived.fired is not None:
        judgement.firings.append(_firing(judged, trigger, arrived.fired, stored))
        return (trigger.index, int(MarkCode.FIRED))
    return held_mark(judged.sensor, trigger, arrived.memory)


def held_mark(sensor: CompiledSensor, trigger: CompiledTrigger, memory: Memory) -> tuple[Any, ...]:
    """The mark of an event that is held: with which others."""
    indexes = {each.name: each.index for each in sensor.dependencies}
    names = dict.fromkeys(ref.dependency for ref in memory.refs)
    return (trigger.index, int(MarkCode.HELD), [indexes[name] for name in names])


def _firing(judged: Judged, trigger: CompiledTrigger, refs: Refs, stored: StoredEvent) -> Firing:
    return Firing(
        sensor=judged.sensor,
        version=judged.version,
        trigger=trigger,
        name=trigger.name,
        refs=refs,
        fired_us=stored.stored_us,
        sequence=stored.sequence,
    )
