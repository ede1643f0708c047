"""What ought to have come of events that wait: by link, for a time, until it is quiet, in batches, until a reset. Pure.

An independent account, by the times at which the events were stored. One thing it cannot know: whether the wall's
clock fired a timer just before an event came that had been stamped just before the timer's time. Where an event is
that close, both ways are followed, and what was made decides; everything else has to fit that way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from tests.crash.ways import LATE, Way

CLOSE_S = 1.0
"""An event that was stamped this much before a timer's time may come after it: a commit takes as long at most."""

Held = tuple[tuple[str, str], ...]
"""Pairs of dependency and key, in the order in which they came."""


class Arrival(NamedTuple):
    """One event that passed one dependency's filter."""

    dependency: str
    key: str
    link: str
    at_s: float


class Set(NamedTuple):
    """What fired: the Sensor's own trigger, or `LATE`."""

    sensor: str
    events: Held
    """Sorted."""


Seen = Callable[[Set], bool]


class _State(NamedTuple):
    """What one memory is."""

    held: Held = ()
    since_s: float = 0.0
    last_s: float = 0.0
    passed_s: float = 0.0
    """Up to then time has passed: no reset comes twice."""


Branch = tuple[_State, tuple[Set, ...]]


def fired_by(
    sensor: str, way: Way, dependencies: Sequence[str], arrivals: Iterable[Arrival], seen: Seen
) -> list[Set]:
    """Every set that has to have fired once all timers are over; `seen` is asked where the log alone cannot tell."""
    chains: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        chains.setdefault(arrival.link if way.by_link else "", []).append(arrival)
    memory = _Memory(sensor, way, frozenset(dependencies))
    return [found for chain in chains.values() for found in _follow(memory, chain, seen)]


def _follow(memory: _Memory, chain: Sequence[Arrival], seen: Seen) -> tuple[Set, ...]:
    """Along one memory; of several ways the one that explains most of what was made."""
    branches: list[Branch] = [(_State(), ())]
    for arrival in chain:
        branches = _fitting([(fired, memory.arrive(state, arrival)) for state, fired in branches], seen)
    last = _fitting([(fired, [memory.let_pass(state, math.inf)]) for state, fired in branches], seen)
    return max((fired for _state, fired in last), key=len)


def _fitting(steps: Iterable[tuple[tuple[Set, ...], Iterable[Branch]]], seen: Seen) -> list[Branch]:
    """What may have come of a step of each branch: everything that was seen, or else the first for the judge to report.

    `steps` has what a branch had fired before, and what it may have become.
    """
    found: dict[_State, tuple[Set, ...]] = {}
    first: Branch | None = None
    for fired, options in steps:
        for after, more in options:
            all_fired = fired + more
            first = first or (after, all_fired)
            if all(seen(each) for each in more) and len(found.get(after, ())) <= len(all_fired):
                found[after] = all_fired
    assert first is not None
    return list(found.items()) or [first]


class _Memory:
    """The rules of one Sensor."""

    def __init__(self, sensor: str, way: Way, dependencies: frozenset[str]) -> None:
        self._sensor = sensor
        self._way = way
        self._dependencies = dependencies

    def arrive(self, state: _State, arrival: Arrival) -> Iterator[Branch]:
        """What an event makes of it; more than one where a timer was close."""
        yield self._take(self.let_pass(state, arrival.at_s), arrival)
        due_s = self._next_s(state, arrival.at_s)
        if arrival.at_s < due_s < arrival.at_s + CLOSE_S:
            yield self._take(self.let_pass(state, due_s), arrival)

    def let_pass(self, state: _State, until_s: float) -> Branch:
        """Time passes; nothing else comes."""
        if self._reset_s(state.passed_s) <= until_s and until_s != math.inf:
            state = state._replace(held=())
        state = state._replace(passed_s=max(state.passed_s, until_s))
        end_s = self._end_s(state)
        if not state.held or end_s == math.inf or end_s > until_s:
            return state, ()
        name = self._sensor if self._is_complete(state.held) else LATE
        return state._replace(held=()), (Set(name, tuple(sorted(state.held))),)

    def _take(self, branch: Branch, arrival: Arrival) -> Branch:
        state, fired = branch
        others = state.held if self._way.holds_all else self._without(state.held, arrival.dependency)
        since_s = state.since_s if state.held else arrival.at_s
        held = (*others, (arrival.dependency, arrival.key))
        if self._fires_now(held):
            return state._replace(held=()), (*fired, Set(self._sensor, tuple(sorted(held))))
        return state._replace(held=held, since_s=since_s, last_s=arrival.at_s), fired

    def _fires_now(self, held: Held) -> bool:
        if self._way.batch_max is not None:
            return len(held) >= self._way.batch_max
        return self._way.debounce_s is None and self._is_complete(held)

    def _is_complete(self, held: Held) -> bool:
        return {name for name, _key in held} == self._dependencies

    def _next_s(self, state: _State, after_s: float) -> float:
        """When a timer is due next."""
        return min(
            self._end_s(state) if state.held else math.inf, self._reset_s(max(state.passed_s, after_s))
        )

    def _end_s(self, state: _State) -> float:
        """When the memory fires or is given up by the passing of time."""
        if self._way.debounce_s is not None:
            return state.last_s + self._way.debounce_s
        return math.inf if self._way.within_s is None else state.since_s + self._way.within_s

    def _reset_s(self, after_s: float) -> float:
        """The first reset after a time."""
        every_s = self._way.reset_every_s
        return math.inf if every_s is None else (math.floor(after_s / every_s) + 1) * every_s

    @staticmethod
    def _without(held: Held, dependency: str) -> Held:
        return tuple(pair for pair in held if pair[0] != dependency)
