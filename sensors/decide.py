"""The decide loop: read, judge, remember, render, commit (design, section 4).

It owns one runner. Each batch of events becomes one step, so that after a crash either all of it is true or none.
It never waits for an attempt: what a step has made due is offered to the act loop, and is in the store if that is
busy. Sensors that lag (suspended, stopped, just resumed) have a place of their own and catch up in turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from events.bus import (
    BusReader,
    ResourceChange,
    ResourceVersion,
    Runner,
    RunnerState,
    Step,
    StoredEvent,
)
from events.clock import US_PER_S, Clock
from events.log import Logger
from events.registry import Registry
from sensors.catch_up import Stragglers
from sensors.compile import CompiledSensor
from sensors.desk import DecideSettings, Desk, Offer
from sensors.draft import Draft
from sensors.prepared import Preparer
from sensors.quarantine import PROBE, Quarantine
from sensors.recording import record_changes
from sensors.replay import Plan, Replay, run_programs
from sensors.roster import Roster
from sensors.scripted_lanes import ScriptedLanes
from sensors.trigger import TRIGGERS, Trigger

ReadStored = Callable[[Sequence[ResourceVersion]], Mapping[str, CompiledSensor]]
"""Sensors of stored texts, by uid, as far as they can be read; called in a thread."""

log = Logger("decide")


class Decider:
    """Decides for every Sensor of one runner.

    `offer` gets what steps have committed; `look_again` is called when a replay has opened a dead effect again, so
    that the act loop reads the store. Neither is called before `load`.
    """

    def __init__(  # noqa: PLR0913 - wired in one place, kikkake/compose.py
        self,
        runner: Runner,
        reader: BusReader,
        clock: Clock,
        *,
        store_key: bytes,
        offer: Offer,
        look_again: Callable[[], None],
        preparer: Preparer | None = None,
        kinds: Registry[Trigger] = TRIGGERS,
        settings: DecideSettings | None = None,
        probe: Sequence[str] = PROBE,
    ) -> None:
        self._runner = runner
        self._reader = reader
        self._clock = clock
        self._store_key = store_key
        self._offer = offer
        self._look_again = look_again
        self._preparer = preparer
        self._kinds = kinds
        self._settings = settings or DecideSettings()
        self._probe = probe
        self._changed = asyncio.Event()
        self._quarantine: Quarantine | None = None
        self._desk: Desk | None = None
        self._stragglers: Stragglers
        self._lanes: ScriptedLanes

    @property
    def desk(self) -> Desk:
        """What the loops share, after `load`."""
        if self._desk is None:
            raise RuntimeError("Decider.load comes first")
        return self._desk

    @property
    def roster(self) -> Roster:
        """Who takes part, after `load`."""
        return self.desk.roster

    async def load(self, read: ReadStored = lambda _versions: {}) -> RunnerState:
        """Take over the committed state: the last good text of every Sensor, memories, timers, the place.

        `read` gives the Sensors, by uid, that the caller compiles anyway; the others are compiled here.
        """
        state = await self._runner.load()
        compiled = await asyncio.to_thread(read, state.resources)
        self._desk = Desk(
            self._runner,
            self._reader,
            self._clock,
            state,
            store_key=self._store_key,
            offer=self._offer,
            kinds=self._kinds,
            settings=self._settings,
            compiled=compiled,
        )
        self._stragglers = Stragglers(self._desk)
        self._lanes = ScriptedLanes(self._desk, self._preparer, lambda: self._quarantine)
        refused = {uid: place for uid, place in self.roster.places.items() if uid not in state.lagging}
        if refused:
            # Sensors that this build refuses wait where they are, also over further restarts.
            await self._runner.commit(Step(lagging=dict(refused)))
        if state.unclean_starts >= self._settings.poison_after_starts:
            log.warning("decide.suspicious-batch", place=state.place, starts=state.unclean_starts)
            self._quarantine = Quarantine(self._runner.event, self._store_key, command=self._probe)
        return state

    async def run(self) -> None:
        """Decide until cancelled. Raises RunnerFenced and BusBroken: then this process has to stop."""
        lanes = asyncio.create_task(self._lanes.run(), name="decide:scripted")
        try:
            while True:
                if lanes.done():
                    lanes.result()
                if not await self.desk.patiently(self.decide_batch):
                    await self._wait(lanes)
        finally:
            lanes.cancel()
            await asyncio.gather(lanes, return_exceptions=True)
            await self._leave_quarantine()

    async def decide_batch(self) -> bool:
        """Judge what can be judged in one step, and one step of one lagging Sensor; False = there was nothing."""
        async with self.desk.turn:
            has_judged = await self._judge_shared()
            has_caught_up = await self._stragglers.catch_up(self._quarantine)
            # What lags may be what ended the process, too: it has to be level before anything is trusted again.
            if (
                self._is_past_suspicion(has_judged=has_judged)
                and not has_caught_up
                and self._lanes.are_level()
            ):
                await self._leave_quarantine()
        return has_judged or has_caught_up

    async def settle_all(self) -> None:
        """Decide until there is nothing left to read: for tests of resources, and for a last look before closing."""
        while await self.decide_batch() or await self._lanes.decide_once():
            pass

    def next_due_us(self) -> int | None:
        """When the passing of time changes something next: a reset, a window, a debounce; None = never."""
        roster, timers = self.roster, self.desk.timers
        due = [timers.next_due_us(roster.places), *(timers.next_due_us_of(uid) for uid in self._lanes.uids())]
        return min((us for us in due if us is not None), default=None)

    def sensor(self, uid: str) -> CompiledSensor | None:
        """The Sensor that decides now, as compiled."""
        judged = self.roster.judged.get(uid)
        return judged.sensor if judged is not None else None

    async def apply(
        self,
        sensors: Sequence[CompiledSensor] = (),
        *,
        deleted: Iterable[str] = (),
        resources: Sequence[ResourceChange] = (),
    ) -> tuple[ResourceVersion, ...]:
        """Record new texts, as one step: from then on they judge. Equal texts change nothing.

        `deleted` are uids; `resources` go into the same step as they are (EventSources). Gives the versions that
        were recorded. A text that was refused is simply not given here: the last good one stays.
        """
        async with self.desk.turn:
            versions = await record_changes(self.desk, sensors, tuple(deleted), tuple(resources))
        self.desk.tell_changed()
        self._changed.set()
        return versions

    async def stop_sensor(self, uid: str, reason: str) -> None:
        """Let a Sensor decide nothing until `resume_sensor`: its dead letters are full (spec: bad-input 5)."""
        async with self.desk.turn:
            roster = self.roster
            if uid in roster.judged and uid not in roster.halted:
                if uid not in roster.places:
                    with self.desk.drafting() as draft:
                        draft.lagging[uid] = roster.place
                        await self.desk.commit(draft)
                roster.halted[uid] = reason
                self.desk.tell_changed()

    def resume_sensor(self, uid: str) -> None:
        """Let it catch up from where it stands, unless its own text suspends it."""
        if self.roster.halted.pop(uid, None) is not None:
            self.desk.tell_changed()
            self._changed.set()

    async def replay(
        self,
        sequence: int,
        *,
        sensor: str | None = None,
        as_new: bool = False,
        nonce: str = "",
        dry_run: bool = False,
    ) -> Plan:
        """Make sure that everything which this event ought to do is done (spec: bad-input, section 6).

        `sensor` is a uid; None = every interested one. With `as_new` it is done again under a new identity, and with a
        `nonce` under that of the nonce: the same one does it once. The plan
        says what is (with `dry_run`: would be) done for each trigger. Raises EventGone, SandboxBusy,
        SandboxUnavailable.
        """
        programs = await run_programs(self.desk, self._preparer, sequence, sensor=sensor)
        async with self.desk.turn:
            with self.desk.drafting(due_us=self._clock.now_us()) as draft:
                replay = Replay(self.desk, draft, self._preparer, programs)
                plan = await replay.plan(
                    sequence, sensor=sensor, nonce=nonce or (self._nonce(sequence) if as_new else "")
                )
                if dry_run:
                    return plan
                for number in plan.revived:
                    await self._runner.revive(number, self._clock.now_us())
                await self.desk.commit(draft)
        if plan.revived:
            self._look_again()
        return plan

    def _nonce(self, sequence: int) -> str:
        """A name of this replay, so that two of the same event are two."""
        return f"{self._clock.now_us():x}-{sequence}"

    async def _judge_shared(self) -> bool:
        """One step of all Sensors that share the runner's place."""
        roster = self.roster
        events = await self._runner.read(roster.place, limit=self._settings.max_events)
        if events and self._quarantine is not None:
            self._quarantine.watch(events[-1].sequence)
        with self.desk.drafting() as draft:
            until_s = time.perf_counter() + self._settings.max_judging_s
            if events:
                await self._judge_into(draft, events, until_s)
            else:
                # Only at the end of the log does the wall's time fire a timer; before, the log's own time does.
                await draft.pass_time(self._clock.now_us(), self._runner.event, until_s=until_s)
                if not draft.has_fired_timers:
                    return False
            draft.lagging.update(self._lanes.taken_along())
            await self.desk.commit(draft)
        return True

    async def _judge_into(self, draft: Draft, events: Sequence[StoredEvent], until_s: float) -> None:
        """As many of `events`, and of the timers before them, as the time of one step allows; at least one."""
        index = self.roster.index
        for stored in events:
            if not await draft.pass_time(stored.stored_us, self._runner.event, until_s=until_s):
                return
            interests = index.get(stored.topic, ())
            if interests and (
                self._quarantine is None or await self._quarantine.passes(draft, interests, stored)
            ):
                draft.judge(interests, stored)
                await draft.render(self._runner.event)
            draft.place = stored.sequence
            draft.topics.add(stored.topic)
            if time.perf_counter() > until_s:
                break

    def _is_past_suspicion(self, *, has_judged: bool) -> bool:
        quarantine = self._quarantine
        return quarantine is not None and (not has_judged or quarantine.is_behind(self.roster.place))

    async def _leave_quarantine(self) -> None:
        if self._quarantine is not None:
            quarantine, self._quarantine = self._quarantine, None
            await quarantine.close()

    async def _wait(self, lanes: asyncio.Task[None]) -> None:
        """Until there is something to read, a timer falls due, the Sensors have changed, or the lanes have failed."""
        due_us = self.desk.timers.next_due_us(self.roster.places)
        waiting: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._runner.wait(self.roster.place), name="decide:wait-for-events"),
            asyncio.create_task(self._changed.wait(), name="decide:wait-for-changes"),
        ]
        if due_us is not None:
            seconds = max(0.0, (due_us - self._clock.now_us()) / US_PER_S)
            waiting.append(asyncio.create_task(self._clock.sleep(seconds), name="decide:wait-for-timer"))
        try:
            await asyncio.wait([*waiting, lanes], return_when=asyncio.FIRST_COMPLETED)
            self._changed.clear()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
