"""Everything that triggers hold: what is committed, and a layer over it for the step that is being made.

A memory belongs to a Sensor, a trigger, and a slot: the digest of a correlation key, or empty where all events belong
together. Slots of a trigger are known by age, so that the oldest can make room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sensors.memory import EMPTY, Memory

MemoryKey = tuple[str, str, str]
"""A Sensor's uid, a trigger's name, and the slot."""

TriggerKey = tuple[str, str]
"""A Sensor's uid and a trigger's name."""


class Holdings:
    """What is committed."""

    def __init__(self) -> None:
        self._memories: dict[MemoryKey, Memory] = {}
        self._slots: dict[TriggerKey, dict[str, None]] = {}

    def get(self, key: MemoryKey) -> Memory:
        """What is held there; empty where nothing is."""
        return self._memories.get(key, EMPTY)

    def put(self, key: MemoryKey, memory: Memory) -> None:
        """Hold that, or nothing."""
        uid, trigger, slot = key
        if memory:
            self._memories[key] = memory
            self._slots.setdefault((uid, trigger), {}).setdefault(slot)
        elif self._memories.pop(key, None) is not None:
            slots = self._slots[uid, trigger]
            del slots[slot]
            if not slots:
                del self._slots[uid, trigger]

    def load(self, stored: Iterable[tuple[MemoryKey, Memory]]) -> None:
        """Take over what was stored, oldest first."""
        # Events that were stored together have one time; then the log says which came first.
        for key, memory in sorted(stored, key=lambda pair: (pair[1].since_us, pair[1].first)):
            self.put(key, memory)

    def slots(self, trigger: TriggerKey) -> dict[str, None]:
        """The slots in which the trigger holds something, oldest first."""
        return self._slots.get(trigger, {})

    def of_sensor(self, uid: str) -> dict[MemoryKey, Memory]:
        """Everything that one Sensor holds."""
        return {
            (uid, trigger, slot): self._memories[uid, trigger, slot]
            for owner, trigger in self._slots
            if owner == uid
            for slot in self._slots[owner, trigger]
        }


class HeldLayer:
    """What will be held once the step is committed. Nothing of it is true before `apply`."""

    def __init__(self, below: Holdings) -> None:
        self._below = below
        self.changes: dict[MemoryKey, Memory] = {}
        self._emptied: dict[TriggerKey, set[str]] = {}
        """Slots of the committed state that the step has emptied, also where they were filled again."""
        self._added: dict[TriggerKey, dict[str, None]] = {}

    def get(self, key: MemoryKey) -> Memory:
        """What is held there, after what the step did so far."""
        memory = self.changes.get(key)
        return self._below.get(key) if memory is None else memory

    def put(self, key: MemoryKey, memory: Memory) -> None:
        """Hold that, or nothing, from this step on."""
        before = self.get(key)
        uid, trigger, slot = key
        owner = (uid, trigger)
        self.changes[key] = memory
        if memory and not before:
            self._added.setdefault(owner, {})[slot] = None
        elif before and not memory:
            added = self._added.get(owner, {})
            if slot in added:
                del added[slot]
            else:
                self._emptied.setdefault(owner, set()).add(slot)

    def slots(self, trigger: TriggerKey) -> Iterator[str]:
        """The slots in which the trigger holds something, oldest first."""
        emptied = self._emptied.get(trigger, set())
        yield from (slot for slot in self._below.slots(trigger) if slot not in emptied)
        yield from self._added.get(trigger, {})

    def count(self, trigger: TriggerKey) -> int:
        """How many slots the trigger holds something in."""
        return (
            len(self._below.slots(trigger))
            - len(self._emptied.get(trigger, ()))
            + len(self._added.get(trigger, ()))
        )

    def apply(self) -> None:
        """The step is committed: now it is held."""
        for (uid, trigger), emptied in self._emptied.items():
            # Also those that were filled again: they are the youngest now.
            for slot in emptied:
                self._below.put((uid, trigger, slot), EMPTY)
        for (uid, trigger), added in self._added.items():
            for slot in added:
                self._below.put((uid, trigger, slot), self.changes[uid, trigger, slot])
        for key, memory in self.changes.items():
            self._below.put(key, memory)
