"""Sensors whose judging needs a worker (jq, Lua): each has a lane and a place of its own, and delays no other.

A lane reads behind the shared place, has the events transformed and asked by scripts without holding anybody up, and
takes its turn only to judge what was prepared and to commit.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from events.bus import StoredEvent
from events.clock import US_PER_S
from events.log import Logger
from sensors.desk import Desk, Watch
from sensors.draft import Draft
from sensors.judge import build_index
from sensors.judged import Judged
from sensors.prepared import Prepared, Preparer, prepare_event
from sensors.quarantine import Quarantine
from sensors.sandbox import SandboxBusy, SandboxUnavailable

log = Logger("decide")

_MAX_EVENTS = 64
_MAX_PREPARING_S = 0.1
"""Seconds after which what is prepared is judged: the rest waits for the next step."""
_FAR = 10_000
"""Events of others after which the places of lanes that rest are stored anew, so that a restart reads less."""

Ready = list[tuple[StoredEvent, Mapping[int, Prepared]]]


class ScriptedLanes:
    """The lanes of one runner."""

    def __init__(
        self, desk: Desk, preparer: Preparer | None, quarantine: Callable[[], Quarantine | None]
    ) -> None:
        self._desk = desk
        self._preparer = preparer
        self._quarantine = quarantine
        self._next = asyncio.Lock()
        """Held by the lane that waits for its turn: the shared place then waits for one of them, never for all."""
        self._level_at: dict[str, int] = {}
        """The shared place up to which a lane has nothing more to read."""
        self._resting: dict[str, Watch] = {}
        """Lanes that are level and wait for an event of theirs."""
        self._ahead: set[str] = set()
        """Lanes whose next event lies ahead of the shared place: until it has passed, no timer of theirs is due."""
        self._taken_along_at = desk.roster.place

    def uids(self) -> list[str]:
        """The Sensors that have a lane and may decide."""
        return [uid for uid in self._desk.roster.scripted if self._judged(uid) is not None]

    def are_level(self) -> bool:
        """Whether every lane has come as far as the others are."""
        place = self._desk.roster.place
        return all(self._level_place(uid) >= place for uid in self.uids())

    def taken_along(self) -> dict[str, int]:
        """Places of lanes that rest, for a step of the shared place to store, now and then."""
        place = self._desk.roster.place
        if place - self._taken_along_at < _FAR:
            return {}
        self._taken_along_at = place
        return {uid: place for uid in self._resting if self._level_place(uid) >= place}

    async def run(self) -> None:
        """One task for each lane, for as long as there is one. Raises what ends the process."""
        tasks: dict[str, asyncio.Task[None]] = {}
        watch = self._desk.watch(frozenset())
        try:
            while True:
                watch.moved.clear()
                await self._match(tasks)
                await _first_of(watch.moved, list(tasks.values()))
        finally:
            self._desk.unwatch(watch)
            await _end(list(tasks.values()))

    async def _match(self, tasks: dict[str, asyncio.Task[None]]) -> None:
        for uid, task in list(tasks.items()):
            if task.done():
                task.result()
                del tasks[uid]
        wanted = dict.fromkeys(self.uids())
        await _end([tasks.pop(uid) for uid in list(tasks) if uid not in wanted])
        for uid in wanted:
            if uid not in tasks:
                tasks[uid] = asyncio.create_task(self._run_lane(uid), name=f"decide:{uid}")

    async def _run_lane(self, uid: str) -> None:
        """Until its Sensor may not decide any more, or is another kind of Sensor."""
        while (judged := self._judged(uid)) is not None:
            watch = self._desk.watch(frozenset(judged.sensor.topics))
            try:
                while await self._desk.patiently(functools.partial(self._step, uid)):
                    pass
                if self._judged(uid) is not None:
                    await self._rest(uid, watch)
            finally:
                self._desk.unwatch(watch)

    async def decide_once(self) -> bool:
        """One step of each lane; False = none had anything to do."""
        has_worked = [await self._step(uid) for uid in self.uids()]
        return any(has_worked)

    def _judged(self, uid: str) -> Judged | None:
        """The Sensor as it decides now; None where it has no lane or may not decide."""
        roster = self._desk.roster
        is_idle = uid in roster.stopped or uid in roster.halted or uid not in roster.places
        return None if is_idle or uid not in roster.scripted else roster.judged.get(uid)

    def _level_place(self, uid: str) -> int:
        """Up to where a lane has nothing to read."""
        watch = self._resting.get(uid)
        if watch is None:
            return self._level_at.get(uid, 0)
        return self._desk.roster.place if watch.before is None else watch.before

    async def _place(self, uid: str) -> int:
        """Behind which a lane reads on; what its quota has made dead letters of is not judged any more."""
        stored_place = await self._desk.runner.lagging_place(uid) or 0
        return max(self._desk.roster.places[uid], stored_place, self._level_at.get(uid, 0))

    async def _rest(self, uid: str, watch: Watch) -> None:
        """Until an event of its topics has come, one of its timers falls due, or the Sensors change."""
        due_us = None if uid in self._ahead else self._desk.timers.next_due_us_of(uid)
        waits: list[asyncio.Task[Any]] = []
        if due_us is not None:
            seconds = max(0.0, (due_us - self._desk.clock.now_us()) / US_PER_S)
            waits.append(asyncio.create_task(self._desk.clock.sleep(seconds), name=f"decide:{uid}:timer"))
        self._resting[uid] = watch
        try:
            await _first_of(watch.moved, waits)
        finally:
            self._level_at[uid] = self._level_place(uid)
            del self._resting[uid]
            await _end(waits)

    async def _step(self, uid: str) -> bool:
        """Judge some events of one Sensor; False = there was nothing."""
        desk = self._desk
        judged = self._judged(uid)
        if judged is None:
            return False
        shared_place, read_us = desk.roster.place, desk.clock.now_us()
        place = await self._place(uid)
        events = await desk.runner.read(place, limit=_MAX_EVENTS, topics=frozenset(judged.sensor.topics))
        behind = [stored for stored in events if stored.sequence <= shared_place]
        try:
            ready = await self._prepare(judged, behind)
        except (SandboxBusy, SandboxUnavailable) as error:
            log.warning("decide.sandbox-unavailable", sensor=uid, detail=str(error))
            await desk.clock.sleep(desk.settings.unavailable_pause_s)
            return True
        async with self._next, desk.turn:
            if self._judged(uid) is not judged or await self._place(uid) != place:
                # It was edited meanwhile, or its quota took events away: once more, by its new text.
                return self._judged(uid) is not None
            with desk.drafting() as draft:
                if ready:
                    await self._judge(draft, judged, ready)
                else:
                    self._level_at[uid] = shared_place
                    if not await self._pass_time(draft, uid, read_us, is_end=not events):
                        return False
                await desk.commit(draft)
        return True

    async def _pass_time(self, draft: Draft, uid: str, read_us: int, *, is_end: bool) -> bool:
        """Where nothing was left to read at `read_us`, that time fires timers; False = none was due."""
        if not is_end:
            self._ahead.add(uid)
            return False
        self._ahead.discard(uid)
        until_s = time.perf_counter() + self._desk.settings.max_judging_s
        await draft.pass_time(read_us, self._desk.runner.event, until_s=until_s, uid=uid)
        return draft.has_fired_timers

    async def _prepare(self, judged: Judged, events: Sequence[StoredEvent]) -> Ready:
        """As many as the time of one step allows, at least one."""
        ready: Ready = []
        until_s = time.perf_counter() + _MAX_PREPARING_S
        for stored in events:
            prepared = await prepare_event(self._preparer, judged.sensor, stored.event, stored.topic)
            ready.append((stored, prepared))
            if time.perf_counter() > until_s:
                break
        return ready

    async def _judge(self, draft: Draft, judged: Judged, ready: Ready) -> None:
        """As many as the time of one step allows: at least one, or some of the timers before it."""
        desk, uid = self._desk, judged.sensor.uid
        index, quarantine = build_index([judged]), self._quarantine()
        until_s = time.perf_counter() + desk.settings.max_judging_s
        for stored, prepared in ready:
            if not await draft.pass_time(stored.stored_us, desk.runner.event, until_s=until_s, uid=uid):
                break
            earlier = await desk.reader.decision(stored.sequence)
            interests = index.get(stored.topic, ())
            if quarantine is None or await quarantine.passes(draft, interests, stored, earlier):
                draft.judge(interests, stored, earlier=earlier, prepared=prepared)
                await draft.render(desk.runner.event)
            draft.lagging[uid] = stored.sequence
            if time.perf_counter() > until_s:
                break


async def _first_of(event: asyncio.Event, tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Until the event is set, or one of the tasks ends. Raises what a task raised."""
    waiting = asyncio.create_task(event.wait(), name="decide:moved")
    try:
        done, _pending = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await _end([waiting])


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
