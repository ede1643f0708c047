"""What a trigger still holds: a pure state machine over references to events, never bodies (spec-sensors 5.2).

When the condition holds, the trigger gets everything that is held together with the new event, and nothing is held
any more. How it waits is its plan (`waiting.py`): the newest event of each dependency or every one, with a limit in
time, until it has become quiet (debounce), or until enough has come (batch). Time is the stored time of events.
A memory survives a restart as msgpack.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

import msgspec

from events.bus import EventRef
from sensors.waiting import Waiting

Refs = tuple[EventRef, ...]

MAX_HELD = 1000
"""Events of one memory; beyond, the oldest of the dependency makes room."""


class Memory(msgspec.Struct, frozen=True, array_like=True):
    """The held events of one trigger, or of one correlation key of it; false where nothing is held."""

    refs: Refs = ()
    """In the order of the condition's names; several of one dependency oldest first."""
    key: str = ""
    """The correlation key, for people; cut where it is long."""
    since_us: int = 0
    """When the first held event was stored."""
    last_us: int = 0
    """When the newest was."""
    ready_us: int | None = None
    """When the condition became complete; None = it is not, or fires at once."""
    first: int = 0
    """Sequence of the first held event, also where a newer one has taken its place: of two memories that began at one
    time it says which is the older."""

    def __bool__(self) -> bool:
        return bool(self.refs)


EMPTY = Memory()

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Memory)


class Arrival(NamedTuple):
    """What an event made of a memory."""

    memory: Memory
    fired: Refs | None
    """The events with which the trigger fires now."""


class Due(enum.Enum):
    """What the passing of time makes of a memory."""

    LATER = enum.auto()
    FIRES = enum.auto()
    """It was complete, and is not added to any more."""
    TIMES_OUT = enum.auto()
    """It never became complete."""


def arrive(memory: Memory, waiting: Waiting, ref: EventRef, at_us: int, key: str = "") -> Arrival:
    """The memory after an event, stored at `at_us`, has passed one dependency.

    An event that serves two dependencies of a trigger arrives once for each, in the order of the condition's names:
    so `x || y` fires twice and `x && y` once.
    """
    if not waiting.needs_memory:
        return Arrival(EMPTY, (ref,))
    refs = _hold(memory.refs, waiting, ref)
    since_us, first = (memory.since_us, memory.first) if memory else (at_us, ref.sequence)
    condition = waiting.condition
    if not condition.holds(condition.mask([each.dependency for each in refs])):
        return Arrival(Memory(refs, key, since_us, at_us, None, first), None)
    if not waiting.collects or (waiting.batch_max is not None and len(refs) >= waiting.batch_max):
        return Arrival(EMPTY, refs)
    ready_us = at_us if memory.ready_us is None else memory.ready_us
    return Arrival(Memory(refs, key, since_us, at_us, ready_us, first), None)


def due_us(memory: Memory, waiting: Waiting) -> int | None:
    """When the passing of time will change the memory; None = never."""
    if not memory:
        return None
    if memory.ready_us is None:
        return None if waiting.within_us is None else memory.since_us + waiting.within_us
    ends = []
    if waiting.debounce_us is not None:
        ends.append(memory.last_us + waiting.debounce_us)
    if waiting.batch_within_us is not None:
        ends.append(memory.ready_us + waiting.batch_within_us)
    return min(ends, default=None)


def elapse(memory: Memory, waiting: Waiting, now_us: int) -> Due:
    """What has become of it by `now_us`."""
    end_us = due_us(memory, waiting)
    if end_us is None or end_us > now_us:
        return Due.LATER
    return Due.TIMES_OUT if memory.ready_us is None else Due.FIRES


def keep(memory: Memory, waiting: Waiting, unchanged: frozenset[str]) -> tuple[Memory, Refs]:
    """What is still held under an edited plan, and what is released (design, section 4, edits).

    Kept is what belongs to a dependency that did not change and that the new condition names. An edit never fires:
    a condition that already holds waits for its next event.
    """
    if not waiting.needs_memory:
        return EMPTY, memory.refs
    refs = tuple(
        ref
        for name in waiting.condition.names
        for ref in memory.refs
        if ref.dependency == name and ref.dependency in unchanged
    )
    if not refs:
        return EMPTY, memory.refs
    is_ready = memory.ready_us is not None and waiting.collects and refs == memory.refs
    kept = msgspec.structs.replace(memory, refs=refs, ready_us=memory.ready_us if is_ready else None)
    return kept, tuple(ref for ref in memory.refs if ref not in refs)


def encode_memory(memory: Memory) -> bytes | None:
    """As a step stores it; None when nothing is held."""
    return _ENCODER.encode(memory) if memory else None


def decode_memory(state: bytes) -> Memory:
    """What `encode_memory` wrote."""
    return _DECODER.decode(state)


def _hold(refs: Refs, waiting: Waiting, ref: EventRef) -> Refs:
    """`refs` with a further event: in the place of an older one of its dependency, or behind it."""
    if ref in refs:
        return refs
    same = tuple(each for each in refs if each.dependency == ref.dependency)
    if not waiting.holds_all:
        same = ()
    elif same and len(refs) >= MAX_HELD:
        same = same[1:]
    by_name = {
        name: tuple(each for each in refs if each.dependency == name) for name in waiting.condition.names
    }
    by_name[ref.dependency] = (*same, ref)
    return tuple(each for name in waiting.condition.names for each in by_name[name])
