"""Sensors that lag (suspended, stopped, just resumed) have a place of their own, and catch up in turn."""

from __future__ import annotations

import time
from collections.abc import Sequence

from events.bus import StoredEvent
from sensors.desk import Desk
from sensors.draft import Draft
from sensors.judge import build_index
from sensors.judged import Judged
from sensors.quarantine import Quarantine


class Stragglers:
    """The lagging Sensors of one runner, except those that need a worker: those always have a place of their own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def catch_up(self, quarantine: Quarantine | None) -> bool:
        """One step of the one that is furthest behind, among those that are not stopped; False = there was none.

        The caller holds the turn.
        """
        desk, roster = self._desk, self._desk.roster
        uid = self._furthest_behind()
        if uid is None:
            return False
        judged = roster.judged[uid]
        # What its quota has made dead letters of while it stood is not judged any more.
        roster.places[uid] = max(roster.places[uid], await desk.runner.lagging_place(uid) or 0)
        events = await desk.runner.read(
            roster.places[uid], limit=desk.settings.max_events, topics=frozenset(judged.sensor.topics)
        )
        # It may come as far as the others are, and shares their place from there on.
        behind = [stored for stored in events if stored.sequence <= roster.place]
        with desk.drafting() as draft:
            count = await self._judge(draft, judged, behind, quarantine)
            is_level = count == len(behind) and (not events or len(behind) < len(events))
            if is_level or count:
                draft.lagging[uid] = None if is_level else behind[count - 1].sequence
            await desk.commit(draft)
        return True

    def _furthest_behind(self) -> str | None:
        roster = self._desk.roster
        idle = roster.scripted.keys() | roster.stopped.keys() | roster.halted.keys()
        waiting = [uid for uid in roster.places.keys() - idle if uid in roster.judged]
        return min(waiting, key=lambda each: (roster.places[each], each), default=None)

    async def _judge(
        self, draft: Draft, judged: Judged, behind: Sequence[StoredEvent], quarantine: Quarantine | None
    ) -> int:
        """How many of the events the time of one step has allowed: at least one, or some of the timers before it."""
        desk = self._desk
        index = build_index([judged])
        until_s = time.perf_counter() + desk.settings.max_judging_s
        for count, stored in enumerate(behind, start=1):
            uid = judged.sensor.uid
            if not await draft.pass_time(stored.stored_us, desk.runner.event, until_s=until_s, uid=uid):
                return count - 1
            earlier = await desk.reader.decision(stored.sequence)
            interests = index.get(stored.topic, ())
            if quarantine is None or await quarantine.passes(draft, interests, stored, earlier):
                draft.judge(interests, stored, earlier=earlier)
                await draft.render(desk.runner.event)
            if time.perf_counter() > until_s:
                return count
        return len(behind)
