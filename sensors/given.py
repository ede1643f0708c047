"""The events that a trigger is given: the newest of each dependency, and every one where several were held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from events.event import Event


class Given(dict[str, Event]):
    """By dependency the newest event, in the order of the Sensor; `every` finds the older ones."""

    def __init__(self, events: Iterable[tuple[str, Event]], *, now_us: int = 0) -> None:
        """`events` may name a dependency several times, oldest first; `now_us` is what templates call now."""
        self.now_us = now_us
        self.lists: dict[str, list[Event]] = {}
        for name, event in events:
            self.lists.setdefault(name, []).append(event)
        super().__init__({name: held[-1] for name, held in self.lists.items()})


def every(events: Mapping[str, Event], name: str) -> list[Event]:
    """All events of a dependency, oldest first; none where it is absent."""
    if isinstance(events, Given):
        return events.lists.get(name, [])
    return [events[name]] if name in events else []


def now_of(events: Mapping[str, Event]) -> int:
    """What templates call now: when the trigger fired, so that a repetition prints the same."""
    return events.now_us if isinstance(events, Given) else 0


def pairs(events: Mapping[str, Event]) -> Iterator[tuple[str, Event]]:
    """Every event with its dependency."""
    for name in events:
        for event in every(events, name):
            yield name, event
