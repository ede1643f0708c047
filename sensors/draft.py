"""The draft of one step: events are judged into it, what fired is rendered, and then it is committed in one piece.

Until it is committed nothing of it is true: what the roster holds stays as it was.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from events.bus import NewDeadLetter, NewEffect, Step, StoredEvent, StoredTimer, TimerChange
from events.event import Event
from events.log import Logger
from events.topic import Topic
from sensors.decision import Mark, MarkCode, encode_decisions, merge_decisions, with_mark
from sensors.effect import MAIN, Firing, dlq_firing, make_effect
from sensors.elapse import Passing, Release
from sensors.given import Given
from sensors.held import HeldLayer
from sensors.judge import Interest, Judgement, judge_event
from sensors.memory import EMPTY, Memory
from sensors.prepared import Prepared
from sensors.roster import FailedKey, Roster, memory_changes
from sensors.timers import Journal, Timers
from sensors.trigger import RenderFailed

log = Logger("decide")

Fetch = Callable[[int], Awaitable[StoredEvent | None]]
"""One event of the log by its sequence; None when its body is gone."""

Recorded = Callable[[int], Awaitable[bytes | None]]
"""The recorded decision of one event."""

_MAX_DETAIL = 1024
MAX_MARKED = 256
"""Released events whose decisions one step writes anew; of more (a reset of thousands of keys) `explain` only knows
that they are not held any more."""
_MAX_FAILED_SETS = 100
"""Joins of one Sensor that failed to render and keep their events; beyond, the oldest lets go of them."""


class Draft:
    """What one step will say."""

    def __init__(
        self, roster: Roster, timers: Timers, store_key: bytes, *, due_us: int | None = None
    ) -> None:
        self._roster = roster
        self._timers = timers
        self._store_key = store_key
        self._due_us = due_us
        """When effects are due; None = when the event that made them fire was stored."""
        self.place: int | None = None
        self.topics: set[Topic] = set()
        """Of the events that the shared place has passed."""
        self.lagging: dict[str, int | None] = {}
        self.effects: list[NewEffect] = []
        self.dead_letters: list[NewDeadLetter] = []
        self.answered_letters: list[int] = []
        self.has_fired_timers = False
        self.is_committed = False
        self.held = HeldLayer(roster.holdings)
        """What triggers hold after what was judged so far."""
        self._judged: dict[int, tuple[bytes | None, list[tuple[Any, ...]]]] = {}
        self._decisions: dict[int, bytes] = {}
        self._failed: dict[FailedKey, Memory] = {}
        self._firings: list[Firing] = []
        self._timer_changes: dict[tuple[str, str], TimerChange] = {}
        self._journal: Journal = {}
        self._releases: list[Release] = []
        self._events: dict[int, StoredEvent] = {}

    def judge(
        self,
        interests: Sequence[Interest],
        stored: StoredEvent,
        *,
        earlier: bytes | None = None,
        prepared: Mapping[int, Prepared] | None = None,
    ) -> Judgement:
        """Judge one event; what fires is rendered later. `earlier` are decisions of it that others made before."""
        judgement = judge_event(interests, stored, self.held, prepared)
        self.change_timers(judgement.timers)
        self._releases += judgement.releases
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
        self._decisions[sequence] = record

    def remember_failed(self, failed: Mapping[FailedKey, Memory]) -> None:
        """Change which sets of events could not be rendered."""
        self._failed.update(failed)

    async def pass_time(self, until_us: int, fetch: Fetch, *, until_s: float, uid: str | None = None) -> bool:
        """Fire what falls due at or before a time, in order; each may set others that are due as well.

        Of the Sensors that share the runner's place, or of `uid` alone. False = it was not done by `until_s`, a time
        of `perf_counter`: thousands of windows may end together, and the rest is for further steps.
        """
        while True:
            timers, lagging = self._timers, self._roster.places
            timer = timers.due(until_us, lagging) if uid is None else timers.due_of(uid, until_us)
            if timer is None:
                return True
            if self.has_fired_timers and time.perf_counter() > until_s:
                return False
            self.has_fired_timers = True
            self._fire_timer(timer, until_us)
            await self.render(fetch)

    def _fire_timer(self, timer: StoredTimer, until_us: int) -> None:
        judged = self._roster.judged.get(timer.sensor)
        if judged is None:
            log.warning("timer.unknown", sensor=timer.sensor, timer=timer.key)
            self.change_timers([TimerChange(timer.sensor, timer.key, None)])
            return
        passing = Passing(judged, self.held)
        passing.elapse(timer, until_us)
        self.take_over(passing)

    def take_over(self, passing: Passing) -> None:
        """What the passing of time has brought."""
        self.change_timers(passing.timers)
        self._firings += passing.firings
        self._releases += passing.releases

    def change_timers(self, changes: Sequence[TimerChange]) -> None:
        """Set or remove timers."""
        for change in changes:
            self._timer_changes[change.sensor, change.key] = change
            self._timers.change(change, self._journal)

    async def render(self, fetch: Fetch) -> None:
        """Render everything that has fired; what cannot be is a dead letter, and the others go on."""
        firings, self._firings = self._firings, []
        for firing in firings:
            one: Firing | None = firing
            while one is not None and not await self._has_rendered(one, fetch):
                # As for an effect that was given up: its dlqTrigger gets the same events.
                one = dlq_firing(one)

    async def _has_rendered(self, firing: Firing, fetch: Fetch) -> bool:
        """Render one; False = it is a dead letter."""
        try:
            self.effects.append(await self.effect(firing, fetch))
        except RenderFailed as failed:
            self._bury(firing, failed.reason, failed.detail)
        except Exception as error:  # noqa: BLE001 - a bug in one kind of trigger must not stop every other Sensor
            log.bug("trigger.render-crashed", error, sensor=firing.sensor.uid, trigger=firing.name)
            self._bury(firing, "RenderCrashed", f"a fault of kikkake: {type(error).__name__}; see its log")
        else:
            return True
        return False

    async def effect(self, firing: Firing, fetch: Fetch) -> NewEffect:
        """The rendered effect of one firing; it is not in the draft by this. Raises RenderFailed."""
        events: list[tuple[str, Event]] = []
        for ref in firing.refs:
            stored = self._events.get(ref.sequence) or await fetch(ref.sequence)
            if stored is None:
                raise RenderFailed(
                    f"the event of `{ref.dependency}` is gone from the store", reason="EventGone"
                )
            events.append((ref.dependency, stored.event))
        due_us = firing.fired_us if self._due_us is None else self._due_us
        return make_effect(firing, Given(events), store_key=self._store_key, due_us=due_us)

    def _bury(self, firing: Firing, reason: str, detail: str) -> None:
        uid = firing.sensor.uid
        self._mark_failed(firing)
        self.dead_letters.append(
            NewDeadLetter(
                sensor=uid,
                trigger=firing.name,
                sequence=firing.sequence,
                reason=reason,
                detail=(detail if firing.role == MAIN else f"{firing.role}: {detail}")[:_MAX_DETAIL],
            )
        )
        is_join = len(firing.refs) > 1 or any(ref.sequence != firing.sequence for ref in firing.refs)
        if is_join or firing.occasion:
            # The memory is spent, and a replay after a fix of the Sensor needs all the events and the same identity.
            self._failed[uid, firing.name, firing.sequence] = Memory(firing.refs, firing.occasion)
            kept = self._roster.failed_keys(uid)
            for key in kept[: max(0, len(kept) + 1 - _MAX_FAILED_SETS)]:
                self._failed[key] = EMPTY

    def _mark_failed(self, firing: Firing) -> None:
        """The decision said that it fired, before anybody had tried to render it."""
        _earlier, decisions = self._judged.get(firing.sequence, (None, []))
        fired = (firing.trigger.index, int(MarkCode.FIRED))
        sequences = {ref.sequence for ref in firing.refs}
        self._releases = [
            each._replace(code=MarkCode.RENDER_FAILED)
            if (each.version, each.trigger, each.code) == (firing.version, *fired)
            and each.sequence in sequences
            else each
            for each in self._releases
        ]
        for version, _verdicts, marks in decisions:
            if version == firing.version and fired in marks:
                marks[marks.index(fired)] = (firing.trigger.index, int(MarkCode.RENDER_FAILED))
                return

    async def mark_released(self, recorded: Recorded) -> None:
        """Say in the decisions of released events why they are not held any more."""
        releases, self._releases = self._releases[:MAX_MARKED], []
        for release in releases:
            mark = (release.trigger, int(release.code))
            _earlier, decisions = self._judged.get(release.sequence, (None, []))
            at = next((at for at, each in enumerate(decisions) if each[0] == release.version), None)
            if at is not None:
                version, verdicts, marks = decisions[at]
                decisions[at] = (version, verdicts, [*marks, mark])
                continue
            earlier = self._decisions.get(release.sequence) or await recorded(release.sequence)
            if earlier is not None:
                marked = with_mark(earlier, release.version, Mark(*mark))
                self._decisions[release.sequence] = marked

    def step(self) -> Step:
        """What is committed, once everything is rendered."""
        judged = [
            (sequence, encode_decisions(made) if earlier is None else merge_decisions(earlier, made))
            for sequence, (earlier, made) in self._judged.items()
        ]
        return Step(
            place=self.place,
            decisions=[*judged, *self._decisions.items()],
            memories=memory_changes(self.held.changes, self._failed),
            timers=list(self._timer_changes.values()),
            effects=self.effects,
            lagging=self.lagging,
            dead_letters=self.dead_letters,
            answered_letters=self.answered_letters,
        )

    def committed(self) -> None:
        """The step is committed: now it is true."""
        self.is_committed = True
        if self.place is not None:
            self._roster.place = self.place
        for uid, place in self.lagging.items():
            self._roster.set_place(uid, place)
            if place is None:
                self._timers.join(uid)
        self.held.apply()
        self._roster.apply_failed(self._failed)

    def abandoned(self) -> None:
        """The step was not committed: nothing of it is true."""
        self._timers.restore(self._journal)
