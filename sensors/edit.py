"""What an edit of a Sensor means for what it has seen and what it holds (design, section 4). Pure.

The place stays, an edit never fires, and held events stay where their dependency did not change. A new dependency
starts at the end of the log; one that only got other filters goes on where it was, so that nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from events.bus import FROM_END, EventRef
from events.topic import Topic
from sensors.compile import CompiledSensor
from sensors.memory import EMPTY, Memory, keep


@dataclass(frozen=True, slots=True)
class Edit:
    """The consequences of a new text."""

    starts: dict[str, int]
    """Per dependency of the new text."""
    memories: dict[str, Memory]
    """Per trigger of the old or the new text whose memory changes: what it holds from now on."""
    released: tuple[tuple[int, EventRef], ...]
    """Index of the old trigger, and an event that it holds no more."""


def plan_edit(
    old: CompiledSensor | None,
    old_starts: Mapping[str, int],
    new: CompiledSensor,
    memories: Mapping[str, Memory],
    *,
    old_topics: Collection[Topic] = (),
) -> Edit:
    """From `old` to `new`; `memories` are what its triggers hold, by name.

    `old` is None for a new Sensor, and for one whose text this build refuses: then `old_topics` are what is known of
    it, and what has the same name and topic counts as unchanged.
    """
    before = {each.name: each for each in old.dependencies} if old is not None else {}
    starts = {}
    unchanged = set()
    for dependency in new.dependencies:
        earlier = before.get(dependency.name)
        if earlier is not None:
            is_same_topic = earlier.topic == dependency.topic
            is_unchanged = is_same_topic and earlier.fingerprint == dependency.fingerprint
        else:
            is_same_topic = is_unchanged = old is None and dependency.topic in old_topics
        starts[dependency.name] = old_starts.get(dependency.name, FROM_END) if is_same_topic else FROM_END
        if is_unchanged:
            unchanged.add(dependency.name)
    changed: dict[str, Memory] = {}
    released: list[tuple[int, EventRef]] = []
    for name, memory in memories.items():
        kept, gone = _keep(new, name, memory, frozenset(unchanged))
        if gone:
            changed[name] = kept
            old_trigger = old.trigger(name) if old is not None else None
            released += [(old_trigger.index if old_trigger is not None else -1, ref) for ref in gone]
    return Edit(starts, changed, tuple(released))


def _keep(new: CompiledSensor, name: str, memory: Memory, unchanged: frozenset[str]) -> tuple[Memory, Memory]:
    trigger = new.trigger(name)
    if trigger is None:
        return EMPTY, memory
    # A trigger that the edit broke keeps what it holds: the next edit will mend it.
    if trigger.condition is None or trigger.is_stopped:
        return memory, EMPTY
    return keep(memory, trigger.condition, unchanged)
