"""Timers of Sensors: what falls due at a time of the log, or at the wall's once the log has been read to its end.

A timer is a row; this is its order in memory. What one does stands in `elapse.py`. A Sensor with a place of its own
has a time of its own too: its timers are taken by whoever judges it, never with those of the others.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable

from events.bus import StoredTimer, TimerChange

TimerKey = tuple[str, str]
"""A Sensor's uid and the timer's key."""

Journal = dict[TimerKey, StoredTimer | None]
"""What timers were before a step changed them."""

_SLACK = 64
"""Entries of a heap beyond twice its timers: with more, those that do not stand any more are thrown out."""


class Timers:
    """The timers of all Sensors, by due time; equal times in the order of Sensor and key.

    A timer that is set again or removed leaves its entry in the heaps until it comes up, or until such entries are as
    many as the others: a window that is long and always met would leave one for each event.
    """

    def __init__(self, stored: Iterable[StoredTimer] = ()) -> None:
        self._by_sensor: dict[str, dict[str, StoredTimer]] = {}
        self._count = 0
        self._shared: list[tuple[int, str, str]] = []
        """Every timer; those of a Sensor that is met while it has a place of its own are dropped."""
        self._own: dict[str, list[tuple[int, str]]] = {}
        """Every timer, by Sensor."""
        for timer in stored:
            self._set(timer)

    def change(self, change: TimerChange, journal: Journal) -> None:
        """Set or remove one as of the step that is being made; `journal` keeps what it was."""
        key = (change.sensor, change.key)
        journal.setdefault(key, self._by_sensor.get(change.sensor, {}).get(change.key))
        if change.due_us is None:
            self._remove(*key)
        else:
            self._set(StoredTimer(change.sensor, change.key, change.due_us, change.payload))

    def restore(self, journal: Journal) -> None:
        """The step was not committed: everything is as before."""
        for key, timer in journal.items():
            if timer is None:
                self._remove(*key)
            else:
                self._set(timer)

    def due(self, until_us: int, lagging: Container[str]) -> StoredTimer | None:
        """The first timer that is due at or before a time, of the Sensors that share the runner's place.

        It stays until it is changed: whoever asks has to do that before asking again.
        """
        first_us = self.next_due_us(lagging)
        if first_us is None or first_us > until_us:
            return None
        _due_us, sensor, key = self._shared[0]
        return self._by_sensor[sensor][key]

    def due_of(self, uid: str, until_us: int) -> StoredTimer | None:
        """The same of one Sensor."""
        first_us = self.next_due_us_of(uid)
        if first_us is None or first_us > until_us:
            return None
        return self._by_sensor[uid][self._own[uid][0][1]]

    def next_due_us(self, lagging: Container[str]) -> int | None:
        """When the first one of those that share the runner's place is due; None = there is none."""
        heap = self._shared
        while heap:
            due_us, sensor, key = heap[0]
            if sensor not in lagging and self.due_us(sensor, key) == due_us:
                return due_us
            heapq.heappop(heap)
        return None

    def next_due_us_of(self, uid: str) -> int | None:
        """When the first one of a Sensor is due; None = it has none."""
        heap = self._own.get(uid, [])
        while heap:
            due_us, key = heap[0]
            if self.due_us(uid, key) == due_us:
                return due_us
            heapq.heappop(heap)
        return None

    def due_us(self, uid: str, key: str) -> int | None:
        """When one timer is due; None = there is no such timer."""
        timer = self._by_sensor.get(uid, {}).get(key)
        return timer.due_us if timer is not None else None

    def join(self, uid: str) -> None:
        """A Sensor shares the runner's place again."""
        for key, timer in self._by_sensor.get(uid, {}).items():
            heapq.heappush(self._shared, (timer.due_us, uid, key))
        self._tidy_shared()

    def keys_of(self, uid: str) -> list[str]:
        """The keys of a Sensor's timers."""
        return sorted(self._by_sensor.get(uid, ()))

    def _set(self, timer: StoredTimer) -> None:
        uid, key = timer.sensor, timer.key
        mine = self._by_sensor.setdefault(uid, {})
        self._count += key not in mine
        mine[key] = timer
        heapq.heappush(self._shared, (timer.due_us, uid, key))
        own = self._own.setdefault(uid, [])
        heapq.heappush(own, (timer.due_us, key))
        if len(own) > 2 * len(mine) + _SLACK:
            own[:] = [(each.due_us, each.key) for each in mine.values()]
            heapq.heapify(own)
        self._tidy_shared()

    def _remove(self, uid: str, key: str) -> None:
        mine = self._by_sensor.get(uid, {})
        if mine.pop(key, None) is None:
            return
        self._count -= 1
        if not mine:
            del self._by_sensor[uid]
            del self._own[uid]

    def _tidy_shared(self) -> None:
        if len(self._shared) > 2 * self._count + _SLACK:
            self._shared[:] = [
                (timer.due_us, timer.sensor, timer.key)
                for mine in self._by_sensor.values()
                for timer in mine.values()
            ]
            heapq.heapify(self._shared)
