"""One event that comes to one trigger: what it holds then, and what fires. Pure.

The same for an event that is judged in its turn and for one that is replayed by hand.
"""

from __future__ import annotations

from typing import NamedTuple

from events.bus import EventRef, TimerChange
from sensors.compile_trigger import CompiledTrigger
from sensors.elapse import Passing, memory_timer
from sensors.filter import Reading
from sensors.held import HeldLayer, MemoryKey
from sensors.judged import Judged
from sensors.memory import Memory, Refs, arrive
from sensors.waiting import Waiting, shown_key, slot_of


class Arrived(NamedTuple):
    """What came of it."""

    memory: Memory
    """What the slot holds now."""
    fired: Refs | None
    timers: tuple[TimerChange, ...]
    passing: Passing | None
    """What came of the oldest key, which had to make room."""


def event_comes(
    judged: Judged,
    trigger: CompiledTrigger,
    waiting: Waiting,
    ref: EventRef,
    reading: Reading,
    *,
    held: HeldLayer,
    at_us: int,
) -> Arrived:
    """Have `ref` arrive at a trigger that needs a memory; `reading` is the event as its dependency sees it.

    Raises NoKey where the trigger correlates and the event has nothing to be correlated by.
    """
    text = _key_text(waiting, ref.dependency, reading)
    key = (judged.sensor.uid, trigger.name, slot_of(text))
    before = held.get(key)
    after, fired = arrive(before, waiting, ref, at_us, shown_key(text))
    held.put(key, after)
    change = memory_timer(key, waiting, before, after)
    passing = None
    owner = key[:2]
    if waiting.max_keys is not None and after and not before and held.count(owner) > waiting.max_keys:
        passing = Passing(judged, held)
        passing.time_out(trigger, waiting, next(iter(held.slots(owner))), at_us)
    return Arrived(after, fired, (change,) if change is not None else (), passing)


def memory_key(uid: str, trigger: str, waiting: Waiting, dependency: str, reading: Reading) -> MemoryKey:
    """Where an event of a dependency is held. Raises NoKey."""
    return (uid, trigger, slot_of(_key_text(waiting, dependency, reading)))


def _key_text(waiting: Waiting, dependency: str, reading: Reading) -> str:
    return waiting.keys[dependency].read(reading) if waiting.keys is not None else ""
