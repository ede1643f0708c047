"""The draft of one step: events are judged into it, what fired is rendered, and then it is committed in one piece.

Until it is committed nothing of it is true: what the roster holds stays as it was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from events.bus import (
    NewDeadLetter,
    NewEffect,
    Step,
    StoredEvent,
    StoredTimer,
    TimerChange,
)
from events.log import Logger
from sensors.decision import MarkCode, encode_decisions, merge_decisions
from sensors.effect import Firing, make_effect
from sensors.judge import Interest, Judgement, MemoryKey, judge_event
from sensors.memory import Memory
from sensors.roster import FailedKey, Roster, memory_changes
from sensors.timers import TimerHandler, Timers
from sensors.trigger import RenderFailed

log = Logger("decide")

Fetch = Callable[[int], Awaitable[StoredEvent | None]]
"""One event of the log by its sequence; None when its body is gone."""

_MAX_DETAIL = 1024
_MAX_FAILED_SETS = 100
"""Joins of one Sensor that failed to render and keep their events; beyond, the oldest lets go of them."""


class Draft:
    """What one step will say."""

    def __init__(self, roster: Roster, store_key: bytes, *, due_us: int | None = None) -> None:
        self._roster = roster
        self._store_key = store_key
        self._due_us = due_us
        """When effects are due; None = when the event that made them fire was stored."""
        self.place: int | None = None
        self.lagging: dict[str, int | None] = {}
        self.effects: list[NewEffect] = []
        self.dead_letters: list[NewDeadLetter] = []
        self.answered_letters: list[int] = []
        self._judged: dict[int, tuple[bytes | None, list[tuple[Any, ...]]]] = {}
        self._decisions: list[tuple[int, bytes]] = []
        self._memories: dict[MemoryKey, Memory] = {}
        self._failed: dict[FailedKey, Memory] = {}
        self._firings: list[Firing] = []
        self._timers: list[TimerChange] = []
        self._taken: list[StoredTimer] = []
        self._events: dict[int, StoredEvent] = {}

    def held(self, key: MemoryKey) -> Memory:
        """What a trigger holds after what was judged so far."""
        memory = self._memories.get(key)
        return self._roster.held(key) if memory is None else memory

    def judge(
        self, interests: Sequence[Interest], stored: StoredEvent, *, earlier: bytes | None = None
    ) -> Judgement:
        """Judge one event; what fires is rendered later. `earlier` are decisions of it that others made before."""
        judgement = judge_event(interests, stored, self.held)
        self._memories.update(judgement.memories)
        if judgement.firings:
            self.fire(judgement.firings, stored)
        for uid, error in judgement.crashes:
            log.bug("filter.crashed", error, sensor=uid, sequence=stored.sequence)
        if judgement.decisions:
            self._judged[stored.sequence] = (earlier, judgement.decisions)
        return judgement

    def fire(self, firings: Sequence[Firing], stored: StoredEvent) -> None:
        """Have these rendered; `stored` is the event that made them fire."""
        self._events[stored.sequence] = stored
        self._firings += firings

    def decide(self, sequence: int, record: bytes) -> None:
        """The decisions of one event."""
        self._decisions.append((sequence, record))

    def remember(
        self, memories: Mapping[MemoryKey, Memory], failed: Mapping[FailedKey, Memory] | None = None
    ) -> None:
        """Change what is held."""
        self._memories.update(memories)
        self._failed.update(failed or {})

    def fire_timers(self, timers: Timers, until_us: int, handlers: Mapping[str, TimerHandler]) -> None:
        """Fire what falls due at or before a time, in order; each may set others that are due as well."""
        while (timer := timers.take_due(until_us)) is not None:
            self._taken.append(timer)
            handler = handlers.get(timer.key.partition(":")[0])
            judged = self._roster.judged.get(timer.sensor)
            if handler is None or judged is None:
                # A newer build set it, or its Sensor is gone: the row stays for who can read it.
                log.warning("timer.unknown", sensor=timer.sensor, timer=timer.key)
                continue
            outcome = handler(timer, judged, self.held)
            self._memories.update(outcome.memories)
            self._firings += outcome.firings
            if all((change.sensor, change.key) != (timer.sensor, timer.key) for change in outcome.timers):
                self._timers.append(TimerChange(timer.sensor, timer.key, None))
            self._timers += outcome.timers
            timers.apply(outcome.timers)

    async def render(self, fetch: Fetch) -> None:
        """Render everything that has fired; what cannot be is a dead letter, and the others go on."""
        firings, self._firings = self._firings, []
        for firing in firings:
            try:
                self.effects.append(await self.effect(firing, fetch))
            except RenderFailed as failed:
                self._bury(firing, failed.reason, failed.detail)
            except Exception as error:  # noqa: BLE001 - a bug in one kind of trigger must not stop every other Sensor
                log.bug("trigger.render-crashed", error, sensor=firing.sensor.uid, trigger=firing.name)
                self._bury(
                    firing, "RenderCrashed", f"a fault of kikkake: {type(error).__name__}; see its log"
                )

    async def effect(self, firing: Firing, fetch: Fetch) -> NewEffect:
        """The rendered effect of one firing; it is not in the draft by this. Raises RenderFailed."""
        events: dict[str, StoredEvent] = {}
        for ref in firing.refs:
            stored = self._events.get(ref.sequence) or await fetch(ref.sequence)
            if stored is None:
                raise RenderFailed(
                    f"the event of `{ref.dependency}` is gone from the store", reason="EventGone"
                )
            events[ref.dependency] = stored
        due_us = firing.fired_us if self._due_us is None else self._due_us
        return make_effect(firing, events, store_key=self._store_key, due_us=due_us)

    def _bury(self, firing: Firing, reason: str, detail: str) -> None:
        uid = firing.sensor.uid
        self._mark_failed(firing)
        self.dead_letters.append(
            NewDeadLetter(
                sensor=uid,
                trigger=firing.name,
                sequence=firing.sequence,
                reason=reason,
                detail=detail[:_MAX_DETAIL],
            )
        )
        if len(firing.refs) > 1 or any(ref.sequence != firing.sequence for ref in firing.refs):
            # The memory is spent, and a replay after a fix of the Sensor needs all the events of the join.
            self._failed[uid, firing.name, firing.sequence] = firing.refs
            kept = self._roster.failed_keys(uid)
            for key in kept[: max(0, len(kept) + 1 - _MAX_FAILED_SETS)]:
                self._failed[key] = ()

    def _mark_failed(self, firing: Firing) -> None:
        """The decision said that it fired, before anybody had tried to render it."""
        _earlier, decisions = self._judged.get(firing.sequence, (None, []))
        fired = (firing.trigger.index, int(MarkCode.FIRED))
        for version, _verdicts, marks in decisions:
            if version == firing.version and fired in marks:
                marks[marks.index(fired)] = (firing.trigger.index, int(MarkCode.RENDER_FAILED))
                return

    def step(self) -> Step:
        """What is committed, once everything is rendered."""
        judged = [
            (sequence, encode_decisions(made) if earlier is None else merge_decisions(earlier, made))
            for sequence, (earlier, made) in self._judged.items()
        ]
        return Step(
            place=self.place,
            decisions=judged + self._decisions,
            memories=memory_changes(self._memories, self._failed),
            timers=self._timers,
            effects=self.effects,
            lagging=self.lagging,
            dead_letters=self.dead_letters,
            answered_letters=self.answered_letters,
        )

    def committed(self, timers: Timers) -> None:
        """The step is committed: now it is true."""
        if self.place is not None:
            self._roster.place = self.place
        for uid, place in self.lagging.items():
            self._roster.set_place(uid, place)
        self._roster.apply(self._memories, self._failed)
        timers.apply(self._timers)

    def abandoned(self, timers: Timers) -> None:
        """The step was not committed: what it took is due again."""
        timers.give_back(self._taken)
