"""The decide loop: read, judge, remember, render, commit (design, section 4).

It owns one runner. Each batch of events becomes one step, so that after a crash either all of it is true or none.
It never waits for an attempt: what a step has made due is offered to the act loop, and is in the store if that is
busy. Sensors that lag (suspended, stopped, just resumed) have a place of their own and catch up in turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from events.bus import (
    BusBroken,
    BusClosed,
    BusReader,
    BusUnavailable,
    Effect,
    ResourceChange,
    ResourceVersion,
    Runner,
    RunnerState,
    Step,
)
from events.clock import US_PER_S, Clock
from events.log import Logger
from events.registry import Registry
from sensors.attempts import opened
from sensors.compile import CompiledSensor
from sensors.draft import Draft
from sensors.judge import build_index
from sensors.quarantine import PROBE, Quarantine
from sensors.recording import record_changes
from sensors.replay import Plan, Replay
from sensors.roster import Roster
from sensors.timers import TimerHandler, Timers
from sensors.trigger import TRIGGERS, Trigger

log = Logger("decide")


Offer = Callable[[Sequence[Effect]], None]
"""Takes effects that were just committed. It never blocks: what finds no room stays in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideSettings:
    """How much one step holds."""

    max_events: int = 256
    """Events of one step. More gain nothing: a commit of this many costs 2 % of judging them."""

    max_judging_s: float = 0.010
    """Seconds of judging and rendering before a step is closed: deliveries wait for the same loop."""

    poison_after_starts: int = 3
    """Unclean starts on the same batch after which its events are tried one by one in a child process."""

    unavailable_pause_s: float = 1.0
    """Seconds to wait when the bus cannot take a step."""


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
        kinds: Registry[Trigger] = TRIGGERS,
        handlers: Mapping[str, TimerHandler] | None = None,
        settings: DecideSettings | None = None,
        probe: Sequence[str] = PROBE,
    ) -> None:
        self._runner = runner
        self._reader = reader
        self._clock = clock
        self._store_key = store_key
        self._offer = offer
        self._look_again = look_again
        self._kinds = kinds
        self._handlers = handlers or {}
        self._settings = settings or DecideSettings()
        self._probe = probe
        self._timers = Timers()
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._quarantine: Quarantine | None = None
        self._roster: Roster | None = None

    @property
    def roster(self) -> Roster:
        """Who takes part, after `load`."""
        if self._roster is None:
            raise RuntimeError("Decider.load comes first")
        return self._roster

    async def load(self) -> RunnerState:
        """Take over the committed state: the last good text of every Sensor, memories, timers, the place."""
        state = await self._runner.load()
        self._roster = Roster(state, self._kinds)
        self._timers = Timers(state.timers)
        refused = {uid: place for uid, place in self._roster.places.items() if uid not in state.lagging}
        if refused:
            # Sensors that this build refuses wait where they are, also over further restarts.
            await self._runner.commit(Step(lagging=dict(refused)))
        if state.unclean_starts >= self._settings.poison_after_starts:
            log.warning("decide.suspicious-batch", place=state.place, starts=state.unclean_starts)
            self._quarantine = Quarantine(self._runner.event, self._store_key, command=self._probe)
        return state

    async def run(self) -> None:
        """Decide until cancelled. Raises RunnerFenced and BusBroken: then this process has to stop."""
        try:
            while True:
                if not await self._worked():
                    await self._wait()
        finally:
            await self._leave_quarantine()

    async def _worked(self) -> bool:
        """One batch; a bus that cannot take it now is asked again after a pause."""
        try:
            return await self.decide_batch()
        except (BusBroken, BusClosed):
            raise
        except BusUnavailable as error:
            log.warning("decide.bus-unavailable", detail=str(error))
        await self._clock.sleep(self._settings.unavailable_pause_s)
        return True

    async def decide_batch(self) -> bool:
        """Judge what can be judged in one step, and one step of one lagging Sensor; False = there was nothing."""
        async with self._turn:
            has_judged = await self._judge_shared()
            has_caught_up = await self._catch_up()
            # What lags may be what ended the process, too: it has to be level before anything is trusted again.
            if not has_caught_up and (not has_judged or self._is_past_suspicion()):
                await self._leave_quarantine()
        return has_judged or has_caught_up

    async def settle_all(self) -> None:
        """Decide until there is nothing left to read: for tests of resources, and for a last look before closing."""
        while await self.decide_batch():
            pass

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
        async with self._turn:
            versions = await record_changes(
                self.roster, self._runner, self._reader, sensors, tuple(deleted), tuple(resources)
            )
        self._changed.set()
        return versions

    async def stop_sensor(self, uid: str, reason: str) -> None:
        """Let a Sensor decide nothing until `resume_sensor`: its dead letters are full (spec: bad-input 5)."""
        async with self._turn:
            roster = self.roster
            if uid in roster.judged and uid not in roster.halted:
                if uid not in roster.places:
                    draft = self._draft()
                    draft.lagging[uid] = roster.place
                    await self._commit(draft)
                roster.halted[uid] = reason

    def resume_sensor(self, uid: str) -> None:
        """Let it catch up from where it stands, unless its own text suspends it."""
        if self.roster.halted.pop(uid, None) is not None:
            self._changed.set()

    async def replay(
        self, sequence: int, *, sensor: str | None = None, as_new: bool = False, dry_run: bool = False
    ) -> Plan:
        """Make sure that everything which this event ought to do is done (spec: bad-input, section 6).

        `sensor` is a uid; None = every interested one. With `as_new` it is done again under a new identity. The plan
        says what is (with `dry_run`: would be) done for each trigger. Raises EventGone.
        """
        async with self._turn:
            draft = Draft(self.roster, self._store_key, due_us=self._clock.now_us())
            replay = Replay(self.roster, self._runner, self._reader, draft)
            plan = await replay.plan(sequence, sensor=sensor, nonce=self._nonce(sequence) if as_new else "")
            if dry_run:
                return plan
            for number in plan.revived:
                await self._runner.revive(number, self._clock.now_us())
            await self._commit(draft)
        if plan.revived:
            self._look_again()
        return plan

    def _draft(self) -> Draft:
        return Draft(self.roster, self._store_key)

    def _nonce(self, sequence: int) -> str:
        """A name of this replay, so that two of the same event are two."""
        return f"{self._clock.now_us():x}-{sequence}"

    async def _judge_shared(self) -> bool:
        """One step of all Sensors that share the runner's place."""
        roster = self.roster
        events = await self._runner.read(roster.place, limit=self._settings.max_events)
        draft = self._draft()
        if not events:
            # Only at the end of the log does the wall's time fire a timer; before, the log's own time does.
            due_us = self._timers.next_due_us()
            if due_us is None or due_us > self._clock.now_us():
                return False
            draft.fire_timers(self._timers, self._clock.now_us(), self._handlers)
        elif self._quarantine is not None:
            self._quarantine.watch(events[-1].sequence)
        index = roster.index
        until_s = time.perf_counter() + self._settings.max_judging_s
        for stored in events:
            draft.fire_timers(self._timers, stored.stored_us, self._handlers)
            interests = index.get(stored.topic, ())
            if interests and (
                self._quarantine is None or await self._quarantine.passes(draft, interests, stored)
            ):
                draft.judge(interests, stored)
                await draft.render(self._runner.event)
            draft.place = stored.sequence
            if time.perf_counter() > until_s:
                break
        await self._commit(draft)
        return True

    async def _catch_up(self) -> bool:
        """One step of the lagging Sensor that is furthest behind, among those that are not stopped."""
        roster = self.roster
        idle = roster.stopped.keys() | roster.halted.keys()
        waiting = [uid for uid in roster.places if uid in roster.judged and uid not in idle]
        if not waiting:
            return False
        uid = min(waiting, key=lambda each: roster.places[each])
        judged = roster.judged[uid]
        # What its quota has made dead letters of while it stood is not judged any more.
        roster.places[uid] = max(roster.places[uid], await self._runner.lagging_place(uid) or 0)
        events = await self._runner.read(
            roster.places[uid], limit=self._settings.max_events, topics=frozenset(judged.sensor.topics)
        )
        # It may come as far as the others are, and shares their place from there on.
        behind = [stored for stored in events if stored.sequence <= roster.place]
        draft = self._draft()
        index = build_index([judged])
        until_s = time.perf_counter() + self._settings.max_judging_s
        judged_events = 0
        for stored in behind:
            earlier = await self._reader.decision(stored.sequence)
            interests = index.get(stored.topic, ())
            if self._quarantine is None or await self._quarantine.passes(draft, interests, stored, earlier):
                draft.judge(interests, stored, earlier=earlier)
                await draft.render(self._runner.event)
            judged_events += 1
            if time.perf_counter() > until_s:
                break
        is_level = judged_events == len(behind) and (not events or len(behind) < len(events))
        draft.lagging[uid] = None if is_level else behind[judged_events - 1].sequence
        await self._commit(draft)
        return True

    async def _commit(self, draft: Draft) -> None:
        """Render, commit, take over, and offer what is due."""
        await draft.render(self._runner.event)
        step = draft.step()
        try:
            receipt = await self._runner.commit(step)
        except BaseException:
            draft.abandoned(self._timers)
            raise
        draft.committed(self._timers)
        if draft.effects:
            at_us = self._clock.now_us()
            self._offer(
                [
                    opened(new, number, version=new.version, at_us=at_us)
                    for new, number in zip(draft.effects, receipt.effect_numbers, strict=True)
                ]
            )

    def _is_past_suspicion(self) -> bool:
        return self._quarantine is not None and self._quarantine.is_behind(self.roster.place)

    async def _leave_quarantine(self) -> None:
        if self._quarantine is not None:
            quarantine, self._quarantine = self._quarantine, None
            await quarantine.close()

    async def _wait(self) -> None:
        """Until there is something to read, a timer falls due, or the Sensors have changed."""
        due_us = self._timers.next_due_us()
        timeout_s = None if due_us is None else max(0.0, (due_us - self._clock.now_us()) / US_PER_S)
        waiting = [
            asyncio.create_task(self._runner.wait(self.roster.place), name="decide:wait-for-events"),
            asyncio.create_task(self._changed.wait(), name="decide:wait-for-changes"),
        ]
        try:
            await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            self._changed.clear()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
