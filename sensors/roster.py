"""Who takes part in deciding: the Sensors as of their newest recorded text, and everything that they hold.

Plain state of one runner. It changes only by what a committed step says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from events.bus import MemoryChange, ResourceState, ResourceVersion, RunnerState
from events.errors import ResourceRefused
from events.log import Logger
from events.registry import Registry
from sensors.compile import CompiledSensor, compile_stored
from sensors.judge import Index, Judged, MemoryKey, build_index
from sensors.memory import EMPTY, Memory, decode_memory, encode_memory
from sensors.trigger import Trigger

log = Logger("decide")

_HELD = "held:"
_FAILED = "failed:"

_K = TypeVar("_K")

FailedKey = tuple[str, str, int]
"""A Sensor's uid, a trigger's name, and the sequence of the event that made it fire."""


class Roster:
    """The Sensors of one runner."""

    def __init__(self, state: RunnerState, kinds: Registry[Trigger]) -> None:
        self.judged: dict[str, Judged] = {}
        """By uid; suspended and stopped Sensors included, deleted ones not."""
        self.versions: dict[str, ResourceVersion] = {}
        """The newest version of every resource, deleted ones included while their state is kept."""
        self.places: dict[str, int] = {}
        """Sensors with a place of their own."""
        self.stopped: dict[str, str] = {}
        """Sensors that decide nothing as of their text (suspended, refused); each has a place of its own."""
        self.halted: dict[str, str] = {}
        """Sensors that decide nothing until `Decider.resume_sensor`, and why: an edit does not change that."""
        self._memories: dict[MemoryKey, Memory] = {}
        self._failed: dict[FailedKey, Memory] = {}
        self._index: Index | None = None
        self._kinds = kinds
        self.place = state.place
        self.places.update(state.lagging)
        for version in state.resources:
            self.record(version)
        for stored in state.memories:
            self._remember(stored.sensor, stored.key, decode_memory(stored.state))

    def record(self, version: ResourceVersion, compiled: CompiledSensor | None = None) -> None:
        """Take over a recorded version; `compiled` where its text was just compiled."""
        self.versions[version.uid] = version
        self._index = None
        if version.kind != "Sensor":
            return
        self.judged.pop(version.uid, None)
        self.stopped.pop(version.uid, None)
        if version.state is ResourceState.DELETED:
            self.places.pop(version.uid, None)
            self.halted.pop(version.uid, None)
            return
        if version.state is ResourceState.SUSPENDED:
            self.stopped[version.uid] = "suspended"
        try:
            sensor = compiled or compile_stored(version, kinds=self._kinds)
        except ResourceRefused as refused:
            # An older build took this text. Its events wait until it is mended: nothing is skipped.
            self.stopped[version.uid] = "refused"
            self.places.setdefault(version.uid, self.place)
            _report(version, refused)
            return
        self.judged[version.uid] = Judged(sensor=sensor, version=version.id, starts=version.starts)

    def last_text(self, uid: str) -> CompiledSensor | None:
        """The Sensor as of its newest recorded text, also where it is deleted; None if this build refuses that."""
        judged = self.judged.get(uid)
        if judged is not None:
            return judged.sensor
        version = self.versions.get(uid)
        try:
            return compile_stored(version, kinds=self._kinds) if version is not None else None
        except ResourceRefused:
            return None

    @property
    def index(self) -> Index:
        """Topic to interests of the Sensors that share the runner's place."""
        if self._index is None:
            self._index = build_index(judged for uid, judged in self.judged.items() if uid not in self.places)
        return self._index

    def place_of(self, uid: str) -> int:
        """How far a Sensor has judged: its own place, or the one that all share."""
        return self.places.get(uid, self.place)

    def set_place(self, uid: str, place: int | None) -> None:
        """A place of its own, or None: it shares the runner's."""
        if (uid in self.places) != (place is not None):
            self._index = (
                None  # who shares the place has changed; that a lagging one came further changes nothing
            )
        if place is None:
            self.places.pop(uid, None)
        else:
            self.places[uid] = place

    def held(self, key: MemoryKey) -> Memory:
        """What a trigger holds."""
        return self._memories.get(key, EMPTY)

    def memories_of(self, uid: str) -> dict[str, Memory]:
        """What a Sensor's triggers hold, by name."""
        return {trigger: memory for (sensor, trigger), memory in self._memories.items() if sensor == uid}

    def failed_set(self, key: FailedKey) -> Memory:
        """The events with which a trigger fired that could not be rendered; empty where there was only one."""
        return self._failed.get(key, EMPTY)

    def failed_keys(self, uid: str) -> list[FailedKey]:
        """All such sets of a Sensor, oldest first."""
        return sorted((key for key in self._failed if key[0] == uid), key=lambda key: key[2])

    def apply(self, memories: Mapping[MemoryKey, Memory], failed: Mapping[FailedKey, Memory]) -> None:
        """Take over what a step has committed."""
        for key, memory in memories.items():
            _put(self._memories, key, memory)
        for failed_key, memory in failed.items():
            _put(self._failed, failed_key, memory)

    def forget(self, uid: str) -> None:
        """A deleted Sensor whose state the bus has given up, too."""
        self.versions.pop(uid, None)
        for key in [key for key in self._memories if key[0] == uid]:
            del self._memories[key]
        for failed_key in self.failed_keys(uid):
            del self._failed[failed_key]

    def _remember(self, uid: str, key: str, memory: Memory) -> None:
        if key.startswith(_HELD):
            self._memories[uid, key.removeprefix(_HELD)] = memory
        elif key.startswith(_FAILED):
            sequence, _, trigger = key.removeprefix(_FAILED).partition(":")
            self._failed[uid, trigger, int(sequence)] = memory


def _report(version: ResourceVersion, refused: ResourceRefused) -> None:
    log.error("sensor.refused", sensor=version.uid, version=version.id, faults=str(refused))


def _put(memories: dict[_K, Memory], key: _K, memory: Memory) -> None:
    if memory:
        memories[key] = memory
    else:
        memories.pop(key, None)


def memory_changes(
    memories: Mapping[MemoryKey, Memory], failed: Mapping[FailedKey, Memory]
) -> list[MemoryChange]:
    """The rows of changed memories."""
    changes = [_change(uid, f"{_HELD}{trigger}", memory) for (uid, trigger), memory in memories.items()]
    changes += [
        _change(uid, f"{_FAILED}{sequence}:{trigger}", memory)
        for (uid, trigger, sequence), memory in failed.items()
    ]
    return changes


def held_by_trigger(rows: Iterable[tuple[str, bytes]]) -> dict[str, Memory]:
    """From stored rows (key, state) of one Sensor to what its triggers hold: for `explain`."""
    return {key.removeprefix(_HELD): decode_memory(state) for key, state in rows if key.startswith(_HELD)}


def _change(uid: str, key: str, memory: Memory) -> MemoryChange:
    return MemoryChange(uid, key, encode_memory(memory), tuple(sorted({ref.sequence for ref in memory})))
