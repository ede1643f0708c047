"""What ought to have come of a log of events: a second, independent account of filters, joins and edits. Pure.

An event that passes the filter of a Sensor with one dependency fires it. A join holds the newest event of each
dependency, fires with all of them as soon as each has one, and then holds nothing. An edit fires nothing; what was
held for a dependency whose filter changed is let go. `waiting_model.py` follows Sensors that wait in other ways.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.crash import waiting_model
from tests.crash.resources import Rule
from tests.crash.ways import SIMPLE

Events = tuple[tuple[str, str], ...]
"""Pairs of dependency and key, sorted."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One event as it was stored, and the edit by which each interested Sensor has judged it."""

    sequence: int
    key: str
    source: str
    group: str
    judged_by: Mapping[str, int]
    stored_at: float = 0.0
    """On the clock of `time.time`."""
    link: str = ""
    """By which it belongs to others."""


@dataclass(frozen=True, slots=True)
class Fired:
    """One effect that there has to be: for which events (dependency, key), and by which edit's trigger."""

    sensor: str
    events: Events
    mark: str


def expected(
    log: Sequence[Logged],
    edits: Mapping[str, Sequence[int]],
    rules: Sequence[Mapping[str, Rule]],
    made: Container[tuple[str, Events]] = (),
) -> list[Fired]:
    """Every effect; those of one Sensor that does not wait in a way of its own in the order of the log.

    `log` in stored order; `edits` has, by Sensor, the edits that the gateway has recorded, in their order (it may
    have missed one while it was down); `rules[edit]` are the Sensors as that edit has them. `made` has (Sensor, events)
    of what there is: it is asked where the log alone cannot tell (`waiting_model.py`).
    """
    fired: list[Fired] = []
    for sensor, recorded in edits.items():
        rule = rules[recorded[0]][sensor]
        if rule.way != SIMPLE:
            fired += _waited(rule, [event for event in log if sensor in event.judged_by], made)
            continue
        judge = _Judge(sensor, [rules[edit][sensor] for edit in recorded], recorded)
        fired += [found for event in log if sensor in event.judged_by for found in judge.judge(event)]
    return fired


def _waited(rule: Rule, log: Sequence[Logged], made: Container[tuple[str, Events]]) -> Iterable[Fired]:
    """Of a Sensor that no edit touches."""
    arrivals = [
        waiting_model.Arrival(dependency, event.key, event.link, event.stored_at)
        for event in log
        for dependency, want in rule.wants
        if want.source == event.source and event.group in want.groups
    ]
    names = [name for name, _want in rule.wants]
    sets = waiting_model.fired_by(rule.sensor, rule.way, names, arrivals, lambda found: found in made)
    return [Fired(found.sensor, found.events, rule.mark) for found in sets]


class _Judge:
    """One Sensor: its rules in the order in which they came into force, and what it holds."""

    def __init__(self, sensor: str, rules: Sequence[Rule], edits: Sequence[int]) -> None:
        self._sensor = sensor
        self._rules = rules
        self._edits = list(edits)
        self._now = 0
        self._held: dict[str, str] = {}

    def judge(self, event: Logged) -> Iterable[Fired]:
        self._advance(self._edits.index(event.judged_by[self._sensor]))
        rule = self._rules[self._now]
        for dependency, want in rule.wants:
            if want.source != event.source or event.group not in want.groups:
                continue
            self._held[dependency] = event.key
            if len(self._held) == len(rule.wants):
                yield Fired(rule.sensor, tuple(sorted(self._held.items())), rule.mark)
                self._held = {}

    def _advance(self, to: int) -> None:
        """Let the edits up to `to` come into force, one by one."""
        while self._now < to:
            before = dict(self._rules[self._now].wants)
            self._now += 1
            for dependency, want in self._rules[self._now].wants:
                if before.get(dependency) != want:
                    self._held.pop(dependency, None)
