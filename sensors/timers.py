"""Timers of Sensors: what falls due at a time of the log, or at the wall's once the log has been read to its end.

A timer is a row; this is its order in memory. What a timer does is the handler's, found by the first part of its
key (`reset:build` belongs to the handler `reset`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from events.bus import StoredTimer, TimerChange
from sensors.effect import Firing
from sensors.judge import Judged, MemoryKey
from sensors.memory import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerOutcome:
    """What a timer made happen. It is removed unless `timers` sets it again."""

    memories: Mapping[MemoryKey, Memory] = field(default_factory=dict)
    timers: tuple[TimerChange, ...] = ()
    firings: tuple[Firing, ...] = ()


TimerHandler = Callable[[StoredTimer, Judged, Callable[[MemoryKey], Memory]], TimerOutcome]
"""Pure: the timer, its Sensor, and what is held."""


class Timers:
    """The timers of all Sensors, by due time; equal times in the order of Sensor and key."""

    def __init__(self, stored: Iterable[StoredTimer] = ()) -> None:
        self._by_key: dict[tuple[str, str], StoredTimer] = {}
        self._heap: list[tuple[int, str, str]] = []
        for timer in stored:
            self._set(timer)

    def apply(self, changes: Iterable[TimerChange]) -> None:
        """Take over what a step has committed."""
        for change in changes:
            if change.due_us is None:
                self._by_key.pop((change.sensor, change.key), None)
            else:
                self._set(StoredTimer(change.sensor, change.key, change.due_us, change.payload))

    def take_due(self, until_us: int) -> StoredTimer | None:
        """The first timer that is due at or before a time; it is given out once."""
        self._drop_stale()
        if not self._heap or self._heap[0][0] > until_us:
            return None
        _due_us, sensor, key = heapq.heappop(self._heap)
        return self._by_key[sensor, key]

    def give_back(self, timers: Iterable[StoredTimer]) -> None:
        """The step with these was not committed: they are due again."""
        for timer in timers:
            self._set(timer)

    def next_due_us(self) -> int | None:
        """When the first one is due; None = there is none."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def _drop_stale(self) -> None:
        while self._heap:
            due_us, sensor, key = self._heap[0]
            timer = self._by_key.get((sensor, key))
            if timer is not None and timer.due_us == due_us:
                return
            heapq.heappop(self._heap)

    def _set(self, timer: StoredTimer) -> None:
        self._by_key[timer.sensor, timer.key] = timer
        heapq.heappush(self._heap, (timer.due_us, timer.sensor, timer.key))
