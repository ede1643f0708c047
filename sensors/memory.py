"""What a trigger still holds: a pure state machine over references to events, never bodies (spec-sensors 5.2).

One event per dependency, the newest. When the condition holds, the trigger gets everything that is held together
with the new event, and nothing is held any more. A memory survives a restart as msgpack.
"""

from __future__ import annotations

import msgspec

from events.bus import EventRef
from sensors.condition import Condition

Memory = tuple[EventRef, ...]
"""The held events, in the order of the condition's names; empty = nothing is held."""

EMPTY: Memory = ()

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[EventRef, ...])


def step(memory: Memory, condition: Condition, ref: EventRef) -> tuple[Memory, Memory | None]:
    """The memory after an event has passed one dependency, and the set that fires now, if one does.

    An event that serves two dependencies of a trigger steps once for each, in the order of the condition's names:
    so `x || y` fires twice and `x && y` once.
    """
    if not condition.needs_memory:
        return EMPTY, (ref,)
    held = hold(memory, condition, ref)
    if condition.holds(condition.mask([each.dependency for each in held])):
        return EMPTY, held
    return held, None


def hold(memory: Memory, condition: Condition, ref: EventRef) -> Memory:
    """`memory` with `ref` in the place of an older event of the same dependency."""
    by_name = {each.dependency: each for each in memory}
    by_name[ref.dependency] = ref
    return tuple(by_name[name] for name in condition.names if name in by_name)


def keep(memory: Memory, condition: Condition, unchanged: frozenset[str]) -> tuple[Memory, Memory]:
    """What is still held under an edited condition, and what is released (design, section 4, edits).

    Kept is what belongs to a dependency that did not change and that the new condition names. An edit never fires:
    a condition that already holds waits for its next event.
    """
    if not condition.needs_memory:
        return EMPTY, memory
    kept = tuple(
        ref
        for name in condition.names
        for ref in memory
        if ref.dependency == name and ref.dependency in unchanged
    )
    return kept, tuple(ref for ref in memory if ref not in kept)


def encode_memory(memory: Memory) -> bytes | None:
    """As a step stores it; None when nothing is held."""
    return _ENCODER.encode(memory) if memory else None


def decode_memory(state: bytes) -> Memory:
    """What `encode_memory` wrote."""
    return _DECODER.decode(state)
