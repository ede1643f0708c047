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
from sensors.compile_trigger import CompiledTrigger
from sensors.held import MemoryKey
from sensors.memory import EMPTY, Memory, Refs, keep
from sensors.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Edit:
    """The consequences of a new text."""

    starts: dict[str, int]
    """Per dependency of the new text."""
    memories: dict[MemoryKey, Memory]
    """Those that change, of triggers of the old or the new text: what they hold from now on."""
    released: tuple[tuple[int, EventRef], ...]
    """Index of the old trigger, and an event that it holds no more."""


def plan_edit(
    old: CompiledSensor | None,
    old_starts: Mapping[str, int],
    new: CompiledSensor,
    memories: Mapping[MemoryKey, Memory],
    *,
    old_topics: Collection[Topic] = (),
) -> Edit:
    """From `old` to `new`; `memories` are what its triggers hold.

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
    changed: dict[MemoryKey, Memory] = {}
    released: list[tuple[int, EventRef]] = []
    for key, memory in memories.items():
        old_trigger = old.trigger(key[1]) if old is not None else None
        kept, gone = _keep(old_trigger, new.trigger(key[1]), memory, frozenset(unchanged))
        if kept != memory:
            changed[key] = kept
            released += [(old_trigger.index if old_trigger is not None else -1, ref) for ref in gone]
    return Edit(starts, changed, tuple(released))


def _keep(
    old: CompiledTrigger | None, new: CompiledTrigger | None, memory: Memory, unchanged: frozenset[str]
) -> tuple[Memory, Refs]:
    if new is None:
        return EMPTY, memory.refs
    # A trigger that the edit broke keeps what it holds: the next edit will mend it.
    if new.waiting is None or new.is_stopped:
        return memory, ()
    before = old.waiting if old is not None else None
    if before is None:
        # By what it was correlated is not known any more: it counts as unchanged.
        is_same_key = bool(memory.key) == (new.waiting.keys is not None)
    else:
        is_same_key = _key_texts(before) == _key_texts(new.waiting)
    if not is_same_key:
        # What belongs together is another thing now.
        return EMPTY, memory.refs
    return keep(memory, new.waiting, unchanged)


def _key_texts(waiting: Waiting) -> dict[str, tuple[str, str]] | None:
    if waiting.keys is None:
        return None
    return {name: (key.member, key.path.text) for name, key in waiting.keys.items()}
