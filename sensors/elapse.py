"""What the passing of time does: a memory times out or fires, and a reset lets go of everything. Pure.

Keys of timers: `wait:SLOT:TRIGGER` for one memory, `reset:INDEX:TRIGGER` for an entry of `conditionsReset`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from events.bus import StoredTimer, TimerChange
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger
from sensors.decision import MarkCode
from sensors.effect import Firing
from sensors.held import HeldLayer, MemoryKey
from sensors.judged import Judged
from sensors.memory import EMPTY, Due, Memory, Refs, due_us, elapse
from sensors.waiting import Waiting

_WAIT = "wait"
_RESET = "reset"
_RESET_AT_ONCE = 100
"""Memories: a trigger may have 100,000, and everybody waits for the step that lets go of them."""


def timeout_of(trigger: str) -> str:
    """How the occasion begins of what fires because that trigger gave a memory up."""
    return f"timeout:{trigger}:"


class Release(NamedTuple):
    """An event that a trigger holds no more, and why: a mark for its decision."""

    version: int
    trigger: int
    """Index in the Sensor."""
    sequence: int
    code: MarkCode


def memory_timer(key: MemoryKey, waiting: Waiting, before: Memory, after: Memory) -> TimerChange | None:
    """The timer of a memory that has changed; None where it stays as it is."""
    if not waiting.has_ends:
        return None
    was_us, end_us = due_us(before, waiting), due_us(after, waiting)
    uid, trigger, slot = key
    return None if was_us == end_us else TimerChange(uid, f"{_WAIT}:{slot}:{trigger}", end_us)


def first_resets(sensor: CompiledSensor, now_us: int) -> Iterator[TimerChange]:
    """The timers of a Sensor's resets, as of the step that records it."""
    for trigger in sensor.triggers:
        for index, schedule in enumerate(trigger.waiting.resets if trigger.waiting is not None else ()):
            next_us = schedule.next_us(now_us)
            if next_us is not None:
                yield TimerChange(sensor.uid, f"{_RESET}:{index}:{trigger.name}", next_us)


class Passing:
    """Time that passes over the memories of one Sensor; collects what comes of it, besides changed memories."""

    def __init__(self, judged: Judged, held: HeldLayer) -> None:
        self._sensor = judged.sensor
        self._version = judged.version
        self._held = held
        self.timers: list[TimerChange] = []
        self.firings: list[Firing] = []
        self.releases: list[Release] = []

    def elapse(self, timer: StoredTimer, until_us: int) -> None:
        """Do what a timer says that is due at or before `until_us`; up to then nothing else comes."""
        self.timers.append(TimerChange(timer.sensor, timer.key, None))
        kind, place, name = timer.key.split(":", 2)
        trigger = self._sensor.trigger(name)
        if trigger is None or trigger.waiting is None:
            return
        if kind == _RESET and self._reset(trigger, trigger.waiting):
            self._set_again(timer, trigger.waiting, int(place), until_us)
        elif kind == _RESET:
            self.timers.append(TimerChange(timer.sensor, timer.key, timer.due_us))
        else:
            self._end_wait(timer, trigger, trigger.waiting, place)

    def time_out(self, trigger: CompiledTrigger, waiting: Waiting, slot: str, at_us: int) -> None:
        """Give one memory up: its `onTimeout` gets the events, or they are let go."""
        memory = self._empty(trigger, waiting, slot)
        self._release(trigger, memory.refs, MarkCode.TIMED_OUT)
        target = self._sensor.trigger(waiting.on_timeout) if waiting.on_timeout is not None else None
        if target is not None and memory:
            self._fire(target, memory.refs, at_us, f"{timeout_of(trigger.name)}{slot}:{at_us}")

    def _end_wait(self, timer: StoredTimer, trigger: CompiledTrigger, waiting: Waiting, slot: str) -> None:
        memory = self._held.get((self._sensor.uid, trigger.name, slot))
        match elapse(memory, waiting, timer.due_us):
            case Due.LATER:
                # It was set before an edit, or before a later event: the memory knows better.
                end_us = due_us(memory, waiting)
                if end_us is not None:
                    self.timers.append(TimerChange(timer.sensor, timer.key, end_us))
            case Due.FIRES:
                self._empty(trigger, waiting, slot)
                self._fire(trigger, memory.refs, timer.due_us, "")
                self._release(trigger, memory.refs, MarkCode.FIRED)
            case Due.TIMES_OUT:
                self.time_out(trigger, waiting, slot, timer.due_us)

    def _reset(self, trigger: CompiledTrigger, waiting: Waiting) -> bool:
        """Let go of everything; False = of the first ones, the rest is for another time, before anything else."""
        slots = list(itertools.islice(self._held.slots((self._sensor.uid, trigger.name)), _RESET_AT_ONCE + 1))
        for slot in slots[:_RESET_AT_ONCE]:
            self._release(trigger, self._empty(trigger, waiting, slot).refs, MarkCode.RESET)
        return len(slots) <= _RESET_AT_ONCE

    def _set_again(self, timer: StoredTimer, waiting: Waiting, index: int, until_us: int) -> None:
        """The next one lies behind everything that is past: resets that were missed happen once."""
        if index < len(waiting.resets):
            next_us = waiting.resets[index].next_us(max(until_us, timer.due_us))
            if next_us is not None:
                self.timers.append(TimerChange(timer.sensor, timer.key, next_us))

    def _empty(self, trigger: CompiledTrigger, waiting: Waiting, slot: str) -> Memory:
        """Hold nothing there any more; what was held."""
        key = (self._sensor.uid, trigger.name, slot)
        memory = self._held.get(key)
        self._held.put(key, EMPTY)
        change = memory_timer(key, waiting, memory, EMPTY)
        if change is not None:
            self.timers.append(change)
        return memory

    def _release(self, trigger: CompiledTrigger, refs: Refs, code: MarkCode) -> None:
        sequences = dict.fromkeys(ref.sequence for ref in refs)
        self.releases += [Release(self._version, trigger.index, sequence, code) for sequence in sequences]

    def _fire(self, trigger: CompiledTrigger, refs: Refs, at_us: int, occasion: str) -> None:
        self.firings.append(
            Firing(
                sensor=self._sensor,
                version=self._version,
                trigger=trigger,
                name=trigger.name,
                refs=refs,
                fired_us=at_us,
                sequence=max(ref.sequence for ref in refs),
                occasion=occasion,
            )
        )
