"""Who takes part in deciding: the Sensors as of their newest recorded text, and everything that they hold.

Plain state of one runner. It changes only by what a committed step says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from events.bus import MemoryChange, ResourceState, ResourceVersion, RunnerState
from events.errors import ResourceRefused
from events.log import Logger
from events.registry import Registry
from sensors.compile import CompiledSensor, compile_stored
from sensors.held import Holdings, MemoryKey
from sensors.judge import Index, build_index
from sensors.judged import Judged
from sensors.memory import EMPTY, Memory, decode_memory, encode_memory
from sensors.trigger import Trigger

log = Logger("decide")

_HELD = "held:"
_FAILED = "failed:"

FailedKey = tuple[str, str, int]
"""A Sensor's uid, a trigger's name, and the sequence of the event that made it fire."""


class Roster:
    """The Sensors of one runner."""

    def __init__(
        self, state: RunnerState, kinds: Registry[Trigger], compiled: Mapping[str, CompiledSensor]
    ) -> None:
        """`compiled` has Sensors of this state that somebody has compiled already, by uid."""
        self.judged: dict[str, Judged] = {}
        """By uid; suspended and stopped Sensors included, deleted ones not."""
        self.scripted: dict[str, None] = {}
        """Those of them whose judging needs a worker: they always have a place of their own."""
        self.versions: dict[str, ResourceVersion] = {}
        """The newest version of every resource, deleted ones included while their state is kept."""
        self.places: dict[str, int] = {}
        """Sensors with a place of their own."""
        self.stopped: dict[str, str] = {}
        """Sensors that decide nothing as of their text (suspended, refused); each has a place of its own."""
        self.halted: dict[str, str] = {}
        """Sensors that decide nothing until `Decider.resume_sensor`, and why: an edit does not change that."""
        self.holdings = Holdings()
        """What triggers hold."""
        self._failed: dict[str, dict[FailedKey, Memory]] = {}
        """By uid."""
        self._index: Index | None = None
        self._kinds = kinds
        self.place = state.place
        self.places.update(state.lagging)
        for version in state.resources:
            self.record(version, compiled.get(version.uid))
        held: list[tuple[MemoryKey, Memory]] = []
        for stored in state.memories:
            memory = decode_memory(stored.state)
            if stored.key.startswith(_FAILED):
                sequence, _, trigger = stored.key.removeprefix(_FAILED).partition(":")
                self.apply_failed({(stored.sensor, trigger, int(sequence)): memory})
            else:
                slot, trigger = _slot_and_trigger(stored.key)
                held.append(((stored.sensor, trigger, slot), memory))
        self.holdings.load(held)

    def record(self, version: ResourceVersion, compiled: CompiledSensor | None = None) -> None:
        """Take over a recorded version; `compiled` where its text was just compiled."""
        self.versions[version.uid] = version
        self._index = None
        if version.kind != "Sensor":
            return
        self.judged.pop(version.uid, None)
        self.scripted.pop(version.uid, None)
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
        if sensor.needs_worker:
            self.scripted[version.uid] = None
            self.places.setdefault(version.uid, self.place)

    def label(self, uid: str) -> str:
        """NAMESPACE/NAME of a Sensor, for people; the uid itself where no version of it is known."""
        version = self.versions.get(uid)
        return f"{version.namespace}/{version.name}" if version is not None else uid

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

    def failed_set(self, key: FailedKey) -> Memory:
        """The events with which a trigger fired that could not be rendered, and as its key the occasion.

        Empty where it fired with nothing but the event itself.
        """
        return self._failed.get(key[0], {}).get(key, EMPTY)

    def failed_keys(self, uid: str) -> list[FailedKey]:
        """All such sets of a Sensor, oldest first."""
        return sorted(self._failed.get(uid, ()), key=lambda key: key[2])

    def apply_failed(self, failed: Mapping[FailedKey, Memory]) -> None:
        """Take over what a step has committed of them."""
        for key, memory in failed.items():
            mine = self._failed.setdefault(key[0], {})
            if memory:
                mine[key] = memory
            else:
                mine.pop(key, None)
            if not mine:
                del self._failed[key[0]]

    def forget(self, uid: str) -> None:
        """A deleted Sensor whose state the bus has given up, too."""
        self.versions.pop(uid, None)
        for key in self.holdings.of_sensor(uid):
            self.holdings.put(key, EMPTY)
        self._failed.pop(uid, None)


def _report(version: ResourceVersion, refused: ResourceRefused) -> None:
    log.error("sensor.refused", sensor=version.uid, version=version.id, faults=str(refused))


def memory_changes(
    memories: Mapping[MemoryKey, Memory], failed: Mapping[FailedKey, Memory]
) -> list[MemoryChange]:
    """The rows of changed memories."""
    changes = [
        _change(uid, f"{_HELD}{slot}:{trigger}", memory) for (uid, trigger, slot), memory in memories.items()
    ]
    changes += [
        _change(uid, f"{_FAILED}{sequence}:{trigger}", memory)
        for (uid, trigger, sequence), memory in failed.items()
    ]
    return changes


def held_by_trigger(rows: Iterable[tuple[str, bytes]]) -> dict[str, list[Memory]]:
    """From stored rows (key, state) of one Sensor to what its triggers hold, a memory for each slot."""
    held: dict[str, list[Memory]] = {}
    for key, state in rows:
        if key.startswith(_HELD):
            held.setdefault(_slot_and_trigger(key)[1], []).append(decode_memory(state))
    return held


def _slot_and_trigger(key: str) -> tuple[str, str]:
    slot, _, trigger = key.removeprefix(_HELD).partition(":")
    return slot, trigger


def _change(uid: str, key: str, memory: Memory) -> MemoryChange:
    return MemoryChange(uid, key, encode_memory(memory), tuple(sorted({ref.sequence for ref in memory.refs})))
